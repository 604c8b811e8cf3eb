//! Simulations that take away nodes: what would become of their pods (`SimulateScheduling`).

use super::candidate::Candidate;
use crate::api::Name;
use crate::autoscaler::karpenter::base::Base;
use crate::autoscaler::karpenter::failure::Failure;
use crate::autoscaler::karpenter::new_node::NewNode;
use crate::autoscaler::karpenter::options::Options;
use crate::autoscaler::karpenter::provision::{classes_of, pending, pods_of_deleting_nodes};
use crate::autoscaler::karpenter::reservations::ReservedMode;
use crate::autoscaler::karpenter::scheduler::{Placement, Scheduler};
use crate::autoscaler::karpenter::state::{ClusterState, PodKey};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What all simulations of a pass have in common.
pub struct Pass<'s> {
    /// The base.
    pub base: Base<'s>,
    pending: Vec<PodKey>,
    deleting: Vec<PodKey>,
}

/// What would become of the pods.
pub struct Simulated {
    /// Nodes to be made.
    pub new_nodes: Vec<NewNode>,
    /// Nodes that are there and that pods would go to, by their name in the state.
    pub existing: Vec<(Name, Vec<PodKey>)>,
    /// Pods that run today and would find no place.
    pub unplaced: BTreeMap<PodKey, Failure>,
}

impl<'s> Pass<'s> {
    /// For simulations about some nodes. `spares` keeps pods off nodes to which others came lately. `None` without a NodePool
    /// that follows the pods.
    pub fn new(
        state: &'s ClusterState,
        options: &'s Options,
        now: SimTime,
        candidates: &[Candidate<'s>],
        spares: bool,
    ) -> Option<Self> {
        let pending = pending(state, options).accepted;
        let deleting = pods_of_deleting_nodes(state, now);
        let mut classes = classes_of(state, &pending);
        classes.extend(classes_of(state, &deleting));
        for candidate in candidates {
            classes.extend(classes_of(state, &candidate.reschedulable));
        }
        let spares = spares && options.version.spares_recently_used_nodes();
        Some(Self { base: Base::new(state, options, now, &classes, spares)?, pending, deleting })
    }

    /// What would become of the pods without some nodes.
    pub fn simulate(&self, candidates: &[&Candidate<'_>]) -> Simulated {
        let base = &self.base;
        let state = base.state;
        let moving = candidates.iter().flat_map(|candidate| &candidate.reschedulable).copied();
        let can_move =
            |key: &PodKey| state.pod(*key).is_some_and(|pod| state.is_currently_reschedulable(pod, base.now));
        let mut pods = self.pending.clone();
        pods.extend(moving.filter(can_move));
        pods.extend(&self.deleting);
        let gone: BTreeSet<u32> = candidates.iter().filter_map(|candidate| base.place_number(candidate.key)).collect();
        let Placement { new_nodes, existing, mut errors } =
            Scheduler::new(base, gone, ReservedMode::Fallback).place(&pods);
        for (place, pods) in &existing {
            let place = &base.places[*place as usize];
            if !place.is_initialized {
                // Whatever made such a node for the pods of another that goes, it is relied on for those.
                let relying = pods.iter().filter(|pod| !self.deleting.contains(pod));
                errors.extend(relying.map(|pod| (*pod, Failure::Uninitialized(place.node.name().into()))));
            }
        }
        errors.retain(|key, _| state.pod(*key).is_some_and(|pod| !pod.is_provisionable()));
        let named = |(place, pods): (u32, Vec<PodKey>)| (base.places[place as usize].key.clone(), pods);
        Simulated { new_nodes, existing: existing.into_iter().map(named).collect(), unplaced: errors }
    }

    /// Why pods would find no place, as one sentence.
    pub fn describe(&self, unplaced: &BTreeMap<PodKey, Failure>) -> String {
        let mut text = "Not all pods would schedule, ".to_owned();
        for (key, failure) in unplaced.iter().take(5) {
            if let Some(pod) = self.base.state.pod(*key) {
                let _ = write!(text, "{}/{} => {failure} ", pod.namespace, pod.name);
            }
        }
        if unplaced.len() > 5 {
            let _ = write!(text, " and {} other(s)", unplaced.len() - 5);
        }
        text
    }
}
