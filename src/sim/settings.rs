//! Turns a scenario's settings into those of the controllers, the scheduler, the kubelets and the autoscalers.

use crate::api::{ConfigKind, DefaultTolerationSeconds, Name, Taint};
use crate::autoscaler::hpa::HpaConfig;
use crate::autoscaler::hpa::controller::HpaController;
use crate::autoscaler::karpenter::controller::settings::KarpenterSettings;
use crate::autoscaler::karpenter::options::{MinValuesPolicy, PreferencePolicy, Version as KarpenterVersion};
use crate::autoscaler::keda::controller::KedaController;
use crate::autoscaler::metrics::{MetricsOutage, MetricsServer};
use crate::cluster::{GroupBounds, NodeGroup};
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::job::rules::JobRules;
use crate::controllers::node_lifecycle::zones::{EvictionConfig, EvictionRate};
use crate::controllers::stateful_set::rules::StatefulSetRules;
use crate::engine::{Latency, LatencyDistribution, RandomStreams};
use crate::input::catalogue::{Catalogue, NodeTraits};
use crate::input::scenario::{self, Delay, MAX_PODS, MetricResource, ScenarioSpec, resource_list};
use crate::kubelet::controller::KubeletSettings;
use crate::network::requests::Requests;
use crate::scheduler::{RateLimit, SchedulerTiming};
use crate::units::{NanoDollars, SimDuration, SimTime};
use crate::workload::traffic::Traffic;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Time that the kubelet of a machine that was down needs until it reports: an assumption (a virtual machine that boots
/// and starts its services).
pub const BOOT_DELAY: SimDuration = SimDuration::from_secs(30);
/// Time that a container takes to end after its termination signal, unless its pod says otherwise: an assumption (a
/// server that handles SIGTERM).
const STOP_DELAY: SimDuration = SimDuration::from_secs(1);

/// A delay of the control plane, scaled.
fn latency(scale: f64, delay: Delay) -> LatencyDistribution {
    let [median, p99] = delay.percentiles();
    LatencyDistribution::new(median, p99).scaled(scale)
}

/// How long pods that do not say tolerate a node that is not ready or unreachable.
pub fn default_toleration_seconds(spec: &ScenarioSpec) -> DefaultTolerationSeconds {
    let server = &spec.control_plane.api_server;
    DefaultTolerationSeconds {
        not_ready: SimDuration::from_secs(i64::from(server.default_not_ready_toleration_seconds)),
        unreachable: SimDuration::from_secs(i64::from(server.default_unreachable_toleration_seconds)),
    }
}

/// The midnight (UTC) at or before the start of the run.
pub fn midnight(spec: &ScenarioSpec) -> SimTime {
    let seconds = spec.start.map_or(0, |start| start.get().as_second());
    SimTime::ZERO - SimDuration::from_secs(seconds.rem_euclid(86_400))
}

/// The calendar time of simulated time zero; without `spec.start` the midnight (UTC) of Thursday, 1 January 1970.
pub fn calendar_start(spec: &ScenarioSpec) -> Timestamp {
    spec.start.map_or(Timestamp::UNIX_EPOCH, scenario::CalendarTime::get)
}

/// The controller manager started at any time up to this long before the run, where the scenario does not say when: a multiple
/// of the period of each of its loops.
const LONGEST_SINCE_START: SimDuration = SimDuration::from_minutes(60);

/// Settings of the controllers.
pub fn controller_settings(spec: &ScenarioSpec, streams: RandomStreams) -> ControllerSettings {
    let latencies = &spec.control_plane.latency;
    let manager = &spec.control_plane.controller_manager;
    let kubelet = &spec.control_plane.kubelet;
    let started = match manager.started_before {
        Some(before) => SimTime::ZERO - before.get(),
        None => SimTime::ZERO - streams.phase("phase/controller-manager", LONGEST_SINCE_START),
    };
    ControllerSettings {
        streams,
        started,
        controller_sync: latency(latencies.scale, latencies.controller_sync),
        deployment_sync: latency(latencies.scale, latencies.deployment_sync),
        next_write: latency(latencies.scale, latencies.next_write),
        resource_quota_sync: latency(latencies.scale, latencies.resource_quota_sync),
        endpoint_slices: spec.traffic.iter().any(scenario::Traffic::is_routed_by_services),
        endpoint_ready: latency(latencies.scale, latencies.endpoint_ready),
        endpoint_removal: latency(latencies.scale, latencies.endpoint_removal),
        force_detach_on_timeout: !manager.disable_force_detach_on_timeout,
        client_interval: client_interval(manager.kube_api_qps, latencies.scale),
        client_burst: manager.kube_api_burst,
        node_monitor_period: manager.node_monitor_period.get(),
        node_monitor_grace_period: manager.node_monitor_grace_period.get(),
        lease_renewal_period: SimDuration::from_secs(i64::from(kubelet.node_lease_duration_seconds)) / 4,
        eviction: EvictionConfig {
            node_eviction_rate: eviction_rate(manager.node_eviction_rate),
            secondary_node_eviction_rate: eviction_rate(manager.secondary_node_eviction_rate),
            unhealthy_zone_threshold_percent: percent(manager.unhealthy_zone_threshold),
            large_cluster_size_threshold: manager.large_cluster_size_threshold,
        },
        pod_gc_period: manager.pod_gc_period.get(),
        calendar_start: calendar_start(spec),
        job: JobRules::of(spec.kubernetes_version),
        stateful_set: StatefulSetRules::of(
            spec.kubernetes_version,
            spec.control_plane.feature_gates.max_unavailable_stateful_set,
        ),
        terminated_pod_gc_threshold: i32::try_from(manager.terminated_pod_gc_threshold).unwrap_or(i32::MAX),
    }
}

/// Time in which a client may send one more request; none in an instantaneous control plane.
fn client_interval(per_second: f64, scale: f64) -> SimDuration {
    if scale <= 0.0 || per_second <= 0.0 { SimDuration::ZERO } else { SimDuration::from_secs_f64(1.0 / per_second) }
}

/// Nodes per second as a rate.
fn eviction_rate(per_second: f64) -> EvictionRate {
    if per_second <= 0.0 {
        EvictionRate::Stopped
    } else {
        EvictionRate::OnePer(SimDuration::from_secs_f64(1.0 / per_second))
    }
}

/// A share in whole percents.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share between 0 and 1")]
fn percent(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u32
}

/// What the drivers of volumes do.
pub fn storage(spec: &ScenarioSpec) -> scenario::Storage {
    let mut storage = spec.storage.clone();
    if let Some(provisioning) = spec.control_plane.controller_manager.volume_provisioning {
        storage.provision = scenario::Distribution::Fixed(provisioning);
    }
    storage
}

/// Delays of the scheduler.
pub fn scheduler_timing(spec: &ScenarioSpec, streams: RandomStreams) -> SchedulerTiming {
    let latencies = &spec.control_plane.latency;
    let created_to_bound = latency(latencies.scale, latencies.create_to_bound);
    SchedulerTiming::new(Latency::new(created_to_bound, streams, "latency/scheduler"))
}

/// The scheduler's client.
pub fn scheduler_client(spec: &ScenarioSpec) -> Client {
    let scheduler = &spec.control_plane.scheduler;
    let interval = client_interval(scheduler.qps, spec.control_plane.latency.scale);
    Client(TokenBucket::new(interval, scheduler.burst))
}

/// A rate-limited client.
#[derive(Debug)]
pub struct Client(TokenBucket);

impl RateLimit for Client {
    fn take(&mut self, now: SimTime) -> SimTime {
        self.0.take(now)
    }
}

/// Delays of the kubelets, and the kinds of objects that pods wait for.
pub fn kubelet_settings(spec: &ScenarioSpec, awaited: BTreeSet<ConfigKind>) -> KubeletSettings {
    let latencies = &spec.control_plane.latency;
    let bound_to_running = latency(latencies.scale, latencies.bound_to_running);
    let frequency = spec.control_plane.kubelet.node_status_update_frequency.get();
    let node_status_update_frequency = if latencies.scale <= 0.0 { SimDuration::ZERO } else { frequency };
    KubeletSettings { bound_to_running, stop_delay: STOP_DELAY, node_status_update_frequency, awaited }
}

/// The traffic that is a fluid; what a pod used is asked for `reach` back at most.
pub fn traffic(spec: &ScenarioSpec, reach: SimDuration, streams: RandomStreams) -> Traffic {
    let end = SimTime::ZERO + spec.duration.get();
    Traffic::new(&spec.traffic, (midnight(spec), end), reach, streams)
}

/// The traffic that is played request by request; what a pod used is asked for `reach` back at most.
pub fn requests(spec: &ScenarioSpec, reach: SimDuration, interval: SimDuration, streams: RandomStreams) -> Requests {
    let end = SimTime::ZERO + spec.duration.get();
    Requests::new(&spec.traffic, midnight(spec), end, reach, interval, streams)
}

/// Parameters of the HorizontalPodAutoscaler controller.
pub fn hpa_config(spec: &ScenarioSpec) -> HpaConfig {
    let manager = &spec.control_plane.controller_manager;
    HpaConfig {
        sync_period: manager.horizontal_pod_autoscaler_sync_period.get(),
        downscale_stabilization: manager.horizontal_pod_autoscaler_downscale_stabilization.get(),
        tolerance: manager.horizontal_pod_autoscaler_tolerance,
        cpu_initialization_period: manager.horizontal_pod_autoscaler_cpu_initialization_period.get(),
        initial_readiness_delay: manager.horizontal_pod_autoscaler_initial_readiness_delay.get(),
        ..HpaConfig::of(spec.kubernetes_version, spec.control_plane.feature_gates.hpa_scale_to_zero)
    }
}

/// The HorizontalPodAutoscaler controller, without objects.
pub fn hpa_controller(spec: &ScenarioSpec, streams: RandomStreams) -> HpaController {
    let latencies = &spec.control_plane.latency;
    let sync = latency(latencies.scale, latencies.horizontal_pod_autoscaler_sync);
    let sync = Latency::new(sync, streams, "latency/horizontal-pod-autoscaler");
    let controller = HpaController::new(hpa_config(spec), metrics_server(spec, streams), sync, streams);
    controller.with_outages(metrics_outages(spec))
}

/// KEDA, without ScaledObjects. Its operator sees a change as fast as a controller of kube-controller-manager does.
pub fn keda_controller(spec: &ScenarioSpec, streams: RandomStreams) -> KedaController {
    let latencies = &spec.control_plane.latency;
    let sync = latency(latencies.scale, latencies.controller_sync);
    KedaController::new(Latency::new(sync, streams, "latency/keda"), calendar_start(spec), streams)
}

/// Times in which metrics-server has no answer.
pub fn metrics_outages(spec: &ScenarioSpec) -> Vec<MetricsOutage> {
    let outage = |outage: &scenario::MetricsOutage| {
        let from = SimTime::ZERO + outage.at.get();
        let until = outage.duration.map(|duration| from + duration.get());
        MetricsOutage { from, until, resource: outage.resource.map(MetricResource::as_str) }
    };
    spec.control_plane.metrics_server.outages.iter().map(outage).collect()
}

/// Settings of Karpenter.
pub fn karpenter(spec: &ScenarioSpec, streams: RandomStreams) -> KarpenterSettings {
    let given = spec.karpenter.clone().unwrap_or_default();
    KarpenterSettings {
        version: match given.version {
            scenario::KarpenterVersion::V1_13 => KarpenterVersion::V1_13,
            scenario::KarpenterVersion::V1_14 => KarpenterVersion::V1_14,
        },
        batch_idle: given.batch_idle_duration.get(),
        batch_max: given.batch_max_duration.get(),
        preference_policy: match given.preference_policy {
            scenario::PreferencePolicy::Respect => PreferencePolicy::Respect,
            scenario::PreferencePolicy::Ignore => PreferencePolicy::Ignore,
        },
        min_values_policy: match given.min_values_policy {
            scenario::MinValuesPolicy::Strict => MinValuesPolicy::Strict,
            scenario::MinValuesPolicy::BestEffort => MinValuesPolicy::BestEffort,
        },
        spot_to_spot_consolidation: given.feature_gates.spot_to_spot_consolidation,
        reserved_capacity: given.feature_gates.reserved_capacity,
        capacity_buffer: given.feature_gates.capacity_buffer,
        static_capacity: given.feature_gates.static_capacity,
        startup_taints_removed_after: given.startup_taints_removed_after.get(),
        calendar_start: calendar_start(spec),
        streams,
    }
}

/// The metrics pipeline. The scrapes have a phase of their own.
pub fn metrics_server(spec: &ScenarioSpec, streams: RandomStreams) -> MetricsServer {
    let metric_resolution = spec.control_plane.metrics_server.metric_resolution.get();
    MetricsServer {
        metric_resolution,
        instantaneous: spec.control_plane.metrics_server.instantaneous,
        first_scrape: SimTime::ZERO + streams.phase("phase/metrics-server", metric_resolution),
        housekeeping_interval: spec.control_plane.kubelet.housekeeping_interval.get(),
        ..MetricsServer::default()
    }
}

/// A taint.
fn taint(entry: &scenario::TaintEntry) -> Taint {
    Taint {
        key: Name::from(entry.key.as_str()),
        value: Name::from(entry.value.as_str()),
        effect: entry.effect.into(),
        time_added: None,
    }
}

/// A node pool.
pub fn node_group(pool: &scenario::NodePool, catalogue: &Catalogue) -> NodeGroup {
    let mut capacity = resource_list(&pool.capacity);
    capacity.pods.get_or_insert(i64::from(MAX_PODS));
    let mut offered = pool.capacity.clone();
    offered.extend(pool.allocatable.iter().map(|(name, amount)| (name.clone(), *amount)));
    let mut allocatable = resource_list(&offered);
    allocatable.pods = allocatable.pods.or(capacity.pods);
    NodeGroup {
        zones: pool.zones.iter().map(|zone| Name::from(zone.as_str())).collect(),
        region: Name::from(pool.region.as_deref().unwrap_or("")),
        instance_type: Name::from(pool.instance_type.as_deref().unwrap_or("")),
        labels: pool.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        taints: pool.taints.iter().map(taint).collect(),
        capacity,
        allocatable,
        price_per_hour: pool.price_per_hour.map(NanoDollars::from_dollars).or_else(|| listed_price(pool, catalogue)),
        architecture: Name::from(pool.architecture.as_deref().unwrap_or("amd64")),
        capacity_type: pool.capacity_type.into(),
        bounds: pool.max.map(|max| GroupBounds { min: pool.min.unwrap_or(0), max }),
        ..NodeGroup::new(Name::from(pool.name.as_str()))
    }
}

/// The price of a pool's instance type in the catalogues.
fn listed_price(pool: &scenario::NodePool, catalogue: &Catalogue) -> Option<NanoDollars> {
    let labels = pool.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let traits = NodeTraits {
        instance_type: Name::from(pool.instance_type.as_deref()?),
        region: Name::from(pool.region.as_deref().unwrap_or("")),
        zone: Name::from(pool.zones.first().map_or("", String::as_str)),
        ..NodeTraits::of(&Name::default(), &labels)
    };
    catalogue.price(&traits).ok()
}

/// The nodes of a scenario's pools at its start.
#[must_use]
pub fn starting_nodes(scenario: &scenario::Scenario) -> Vec<crate::api::Node> {
    let mut nodes = Vec::new();
    for pool in &scenario.spec.node_pools {
        let mut made = node_group(pool, &scenario.catalogue);
        nodes.extend((0..pool.count).map(|_| made.next_node()));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::{LoadOptions, load_text};
    use std::path::Path;

    #[test]
    fn the_day_begins_before_the_run() {
        let cases = [
            ("", 0, "not pinned to the calendar"),
            ("start: \"2026-11-27T00:00:00Z\"", 0, "midnight"),
            ("start: \"2026-11-27T06:30:00+01:00\"", -(5 * 3600 + 1800), "05:30 UTC"),
        ];
        for (start, seconds, why) in cases {
            let text = format!(
                "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: x}}\nspec:\n  duration: 10h\n  {start}\n  \
                 nodePools: [{{name: p, count: 2, capacity: {{cpu: 4, memory: 8Gi}}}}]\n"
            );
            let scenario = load_text(&text, Path::new("x.yaml"), &LoadOptions::default()).expect("a scenario");
            assert_eq!(midnight(&scenario.spec), SimTime::from_secs(seconds), "{why}");
        }
    }
}
