//! What Karpenter's provisioner decides: which nodes to make for the pods that wait
//! (`pkg/controllers/provisioning/provisioner.go`).

use super::base::Base;
use super::failure::Failure;
use super::label::refused_requirement;
use super::new_claim::NewClaim;
use super::options::Options;
use super::pod::ClassId;
use super::requirements::Requirements;
use super::reservations::ReservedMode;
use super::scheduler::{Placement, Scheduler};
use super::state::{ClusterState, PodKey, StatePod};
use crate::api::karpenter::{KarpenterOperator, keys};
use crate::api::{Name, NodeSelectorOperator, NodeSelectorRequirement};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// What is decided.
#[derive(Clone, Debug, Default)]
pub struct Provisioning {
    /// Pods that wait, and that were tried.
    pub accepted: Vec<PodKey>,
    /// Pods that wait, and that ask for what Karpenter does not do.
    pub rejected: Vec<(PodKey, Rejection)>,
    /// NodeClaims to be made.
    pub claims: Vec<NewClaim>,
    /// Nodes that are there and that pods go to, by their name in the state.
    pub existing: Vec<(Name, Vec<PodKey>)>,
    /// Pods that found no place.
    pub errors: BTreeMap<PodKey, Failure>,
}

/// Why a pod was not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub text: String,
    /// The pod keeps away from Karpenter's nodes, about which there is no event.
    pub is_wanted: bool,
}

/// Decides for the pods that wait, and for those of nodes that are about to go.
pub fn provision(state: &ClusterState, options: &Options, now: SimTime) -> Provisioning {
    let Pending { accepted, rejected } = pending(state, options);
    let mut pods = accepted.clone();
    pods.extend(pods_of_deleting_nodes(state, now));
    let decided = Provisioning { accepted, rejected, ..Provisioning::default() };
    if pods.is_empty() {
        return decided;
    }
    let Some(base) = Base::new(state, options, now, &classes_of(state, &pods), false) else { return decided };
    let Placement { new_nodes, existing, errors } =
        Scheduler::new(&base, BTreeSet::new(), ReservedMode::Strict).place(&pods);
    let named = |(place, pods): (u32, Vec<PodKey>)| (base.places[place as usize].key.clone(), pods);
    Provisioning {
        claims: new_nodes.into_iter().map(|node| NewClaim::new(node, &base)).collect(),
        existing: existing.into_iter().map(named).collect(),
        errors,
        ..decided
    }
}

/// The classes of some pods.
pub fn classes_of(state: &ClusterState, pods: &[PodKey]) -> BTreeSet<ClassId> {
    pods.iter().filter_map(|key| Some(state.pod(*key)?.class)).collect()
}

/// Pods that wait.
pub struct Pending {
    /// Those that are tried.
    pub accepted: Vec<PodKey>,
    /// Those that are not.
    pub rejected: Vec<(PodKey, Rejection)>,
}

/// The pods that wait for a node (`GetPendingPods`).
pub fn pending(state: &ClusterState, options: &Options) -> Pending {
    let mut pending = Pending { accepted: Vec::new(), rejected: Vec::new() };
    for (key, pod) in state.provisionable() {
        match rejection(state, pod, options) {
            None => pending.accepted.push(key),
            Some(rejection) => pending.rejected.push((key, rejection)),
        }
    }
    pending
}

/// The pods of nodes that are about to go which can be given a new place now.
pub fn pods_of_deleting_nodes(state: &ClusterState, now: SimTime) -> Vec<PodKey> {
    let deleting = state.nodes().filter(|(_, node)| node.is_deleting());
    let names = deleting.filter_map(|(_, node)| Some(&node.node.as_ref()?.object.meta.name));
    let pods = names.flat_map(|name| state.pods_on(name));
    pods.filter(|(_, pod)| state.is_currently_reschedulable(pod, now)).map(|(key, _)| key).collect()
}

/// Why a pod is not tried (`Validate`).
fn rejection(state: &ClusterState, pod: &StatePod, options: &Options) -> Option<Rejection> {
    let class = state.class_of(pod);
    let spec = &class.template.spec;
    let node = spec.affinity.as_ref().and_then(|affinity| affinity.node.as_ref());
    let terms = || node.and_then(|node| node.required.as_ref()).into_iter().flat_map(|required| &required.terms);
    let mut all = Requirements::from_labels(&spec.node_selector);
    let weightiest = node.and_then(|node| node.preferred.iter().rev().max_by_key(|term| term.weight));
    for term in weightiest.map(|term| &term.preference).into_iter().chain(terms().take(1)) {
        all.add_expressions(&term.match_expressions);
    }
    let keeps_away = all.get(keys::NODE_POOL).is_some_and(|of| of.operator() == KarpenterOperator::DoesNotExist);
    if keeps_away {
        let text =
            "configured to not run on a Karpenter provisioned node (requirement=karpenter.sh/nodepool DoesNotExist)";
        return Some(Rejection { text: text.into(), is_wanted: true });
    }
    let selected = spec.node_selector.iter().map(|(key, value)| NodeSelectorRequirement {
        key: key.clone(),
        operator: NodeSelectorOperator::In,
        values: vec![value.clone()],
    });
    let mut problems: Vec<String> =
        selected.filter_map(|requirement| refused_requirement(&requirement, &options.well_known)).collect();
    for term in terms() {
        if !term.match_fields.is_empty() {
            problems.push("node selector term with matchFields is not supported".into());
        }
        let refused = |requirement| refused_requirement(requirement, &options.well_known);
        problems.extend(term.match_expressions.iter().filter_map(refused));
    }
    problems.extend(pod.volumes.as_ref().and_then(|volumes| volumes.problem.clone()));
    (!problems.is_empty()).then(|| Rejection { text: problems.join("; "), is_wanted: false })
}
