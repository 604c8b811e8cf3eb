//! Tables of the decisions.

use super::*;

/// Pods in short, each `ordinal` + state (`+` healthy, `-` not ready, `~` ready but not available, `x`
/// terminating, `!` failed, `f` failed and terminating), with `'` for the current (old) revision.
fn pods(text: &str) -> Vec<StatefulPodView> {
    let pod = |word: &str| {
        let old = word.ends_with('\'');
        let word = word.trim_end_matches('\'');
        let (ordinal, state) = word.split_at(word.len() - 1);
        StatefulPodView {
            ordinal: ordinal.parse().unwrap(),
            revision: if old { PodRevision::Current } else { PodRevision::Update },
            phase: if "!f".contains(state) { PodPhase::Failed } else { PodPhase::Running },
            is_ready: "+~x".contains(state),
            is_available: "+x".contains(state),
            is_deleting: "xf".contains(state),
        }
    };
    text.split_whitespace().map(pod).collect()
}

fn actions(set: &StatefulSetView, state: &str) -> String {
    let text = |action: &StatefulSetAction| match action {
        StatefulSetAction::Create { ordinal, revision: PodRevision::Current } => format!("+{ordinal}'"),
        StatefulSetAction::Create { ordinal, revision: PodRevision::Update } => format!("+{ordinal}"),
        StatefulSetAction::Delete { ordinal } => format!("-{ordinal}"),
    };
    sync(set, &pods(state)).iter().map(text).collect::<Vec<_>>().join(" ")
}

fn set(replicas: i32, policy: PodManagementPolicy, partition: i32) -> StatefulSetView {
    StatefulSetView {
        replicas,
        first_ordinal: 0,
        pod_management_policy: policy,
        update_strategy: StatefulSetUpdateStrategy::RollingUpdate { partition, max_unavailable: None },
        update_budget: UpdateBudget::One,
        is_deleting: false,
    }
}

#[test]
fn one_pod_after_the_other() {
    let cases = [
        (3, 0, "", "+0", "the first"),
        (3, 0, "0-", "", "waits until it is ready"),
        (3, 0, "0~", "", "waits until it is available"),
        (3, 0, "0+", "+1", "the next"),
        (3, 0, "0x 1+", "", "a terminating pod blocks its name and what follows"),
        (3, 0, "0+ 2+", "+1", "a gap is filled first"),
        (3, 0, "0! 1+ 2+", "-0", "an ended pod is deleted"),
        (3, 0, "0f 1+ 2+", "", "and waited for"),
        (1, 0, "0+ 1+ 2+", "-2", "down from the highest"),
        (1, 0, "0+ 1+ 2x", "", "one at a time"),
        (1, 0, "0- 1+ 2+", "", "waits for lower pods that are not ready"),
        (1, 0, "0+ 1- 2+", "-2", "a healthy one may go"),
        (1, 0, "0+ 1+ 2-", "-2", "the first unhealthy one may go itself"),
        (1, 0, "0+ 1- 2-", "", "another unhealthy one waits"),
        (3, 0, "0+' 1+' 2+'", "-2", "the update starts at the top"),
        (3, 0, "0+' 1+' 2-", "", "waits until it is ready"),
        (3, 0, "0+' 1+' 2+", "-1", "the next below"),
        (3, 0, "0+' 1+'", "+2", "recreated with the new revision"),
        (3, 2, "0+' 1+' 2+", "", "down to the partition"),
        (3, 2, "0+' 2+", "+1'", "below the partition the old revision"),
        (2, 0, "0+' 1+' 2+'", "-2", "scaling before updating"),
    ];
    for (replicas, partition, state, expected, why) in cases {
        assert_eq!(actions(&set(replicas, PodManagementPolicy::OrderedReady, partition), state), expected, "{why}");
    }
}

#[test]
fn parallel_scales_at_once_and_updates_in_order() {
    let cases = [
        (3, "", "+0 +1 +2", "all at once"),
        (3, "0- 1x", "+2", "waits for nobody"),
        (1, "0- 1+ 2x 3-", "-3 -1", "down at once"),
        (3, "0! 1+ 2+", "-0", "an ended pod is deleted"),
        (3, "0+' 1+' 2+'", "-2", "updates one at a time"),
        (3, "0+' 1+' 2!'", "-2", "an ended pod is deleted once"),
        (3, "0-' 1+' 2-", "", "and waits"),
    ];
    for (replicas, state, expected, why) in cases {
        assert_eq!(actions(&set(replicas, PodManagementPolicy::Parallel, 0), state), expected, "{why}");
    }
}

#[test]
fn other_strategies_and_ordinals() {
    let mut view = set(2, PodManagementPolicy::OrderedReady, 0);
    view.update_strategy = StatefulSetUpdateStrategy::OnDelete;
    assert_eq!(actions(&view, "0+' 1+'"), "", "OnDelete waits for the user");
    assert_eq!(actions(&view, "0+'"), "+1", "and takes the new revision then");
    let mut view = set(2, PodManagementPolicy::OrderedReady, 1);
    view.first_ordinal = 5;
    assert_eq!(actions(&view, "5+'"), "+6");
    assert_eq!(actions(&view, "4+' 5+' 6+'"), "-4", "ordinals below the first go");
    assert_eq!(actions(&view, "5+' 6+'"), "-6", "the partition counts from the first ordinal");
    view.is_deleting = true;
    assert_eq!(actions(&view, ""), "");
}

#[test]
fn the_update_completes_when_every_pod_has_it() {
    let view = set(2, PodManagementPolicy::OrderedReady, 0);
    let cases = [("0+ 1+", true), ("0+' 1+", false), ("0+ 1-", false), ("0+", false), ("0+ 1+ 2+", false)];
    for (state, expected) in cases {
        assert_eq!(is_update_complete(&view, &pods(state)), expected, "{state}");
    }
}

#[test]
fn the_status_counts_pods_by_state_and_revision() {
    let pod = |ordinal, revision, phase, is_ready, is_available, is_deleting| StatefulPodView {
        ordinal,
        revision,
        phase,
        is_ready,
        is_available,
        is_deleting,
    };
    let pods = [
        pod(0, PodRevision::Current, PodPhase::Running, true, true, false),
        pod(1, PodRevision::Current, PodPhase::Running, true, true, true),
        pod(2, PodRevision::Update, PodPhase::Running, true, false, false),
        pod(3, PodRevision::Update, PodPhase::Pending, false, false, false),
    ];
    for (is_updating, current_replicas) in [(true, 1), (false, 2)] {
        let expected = StatefulSetStatus {
            replicas: 4,
            ready_replicas: 3,
            available_replicas: 2,
            current_replicas,
            updated_replicas: 2,
            ..StatefulSetStatus::default()
        };
        assert_eq!(replica_status(&pods, is_updating), expected);
    }
}

#[test]
fn max_unavailable_takes_several_at_a_time() {
    use PodManagementPolicy::{OrderedReady, Parallel};
    let (all, spared) = (UpdateBudget::MaxUnavailable, UpdateBudget::MaxUnavailableForNewPods);
    let two = Some(IntOrPercent::Int(2));
    let cases = [
        (all, Parallel, two, 0, "0+' 1+' 2+' 3+'", "-3 -2", "the two highest"),
        (all, OrderedReady, two, 0, "0+' 1+' 2+' 3+'", "-3 -2", "in order too"),
        (all, Parallel, two, 0, "0+' 1+' 2- 3-", "", "none is left while two are unavailable"),
        (all, Parallel, two, 0, "0+' 1+' 2- 3+", "-1", "one is left"),
        (all, Parallel, two, 3, "0+' 1+' 2+' 3+'", "-3", "not below the partition"),
        (all, Parallel, None, 0, "0+' 1+' 2+' 3+'", "-3", "one without the field"),
        (all, Parallel, None, 0, "0-' 1+' 2+' 3+'", "", "a broken pod anywhere holds it up"),
        (spared, Parallel, None, 0, "0-' 1+' 2+' 3+'", "-0", "unless it is itself to be replaced"),
        (spared, Parallel, two, 0, "0-' 1+' 2+' 3+'", "-0 -3", "it counts in the budget of the others"),
        (spared, OrderedReady, two, 0, "0+' 1+' 2+' 3-", "", "in order a broken pod is waited for"),
        (all, Parallel, Some(IntOrPercent::Percent(50)), 0, "0+' 1+' 2+' 3+'", "-3 -2", "a percentage"),
        (all, Parallel, Some(IntOrPercent::Percent(10)), 0, "0+' 1+' 2+' 3+'", "-3", "rounds down to at least one"),
    ];
    for (update_budget, policy, max_unavailable, partition, state, expected, why) in cases {
        let update_strategy = StatefulSetUpdateStrategy::RollingUpdate { partition, max_unavailable };
        let view = StatefulSetView { update_strategy, update_budget, ..set(4, policy, 0) };
        assert_eq!(actions(&view, state), expected, "{why}");
    }
}
