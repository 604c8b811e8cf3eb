//! The Cluster Autoscaler's options, named after its flags, with the defaults of its binary (release 1.37).

use crate::api::Name;
use crate::units::SimDuration;

/// Options of the Cluster Autoscaler as a whole.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the real program")]
pub struct Options {
    /// `scan-interval`.
    pub scan_interval: SimDuration,
    /// `frequent-loops-enabled`.
    pub frequent_loops_enabled: bool,
    /// `capacity-buffer-controller-enabled`: whether CapacityBuffers have a status.
    pub capacity_buffer_controller_enabled: bool,
    /// `capacity-buffer-pod-injection-enabled`: whether their chunks are kept free.
    pub capacity_buffer_pod_injection_enabled: bool,
    /// `expander`: the filters in their order.
    pub expander: Vec<Expander>,
    /// `balance-similar-node-groups`.
    pub balance_similar_node_groups: bool,
    /// `balancing-ignore-label`.
    pub balancing_ignore_labels: Vec<Name>,
    /// `balancing-label`: when given, only these labels are compared.
    pub balancing_labels: Vec<Name>,
    /// `memory-difference-ratio`.
    pub max_capacity_memory_difference_ratio: f64,
    /// `max-allocatable-difference-ratio`.
    pub max_allocatable_difference_ratio: f64,
    /// `max-free-difference-ratio`.
    pub max_free_difference_ratio: f64,
    /// What node groups use that have no options of their own.
    pub group: GroupOptions,
    /// `scale-down-enabled`.
    pub scale_down_enabled: bool,
    /// `scale-down-unready-enabled`.
    pub scale_down_unready_enabled: bool,
    /// `scale-down-delay-after-add`.
    pub scale_down_delay_after_add: SimDuration,
    /// `scale-down-delay-after-delete`.
    pub scale_down_delay_after_delete: SimDuration,
    /// `scale-down-delay-after-failure`.
    pub scale_down_delay_after_failure: SimDuration,
    /// `scale-down-delay-type-local`.
    pub scale_down_delay_type_local: bool,
    /// `initial-node-group-backoff-duration`.
    pub initial_node_group_backoff_duration: SimDuration,
    /// `max-node-group-backoff-duration`.
    pub max_node_group_backoff_duration: SimDuration,
    /// `node-group-backoff-reset-timeout`.
    pub node_group_backoff_reset_timeout: SimDuration,
    /// `unremovable-node-recheck-timeout`.
    pub unremovable_node_recheck_timeout: SimDuration,
    /// `max-scale-down-parallelism`.
    pub max_scale_down_parallelism: usize,
    /// `max-drain-parallelism`.
    pub max_drain_parallelism: usize,
    /// `ok-total-unready-count`.
    pub ok_total_unready_count: usize,
    /// `max-total-unready-percentage`.
    pub max_total_unready_percentage: f64,
    /// `max-bulk-soft-taint-count`.
    pub max_bulk_soft_taint_count: usize,
    /// `node-delete-delay-after-taint`.
    pub node_delete_delay_after_taint: SimDuration,
    /// `max-pod-eviction-time`.
    pub max_pod_eviction_time: SimDuration,
    /// `max-graceful-termination-sec`.
    pub max_graceful_termination: SimDuration,
    /// `max-nodes-total`; 0 is no limit.
    pub max_nodes_total: usize,
    /// `max-nodes-per-scaleup`; 0 is no limit.
    pub max_nodes_per_scaleup: usize,
    /// `cores-total`: least and most cores.
    pub cores_total: (i64, i64),
    /// `memory-total`: least and most bytes.
    pub memory_total: (i64, i64),
    /// `enforce-node-group-min-size`.
    pub enforce_node_group_min_size: bool,
    /// `scale-up-from-zero`.
    pub scale_up_from_zero: bool,
    /// `expendable-pods-priority-cutoff`.
    pub expendable_pods_priority_cutoff: i32,
    /// `new-pod-scale-up-delay`.
    pub new_pod_scale_up_delay: SimDuration,
    /// `fastpath-binpacking-enabled`.
    pub fastpath_binpacking_enabled: bool,
    /// `force-ds`.
    pub force_daemon_sets: bool,
    /// `ignore-mirror-pods-utilization`.
    pub ignore_mirror_pods_utilization: bool,
    /// `cordon-node-before-terminating`.
    pub cordon_node_before_terminating: bool,
    /// `daemonset-eviction-for-empty-nodes`.
    pub daemonset_eviction_for_empty_nodes: bool,
    /// `daemonset-eviction-for-occupied-nodes`.
    pub daemonset_eviction_for_occupied_nodes: bool,
    /// `scale-from-unschedulable`.
    pub scale_from_unschedulable: bool,
    /// `startup-taint` and `ignore-taint`.
    pub startup_taints: Vec<Name>,
    /// `startup-taint-prefix`.
    pub startup_taint_prefixes: Vec<Name>,
    /// `status-taint`.
    pub status_taints: Vec<Name>,
    /// What decides whether pods can be moved.
    pub delete: DeleteOptions,
}

/// Which pods keep their node (`NodeDeleteOptions`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeleteOptions {
    /// `skip-nodes-with-system-pods`.
    pub skip_nodes_with_system_pods: bool,
    /// `skip-nodes-with-local-storage`.
    pub skip_nodes_with_local_storage: bool,
    /// `skip-nodes-with-custom-controller-pods`.
    pub skip_nodes_with_custom_controller_pods: bool,
    /// `min-replica-count`.
    pub min_replica_count: i32,
    /// `blocking-system-pod-distruption-timeout`, spelled as the real flag is.
    pub blocking_system_pod_disruption_timeout: SimDuration,
}

/// Options that a node group may have of its own (`NodeGroupAutoscalingOptions`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupOptions {
    /// `scale-down-utilization-threshold`.
    pub scale_down_utilization_threshold: f64,
    /// `scale-down-gpu-utilization-threshold`.
    pub scale_down_gpu_utilization_threshold: f64,
    /// `scale-down-unneeded-time`.
    pub scale_down_unneeded_time: SimDuration,
    /// `scale-down-unready-time`.
    pub scale_down_unready_time: SimDuration,
    /// `max-node-provision-time`.
    pub max_node_provision_time: SimDuration,
    /// `max-node-startup-time`.
    pub max_node_startup_time: SimDuration,
    /// `ignore-daemonsets-utilization`.
    pub ignore_daemonsets_utilization: bool,
}

/// A filter of the expander chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expander {
    /// `random`.
    Random,
    /// `most-pods`.
    MostPods,
    /// `least-waste`.
    LeastWaste,
    /// `least-nodes`.
    LeastNodes,
    /// `price`.
    Price,
    /// `priority`.
    Priority,
}

impl Expander {
    /// The filter of a name that the flag takes.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "random" => Self::Random,
            "most-pods" => Self::MostPods,
            "least-waste" => Self::LeastWaste,
            "least-nodes" => Self::LeastNodes,
            "price" => Self::Price,
            "priority" => Self::Priority,
            _ => return None,
        })
    }
}

impl Default for DeleteOptions {
    fn default() -> Self {
        Self {
            skip_nodes_with_system_pods: true,
            skip_nodes_with_local_storage: true,
            skip_nodes_with_custom_controller_pods: true,
            min_replica_count: 0,
            blocking_system_pod_disruption_timeout: SimDuration::from_hours(1),
        }
    }
}

impl Default for GroupOptions {
    fn default() -> Self {
        Self {
            scale_down_utilization_threshold: 0.5,
            scale_down_gpu_utilization_threshold: 0.5,
            scale_down_unneeded_time: SimDuration::from_minutes(10),
            scale_down_unready_time: SimDuration::from_minutes(20),
            max_node_provision_time: SimDuration::from_minutes(15),
            max_node_startup_time: SimDuration::from_minutes(15),
            ignore_daemonsets_utilization: false,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        const GIBIBYTE: i64 = 1 << 30;
        Self {
            scan_interval: SimDuration::from_secs(10),
            frequent_loops_enabled: true,
            capacity_buffer_controller_enabled: false,
            capacity_buffer_pod_injection_enabled: false,
            expander: vec![Expander::LeastWaste],
            balance_similar_node_groups: false,
            balancing_ignore_labels: Vec::new(),
            balancing_labels: Vec::new(),
            max_capacity_memory_difference_ratio: 0.015,
            max_allocatable_difference_ratio: 0.05,
            max_free_difference_ratio: 0.05,
            group: GroupOptions::default(),
            scale_down_enabled: true,
            scale_down_unready_enabled: true,
            scale_down_delay_after_add: SimDuration::from_minutes(10),
            scale_down_delay_after_delete: SimDuration::ZERO,
            scale_down_delay_after_failure: SimDuration::from_minutes(3),
            scale_down_delay_type_local: false,
            initial_node_group_backoff_duration: SimDuration::from_minutes(5),
            max_node_group_backoff_duration: SimDuration::from_minutes(30),
            node_group_backoff_reset_timeout: SimDuration::from_hours(3),
            unremovable_node_recheck_timeout: SimDuration::from_minutes(5),
            max_scale_down_parallelism: 10,
            max_drain_parallelism: 1,
            ok_total_unready_count: 3,
            max_total_unready_percentage: 45.0,
            max_bulk_soft_taint_count: 10,
            node_delete_delay_after_taint: SimDuration::from_secs(5),
            max_pod_eviction_time: SimDuration::from_minutes(2),
            max_graceful_termination: SimDuration::from_secs(600),
            max_nodes_total: 0,
            max_nodes_per_scaleup: 1000,
            cores_total: (0, 320_000),
            memory_total: (0, 6_400_000 * GIBIBYTE),
            enforce_node_group_min_size: false,
            scale_up_from_zero: true,
            expendable_pods_priority_cutoff: -10,
            new_pod_scale_up_delay: SimDuration::ZERO,
            fastpath_binpacking_enabled: false,
            force_daemon_sets: false,
            ignore_mirror_pods_utilization: false,
            cordon_node_before_terminating: true,
            daemonset_eviction_for_empty_nodes: false,
            daemonset_eviction_for_occupied_nodes: true,
            scale_from_unschedulable: false,
            startup_taints: Vec::new(),
            startup_taint_prefixes: Vec::new(),
            status_taints: Vec::new(),
            delete: DeleteOptions::default(),
        }
    }
}
