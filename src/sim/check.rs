//! What can be checked only when a scenario, its manifests and its traces are together.

use super::applied_object::AppliedObject;
use super::check_names;
use super::config_references;
use super::prepared_arrivals::PreparedArrivals;
use super::totals;
use crate::api::{MetricSpec, Name, Object};
use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};

/// Checks references between the parts of a scenario.
pub fn check(
    scenario: &Scenario,
    objects: &[Object],
    applied: &[Vec<AppliedObject>],
    arrivals: &[PreparedArrivals],
    diagnostics: &mut Diagnostics,
) {
    let all: Vec<&Object> = objects.iter().chain(applied.iter().flatten().map(|applied| &applied.object)).collect();
    if totals::check(scenario, &all, arrivals, diagnostics) {
        check_names::check(scenario, &all, arrivals, diagnostics);
    }
    config_references::check(scenario, &all, arrivals, diagnostics);
    check_objects(scenario, &all, diagnostics);
}

/// What a metric is called that nothing in the simulation produces; `None` for one that the pods' usage gives.
fn unsimulated_metric(metric: &MetricSpec) -> Option<String> {
    match metric {
        MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => {
            (!matches!(&**name, "cpu" | "memory")).then(|| format!("resource metric `{name}`"))
        }
        MetricSpec::Pods { metric, .. } => Some(format!("pods metric `{}`", metric.name)),
        MetricSpec::Object { metric, .. } => Some(format!("object metric `{}`", metric.name)),
        MetricSpec::External { metric, .. } => Some(format!("external metric `{}`", metric.name)),
    }
}

/// Objects that refer to nothing are most likely slips, but Kubernetes accepts them.
fn check_objects(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    let file = Name::from(scenario.file.display().to_string());
    let mut warn = |object: &Object, message: String| {
        let name = format!("{} {}/{}", object.kind().as_str(), object.meta().namespace, object.meta().name);
        diagnostics.push(Diagnostic::warning(file.clone(), message).of_object(name));
    };
    let templates = || all.iter().filter_map(|object| Some((&object.meta().namespace, object.pod_template()?)));
    for object in all {
        if let Object::HorizontalPodAutoscaler(hpa) = object {
            let target = &hpa.scale_target;
            let exists = all.iter().any(|object| {
                let meta = object.meta();
                *object.kind().as_str() == *target.kind
                    && meta.name == target.name
                    && meta.namespace == hpa.meta.namespace
            });
            if !exists {
                warn(object, format!("its target {} `{}` does not exist", target.kind, target.name));
            }
            for metric in hpa.metrics.iter().filter_map(unsimulated_metric) {
                let effect = "so its reconciles see this metric fail and never scale down";
                warn(object, format!("{metric} is not simulated, {effect}"));
            }
        }
        // That a workload selects its own pods was checked when it was read.
        let selector = object.selector().filter(|_| object.pod_template().is_none());
        if let Some(selector) = selector
            && !templates().any(|(namespace, template)| {
                *namespace == object.meta().namespace && selector.matches(&template.labels)
            })
        {
            warn(object, "its selector matches no pod".to_owned());
        }
    }
}
