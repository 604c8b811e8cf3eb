//! The running StatefulSet controller: creates and deletes the pods of each ordinal, and moves the current revision on.
//!
//! The pods of a revision have one template, with the label `controller-revision-hash`. The labels of their name and index
//! are not in it: `Cluster::pod_labels` adds them.

use crate::api::{ClaimRetention, Name, PodPhase, StatefulSetStatus, well_known};
use crate::cluster::{Cluster, Disruption, NewPod, ObjectId, PodId, Refusal, Severity, StatefulSetId, TemplateId};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::names::{template_hash, with_revision_label};
use crate::controllers::common::pending_calls::PendingCalls;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::slow_start::creation_times;
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::replica_set::available_at;
use crate::controllers::stateful_set::rules::StatefulSetRules;
use crate::controllers::stateful_set::{
    PodRevision, StatefulPodView, StatefulSetAction, StatefulSetView, is_update_complete, replica_status, sync,
};
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// `source` of the controller's Events.
const SOURCE: &str = "statefulset-controller";

/// The running StatefulSet controller.
#[derive(Clone, Debug)]
pub struct StatefulSetController {
    rules: StatefulSetRules,
    queue: WorkQueue,
    memory: Vec<Memory>,
    backoff: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
    next_write: Latency,
}

/// What the controller keeps of one StatefulSet.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Templates of the spec and those of the pods: the same with the revision's label.
    revisions: Vec<(TemplateId, TemplateId)>,
    /// Calls that the current sync has still to make.
    calls: PendingCalls<(i32, TemplateId)>,
    /// Whether a creation of the current sync failed.
    has_failed: bool,
    /// The sync that waits for `minReadySeconds`, in releases where it is not planned by the pods.
    sync_later: Option<SimTime>,
}

impl StatefulSetController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            rules: settings.stateful_set,
            queue: WorkQueue::default(),
            memory: Vec::new(),
            backoff: RetryBackoff::default(),
            limiter: settings.client(),
            latency: settings.sync_latency(SOURCE),
            next_write: Latency::new(
                settings.next_write,
                settings.streams,
                "latency/statefulset-controller/next-write",
            ),
        }
    }

    /// Plans the sync that a change calls for.
    pub fn wake<A: Agenda<ControllerEvent>>(&mut self, id: StatefulSetId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncStatefulSet(id));
        }
    }

    fn enqueue<A: Agenda<ControllerEvent>>(&mut self, id: StatefulSetId, at: SimTime, agenda: &mut A) {
        if self.queue.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncStatefulSet(id));
        }
    }

    fn memory(&mut self, id: StatefulSetId) -> &mut Memory {
        if self.memory.len() <= id.index() {
            self.memory.resize(id.index() + 1, Memory::default());
        }
        &mut self.memory[id.index()]
    }

    /// One sync of a StatefulSet.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: StatefulSetId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.queue.take(id.index(), now) || cluster.stateful_set(id).removed {
            return;
        }
        if self.memory(id).calls.any() {
            // A sync ends when all its calls are made; the last one wakes the controller again.
            return;
        }
        let set = cluster.stateful_set(id);
        let (update_base, current_base, min_ready) = (set.object.template, set.current_template, set.object.min_ready);
        let view = StatefulSetView {
            replicas: set.object.replicas,
            first_ordinal: set.object.first_ordinal,
            pod_management_policy: set.object.pod_management_policy,
            update_strategy: set.object.update_strategy,
            update_budget: self.rules.update_budget,
            is_deleting: false,
        };
        let update = self.pod_template(id, update_base, cluster);
        let current = self.pod_template(id, current_base, cluster);
        let pods = cluster.stateful_set(id).pods.clone();
        let views: Vec<StatefulPodView> =
            pods.iter().map(|pod| pod_view(cluster, *pod, update, min_ready, now)).collect();
        let actions = sync(&view, &views);
        if actions.is_empty() && update_base != current_base && is_update_complete(&view, &views) {
            cluster.update_stateful_set(id, |set| set.current_template = update_base);
        }
        let mut turn = now;
        if cluster.stateful_set(id).status.update_revision != revision(update, cluster) {
            // A new ControllerRevision, or an old one that becomes the latest, is written first.
            turn += self.next_write.draw();
        }
        write_status(id, &views, update, current, cluster);
        self.create(id, &actions, (update, current), turn, cluster, agenda);
        if claim_retention(cluster, id).delete_when_scaled {
            let last = view.first_ordinal.saturating_add(view.replicas);
            for pod in &pods {
                if !(view.first_ordinal..last).contains(&cluster.pod(*pod).ordinal) {
                    own_claims(cluster, *pod, Some((*pod).into()), now);
                }
            }
        }
        for action in &actions {
            if let StatefulSetAction::Delete { ordinal } = action
                && let Some(pod) = pods.iter().find(|pod| cluster.pod(**pod).ordinal == *ordinal)
            {
                self.delete(id, *pod, turn, cluster, agenda);
                turn += self.next_write.draw();
            }
        }
        let next = if self.rules.syncs_when_available {
            let ready = pods.iter().map(|pod| cluster.pod(*pod)).filter(|pod| pod.is_active() && pod.ready);
            ready.map(|pod| available_at(pod.ready_changed, min_ready)).filter(|at| *at > now).min()
        } else {
            let available = views.iter().filter(|pod| pod.is_running_and_available()).count();
            let is_missing = usize::try_from(view.replicas).is_ok_and(|replicas| available != replicas);
            let later = &mut self.memory(id).sync_later;
            // The delaying queue keeps the earlier of two times.
            *later = later.filter(|at| *at > now);
            if min_ready > SimDuration::ZERO && is_missing {
                *later = later.or(Some(now + min_ready));
            }
            *later
        };
        if let Some(at) = next {
            self.enqueue(id, at, agenda);
        }
    }

    /// The template of the pods of a revision.
    fn pod_template(&mut self, id: StatefulSetId, base: TemplateId, cluster: &mut Cluster) -> TemplateId {
        if let Some((_, labelled)) = self.memory(id).revisions.iter().find(|(known, _)| *known == base) {
            return *labelled;
        }
        let template = &cluster.template(base).template;
        let revision = format!("{}-{}", cluster.stateful_set(id).object.meta.name, template_hash(template));
        let labelled = Arc::new(with_revision_label(template, &revision));
        let labelled = cluster.intern_template(&labelled);
        self.memory(id).revisions.push((base, labelled));
        labelled
    }

    /// Creates the pods that a sync decided on from `turn` on, each as the client's rate limit allows.
    fn create<A: Agenda<ControllerEvent>>(
        &mut self,
        id: StatefulSetId,
        actions: &[StatefulSetAction],
        (update, current): (TemplateId, TemplateId),
        turn: SimTime,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let created: Vec<(i32, TemplateId)> = actions
            .iter()
            .filter_map(|action| match action {
                StatefulSetAction::Create { ordinal, revision: PodRevision::Update } => Some((*ordinal, update)),
                StatefulSetAction::Create { ordinal, revision: PodRevision::Current } => Some((*ordinal, current)),
                StatefulSetAction::Delete { .. } => None,
            })
            .collect();
        let count = i32::try_from(created.len()).unwrap_or(i32::MAX);
        let times = creation_times(&mut self.limiter, count, turn, &mut self.latency);
        self.memory(id).has_failed = false;
        for ((ordinal, template), at) in created.into_iter().zip(times) {
            if self.memory(id).has_failed {
                break;
            } else if at <= now {
                self.create_pod(id, (ordinal, template), cluster, agenda);
            } else {
                self.memory(id).calls.add_creation((ordinal, template));
                agenda.schedule(at, ControllerEvent::CreateStatefulSetPod(id));
            }
        }
        if !self.memory(id).has_failed && !self.memory(id).calls.any() {
            self.backoff.forget(id.index());
        }
    }

    /// Creates a pod. A failure ends the sync, which is retried later.
    fn create_pod<A: Agenda<ControllerEvent>>(
        &mut self,
        id: StatefulSetId,
        (ordinal, template): (i32, TemplateId),
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if create_pod(cluster, id, ordinal, template, agenda.now()) {
            return;
        }
        self.memory(id).has_failed = true;
        self.memory(id).calls.cancel_creations();
        let at = agenda.now() + self.backoff.fail(id.index());
        if self.queue.retry(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncStatefulSet(id));
        }
    }

    /// Creates the next pod that an earlier sync decided on.
    pub fn create_later<A: Agenda<ControllerEvent>>(
        &mut self,
        id: StatefulSetId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if let Some((ordinal, template)) = self.memory(id).calls.next_creation()
            && !cluster.stateful_set(id).removed
        {
            self.create_pod(id, (ordinal, template), cluster, agenda);
        }
        self.call_made(id, agenda);
    }

    /// Deletes a pod at `turn`, or as soon after it as the client's rate limit allows.
    fn delete<A: Agenda<ControllerEvent>>(
        &mut self,
        id: StatefulSetId,
        pod: PodId,
        turn: SimTime,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let at = self.limiter.take(turn);
        if at <= now {
            delete_pod(cluster, id, pod, now);
        } else {
            self.memory(id).calls.add_deletion();
            agenda.schedule(at, ControllerEvent::DeletePod(pod, Disruption::Deletion));
        }
    }

    /// Deletes a pod that an earlier sync decided on.
    pub fn delete_later<A: Agenda<ControllerEvent>>(
        &mut self,
        id: StatefulSetId,
        pod: PodId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        delete_pod(cluster, id, pod, agenda.now());
        self.call_made(id, agenda);
    }

    /// Notes that a call was made that had to wait; after the last one the next sync comes.
    fn call_made<A: Agenda<ControllerEvent>>(&mut self, id: StatefulSetId, agenda: &mut A) {
        if self.memory(id).calls.made() {
            if !self.memory(id).has_failed {
                self.backoff.forget(id.index());
            }
            self.wake(id, agenda);
        }
    }
}

/// Name of the ControllerRevision that a template of pods belongs to.
fn revision(template: TemplateId, cluster: &Cluster) -> Name {
    let labels = &cluster.template(template).template.labels;
    labels.get(well_known::CONTROLLER_REVISION_HASH).cloned().unwrap_or_default()
}

/// Writes the status. `update` and `current` are the templates of the pods of each revision.
fn write_status(
    id: StatefulSetId,
    pods: &[StatefulPodView],
    update: TemplateId,
    current: TemplateId,
    cluster: &mut Cluster,
) {
    let set = cluster.stateful_set(id);
    let is_updating = set.current_template != set.object.template;
    let status = StatefulSetStatus {
        observed_generation: set.generation,
        current_revision: revision(if is_updating { current } else { update }, cluster),
        update_revision: revision(update, cluster),
        ..replica_status(pods, is_updating)
    };
    cluster.set_stateful_set_status(id, status);
}

/// What a sync sees of a pod.
fn pod_view(cluster: &Cluster, id: PodId, update: TemplateId, min_ready: SimDuration, now: SimTime) -> StatefulPodView {
    let pod = cluster.pod(id);
    StatefulPodView {
        ordinal: pod.ordinal,
        revision: if cluster.asked_template(id) == update { PodRevision::Update } else { PodRevision::Current },
        phase: pod.phase,
        is_ready: pod.ready,
        is_available: pod.ready && available_at(pod.ready_changed, min_ready) <= now,
        is_deleting: pod.deletion.is_some(),
    }
}

/// Creates the pod of an ordinal, its claims first, and says so. Whether all were created.
fn create_pod(cluster: &mut Cluster, id: StatefulSetId, ordinal: i32, template: TemplateId, now: SimTime) -> bool {
    let set = cluster.stateful_set(id);
    let set_name = set.object.meta.name.clone();
    let name = format!("{set_name}-{ordinal}");
    let failed = |refusal: Refusal| format!("create Pod {name} in StatefulSet {set_name} failed error: {refusal}");
    if let Err(refusal) = create_claims(cluster, id, &name, now) {
        let message = format!("failed to create PVC {refusal}");
        emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), failed(refusal.saying(message)));
        return false;
    }
    let set = cluster.stateful_set(id);
    let new = NewPod {
        owner: Some(id.into()),
        workload: Some(set.workload),
        ordinal,
        ..NewPod::bare(Name::from(name.as_str()), set.namespace, template)
    };
    match cluster.create_pod(new, now) {
        Ok(pod) => {
            if claim_retention(cluster, id).delete_when_deleted {
                own_claims(cluster, pod, Some(id.into()), now);
            }
            let message = format!("Create Pod {name} in StatefulSet {set_name} successful");
            emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulCreate"), message);
            true
        }
        Err(refusal) => {
            emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), failed(refusal));
            false
        }
    }
}

/// `persistentVolumeClaimRetentionPolicy` of a StatefulSet.
fn claim_retention(cluster: &Cluster, id: StatefulSetId) -> ClaimRetention {
    cluster.stateful_set(id).object.claim_retention
}

/// Gives the claims of a pod that are made from templates an owner (`updateClaimOwnerRefForSetAndPod`): with the StatefulSet
/// they go when it is deleted, with the pod when a smaller size takes it away.
fn own_claims(cluster: &mut Cluster, pod: PodId, owner: Option<ObjectId>, now: SimTime) {
    for claim in cluster.template_claims_of(pod) {
        cluster.set_claim_owner(claim, owner, now);
    }
}

/// Creates those claims of a pod that are not there yet (`createPersistentVolumeClaims`).
fn create_claims(cluster: &mut Cluster, id: StatefulSetId, pod: &str, now: SimTime) -> Result<(), Refusal> {
    let set = cluster.stateful_set(id);
    if set.object.volume_claim_templates.is_empty() {
        return Ok(());
    }
    let (namespace, set_name) = (set.object.meta.namespace.clone(), set.object.meta.name.clone());
    for mut new in set.object.volume_claim_templates.clone() {
        let name = Name::from(format!("{}-{pod}", new.claim.name));
        if cluster.storage().claim_id(&namespace, &name).is_none() {
            new.claim.namespace = namespace.clone();
            new.claim.name = name.clone();
            if let Err(refusal) = cluster.create_claim(new, now) {
                let message =
                    format!("create Claim {name} for Pod {pod} in StatefulSet {set_name} failed error: {refusal}");
                emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), message);
                let message = format!("{name}: {refusal}");
                return Err(refusal.saying(message));
            }
            let message = format!("Create Claim {name} Pod {pod} in StatefulSet {set_name} success");
            emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulCreate"), message);
        }
    }
    Ok(())
}

/// Deletes a pod and says so; a pod that has ended is also said to be created again.
fn delete_pod(cluster: &mut Cluster, id: StatefulSetId, pod: PodId, now: SimTime) {
    let state = cluster.pod(pod);
    if !state.exists() || state.deletion.is_some() {
        return;
    }
    let set = cluster.stateful_set(id);
    let (pod_name, set_name) = (state.name.clone(), set.object.meta.name.clone());
    let namespace = cluster.namespace_name(set.namespace).clone();
    let ended = match state.phase {
        PodPhase::Failed => Some((Severity::Warning, "RecreatingFailedPod", "failed")),
        PodPhase::Succeeded => Some((Severity::Normal, "RecreatingTerminatedPod", "terminated")),
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => None,
    };
    if let Some((severity, reason, how)) = ended {
        let message = format!("StatefulSet {namespace}/{set_name} is recreating {how} Pod {pod_name}");
        emit(cluster, SOURCE, id, (severity, reason), message);
    }
    let grace = cluster.template_of(pod).template.spec.termination_grace_period;
    cluster.delete_pod(pod, grace, Disruption::Deletion, now);
    let message = format!("Delete Pod {pod_name} in StatefulSet {set_name} successful");
    emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulDelete"), message);
}
