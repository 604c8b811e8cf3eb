//! Every node, zone and object that a scenario names exists, wherever it comes from: pools, manifests, dumps given with `-f`,
//! `apply` actions, traces.

use super::prepared_arrivals::PreparedArrivals;
use crate::api::{Kind, Object};
use crate::input::scenario::{
    ActionVerb, DeleteOptions, DrainOptions, FaultScope, MetricValue, PatchAction, RolloutUndoOptions, ScaleAction,
    Scenario, TaintAction, Target,
};
use crate::input::similar::{Tolerance, nearest};
use crate::input::{Diagnostic, Diagnostics};
use std::collections::{BTreeMap, BTreeSet};

/// Names in a hint are no more than this.
const SHOWN: usize = 6;

/// What exists at some time of a run.
struct Existing<'a> {
    /// Pools with the number of nodes that they ever have.
    pools: BTreeMap<&'a str, u64>,
    /// Nodes of manifests and traces.
    nodes: BTreeSet<String>,
    zones: BTreeSet<String>,
    objects: BTreeSet<(Kind, &'a str, &'a str)>,
}

impl<'a> Existing<'a> {
    fn of(scenario: &'a Scenario, objects: &[&'a Object], arrivals: &'a [PreparedArrivals]) -> Self {
        let added = |name: &str| {
            let of_action = |verb: &ActionVerb| match verb {
                ActionVerb::AddNodes(add) if add.pool == name => u64::from(add.count),
                _ => 0,
            };
            scenario.actions.iter().map(|action| of_action(&action.verb)).sum::<u64>()
        };
        let pools = &scenario.spec.node_pools;
        let mut existing = Self {
            pools: pools.iter().map(|pool| (pool.name.as_str(), u64::from(pool.count) + added(&pool.name))).collect(),
            nodes: BTreeSet::new(),
            zones: pools.iter().flat_map(|pool| pool.zones.iter().cloned()).collect(),
            objects: BTreeSet::new(),
        };
        for object in objects {
            let meta = object.meta();
            existing.objects.insert((object.kind(), &meta.namespace, &meta.name));
            if !meta.namespace.is_empty() {
                // A namespace is there with the first object in it.
                existing.objects.insert((Kind::Namespace, "", &meta.namespace));
            }
            if let Object::Node(node) = object {
                existing.nodes.insert(meta.name.to_string());
                existing.zones.extend(node.zone().map(ToString::to_string));
            }
        }
        for stream in arrivals {
            if let PreparedArrivals::Trace { nodes, .. } = stream {
                existing.nodes.extend(nodes.iter().map(|node| node.name.clone()));
            }
        }
        existing
    }

    fn has_no_node(&self) -> bool {
        self.nodes.is_empty() && self.pools.values().all(|size| *size == 0)
    }

    fn has_node(&self, name: &str) -> bool {
        let of_pool = || {
            let (pool, number) = name.rsplit_once('-')?;
            let is_written_so = number == "0" || !number.starts_with('0');
            let is_number = is_written_so && number.bytes().all(|byte| byte.is_ascii_digit());
            Some(is_number && number.parse::<u64>().ok()? < *self.pools.get(pool)?)
        };
        self.nodes.contains(name) || of_pool().unwrap_or(false)
    }

    /// The name of a node that is like this one, or which nodes there are.
    fn nodes_like(&self, name: &str) -> String {
        let pools = self.pools.iter().filter(|(_, size)| **size > 0);
        let of_pools = pools.map(|(pool, size)| match size {
            1 => format!("{pool}-0"),
            _ => format!("{pool}-0 to {pool}-{}", size - 1),
        });
        match nearest(name, self.nodes.iter().map(String::as_str), Tolerance::Wide) {
            Some(like) => format!("did you mean `{like}`?"),
            None => format!("the nodes are {}", listed(of_pools.chain(self.nodes.iter().cloned()))),
        }
    }

    fn has(&self, target: &Target) -> bool {
        let namespace = if target.kind.is_cluster_scoped() { "" } else { target.namespace.as_str() };
        let name = target.name.as_str();
        match target.kind {
            Kind::Node => self.has_node(name),
            kind => self.objects.contains(&(kind, namespace, name)),
        }
    }

    /// Whether there may be such an object at some time: pods and ReplicaSets may be those that a controller makes, which are
    /// known when they are there.
    fn may_have(&self, target: &Target) -> bool {
        matches!(target.kind, Kind::Pod | Kind::ReplicaSet) || self.has(target)
    }

    /// Which objects of the kind of a target there are.
    fn objects_like(&self, target: &Target) -> Option<String> {
        if target.kind == Kind::Node {
            return Some(self.nodes_like(target.name.as_str()));
        }
        let of_kind = self.objects.iter().filter(|(kind, ..)| *kind == target.kind);
        let names: Vec<String> = of_kind.map(|(_, namespace, name)| format!("{namespace}/{name}")).collect();
        let wanted = format!("{}/{}", target.namespace, target.name);
        match nearest(&wanted, names.iter().map(String::as_str), Tolerance::Wide) {
            Some(like) => Some(format!("did you mean `{like}`?")),
            None if names.is_empty() => None,
            None => Some(format!("the manifests have {}", listed(names.into_iter()))),
        }
    }
}

/// Names in a row; of many the first.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let shown = names.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Checks the names of a scenario. One without a single node is a slip.
pub(super) fn check(
    scenario: &Scenario,
    objects: &[&Object],
    arrivals: &[PreparedArrivals],
    diagnostics: &mut Diagnostics,
) {
    let existing = Existing::of(scenario, objects, arrivals);
    // Nodes that an autoscaler makes are not there yet.
    let may_grow = scenario.spec.karpenter.is_some()
        || scenario.spec.node_pools.iter().any(|pool| pool.max.is_some())
        || objects.iter().any(|object| matches!(object, Object::NodePool(_)));
    if existing.has_no_node() && !may_grow {
        let message = "the scenario has no node (expected a pool with a count above zero, or Nodes in the manifests)";
        diagnostics.push(scenario.error_at("spec.nodePools", message));
        return;
    }
    let no_node = |field: &str, name: &str| {
        let missing = scenario.error_at(field, format!("node `{name}` does not exist"));
        missing.with_hint(Some(existing.nodes_like(name)))
    };
    let no_object = |field: &str, target: &Target| {
        let path = if target.kind.is_cluster_scoped() {
            target.name.clone()
        } else {
            format!("{}/{}", target.namespace, target.name)
        };
        let message = format!("there is no {} `{path}`", target.kind.as_str());
        scenario.error_at(field, message).with_hint(existing.objects_like(target))
    };
    for (index, traffic) in scenario.spec.traffic.iter().enumerate() {
        if let Some(target) = traffic.target.as_ref().filter(|target| !existing.has(target)) {
            diagnostics.push(no_object(&format!("spec.traffic[{index}].target"), target));
        }
        let backends = traffic.backends.iter().enumerate().filter(|(_, backend)| !existing.has(&backend.target));
        for (place, backend) in backends {
            diagnostics.push(no_object(&format!("spec.traffic[{index}].backends[{place}].target"), &backend.target));
        }
        let zones = traffic.routing.zones.iter().enumerate();
        for (place, zone) in zones.filter(|(_, zone)| !existing.zones.contains(*zone)) {
            let field = format!("spec.traffic[{index}].routing.zones[{place}]");
            diagnostics.push(no_zone(&field, zone, &existing, scenario));
        }
    }
    let jobs = scenario.spec.jobs.iter().enumerate().filter(|(_, job)| !existing.has(&job.target));
    for (index, job) in jobs {
        diagnostics.push(no_object(&format!("spec.jobs[{index}].target"), &job.target));
    }
    for (index, metric) in scenario.spec.metrics.iter().enumerate() {
        let queue = match &metric.value {
            MetricValue::Queue(queue) => Some(("value.queue.target", &queue.target)),
            MetricValue::Series(_) | MetricValue::Traffic(_) | MetricValue::Requests(_) => None,
        };
        let targets = metric.target.iter().map(|target| ("target", target)).chain(queue);
        for (field, target) in targets.filter(|(_, target)| !existing.has(target)) {
            diagnostics.push(no_object(&format!("spec.metrics[{index}].{field}"), target));
        }
    }
    for (index, fault) in scenario.faults.iter().enumerate() {
        diagnostics.extend(check_fault(index, &fault.scope, &existing, scenario, &no_node, &no_object));
    }
    for action in &scenario.actions {
        match &action.verb {
            ActionVerb::Cordon(node)
            | ActionVerb::Uncordon(node)
            | ActionVerb::Drain(DrainOptions { node, .. })
            | ActionVerb::Taint(TaintAction { node, .. })
                if !existing.has_node(node) =>
            {
                diagnostics.push(no_node(&action.field(), node));
            }
            ActionVerb::Scale(ScaleAction { target, .. })
            | ActionVerb::RolloutRestart(target)
            | ActionVerb::RolloutUndo(RolloutUndoOptions { target, .. })
            | ActionVerb::RolloutPause(target)
            | ActionVerb::RolloutResume(target)
                if !existing.has(target) =>
            {
                diagnostics.push(no_object(&action.field(), target));
            }
            ActionVerb::Evict(reference)
            | ActionVerb::Delete(DeleteOptions { target: reference, .. })
            | ActionVerb::Patch(PatchAction { target: reference, .. })
                if !existing.may_have(reference.target()) =>
            {
                diagnostics.push(no_object(&action.field(), reference.target()));
            }
            _ => {}
        }
    }
}

/// A zone does not exist.
fn no_zone(field: &str, zone: &str, existing: &Existing<'_>, scenario: &Scenario) -> Diagnostic {
    let hint = match nearest(zone, existing.zones.iter().map(String::as_str), Tolerance::Narrow) {
        _ if existing.zones.is_empty() => "no node has a zone".to_owned(),
        Some(like) => format!("did you mean `{like}`?"),
        None => format!("the zones are {}", listed(existing.zones.iter().cloned())),
    };
    scenario.error_at(field, format!("zone `{zone}` does not exist")).with_hint(Some(hint))
}

/// What a fault strikes exists.
fn check_fault(
    index: usize,
    scope: &FaultScope,
    existing: &Existing<'_>,
    scenario: &Scenario,
    no_node: &dyn Fn(&str, &str) -> Diagnostic,
    no_object: &dyn Fn(&str, &Target) -> Diagnostic,
) -> Option<Diagnostic> {
    let field = |name: &str| format!("spec.faults[{index}].{name}");
    match scope {
        FaultScope::Node(node) => (!existing.has_node(node)).then(|| no_node(&field("node"), node)),
        FaultScope::Zone(zone) if !existing.zones.contains(zone) => {
            Some(no_zone(&field("zone"), zone, existing, scenario))
        }
        FaultScope::Workload(target) => {
            (target.kind != Kind::Pod && !existing.has(target)).then(|| no_object(&field("target"), target))
        }
        FaultScope::Zone(_) | FaultScope::Pool(_) | FaultScope::ControllerManager => None,
    }
}
