//! Operator actions: each action of the scenario becomes the API writes that kubectl would make.

use super::applied_object::AppliedObject;
use super::event::Event;
use super::live_documents::LiveDocuments;
use super::prepare::Prepared;
use super::settings;
use crate::api::Name;
use crate::cluster::{ApplyPlan, Cluster, NodeId, ObjectId};
use crate::controllers::eviction::controller::Drain;
use crate::controllers::manager::Controllers;
use crate::engine::{EventQueue, Priority};
use crate::infra::node_pool::NodePool;
use crate::input::scenario::{ActionVerb, Duration, Target};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// The operator of a cluster, with node pools at hand.
#[derive(Debug)]
pub struct Operator<'a> {
    prepared: &'a Prepared,
    pools: Vec<NodePool>,
    /// The documents of the objects that actions apply.
    documents: LiveDocuments,
    /// What an action could not do, and what was met on the way.
    remarks: Vec<String>,
}

impl<'a> Operator<'a> {
    /// The operator of a scenario, who has done nothing yet.
    pub fn new(prepared: &'a Prepared) -> Self {
        let pools = prepared.scenario.spec.node_pools.iter().map(settings::node_pool).collect();
        let documents = LiveDocuments::new(&prepared.documents, prepared.start());
        Self { prepared, pools, documents, remarks: Vec::new() }
    }

    /// The node pools.
    pub fn pools(&self) -> &[NodePool] {
        &self.pools
    }

    /// The remarks for the user.
    pub fn into_remarks(self) -> Vec<String> {
        self.remarks
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
            self.remarks.extend(self.documents.apply(applied, cluster, now));
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
                if let Some(node) = self.existing_node(&options.node, cluster, now) {
                    let drain = Drain {
                        node,
                        timeout: (timeout > SimDuration::ZERO).then_some(timeout),
                        grace_period: options.grace_period.map(Duration::get),
                    };
                    controllers.drain(drain, cluster, queue);
                }
            }
            ActionVerb::Delete(target) => {
                if let Some(object) = self.existing(target, "delete", cluster, now) {
                    cluster.delete(object, now);
                }
            }
            ActionVerb::RolloutRestart(target) => {
                if let Some(object) = self.existing(target, "restart", cluster, now) {
                    let (before, at) = (cluster.rollout_template_of(object), action.at.to_string());
                    cluster.restart_rollout(object, &at);
                    let key = (target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str()));
                    self.documents.note_restart(&key, [before, cluster.rollout_template_of(object)], &at);
                }
            }
            ActionVerb::RolloutUndo(target) => {
                if let Some(object) = self.existing(target, "undo", cluster, now)
                    && !cluster.undo_rollout(object)
                {
                    let kind = target.kind.as_str().to_ascii_lowercase();
                    self.remarks.push(format!("{now}: {kind} {} has no previous revision", target.name));
                }
            }
            ActionVerb::AddNodes { pool: name, count } => {
                if let Some(pool) = self.pools.iter().position(|pool| *pool.name == **name) {
                    self.add_nodes(pool, *count, cluster, now);
                }
            }
        }
    }

    /// Notes the drains that were given up since the last call.
    pub fn note_abandoned_drains(&mut self, controllers: &mut Controllers, cluster: &Cluster, now: SimTime) {
        for drain in controllers.take_abandoned_drains() {
            let node = &cluster.node(drain.node).object.meta.name;
            let timeout = drain.timeout.unwrap_or_default();
            self.remarks.push(format!("{now}: drain of {node} gave up after {timeout}"));
        }
    }

    /// The object that an action names; a remark says so if there is none.
    fn existing(&mut self, target: &Target, verb: &str, cluster: &mut Cluster, now: SimTime) -> Option<ObjectId> {
        let object = cluster.find_object(target.kind, &target.namespace, &target.name);
        if object.is_none() {
            self.remarks.push(format!("{now}: cannot {verb} {target}: it does not exist"));
        }
        object
    }

    /// The node of this name; a remark says so if there is none.
    fn existing_node(&mut self, name: &str, cluster: &Cluster, now: SimTime) -> Option<NodeId> {
        let node = cluster.node_id(name);
        if node.is_none() {
            self.remarks.push(format!("{now}: node {name} does not exist"));
        }
        node
    }

    fn set_unschedulable(&mut self, node: &str, unschedulable: bool, cluster: &mut Cluster, now: SimTime) {
        if let Some(id) = self.existing_node(node, cluster, now) {
            cluster.update_node(id, |node| node.unschedulable = unschedulable);
        }
    }
}
