//! Pods that the API server refuses, that no scheduler looks at, or that no node can ever take.

use super::given::{Given, NewPods, Origin};
use crate::api::{Labels, Name, Node, NodeSelector, Object, PodSpec, well_known};
use crate::cluster::Admission;
use crate::input::Diagnostics;
use crate::input::similar::{Tolerance, nearest};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Values of a label that a hint names are no more than this.
const SHOWN: usize = 6;

/// Warns of pods that are never created or never placed.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let mut admission = Admission::default();
    for object in given.objects {
        admission.apply(object);
    }
    let nodes = given.kinds_of_nodes();
    // Many templates select alike. Only looked up, never iterated.
    let mut known: FxHashMap<(Labels, Option<NodeSelector>), Option<Misfit>> = FxHashMap::default();
    for pods in given.new_pods() {
        let spec = admission.admit(&pods.namespace, pods.template).spec;
        if let Some(refusal) = admission.refusal(&pods.namespace, &spec, &pods.name) {
            diagnostics.push(given.warning_of_pods(&pods, format!("no pod is created: {refusal}")));
            continue;
        }
        let profiles = || given.scheduler.profiles.iter().map(|profile| &profile.scheduler_name);
        if profiles().all(|name| *name != spec.scheduler_name) {
            let served: Vec<String> = profiles().map(|name| format!("`{name}`")).collect();
            let (name, served) = (&spec.scheduler_name, served.join(", "));
            let message = format!("schedulerName `{name}` is no profile of the scheduler: its pods wait for ever");
            let hint = format!("the scheduler has {served}; spec.scheduler of the scenario names its configuration");
            diagnostics.push(given.warning_of_pods(&pods, message).with_hint(Some(hint)));
            continue;
        }
        if !wants_nodes(&pods) || names_a_node(&spec) {
            continue;
        }
        let key = (spec.node_selector.clone(), spec.required_node_affinity().cloned());
        let misfit = known.entry(key).or_insert_with(|| misfit(&spec, &nodes));
        if let Some(Misfit { message, hint }) = misfit {
            diagnostics.push(given.warning_of_pods(&pods, message.clone()).with_hint(hint.clone()));
        }
    }
}

/// Whether the pods wait if no node suits them: a DaemonSet then has none, and one scaled to zero has none either.
fn wants_nodes(pods: &NewPods<'_>) -> bool {
    match pods.origin {
        Origin::Object(Object::DaemonSet(_)) => false,
        Origin::Object(object) => object.replicas() != Some(0),
        Origin::Arrivals(_) => true,
    }
}

/// Whether a pod asks for a node by name: of a pool's nodes, only some are looked at.
fn names_a_node(spec: &PodSpec) -> bool {
    let terms = spec.required_node_affinity().into_iter().flat_map(|required| &required.terms);
    spec.node_selector.contains_key(well_known::HOSTNAME)
        || terms.into_iter().any(|term| {
            !term.match_fields.is_empty()
                || term.match_expressions.iter().any(|requirement| *requirement.key == *well_known::HOSTNAME)
        })
}

/// Why no node suits a pod.
#[derive(Clone)]
struct Misfit {
    message: String,
    hint: Option<String>,
}

/// Why no node suits a pod; `None` if one does.
fn misfit(spec: &PodSpec, nodes: &[Node]) -> Option<Misfit> {
    if nodes.iter().any(|node| spec.fits_node(node)) {
        return None;
    }
    let is_missing = |(key, value): &(&Name, &Name)| nodes.iter().all(|node| node.meta.labels.get(key) != Some(value));
    let Some((key, value)) = spec.node_selector.iter().find(is_missing) else {
        let what = match (spec.node_selector.is_empty(), spec.required_node_affinity()) {
            (false, None) => "all labels of its nodeSelector",
            (true, _) => "the labels that its required node affinity asks for",
            (false, Some(_)) => "the labels that its nodeSelector and its required node affinity ask for",
        };
        return Some(Misfit { message: format!("no node has {what}: its pods wait for ever"), hint: None });
    };
    let message = format!("no node has the label {key}={value} of its nodeSelector: its pods wait for ever");
    let values: BTreeSet<&str> = nodes.iter().filter_map(|node| Some(&**node.meta.labels.get(key)?)).collect();
    let keys = || nodes.iter().flat_map(|node| node.meta.labels.iter().map(|(key, _)| &**key));
    let hint = match nearest(value, values.iter().copied(), Tolerance::Wide) {
        Some(like) => Some(format!("did you mean `{like}`?")),
        None if values.is_empty() => {
            nearest(key, keys(), Tolerance::Narrow).map(|like| format!("did you mean the label `{like}`?"))
        }
        None => {
            let shown: Vec<&str> = values.iter().copied().take(SHOWN).collect();
            Some(format!("the nodes have {}", shown.join(", ")))
        }
    };
    Some(Misfit { message, hint })
}
