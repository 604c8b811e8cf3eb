//! What a run writes fits in memory and on a disk.

use crate::api::{Kind, Object};
use crate::input::Diagnostics;
use crate::input::scenario::{Duration, Scenario};
use crate::units::{SimDuration, format_go_duration};
use std::collections::BTreeSet;

/// The most rows of a timeline without workloads.
const MAX_ROWS: i64 = 10_000_000;
/// As many workloads as this keep by interval what the cluster as a whole keeps.
const WORKLOADS_LIKE_CLUSTER: i64 = 7;

/// Refuses an interval of the timeline that gives more rows than anybody can use. What is kept by interval grows with the
/// number of workloads.
pub(super) fn check(scenario: &Scenario, objects: &[&Object], diagnostics: &mut Diagnostics) {
    let Some(interval) = scenario.spec.output.timeline_interval.map(Duration::get) else { return };
    let workloads: BTreeSet<(Kind, &str, &str)> = objects
        .iter()
        .filter(|object| object.kind().is_workload())
        .map(|object| (object.kind(), object.meta().namespace.as_str(), object.meta().name.as_str()))
        .collect();
    let workloads = i64::try_from(workloads.len()).unwrap_or(i64::MAX);
    let most = MAX_ROWS * WORKLOADS_LIKE_CLUSTER / workloads.saturating_add(WORKLOADS_LIKE_CLUSTER);
    let duration = scenario.spec.duration.get().as_nanos();
    let rows = duration.checked_div(interval.as_nanos()).unwrap_or(i64::MAX);
    if rows > most {
        let message = format!(
            "`{}` gives {rows} rows (expected at most {most} with {workloads} {})",
            format_go_duration(interval),
            if workloads == 1 { "workload" } else { "workloads" }
        );
        // The shortest that is good, in whole milliseconds.
        let least = SimDuration::from_millis(duration / most.max(1) / 1_000_000 + 1);
        let hint = format!("`{}` gives few enough", format_go_duration(least));
        diagnostics.push(scenario.error_at("spec.output.timelineInterval", message).with_hint(Some(hint)));
    }
}
