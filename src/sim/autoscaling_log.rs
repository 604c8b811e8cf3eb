//! The decisions of the HorizontalPodAutoscalers as facts.

use crate::api::{HpaConditionType, MetricSpec, MetricTarget, MetricValueStatus, MilliValue, Name};
use crate::autoscaler::hpa::MetricName;
use crate::autoscaler::hpa::controller::HpaReport;
use crate::cluster::{Cluster, Hpa, HpaId};
use crate::record::{AutoscalerRecord, AutoscalerSpec, AutoscalingRecord, DecisionLog, MetricRecord, MetricSpecRecord};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// Turns decisions into records.
#[derive(Debug)]
pub struct AutoscalingLog {
    /// By HpaId: the spec as the records have it; `None` until it is needed.
    specs: Vec<Option<Arc<AutoscalerSpec>>>,
    log: DecisionLog,
}

impl AutoscalingLog {
    /// A log of a run whose timeline has rows of `interval`.
    pub const fn new(interval: SimDuration) -> Self {
        Self { specs: Vec::new(), log: DecisionLog::new(interval) }
    }

    /// The spec of an object changed.
    pub fn spec_changed(&mut self, id: HpaId) {
        if let Some(spec) = self.specs.get_mut(id.index()) {
            *spec = None;
        }
    }

    fn spec(&mut self, id: HpaId, cluster: &Cluster) -> Arc<AutoscalerSpec> {
        if self.specs.len() <= id.index() {
            self.specs.resize(id.index() + 1, None);
        }
        Arc::clone(self.specs[id.index()].get_or_insert_with(|| Arc::new(spec(cluster.hpa(id), cluster))))
    }

    /// Records a decision.
    pub fn add(&mut self, report: &HpaReport, cluster: &Cluster, now: SimTime) {
        let decision = &report.decision;
        let found = decision.metrics.iter().flatten().zip(&cluster.hpa(report.hpa).object.metrics);
        let metrics = found.map(|(result, spec)| {
            let proposal = result.as_ref().ok();
            let (current, _) = metric_values(spec, proposal.map(|proposal| &proposal.current));
            MetricRecord { current, proposal: proposal.map(|proposal| proposal.replicas) }
        });
        let record = AutoscalingRecord {
            at: now,
            metrics: metrics.collect(),
            autoscaler: self.spec(report.hpa, cluster),
            current_replicas: decision.current_replicas,
            ready_pods: report.ready_pods,
            proposed_replicas: decision.metric_desired,
            desired_replicas: decision.desired_replicas,
            able_to_scale_reason: decision.conditions.reason(HpaConditionType::AbleToScale),
            scaling_active_reason: decision.conditions.reason(HpaConditionType::ScalingActive),
            scaling_limited_reason: decision.conditions.reason(HpaConditionType::ScalingLimited),
        };
        self.log.add(report.hpa.index(), record);
    }

    /// Every HorizontalPodAutoscaler, and the decisions that are kept.
    pub fn finish(self, cluster: &Cluster) -> (Vec<AutoscalerRecord>, Vec<AutoscalingRecord>) {
        let (kept, decisions) = self.log.finish();
        let mut decisions = decisions.into_iter();
        let record = |(_, hpa): (HpaId, &Hpa)| {
            let (decisions, last) = decisions.next().unwrap_or_default();
            AutoscalerRecord {
                spec: Arc::new(spec(hpa, cluster)),
                created: hpa.head.created,
                removed: hpa.removed,
                min_replicas: hpa.object.min_replicas,
                max_replicas: hpa.object.max_replicas,
                decisions,
                last,
            }
        };
        (cluster.hpas().map(record).collect(), kept)
    }
}

/// The spec of an object as the records have it.
fn spec(hpa: &Hpa, cluster: &Cluster) -> AutoscalerSpec {
    let metric = |spec| {
        let (_, target) = metric_values(spec, None);
        MetricSpecRecord { name: Name::from(MetricName(spec).to_string()), target }
    };
    let target = &hpa.object.scale_target;
    AutoscalerSpec {
        namespace: cluster.namespace_name(hpa.namespace).clone(),
        name: hpa.object.meta.name.clone(),
        target: Name::from(format!("{}/{}", target.kind, target.name)),
        metrics: hpa.object.metrics.iter().map(metric).collect(),
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
