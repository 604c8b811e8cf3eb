//! The running ReplicaSet controller: creates and deletes pods, and writes the status.

use crate::api::well_known;
use crate::cluster::{
    Cluster, Disruption, NewPod, NodeId, ObjectId, PodId, ReplicaSetId, ReplicaSetStatus, Severity, Uid,
};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::names::generated_name;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::slow_start::creation_times;
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::replica_set::{RankedPod, ReplicaChange, available_at, pods_to_delete, replica_change};
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// The running ReplicaSet controller, or that of another kind whose objects it sees as ReplicaSets.
#[derive(Clone, Debug)]
pub struct ReplicaSetController {
    /// `source` of its Events.
    source: &'static str,
    queue: WorkQueue,
    /// Pods that the current sync of each ReplicaSet has still to create or delete.
    outstanding: Vec<u32>,
    backoff: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
}

impl ReplicaSetController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self::reporting_as("replicaset-controller", settings)
    }

    /// A controller with an unused client, whose Events have this source (`NewBaseController`).
    pub fn reporting_as(source: &'static str, settings: &ControllerSettings) -> Self {
        Self {
            source,
            queue: WorkQueue::default(),
            outstanding: Vec::new(),
            backoff: RetryBackoff::default(),
            limiter: settings.client(),
            latency: settings.sync_latency(source),
        }
    }

    /// Plans a sync after `delay`, unless one is planned that comes no later.
    pub fn enqueue<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, delay: SimDuration, agenda: &mut A) {
        let at = agenda.now() + delay;
        if self.queue.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncReplicaSet(id));
        }
    }

    /// Plans the sync that a change calls for.
    pub fn wake<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncReplicaSet(id));
        }
    }

    fn outstanding(&mut self, id: ReplicaSetId) -> &mut u32 {
        if self.outstanding.len() <= id.index() {
            self.outstanding.resize(id.index() + 1, 0);
        }
        &mut self.outstanding[id.index()]
    }

    /// One sync of a ReplicaSet.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, cluster: &mut Cluster, agenda: &mut A) {
        if !self.queue.take(id.index(), agenda.now()) || cluster.replica_set(id).removed {
            return;
        }
        if *self.outstanding(id) > 0 {
            // A sync ends when all its pods are created; the last one wakes the controller again.
            return;
        }
        let set = cluster.replica_set(id);
        match replica_change(set.spec_replicas, set.active) {
            ReplicaChange::None => {}
            ReplicaChange::Create(count) => self.create(id, count, cluster, agenda),
            ReplicaChange::Delete(count) => {
                self.delete(id, usize::try_from(count).unwrap_or(0), cluster, agenda);
            }
        }
        self.write_status(id, cluster, agenda);
    }

    /// Creates `count` pods: in slow-start batches, each as the client's rate limit allows.
    fn create<A: Agenda<ControllerEvent>>(
        &mut self,
        id: ReplicaSetId,
        count: i32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let set = cluster.replica_set(id);
        let name = generated_name(&set.name, cluster);
        if let Some(refusal) = cluster.refusal(set.namespace, set.template, &name) {
            // The first batch is one pod: its failure ends the sync, which is retried.
            emit(cluster, self.source, id, (Severity::Warning, "FailedCreate"), format!("Error creating: {refusal}"));
            let delay = self.backoff.fail(id.index());
            self.enqueue(id, delay, agenda);
            return;
        }
        self.backoff.forget(id.index());
        let mut immediate = 0;
        for at in creation_times(&mut self.limiter, count, now, &mut self.latency) {
            *self.outstanding(id) += 1;
            if at <= now {
                immediate += 1;
            } else {
                agenda.schedule(at, ControllerEvent::CreateReplicaSetPod(id));
            }
        }
        for _ in 0..immediate {
            self.create_pod(id, cluster, now);
        }
    }

    /// Creates one pod that a sync decided on.
    pub fn create_pod(&mut self, id: ReplicaSetId, cluster: &mut Cluster, now: SimTime) {
        let outstanding = self.outstanding(id);
        *outstanding = outstanding.saturating_sub(1);
        let set = cluster.replica_set(id);
        if set.removed {
            return;
        }
        let (namespace, template, workload, set_name) = (set.namespace, set.template, set.workload, set.name.clone());
        let name = generated_name(&set_name, cluster);
        cluster.add_pod(
            NewPod {
                name: name.clone(),
                namespace,
                template,
                owner: Some(id.into()),
                workload: Some(workload),
                ordinal: 0,
                arrival: None,
                run_for: None,
            },
            now,
        );
        emit(cluster, self.source, id, (Severity::Normal, "SuccessfulCreate"), format!("Created pod: {name}"));
    }

    /// Deletes `count` pods, those that rank lowest.
    fn delete<A: Agenda<ControllerEvent>>(
        &mut self,
        id: ReplicaSetId,
        count: usize,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let active: Vec<PodId> = active_pods(cluster, id);
        let related = related_pods_per_node(cluster, id);
        let ranked: Vec<RankedPod<Uid>> = active.iter().map(|pod| ranked(cluster, *pod, &related)).collect();
        for index in pods_to_delete(&ranked, count, now) {
            let pod = active[index];
            let at = self.limiter.take(now);
            if at <= now {
                self.delete_pod(cluster, id, pod, now);
            } else {
                *self.outstanding(id) += 1;
                agenda.schedule(at, ControllerEvent::DeletePod(pod, Disruption::Deletion));
            }
        }
    }

    /// Deletes a pod that an earlier sync decided on.
    pub fn delete_later(&mut self, id: ReplicaSetId, pod: PodId, cluster: &mut Cluster, now: SimTime) {
        let outstanding = self.outstanding(id);
        *outstanding = outstanding.saturating_sub(1);
        self.delete_pod(cluster, id, pod, now);
    }

    /// Deletes a pod and says so.
    fn delete_pod(&self, cluster: &mut Cluster, id: ReplicaSetId, pod: PodId, now: SimTime) {
        let grace = cluster.template_of(pod).template.spec.termination_grace_period;
        if cluster.pod(pod).deletion.is_none() && cluster.pod(pod).exists() {
            let message = format!("Deleted pod: {}", cluster.pod(pod).name);
            cluster.delete_pod(pod, grace, Disruption::Deletion, now);
            emit(cluster, self.source, id, (Severity::Normal, "SuccessfulDelete"), message);
        }
    }

    /// Writes the status, and plans a sync for the moment when the next pod becomes available.
    fn write_status<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let set = cluster.replica_set(id);
        let mut available = set.ready;
        let mut next: Option<SimTime> = None;
        if set.min_ready > SimDuration::ZERO {
            available = 0;
            for pod in set.pods.iter().map(|pod| cluster.pod(*pod)).filter(|pod| pod.is_active() && pod.ready) {
                let at = available_at(pod.ready_changed, set.min_ready);
                if at <= now {
                    available += 1;
                } else {
                    next = Some(next.map_or(at, |next| next.min(at)));
                }
            }
        }
        let status = ReplicaSetStatus { replicas: set.active, ready: set.ready, available };
        cluster.set_replica_set_status(id, status);
        if let Some(at) = next {
            self.enqueue(id, at - now, agenda);
        }
    }
}

/// The active pods of a ReplicaSet.
fn active_pods(cluster: &Cluster, id: ReplicaSetId) -> Vec<PodId> {
    cluster.replica_set(id).pods.iter().copied().filter(|pod| cluster.pod(*pod).is_active()).collect()
}

/// Active pods by node of all ReplicaSets with the same owner.
fn related_pods_per_node(cluster: &Cluster, id: ReplicaSetId) -> BTreeMap<NodeId, i32> {
    let alone = [id];
    let family: &[ReplicaSetId] = match cluster.replica_set(id).deployment {
        Some(deployment) => &cluster.deployment(deployment).replica_sets,
        None => &alone,
    };
    let mut related = BTreeMap::new();
    for set in family {
        for pod in active_pods(cluster, *set) {
            if let Some(node) = cluster.pod(pod).node {
                *related.entry(node).or_insert(0) += 1;
            }
        }
    }
    related
}

/// What the ranking looks at.
fn ranked(cluster: &Cluster, id: PodId, related: &BTreeMap<NodeId, i32>) -> RankedPod<Uid> {
    let pod = cluster.pod(id);
    let template = &cluster.template(pod.template).template;
    let cost = template.annotations.get(well_known::POD_DELETION_COST).and_then(|cost| cost.parse().ok());
    RankedPod {
        uid: ObjectId::from(id).uid(),
        is_assigned: pod.node.is_some(),
        phase: pod.phase,
        ready_since: pod.ready.then_some(pod.ready_changed.truncated_to_second()),
        deletion_cost: cost.unwrap_or(0),
        related_on_node: pod.node.and_then(|node| related.get(&node).copied()).unwrap_or(0),
        restarts: i32::try_from(pod.restarts).unwrap_or(i32::MAX),
        sidecar_restarts: 0,
        created: pod.head.created.truncated_to_second(),
    }
}
