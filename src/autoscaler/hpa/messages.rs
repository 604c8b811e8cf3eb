//! What the controller says of a reconcile: the Events, and why a metric failed, word for word
//! (Kubernetes 1.36 `podautoscaler/horizontal.go`, `replica_calculator.go`, `metrics/client.go`).
//!
//! Of a metric that the metrics APIs do not give only the controller's words are the real ones: what an adapter says
//! beyond them differs from adapter to adapter.

use super::desired_replicas::{HpaDecision, ReconcileError};
use super::inputs::ScaleSelector;
use super::metric::MetricFailure;
use super::metric_name::SeriesSelector;
use super::pod::MissingRequest;
use super::replica_calculator::MetricError;
use crate::api::{HorizontalPodAutoscaler, MetricSpec, MetricTarget};
use std::fmt;

/// A failure of a metric as its Event says it, for example
/// `failed to get cpu utilization: missing request for cpu in container proxy of Pod web-0`.
#[derive(Clone, Copy, Debug)]
pub struct FailureMessage<'a> {
    /// The metric.
    pub spec: &'a MetricSpec,
    /// The namespace of the object.
    pub namespace: &'a str,
    /// Why it failed.
    pub failure: &'a MetricFailure,
}

impl FailureMessage<'_> {
    /// What the metrics API, or the calculation, says.
    fn cause(&self) -> String {
        match (&self.failure.error, self.spec) {
            (MetricError::NoMetrics, spec) => self.unanswered(spec),
            (MetricError::NoPods, MetricSpec::Object { .. } | MetricSpec::External { .. }) => {
                "unable to calculate ready pods: no pods returned by selector while calculating replica count"
                    .to_owned()
            }
            (MetricError::NoPods, _) => "no pods returned by selector while calculating replica count".to_owned(),
            (MetricError::MissingRequest { pod, missing }, spec) => missing_request(spec, pod, missing),
            (MetricError::NoReadyPods, _) => {
                "did not receive metrics for targeted pods (pods might be unready)".to_owned()
            }
            (MetricError::NoKnownPods, _) => "no metrics returned matched known pods".to_owned(),
        }
    }

    /// What is said of a metric that the metrics APIs do not have.
    fn unanswered(&self, spec: &MetricSpec) -> String {
        match spec {
            MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => {
                format!("unable to get metrics for resource {name}: no metrics returned from resource metrics API")
            }
            MetricSpec::Pods { metric, .. } => {
                format!("unable to get metric {}: no metrics returned from custom metrics API", metric.name)
            }
            MetricSpec::Object { metric, described_object, .. } => format!(
                "unable to get metric {}: no metrics returned from custom metrics API on {} {}/{}",
                metric.name, described_object.kind, self.namespace, described_object.name
            ),
            MetricSpec::External { metric, .. } => format!(
                "unable to get external metric {}/{}/{}: no metrics returned from external metrics API",
                self.namespace,
                metric.name,
                SeriesSelector(metric.selector.as_ref())
            ),
        }
    }

    /// The failure as the error of all metrics together names it.
    fn as_error(&self) -> String {
        let cause = self.cause();
        match self.spec {
            MetricSpec::Resource { name, .. } => format!("failed to get {name} resource metric value: {self}"),
            MetricSpec::ContainerResource { container, .. } => {
                format!("failed to get {container} container metric value: {self}")
            }
            MetricSpec::Pods { .. } | MetricSpec::Object { target: MetricTarget::Value(_), .. } => {
                let kind = if matches!(self.spec, MetricSpec::Pods { .. }) { "pods" } else { "object" };
                format!("failed to get {kind} metric value: {cause}")
            }
            MetricSpec::Object { metric, .. } => {
                format!("failed to get object metric value: failed to get {} object metric: {cause}", metric.name)
            }
            MetricSpec::External { metric, target: MetricTarget::Value(_) } => {
                let name = &metric.name;
                format!("failed to get {name} external metric value: failed to get external metric {name}: {cause}")
            }
            MetricSpec::External { metric, .. } => {
                let name = &metric.name;
                format!("failed to get {name} external metric value: failed to get {name} external metric: {cause}")
            }
        }
    }
}

impl fmt::Display for FailureMessage<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spec {
            MetricSpec::Resource { name, target } | MetricSpec::ContainerResource { name, target, .. } => {
                let what = if matches!(target, MetricTarget::Utilization(_)) { "utilization" } else { "usage" };
                write!(formatter, "failed to get {name} {what}: {}", self.cause())
            }
            _ => formatter.write_str(&self.cause()),
        }
    }
}

/// What is said of a pod without the request that a utilisation needs (`calculateRequests`).
fn missing_request(spec: &MetricSpec, pod: &str, missing: &MissingRequest) -> String {
    let (resource, named) = match spec {
        MetricSpec::Resource { name, .. } => (&**name, ""),
        MetricSpec::ContainerResource { name, container, .. } => (&**name, &**container),
        _ => ("", ""),
    };
    match missing {
        MissingRequest::Container(container) => {
            format!("missing request for {resource} in container {container} of Pod {pod}")
        }
        MissingRequest::Pod => format!("missing pod-level request for {resource} in Pod {pod}"),
        MissingRequest::NoSuchContainer => format!("container {named} not found in Pod {pod}"),
    }
}

/// An Event about the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HpaEventText {
    /// Whether its type is `Warning`.
    pub is_warning: bool,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: String,
}

/// The Events of a reconcile in the order in which the controller records them. `ambiguity` is what is said of a selector
/// whose pods several objects select.
pub(super) fn events(
    hpa: &HorizontalPodAutoscaler,
    decision: &HpaDecision,
    ambiguity: impl FnOnce() -> String,
) -> Vec<HpaEventText> {
    let mut events = Vec::new();
    let mut warn =
        |reason, message: &str| events.push(HpaEventText { is_warning: true, reason, message: message.to_owned() });
    if let Some(ReconcileError::Selector(selector)) = decision.error {
        let (reason, message) = match selector {
            ScaleSelector::Ambiguous => ("AmbiguousSelector", ambiguity()),
            ScaleSelector::Valid | ScaleSelector::Invalid => ("SelectorRequired", "selector is required".to_owned()),
        };
        warn(reason, &message);
        warn("FailedComputeMetricsReplicas", &message);
    }
    let namespace = &*hpa.meta.namespace;
    let results = || hpa.metrics.iter().zip(decision.metrics.iter().flatten());
    let failures = || {
        results().filter_map(|(spec, result)| {
            result.as_ref().err().map(|failure| FailureMessage { spec, namespace, failure })
        })
    };
    for message in failures() {
        warn(message.failure.reason.as_str(), &message.to_string());
    }
    if decision.metric_desired.is_none()
        && let Some(first) = failures().next()
    {
        let (failed, all) = (failures().count(), hpa.metrics.len());
        let message = format!("invalid metrics ({failed} invalid out of {all}), first error is: {}", first.as_error());
        warn("FailedComputeMetricsReplicas", &message);
    }
    if decision.rescaled {
        let reason = decision.rescale_reason.map(|reason| reason.text(hpa)).unwrap_or_default();
        let message = format!("New size: {}; reason: {reason}", decision.desired_replicas);
        events.push(HpaEventText { is_warning: false, reason: "SuccessfulRescale", message });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CrossVersionObjectReference, HpaConditionReason, LabelSelector, MetricIdentifier, Quantity};

    #[test]
    fn a_failure_says_why_in_the_words_of_the_controller() {
        let utilization = MetricTarget::Utilization(50);
        let average = MetricTarget::AverageValue(Quantity::from_units(10));
        let value = MetricTarget::Value(Quantity::from_units(10));
        let resource = |target| MetricSpec::Resource { name: "cpu".into(), target };
        let of_container =
            MetricSpec::ContainerResource { name: "cpu".into(), container: "app".into(), target: utilization };
        let metric = |selector| MetricIdentifier { name: "lag".into(), selector };
        let pods = MetricSpec::Pods { metric: metric(None), target: average };
        let main = CrossVersionObjectReference { kind: "Ingress".into(), name: "main".into() };
        let object = |target| MetricSpec::Object { described_object: main.clone(), metric: metric(None), target };
        let selector = LabelSelector::default().with_label("queue", "mail");
        let external = |target| MetricSpec::External { metric: metric(Some(selector.clone())), target };
        let lacks = |missing| MetricError::MissingRequest { pod: "web-0".into(), missing };
        let unready = "did not receive metrics for targeted pods (pods might be unready)";
        let series = "unable to get external metric shop/lag/&LabelSelector{MatchLabels:map[string]string{queue: mail,},\
                      MatchExpressions:[]LabelSelectorRequirement{},}: no metrics returned from external metrics API";
        let of_main = "unable to get metric lag: no metrics returned from custom metrics API on Ingress shop/main";
        // Metric, error, the Event's words, and the words before them in the error of all metrics together.
        let cases = [
            (resource(utilization), MetricError::NoReadyPods, format!("failed to get cpu utilization: {unready}"), "failed to get cpu resource metric value: "),
            (resource(average), MetricError::NoReadyPods, format!("failed to get cpu usage: {unready}"), "failed to get cpu resource metric value: "),
            (
                resource(utilization),
                MetricError::NoMetrics,
                "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API".to_owned(),
                "failed to get cpu resource metric value: ",
            ),
            (
                resource(utilization),
                lacks(MissingRequest::Container("proxy".into())),
                "failed to get cpu utilization: missing request for cpu in container proxy of Pod web-0".to_owned(),
                "failed to get cpu resource metric value: ",
            ),
            (
                resource(utilization),
                lacks(MissingRequest::Pod),
                "failed to get cpu utilization: missing pod-level request for cpu in Pod web-0".to_owned(),
                "failed to get cpu resource metric value: ",
            ),
            (
                of_container,
                lacks(MissingRequest::NoSuchContainer),
                "failed to get cpu utilization: container app not found in Pod web-0".to_owned(),
                "failed to get app container metric value: ",
            ),
            (
                pods,
                MetricError::NoMetrics,
                "unable to get metric lag: no metrics returned from custom metrics API".to_owned(),
                "failed to get pods metric value: ",
            ),
            (object(value), MetricError::NoMetrics, of_main.to_owned(), "failed to get object metric value: "),
            (
                object(average),
                MetricError::NoMetrics,
                of_main.to_owned(),
                "failed to get object metric value: failed to get lag object metric: ",
            ),
            (
                external(value),
                MetricError::NoMetrics,
                series.to_owned(),
                "failed to get lag external metric value: failed to get external metric lag: ",
            ),
            (
                external(average),
                MetricError::NoMetrics,
                series.to_owned(),
                "failed to get lag external metric value: failed to get lag external metric: ",
            ),
        ];
        for (spec, error, expected, before) in cases {
            let failure = MetricFailure { reason: HpaConditionReason::FailedGetResourceMetric, error };
            let message = FailureMessage { spec: &spec, namespace: "shop", failure: &failure };
            assert_eq!(message.to_string(), expected);
            assert_eq!(message.as_error(), format!("{before}{expected}"));
        }
    }
}
