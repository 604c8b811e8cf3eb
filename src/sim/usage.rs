//! What the metrics pipeline measures of pods: what their traffic makes them use, and what they use over time besides.

use crate::api::{CrossVersionObjectReference, MetricIdentifier, Name};
use crate::autoscaler::hpa::{LoadShare, UsageSource};
use crate::autoscaler::keda::controller::{AskedTrigger, ToldMetric, TriggerSources};
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::{Cluster, PodId, WorkloadId};
use crate::kubelet::controller::Kubelets;
use crate::network::requests::Requests;
use crate::units::{Bytes, SimDuration, SimTime};
use crate::workload::metric_sources::{MetricSources, RequestRates};
use crate::workload::traffic::{Share, Traffic};
use crate::workload::usage::UsageOverTime;

/// What pods use: their traffic, and their kubelet's word on when they started.
pub struct Usage<'a> {
    /// The traffic.
    pub traffic: &'a Traffic,
    /// The traffic that is played request by request.
    pub requests: &'a Requests,
    /// What pods use over time without requests.
    pub over_time: &'a UsageOverTime,
    /// The metrics that the scenario gives.
    pub metrics: &'a MetricSources,
    /// The kubelets.
    pub kubelets: &'a Kubelets,
    /// What KEDA's adapter answers to the HorizontalPodAutoscaler that asks.
    pub told: &'a [ToldMetric],
}

impl RequestRates for Usage<'_> {
    fn rate(&self, entry: usize) -> f64 {
        self.requests.rate(entry).unwrap_or_else(|| self.traffic.rate(entry))
    }

    fn rate_of(&self, pod: PodId) -> f64 {
        self.requests.rate_of(pod).unwrap_or_else(|| self.traffic.rate_of(pod))
    }
}

impl Usage<'_> {
    /// Whether a container, or any if none is named, uses what the traffic makes its pod use.
    fn is_loaded(&self, pod: PodId, container: Option<usize>) -> bool {
        let loaded = self.traffic.loaded_container(pod).or_else(|| self.requests.loaded_container(pod));
        container.is_none_or(|container| loaded == Some(container))
    }
}

impl TriggerSources for Usage<'_> {
    fn trigger_value(&self, asked: AskedTrigger<'_>, now: SimTime) -> Option<f64> {
        self.metrics.trigger_value((asked.object, asked.index), asked.trigger, self, now)
    }
}

/// The share as the traffic knows it.
const fn traffic_share(share: LoadShare) -> Share {
    Share { traffic: share.load, curve: share.kind, container: share.container }
}

/// Whether a container, or any if none is named, has the load of a share.
fn has_load(share: LoadShare, container: Option<usize>) -> bool {
    container.is_none_or(|container| usize::try_from(share.container) == Ok(container))
}

impl UsageSource for Usage<'_> {
    fn cpu_used(&self, pod: PodId, container: Option<usize>, window: ScrapeWindow, cluster: &Cluster) -> SimDuration {
        let (from, to) = (window.previous, window.last);
        let served = if self.is_loaded(pod, container) {
            // Nanoseconds to millicore-nanoseconds.
            let played = self.requests.cpu_used(pod, from, to).map(|nanos| nanos * 1000.0);
            self.traffic.cpu_used(pod, from, to).or(played)
        } else {
            None
        };
        let used = served.unwrap_or_default() + self.over_time.cpu_used(pod, container, from, to, cluster);
        // Millicore-nanoseconds to seconds of CPU time.
        SimDuration::from_secs_f64(used / 1e12)
    }

    fn memory(&self, pod: PodId, container: Option<usize>, time: SimTime, cluster: &Cluster) -> Bytes {
        let served = if self.is_loaded(pod, container) {
            self.traffic.memory(pod, time).or_else(|| self.requests.memory(pod))
        } else {
            None
        };
        served.unwrap_or_default() + self.over_time.memory(pod, container, time, cluster)
    }

    fn varies(&self, workload: WorkloadId) -> bool {
        self.over_time.varies(workload)
    }

    fn pods_metric(&self, pod: PodId, metric: &MetricIdentifier, cluster: &Cluster, now: SimTime) -> Option<f64> {
        self.metrics.pods_metric(pod, metric, self, cluster, now)
    }

    fn object_metric(
        &self,
        namespace: &str,
        object: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
        now: SimTime,
    ) -> Option<f64> {
        self.metrics.object_metric(namespace, object, metric, self, now)
    }

    fn external_metric(&self, metric: &MetricIdentifier, now: SimTime) -> Option<f64> {
        match self.told.iter().find(|told| told.name == metric.name) {
            Some(told) => told.value,
            None => self.metrics.external_metric(metric, self, now),
        }
    }

    fn is_moving(&self, name: &Name, now: SimTime) -> bool {
        // Nobody announces what KEDA's triggers see, and each question counts for a fallback.
        self.told.iter().any(|told| told.name == *name) || self.metrics.is_moving(name, now)
    }

    fn share(&self, pod: PodId, since: SimTime) -> Option<LoadShare> {
        let share = self.traffic.share(pod, since).filter(|_| !self.over_time.has(pod))?;
        Some(LoadShare { load: share.traffic, kind: share.curve, container: share.container })
    }

    fn departures(&self, share: LoadShare) -> u64 {
        self.traffic.departures(traffic_share(share))
    }

    fn steady_since(&self, share: LoadShare) -> Option<SimTime> {
        self.traffic.steady_since(traffic_share(share))
    }

    fn cpu_used_by_each(&self, share: LoadShare, container: Option<usize>, window: ScrapeWindow) -> SimDuration {
        if !has_load(share, container) {
            return SimDuration::ZERO;
        }
        // Millicore-nanoseconds to seconds of CPU time.
        SimDuration::from_secs_f64(
            self.traffic.cpu_used_by_each(traffic_share(share), window.previous, window.last) / 1e12,
        )
    }

    fn memory_of_each(&self, share: LoadShare, container: Option<usize>, time: SimTime) -> Bytes {
        if has_load(share, container) { self.traffic.memory_of_each(traffic_share(share), time) } else { Bytes::ZERO }
    }

    fn running_since(&self, pod: PodId) -> Option<SimTime> {
        self.kubelets.running_since(pod)
    }
}

/// Tells the requests what CPU of their nodes pods use that is not by requests: the mean since the last measurement.
pub fn note_usage_beside(
    requests: &mut Requests,
    traffic: &Traffic,
    over_time: &UsageOverTime,
    cluster: &Cluster,
    now: SimTime,
) {
    let Some(since) = requests.last_measured().filter(|since| *since < now) else { return };
    if traffic.is_empty() && over_time.is_empty() {
        return;
    }
    let seconds = (now - since).as_secs_f64();
    requests.note_usage(cluster, now, |pod| {
        let used =
            traffic.cpu_used(pod, since, now).unwrap_or_default() + over_time.cpu_used(pod, None, since, now, cluster);
        // Millicore-nanoseconds to cores.
        used / 1e12 / seconds
    });
}
