//! Tables for single syncs of the DaemonSet controller.

use super::*;
use crate::api::IntOrPercent::{self, Int, Percent};

const NOW: SimTime = SimTime::from_secs(1000);

fn rolling(max_unavailable: IntOrPercent, max_surge: IntOrPercent) -> DaemonSetUpdateStrategy {
    DaemonSetUpdateStrategy::RollingUpdate { max_unavailable, max_surge }
}

/// Nodes in short: `.` wants no pod, `-` keeps one; pods are letters: `n` new, `o` old and available, `N`, `O` not
/// ready, `x` terminating, `f` failed, `s` succeeded, `d` succeeded and terminating.
fn outcome(strategy: DaemonSetUpdateStrategy, text: &str) -> String {
    let pod = |(age, letter): (i64, char)| DaemonPodView {
        is_updated: "nN".contains(letter),
        phase: match letter {
            'f' => PodPhase::Failed,
            's' | 'd' => PodPhase::Succeeded,
            _ => PodPhase::Running,
        },
        is_scheduled: true,
        is_ready: "no".contains(letter),
        is_available: "no".contains(letter),
        is_deleting: "xd".contains(letter),
        created: SimTime::from_secs(age),
    };
    let words: Vec<_> = text.split(' ').collect();
    let lists: Vec<Vec<_>> =
        words.iter().map(|word| (0..).zip(word.chars().filter(char::is_ascii_alphabetic)).map(pod).collect()).collect();
    let nodes: Vec<_> = words
        .iter()
        .zip(&lists)
        .map(|(word, pods)| DaemonNodeView {
            eligibility: match word.chars().next() {
                Some('.') => Eligibility::No,
                Some('-') => Eligibility::ShouldContinueRunning,
                _ => Eligibility::ShouldRun,
            },
            pods,
            backoff: None,
        })
        .collect();
    let sync = sync(strategy, &nodes, NOW);
    let created = sync.create.iter().map(|node| format!("+{node}"));
    let deleted = sync.delete.iter().map(|pod| format!("-{}{}", pod.node, lists[pod.node].len().min(pod.pod + 1)));
    created.chain(deleted).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_node_gets_what_it_should() {
    let one = rolling(Int(1), Int(0));
    // Deletions are written as node and pod number from 1.
    let cases = [
        (one, "! n .", "+0", "one pod for each eligible node"),
        (one, ".n -n !n", "-01", "not wanted any more"),
        (one, "-", "", "no pod is created under a NoSchedule taint"),
        (one, "!x", "", "waits until the terminating pod is gone"),
        (one, "!d", "+0", "an ended terminating pod is out of sight"),
        (one, "!nn", "-02", "of two the older stays"),
        (one, "!f !s", "-01 -11", "ended pods are replaced"),
        (one, "o o o", "-01", "one unavailable"),
        (rolling(Percent(40), Int(0)), "o o o", "-01 -11", "a percentage rounds up"),
        (one, "N o o", "", "one is unavailable already"),
        (one, "x o o", "", "a node between two pods counts"),
        (one, "o O o", "-11", "an unavailable old pod goes, and uses up the limit"),
        (one, "N O o", "-11", "it goes even beyond the limit"),
        (one, "O O o", "-01 -11", "as all of them do"),
        (rolling(Int(2), Int(0)), "o O o", "-11 -01", "what is left of the limit is for the others"),
        (rolling(Int(0), Int(0)), "o o", "-01", "zero and zero acts as one unavailable"),
        (DaemonSetUpdateStrategy::OnDelete, "o o", "", "the user deletes"),
        (rolling(Int(0), Int(1)), "o o", "+0", "surge creates first"),
        (rolling(Int(0), Int(1)), "oN o", "", "and waits"),
        (rolling(Int(0), Int(1)), "on o", "-01", "then the old one goes"),
        (rolling(Int(0), Int(1)), "ON o", "-01", "an old one that is not ready goes at once"),
        (rolling(Int(0), Int(1)), "O o o", "+0 +1", "an unavailable old pod is replaced without counting"),
        (rolling(Int(0), Int(1)), "-o n", "-01", "where no new pod may come the old one goes, if there are enough"),
        (rolling(Int(0), Int(1)), "-o N", "", "and stays until the new one elsewhere is available"),
        (rolling(Int(0), Int(1)), "-o -o n", "-01 -11", "one is desired and three are there"),
        (rolling(Int(0), Int(1)), "-O N", "-01", "one that is not available is no loss"),
    ];
    for (strategy, nodes, expected, why) in cases {
        assert_eq!(outcome(strategy, nodes), expected, "{why}");
    }
}

#[test]
fn failed_pods_are_deleted_ever_more_slowly() {
    let mut backoff = None;
    let mut now = SimTime::ZERO;
    let failed = [DaemonPodView {
        is_updated: true,
        phase: PodPhase::Failed,
        is_scheduled: true,
        is_ready: false,
        is_available: false,
        is_deleting: false,
        created: SimTime::ZERO,
    }];
    let mut deletions = Vec::new();
    for _ in 0..12 {
        let node = DaemonNodeView { eligibility: Eligibility::ShouldRun, pods: &failed, backoff };
        let outcome = sync(DaemonSetUpdateStrategy::OnDelete, &[node], now);
        if let [(0, next)] = outcome.backoffs[..] {
            assert_eq!(outcome.delete.len(), 1);
            deletions.push(now.since_start().whole_seconds());
            backoff = Some(next);
        }
        now += outcome.retry_after.unwrap_or_default();
    }
    assert_eq!(deletions, [0, 1, 3, 7, 15, 31], "1 s, 2 s, 4 s and so on");
    let long = FailedPodBackoff { delay: FAILED_POD_MAX_BACKOFF, since: SimTime::ZERO };
    assert_eq!(FailedPodBackoff::next(Some(long), SimTime::from_secs(1000)).delay, FAILED_POD_MAX_BACKOFF);
    assert_eq!(FailedPodBackoff::next(Some(long), SimTime::from_secs(1801)).delay, FAILED_POD_INITIAL_BACKOFF);
}

#[test]
fn daemon_pods_tolerate_sick_nodes() {
    let taint = |key: &str, effect| Taint { key: key.into(), value: "".into(), effect, time_added: None };
    use TaintEffect::{NoExecute, NoSchedule, PreferNoSchedule};
    let cases = [
        (true, taint(well_known::TAINT_NOT_READY, NoExecute), Eligibility::ShouldRun, "added toleration"),
        (true, taint(well_known::TAINT_UNSCHEDULABLE, NoSchedule), Eligibility::ShouldRun, "cordoned"),
        (true, taint("gpu", NoSchedule), Eligibility::ShouldContinueRunning, "running pods stay"),
        (true, taint("gpu", NoExecute), Eligibility::No, "running pods go"),
        (true, taint("gpu", PreferNoSchedule), Eligibility::ShouldRun, "only a preference"),
        (false, taint(well_known::TAINT_NOT_READY, NoExecute), Eligibility::No, "the selector does not match"),
        (
            true,
            taint(well_known::TAINT_NETWORK_UNAVAILABLE, NoSchedule),
            Eligibility::ShouldContinueRunning,
            "no host network",
        ),
    ];
    let tolerations = daemon_tolerations(&[], false);
    for (fits, taint, expected, why) in cases {
        assert_eq!(eligibility(fits, &[taint], &tolerations), expected, "{why}");
    }
    let network = taint(well_known::TAINT_NETWORK_UNAVAILABLE, NoSchedule);
    assert_eq!(eligibility(true, &[network], &daemon_tolerations(&[], true)), Eligibility::ShouldRun);
    let limited = Toleration { toleration_seconds: Some(SimDuration::from_secs(5)), ..tolerations[0].clone() };
    assert_eq!(daemon_tolerations(&[limited], false), tolerations, "a limited toleration is replaced");
}
