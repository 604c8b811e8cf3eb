//! What can be said of HorizontalPodAutoscalers before a run: those that can never act as meant.

use super::settings;
use crate::api::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, LabelSelector, MetricIdentifier, MetricSpec, MetricTarget,
    Name, Object, PodSpec,
};
use crate::autoscaler::hpa::{MissingRequest, pod_request};
use crate::cluster::Admission;
use crate::input::scenario::{MetricSource, MetricType, Scenario};
use crate::input::{Diagnostic, Diagnostics};
use rustc_hash::FxHashMap;

/// An object of the input, and the selector of what it scales.
struct Autoscaler<'a> {
    hpa: &'a HorizontalPodAutoscaler,
    selector: Option<&'a LabelSelector>,
    /// The other objects that select the same pods, by name.
    overlapping: Vec<Name>,
}

/// A label's key and value.
type Label<'a> = (&'a Name, &'a Name);

/// Warns of autoscalers whose metrics fail, and of those that stop each other.
pub(super) fn check(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    let mut admission = Admission::new(settings::default_toleration_seconds(&scenario.spec));
    for object in all {
        admission.apply(object);
    }
    // Only looked up, never iterated.
    let mut by_name: FxHashMap<(&Name, &str, &Name), &Object> = FxHashMap::default();
    for object in all {
        by_name.insert((&object.meta().namespace, object.kind().as_str(), &object.meta().name), object);
    }
    let mut autoscalers: Vec<Autoscaler<'_>> = Vec::new();
    let file = Name::from(scenario.file.display().to_string());
    refuse_zero_replicas(scenario, all, diagnostics);
    let mut warn = |hpa: &HorizontalPodAutoscaler, message: String| {
        let name = format!("HorizontalPodAutoscaler {}/{}", hpa.meta.namespace, hpa.meta.name);
        diagnostics.push(Diagnostic::warning(file.clone(), message).of_object(name));
    };
    for object in all {
        let Object::HorizontalPodAutoscaler(hpa) = object else { continue };
        let target = &hpa.scale_target;
        let found = by_name.get(&(&hpa.meta.namespace, &*target.kind, &target.name));
        if found.is_none() {
            warn(hpa, format!("its target {} `{}` does not exist", target.kind, target.name));
        }
        let metrics = hpa.metrics.iter();
        for metric in metrics.filter_map(|metric| without_source(metric, hpa, &scenario.spec.metrics)) {
            warn(hpa, format!("{metric}, so its reconciles see this metric fail and never scale down"));
        }
        autoscalers.push(Autoscaler {
            hpa,
            selector: found.and_then(|object| object.selector()),
            overlapping: Vec::new(),
        });
    }
    // Only looked up, never iterated.
    let mut by_label: FxHashMap<(&Name, Option<Label<'_>>), Vec<usize>> = FxHashMap::default();
    for (index, autoscaler) in autoscalers.iter().enumerate() {
        if let Some(selector) = autoscaler.selector {
            by_label.entry((&autoscaler.hpa.meta.namespace, selector.first_label())).or_default().push(index);
        }
    }
    if autoscalers.is_empty() {
        return;
    }
    for object in all {
        let Some(template) = object.pod_template() else { continue };
        let namespace = &object.meta().namespace;
        let labels = template.labels.iter().map(Some).chain([None]);
        let candidates = labels.filter_map(|label| by_label.get(&(namespace, label))).flatten().copied();
        let matching: Vec<usize> = candidates
            .filter(|index| autoscalers[*index].selector.is_some_and(|selector| selector.matches(&template.labels)))
            .collect();
        if matching.is_empty() {
            continue;
        }
        let spec = admission.admit(namespace, template).spec;
        for index in &matching {
            let hpa = autoscalers[*index].hpa;
            let is_target =
                *object.kind().as_str() == *hpa.scale_target.kind && object.meta().name == hpa.scale_target.name;
            let missing = |metric| missing_request(metric, &spec, object, is_target);
            for message in hpa.metrics.iter().filter_map(missing) {
                warn(hpa, message);
            }
            let names = matching.iter().filter(|existing| *existing != index);
            let names: Vec<Name> = names.map(|existing| autoscalers[*existing].hpa.meta.name.clone()).collect();
            autoscalers[*index].overlapping.extend(names);
        }
    }
    for Autoscaler { hpa, overlapping, .. } in &mut autoscalers {
        overlapping.sort_unstable();
        overlapping.dedup();
        if !overlapping.is_empty() {
            let names = overlapping.join("`, `");
            warn(hpa, format!("selects the same pods as `{names}`, so that none of them scales (AmbiguousSelector)"));
        }
    }
}

/// `minReplicas: 0` takes the gate HPAScaleToZero (`ValidateHorizontalPodAutoscaler`).
fn refuse_zero_replicas(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    if settings::hpa_config(&scenario.spec).scale_to_zero {
        return;
    }
    let version = scenario.spec.kubernetes_version;
    for object in all {
        if let Object::HorizontalPodAutoscaler(hpa) = object
            && hpa.min_replicas == 0
        {
            let file = scenario.file.display().to_string();
            let message = format!(
                "spec.minReplicas is 0 (expected at least 1: the gate HPAScaleToZero is off in Kubernetes {version})"
            );
            let name = format!("HorizontalPodAutoscaler {}/{}", hpa.meta.namespace, hpa.meta.name);
            diagnostics.push(Diagnostic::error(file, message).of_object(name));
        }
    }
}

/// What is said of a metric that nothing in the simulation produces; `None` for one that the pods' usage or the scenario
/// gives.
fn without_source(metric: &MetricSpec, hpa: &HorizontalPodAutoscaler, sources: &[MetricSource]) -> Option<String> {
    let is_given = |metric_type, identifier: &MetricIdentifier, described: Option<&CrossVersionObjectReference>| {
        sources.iter().any(|source| {
            let labels = source.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let is_of = source.described_object.as_ref().zip(described).is_none_or(|(source, object)| {
                *source.kind == *object.kind && *source.name == *object.name && *source.namespace == *hpa.meta.namespace
            });
            source.metric_type == metric_type
                && *source.name == *identifier.name
                && is_of
                && identifier.selector.as_ref().is_none_or(|selector| selector.matches(&labels))
        })
    };
    let unknown = |kind: &str, name: &Name| format!("{kind} metric `{name}` has no source in spec.metrics");
    match metric {
        MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => {
            (!matches!(&**name, "cpu" | "memory")).then(|| format!("resource metric `{name}` is not simulated"))
        }
        MetricSpec::Pods { metric, .. } => {
            (!is_given(MetricType::Pods, metric, None)).then(|| unknown("pods", &metric.name))
        }
        MetricSpec::Object { metric, described_object, .. } => {
            let is_given = is_given(MetricType::Object, metric, Some(described_object));
            (!is_given).then(|| unknown("object", &metric.name))
        }
        MetricSpec::External { metric, .. } => {
            (!is_given(MetricType::External, metric, None)).then(|| unknown("external", &metric.name))
        }
    }
}

/// Why a metric fails as long as there is a pod made from this object; `is_target` says that it is what is scaled.
fn missing_request(metric: &MetricSpec, spec: &PodSpec, object: &Object, is_target: bool) -> Option<String> {
    let (resource, container, target) = match metric {
        MetricSpec::Resource { name, target } => (name, None, target),
        MetricSpec::ContainerResource { name, container, target } => (name, Some(&**container), target),
        MetricSpec::Pods { .. } | MetricSpec::Object { .. } | MetricSpec::External { .. } => return None,
    };
    let is_utilization = matches!(target, MetricTarget::Utilization(_));
    let missing = pod_request(spec, resource, container, true).err()?;
    let owner = format!("{} `{}`", object.kind().as_str(), object.meta().name);
    let fails = format!("so that the metric {resource} fails");
    match missing {
        MissingRequest::NoSuchContainer if is_utilization || is_target => {
            Some(format!("container `{}` does not exist in {owner}, {fails}", container.unwrap_or_default()))
        }
        MissingRequest::Container(container) if is_utilization => {
            Some(format!("container `{container}` of {owner} has no {resource} request, {fails}"))
        }
        MissingRequest::Pod if is_utilization => {
            Some(format!("the pod-level requests of {owner} do not name {resource}, {fails}"))
        }
        MissingRequest::NoSuchContainer | MissingRequest::Container(_) | MissingRequest::Pod => None,
    }
}
