//! What can be checked only when a scenario, its manifests and its traces are together.

use super::applied_object::AppliedObject;
use super::check_autoscalers;
use super::check_cron_jobs;
use super::check_keda;
use super::check_names;
use super::check_output;
use super::check_services;
use super::config_references;
use super::prepared_arrivals::PreparedArrivals;
use super::slips::{self, Given};
use super::totals;
use crate::api::{Name, Object, StatefulSetUpdateStrategy};
use crate::cluster::may_select;
use crate::controllers::stateful_set::rules::{StatefulSetRules, UpdateBudget};
use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};
use crate::scheduler::SchedulerConfig;
use std::collections::{BTreeMap, BTreeSet};

/// Checks references between the parts of a scenario.
pub fn check(
    scenario: &Scenario,
    objects: &[Object],
    applied: &[Vec<AppliedObject>],
    arrivals: &[PreparedArrivals],
    scheduler: &SchedulerConfig,
    diagnostics: &mut Diagnostics,
) {
    let all: Vec<&Object> = objects.iter().chain(applied.iter().flatten().map(|applied| &applied.object)).collect();
    if totals::check(scenario, &all, arrivals, diagnostics) {
        check_names::check(scenario, &all, arrivals, diagnostics);
    }
    config_references::check(scenario, &all, arrivals, diagnostics);
    check_traffic(scenario, &all, diagnostics);
    check_objects(scenario, &all, diagnostics);
    check_autoscalers::check(scenario, &all, diagnostics);
    check_keda::check(scenario, &all, diagnostics);
    check_services::check(scenario, &all, diagnostics);
    check_cron_jobs::check(scenario, &all, diagnostics);
    check_owners(scenario, objects, diagnostics);
    check_output::check(scenario, &all, diagnostics);
    slips::check(&Given { scenario, objects: &all, arrivals, scheduler }, diagnostics);
}

/// Pods of a dump whose controllers are not in it would be lost for good, where the real cluster replaces them.
fn check_owners(scenario: &Scenario, objects: &[Object], diagnostics: &mut Diagnostics) {
    let existing: BTreeSet<(&str, &str, &str)> = objects
        .iter()
        .map(|object| (object.kind().as_str(), object.meta().namespace.as_str(), object.meta().name.as_str()))
        .collect();
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects {
        let (Object::Pod(pod), Some(owner)) = (object, &object.meta().owner) else { continue };
        // The kubelet owns the pods of its node's static manifests.
        if &*owner.kind == "Node" || pod.status.phase.is_terminal() {
            continue;
        }
        let namespace = pod.meta.namespace.as_str();
        if !existing.contains(&(owner.kind.as_str(), namespace, owner.name.as_str())) {
            *missing.entry(format!("{} {namespace}/{}", owner.kind, owner.name)).or_default() += 1;
        }
    }
    let Some(first) = missing.keys().next() else { return };
    let pods: usize = missing.values().sum();
    let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
    let file = Name::from(scenario.file.display().to_string());
    let message = format!(
        "{pods} {} owned by controllers that are not among the objects ({first}{more}): nothing replaces what is lost of them",
        if pods == 1 { "pod is" } else { "pods are" }
    );
    let hint = "add `kubectl get deployments,replicasets,statefulsets,daemonsets -A -o yaml` to the manifests";
    diagnostics.push(Diagnostic::warning(file, message).with_hint(Some(hint.to_owned())));
}

/// Each version of a traffic entry's target has the container that serves.
fn check_traffic(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    for (index, traffic) in scenario.spec.traffic.iter().enumerate() {
        let (Some(container), Some(target)) = (&traffic.container, &traffic.target) else { continue };
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
    let version = scenario.spec.kubernetes_version;
    let gate = scenario.spec.control_plane.feature_gates.max_unavailable_stateful_set;
    let ignores_max_unavailable = StatefulSetRules::of(version, gate).update_budget == UpdateBudget::One;
    for object in all {
        if let Object::StatefulSet(set) = object
            && let StatefulSetUpdateStrategy::RollingUpdate { max_unavailable: Some(_), .. } = set.update_strategy
            && ignores_max_unavailable
        {
            warn(
                object,
                format!("maxUnavailable is ignored: the gate MaxUnavailableStatefulSet is off in Kubernetes {version}"),
            );
        }
        // That a workload selects its own pods was checked when it was read.
        let selector = object.selector().filter(|_| object.pod_template().is_none());
        if let Some(selector) = selector
            && !all.iter().any(|other| other.meta().namespace == object.meta().namespace && may_select(selector, other))
        {
            warn(object, "its selector matches no pod".to_owned());
        }
    }
}
