//! What a run knows of the usage of its pods and of other metrics, as the metrics APIs ask for it.

use crate::api::{CrossVersionObjectReference, MetricIdentifier, Name};
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::{Cluster, PodId, WorkloadId};
use crate::units::{Bytes, SimDuration, SimTime};

/// What pods of one load use that share it evenly: the same each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadShare {
    /// Index of the load.
    pub load: u32,
    /// Index of the kind of pods among those that share it.
    pub kind: u32,
    /// Index of the container that has the load.
    pub container: u32,
}

/// What the pods use, for the metrics pipeline to sample, and what the adapters of other metrics answer.
pub trait UsageSource {
    /// CPU time that one of a pod's `spec.containers`, or all together, have used within a window.
    fn cpu_used(&self, pod: PodId, container: Option<usize>, window: ScrapeWindow, cluster: &Cluster) -> SimDuration;
    /// Memory that one of a pod's `spec.containers`, or all together, use at a time.
    fn memory(&self, pod: PodId, container: Option<usize>, time: SimTime, cluster: &Cluster) -> Bytes;
    /// Whether what the pods of a workload use changes from one instant to the next, without being announced.
    fn varies(&self, workload: WorkloadId) -> bool;
    /// A pod's value of a metric of `custom.metrics.k8s.io`; `None` if it has none.
    fn pods_metric(&self, pod: PodId, metric: &MetricIdentifier, cluster: &Cluster, now: SimTime) -> Option<f64>;
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
    /// The share in a load that a pod has had without a break since an instant, if that is all that it uses.
    fn share(&self, pod: PodId, since: SimTime) -> Option<LoadShare>;
    /// A number that changes when a pod loses its share in the load.
    fn departures(&self, share: LoadShare) -> u64;
    /// When what each pod of a share uses changed last.
    fn steady_since(&self, share: LoadShare) -> Option<SimTime>;
    /// CPU time that a container of each pod of a share, or all together, have used within a window.
    fn cpu_used_by_each(&self, share: LoadShare, container: Option<usize>, window: ScrapeWindow) -> SimDuration;
    /// Memory that a container of each pod of a share, or all together, use at a time.
    fn memory_of_each(&self, share: LoadShare, container: Option<usize>, time: SimTime) -> Bytes;
    /// Since when the containers of a pod have been running without a restart.
    fn running_since(&self, pod: PodId) -> Option<SimTime>;
}
