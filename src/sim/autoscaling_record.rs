//! What `autoscaling.csv` tells of a decision of the HorizontalPodAutoscaler controller.

use crate::api::{HpaConditionType, MetricSpec, MetricTarget, MetricValueStatus, MilliValue, Name};
use crate::autoscaler::hpa::MetricName;
use crate::autoscaler::hpa::controller::HpaReport;
use crate::cluster::Cluster;
use crate::record::{AutoscalingRecord, MetricRecord};
use crate::units::SimTime;

/// The record of a decision with what it was made from.
pub fn autoscaling_record(report: &HpaReport, cluster: &Cluster, now: SimTime) -> AutoscalingRecord {
    let hpa = cluster.hpa(report.hpa);
    let decision = &report.decision;
    let metrics = decision.metrics.iter().flatten().zip(&hpa.object.metrics).map(|(result, spec)| {
        let proposal = result.as_ref().ok();
        let (current, target) = metric_values(spec, proposal.map(|proposal| &proposal.current));
        MetricRecord {
            name: Name::from(MetricName(spec).to_string()),
            current,
            target,
            proposal: proposal.map(|proposal| proposal.replicas),
        }
    });
    let target = &hpa.object.scale_target;
    AutoscalingRecord {
        at: now,
        namespace: cluster.namespace_name(hpa.namespace).clone(),
        name: hpa.object.meta.name.clone(),
        target: Name::from(format!("{}/{}", target.kind, target.name)),
        current_replicas: decision.current_replicas,
        ready_pods: report.ready_pods,
        metrics: metrics.collect(),
        proposed_replicas: decision.metric_desired,
        desired_replicas: decision.desired_replicas,
        able_to_scale_reason: decision.conditions.reason(HpaConditionType::AbleToScale),
        scaling_active_reason: decision.conditions.reason(HpaConditionType::ScalingActive),
        scaling_limited_reason: decision.conditions.reason(HpaConditionType::ScalingLimited),
    }
}

/// The current value and the target of a metric in the target's unit: percent, cores, bytes, or the metric's own.
fn metric_values(spec: &MetricSpec, current: Option<&MetricValueStatus>) -> (Option<f64>, f64) {
    let (MetricSpec::Resource { target, .. }
    | MetricSpec::ContainerResource { target, .. }
    | MetricSpec::Pods { target, .. }
    | MetricSpec::Object { target, .. }
    | MetricSpec::External { target, .. }) = spec;
    match target {
        MetricTarget::Utilization(percent) => {
            (current.and_then(|current| current.average_utilization).map(f64::from), f64::from(*percent))
        }
        MetricTarget::AverageValue(value) => {
            (current.and_then(|current| current.average_value).map(MilliValue::as_units), value.as_f64())
        }
        MetricTarget::Value(value) => {
            (current.and_then(|current| current.value).map(MilliValue::as_units), value.as_f64())
        }
    }
}
