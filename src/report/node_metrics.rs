//! Nodes that come and go: launches, removals, pods that had to go, pods that waited for a node.

use super::evictions::{Cause, Evictions};
use super::node_waits::{NodeWait, node_waits};
use crate::record::{Facts, InstanceRecord};
use crate::stats::{self, Sample};
use crate::units::SimDuration;

/// Whether nodes were asked for, given back or taken away in the run.
fn is_elastic(facts: &Facts) -> bool {
    facts.instances.iter().any(|instance| instance.is_launched_in_run() || instance.deletion_requested.is_some())
}

#[expect(clippy::cast_precision_loss, reason = "a number of nodes or pods")]
const fn float(count: usize) -> f64 {
    count as f64
}

/// The waits of pods for nodes.
pub(super) fn samples(facts: &Facts) -> Vec<(&'static str, Sample)> {
    let waits = node_waits(facts);
    if waits.is_empty() {
        return Vec::new();
    }
    vec![("node_wait_seconds", waits.iter().map(NodeWait::until_bound).collect())]
}

/// The metrics of nodes that come and go.
pub(super) fn metrics(facts: &Facts) -> Vec<(&'static str, f64)> {
    let mut metrics = Vec::new();
    let days = facts.end.as_secs_f64() / 86_400.0;
    let evictions = Evictions::new(facts).counts();
    let is_elastic = is_elastic(facts);
    if is_elastic {
        let is_launch = |instance: &&InstanceRecord| instance.is_launched_in_run() && instance.launched.is_some();
        let launches = facts.instances.iter().filter(is_launch).count();
        let removals = facts.instances.iter().filter(|instance| instance.gone.is_some()).count();
        let failed = facts.instances.iter().filter(|instance| !instance.failure.is_empty()).count();
        let interrupted = facts.instances.iter().filter(|instance| instance.interrupted.is_some()).count();
        metrics.push(("node_launches", float(launches)));
        metrics.push(("node_removals", float(removals)));
        metrics.push(("node_launches_failed", float(failed)));
        metrics.push(("node_interruptions", float(interrupted)));
        if days > 0.0 {
            metrics.push(("node_launches_per_day", float(launches) / days));
            metrics.push(("node_removals_per_day", float(removals) / days));
            if let Some(mean) = stats::mean_of_intervals(&facts.cluster.nodes, facts.end).filter(|mean| *mean > 0.0) {
                metrics.push(("node_churn_per_day", float(removals) / days / mean));
            }
        }
    }
    if is_elastic || !evictions.is_empty() {
        for (cause, name) in Cause::METRICS {
            metrics.push((name, float(evictions.get(&cause).copied().unwrap_or(0))));
        }
        let all: usize = evictions.values().sum();
        metrics.push(("evictions", float(all)));
        if days > 0.0 {
            metrics.push(("evictions_per_day", float(all) / days));
        }
    }
    let waits = node_waits(facts);
    if is_elastic || !waits.is_empty() {
        metrics.push(("pods_waited_for_node", float(waits.len())));
    }
    type Part = fn(&NodeWait<'_>) -> Option<SimDuration>;
    let parts: [(&'static str, Part); 7] = [
        ("node_wait_decision_seconds_mean", |wait| wait.decision),
        ("node_wait_launch_seconds_mean", |wait| wait.launch),
        ("node_wait_register_seconds_mean", |wait| Some(wait.register)),
        ("node_wait_ready_seconds_mean", |wait| wait.ready),
        ("node_wait_schedule_seconds_mean", |wait| Some(wait.schedule)),
        ("node_wait_pull_seconds_mean", |wait| wait.pull),
        ("node_wait_start_seconds_mean", |wait| wait.start),
    ];
    for (name, part) in parts {
        let sample: Sample = waits.iter().filter_map(part).collect();
        metrics.extend(sample.mean_seconds().map(|mean| (name, mean)));
    }
    metrics
}
