//! What an operator does, in kubectl's words.

use super::event::Event;
use super::world::World;
use crate::api::{Name, PodDisruptionBudget, PodTemplate};
use crate::cluster::{Cluster, Disruption, Kind, NodeId, ObjectId, PodId, WorkloadId, WorkloadKind};
use crate::controllers::disruption::{
    BudgetPod, BudgetSpec, BudgetStatus, EvictionAnswer, EvictionBudget, UnhealthyPodEvictionPolicy, budget_status,
    evict,
};
use crate::engine::Priority;
use crate::input::scenario::{ActionVerb, DrainOptions, Duration, Target, TargetKind};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// Time between two tries of `kubectl drain` to evict a pod.
const DRAIN_RETRY: SimDuration = SimDuration::from_secs(5);

impl World<'_> {
    /// Carries out an action.
    pub(super) fn act(&mut self, index: u32) {
        let prepared = self.prepared;
        let Some(action) = prepared.scenario.actions.get(index as usize) else { return };
        match &action.verb {
            ActionVerb::Scale { target, replicas } => {
                let replicas = i32::try_from(*replicas).unwrap_or(i32::MAX);
                self.on_target(target, "scale", |world, found| match found {
                    Found::Object(ObjectId::Deployment(id)) => {
                        world.cluster.update_deployment(id, |own| own.object.replicas = replicas);
                    }
                    Found::Object(ObjectId::ReplicaSet(id)) => {
                        world.cluster.update_replica_set(id, |own| own.spec_replicas = replicas);
                    }
                    Found::Object(ObjectId::StatefulSet(id)) => {
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
                self.set_unschedulable(&options.node, true);
                self.drain(index);
            }
            ActionVerb::Delete(target) => self.on_target(target, "delete", Self::delete),
            ActionVerb::RolloutRestart(target) => {
                let at = action.at.to_string();
                self.on_target(target, "restart", |world, found| world.restart(&found, &at));
            }
            ActionVerb::RolloutUndo(target) => self.on_target(target, "undo", |world, found| {
                if let Found::Object(ObjectId::Deployment(id)) = found {
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

    fn on_target(&mut self, target: &Target, verb: &str, act: impl FnOnce(&mut Self, Found)) {
        match find(&mut self.cluster, target) {
            Some(found) => act(self, found),
            None => self.remarks.push(format!("{}: cannot {verb} {target}: it does not exist", self.queue.now())),
        }
    }

    fn set_unschedulable(&mut self, node: &str, unschedulable: bool) {
        match self.cluster.node_id(node) {
            Some(id) => self.cluster.update_node(id, |own| own.unschedulable = unschedulable),
            None => self.remarks.push(format!("{}: node {node} does not exist", self.queue.now())),
        }
    }

    fn delete(&mut self, found: Found) {
        let now = self.queue.now();
        let cluster = &mut self.cluster;
        match found {
            Found::Object(ObjectId::Deployment(id)) => cluster.remove_deployment(id),
            Found::Object(ObjectId::ReplicaSet(id)) => cluster.remove_replica_set(id),
            Found::Object(ObjectId::StatefulSet(id)) => cluster.remove_stateful_set(id),
            Found::Object(ObjectId::DaemonSet(id)) => cluster.remove_daemon_set(id),
            Found::Object(ObjectId::Pod(id)) => {
                let grace = cluster.template_of(id).template.spec.termination_grace_period;
                cluster.delete_pod(id, grace, Disruption::Deletion, now);
            }
            Found::Object(ObjectId::Node(id)) => cluster.remove_node(id, now),
            Found::Object(ObjectId::HorizontalPodAutoscaler(id)) => cluster.remove_hpa(id),
            Found::Object(ObjectId::Service(id)) => cluster.remove_service(id),
            Found::Budget(namespace, name) => cluster.remove_disruption_budget(&namespace, &name),
        }
    }

    /// `kubectl rollout restart`: the template gets an annotation, which makes it a new one.
    fn restart(&mut self, found: &Found, at: &str) {
        let template = match *found {
            Found::Object(ObjectId::Deployment(id)) => self.cluster.deployment(id).object.template,
            Found::Object(ObjectId::StatefulSet(id)) => self.cluster.stateful_set(id).object.template,
            Found::Object(ObjectId::DaemonSet(id)) => self.cluster.daemon_set(id).object.template,
            _ => return,
        };
        let template = &self.cluster.template(template).template;
        let annotations = template.annotations.with("kubectl.kubernetes.io/restartedAt", at);
        let restarted = Arc::new(PodTemplate { annotations, ..PodTemplate::clone(template) });
        let template = self.cluster.intern_template(&restarted);
        match *found {
            Found::Object(ObjectId::Deployment(id)) => {
                self.cluster.update_deployment(id, |own| own.object.template = template)
            }
            Found::Object(ObjectId::StatefulSet(id)) => {
                self.cluster.update_stateful_set(id, |own| own.object.template = template)
            }
            Found::Object(ObjectId::DaemonSet(id)) => {
                self.cluster.update_daemon_set(id, |own| own.object.template = template)
            }
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

    /// One round of `kubectl drain`: evicts what the budgets allow, and tries again as long as pods are left.
    pub(super) fn drain(&mut self, index: u32) {
        let prepared = self.prepared;
        let Some(action) = prepared.scenario.actions.get(index as usize) else { return };
        let ActionVerb::Drain(options) = &action.verb else { return };
        let now = self.queue.now();
        let timeout = options.timeout.get();
        if timeout > SimDuration::ZERO && now - action.at > timeout {
            self.remarks.push(format!("{now}: drain of {} gave up after {timeout}", options.node));
            return;
        }
        let Some(node) = self.cluster.node_id(&options.node) else { return };
        let left = self.evict_pods(node, options);
        if left {
            self.queue.schedule_with(now + DRAIN_RETRY, Priority::Normal, Event::Drain { index });
        }
    }

    /// Evicts the pods of a node that may go; whether some have to wait for their budget.
    fn evict_pods(&mut self, node: NodeId, options: &DrainOptions) -> bool {
        let now = self.queue.now();
        let mut pods = self.cluster.node(node).pods.clone();
        pods.sort_unstable();
        let mut left = false;
        for pod in pods {
            let state = self.cluster.pod(pod);
            let daemon =
                state.workload.is_some_and(|id| matches!(self.cluster.workload(id).kind, WorkloadKind::DaemonSet(_)));
            if daemon || state.deletion.is_some() {
                continue;
            }
            let budgets = budgets_of(&self.cluster, pod, now);
            match evict(state.phase, state.deletion.is_some(), state.ready, &budgets) {
                EvictionAnswer::Evict { .. } => {
                    let own = self.cluster.template_of(pod).template.spec.termination_grace_period;
                    let grace = options.grace_period.map_or(own, Duration::get);
                    self.cluster.delete_pod(pod, grace, Disruption::Eviction, now);
                }
                EvictionAnswer::TooManyRequests | EvictionAnswer::MoreThanOneBudget => left = true,
            }
        }
        left
    }
}

/// The budgets that select a pod, with their status now.
fn budgets_of(cluster: &Cluster, pod: PodId, now: SimTime) -> Vec<EvictionBudget> {
    let state = cluster.pod(pod);
    let namespace = cluster.namespace_name(state.namespace);
    let labels = &cluster.template_of(pod).template.labels;
    let budgets = cluster.disruption_budgets().iter().filter(|budget| {
        budget.meta.namespace == *namespace && budget.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    });
    budgets
        .map(|budget| EvictionBudget {
            status: status_of(cluster, budget, now),
            status_is_stale: false,
            unhealthy_pod_eviction_policy: if budget.always_allow_unhealthy {
                UnhealthyPodEvictionPolicy::AlwaysAllow
            } else {
                UnhealthyPodEvictionPolicy::IfHealthyBudget
            },
        })
        .collect()
}

/// The status that the disruption controller gives a budget now.
pub(super) fn status_of(cluster: &Cluster, budget: &PodDisruptionBudget, now: SimTime) -> BudgetStatus {
    let selected = cluster.pods().filter(|(id, own)| {
        own.exists()
            && !own.phase.is_terminal()
            && *cluster.namespace_name(own.namespace) == budget.meta.namespace
            && budget
                .selector
                .as_ref()
                .is_some_and(|selector| selector.matches(&cluster.template_of(*id).template.labels))
    });
    let pods: Vec<BudgetPod<WorkloadId>> = selected
        .map(|(_, own)| BudgetPod {
            is_ready: own.ready,
            is_deleting: own.deletion.is_some(),
            disrupted_at: None,
            controller: own.workload.map(|id| (id, cluster.workload(id).desired)),
        })
        .collect();
    let spec = BudgetSpec { min_available: budget.min_available, max_unavailable: budget.max_unavailable };
    budget_status(spec, &pods, now)
}

/// An object that an action names.
#[derive(Clone, Debug)]
enum Found {
    Object(ObjectId),
    Budget(Name, Name),
}

fn find(cluster: &mut Cluster, target: &Target) -> Option<Found> {
    if target.kind == TargetKind::PodDisruptionBudget {
        let is_it = |budget: &PodDisruptionBudget| {
            *budget.meta.namespace == *target.namespace && *budget.meta.name == *target.name
        };
        let found = cluster.disruption_budgets().iter().any(is_it);
        return found.then(|| Found::Budget(Name::from(&*target.namespace), Name::from(&*target.name)));
    }
    cluster.find_object(Kind::named(target.kind.as_str())?, &target.namespace, &target.name).map(Found::Object)
}
