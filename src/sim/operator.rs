//! Operator actions: each action of the scenario becomes the API writes that kubectl would make.

use super::action_tracker::{ActionTracker, Subject};
use super::applied_object::{AppliedObject, full_name, key_of};
use super::event::Event;
use super::live_documents::{ApplyResult, LiveDocuments};
use super::prepare::Prepared;
use super::settings;
use crate::api::Name;
use crate::cluster::{ApplyPlan, Change, Cluster, Interest, NodeId, ObjectId};
use crate::controllers::eviction::controller::Drain;
use crate::controllers::manager::Controllers;
use crate::engine::{EventQueue, Priority};
use crate::infra::node_pool::NodePool;
use crate::input::scenario::{ActionVerb, Duration, Target};
use crate::record::{ActionOutcome, ActionRecord};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// The operator of a cluster, with node pools at hand.
#[derive(Debug)]
pub struct Operator<'a> {
    prepared: &'a Prepared,
    pools: Vec<NodePool>,
    /// The documents of the objects that actions apply.
    documents: LiveDocuments,
    /// What was met on the way.
    remarks: Vec<String>,
    /// What came of the actions.
    tracker: ActionTracker,
}

impl<'a> Operator<'a> {
    /// The operator of a scenario, who has done nothing yet.
    pub fn new(prepared: &'a Prepared) -> Self {
        let pools = prepared.scenario.spec.node_pools.iter().map(settings::node_pool).collect();
        let documents = LiveDocuments::new(&prepared.documents, prepared.start());
        Self { prepared, pools, documents, remarks: Vec::new(), tracker: ActionTracker::default() }
    }

    /// The node pools.
    pub fn pools(&self) -> &[NodePool] {
        &self.pools
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
            self.add_nodes(index, pool.count, cluster, SimTime::ZERO);
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

    fn add_nodes(&mut self, pool: usize, count: u32, cluster: &mut Cluster, now: SimTime) {
        for _ in 0..count {
            let node = self.pools[pool].next_node();
            cluster.add_node(Arc::new(node), u32::try_from(pool).ok(), now);
        }
    }

    /// `kubectl apply`.
    fn apply(&mut self, applied: &[AppliedObject], cluster: &mut Cluster, now: SimTime) {
        let plan = ApplyPlan::of(applied, |applied| &applied.object);
        for applied in plan.objects {
            let result = self.documents.apply(applied, cluster, now, &mut self.remarks);
            let (kind, namespace, name) = key_of(&applied.object);
            let object = cluster.find_object(kind, &namespace, &name);
            let target = full_name(&applied.object);
            match (result, object) {
                (ApplyResult::Sent, Some(object)) if cluster.workload_of(object).is_some() => {
                    self.follow("apply", object, cluster, now);
                }
                (ApplyResult::Sent, _) => self.tracker.note("apply", &target, ActionOutcome::Done, "", now),
                (ApplyResult::Unchanged, _) => self.tracker.note("apply", &target, ActionOutcome::Unchanged, "", now),
                (ApplyResult::Refused(problem), _) => {
                    self.tracker.note("apply", &target, ActionOutcome::Refused, &problem, now);
                }
            }
        }
        self.remarks.extend(plan.remark);
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
            ActionVerb::Scale { target, replicas } => {
                if let Some(object) = self.existing(target, "scale", cluster, now) {
                    cluster.scale(object, i32::try_from(*replicas).unwrap_or(i32::MAX));
                    self.follow("scale", object, cluster, now);
                }
            }
            ActionVerb::Apply(_) => {
                if let Some(applied) = prepared.applied.get(index as usize) {
                    self.apply(applied, cluster, now);
                }
            }
            ActionVerb::Cordon(node) => self.set_unschedulable(node, true, cluster, now),
            ActionVerb::Uncordon(node) => self.set_unschedulable(node, false, cluster, now),
            ActionVerb::Drain(options) => {
                let timeout = options.timeout.get();
                if let Some(node) = self.existing_node(&options.node, "drain", cluster, now) {
                    let drain = Drain {
                        node,
                        timeout: (timeout > SimDuration::ZERO).then_some(timeout),
                        grace_period: options.grace_period.map(Duration::get),
                    };
                    controllers.drain(drain, cluster, queue);
                    self.tracker.follow("drain", &options.node, Subject::Drain(node), cluster, now);
                }
            }
            ActionVerb::Delete(target) => {
                if let Some(object) = self.existing(target, "delete", cluster, now) {
                    cluster.delete(object, now);
                    self.tracker.note("delete", &target.to_string(), ActionOutcome::Done, "", now);
                }
            }
            ActionVerb::RolloutRestart(target) => {
                if let Some(object) = self.existing(target, "restart", cluster, now) {
                    let (before, at) = (cluster.rollout_template_of(object), action.at.to_string());
                    cluster.restart_rollout(object, &at);
                    let key = (target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str()));
                    self.documents.note_restart(&key, [before, cluster.rollout_template_of(object)], &at);
                    self.follow("rollout restart", object, cluster, now);
                }
            }
            ActionVerb::RolloutUndo(target) => {
                if let Some(object) = self.existing(target, "rollout undo", cluster, now) {
                    if cluster.undo_rollout(object) {
                        self.follow("rollout undo", object, cluster, now);
                    } else {
                        let (target, detail) = (target.to_string(), "it has no previous revision");
                        self.tracker.note("rollout undo", &target, ActionOutcome::NotFound, detail, now);
                    }
                }
            }
            ActionVerb::AddNodes { pool: name, count } => {
                if let Some(pool) = self.pools.iter().position(|pool| *pool.name == **name) {
                    self.add_nodes(pool, *count, cluster, now);
                    self.tracker.note("add nodes", name, ActionOutcome::Done, &format!("{count} nodes"), now);
                }
            }
        }
    }

    /// Notes the drains that were given up since the last call.
    pub fn note_abandoned_drains(&mut self, controllers: &mut Controllers, cluster: &Cluster, now: SimTime) {
        for drain in controllers.take_abandoned_drains() {
            self.tracker.gave_up(drain.node, cluster, now);
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

    /// The object that an action names; without it nothing can be done.
    fn existing(&mut self, target: &Target, verb: &str, cluster: &mut Cluster, now: SimTime) -> Option<ObjectId> {
        let object = cluster.find_object(target.kind, &target.namespace, &target.name);
        if object.is_none() {
            self.tracker.note(verb, &target.to_string(), ActionOutcome::NotFound, "it does not exist", now);
        }
        object
    }

    /// The node of this name; without it nothing can be done.
    fn existing_node(&mut self, name: &str, verb: &str, cluster: &Cluster, now: SimTime) -> Option<NodeId> {
        let node = cluster.node_id(name);
        if node.is_none() {
            self.tracker.note(verb, name, ActionOutcome::NotFound, "it does not exist", now);
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
