//! What an operator does, in kubectl's words.

use super::world::World;
use crate::api::PodTemplate;
use crate::cluster::{Disruption, Kind, NodeId, ObjectId};
use crate::controllers::eviction::controller::Drain;
use crate::input::scenario::{ActionVerb, Duration, Target};
use crate::units::SimDuration;
use std::sync::Arc;

impl World<'_> {
    /// Carries out an action.
    pub(super) fn act(&mut self, index: u32) {
        let prepared = self.prepared;
        let Some(action) = prepared.scenario.actions.get(index as usize) else { return };
        match &action.verb {
            ActionVerb::Scale { target, replicas } => {
                let replicas = i32::try_from(*replicas).unwrap_or(i32::MAX);
                self.on_target(target, "scale", |world, found| match found {
                    ObjectId::Deployment(id) => {
                        world.cluster.update_deployment(id, |own| own.object.replicas = replicas);
                    }
                    ObjectId::ReplicaSet(id) => {
                        world.cluster.update_replica_set(id, |own| own.spec_replicas = replicas);
                    }
                    ObjectId::StatefulSet(id) => {
                        world.cluster.update_stateful_set(id, |own| own.object.replicas = replicas);
                    }
                    _ => {}
                });
            }
            ActionVerb::Apply(_) => {
                if let Some(objects) = prepared.applied.get(index as usize) {
                    self.apply(objects);
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
            ActionVerb::Delete(target) => self.on_target(target, "delete", Self::delete),
            ActionVerb::RolloutRestart(target) => {
                let at = action.at.to_string();
                self.on_target(target, "restart", |world, found| world.restart(found, &at));
            }
            ActionVerb::RolloutUndo(target) => self.on_target(target, "undo", |world, found| {
                if let ObjectId::Deployment(id) = found {
                    world.undo(id);
                }
            }),
            ActionVerb::AddNodes { pool, count } => {
                if let Some(pool) = self.pools.iter().position(|own| *own.name == **pool) {
                    self.add_pool_nodes(pool, *count);
                }
            }
        }
    }

    fn on_target(&mut self, target: &Target, verb: &str, act: impl FnOnce(&mut Self, ObjectId)) {
        let found = Kind::named(target.kind.as_str())
            .and_then(|kind| self.cluster.find_object(kind, &target.namespace, &target.name));
        match found {
            Some(found) => act(self, found),
            None => self.remarks.push(format!("{}: cannot {verb} {target}: it does not exist", self.queue.now())),
        }
    }

    fn set_unschedulable(&mut self, node: &str, unschedulable: bool) {
        if let Some(id) = self.existing_node(node) {
            self.cluster.update_node(id, |node| node.unschedulable = unschedulable);
        }
    }

    /// The node of this name; a remark says so if there is none.
    fn existing_node(&mut self, name: &str) -> Option<NodeId> {
        let node = self.cluster.node_id(name);
        if node.is_none() {
            self.remarks.push(format!("{}: node {name} does not exist", self.queue.now()));
        }
        node
    }

    fn delete(&mut self, found: ObjectId) {
        let now = self.queue.now();
        let cluster = &mut self.cluster;
        match found {
            ObjectId::Deployment(id) => cluster.remove_deployment(id),
            ObjectId::ReplicaSet(id) => cluster.remove_replica_set(id),
            ObjectId::StatefulSet(id) => cluster.remove_stateful_set(id),
            ObjectId::DaemonSet(id) => cluster.remove_daemon_set(id),
            ObjectId::Pod(id) => {
                let grace = cluster.template_of(id).template.spec.termination_grace_period;
                cluster.delete_pod(id, grace, Disruption::Deletion, now);
            }
            ObjectId::Node(id) => cluster.remove_node(id, now),
            ObjectId::HorizontalPodAutoscaler(id) => cluster.remove_hpa(id),
            ObjectId::Service(id) => cluster.remove_service(id),
            ObjectId::PodDisruptionBudget(id) => cluster.remove_disruption_budget(id),
        }
    }

    /// `kubectl rollout restart`: the template gets an annotation, which makes it a new one.
    fn restart(&mut self, found: ObjectId, at: &str) {
        let template = match found {
            ObjectId::Deployment(id) => self.cluster.deployment(id).object.template,
            ObjectId::StatefulSet(id) => self.cluster.stateful_set(id).object.template,
            ObjectId::DaemonSet(id) => self.cluster.daemon_set(id).object.template,
            _ => return,
        };
        let template = &self.cluster.template(template).template;
        let annotations = template.annotations.with("kubectl.kubernetes.io/restartedAt", at);
        let restarted = Arc::new(PodTemplate { annotations, ..PodTemplate::clone(template) });
        let template = self.cluster.intern_template(&restarted);
        match found {
            ObjectId::Deployment(id) => {
                self.cluster.update_deployment(id, |deployment| deployment.object.template = template)
            }
            ObjectId::StatefulSet(id) => self.cluster.update_stateful_set(id, |set| set.object.template = template),
            ObjectId::DaemonSet(id) => self.cluster.update_daemon_set(id, |set| set.object.template = template),
            _ => {}
        }
    }

    /// `kubectl rollout undo`: the template of the previous revision becomes the current one.
    fn undo(&mut self, id: crate::cluster::DeploymentId) {
        let deployment = self.cluster.deployment(id);
        let sets = deployment.replica_sets.iter().map(|set| self.cluster.replica_set(*set));
        let previous =
            sets.filter(|set| set.base_template != deployment.object.template).max_by_key(|set| set.revision);
        match previous.map(|set| set.base_template) {
            Some(template) => self.cluster.update_deployment(id, |own| own.object.template = template),
            None => {
                let name = deployment.object.meta.name.clone();
                self.remarks.push(format!("{}: deployment {name} has no previous revision", self.queue.now()));
            }
        }
    }
}
