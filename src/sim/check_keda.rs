//! What can be said of ScaledObjects before a run: what KEDA or its admission webhook refuses, and triggers whose value nobody
//! gives (KEDA 2.18 `apis/keda/v1alpha1/scaledobject_webhook.go`).

use crate::api::keda::ScaledObject;
use crate::api::{CrossVersionObjectReference, Kind, Name, Object};
use crate::autoscaler::keda::activity::compile_formula;
use crate::autoscaler::keda::scaler::Scaler;
use crate::input::scenario::{Scenario, TriggerReference};
use crate::input::{Diagnostic, Diagnostics};
use std::collections::BTreeSet;

/// Checks ScaledObjects, and the metrics of triggers.
pub(super) fn check(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    let objects: Vec<&ScaledObject> = all
        .iter()
        .filter_map(|object| if let Object::ScaledObject(scaled) = object { Some(&**scaled) } else { None })
        .collect();
    let file = Name::from(scenario.file.display().to_string());
    for object in &objects {
        let mut report = |field: String, (is_error, problem): (bool, String), hint: Option<String>| {
            let make = if is_error { Diagnostic::error } else { Diagnostic::warning };
            let name = format!("{} {}/{}", Kind::ScaledObject.as_str(), object.meta.namespace, object.meta.name);
            diagnostics.push(make(file.clone(), problem).of_object(name).in_field(field).with_hint(hint));
        };
        let target = &object.target;
        if !all.iter().any(|other| is_target(target, &object.meta.namespace, other)) {
            let problem = format!("its target {} `{}` does not exist", target.kind, target.name);
            report("spec.scaleTargetRef".to_owned(), (false, problem), None);
        }
        for problem in shared_target(object, all) {
            report("spec.scaleTargetRef".to_owned(), (true, problem), None);
        }
        let mut names = BTreeSet::new();
        for (index, trigger) in object.spec.triggers.iter().enumerate() {
            let field = format!("spec.triggers[{index}]");
            if !trigger.name.is_empty() && !names.insert(&trigger.name) {
                let problem = format!("`{}` is the name of an earlier trigger too", trigger.name);
                report(format!("{field}.name"), (true, problem), None);
            }
            if trigger.use_cached_metrics && !trigger.is_external() {
                let problem = format!("is not allowed for type {}", trigger.trigger_type);
                report(format!("{field}.useCachedMetrics"), (true, problem), None);
            }
            if let Err(problem) = Scaler::new(trigger, index) {
                report(field, (true, problem), None);
                continue;
            }
            let is_given = |reference: &TriggerReference| reference.is_of(object, index, trigger);
            let mut given = scenario.spec.metrics.iter().filter_map(|metric| metric.trigger.as_ref());
            if trigger.is_external() && !given.any(is_given) {
                let problem = format!("the {} trigger has no source in spec.metrics", trigger.trigger_type);
                let (namespace, name) = (&object.meta.namespace, &object.meta.name);
                let hint = format!(
                    "add `{{name: NAME, type: Trigger, trigger: {{namespace: {namespace}, scaledObject: {name}, index: {index}}}, \
                     value: ...}}` to the scenario's spec.metrics"
                );
                report(field, (true, problem), Some(hint));
            }
        }
        if let Err(problem) = compile_formula(&object.spec) {
            report("spec.advanced.scalingModifiers.formula".to_owned(), (true, problem), None);
        }
    }
    check_sources(scenario, &objects, diagnostics);
}

/// Whether an object is the target of an autoscaler of a namespace.
fn is_target(target: &CrossVersionObjectReference, namespace: &Name, object: &Object) -> bool {
    *object.kind().as_str() == *target.kind
        && object.meta().name == target.name
        && object.meta().namespace == *namespace
}

/// Other autoscalers that scale the same: the webhook lets none stand beside a ScaledObject (`verifyHpas`,
/// `verifyScaledObjects`).
fn shared_target(object: &ScaledObject, all: &[&Object]) -> Vec<String> {
    let (namespace, target) = (&object.meta.namespace, &object.target);
    let shared = |other: &&Object| match other {
        Object::HorizontalPodAutoscaler(hpa) if hpa.meta.namespace == *namespace && hpa.scale_target == *target => {
            let is_own = hpa
                .meta
                .owner
                .as_ref()
                .is_some_and(|owner| owner.name == object.meta.name && *owner.kind == *"ScaledObject");
            (!is_own).then(|| ("hpa", hpa.meta.name.clone()))
        }
        Object::ScaledObject(other)
            if other.meta.namespace == *namespace && other.target == *target && other.meta.name < object.meta.name =>
        {
            Some(("ScaledObject", other.meta.name.clone()))
        }
        _ => None,
    };
    let problem = |(kind, name): (&str, Name)| {
        format!("the workload `{}` of type `{}` is already managed by the {kind} `{name}`", target.name, target.kind)
    };
    all.iter().filter_map(shared).map(problem).collect()
}

/// Each metric of a trigger belongs to exactly one.
fn check_sources(scenario: &Scenario, objects: &[&ScaledObject], diagnostics: &mut Diagnostics) {
    for (index, metric) in scenario.spec.metrics.iter().enumerate() {
        let Some(reference) = &metric.trigger else { continue };
        // One manifest may be applied over another: the same trigger counts once.
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for object in objects {
            let triggers = object.spec.triggers.iter().enumerate();
            found.extend(
                triggers.filter(|(place, trigger)| reference.is_of(object, *place, trigger)).map(|(place, _)| place),
            );
        }
        let problem = match found.len() {
            1 => continue,
            0 => "is that of no trigger (expected a ScaledObject, and a trigger of it other than cron, cpu or memory)",
            _ => "is that of several triggers (expected one: give its index or name)",
        };
        diagnostics.push(scenario.error_at(&format!("spec.metrics[{index}].trigger"), problem));
    }
}
