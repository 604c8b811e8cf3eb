//! What can be checked only when a scenario, its manifests and its traces are together.

use super::applied_object::AppliedObject;
use super::config_references;
use super::prepared_arrivals::PreparedArrivals;
use super::totals;
use crate::api::{Kind, MetricSpec, Name, Object};
use crate::input::scenario::{ActionVerb, FaultScope, Scenario, Target};
use crate::input::{Diagnostic, Diagnostics};
use std::collections::BTreeSet;

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
        check_nodes(scenario, &all, arrivals, diagnostics);
    }
    check_targets(scenario, &all, diagnostics);
    config_references::check(scenario, &all, arrivals, diagnostics);
    check_objects(scenario, &all, diagnostics);
}

/// A scenario without a single node is a slip, and faults and actions name nodes that exist.
fn check_nodes(scenario: &Scenario, all: &[&Object], arrivals: &[PreparedArrivals], diagnostics: &mut Diagnostics) {
    let mut names: BTreeSet<Name> = BTreeSet::new();
    for pool in &scenario.spec.node_pools {
        let added: u32 = scenario
            .actions
            .iter()
            .map(|action| match &action.verb {
                ActionVerb::AddNodes { pool: name, count } if *name == pool.name => *count,
                _ => 0,
            })
            .sum();
        let total = pool.count.saturating_add(added);
        names.extend((0..total).map(|index| Name::from(format!("{}-{index}", pool.name))));
    }
    names.extend(all.iter().filter_map(|object| match object {
        Object::Node(node) => Some(node.meta.name.clone()),
        _ => None,
    }));
    for stream in arrivals {
        if let PreparedArrivals::Trace { nodes, .. } = stream {
            names.extend(nodes.iter().map(|node| Name::from(node.name.as_str())));
        }
    }
    if names.is_empty() {
        let message = "the scenario has no node (expected a pool with a count above zero, or Nodes in the manifests)";
        diagnostics.push(scenario.error_at("spec.nodePools", message));
        return;
    }
    let known = |name: &str| names.contains(name);
    for (index, fault) in scenario.faults.iter().enumerate() {
        if let FaultScope::Node(node) = &fault.scope
            && !known(node)
        {
            let message = format!("there is no node `{node}`");
            diagnostics.push(scenario.error_at(&format!("spec.faults[{index}].node"), message));
        }
    }
    for action in &scenario.actions {
        let node = match &action.verb {
            ActionVerb::Cordon(node) | ActionVerb::Uncordon(node) => node,
            ActionVerb::Drain(options) => &options.node,
            _ => continue,
        };
        if !known(node) {
            let message = format!("an action names the node `{node}`, which does not exist");
            diagnostics.push(scenario.error_at("spec.actions", message));
        }
    }
}

/// Whether an object is the target.
fn is_target(object: &Object, target: &Target) -> bool {
    let meta = object.meta();
    object.kind() == target.kind
        && &*meta.name == target.name.as_str()
        && (target.kind.is_cluster_scoped() || &*meta.namespace == target.namespace.as_str())
}

/// Traffic, faults and actions name objects that exist.
fn check_targets(scenario: &Scenario, all: &[&Object], diagnostics: &mut Diagnostics) {
    let exists = |target: &Target| all.iter().any(|object| is_target(object, target));
    let similar = |target: &Target| {
        let same_kind = all.iter().filter(|object| object.kind() == target.kind);
        let names: Vec<String> =
            same_kind.take(5).map(|object| format!("{}/{}", object.meta().namespace, object.meta().name)).collect();
        (!names.is_empty()).then(|| format!("the manifests have {}", names.join(", ")))
    };
    let missing =
        |target: &Target| format!("there is no {} `{}/{}`", target.kind.as_str(), target.namespace, target.name);
    for (index, traffic) in scenario.spec.traffic.iter().enumerate() {
        if !exists(&traffic.target) {
            let field = format!("spec.traffic[{index}].target");
            diagnostics.push(scenario.error_at(&field, missing(&traffic.target)).with_hint(similar(&traffic.target)));
        }
    }
    for (index, fault) in scenario.faults.iter().enumerate() {
        if let FaultScope::Workload(target) = &fault.scope
            && target.kind != Kind::Pod
            && !exists(target)
        {
            let field = format!("spec.faults[{index}].target");
            diagnostics.push(scenario.error_at(&field, missing(target)).with_hint(similar(target)));
        }
    }
    for action in &scenario.actions {
        let target = match &action.verb {
            ActionVerb::Scale { target, .. } | ActionVerb::RolloutRestart(target) | ActionVerb::RolloutUndo(target) => {
                target
            }
            // Pods and nodes may come from elsewhere.
            ActionVerb::Delete(target) if !matches!(target.kind, Kind::Pod | Kind::Node | Kind::ReplicaSet) => target,
            _ => continue,
        };
        if !exists(target) {
            diagnostics.push(scenario.error_at("spec.actions", missing(target)).with_hint(similar(target)));
        }
    }
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
