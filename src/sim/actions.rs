//! Operator actions: each action of the scenario becomes the API writes that kubectl would make.

use super::world::World;
use crate::cluster::{NodeId, ObjectId};
use crate::controllers::eviction::controller::Drain;
use crate::input::scenario::{ActionVerb, Duration, Target};
use crate::units::SimDuration;

impl World<'_> {
    /// Carries out an action.
    pub(super) fn act(&mut self, index: u32) {
        let prepared = self.prepared;
        let now = self.queue.now();
        let Some(action) = prepared.scenario.actions.get(index as usize) else { return };
        match &action.verb {
            ActionVerb::Scale { target, replicas } => {
                if let Some(object) = self.existing(target, "scale") {
                    self.cluster.scale(object, i32::try_from(*replicas).unwrap_or(i32::MAX));
                }
            }
            ActionVerb::Apply(_) => {
                if let Some(objects) = prepared.applied.get(index as usize) {
                    self.remarks.extend(self.cluster.apply(objects, now));
                }
            }
            ActionVerb::Cordon(node) => self.set_unschedulable(node, true),
            ActionVerb::Uncordon(node) => self.set_unschedulable(node, false),
            ActionVerb::Drain(options) => {
                let timeout = options.timeout.get();
                if let Some(node) = self.existing_node(&options.node) {
                    let drain = Drain {
                        node,
                        timeout: (timeout > SimDuration::ZERO).then_some(timeout),
                        grace_period: options.grace_period.map(Duration::get),
                    };
                    self.controllers.drain(drain, &mut self.cluster, &mut self.queue);
                }
            }
            ActionVerb::Delete(target) => {
                if let Some(object) = self.existing(target, "delete") {
                    self.cluster.delete(object, now);
                }
            }
            ActionVerb::RolloutRestart(target) => {
                if let Some(object) = self.existing(target, "restart") {
                    self.cluster.restart_rollout(object, &action.at.to_string());
                }
            }
            ActionVerb::RolloutUndo(target) => {
                if let Some(object) = self.existing(target, "undo")
                    && !self.cluster.undo_rollout(object)
                {
                    let kind = target.kind.as_str().to_ascii_lowercase();
                    self.remarks.push(format!("{now}: {kind} {} has no previous revision", target.name));
                }
            }
            ActionVerb::AddNodes { pool: name, count } => {
                if let Some(pool) = self.pools.iter().position(|pool| *pool.name == **name) {
                    self.add_pool_nodes(pool, *count);
                }
            }
        }
    }

    /// The object that an action names; a remark says so if there is none.
    fn existing(&mut self, target: &Target, verb: &str) -> Option<ObjectId> {
        let object = self.cluster.find_object(target.kind, &target.namespace, &target.name);
        if object.is_none() {
            self.remarks.push(format!("{}: cannot {verb} {target}: it does not exist", self.queue.now()));
        }
        object
    }

    /// The node of this name; a remark says so if there is none.
    fn existing_node(&mut self, name: &str) -> Option<NodeId> {
        let node = self.cluster.node_id(name);
        if node.is_none() {
            self.remarks.push(format!("{}: node {name} does not exist", self.queue.now()));
        }
        node
    }

    fn set_unschedulable(&mut self, node: &str, unschedulable: bool) {
        if let Some(id) = self.existing_node(node) {
            self.cluster.update_node(id, |node| node.unschedulable = unschedulable);
        }
    }
}
