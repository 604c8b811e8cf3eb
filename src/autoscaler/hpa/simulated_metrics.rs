//! The metrics APIs of a run: what metrics-server has sampled of the simulated pods.

use super::alike_pods::AlikeGroup;
use super::usage_source::UsageSource;
use super::{HpaPod, MetricsSource};
use crate::api::{Container, CrossVersionObjectReference, MetricIdentifier, MilliValue, PodSpec};
use crate::autoscaler::metrics::{MetricsOutage, MetricsServer, PodMetric, ScrapeWindow};
use crate::cluster::{Cluster, PodId};
use crate::engine::scatter;
use crate::units::{Bytes, SimDuration, SimTime};

/// What of a pod a metric is of.
#[derive(Clone, Copy)]
enum Measured {
    /// The sum over its containers.
    All,
    /// One of `spec.containers`.
    Container(usize),
    /// A sidecar among the init containers, which uses nothing.
    Sidecar,
}

impl Measured {
    /// What the container, or all of them, use; `None` of one that uses nothing.
    fn map<T>(self, used: impl FnOnce(Option<usize>) -> T) -> Option<T> {
        match self {
            Self::All => Some(used(None)),
            Self::Container(index) => Some(used(Some(index))),
            Self::Sidecar => None,
        }
    }
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
    /// The pods that are taken together, with their spec.
    pub alike: &'a [(&'a PodSpec, &'a AlikeGroup)],
    /// Seed of the phases in which the kubelets look at the pods' containers.
    pub phases: u64,
    /// Now.
    pub now: SimTime,
}

impl<U: UsageSource> SimulatedMetrics<'_, U> {
    /// Whether metrics-server has no answer about a resource.
    fn is_hidden(&self, resource: &str) -> bool {
        self.outages.iter().any(|outage| outage.hides(resource, self.now))
    }
}

/// Which of a spec's containers a metric is of; `None` if it has no such container.
fn measured(spec: &PodSpec, container: Option<&str>) -> Option<Measured> {
    let Some(container) = container else { return Some(Measured::All) };
    let is_it = |candidate: &Container| *candidate.name == *container;
    match spec.containers.iter().position(is_it) {
        Some(index) => Some(Measured::Container(index)),
        None => {
            let mut sidecars = spec.init_containers.iter().filter(|candidate| candidate.is_sidecar);
            sidecars.any(is_it).then_some(Measured::Sidecar)
        }
    }
}

impl<U: UsageSource> MetricsSource for SimulatedMetrics<'_, U> {
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric> {
        if self.is_hidden(resource) {
            return None;
        }
        let id = *self.pods.get(pod)?;
        let container = measured(self.views.get(pod)?.spec, container)?;
        let phase = scatter(self.phases, id.index() as u64);
        let window = self.server.window(self.now, self.usage.running_since(id)?, phase)?;
        match resource {
            "cpu" => {
                let used = container.map(|container| self.usage.cpu_used(id, container, window, self.cluster));
                window.cpu(used.unwrap_or(SimDuration::ZERO))
            }
            "memory" => {
                let used = |time| container.map(|container| self.usage.memory(id, container, time, self.cluster));
                Some(window.memory(|time| used(time).unwrap_or(Bytes::ZERO)))
            }
            _ => None,
        }
    }

    fn alike_resource(&self, alike: usize, resource: &str, container: Option<&str>) -> Option<MilliValue> {
        if self.is_hidden(resource) {
            return None;
        }
        let (spec, group) = *self.alike.get(alike)?;
        let container = measured(spec, container)?;
        let share = group.share;
        match resource {
            "cpu" => {
                let used = |window| container.map(|container| self.usage.cpu_used_by_each(share, container, window));
                let value = |window: ScrapeWindow| window.cpu(used(window).unwrap_or(SimDuration::ZERO));
                let steady_since = self.usage.steady_since(share);
                group.sum(self.server, self.now, steady_since, value)
            }
            "memory" => {
                let used = |time| container.map(|container| self.usage.memory_of_each(share, container, time));
                let value = |window: ScrapeWindow| Some(window.memory(|time| used(time).unwrap_or(Bytes::ZERO)));
                let steady_since = self.usage.steady_since(share);
                group.sum(self.server, self.now, steady_since, value)
            }
            _ => None,
        }
    }

    fn pods_metric(&self, pod: usize, metric: &MetricIdentifier) -> Option<MilliValue> {
        let id = *self.pods.get(pod)?;
        self.usage.running_since(id)?;
        self.usage.pods_metric(id, metric, self.cluster, self.now).map(milli_value)
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
