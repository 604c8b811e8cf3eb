//! Changes of pods, with the indexes and counts that depend on them.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::resource_quota::CountedAs;
use super::{
    Change, Cluster, Deletion, Disruption, FailedAttempts, NewPod, NodeId, ObjectHead, Pod, PodId, WorkloadId,
};
use crate::api::{self, Kind, Name, PodPhase};
use crate::units::{SimDuration, SimTime};

impl Cluster {
    /// Creates a pod.
    pub fn add_pod(&mut self, new: NewPod, now: SimTime) -> PodId {
        let id = PodId::from_index(self.pods.len());
        self.index.add_pod(id, new.namespace, &new.name);
        self.pods.push(Pod {
            name: new.name,
            namespace: new.namespace,
            template: new.template,
            owner: new.owner,
            workload: new.workload,
            ordinal: new.ordinal,
            arrival: new.arrival,
            run_for: new.run_for,
            node: None,
            phase: PodPhase::Pending,
            ready: false,
            containers_ready: false,
            ready_changed: now,
            in_endpoints: false,
            restarts: 0,
            deletion: None,
            bound: None,
            start_time: None,
            running: None,
            first_ready: None,
            ended: None,
            removed: None,
            scheduling_attempts: 0,
            reason: Name::from(""),
            unresolvable: false,
            head: ObjectHead::new(&mut self.versions, now),
            job: None,
            generation: 0,
        });
        if let Some(pods) = new.owner.and_then(|owner| self.owned_pods_mut(owner)) {
            pods.push(id);
        }
        self.count_active(id, 1);
        self.recount(id, CountedAs::Nothing);
        self.note_claim_user(id, true);
        self.changes.push(Change::PodAdded(id));
        id
    }

    /// Adds `change` to the numbers of active (and, if the pod is ready, ready) pods of its owners.
    fn count_active(&mut self, id: PodId, change: i32) {
        let pod = &self.pods[id.index()];
        let ready = if pod.ready { change } else { 0 };
        if let Some(workload) = pod.workload {
            let workload = &mut self.workloads[workload.index()];
            workload.active += change;
            workload.ready += ready;
        }
        if let Some(owner) = pod.owner {
            self.count_owned(owner, change, ready);
        }
    }

    /// Notes a scheduling attempt, and why it failed.
    pub fn note_scheduling_attempt(&mut self, id: PodId, failure: Option<(Name, bool)>) {
        let pod = &mut self.pods[id.index()];
        pod.scheduling_attempts += 1;
        let unresolvable = failure.as_ref().map_or(pod.unresolvable, |(_, unresolvable)| *unresolvable);
        self.set_pod_condition(id, failure.map_or(Name::default(), |(message, _)| message), unresolvable);
    }

    /// The condition `PodScheduled` as the last attempt leaves it. The number of attempts is no part of the object.
    fn set_pod_condition(&mut self, id: PodId, reason: Name, unresolvable: bool) {
        let pod = &mut self.pods[id.index()];
        if pod.reason != reason || pod.unresolvable != unresolvable {
            pod.reason = reason;
            pod.unresolvable = unresolvable;
            pod.head.change(&mut self.versions);
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// Notes attempts that failed one after the other, and their Events.
    pub fn note_failed_attempts(&mut self, id: PodId, attempts: FailedAttempts) {
        let pod = &mut self.pods[id.index()];
        pod.scheduling_attempts += attempts.count;
        self.set_pod_condition(id, attempts.message, attempts.unresolvable);
        self.repeated_failures.push((id, attempts.count, attempts.last));
    }

    /// Binds a pod to a node. Nothing happens if the pod is gone, being deleted, or already bound.
    pub fn bind(&mut self, id: PodId, node: NodeId, now: SimTime) -> bool {
        let pod = &mut self.pods[id.index()];
        if !pod.exists() || pod.node.is_some() || pod.deletion.is_some() {
            return false;
        }
        pod.node = Some(node);
        pod.bound = Some(now);
        pod.head.change(&mut self.versions);
        self.nodes[node.index()].pods.push(id);
        self.changes.push(Change::PodBound(id));
        true
    }

    /// Writes `status.nominatedNodeName`: the node on which room is being made for a pod that waits.
    pub fn set_nominated_node(&mut self, id: PodId, node: Option<NodeId>) {
        let before = match node {
            Some(node) => self.nominated.insert(id, node),
            None => self.nominated.remove(&id),
        };
        let pod = &mut self.pods[id.index()];
        if before != node && pod.exists() {
            pod.head.change(&mut self.versions);
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// `status.nominatedNodeName` of a pod.
    pub fn nominated_node(&self, id: PodId) -> Option<NodeId> {
        self.nominated.get(&id).copied()
    }

    /// `status.nominatedNodeName` of the pods that wait, in order of their ids.
    pub fn nominated_nodes(&self) -> impl Iterator<Item = (PodId, NodeId)> + '_ {
        let waits = |id: &PodId| self.pod(*id).exists() && self.pod(*id).node.is_none();
        self.nominated.iter().map(|(pod, node)| (*pod, *node)).filter(move |(pod, _)| waits(pod))
    }

    /// The kubelet saw the pod: `status.startTime`.
    pub fn set_pod_start_time(&mut self, id: PodId, now: SimTime) {
        let pod = &mut self.pods[id.index()];
        if pod.start_time.is_none() {
            pod.start_time = Some(now);
            pod.head.change(&mut self.versions);
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// Sets why the pod is not running; empty where nothing keeps it from that.
    pub fn set_pod_reason(&mut self, id: PodId, reason: &'static str) {
        let pod = &mut self.pods[id.index()];
        if *pod.reason != *reason {
            pod.reason = Name::from(reason);
            pod.head.change(&mut self.versions);
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// The pod's containers run.
    pub fn set_pod_running(&mut self, id: PodId, now: SimTime) {
        let pod = &mut self.pods[id.index()];
        if pod.phase == PodPhase::Pending && pod.exists() {
            pod.phase = PodPhase::Running;
            pod.running = Some(now);
            pod.head.change(&mut self.versions);
            self.changes.push(Change::PodRunning(id));
        }
    }

    /// A kubelet says whether a pod's containers are ready, which the Ready condition follows.
    pub fn set_pod_ready(&mut self, id: PodId, ready: bool, now: SimTime) {
        let pod = &mut self.pods[id.index()];
        if pod.containers_ready != ready && pod.exists() {
            pod.containers_ready = ready;
            if pod.ready == ready {
                pod.head.change(&mut self.versions);
                self.changes.push(Change::ObjectUpdated(id.into()));
            }
        }
        self.set_ready_condition(id, ready, now);
    }

    /// The node of a pod is lost: its Ready condition is false, whatever its kubelet said of its containers
    /// (`MarkPodsNotReady`).
    pub fn mark_pod_not_ready(&mut self, id: PodId, now: SimTime) {
        self.set_ready_condition(id, false, now);
    }

    fn set_ready_condition(&mut self, id: PodId, ready: bool, now: SimTime) {
        let pod = &mut self.pods[id.index()];
        if pod.ready == ready || !pod.exists() {
            return;
        }
        pod.ready = ready;
        pod.head.change(&mut self.versions);
        pod.ready_changed = now;
        if ready {
            pod.first_ready.get_or_insert(now);
        }
        if pod.is_active() {
            let change = if ready { 1 } else { -1 };
            if let Some(workload) = pod.workload {
                self.workloads[workload.index()].ready += change;
            }
            if let Some(owner) = pod.owner {
                self.count_owned(owner, 0, change);
            }
        }
        self.changes.push(Change::PodReadiness(id));
    }

    /// Sets whether the pod is among the ready endpoints of its Services.
    pub fn set_pod_in_endpoints(&mut self, id: PodId, in_endpoints: bool) {
        let pod = &mut self.pods[id.index()];
        if pod.in_endpoints != in_endpoints {
            pod.in_endpoints = in_endpoints;
            self.changes.push(Change::PodEndpoint(id));
        }
    }

    /// A container ended and will be started again.
    pub fn note_pod_restart(&mut self, id: PodId) {
        let pod = &mut self.pods[id.index()];
        pod.restarts += 1;
        pod.head.change(&mut self.versions);
        self.changes.push(Change::PodRestarted(id));
    }

    /// Starts a new generation of the kubelet's plan for a pod and returns it.
    pub fn next_pod_generation(&mut self, id: PodId) -> u32 {
        let pod = &mut self.pods[id.index()];
        pod.generation += 1;
        pod.generation
    }

    /// Requests a pod's deletion. A pod that is not bound, or has ended, goes at once (the API server deletes it without
    /// a kubelet). Nothing happens if deletion is already requested.
    pub fn delete_pod(&mut self, id: PodId, grace: SimDuration, reason: Disruption, now: SimTime) {
        let pod = &self.pods[id.index()];
        if !pod.exists() || pod.deletion.is_some() {
            return;
        }
        if pod.is_active() {
            self.count_active(id, -1);
        }
        let counted = self.counted_as(id);
        let pod = &mut self.pods[id.index()];
        pod.deletion = Some(Deletion { requested: now, grace, reason });
        pod.head.change(&mut self.versions);
        self.recount(id, counted);
        self.changes.push(Change::PodTerminating(id));
        let pod = &self.pods[id.index()];
        if pod.node.is_none() || pod.phase.is_terminal() {
            self.remove_pod(id, now);
        }
    }

    /// The pod's containers have ended for good.
    pub fn end_pod(&mut self, id: PodId, phase: PodPhase, reason: &str, now: SimTime) {
        let pod = &self.pods[id.index()];
        if !pod.exists() || pod.phase.is_terminal() {
            return;
        }
        if pod.is_active() {
            self.count_active(id, -1);
        }
        let counted = self.counted_as(id);
        let pod = &mut self.pods[id.index()];
        pod.phase = phase;
        pod.head.change(&mut self.versions);
        pod.ended = Some(now);
        pod.generation += 1;
        if !reason.is_empty() {
            pod.reason = Name::from(reason);
        }
        pod.containers_ready = false;
        if pod.ready {
            pod.ready = false;
            pod.ready_changed = now;
            self.changes.push(Change::PodReadiness(id));
        }
        self.recount(id, counted);
        self.changes.push(Change::PodEnded(id));
    }

    /// Removes a pod object. One with finalizers stays, ended, until they are gone; so does one that its Job has not counted,
    /// until [`Cluster::count_job_pod`].
    pub fn remove_pod(&mut self, id: PodId, now: SimTime) {
        if !self.pods[id.index()].exists() || self.is_kept_by_job(id, now) {
            return;
        }
        if !self.finalizers_of(id.into()).is_empty() {
            self.end_pod(id, PodPhase::Succeeded, "", now);
            return;
        }
        let pod = &self.pods[id.index()];
        if pod.is_active() {
            self.count_active(id, -1);
        }
        let counted = self.counted_as(id);
        let pod = &mut self.pods[id.index()];
        pod.removed = Some(now);
        pod.head.change(&mut self.versions);
        pod.ended.get_or_insert(now);
        pod.generation += 1;
        self.index.remove_pod(id, pod.namespace, &pod.name);
        let was_in_endpoints = std::mem::take(&mut pod.in_endpoints);
        let (node, owner) = (pod.node, pod.owner);
        if let Some(node) = node {
            let pods = &mut self.nodes[node.index()].pods;
            if let Some(index) = pods.iter().position(|pod| *pod == id) {
                pods.swap_remove(index);
            }
        }
        if let Some(pods) = owner.and_then(|owner| self.owned_pods_mut(owner))
            // Searching from the end: young pods go most often.
            && let Some(index) = pods.iter().rposition(|pod| *pod == id)
        {
            pods.remove(index);
        }
        self.recount(id, counted);
        self.note_claim_user(id, false);
        if was_in_endpoints {
            self.changes.push(Change::PodEndpoint(id));
        }
        self.changes.push(Change::PodRemoved(id));
    }
}

impl Apply for api::Pod {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    /// Creates a pod. One that has ended is left out, and one that is there is left as it is.
    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        if self.status.phase.is_terminal() {
            return None;
        }
        let (namespace_name, name) = (&self.meta.namespace, &self.meta.name);
        let namespace = cluster.namespace(namespace_name, now);
        // At the start names are known to be unique.
        if now > SimTime::ZERO && cluster.pod_id(namespace, name).is_some() {
            return Some(format!("pod {namespace_name}/{name} is there already: it stays as it is"));
        }
        let template = cluster.admit(namespace_name, &self.template);
        let new = NewPod::bare(name.clone(), namespace, template);
        let id = cluster.add_pod(new, now);
        let node_name = self.node_name.as_ref()?;
        let Some(node) = cluster.node_id(node_name) else {
            let node = format!("node {node_name}, which does not exist");
            return Some(format!("pod {namespace_name}/{name} is bound to {node}: it waits"));
        };
        cluster.bind(id, node, now);
        None
    }
}

impl Resource for PodId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Pod
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.pod(self).name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.pod(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.pod(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.pods[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, now: SimTime) {
        let grace = cluster.template_of(self).template.spec.termination_grace_period;
        cluster.delete_pod(self, grace, Disruption::Deletion, now);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        cluster.pod(self).workload
    }
}
