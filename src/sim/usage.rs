//! What the metrics pipeline measures of pods: what their traffic makes them use, and what they use over time besides.

use crate::api::{CrossVersionObjectReference, MetricIdentifier, Name};
use crate::autoscaler::hpa::UsageSource;
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::{Cluster, PodId, WorkloadId};
use crate::kubelet::controller::Kubelets;
use crate::units::{Bytes, SimDuration, SimTime};
use crate::workload::metric_sources::MetricSources;
use crate::workload::traffic::Traffic;
use crate::workload::usage::UsageOverTime;

/// What pods use: their traffic, and their kubelet's word on when they started.
pub struct Usage<'a> {
    /// The traffic.
    pub traffic: &'a Traffic,
    /// What pods use over time without requests.
    pub over_time: &'a UsageOverTime,
    /// The metrics that the scenario gives.
    pub metrics: &'a MetricSources,
    /// The kubelets.
    pub kubelets: &'a Kubelets,
}

impl Usage<'_> {
    /// Whether a container, or any if none is named, uses what the traffic makes its pod use.
    fn is_loaded(&self, pod: PodId, container: Option<usize>) -> bool {
        container.is_none_or(|container| self.traffic.loaded_container(pod) == Some(container))
    }
}

impl UsageSource for Usage<'_> {
    fn cpu_used(&self, pod: PodId, container: Option<usize>, window: ScrapeWindow, cluster: &Cluster) -> SimDuration {
        let (from, to) = (window.previous, window.last);
        let served = if self.is_loaded(pod, container) { self.traffic.cpu_used(pod, from, to) } else { None };
        let used = served.unwrap_or_default() + self.over_time.cpu_used(pod, container, from, to, cluster);
        // Millicore-nanoseconds to seconds of CPU time.
        SimDuration::from_secs_f64(used / 1e12)
    }

    fn memory(&self, pod: PodId, container: Option<usize>, time: SimTime, cluster: &Cluster) -> Bytes {
        let served = if self.is_loaded(pod, container) { self.traffic.memory(pod, time) } else { None };
        served.unwrap_or_default() + self.over_time.memory(pod, container, time, cluster)
    }

    fn varies(&self, workload: WorkloadId) -> bool {
        self.over_time.varies(workload)
    }

    fn pods_metric(&self, pod: PodId, metric: &MetricIdentifier, cluster: &Cluster) -> Option<f64> {
        self.metrics.pods_metric(pod, metric, self.traffic, cluster)
    }

    fn object_metric(
        &self,
        namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        now: SimTime,
    ) -> Option<f64> {
        self.metrics.object_metric(namespace, object, metric, self.traffic, now)
    }

    fn external_metric(&self, metric: &MetricIdentifier, now: SimTime) -> Option<f64> {
        self.metrics.external_metric(metric, self.traffic, now)
    }

    fn is_moving(&self, name: &Name, now: SimTime) -> bool {
        self.metrics.is_moving(name, now)
    }

    fn running_since(&self, pod: PodId) -> Option<SimTime> {
        self.kubelets.running_since(pod)
    }
}
