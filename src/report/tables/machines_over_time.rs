//! Machines over time: nodes by instance type, and instances that are on their way.

use crate::record::{Facts, IntervalSeries};
use crate::report::metrics::resource_name;
use crate::units::SimTime;
use std::collections::BTreeMap;

/// Nodes of each instance type, by the name of their column; empty where no node has an instance type.
pub(super) fn nodes_by_type(facts: &Facts) -> Vec<(String, IntervalSeries)> {
    let mut lives: BTreeMap<String, Vec<(SimTime, SimTime)>> = BTreeMap::new();
    for node in facts.nodes.iter().filter(|node| !node.instance_type.is_empty()) {
        let column = format!("nodes_{}_mean", resource_name(&node.instance_type));
        lives.entry(column).or_default().push((node.created, node.deleted.unwrap_or(facts.end)));
    }
    lives.into_iter().map(|(column, lives)| (column, counted(facts, &lives))).collect()
}

/// Instances that were asked for and are not ready yet; `None` where none was asked for during the run.
pub(super) fn launching(facts: &Facts) -> Option<IntervalSeries> {
    let asked: Vec<(SimTime, SimTime)> = facts
        .instances
        .iter()
        .filter(|instance| instance.is_launched_in_run())
        .map(|instance| {
            let until = instance.ready.or(instance.failed).or(instance.gone).unwrap_or(facts.end);
            (instance.requested, until)
        })
        .collect();
    (!asked.is_empty()).then(|| counted(facts, &asked))
}

/// How many of some spans there are at a time.
fn counted(facts: &Facts, spans: &[(SimTime, SimTime)]) -> IntervalSeries {
    let mut changes: Vec<(SimTime, i64)> =
        spans.iter().filter(|(from, to)| from < to).flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
    changes.sort_unstable();
    let mut series = IntervalSeries::new(facts.cluster.nodes.interval());
    for (at, change) in changes.into_iter().filter(|(at, _)| *at < facts.end) {
        series.add(at.max(SimTime::ZERO), change);
    }
    series.advance(facts.end);
    series
}
