//! Whether less or more of a metric is better, for those who compare runs.

use super::metrics::find_metric;

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither: it says how the cluster works, not how well.
    Neither,
}

/// The metrics of which less is better. `*` stands for any end of a name.
const LOWER: &[&str] = &[
    "pods_failed",
    "pods_evicted",
    "pods_pending_at_end",
    "pods_impossible",
    "pod_restarts",
    "pod_pending_seconds_*",
    "pod_startup_seconds_*",
    "pods_pending_mean",
    "pods_pending_max",
    "node_hours",
    "node_cpu_stranded_ratio_*",
    "node_memory_stranded_ratio_*",
    "workloads_short_at_end",
    "replicas_missing_replica_seconds",
    "workload_on_one_node_ratio_mean",
    "jobs_failed",
    "jobs_unfinished_at_end",
    "job_duration_seconds_*",
    "requests_unserved_ratio",
    "requests_no_endpoint",
    "requests_dead_endpoint",
    "requests_queue_full",
    "requests_timeout",
    "requests_cut",
    "requests_dependency",
    "requests_retry_exhausted",
    "requests_abandoned",
    "requests_error",
    "requests_no_name",
    "requests_no_route",
    "request_latency_seconds_*",
    "cross_zone_dollars",
    "slo_*",
    "incidents_not_back_at_end",
    "incident_*",
    "fault_detection_seconds_*",
    "recovery_seconds_*",
    "faults_not_recovered",
    "capacity_missing_replica_seconds",
    "node_launches_failed",
    "node_interruptions",
    "evictions*",
    "node_wait_*",
    "node_hours_of_unknown_price",
    "cost_dollars*",
    "cost_idle_dollars",
    "cost_committed_unused_dollars",
];

/// The metrics of which more is better.
const HIGHER: &[&str] = &[
    "pods_succeeded",
    "objectives_met_ratio",
    "jobs_completed",
    "requests_served",
    "requests_good",
    "requests_apdex_satisfied",
    "requests_good_ratio",
    "apdex_ratio",
];

/// Which way a metric gets better; a name that is none gets so in neither.
#[must_use]
pub fn direction(name: &str) -> Direction {
    let listed = find_metric(name).map_or(name, |metric| metric.name);
    let is_in = |list: &[&str]| list.iter().any(|pattern| fits(pattern, listed));
    if is_in(LOWER) {
        Direction::Lower
    } else if is_in(HIGHER) {
        Direction::Higher
    } else {
        Direction::Neither
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::METRICS;

    /// The metrics of which neither is better; a new one has to be in one of the lists.
    const NEITHER: &[&str] = &[
        "simulated_seconds",
        "pods_created",
        "pods_deleted",
        "pods_deleted_while_pending",
        "pods_running_at_end",
        "pods_scheduled",
        "scheduling_attempts*",
        "pods_ready_mean",
        "node_count_*",
        "nodes_used_*",
        "pods_per_node_max",
        "node_cpu_allocatable_cores_mean",
        "node_cpu_requested_ratio_*",
        "node_cpu_used_ratio_*",
        "node_memory_requested_ratio_*",
        "node_memory_used_ratio_*",
        "<resource>_requested_ratio_*",
        "placements_moved*",
        "replicas_desired_mean",
        "replicas_ready_mean",
        "requests_total",
        "requests_attempts",
        "requests_same_zone",
        "requests_cross_zone*",
        "requests_apdex_tolerating",
        "cross_zone_bytes",
        "incidents",
        "autoscaling_*",
        "faults",
        "node_launches",
        "node_launches_per_day",
        "node_removals",
        "node_removals_per_day",
        "node_churn_per_day",
        "pods_waited_for_node",
        "cost_used_dollars",
        "cost_split_*",
        "cost_committed_dollars",
    ];

    #[test]
    fn each_metric_is_in_one_list_and_each_pattern_has_a_metric() {
        let patterns: Vec<&str> = [LOWER, HIGHER, NEITHER].concat();
        for metric in METRICS {
            let found: Vec<&&str> = patterns.iter().filter(|pattern| fits(pattern, metric.name)).collect();
            assert_eq!(found.len(), 1, "{} is in one of LOWER, HIGHER and NEITHER: {found:?}", metric.name);
        }
        for pattern in patterns {
            assert!(METRICS.iter().any(|metric| fits(pattern, metric.name)), "{pattern} is no metric");
        }
    }

    #[test]
    fn the_guide_lists_them() {
        let page = include_str!("../../docs/guide/compare.md");
        let listed = |mark: &str| -> Vec<&str> {
            let list = page.split(mark).nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
            list.split('`').skip(1).step_by(2).collect()
        };
        assert_eq!(listed("<!-- lower -->"), LOWER);
        assert_eq!(listed("<!-- higher -->"), HIGHER);
    }

    #[test]
    fn directions_by_name() {
        let cases = [
            ("requests_unserved_ratio", Direction::Lower),
            ("apdex_ratio", Direction::Higher),
            ("node_hours_of_unknown_price", Direction::Lower),
            ("nvidia_com_gpu_requested_ratio_mean", Direction::Neither),
            ("pods_created", Direction::Neither),
        ];
        for (name, expected) in cases {
            assert_eq!(direction(name), expected, "{name}");
        }
    }
}
