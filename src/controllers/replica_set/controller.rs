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
use crate::controllers::common::slow_start::{creation_times, slow_start_batches};
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::replica_set::{RankedPod, ReplicaChange, available_at, pods_to_delete, replica_change};
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, VecDeque};

/// How much sooner than a sync whose calls succeed one is over whose first call is refused. Recorded: 6 ms from a pod's
/// change to the Event of the failure that it led to, which is written after the refusal.
const REFUSED_CALL_SHARE: i64 = 4;

/// The running ReplicaSet controller, or that of another kind whose objects it sees as ReplicaSets.
#[derive(Clone, Debug)]
pub struct ReplicaSetController {
    /// `source` of its Events.
    source: &'static str,
    queue: WorkQueue,
    memory: Vec<Memory>,
    backoff: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
}

/// What the controller keeps of the current sync of one ReplicaSet.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Pods that it has still to create or delete.
    outstanding: u32,
    /// Number of the sync.
    sync: u32,
    /// Creations that are left of each batch of the slow start, the current one first.
    batches: VecDeque<i32>,
    /// Whether a creation of the current batch failed.
    has_failed: bool,
    /// Whether a change called for another sync meanwhile.
    is_woken: bool,
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
            memory: Vec::new(),
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
        if self.backoff.is_failing(id.index()) {
            // It fails with its first call: what changes from then on calls for a sync of its own, which counts as a failure
            // too.
            let delay = self.latency.draw() / REFUSED_CALL_SHARE;
            self.enqueue(id, delay, agenda);
        } else if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncReplicaSet(id));
        }
    }

    /// Plans the sync that a change calls for of which the controller learns, and which gives it nothing to do unless its
    /// last sync failed.
    pub fn wake_if_failing<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, agenda: &mut A) {
        if self.backoff.is_failing(id.index()) {
            self.wake(id, agenda);
        }
    }

    fn memory(&mut self, id: ReplicaSetId) -> &mut Memory {
        if self.memory.len() <= id.index() {
            self.memory.resize(id.index() + 1, Memory::default());
        }
        &mut self.memory[id.index()]
    }

    /// One sync of a ReplicaSet.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, cluster: &mut Cluster, agenda: &mut A) {
        if !self.queue.take(id.index(), agenda.now()) || cluster.replica_set(id).removed {
            return;
        }
        if self.memory(id).outstanding > 0 {
            // A sync ends when all its pods are created; the last one wakes the controller again.
            self.memory(id).is_woken = true;
            return;
        }
        self.memory(id).is_woken = false;
        let set = cluster.replica_set(id);
        match replica_change(set.spec_replicas, set.active) {
            ReplicaChange::None => self.backoff.forget(id.index()),
            // Whatever it asks for is refused, which the controller takes for done.
            ReplicaChange::Create(_) if cluster.is_terminating(set.namespace) => {}
            ReplicaChange::Create(count) => self.create(id, count, cluster, agenda),
            ReplicaChange::Delete(count) => {
                self.backoff.forget(id.index());
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
        let times = creation_times(&mut self.limiter, count, now, &mut self.latency);
        let memory = self.memory(id);
        memory.sync += 1;
        memory.batches = slow_start_batches(count).collect();
        memory.has_failed = false;
        memory.outstanding += u32::try_from(times.len()).unwrap_or(u32::MAX);
        let sync = memory.sync;
        let immediate = times.iter().filter(|at| **at <= now).count();
        for at in times.into_iter().skip(immediate) {
            agenda.schedule(at, ControllerEvent::CreateReplicaSetPod { set: id, sync });
        }
        for _ in 0..immediate {
            self.create_pod(id, sync, cluster, agenda);
        }
    }

    /// Creates one pod that a sync decided on. A failure ends the sync with its batch (`slowStartBatch`).
    pub fn create_pod<A: Agenda<ControllerEvent>>(
        &mut self,
        id: ReplicaSetId,
        sync: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let memory = self.memory(id);
        if memory.sync != sync || memory.batches.is_empty() {
            return;
        }
        memory.outstanding = memory.outstanding.saturating_sub(1);
        let set = cluster.replica_set(id);
        if set.removed {
            return;
        }
        let name = generated_name(&set.name, cluster);
        let new = NewPod {
            owner: Some(id.into()),
            workload: Some(set.workload),
            ..NewPod::bare(name.clone(), set.namespace, set.template)
        };
        match cluster.create_pod(new, agenda.now()) {
            Ok(_) => {
                emit(cluster, self.source, id, (Severity::Normal, "SuccessfulCreate"), format!("Created pod: {name}"));
            }
            Err(refusal) if refusal.is_namespace_terminating => {}
            Err(refusal) => {
                let message = format!("Error creating: {refusal}");
                emit(cluster, self.source, id, (Severity::Warning, "FailedCreate"), message);
                self.memory(id).has_failed = true;
            }
        }
        let memory = self.memory(id);
        if let Some(left) = memory.batches.front_mut() {
            *left -= 1;
        }
        if memory.batches.front() == Some(&0) {
            memory.batches.pop_front();
            if memory.has_failed {
                self.fail(id, cluster, agenda);
            } else if memory.batches.is_empty() {
                self.backoff.forget(id.index());
            }
        }
    }

    /// Ends a sync whose last batch failed: what is left of it is not tried, and it is retried later.
    fn fail<A: Agenda<ControllerEvent>>(&mut self, id: ReplicaSetId, cluster: &mut Cluster, agenda: &mut A) {
        let memory = self.memory(id);
        let skipped: i32 = memory.batches.drain(..).sum();
        memory.outstanding = memory.outstanding.saturating_sub(u32::try_from(skipped).unwrap_or(0));
        let is_woken = std::mem::take(&mut memory.is_woken);
        self.limiter.give_back(skipped);
        let at = agenda.now() + self.backoff.fail(id.index());
        if self.queue.retry(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncReplicaSet(id));
        }
        if is_woken {
            self.wake(id, agenda);
        }
        self.write_status(id, cluster, agenda);
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
                self.memory(id).outstanding += 1;
                agenda.schedule(at, ControllerEvent::DeletePod(pod, Disruption::Deletion));
            }
        }
    }

    /// Deletes a pod that an earlier sync decided on.
    pub fn delete_later(&mut self, id: ReplicaSetId, pod: PodId, cluster: &mut Cluster, now: SimTime) {
        let memory = self.memory(id);
        memory.outstanding = memory.outstanding.saturating_sub(1);
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
