//! The options of a recorded sequence: flags by their names, durations in seconds.

use crate::autoscaler::cluster_autoscaler::options::{Expander, Options};
use crate::units::SimDuration;
use serde_json::{Map, Value};

/// The options that differ from the defaults.
pub fn options(recorded: &Map<String, Value>) -> Result<Options, String> {
    let mut options = Options::default();
    for (name, value) in recorded {
        set(&mut options, name, value).ok_or_else(|| format!("option `{name}`: {value} is not expected"))?;
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, value: &Value) -> Option<()> {
    let seconds = || value.as_i64().map(SimDuration::from_secs);
    let count = || value.as_u64().and_then(|count| usize::try_from(count).ok());
    let on = || value.as_bool();
    let group = &mut options.group;
    match name {
        "expander" => {
            options.expander = value.as_str()?.split(',').map(Expander::named).collect::<Option<_>>()?;
        }
        "balance-similar-node-groups" => options.balance_similar_node_groups = on()?,
        "scale-down-utilization-threshold" => group.scale_down_utilization_threshold = value.as_f64()?,
        "scale-down-unneeded-seconds" => group.scale_down_unneeded_time = seconds()?,
        "scale-down-unready-seconds" => group.scale_down_unready_time = seconds()?,
        "max-node-provision-seconds" => group.max_node_provision_time = seconds()?,
        "max-node-startup-seconds" => group.max_node_startup_time = seconds()?,
        "ignore-daemonsets-utilization" => group.ignore_daemonsets_utilization = on()?,
        "scale-down-delay-after-add-seconds" => options.scale_down_delay_after_add = seconds()?,
        "scale-down-delay-after-delete-seconds" => options.scale_down_delay_after_delete = seconds()?,
        "scale-down-delay-after-failure-seconds" => options.scale_down_delay_after_failure = seconds()?,
        "scale-down-delay-type-local" => options.scale_down_delay_type_local = on()?,
        "scale-down-unready-enabled" => options.scale_down_unready_enabled = on()?,
        "scale-down-enabled" => options.scale_down_enabled = on()?,
        "unremovable-node-recheck-seconds" => options.unremovable_node_recheck_timeout = seconds()?,
        "blocking-system-pod-distruption-timeout-seconds" => {
            options.delete.blocking_system_pod_disruption_timeout = seconds()?;
        }
        "skip-nodes-with-system-pods" => options.delete.skip_nodes_with_system_pods = on()?,
        "skip-nodes-with-local-storage" => options.delete.skip_nodes_with_local_storage = on()?,
        "skip-nodes-with-custom-controller-pods" => options.delete.skip_nodes_with_custom_controller_pods = on()?,
        "max-scale-down-parallelism" => options.max_scale_down_parallelism = count()?,
        "max-drain-parallelism" => options.max_drain_parallelism = count()?,
        "max-bulk-soft-taint-count" => options.max_bulk_soft_taint_count = count()?,
        "new-pod-scale-up-delay-seconds" => options.new_pod_scale_up_delay = seconds()?,
        "max-nodes-total" => options.max_nodes_total = count()?,
        "max-nodes-per-scaleup" => options.max_nodes_per_scaleup = count()?,
        "cores-total-min" => options.cores_total.0 = value.as_i64()?,
        "cores-total-max" => options.cores_total.1 = value.as_i64()?,
        "memory-total-min" => options.memory_total.0 = value.as_i64()?.checked_mul(1 << 30)?,
        "memory-total-max" => options.memory_total.1 = value.as_i64()?.checked_mul(1 << 30)?,
        "enforce-node-group-min-size" => options.enforce_node_group_min_size = on()?,
        "initial-node-group-backoff-seconds" => options.initial_node_group_backoff_duration = seconds()?,
        "max-node-group-backoff-seconds" => options.max_node_group_backoff_duration = seconds()?,
        "node-group-backoff-reset-seconds" => options.node_group_backoff_reset_timeout = seconds()?,
        "ok-total-unready-count" => options.ok_total_unready_count = count()?,
        "max-total-unready-percentage" => options.max_total_unready_percentage = value.as_f64()?,
        "expendable-pods-priority-cutoff" => {
            options.expendable_pods_priority_cutoff = i32::try_from(value.as_i64()?).ok()?;
        }
        "max-graceful-termination-seconds" => options.max_graceful_termination = seconds()?,
        "max-pod-eviction-seconds" => options.max_pod_eviction_time = seconds()?,
        "node-delete-delay-after-taint-seconds" => options.node_delete_delay_after_taint = seconds()?,
        "cordon-node-before-terminating" => options.cordon_node_before_terminating = on()?,
        "daemonset-eviction-for-empty-nodes" => options.daemonset_eviction_for_empty_nodes = on()?,
        "daemonset-eviction-for-occupied-nodes" => options.daemonset_eviction_for_occupied_nodes = on()?,
        _ => return None,
    }
    Some(())
}
