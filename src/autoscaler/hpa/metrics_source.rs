//! What the controller asks the metrics APIs.

use crate::api::{CrossVersionObjectReference, MetricIdentifier, MilliValue};
use crate::autoscaler::metrics::PodMetric;

/// Samples in an answer whose pods the controller does not see under the scale's selector, such as a pod that was just
/// removed. They count as entries of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnselectedSamples {
    /// Number of samples.
    pub count: usize,
    /// Their sum.
    pub sum: MilliValue,
}

/// The metrics APIs as one HorizontalPodAutoscaler sees them. `None` is an error or an empty answer: the controller
/// treats both alike.
///
/// Pods are named by their index in the slice given to [`desired_replicas`](super::desired_replicas), so that no answer allocates.
pub trait MetricsSource {
    /// `metrics.k8s.io`: a pod's usage of a resource, summed over its containers (a pod of which a reported container
    /// lacks the resource has no sample), or that of one container.
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric>;

    /// The sum of the samples of pods that are taken together, of which all have one or none. They too are named by
    /// their index. The default suits sources whose pods all stand by themselves.
    fn alike_resource(&self, _alike: usize, _resource: &str, _container: Option<&str>) -> Option<MilliValue> {
        None
    }

    /// `custom.metrics.k8s.io`: a metric of a pod.
    fn pods_metric(&self, pod: usize, metric: &MetricIdentifier) -> Option<MilliValue>;

    /// `custom.metrics.k8s.io`: a metric of another object.
    fn object_metric(&self, object: &CrossVersionObjectReference, metric: &MetricIdentifier) -> Option<MilliValue>;

    /// `external.metrics.k8s.io`: the sum of all series, saturating.
    fn external_metric(&self, metric: &MetricIdentifier) -> Option<MilliValue>;

    /// Samples of a resource that belong to no selected pod.
    fn unselected_resource(&self, _resource: &str, _container: Option<&str>) -> UnselectedSamples {
        UnselectedSamples::default()
    }

    /// Samples of a custom metric that belong to no selected pod.
    fn unselected_pods_metric(&self, _metric: &MetricIdentifier) -> UnselectedSamples {
        UnselectedSamples::default()
    }
}
