//! The flags of the Cluster Autoscaler's binary, by their own names (`config/flags`, release 1.37).

use super::expander::parse_priorities;
use super::options::{Expander, Options};
use crate::units::{SimDuration, parse_go_duration};

/// What became of a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagOutcome {
    /// It is set.
    Set,
    /// The real program has it, but nothing here depends on it.
    WithoutEffect,
    /// The real program does not have it.
    Unknown,
    /// Its value is not one of those that are expected.
    Invalid(&'static str),
}

/// Bounds of a node group, from `--nodes=<min>:<max>:<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodesFlag {
    /// Least number of nodes.
    pub min: u32,
    /// Most nodes.
    pub max: u32,
    /// The group.
    pub group: String,
}

/// Reads the value of `--nodes`.
pub fn nodes_flag(value: &str) -> Option<NodesFlag> {
    let (min, rest) = value.split_once(':')?;
    let (max, group) = rest.split_once(':')?;
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    (min <= max && !group.is_empty()).then(|| NodesFlag { min, max, group: group.to_owned() })
}

/// Checks the content of the ConfigMap of the priority expander.
///
/// # Errors
/// What is wrong with it.
pub fn check_priorities(content: &str) -> Result<(), String> {
    parse_priorities(content).map(|_| ())
}

/// Flags that the real program has and nothing here depends on: logs, clients, limits on computing time, clouds, features
/// that are not simulated.
const WITHOUT_EFFECT: &[&str] = &[
    "add-dir-header",
    "address",
    "allowed-scheduler-names",
    "alsologtostderr",
    "async-node-groups",
    "aws-use-static-instance-list",
    "azure-enable-force-delete",
    "bulk-mig-instances-listing-enabled",
    "bypassed-scheduler-names",
    "capacity-buffer-pod-dry-run-enabled",
    "capacity-quotas-enabled",
    "check-capacity-batch-processing",
    "check-capacity-processor-instance",
    "check-capacity-provisioning-request-batch-timebox",
    "check-capacity-provisioning-request-max-batch-size",
    "cloud-config",
    "cloud-provider",
    "cloud-provider-gce-l7lb-src-cidrs",
    "cloud-provider-gce-lb-src-cidrs",
    "cluster-name",
    "cluster-snapshot-parallelism",
    "clusterapi-cloud-config-authoritative",
    "debugging-snapshot-enabled",
    "drain-priority-config",
    "dynamic-node-delete-delay-after-taint-enabled",
    "emit-per-nodegroup-metrics",
    "enable-csi-node-aware-scheduling",
    "enable-dynamic-resource-allocation",
    "enable-graceful-degradation",
    "enable-proactive-scaleup",
    "enable-provisioning-requests",
    "estimator",
    "feature-gates",
    "force-delete-failed-nodes",
    "force-delete-unregistered-nodes",
    "gce-concurrent-refreshes",
    "gce-expander-ephemeral-storage-support",
    "gce-mig-instances-min-refresh-wait-time",
    "gpu-total",
    "grpc-expander-cert",
    "grpc-expander-url",
    "kube-api-content-type",
    "kube-client-burst",
    "kube-client-qps",
    "kubeconfig",
    "kubernetes",
    "leader-elect",
    "leader-elect-lease-duration",
    "leader-elect-renew-deadline",
    "leader-elect-resource-lock",
    "leader-elect-resource-name",
    "leader-elect-resource-namespace",
    "leader-elect-retry-period",
    "lease-resource-name",
    "log-backtrace-at",
    "log-dir",
    "log-file",
    "log-file-max-size",
    "logging-format",
    "logtostderr",
    "max-binpacking-time",
    "max-bulk-soft-taint-time",
    "max-failing-time",
    "max-inactivity",
    "max-node-skip-eval-time-tracker-enabled",
    "max-nodegroup-binpacking-duration",
    "max-startup-time",
    "namespace",
    "node-deletion-batcher-interval",
    "node-deletion-candidate-ttl",
    "node-deletion-delay-timeout",
    "node-group-auto-discovery",
    "node-info-cache-expire-time",
    "node-removal-latency-tracking-enabled",
    "one-output",
    "parallel-scale-up",
    "pending-pods-batching-timeout",
    "pod-injection-limit",
    "predicate-parallelism",
    "profiling",
    "provisioning-request-initial-backoff-time",
    "provisioning-request-max-backoff-cache-size",
    "provisioning-request-max-backoff-time",
    "record-duplicated-events",
    "regional",
    "salvo-scale-up",
    "salvo-scale-up-budget",
    "scale-down-candidates-pool-min-count",
    "scale-down-candidates-pool-ratio",
    "scale-down-non-empty-candidates-count",
    "scale-down-simulation-timeout",
    "scaleup-simulation-for-skipped-node-groups-enabled",
    "scheduler-config-file",
    "scheduler-verbosity",
    "skip-headers",
    "skip-log-headers",
    "status-config-map-name",
    "stderrthreshold",
    "user-agent",
    "v",
    "vmodule",
    "write-status-configmap",
];

/// Sets a flag. `nodes` is for [`nodes_flag`].
pub fn set_flag(options: &mut Options, name: &str, value: &str) -> FlagOutcome {
    if WITHOUT_EFFECT.contains(&name) {
        return FlagOutcome::WithoutEffect;
    }
    let set = set_switch(options, name, value)
        .or_else(|| set_span(options, name, value))
        .or_else(|| set_number(options, name, value))
        .or_else(|| set_list(options, name, value));
    match set {
        None => FlagOutcome::Unknown,
        Some(Ok(())) => FlagOutcome::Set,
        Some(Err(expected)) => FlagOutcome::Invalid(expected),
    }
}

type Outcome = Option<Result<(), &'static str>>;

#[expect(clippy::unnecessary_wraps, reason = "the answer of its callers, which may not know the flag")]
fn assign<T>(slot: &mut T, value: Option<T>, expected: &'static str) -> Outcome {
    Some(match value {
        Some(value) => {
            *slot = value;
            Ok(())
        }
        None => Err(expected),
    })
}

fn set_switch(options: &mut Options, name: &str, value: &str) -> Outcome {
    let slot = match name {
        "frequent-loops-enabled" => &mut options.frequent_loops_enabled,
        "capacity-buffer-controller-enabled" => &mut options.capacity_buffer_controller_enabled,
        "capacity-buffer-pod-injection-enabled" => &mut options.capacity_buffer_pod_injection_enabled,
        "balance-similar-node-groups" => &mut options.balance_similar_node_groups,
        "ignore-daemonsets-utilization" => &mut options.group.ignore_daemonsets_utilization,
        "ignore-mirror-pods-utilization" => &mut options.ignore_mirror_pods_utilization,
        "scale-down-enabled" => &mut options.scale_down_enabled,
        "scale-down-unready-enabled" => &mut options.scale_down_unready_enabled,
        "scale-down-delay-type-local" => &mut options.scale_down_delay_type_local,
        "enforce-node-group-min-size" => &mut options.enforce_node_group_min_size,
        "scale-up-from-zero" => &mut options.scale_up_from_zero,
        "fastpath-binpacking-enabled" => &mut options.fastpath_binpacking_enabled,
        "force-ds" => &mut options.force_daemon_sets,
        "cordon-node-before-terminating" => &mut options.cordon_node_before_terminating,
        "daemonset-eviction-for-empty-nodes" => &mut options.daemonset_eviction_for_empty_nodes,
        "daemonset-eviction-for-occupied-nodes" => &mut options.daemonset_eviction_for_occupied_nodes,
        "scale-from-unschedulable" => &mut options.scale_from_unschedulable,
        "skip-nodes-with-system-pods" => &mut options.delete.skip_nodes_with_system_pods,
        "skip-nodes-with-local-storage" => &mut options.delete.skip_nodes_with_local_storage,
        "skip-nodes-with-custom-controller-pods" => &mut options.delete.skip_nodes_with_custom_controller_pods,
        _ => return None,
    };
    let read = match value {
        "true" | "1" | "t" | "T" | "TRUE" | "True" => Some(true),
        "false" | "0" | "f" | "F" | "FALSE" | "False" => Some(false),
        _ => None,
    };
    assign(slot, read, "true or false")
}

fn set_span(options: &mut Options, name: &str, value: &str) -> Outcome {
    let slot = match name {
        "scan-interval" => &mut options.scan_interval,
        "scale-down-unneeded-time" => &mut options.group.scale_down_unneeded_time,
        "scale-down-unready-time" => &mut options.group.scale_down_unready_time,
        "max-node-provision-time" => &mut options.group.max_node_provision_time,
        "max-node-startup-time" => &mut options.group.max_node_startup_time,
        "scale-down-delay-after-add" => &mut options.scale_down_delay_after_add,
        "scale-down-delay-after-delete" => &mut options.scale_down_delay_after_delete,
        "scale-down-delay-after-failure" => &mut options.scale_down_delay_after_failure,
        "initial-node-group-backoff-duration" => &mut options.initial_node_group_backoff_duration,
        "max-node-group-backoff-duration" => &mut options.max_node_group_backoff_duration,
        "node-group-backoff-reset-timeout" => &mut options.node_group_backoff_reset_timeout,
        "unremovable-node-recheck-timeout" => &mut options.unremovable_node_recheck_timeout,
        "node-delete-delay-after-taint" => &mut options.node_delete_delay_after_taint,
        "max-pod-eviction-time" => &mut options.max_pod_eviction_time,
        "new-pod-scale-up-delay" => &mut options.new_pod_scale_up_delay,
        "blocking-system-pod-distruption-timeout" => &mut options.delete.blocking_system_pod_disruption_timeout,
        _ => return None,
    };
    let least = if name == "scan-interval" { SimDuration::from_millis(1) } else { SimDuration::ZERO };
    let read = parse_go_duration(value).ok().filter(|span| *span >= least);
    assign(slot, read, "a Go duration such as 10m0s, not negative")
}

fn set_number(options: &mut Options, name: &str, value: &str) -> Outcome {
    const COUNT: &str = "a whole number, not negative";
    const SHARE: &str = "a number, not negative";
    const RANGE: &str = "the least and the most, as in 0:100";
    let count = || value.parse::<usize>().ok();
    let share = || value.parse::<f64>().ok().filter(|share| share.is_finite() && *share >= 0.0);
    let range = |unit: i64| {
        let (least, most) = value.split_once(':')?;
        let (least, most) = (least.parse::<i64>().ok()?, most.parse::<i64>().ok()?);
        (0 <= least && least <= most).then(|| (least.saturating_mul(unit), most.saturating_mul(unit)))
    };
    match name {
        "max-scale-down-parallelism" => assign(&mut options.max_scale_down_parallelism, count(), COUNT),
        "max-drain-parallelism" => assign(&mut options.max_drain_parallelism, count(), COUNT),
        "ok-total-unready-count" => assign(&mut options.ok_total_unready_count, count(), COUNT),
        "max-bulk-soft-taint-count" => assign(&mut options.max_bulk_soft_taint_count, count(), COUNT),
        "max-nodes-total" => assign(&mut options.max_nodes_total, count(), COUNT),
        "max-nodes-per-scaleup" => assign(&mut options.max_nodes_per_scaleup, count(), COUNT),
        "max-graceful-termination-sec" => {
            let seconds = value.parse::<u32>().ok().map(|seconds| SimDuration::from_secs(seconds.into()));
            assign(&mut options.max_graceful_termination, seconds, COUNT)
        }
        "expendable-pods-priority-cutoff" => {
            assign(&mut options.expendable_pods_priority_cutoff, value.parse().ok(), "a whole number")
        }
        "min-replica-count" => assign(&mut options.delete.min_replica_count, value.parse().ok(), COUNT),
        "scale-down-utilization-threshold" => {
            assign(&mut options.group.scale_down_utilization_threshold, share(), SHARE)
        }
        "scale-down-gpu-utilization-threshold" => {
            assign(&mut options.group.scale_down_gpu_utilization_threshold, share(), SHARE)
        }
        "max-total-unready-percentage" => assign(&mut options.max_total_unready_percentage, share(), SHARE),
        "memory-difference-ratio" => assign(&mut options.max_capacity_memory_difference_ratio, share(), SHARE),
        "max-allocatable-difference-ratio" => assign(&mut options.max_allocatable_difference_ratio, share(), SHARE),
        "max-free-difference-ratio" => assign(&mut options.max_free_difference_ratio, share(), SHARE),
        "cores-total" => assign(&mut options.cores_total, range(1), RANGE),
        "memory-total" => assign(&mut options.memory_total, range(1 << 30), RANGE),
        _ => None,
    }
}

fn set_list(options: &mut Options, name: &str, value: &str) -> Outcome {
    let list = match name {
        "expander" => {
            let filters = value.split(',').map(Expander::named).collect::<Option<Vec<_>>>();
            let expected =
                "random, most-pods, least-waste, least-nodes, price or priority, or several of them with commas";
            return assign(&mut options.expander, filters, expected);
        }
        "balancing-ignore-label" => &mut options.balancing_ignore_labels,
        "balancing-label" => &mut options.balancing_labels,
        "startup-taint" | "ignore-taint" => &mut options.startup_taints,
        "startup-taint-prefix" => &mut options.startup_taint_prefixes,
        "status-taint" => &mut options.status_taints,
        _ => return None,
    };
    list.push(value.into());
    Some(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_by_their_own_names() {
        use FlagOutcome::{Set, Unknown, WithoutEffect};
        let number = FlagOutcome::Invalid("a whole number, not negative");
        let cases = [
            ("scale-down-unneeded-time", "5m", Set),
            ("scale-down-utilization-threshold", "0.7", Set),
            ("expander", "priority,least-waste", Set),
            ("balance-similar-node-groups", "true", Set),
            ("cores-total", "8:100", Set),
            ("max-nodes-total", "-1", number),
            ("v", "4", WithoutEffect),
            ("scale-down-unneded-time", "5m", Unknown),
        ];
        let mut options = Options::default();
        for (name, value, expected) in cases {
            assert_eq!(set_flag(&mut options, name, value), expected, "--{name}={value}");
        }
        assert_eq!(options.group.scale_down_unneeded_time, SimDuration::from_minutes(5));
        assert_eq!(options.expander, [Expander::Priority, Expander::LeastWaste]);
        assert_eq!(options.cores_total, (8, 100));
        let flag = NodesFlag { min: 1, max: 10, group: "spot:a".to_owned() };
        assert_eq!(nodes_flag("1:10:spot:a"), Some(flag));
        assert_eq!(nodes_flag("10:1:spot"), None);
    }
}
