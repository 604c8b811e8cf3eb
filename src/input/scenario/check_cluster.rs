//! Rules for the cluster: node pools and control plane.

use super::check::Checker;
use super::control_plane::ControlPlane;
use super::leaf::{Amount, Duration};
use super::nodes::MAX_NODES;
use super::spec::NodePool;
use crate::api::{Quantity, ResourceList, is_resource_name};
use crate::input::Severity;
use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::similar::{Tolerance, nearest};
use std::collections::BTreeMap;

impl Checker<'_> {
    /// Node pools.
    pub fn check_node_pools(&mut self, path: &FieldPathBuf, pools: &mut [NodePool]) {
        let names = pools.iter().enumerate().map(|(index, pool)| (path.index(index).key("name"), pool.name.clone()));
        self.require_unique("pool", names.collect::<Vec<_>>());
        let total: u64 = pools.iter().map(|pool| u64::from(pool.count)).sum();
        self.require(
            total <= MAX_NODES,
            path.clone(),
            format!("has {total} nodes in all (expected at most {MAX_NODES})"),
        );
        for (index, pool) in pools.iter_mut().enumerate() {
            let path = path.index(index);
            self.require_name(path.key("name"), &pool.name);
            self.fill_from_catalogue(&path, pool);
            self.check_node_resources(&path, &pool.capacity, &pool.allocatable);
            self.check_node_group(&path, pool);
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

    /// What a node has and offers.
    pub fn check_node_resources(
        &mut self,
        path: &FieldPathBuf,
        capacity: &BTreeMap<String, Amount>,
        allocatable: &BTreeMap<String, Amount>,
    ) {
        self.check_resource_names(&path.key("capacity"), capacity);
        for (field, amounts) in [("capacity", capacity), ("allocatable", allocatable)] {
            for (name, amount) in amounts {
                let path = path.key(field).key(name);
                let is_whole = name == "cpu" || amount.get().milli_value() % 1000 == 0;
                self.require(is_whole, path.clone(), format!("`{amount}` is not a whole number of units"));
                let is_name = !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/'));
                self.require(is_name, path, format!("`{name}` is not a resource name"));
            }
        }
        for (name, amount) in allocatable {
            let path = path.key("allocatable").key(name);
            match capacity.get(name) {
                Some(most) => {
                    self.require(amount <= most, path, format!("`{amount}` is above the capacity of `{most}`"));
                }
                None if name == "pods" => {}
                None => self.error(path, format!("`{name}` is not in `capacity`")),
            }
        }
    }

    /// A pool that does not say what its nodes have takes it from the catalogues.
    fn fill_from_catalogue(&self, path: &FieldPathBuf, pool: &mut NodePool) {
        if self.is_damaged(&path.key("capacity")) || !pool.capacity.is_empty() {
            return;
        }
        let (name, region) = (pool.instance_type.as_deref().unwrap_or(""), pool.region.as_deref().unwrap_or(""));
        let listed = self.catalogue.find(name, region).or_else(|| self.catalogue.find(name, ""));
        if let Some(instance_type) = listed.filter(|_| !name.is_empty()) {
            pool.capacity = amounts(&instance_type.capacity);
            let given = std::mem::replace(&mut pool.allocatable, amounts(&instance_type.allocatable));
            pool.allocatable.extend(given);
            pool.architecture.get_or_insert_with(|| instance_type.architecture.to_string());
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

/// A resource list as a scenario writes it.
fn amounts(list: &ResourceList) -> BTreeMap<String, Amount> {
    let whole = |units: i64| Amount::from_quantity(Quantity::from_units(units));
    let named = [
        ("cpu", list.cpu.map(|cpu| Amount::from_quantity(Quantity::from_millis(cpu.get())))),
        ("memory", list.memory.map(|memory| whole(memory.get()))),
        ("ephemeral-storage", list.ephemeral_storage.map(|storage| whole(storage.get()))),
        ("pods", list.pods.map(whole)),
    ];
    let named = named.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount?)));
    named.chain(list.scalar.iter().map(|(name, units)| (name.to_string(), whole(*units)))).collect()
}
