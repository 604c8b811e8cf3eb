//! Tables for single syncs of the Deployment controller.

use super::*;
use crate::api::IntOrPercent::{Int, Percent};
use crate::api::{ConditionStatus, ProgressingReason};
use proptest::prelude::*;

fn rolling(max_surge: crate::api::IntOrPercent, max_unavailable: crate::api::IntOrPercent) -> DeploymentStrategy {
    DeploymentStrategy::RollingUpdate { max_surge, max_unavailable }
}

fn deployment(replicas: i32, strategy: DeploymentStrategy) -> DeploymentView {
    DeploymentView {
        replicas,
        strategy,
        paused: false,
        revision_history_limit: Some(10),
        progress_deadline: None,
        generation: 0,
        status: DeploymentStatus { revision: 2, ..DeploymentStatus::default() },
    }
}

/// A ReplicaSet last scaled for 10 replicas and a surge of 3.
fn set(is_new: bool, spec: i32, available: i32) -> ReplicaSetView {
    ReplicaSetView {
        revision: if is_new { 2 } else { 1 },
        is_new,
        spec_replicas: spec,
        status_replicas: spec,
        ready_replicas: available,
        available_replicas: available,
        annotations: Some(ReplicasAnnotations { desired: 10, max: 13 }),
        non_terminal_pods: spec,
        ..ReplicaSetView::default()
    }
}

/// Writes to ReplicaSets in short: `+n` created, `i:n` scaled, `-i` deleted, `i^r` revision.
fn writes(outcome: &DeploymentSync) -> String {
    let texts = outcome.actions.iter().filter_map(|action| match action {
        DeploymentAction::CreateReplicaSet { replicas, .. } => Some(format!("+{replicas}")),
        DeploymentAction::SetRevision { replica_set, revision } => Some(format!("{replica_set}^{revision}")),
        DeploymentAction::ScaleReplicaSet { replica_set, to, .. } => Some(format!("{replica_set}:{to}")),
        DeploymentAction::DeleteReplicaSet { replica_set } => Some(format!("-{replica_set}")),
        DeploymentAction::UpdateStatus(_) => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn one_sync_takes_one_step() {
    let default = DeploymentStrategy::default();
    let stale = ReplicaSetView { available_replicas: 10, ..set(false, 8, 8) };
    let terminating = ReplicaSetView { status_replicas: 0, non_terminal_pods: 1, ..set(false, 0, 0) };
    let cases: [(&str, DeploymentStrategy, i32, Vec<ReplicaSetView>, &str); 16] = [
        ("the first ReplicaSet has the full size", default, 10, vec![], "+10"),
        ("creation and the first scale-down share a sync", default, 10, vec![set(false, 10, 10)], "+3 0:8"),
        ("the new one grows by the room left", default, 10, vec![set(false, 8, 10), set(true, 3, 0)], "1:5"),
        ("nothing to do until pods are available", default, 10, vec![set(false, 8, 8), set(true, 5, 0)], ""),
        ("available new pods let old ones go", default, 10, vec![set(false, 8, 8), set(true, 5, 3)], "0:5"),
        ("unavailable old pods go first", default, 10, vec![set(false, 8, 6), set(true, 5, 5)], "0:6 0:3"),
        ("a lagging status stops the scale-down", default, 10, vec![stale, set(true, 5, 5)], ""),
        ("a new ReplicaSet above the size shrinks", default, 10, vec![set(true, 12, 12)], "0:10"),
        ("no surge: first down", rolling(Int(0), Int(1)), 10, vec![set(false, 10, 10)], "+0 0:9"),
        ("0 and 0 % act as one unavailable", rolling(Int(0), Percent(5)), 10, vec![set(false, 10, 10)], "+0 0:9"),
        (
            "a rollback raises the revision",
            default,
            10,
            vec![set(true, 8, 8), ReplicaSetView { revision: 2, ..set(false, 5, 0) }],
            "0^3 1:0",
        ),
        ("Recreate empties the old ones", DeploymentStrategy::Recreate, 10, vec![set(false, 10, 10)], "0:0"),
        ("Recreate waits for terminating pods", DeploymentStrategy::Recreate, 10, vec![terminating], ""),
        ("Recreate then creates at full size", DeploymentStrategy::Recreate, 10, vec![set(false, 0, 0)], "+10"),
        ("growing in mid-rollout is shared", default, 20, vec![set(false, 8, 8), set(true, 5, 0)], "0:15 1:10"),
        ("an only active ReplicaSet takes the change", default, 4, vec![set(false, 0, 0), set(true, 10, 10)], "1:4"),
    ];
    for (why, strategy, replicas, sets, expected) in cases {
        assert_eq!(writes(&sync(&deployment(replicas, strategy), &sets, SimTime::ZERO)), expected, "{why}");
    }
}

#[test]
fn paused_deployments_scale_but_do_not_roll() {
    let mut paused = deployment(10, DeploymentStrategy::default());
    paused.paused = true;
    assert_eq!(writes(&sync(&paused, &[set(false, 10, 10)], SimTime::ZERO)), "", "the template changed");
    paused.replicas = 6;
    assert_eq!(writes(&sync(&paused, &[set(false, 10, 10)], SimTime::ZERO)), "0:6", "the size changed");
}

#[test]
fn history_is_cut_when_the_rollout_is_complete() {
    let mut view = deployment(10, DeploymentStrategy::default());
    view.revision_history_limit = Some(1);
    let old = |revision| ReplicaSetView { revision, ..set(false, 0, 0) };
    let new = ReplicaSetView { revision: 9, ..set(true, 10, 10) };
    let sets = [old(3), old(1), old(2), new];
    assert_eq!(writes(&sync(&view, &sets, SimTime::ZERO)), "", "the stored status is not complete");
    view.status = DeploymentStatus { replicas: 10, updated_replicas: 10, available_replicas: 10, ..view.status };
    assert_eq!(writes(&sync(&view, &sets, SimTime::ZERO)), "-1 -2", "the lowest revisions go");
}

/// Plays syncs one after the other on a fixed list of ReplicaSets and returns the last outcome.
fn resync(view: &mut DeploymentView, sets: &[ReplicaSetView], seconds: i64) -> DeploymentSync {
    let outcome = sync(view, sets, SimTime::from_secs(seconds));
    for action in &outcome.actions {
        if let DeploymentAction::UpdateStatus(status) = action {
            view.status = status.clone();
        }
    }
    outcome
}

#[test]
fn the_progress_deadline_counts_from_the_last_progress() {
    let reason = |view: &DeploymentView| view.status.progressing.unwrap().reason;
    let mut view = deployment(10, DeploymentStrategy::default());
    view.progress_deadline = Some(SimDuration::from_secs(30));
    resync(&mut view, &[set(false, 10, 10)], 0);
    assert_eq!(view.status.progressing.unwrap().last_update, SimTime::ZERO);

    let stuck = [set(false, 8, 8), set(true, 5, 0)];
    resync(&mut view, &stuck, 5);
    assert_eq!(reason(&view), ProgressingReason::ReplicaSetUpdated, "updated pods appeared");
    let outcome = resync(&mut view, &stuck, 10);
    assert_eq!(outcome.requeue, Some(Requeue::After(SimDuration::from_secs(26))), "deadline at 35 s, one second more");
    let outcome = resync(&mut view, &stuck, 35);
    assert_eq!(outcome.requeue, Some(Requeue::RateLimited), "less than a second is left");
    assert_eq!(reason(&view), ProgressingReason::ReplicaSetUpdated, "not before the deadline has passed");
    resync(&mut view, &stuck, 36);
    assert_eq!(reason(&view), ProgressingReason::ProgressDeadlineExceeded);
    assert_eq!(view.status.progressing.unwrap().status, ConditionStatus::False);

    resync(&mut view, &[set(false, 0, 0), set(true, 10, 10)], 40);
    assert_eq!(reason(&view), ProgressingReason::NewReplicaSetAvailable, "a late rollout still completes");
}

/// Applies a sync's writes to the ReplicaSets.
fn apply(outcome: &DeploymentSync, sets: &mut Vec<ReplicaSetView>) {
    for action in &outcome.actions {
        match *action {
            DeploymentAction::CreateReplicaSet { replicas, revision, annotations } => sets.push(ReplicaSetView {
                revision,
                is_new: true,
                spec_replicas: replicas,
                annotations: Some(annotations),
                ..ReplicaSetView::default()
            }),
            DeploymentAction::SetRevision { replica_set, revision } => sets[replica_set].revision = revision,
            DeploymentAction::ScaleReplicaSet { replica_set, to, annotations, .. } => {
                sets[replica_set].spec_replicas = to;
                sets[replica_set].annotations = Some(annotations);
            }
            DeploymentAction::DeleteReplicaSet { .. } | DeploymentAction::UpdateStatus(_) => {}
        }
    }
}

proptest! {
    /// From a healthy old ReplicaSet a rollout never leaves the two bounds, and ends with the new one alone.
    #[test]
    fn a_rolling_update_stays_within_its_bounds(
        replicas in 1..40_i32,
        surge in 0..101_i32,
        unavailable in 0..101_i32,
        in_percent: bool,
        pace in proptest::collection::vec(0..6_i32, 400),
    ) {
        let number = |number| if in_percent { Percent(number) } else { Int(number) };
        let strategy = rolling(number(surge), number(unavailable));
        let view = deployment(replicas, strategy);
        let most = replicas + max_surge(strategy, replicas);
        let least = replicas - max_unavailable(strategy, replicas);
        let annotations = Some(ReplicasAnnotations { desired: replicas, max: most });
        let mut sets = vec![ReplicaSetView { annotations, ..set(false, replicas, replicas) }];
        for ready in pace.into_iter().chain([replicas; 200]) {
            let outcome = sync(&view, &sets, SimTime::ZERO);
            apply(&outcome, &mut sets);
            for set in &mut sets {
                // Pods follow the size at once; some of the missing ones become available.
                set.status_replicas = set.spec_replicas;
                set.available_replicas = (set.available_replicas + if set.is_new { ready } else { 0 }).min(set.spec_replicas);
            }
            prop_assert!(sets.iter().map(|set| set.spec_replicas).sum::<i32>() <= most);
            prop_assert!(sets.iter().map(|set| set.available_replicas).sum::<i32>() >= least);
        }
        let sizes: Vec<_> = sets.iter().map(|set| (set.is_new, set.spec_replicas)).collect();
        prop_assert_eq!(sizes, [(false, 0), (true, replicas)]);
    }
}
