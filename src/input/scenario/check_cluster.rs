//! Rules for the cluster: node pools and control plane.

use super::check::Checker;
use super::control_plane::ControlPlane;
use super::leaf::{Amount, Duration};
use super::nodes::MAX_NODES;
use super::spec::NodePool;
use crate::api::is_resource_name;
use crate::input::Severity;
use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::similar::{Tolerance, nearest};
use std::collections::BTreeMap;

impl Checker<'_> {
    /// Node pools.
    pub fn check_node_pools(&mut self, path: &FieldPathBuf, pools: &[NodePool]) {
        let names = pools.iter().enumerate().map(|(index, pool)| (path.index(index).key("name"), pool.name.clone()));
        self.require_unique("pool", names.collect::<Vec<_>>());
        let total: u64 = pools.iter().map(|pool| u64::from(pool.count)).sum();
        self.require(
            total <= MAX_NODES,
            path.clone(),
            format!("has {total} nodes in all (expected at most {MAX_NODES})"),
        );
        for (index, pool) in pools.iter().enumerate() {
            let path = path.index(index);
            self.require_name(path.key("name"), &pool.name);
            self.check_resource_names(&path.key("capacity"), &pool.capacity);
            let zones =
                pool.zones.iter().enumerate().map(|(index, zone)| (path.key("zones").index(index), zone.clone()));
            self.require_unique("zone", zones.collect::<Vec<_>>());
            for (index, zone) in pool.zones.iter().enumerate() {
                self.require(
                    !zone.is_empty(),
                    path.key("zones").index(index),
                    "is empty (expected the name of a zone)",
                );
            }
            for (field, amounts) in [("capacity", &pool.capacity), ("allocatable", &pool.allocatable)] {
                for (name, amount) in amounts {
                    let path = path.key(field).key(name);
                    let is_whole = name == "cpu" || amount.get().milli_value() % 1000 == 0;
                    self.require(is_whole, path.clone(), format!("`{amount}` is not a whole number of units"));
                    let is_name = !name.is_empty()
                        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/'));
                    self.require(is_name, path, format!("`{name}` is not a resource name"));
                }
            }
            for (name, amount) in &pool.allocatable {
                let path = path.key("allocatable").key(name);
                match pool.capacity.get(name) {
                    Some(capacity) => {
                        self.require(
                            amount <= capacity,
                            path,
                            format!("`{amount}` is above the capacity of `{capacity}`"),
                        );
                    }
                    None if name == "pods" => {}
                    None => self.error(path, format!("`{name}` is not in `capacity`")),
                }
            }
            if let Some(price) = pool.price_per_hour {
                self.require_price(path.key("pricePerHour"), price);
            }
            let taints =
                pool.taints.iter().enumerate().map(|(index, taint)| {
                    (path.key("taints").index(index), format!("{}:{:?}", taint.key, taint.effect))
                });
            self.require_unique("taint", taints.collect::<Vec<_>>());
            for (index, taint) in pool.taints.iter().enumerate() {
                self.require(!taint.key.is_empty(), path.key("taints").index(index).key("key"), "is empty");
            }
        }
    }

    /// The resources of a node: those that every node has, and none that no pod can request.
    fn check_resource_names(&mut self, path: &FieldPathBuf, capacity: &BTreeMap<String, Amount>) {
        let unknown: Vec<(&str, Option<&str>)> = capacity
            .keys()
            .filter(|name| !is_resource_name(name))
            .map(|name| (name.as_str(), nearest(name, ["cpu", "memory", "pods", "ephemeral-storage"], Tolerance::Wide)))
            .collect();
        for resource in ["cpu", "memory"] {
            if !capacity.contains_key(resource) {
                let meant = unknown.iter().find(|(_, like)| *like == Some(resource));
                let hint = meant.map(|(name, _)| format!("did you mean `{resource}` where it says `{name}`?"));
                self.note(Severity::Error, path.clone(), format!("`{resource}` is missing"), hint);
            }
        }
        for (name, like) in unknown {
            let message = format!("`{name}` is no resource that a pod can request");
            let hint = like.map(|like| format!("did you mean `{like}`?"));
            self.note(Severity::Warning, path.key(name), message, hint);
        }
    }

    /// Delays, rate limits and periods.
    pub fn check_control_plane(&mut self, path: &FieldPathBuf, control_plane: &ControlPlane) {
        let scale = control_plane.latency.scale;
        self.require_not_negative(path.key("latency").key("scale"), scale);
        let latency = &control_plane.latency;
        for (field, delay) in [
            ("createToBound", latency.create_to_bound),
            ("boundToRunning", latency.bound_to_running),
            ("controllerSync", latency.controller_sync),
            ("deploymentSync", latency.deployment_sync),
            ("nextWrite", latency.next_write),
            ("horizontalPodAutoscalerSync", latency.horizontal_pod_autoscaler_sync),
            ("resourceQuotaSync", latency.resource_quota_sync),
            ("endpointReady", latency.endpoint_ready),
            ("endpointRemoval", latency.endpoint_removal),
        ] {
            let [p50, p99] = delay.percentiles();
            self.require(p50 <= p99, path.key("latency").key(field).key("p99"), "is below `p50`");
        }
        let manager = &control_plane.controller_manager;
        let at = path.key("controllerManager");
        for (field, period) in [
            ("nodeMonitorPeriod", manager.node_monitor_period),
            ("nodeMonitorGracePeriod", manager.node_monitor_grace_period),
            ("horizontalPodAutoscalerSyncPeriod", manager.horizontal_pod_autoscaler_sync_period),
            ("podGcPeriod", manager.pod_gc_period),
        ] {
            self.require(period > Duration::ZERO, at.key(field), "is zero (expected a time above zero)");
        }
        let resolution = control_plane.metrics_server.metric_resolution;
        let path_of_resolution = path.key("metricsServer").key("metricResolution");
        self.require(resolution > Duration::ZERO, path_of_resolution, "is zero (expected a time above zero)");
        self.require_positive(at.key("kubeApiQps"), manager.kube_api_qps);
        self.require(manager.kube_api_burst > 0, at.key("kubeApiBurst"), "is zero: no request could be sent");
        self.require_not_negative(at.key("nodeEvictionRate"), manager.node_eviction_rate);
        self.require_not_negative(at.key("secondaryNodeEvictionRate"), manager.secondary_node_eviction_rate);
        let threshold = manager.unhealthy_zone_threshold;
        let message = format!("`{threshold}` is not a share (expected 0 to 1)");
        self.require((0.0..=1.0).contains(&threshold), at.key("unhealthyZoneThreshold"), message);
        self.require_not_negative(
            at.key("horizontalPodAutoscalerTolerance"),
            manager.horizontal_pod_autoscaler_tolerance,
        );
        self.require_positive(path.key("scheduler").key("qps"), control_plane.scheduler.qps);
        let burst = path.key("scheduler").key("burst");
        self.require(control_plane.scheduler.burst > 0, burst, "is zero: no request could be sent");
        let lease = control_plane.kubelet.node_lease_duration_seconds;
        let path = path.key("kubelet").key("nodeLeaseDurationSeconds");
        self.require(lease > 0, path.clone(), "is zero (expected at least 1)");
        let grace = manager.node_monitor_grace_period.get().as_secs_f64();
        self.require(
            f64::from(lease) / 4.0 < grace,
            path,
            "a quarter of it, the time between two renewals, is not below `controllerManager.nodeMonitorGracePeriod`: healthy nodes would become Unknown",
        );
    }
}
