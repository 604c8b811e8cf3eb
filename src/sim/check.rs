//! What can be checked only when a scenario, its manifests and its traces are together.

use super::check_autoscalers;
use super::check_names;
use super::config_references;
use super::prepared_arrivals::PreparedArrivals;
use super::totals;
use crate::api::{Name, Object};
use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};

/// Checks references between the parts of a scenario.
pub fn check(
    scenario: &Scenario,
    objects: &[Object],
    applied: &[Vec<Object>],
    arrivals: &[PreparedArrivals],
    diagnostics: &mut Diagnostics,
) {
    let all: Vec<&Object> = objects.iter().chain(applied.iter().flatten()).collect();
    if totals::check(scenario, &all, arrivals, diagnostics) {
        check_names::check(scenario, &all, arrivals, diagnostics);
    }
    config_references::check(scenario, &all, arrivals, diagnostics);
    check_traffic(scenario, &all, diagnostics);
    check_objects(scenario, &all, diagnostics);
    check_autoscalers::check(scenario, &all, diagnostics);
}

/// Each version of a traffic entry's target has the container that serves.
fn check_traffic(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    for (index, traffic) in scenario.spec.traffic.iter().enumerate() {
        let (Some(container), target) = (&traffic.container, &traffic.target) else { continue };
        let versions = all.iter().filter(|object| {
            let meta = object.meta();
            object.kind() == target.kind && *meta.name == *target.name && *meta.namespace == *target.namespace
        });
        for template in versions.filter_map(|object| object.pod_template()) {
            let names: Vec<&str> = template.spec.containers.iter().map(|container| &*container.name).collect();
            if !names.contains(&container.as_str()) {
                let message = format!("container `{container}` does not exist in `{target}`");
                let hint = format!("its containers are {}", names.join(", "));
                let field = format!("spec.traffic[{index}].container");
                diagnostics.push(scenario.error_at(&field, message).with_hint(Some(hint)));
                break;
            }
        }
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
