//! The one list of the metrics in a summary.

use super::metric::Unit::{
    Cores, Count, Dollars, DollarsPerHour, Mean, NodeHours, PerDay, Ratio, ReplicaSeconds, Seconds,
};
use super::metric::{Metric, metric};
use super::request_metrics;

/// Every metric that a summary can hold, in the order of the summary. A metric that does not apply to a run (recovery
/// without a fault, requests without traffic, cost without prices, a mean of nothing) is absent from its summary. What
/// had not ended when the run ended (a pod still pending, a fault not recovered from) counts with its time until then.
pub const METRICS: &[Metric] = &joined::<LENGTH>(PARTS);

const PARTS: &[&[Metric]] = &[FIRST, request_metrics::COUNTS, request_metrics::FIGURES, LAST];

const LENGTH: usize = FIRST.len() + request_metrics::COUNTS.len() + request_metrics::FIGURES.len() + LAST.len();

/// Some lists one after the other.
const fn joined<const N: usize>(parts: &[&[Metric]]) -> [Metric; N] {
    let mut all = [FIRST[0]; N];
    let (mut part, mut filled) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[filled] = parts[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

/// What comes before the metrics of requests.
const FIRST: &[Metric] = &[
    metric("simulated_seconds", Seconds, "simulated time"),
    metric("pods_created", Count, "pods created; the sum of the eight outcomes that follow"),
    metric("pods_succeeded", Count, "pods that ended with success"),
    metric("pods_failed", Count, "pods that ended with failure"),
    metric("pods_deleted", Count, "pods deleted while they ran (scaled down, rolled over, drained)"),
    metric("pods_deleted_while_pending", Count, "pods deleted before they were bound"),
    metric("pods_evicted", Count, "pods evicted by a taint, lost with their node or removed because of a fault"),
    metric("pods_running_at_end", Count, "pods bound and not ended at the end"),
    metric(
        "pods_pending_at_end",
        Count,
        "pods not bound at the end that fit on an existing node when it is empty enough",
    ),
    metric("pods_impossible", Count, "pods not bound at the end that no node could ever take"),
    metric("pods_scheduled", Count, "pods that were bound to a node"),
    metric("pod_restarts", Count, "container restarts"),
    metric("scheduling_attempts", Count, "scheduling attempts, successful or not"),
    metric("scheduling_attempts_by_framework", Count, "scheduling attempts that the index could not decide"),
    metric(
        "pod_pending_seconds_mean",
        Seconds,
        "time from creation to binding, mean over all pods; of pods never bound, the time until they were deleted or the run ended",
    ),
    metric("pod_pending_seconds_p50", Seconds, "the same, median (nearest rank)"),
    metric("pod_pending_seconds_p90", Seconds, "the same, 90th percentile (nearest rank)"),
    metric("pod_pending_seconds_p99", Seconds, "the same, 99th percentile (nearest rank)"),
    metric("pod_pending_seconds_max", Seconds, "the same, largest"),
    metric(
        "pod_startup_seconds_mean",
        Seconds,
        "time from creation to condition Ready, mean over the pods that became ready",
    ),
    metric("pod_startup_seconds_p50", Seconds, "the same, median (nearest rank)"),
    metric("pod_startup_seconds_p90", Seconds, "the same, 90th percentile (nearest rank)"),
    metric("pod_startup_seconds_p99", Seconds, "the same, 99th percentile (nearest rank)"),
    metric("pod_startup_seconds_max", Seconds, "the same, largest"),
    metric("pods_pending_mean", Mean, "pods waiting to be bound"),
    metric("pods_pending_max", Count, "most pods waiting at one time"),
    metric("pods_ready_mean", Mean, "pods with condition Ready"),
    metric("node_count_mean", Mean, "nodes in the API"),
    metric("node_count_max", Count, "most nodes in the API at one time"),
    metric("nodes_used_mean", Mean, "nodes with a bound pod that no DaemonSet owns"),
    metric("nodes_used_max", Count, "most such nodes at one time"),
    metric("pods_per_node_max", Count, "most bound pods on one node at one time"),
    metric("node_hours", NodeHours, "nodes in the API integrated over time"),
    metric("node_cpu_allocatable_cores_mean", Cores, "allocatable CPU of all nodes, time-weighted mean"),
    metric("node_cpu_requested_ratio_mean", Ratio, "requested CPU over allocatable CPU, both integrated over the run"),
    metric("node_cpu_requested_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric("node_cpu_used_ratio_mean", Ratio, "used CPU over allocatable CPU, both integrated over the run"),
    metric("node_cpu_used_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric(
        "node_cpu_stranded_ratio_mean",
        Ratio,
        "CPU that is free without memory free beside it, over allocatable CPU, both integrated over the run",
    ),
    metric("node_cpu_stranded_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric(
        "node_memory_requested_ratio_mean",
        Ratio,
        "requested memory over allocatable memory, both integrated over the run",
    ),
    metric("node_memory_requested_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric("node_memory_used_ratio_mean", Ratio, "used memory over allocatable memory, both integrated over the run"),
    metric("node_memory_used_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric(
        "node_memory_stranded_ratio_mean",
        Ratio,
        "memory that is free without CPU free beside it, over allocatable memory, both integrated over the run",
    ),
    metric("node_memory_stranded_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric(
        "<resource>_requested_ratio_mean",
        Ratio,
        "requested units of an extended resource over allocatable ones, both integrated over the run",
    ),
    metric("<resource>_requested_ratio_max", Ratio, "the same in the interval of the timeline where it is largest"),
    metric(
        "placements_moved",
        Count,
        "pods bound to a node, beyond those of the same workload that the compared run of the sweep bound to it",
    ),
    metric("placements_moved_ratio", Ratio, "the same over all pods bound"),
    metric("placements_moved_pool_or_zone_ratio", Ratio, "the same counted by pool and zone instead of node"),
    metric("objectives_met_ratio", Ratio, "share of the scenario's objectives that a run of a sweep meets"),
    metric("replicas_desired_mean", Mean, "desired replicas of all workloads together"),
    metric("replicas_ready_mean", Mean, "ready replicas of all workloads together"),
    metric("workloads_short_at_end", Count, "workloads with fewer ready pods than they want when the run ends"),
    metric(
        "replicas_missing_replica_seconds",
        ReplicaSeconds,
        "desired minus ready replicas where positive, integrated over the run, all workloads together; starts and updates count too",
    ),
    metric(
        "workload_on_one_node_ratio_mean",
        Ratio,
        "largest share of a workload's pods that one node holds at the end, mean over the workloads with two pods or more, DaemonSets left out",
    ),
    metric("jobs_completed", Count, "Jobs that succeeded"),
    metric("jobs_failed", Count, "Jobs that failed"),
    metric("jobs_unfinished_at_end", Count, "Jobs not finished, deleted or suspended when the run ends"),
    metric(
        "job_duration_seconds_mean",
        Seconds,
        "time from a Job's start to its success, mean over the Jobs that succeeded",
    ),
    metric("job_duration_seconds_p50", Seconds, "the same, median (nearest rank)"),
    metric("job_duration_seconds_p90", Seconds, "the same, 90th percentile (nearest rank)"),
    metric("job_duration_seconds_p99", Seconds, "the same, 99th percentile (nearest rank)"),
    metric("job_duration_seconds_max", Seconds, "the same, largest"),
    metric("requests_total", Count, "requests offered to all workloads together"),
    metric(
        "requests_unserved_ratio",
        Ratio,
        "share of the requests that were not served: of a fluid those that the ready pods could not take within their CPU limits",
    ),
];

/// What comes after them.
const LAST: &[Metric] = &[
    metric("autoscaling_decisions", Count, "decisions of HorizontalPodAutoscalers"),
    metric("autoscaling_scale_ups", Count, "decisions that raised the replicas"),
    metric("autoscaling_scale_downs", Count, "decisions that lowered the replicas"),
    metric("autoscaling_limited", Count, "decisions that minReplicas, maxReplicas or a scaling policy held back"),
    metric("faults", Count, "faults that struck"),
    metric(
        "fault_detection_seconds_mean",
        Seconds,
        "time from a fault to the moment that the control plane knew, mean over detected faults",
    ),
    metric("fault_detection_seconds_max", Seconds, "the same, largest"),
    metric(
        "recovery_seconds_mean",
        Seconds,
        "time from a fault until every affected workload had as many ready pods as it wants, mean over all faults; of faults not recovered from, the time until the run ended",
    ),
    metric("recovery_seconds_max", Seconds, "the same, largest"),
    metric("faults_not_recovered", Count, "faults not recovered from when the run ended"),
    metric(
        "capacity_missing_replica_seconds",
        ReplicaSeconds,
        "missing ready pods of the affected workloads, integrated from each fault to its recovery",
    ),
    metric("node_launches", Count, "machines launched during the run"),
    metric("node_removals", Count, "machines that were given back or taken away"),
    metric("node_launches_failed", Count, "machines that were asked for and could not be had"),
    metric("node_interruptions", Count, "spot machines of which the provider gave notice"),
    metric("node_launches_per_day", PerDay, "machines launched, per day of simulated time"),
    metric("node_removals_per_day", PerDay, "machines given back or taken away, per day of simulated time"),
    metric(
        "node_churn_per_day",
        PerDay,
        "removals per day over the mean number of nodes: 1 replaces every node once a day",
    ),
    metric("evictions", Count, "pods that had to go from their node; the sum of the causes that follow"),
    metric("evictions_per_day", PerDay, "the same per day of simulated time"),
    metric(
        "evictions_by_consolidation",
        Count,
        "pods evicted because Karpenter removed or replaced their node to save money",
    ),
    metric("evictions_by_drift", Count, "pods evicted because their NodePool had changed since the node was made"),
    metric("evictions_by_expiry", Count, "pods evicted because their node had reached expireAfter"),
    metric("evictions_by_spot_interruption", Count, "pods that had to go because the provider took their machine back"),
    metric("evictions_by_scale_down", Count, "pods evicted because the Cluster Autoscaler removed their node"),
    metric("evictions_by_vertical_pod_autoscaler", Count, "pods evicted to get other requests"),
    metric("evictions_by_drain", Count, "pods evicted through the API for another reason, such as an operator's drain"),
    metric("evictions_by_taint", Count, "pods evicted by a NoExecute taint"),
    metric("evictions_by_node_loss", Count, "pods that were removed because their node was gone"),
    metric("evictions_by_preemption", Count, "pods that made room for others of higher priority"),
    metric("pods_waited_for_node", Count, "pods that were bound to a node that came after them; of DaemonSets none"),
    metric(
        "node_wait_seconds_mean",
        Seconds,
        "time from creation until they were bound, of pods that waited for a node",
    ),
    metric("node_wait_seconds_p50", Seconds, "the same, median"),
    metric("node_wait_seconds_p90", Seconds, "the same, 90th percentile"),
    metric("node_wait_seconds_p99", Seconds, "the same, 99th percentile"),
    metric("node_wait_seconds_max", Seconds, "the same, largest"),
    metric("node_wait_decision_seconds_mean", Seconds, "of that wait, until the machine was asked for"),
    metric("node_wait_launch_seconds_mean", Seconds, "of that wait, until the machine was there"),
    metric("node_wait_register_seconds_mean", Seconds, "of that wait, until its Node object was there"),
    metric("node_wait_ready_seconds_mean", Seconds, "of that wait, until the node was ready"),
    metric("node_wait_schedule_seconds_mean", Seconds, "of that wait, until the pod was bound"),
    metric("node_wait_pull_seconds_mean", Seconds, "after that wait, until the pod's containers ran"),
    metric("node_wait_start_seconds_mean", Seconds, "after that, until the pod was ready"),
    metric(
        "node_hours_of_unknown_price",
        NodeHours,
        "time of machines whose price is not known and is in no cost; beside it every cost is a lower bound",
    ),
    metric(
        "cost_dollars",
        Dollars,
        "price of the machines from their launch to their end, ready or not, with fees, reservations and savings plans",
    ),
    metric("cost_dollars_per_hour", DollarsPerHour, "the cost over the simulated time"),
    metric(
        "cost_used_dollars",
        Dollars,
        "price of the nodes while they held a pod that no DaemonSet owns: what is paid if empty nodes are given back at once",
    ),
    metric("cost_idle_dollars", Dollars, "the part of the price of the nodes that paid for CPU which no pod requested"),
    metric("cost_split_used_dollars", Dollars, "the part of the price of the nodes for what pods requested and used"),
    metric("cost_split_requested_idle_dollars", Dollars, "the part for what pods requested and did not use"),
    metric("cost_split_daemon_sets_dollars", Dollars, "the part for what pods of DaemonSets requested"),
    metric("cost_split_system_reserved_dollars", Dollars, "the part for what is kept for the system and the kubelet"),
    metric(
        "cost_split_fragmented_dollars",
        Dollars,
        "the part for what was free, but too small for every pod that the run had seen",
    ),
    metric(
        "cost_split_pod_cap_dollars",
        Dollars,
        "the part for what was free on nodes that had as many pods as they may have",
    ),
    metric("cost_split_free_dollars", Dollars, "the part for what was free otherwise"),
    metric("cost_split_without_node_dollars", Dollars, "the part for machines while they had no Node object"),
    metric("cost_committed_dollars", Dollars, "what reservations and savings plans cost, used or not"),
    metric("cost_committed_unused_dollars", Dollars, "the part of that for which no machine ran"),
];
