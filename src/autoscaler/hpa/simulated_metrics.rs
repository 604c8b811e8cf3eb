//! The metrics APIs of a run: what metrics-server has sampled of the simulated pods.

use super::{HpaPod, MetricsSource};
use crate::api::{Container, CrossVersionObjectReference, MetricIdentifier, MilliValue, Name};
use crate::autoscaler::metrics::{MetricsOutage, MetricsServer, PodMetric, ScrapeWindow};
use crate::cluster::{Cluster, PodId};
use crate::engine::scatter;
use crate::units::{Bytes, SimDuration, SimTime};

/// What the pods use, for the metrics pipeline to sample, and what the adapters of other metrics answer.
pub trait UsageSource {
    /// CPU time that a pod has used within a window; zero if nothing loads it.
    fn cpu_used(&self, pod: PodId, window: ScrapeWindow) -> SimDuration;
    /// Memory that a pod uses at a time.
    fn memory(&self, pod: PodId, time: SimTime) -> Bytes;
    /// The index among `spec.containers` of the container that uses all of it; `None` if nothing loads the pod.
    fn loaded_container(&self, pod: PodId) -> Option<usize>;
    /// A pod's value of a metric of `custom.metrics.k8s.io`; `None` if it has none.
    fn pods_metric(&self, pod: PodId, metric: &MetricIdentifier, cluster: &Cluster) -> Option<f64>;
    /// An object's value of a metric of `custom.metrics.k8s.io`; `None` if it has none.
    fn object_metric(
        &self,
        namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        now: SimTime,
    ) -> Option<f64>;
    /// The sum of the series of a metric of `external.metrics.k8s.io`; `None` if there is none.
    fn external_metric(&self, metric: &MetricIdentifier, now: SimTime) -> Option<f64>;
    /// Whether a metric of this name changes from one instant to the next, without being announced.
    fn is_moving(&self, name: &Name, now: SimTime) -> bool;
    /// Since when the containers of a pod have been running without a restart.
    fn running_since(&self, pod: PodId) -> Option<SimTime>;
}

/// The metrics APIs as one object sees them.
pub(super) struct SimulatedMetrics<'a, U> {
    /// What the pods use.
    pub usage: &'a U,
    /// Parameters of metrics-server.
    pub server: &'a MetricsServer,
    /// Times in which it has no answer.
    pub outages: &'a [MetricsOutage],
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The namespace of the object.
    pub namespace: &'a str,
    /// The selected pods.
    pub pods: &'a [PodId],
    /// The same as the controller sees them.
    pub views: &'a [HpaPod<'a>],
    /// Seed of the phases in which the kubelets look at the pods' containers.
    pub phases: u64,
    /// Now.
    pub now: SimTime,
}

impl<U: UsageSource> SimulatedMetrics<'_, U> {
    /// Whether a container of a pod uses what the pod uses; `None` if the pod has no such container.
    fn is_loaded(&self, pod: usize, container: &str) -> Option<bool> {
        let spec = self.views.get(pod)?.spec;
        let is_it = |candidate: &Container| *candidate.name == *container;
        match spec.containers.iter().position(is_it) {
            Some(index) => Some(self.usage.loaded_container(*self.pods.get(pod)?) == Some(index)),
            None => {
                spec.init_containers.iter().any(|candidate| candidate.is_sidecar && is_it(candidate)).then_some(false)
            }
        }
    }
}

impl<U: UsageSource> MetricsSource for SimulatedMetrics<'_, U> {
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric> {
        if self.outages.iter().any(|outage| outage.hides(resource, self.now)) {
            return None;
        }
        let id = *self.pods.get(pod)?;
        // A pod's usage is the sum over its containers: all but one use nothing.
        let is_loaded = container.map_or(Some(true), |container| self.is_loaded(pod, container))?;
        let phase = scatter(self.phases, id.index() as u64);
        let window = self.server.window(self.now, self.usage.running_since(id)?, phase)?;
        match resource {
            "cpu" => window.cpu(if is_loaded { self.usage.cpu_used(id, window) } else { SimDuration::ZERO }),
            "memory" => Some(window.memory(|time| if is_loaded { self.usage.memory(id, time) } else { Bytes::ZERO })),
            _ => None,
        }
    }

    fn pods_metric(&self, pod: usize, metric: &MetricIdentifier) -> Option<MilliValue> {
        let id = *self.pods.get(pod)?;
        self.usage.running_since(id)?;
        self.usage.pods_metric(id, metric, self.cluster).map(milli_value)
    }

    fn object_metric(&self, object: &CrossVersionObjectReference, metric: &MetricIdentifier) -> Option<MilliValue> {
        self.usage.object_metric(self.namespace, object, metric, self.now).map(milli_value)
    }

    fn external_metric(&self, metric: &MetricIdentifier) -> Option<MilliValue> {
        self.usage.external_metric(metric, self.now).map(milli_value)
    }
}

/// An amount in whole thousandths, the nearest.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
fn milli_value(value: f64) -> MilliValue {
    MilliValue::new((value * 1000.0).round() as i64)
}
