//! What the metrics pipeline measures of pods.

use crate::api::{CrossVersionObjectReference, MetricIdentifier, Name};
use crate::autoscaler::hpa::UsageSource;
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::{Cluster, PodId};
use crate::kubelet::controller::Kubelets;
use crate::units::{Bytes, SimDuration, SimTime};
use crate::workload::metric_sources::MetricSources;
use crate::workload::traffic::Traffic;

/// What pods use: their traffic, and their kubelet's word on when they started.
pub struct Usage<'a> {
    /// The traffic.
    pub traffic: &'a Traffic,
    /// The metrics that the scenario gives.
    pub metrics: &'a MetricSources,
    /// The kubelets.
    pub kubelets: &'a Kubelets,
}

impl UsageSource for Usage<'_> {
    fn cpu_used(&self, pod: PodId, window: ScrapeWindow) -> SimDuration {
        // Millicore-nanoseconds to seconds of CPU time.
        let used = self.traffic.cpu_used(pod, window.previous, window.last).unwrap_or_default();
        SimDuration::from_secs_f64(used / 1e12)
    }

    fn loaded_container(&self, pod: PodId) -> Option<usize> {
        self.traffic.loaded_container(pod)
    }

    fn memory(&self, pod: PodId, time: SimTime) -> Bytes {
        self.traffic.memory(pod, time).unwrap_or_default()
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
