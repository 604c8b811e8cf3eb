//! The running Deployment controller: reads the cluster, asks [`sync`] what to do, and does it.

use crate::api::{Kind, Name, PodTemplate, well_known};
use crate::cluster::{Cluster, DeploymentId, NewReplicaSet, Refusal, ReplicaSetId, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::names::template_hash;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::deployment::{
    DeploymentAction, DeploymentView, ReplicaSetView, ReplicasAnnotations, Requeue, sync,
};
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// `source` of the controller's Events.
const SOURCE: &str = "deployment-controller";

/// First delay of the work queue's rate limiter (`DefaultTypedControllerRateLimiter` of client-go).
const RETRY_DELAY: SimDuration = SimDuration::from_millis(5);

/// What a sync decided on and has not written yet.
#[derive(Clone, Debug)]
struct Unwritten {
    /// The ReplicaSets that the sync saw.
    sets: Vec<ReplicaSetId>,
    actions: VecDeque<DeploymentAction>,
    requeue: Option<Requeue>,
    /// Something called for another sync in the meantime.
    woken: bool,
}

/// The running Deployment controller.
#[derive(Clone, Debug)]
pub struct DeploymentController {
    queue: WorkQueue,
    /// By Deployment: the sync that it is in the middle of.
    unwritten: BTreeMap<DeploymentId, Unwritten>,
    next_write: Latency,
    /// By Deployment: when the client may send the write that the last sync decided on and has not sent yet.
    turns: Vec<Option<SimTime>>,
    /// Failures to create a ReplicaSet.
    backoff: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
}

impl DeploymentController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            queue: WorkQueue::default(),
            unwritten: BTreeMap::new(),
            next_write: Latency::new(settings.next_write, settings.streams, "latency/deployment-controller/next-write"),
            turns: Vec::new(),
            backoff: RetryBackoff::default(),
            limiter: settings.client(),
            latency: Latency::new(settings.deployment_sync, settings.streams, "latency/deployment-controller"),
        }
    }

    /// Plans the sync that a change calls for.
    pub fn wake<A: Agenda<ControllerEvent>>(&mut self, id: DeploymentId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncDeployment(id));
        }
    }

    /// Plans a sync after `delay`, unless one is planned that comes no later.
    fn enqueue<A: Agenda<ControllerEvent>>(&mut self, id: DeploymentId, delay: SimDuration, agenda: &mut A) {
        let at = agenda.now() + delay;
        if self.queue.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncDeployment(id));
        }
    }

    fn turn(&mut self, id: DeploymentId) -> &mut Option<SimTime> {
        if self.turns.len() <= id.index() {
            self.turns.resize(id.index() + 1, None);
        }
        &mut self.turns[id.index()]
    }

    /// One sync of a Deployment.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: DeploymentId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.queue.take(id.index(), now) || cluster.deployment(id).removed {
            return;
        }
        if let Some(unwritten) = self.unwritten.get_mut(&id) {
            unwritten.woken = true;
            return;
        }
        let deployment = cluster.deployment(id);
        let view = DeploymentView {
            replicas: deployment.object.replicas,
            strategy: deployment.object.strategy,
            paused: deployment.object.paused,
            revision_history_limit: Some(deployment.object.revision_history_limit),
            progress_deadline: deployment.object.progress_deadline,
            generation: deployment.generation,
            status: deployment.status.clone(),
        };
        let ids = deployment.replica_sets.clone();
        let views: Vec<ReplicaSetView> =
            ids.iter().map(|set| replica_set_view(cluster, *set, deployment.object.template)).collect();
        let outcome = sync(&view, &views, now);
        let writes_objects = outcome.actions.iter().any(|action| !matches!(action, DeploymentAction::UpdateStatus(_)));
        if writes_objects {
            // A sync that has to wait keeps its turn: another one, taken when it wakes, would make it wait for ever.
            let turn = self.turn(id).take();
            let turn = turn.unwrap_or_else(|| self.limiter.take(now));
            if turn > now {
                *self.turn(id) = Some(turn);
                self.enqueue(id, turn - now, agenda);
                return;
            }
        }
        // The real controller goes on to sync a rollout that lost pods ten times a second, to no effect: only a change,
        // which wakes it anyway, can give another answer.
        let is_idle = outcome.actions.is_empty() && outcome.requeue == Some(Requeue::RateLimited);
        if !is_idle {
            let (actions, requeue) = (VecDeque::from(outcome.actions), outcome.requeue);
            self.unwritten.insert(id, Unwritten { sets: ids, actions, requeue, woken: false });
            self.write(id, cluster, agenda);
        }
    }

    /// Writes what a sync decided on: one after the other, each a while after the one before.
    pub fn write<A: Agenda<ControllerEvent>>(&mut self, id: DeploymentId, cluster: &mut Cluster, agenda: &mut A) {
        while let Some(mut unwritten) = self.unwritten.remove(&id) {
            if cluster.deployment(id).removed {
                return;
            }
            if let Some(action) = unwritten.actions.pop_front() {
                self.act(id, &unwritten.sets, action, cluster, agenda);
            }
            if unwritten.actions.is_empty() {
                match unwritten.requeue {
                    Some(Requeue::RateLimited) => self.enqueue(id, RETRY_DELAY, agenda),
                    Some(Requeue::After(delay)) => self.enqueue(id, delay, agenda),
                    None => {}
                }
                if unwritten.woken {
                    let delay = self.next_write.draw();
                    self.enqueue(id, delay, agenda);
                }
                return;
            }
            self.unwritten.insert(id, unwritten);
            let delay = self.next_write.draw();
            if delay > SimDuration::ZERO {
                agenda.schedule(agenda.now() + delay, ControllerEvent::WriteDeployment(id));
                return;
            }
        }
    }

    fn act<A: Agenda<ControllerEvent>>(
        &mut self,
        id: DeploymentId,
        ids: &[ReplicaSetId],
        action: DeploymentAction,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        match action {
            DeploymentAction::CreateReplicaSet { replicas, revision, annotations } => {
                match create_replica_set(cluster, id, replicas, revision, annotations, now) {
                    Ok(created) => {
                        self.backoff.forget(id.index());
                        if replicas > 0 {
                            scaling_event(cluster, id, created, 0, replicas);
                        }
                    }
                    // The controller takes it for done.
                    Err(refusal) if refusal.is_namespace_terminating => {}
                    Err(refusal) => {
                        let message = format!("Failed to create new replica set {refusal}");
                        emit(cluster, SOURCE, id, (Severity::Warning, "ReplicaSetCreateError"), message);
                        let delay = self.backoff.fail(id.index());
                        self.enqueue(id, delay, agenda);
                    }
                }
            }
            // It went in the meantime.
            DeploymentAction::SetRevision { replica_set, .. }
            | DeploymentAction::ScaleReplicaSet { replica_set, .. }
                if cluster.replica_set(ids[replica_set]).removed => {}
            DeploymentAction::SetRevision { replica_set, revision } => {
                cluster.update_replica_set(ids[replica_set], |set| set.revision = revision);
            }
            DeploymentAction::ScaleReplicaSet { replica_set, from, to, annotations } => {
                cluster.update_replica_set(ids[replica_set], |set| {
                    set.spec_replicas = to;
                    set.desired_annotation = annotations.desired;
                    set.max_annotation = annotations.max;
                });
                if from != to {
                    scaling_event(cluster, id, ids[replica_set], from, to);
                }
            }
            DeploymentAction::DeleteReplicaSet { replica_set } => cluster.remove_replica_set(ids[replica_set]),
            DeploymentAction::UpdateStatus(status) => {
                if cluster.set_deployment_status(id, status) {
                    // The controller sees its own write.
                    self.enqueue(id, RETRY_DELAY, agenda);
                }
            }
        }
    }
}

/// What a sync sees of one ReplicaSet.
fn replica_set_view(cluster: &Cluster, id: ReplicaSetId, template: crate::cluster::TemplateId) -> ReplicaSetView {
    let set = cluster.replica_set(id);
    let non_terminal = set.pods.iter().filter(|pod| !cluster.pod(**pod).phase.is_terminal()).count();
    ReplicaSetView {
        revision: set.revision,
        is_new: set.base_template == template,
        spec_replicas: set.spec_replicas,
        status_replicas: set.status.replicas,
        ready_replicas: set.status.ready,
        available_replicas: set.status.available,
        annotations: Some(ReplicasAnnotations { desired: set.desired_annotation, max: set.max_annotation }),
        non_terminal_pods: i32::try_from(non_terminal).unwrap_or(i32::MAX),
        status_is_stale: false,
        is_deleting: false,
    }
}

/// Creates the ReplicaSet of a Deployment's current template.
fn create_replica_set(
    cluster: &mut Cluster,
    id: DeploymentId,
    replicas: i32,
    revision: i64,
    annotations: ReplicasAnnotations,
    now: SimTime,
) -> Result<ReplicaSetId, Refusal> {
    let deployment = cluster.deployment(id);
    let base_template = deployment.object.template;
    let template = Arc::clone(&cluster.template(base_template).template);
    let hash = template_hash(&template);
    let (name, namespace) = (format!("{}-{hash}", deployment.object.meta.name), deployment.namespace);
    let min_ready = deployment.object.min_ready;
    let selector = deployment.object.selector.with_label(well_known::POD_TEMPLATE_HASH, &hash);
    let labelled = PodTemplate {
        labels: template.labels.with(well_known::POD_TEMPLATE_HASH, &hash),
        ..PodTemplate::clone(&template)
    };
    if let Err(refusal) = cluster.admit_creation(Kind::ReplicaSet, namespace, &name) {
        let message = format!("{name:?}: {refusal}");
        return Err(refusal.saying(message));
    }
    let template = cluster.intern_template(&Arc::new(labelled));
    let created = cluster.add_replica_set(
        NewReplicaSet {
            kind: Kind::ReplicaSet,
            name: Name::from(name),
            namespace,
            deployment: Some(id),
            template,
            base_template,
            replicas,
            selector,
            min_ready,
            revision,
        },
        now,
    );
    cluster.update_replica_set(created, |set| {
        set.desired_annotation = annotations.desired;
        set.max_annotation = annotations.max;
    });
    Ok(created)
}

/// The event `ScalingReplicaSet`.
fn scaling_event(cluster: &mut Cluster, id: DeploymentId, set: ReplicaSetId, from: i32, to: i32) {
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", cluster.replica_set(set).name);
    emit(cluster, SOURCE, id, (Severity::Normal, "ScalingReplicaSet"), message);
}
