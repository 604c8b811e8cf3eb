//! One metric of the object, and all of them together (`computeReplicasForMetrics`, Kubernetes 1.36
//! `podautoscaler/horizontal.go`).

use super::inputs::{HpaInputs, Scale};
use super::metrics_source::MetricsSource;
use super::pod::{HpaPod, pod_request};
use super::replica_calculator::{
    Calculation, MetricError, PerPodQuery, PerPodTarget, Tolerances, average_value_replicas, per_pod_replicas,
    value_replicas,
};
use crate::api::MilliValue;
use crate::api::{
    HpaConditionReason, LabelSelector, MetricSpec, MetricTarget, MetricValueStatus, PodSpec, SelectorOperator,
};
use crate::autoscaler::metrics::PodMetric;
use crate::units::{SimDuration, SimTime};
use std::cell::Cell;
use std::fmt;

/// What one metric asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricProposal {
    /// Replicas, before any bound or window.
    pub replicas: i32,
    /// The current value.
    pub current: MetricValueStatus,
}

/// Why one metric asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The name of a metric as it stands in messages and Events, for example
/// `cpu resource utilization (percentage of request)`.
#[derive(Clone, Copy, Debug)]
pub struct MetricName<'a>(pub &'a MetricSpec);

impl fmt::Display for MetricName<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MetricSpec::Resource { name, target: MetricTarget::Utilization(_) } => {
                write!(formatter, "{name} resource utilization (percentage of request)")
            }
            MetricSpec::ContainerResource { name, target: MetricTarget::Utilization(_), .. } => {
                write!(formatter, "{name} container resource utilization (percentage of request)")
            }
            MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => {
                write!(formatter, "{name} resource")
            }
            MetricSpec::Pods { metric, .. } => write!(formatter, "pods metric {}", metric.name),
            MetricSpec::Object { described_object, metric, target: MetricTarget::Value(_) } => {
                write!(formatter, "{} metric {}", described_object.kind, metric.name)
            }
            // Object metrics with an average go under the words of external ones, in the controller too.
            MetricSpec::Object { metric, .. } | MetricSpec::External { metric, .. } => {
                write!(formatter, "external metric {}(", metric.name)?;
                write_selector(formatter, metric.selector.as_ref())?;
                formatter.write_str(")")
            }
        }
    }
}

/// Writes a selector in the form of the generated Go `String` method. `In` with one value is written as `matchLabels`,
/// since the two are one in [`LabelSelector`].
fn write_selector(formatter: &mut fmt::Formatter<'_>, selector: Option<&LabelSelector>) -> fmt::Result {
    let Some(selector) = selector else { return formatter.write_str("nil") };
    let single = |own: &&crate::api::SelectorRequirement| own.operator == SelectorOperator::In && own.values.len() == 1;
    formatter.write_str("&LabelSelector{MatchLabels:map[string]string{")?;
    for own in selector.requirements.iter().filter(single) {
        write!(formatter, "{}: {},", own.key, own.values.first().map_or("", |value| value))?;
    }
    formatter.write_str("},MatchExpressions:[]LabelSelectorRequirement{")?;
    for own in selector.requirements.iter().filter(|own| !single(own)) {
        let values = own.values.join(" ");
        write!(
            formatter,
            "LabelSelectorRequirement{{Key:{},Operator:{:?},Values:[{values}],}},",
            own.key, own.operator
        )?;
    }
    formatter.write_str("},}")
}

/// The requests of pods, where the pods of one template follow each other: the sum is taken once for them.
struct Requests<'a> {
    pods: &'a [HpaPod<'a>],
    resource: &'a str,
    container: Option<&'a str>,
    pod_level_resources: bool,
    last: Cell<Option<(&'a PodSpec, Option<MilliValue>)>>,
}

impl Requests<'_> {
    /// The request of the pod at `index`.
    fn get(&self, index: usize) -> Option<MilliValue> {
        let spec = self.pods.get(index)?.spec;
        if let Some((last, request)) = self.last.get()
            && std::ptr::eq(last, spec)
        {
            return request;
        }
        let request = pod_request(spec, self.resource, self.container, self.pod_level_resources);
        self.last.set(Some((spec, request)));
        request
    }
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
            average(per_pod_replicas(&query, target, sample, |_| None), HpaConditionReason::FailedGetPodsMetric)
        }
        MetricSpec::Object { described_object, metric, target } => {
            let value = inputs.metrics.object_metric(described_object, metric);
            whole_value(inputs.pods, scale, tolerances, target, value, HpaConditionReason::FailedGetObjectMetric)
        }
        MetricSpec::External { metric, target } => {
            let value = inputs.metrics.external_metric(metric);
            whole_value(inputs.pods, scale, tolerances, target, value, HpaConditionReason::FailedGetExternalMetric)
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
        current_replicas: scale.spec_replicas,
        tolerances: Tolerances::of(inputs.config, inputs.hpa),
        now,
        is_cpu: resource == "cpu",
        unselected: inputs.metrics.unselected_resource(resource, container),
    };
    let pod_level_resources = inputs.config.pod_level_resources;
    let requests = Requests { pods: inputs.pods, resource, container, pod_level_resources, last: Cell::new(None) };
    let target = match *target {
        MetricTarget::Utilization(percent) => PerPodTarget::Utilization(percent),
        MetricTarget::AverageValue(_) | MetricTarget::Value(_) => PerPodTarget::AverageValue(milli_target(target)),
    };
    let sample = |pod| inputs.metrics.resource(pod, resource, container);
    average(per_pod_replicas(&query, target, sample, |pod| requests.get(pod)), reason)
}

/// An Object or External metric.
fn whole_value(
    pods: &[HpaPod<'_>],
    scale: &Scale,
    tolerances: Tolerances,
    target: &MetricTarget,
    value: Option<MilliValue>,
    reason: HpaConditionReason,
) -> MetricResult {
    let failure = |error| MetricFailure { reason, error };
    let value = value.ok_or(failure(MetricError::NoMetrics))?;
    let amount = milli_target(target);
    if let MetricTarget::AverageValue(_) = target {
        return average(Ok(average_value_replicas(scale.status_replicas, tolerances, value, amount)), reason);
    }
    let calculation = value_replicas(scale.spec_replicas, tolerances, pods, value, amount).map_err(failure)?;
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
                first_failure = first_failure.or(Some(*failure));
                failures += 1;
            }
        }
    }
    let forbidden = failures >= metrics.len() || (failures > 0 && replicas < scale.spec_replicas);
    CombinedProposal { metrics, replicas: (!forbidden).then_some(replicas), deciding_metric, first_failure }
}
