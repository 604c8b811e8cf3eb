//! Operator actions: each action of the scenario becomes the API writes that kubectl would make.
//!
//! This file has the operator and hands each action to its verb; the verbs are beside it.

mod delete;
mod evict;
mod patch;
mod rollback;
mod rollout;
mod taint;

use super::action_tracker::{ActionTracker, Subject};
use super::applied_object::{AppliedObject, full_name, key_of};
use super::event::Event;
use super::live_documents::{LiveDocuments, Written};
use super::prepare::Prepared;
use crate::api::Name;
use crate::cluster::{ApplyPlan, Change, Cluster, InstanceOrigin, Interest, NodeGroupId, NodeId, ObjectId};
use crate::controllers::manager::Controllers;
use crate::engine::{EventQueue, Priority};
use crate::input::scenario::{ActionVerb, AddNodesAction, Target};
use crate::record::{ActionOutcome, ActionRecord};
use crate::units::SimTime;
use std::fmt::Display;

/// The operator of a cluster, with node pools at hand.
#[derive(Debug)]
pub struct Operator<'a> {
    prepared: &'a Prepared,
    /// The documents of the objects that actions apply or patch.
    documents: LiveDocuments,
    /// What was met on the way.
    remarks: Vec<String>,
    /// What came of the actions.
    tracker: ActionTracker,
}

impl<'a> Operator<'a> {
    /// The operator of a scenario, who has done nothing yet.
    pub fn new(prepared: &'a Prepared) -> Self {
        let documents = LiveDocuments::new(&prepared.documents, prepared.start());
        Self { prepared, documents, remarks: Vec::new(), tracker: ActionTracker::default() }
    }

    /// The remarks for the user, and what came of the actions by the end of the run.
    pub fn finish(self, cluster: &Cluster) -> (Vec<String>, Vec<ActionRecord>) {
        (self.remarks, self.tracker.finish(cluster))
    }

    /// The changes that tell how far an action is.
    pub const INTEREST: Interest = ActionTracker::INTEREST;

    /// A change of the cluster.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        self.tracker.observe(change, cluster, now);
    }

    /// Adds the nodes that the pools have at the start.
    pub fn add_first_nodes(&mut self, cluster: &mut Cluster) {
        for (index, pool) in self.prepared.scenario.spec.node_pools.iter().enumerate() {
            for _ in 0..pool.count {
                cluster.add_ready_instance(NodeGroupId::from_index(index), InstanceOrigin::NodePool, SimTime::ZERO);
            }
        }
    }

    /// Applies the manifests of the scenario, and plans its actions.
    pub fn start(&mut self, cluster: &mut Cluster, queue: &mut EventQueue<Event>) {
        self.remarks = cluster.apply(&self.prepared.objects, SimTime::ZERO);
        self.documents.start(cluster);
        for (index, action) in self.prepared.scenario.actions.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            queue.schedule_with(action.at, Priority::First, Event::Action { index });
        }
    }

    /// `kubectl apply`.
    fn apply(&mut self, applied: &[AppliedObject], cluster: &mut Cluster, now: SimTime) {
        let plan = ApplyPlan::of(applied, |applied| &applied.object);
        for applied in plan.objects {
            let written = self.documents.apply(applied, cluster, now, &mut self.remarks);
            let (kind, namespace, name) = key_of(&applied.object);
            let object = cluster.find_object(kind, &namespace, &name);
            self.note_written("apply", &full_name(&applied.object), written, object, cluster, now);
        }
        self.remarks.extend(plan.remark);
    }

    /// Notes what came of a write, and follows a workload to the end of its rollout.
    fn note_written(
        &mut self,
        action: &str,
        target: &str,
        written: Written,
        object: Option<ObjectId>,
        cluster: &Cluster,
        now: SimTime,
    ) {
        match (written, object) {
            (Written::Sent, Some(object)) if cluster.workload_of(object).is_some() => {
                self.follow(action, object, cluster, now);
            }
            (Written::Sent, _) => self.tracker.note(action, target, ActionOutcome::Done, "", now),
            (Written::Unchanged, _) => self.tracker.note(action, target, ActionOutcome::Unchanged, "", now),
            (Written::Refused(refusal), _) => {
                self.tracker.note(action, target, ActionOutcome::Refused, &refusal.message, now);
                self.tracker.answered(refusal.code);
            }
        }
    }

    /// Carries out an action.
    pub fn act(
        &mut self,
        index: u32,
        cluster: &mut Cluster,
        controllers: &mut Controllers,
        queue: &mut EventQueue<Event>,
    ) {
        let prepared = self.prepared;
        let now = queue.now();
        let Some(action) = prepared.scenario.actions.get(index as usize) else { return };
        match &action.verb {
            ActionVerb::Scale(scale) => self.scale(scale, cluster, now),
            ActionVerb::Apply(_) => {
                if let Some(applied) = prepared.applied.get(index as usize) {
                    self.apply(applied, cluster, now);
                }
            }
            ActionVerb::Patch(patch) => self.patch(patch, cluster, now),
            ActionVerb::Cordon(node) => self.set_unschedulable(node, true, cluster, now),
            ActionVerb::Uncordon(node) => self.set_unschedulable(node, false, cluster, now),
            ActionVerb::Taint(taint) => self.taint(taint, cluster, now),
            ActionVerb::Drain(options) => self.drain(options, cluster, controllers, queue),
            ActionVerb::Evict(reference) => self.evict(reference, cluster, now),
            ActionVerb::Delete(options) => self.delete(options, cluster, now),
            ActionVerb::RolloutRestart(target) => self.restart(target, &action.at.to_string(), cluster, now),
            ActionVerb::RolloutUndo(undo) => self.undo(undo, cluster, now),
            ActionVerb::RolloutPause(target) => self.set_paused(target, true, cluster, now),
            ActionVerb::RolloutResume(target) => self.set_paused(target, false, cluster, now),
            ActionVerb::AddNodes(AddNodesAction { pool: name, count }) => {
                let group = cluster.node_groups().find(|(_, group)| *group.name == **name).map(|(group, _)| group);
                if let Some(group) = group {
                    let spec = &prepared.scenario.spec;
                    let boots = spec.node_pools.get(group.index()).is_some_and(|pool| pool.boot.is_some())
                        || spec.cloud.as_ref().is_some_and(|cloud| cloud.boot.is_some());
                    for _ in 0..*count {
                        if boots {
                            cluster.add_instance_to_group(group, InstanceOrigin::Operator, &Name::default(), now);
                        } else {
                            cluster.add_ready_instance(group, InstanceOrigin::Operator, now);
                        }
                    }
                    self.tracker.note("add nodes", name, ActionOutcome::Done, &format!("{count} nodes"), now);
                }
            }
        }
    }

    /// Follows an action to what comes of it, if it is one on a workload.
    fn follow(&mut self, action: &str, object: ObjectId, cluster: &Cluster, now: SimTime) {
        if let Some(workload) = cluster.workload_of(object) {
            let state = cluster.workload(workload);
            let target = format!("{} {}/{}", state.kind.as_str(), cluster.namespace_name(state.namespace), state.name);
            self.tracker.follow(action, &target, Subject::Workload(workload), cluster, now);
        }
    }

    /// Notes that the API server refused an action, or kubectl did before it asked (without a code).
    fn refused(&mut self, action: &str, target: &dyn Display, code: Option<u16>, message: &str, now: SimTime) {
        self.tracker.note(action, &target.to_string(), ActionOutcome::Refused, message, now);
        self.tracker.answered(code);
    }

    /// Notes that what an action names does not exist.
    fn not_found(&mut self, action: &str, target: &dyn Display, now: SimTime) {
        self.tracker.note(action, &target.to_string(), ActionOutcome::NotFound, "it does not exist", now);
        self.tracker.answered(Some(404));
    }

    /// The object that an action names; without it nothing can be done.
    fn existing(&mut self, target: &Target, verb: &str, cluster: &mut Cluster, now: SimTime) -> Option<ObjectId> {
        let object = cluster.find_object(target.kind, &target.namespace, &target.name);
        if object.is_none() {
            self.not_found(verb, target, now);
        }
        object
    }

    /// The node of this name; without it nothing can be done.
    fn existing_node(&mut self, name: &str, verb: &str, cluster: &Cluster, now: SimTime) -> Option<NodeId> {
        let node = cluster.node_id(name);
        if node.is_none() {
            self.not_found(verb, &name, now);
        }
        node
    }

    fn set_unschedulable(&mut self, node: &str, unschedulable: bool, cluster: &mut Cluster, now: SimTime) {
        let verb = if unschedulable { "cordon" } else { "uncordon" };
        if let Some(id) = self.existing_node(node, verb, cluster, now) {
            cluster.update_node(id, |node| node.unschedulable = unschedulable);
            self.tracker.note(verb, node, ActionOutcome::Done, "", now);
        }
    }
}
