//! One metric of the object, and all of them together (`computeReplicasForMetrics`, Kubernetes 1.36
//! `podautoscaler/horizontal.go`).

use super::HpaConfig;
use super::inputs::{HpaInputs, Scale};
use super::metrics_source::MetricsSource;
use super::pod::{MissingRequest, pod_request};
use super::replica_calculator::{
    Calculation, MetricError, PerPodQuery, PerPodTarget, Tolerances, average_value_replicas, per_pod_replicas,
    value_replicas,
};
use crate::api::{
    HorizontalPodAutoscaler, HpaConditionReason, MetricSpec, MetricTarget, MetricValueStatus, MilliValue, PodSpec,
};
use crate::autoscaler::metrics::PodMetric;
use crate::units::{SimDuration, SimTime};
use std::cell::RefCell;

/// What one metric asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricProposal {
    /// Replicas, before any bound or window.
    pub replicas: i32,
    /// The current value.
    pub current: MetricValueStatus,
}

/// Why one metric asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricFailure {
    /// The reason that condition `ScalingActive` gets if the failure decides.
    pub reason: HpaConditionReason,
    /// What was missing.
    pub error: MetricError,
}

/// The outcome of one metric.
pub type MetricResult = Result<MetricProposal, MetricFailure>;

/// All metrics together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedProposal {
    /// Each of `spec.metrics`, in order.
    pub metrics: Vec<MetricResult>,
    /// The largest proposal before normalisation; `None` where the failures forbid scaling.
    pub replicas: Option<i32>,
    /// Index of the metric with the largest proposal.
    pub deciding_metric: Option<usize>,
    /// The first failure, whether it forbids scaling or not.
    pub first_failure: Option<MetricFailure>,
}

/// The requests of pods, where the pods of one template follow each other: the sum is taken once for them.
struct Requests<'a> {
    resource: &'a str,
    container: Option<&'a str>,
    pod_level_resources: bool,
    last: RefCell<Option<(&'a PodSpec, Result<MilliValue, MissingRequest>)>>,
}

impl<'a> Requests<'a> {
    /// The request of a pod with this spec.
    fn get(&self, spec: &'a PodSpec) -> Result<MilliValue, MissingRequest> {
        let mut last = self.last.borrow_mut();
        let (_, request) = match last.take().filter(|(known, _)| std::ptr::eq(*known, spec)) {
            Some(known) => last.insert(known),
            None => last.insert((spec, pod_request(spec, self.resource, self.container, self.pod_level_resources))),
        };
        request.clone()
    }
}

/// Whether a pod with this spec has all requests that the metrics of an object are compared with.
pub(super) fn requests_are_whole(hpa: &HorizontalPodAutoscaler, spec: &PodSpec, config: &HpaConfig) -> bool {
    let is_whole =
        |resource: &str, container| pod_request(spec, resource, container, config.pod_level_resources).is_ok();
    hpa.metrics.iter().all(|metric| match metric {
        MetricSpec::Resource { name, .. } => is_whole(name, None),
        MetricSpec::ContainerResource { name, container, .. } => is_whole(name, Some(container)),
        MetricSpec::Pods { .. } | MetricSpec::Object { .. } | MetricSpec::External { .. } => true,
    })
}

/// What one metric asks for (`computeReplicasForMetric`), whatever the bounds.
///
/// # Errors
/// [`MetricFailure`] if the metrics API or the pods' requests give no number.
pub fn propose<M: MetricsSource + ?Sized>(
    inputs: &HpaInputs<'_, M>,
    scale: &Scale,
    spec: &MetricSpec,
    now: SimTime,
) -> MetricResult {
    let tolerances = Tolerances::of(inputs.config, inputs.hpa);
    match spec {
        MetricSpec::Resource { name, target } => {
            pod_resource(inputs, scale, name, None, target, now, HpaConditionReason::FailedGetResourceMetric)
        }
        MetricSpec::ContainerResource { name, container, target } => {
            let reason = HpaConditionReason::FailedGetContainerResourceMetric;
            pod_resource(inputs, scale, name, Some(container), target, now, reason)
        }
        MetricSpec::Pods { metric, target } => {
            let query = PerPodQuery {
                config: inputs.config,
                pods: inputs.pods,
                alike: inputs.alike,
                current_replicas: scale.spec_replicas,
                tolerances,
                now,
                is_cpu: false,
                unselected: inputs.metrics.unselected_pods_metric(metric),
            };
            let sample = |pod| {
                let value = inputs.metrics.pods_metric(pod, metric)?;
                Some(PodMetric { value, timestamp: now, window: SimDuration::from_minutes(1) })
            };
            let target = PerPodTarget::AverageValue(milli_target(target));
            average(
                per_pod_replicas(&query, target, sample, |_| None, |_| Ok(MilliValue::new(0))),
                HpaConditionReason::FailedGetPodsMetric,
            )
        }
        MetricSpec::Object { described_object, metric, target } => {
            let value = inputs.metrics.object_metric(described_object, metric);
            whole_value(inputs, scale, tolerances, target, value, HpaConditionReason::FailedGetObjectMetric)
        }
        MetricSpec::External { metric, target } => {
            let value = inputs.metrics.external_metric(metric);
            whole_value(inputs, scale, tolerances, target, value, HpaConditionReason::FailedGetExternalMetric)
        }
    }
}

/// The amount of a value target in thousandths. The conversion from manifests lets a utilisation target reach resource
/// metrics only; for others it counts as a value of that many units.
fn milli_target(target: &MetricTarget) -> MilliValue {
    MilliValue::new(match *target {
        MetricTarget::AverageValue(quantity) | MetricTarget::Value(quantity) => quantity.milli_value(),
        MetricTarget::Utilization(percent) => i64::from(percent) * 1000,
    })
}

/// A calculation whose current value is an average per pod.
fn average(calculation: Result<Calculation, MetricError>, reason: HpaConditionReason) -> MetricResult {
    let calculation = calculation.map_err(|error| MetricFailure { reason, error })?;
    let current = MetricValueStatus {
        average_utilization: calculation.utilization,
        average_value: Some(calculation.current),
        value: None,
    };
    Ok(MetricProposal { replicas: calculation.replicas, current })
}

/// A resource of the pods, or of one container of each.
fn pod_resource<M: MetricsSource + ?Sized>(
    inputs: &HpaInputs<'_, M>,
    scale: &Scale,
    resource: &str,
    container: Option<&str>,
    target: &MetricTarget,
    now: SimTime,
    reason: HpaConditionReason,
) -> MetricResult {
    let query = PerPodQuery {
        config: inputs.config,
        pods: inputs.pods,
        alike: inputs.alike,
        current_replicas: scale.spec_replicas,
        tolerances: Tolerances::of(inputs.config, inputs.hpa),
        now,
        is_cpu: resource == "cpu",
        unselected: inputs.metrics.unselected_resource(resource, container),
    };
    let pod_level_resources = inputs.config.pod_level_resources;
    let requests = Requests { resource, container, pod_level_resources, last: RefCell::default() };
    let target = match *target {
        MetricTarget::Utilization(percent) => PerPodTarget::Utilization(percent),
        MetricTarget::AverageValue(_) | MetricTarget::Value(_) => PerPodTarget::AverageValue(milli_target(target)),
    };
    let sample = |pod| inputs.metrics.resource(pod, resource, container);
    let sum = |alike| inputs.metrics.alike_resource(alike, resource, container);
    average(per_pod_replicas(&query, target, sample, sum, |spec| requests.get(spec)), reason)
}

/// An Object or External metric.
fn whole_value<M: MetricsSource + ?Sized>(
    inputs: &HpaInputs<'_, M>,
    scale: &Scale,
    tolerances: Tolerances,
    target: &MetricTarget,
    value: Option<MilliValue>,
    reason: HpaConditionReason,
) -> MetricResult {
    let failure = |error| MetricFailure { reason, error };
    let value = value.ok_or_else(|| failure(MetricError::NoMetrics))?;
    let amount = milli_target(target);
    if let MetricTarget::AverageValue(_) = target {
        return average(Ok(average_value_replicas(scale.status_replicas, tolerances, value, amount)), reason);
    }
    let selected = (inputs.pods, inputs.alike);
    let calculation = value_replicas(scale.spec_replicas, tolerances, selected, value, amount).map_err(failure)?;
    let current = MetricValueStatus { value: Some(calculation.current), ..MetricValueStatus::default() };
    Ok(MetricProposal { replicas: calculation.replicas, current })
}

/// The largest proposal. One failing metric forbids fewer replicas than now, but neither more nor the same number.
pub fn combine<M: MetricsSource + ?Sized>(inputs: &HpaInputs<'_, M>, scale: &Scale, now: SimTime) -> CombinedProposal {
    let metrics: Vec<MetricResult> = inputs.hpa.metrics.iter().map(|spec| propose(inputs, scale, spec, now)).collect();
    let mut replicas = 0;
    let mut deciding_metric = None;
    let mut first_failure = None;
    let mut failures = 0;
    for (index, result) in metrics.iter().enumerate() {
        match result {
            Ok(proposal) if replicas == 0 || proposal.replicas > replicas => {
                replicas = proposal.replicas;
                deciding_metric = Some(index);
            }
            Ok(_) => {}
            Err(failure) => {
                first_failure = first_failure.or_else(|| Some(failure.clone()));
                failures += 1;
            }
        }
    }
    let forbidden = failures >= metrics.len() || (failures > 0 && replicas < scale.spec_replicas);
    CombinedProposal { metrics, replicas: (!forbidden).then_some(replicas), deciding_metric, first_failure }
}
