//! The running DaemonSet controller: a pod on every node that should have one.
//!
//! The pods are bound by the scheduler: each has a required node affinity to its node's name, and so a template of its
//! own, made once for each node and revision. Deviation: a `nodeName` in the template is not looked at.

use crate::api::{
    self, DaemonSetStatus, Name, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm,
    PodPhase, PodTemplate, Toleration, well_known,
};
use crate::cluster::{Change, Cluster, DaemonSetId, Disruption, NewPod, NodeId, PodId, Severity, TemplateId};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::names::{generated_name, template_hash, with_revision_label};
use crate::controllers::common::pending_calls::PendingCalls;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::slow_start::creation_times;
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::daemon_set::status::scheduled_status;
use crate::controllers::daemon_set::{
    DaemonNodeView, DaemonPodView, DaemonSetSync, Eligibility, FailedPodBackoff, daemon_tolerations, eligibility, sync,
};
use crate::controllers::replica_set::available_at;
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::Arc;

/// `source` of the controller's Events.
const SOURCE: &str = "daemonset-controller";

/// The field of a node that the pods' affinity names.
const NAME_FIELD: &str = "metadata.name";

/// The running DaemonSet controller.
#[derive(Clone, Debug)]
pub struct DaemonSetController {
    queue: WorkQueue,
    memory: Vec<Memory>,
    /// What each template of a pod was made from, by its id; `None` for templates of others.
    made: Vec<Option<Made>>,
    backoff: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
}

/// What a pod's template was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    /// The template of the DaemonSet's spec.
    base: TemplateId,
    /// The node that it names.
    node: NodeId,
}

/// What pods are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Revision {
    /// The template of the DaemonSet's spec.
    base: TemplateId,
    /// Its generation: a template that comes back is counted again.
    generation: i64,
}

/// What the controller keeps of one DaemonSet.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// The template for which nodes were judged, with the tolerations of its pods.
    judged_for: Option<(TemplateId, Vec<Toleration>)>,
    /// The judgement of each node, by its id, as long as node and template do not change.
    judged: Vec<Option<Eligibility>>,
    /// Template of the pods by revision and node. Only looked up, never iterated.
    templates: FxHashMap<(Revision, NodeId), TemplateId>,
    /// Delays after failed pods. Only looked up, never iterated.
    backoffs: FxHashMap<NodeId, FailedPodBackoff>,
    /// Calls that the current sync has still to make.
    calls: PendingCalls<(NodeId, Revision)>,
    /// Whether a creation of the current sync failed.
    has_failed: bool,
}

impl Memory {
    /// Judges a node, or recalls the judgement.
    fn judge(&mut self, id: DaemonSetId, node: NodeId, cluster: &Cluster) -> Eligibility {
        let base = cluster.daemon_set(id).object.template;
        let spec = &cluster.template(base).template.spec;
        if self.judged_for.as_ref().is_none_or(|(known, _)| *known != base) {
            self.judged.clear();
            self.judged_for = Some((base, daemon_tolerations(&spec.tolerations, spec.host_network)));
        }
        if self.judged.len() <= node.index() {
            self.judged.resize(node.index() + 1, None);
        }
        let tolerations = self.judged_for.as_ref().map_or(&[][..], |(_, tolerations)| tolerations);
        let object = &cluster.node(node).object;
        *self.judged[node.index()]
            .get_or_insert_with(|| eligibility(spec.fits_node(object), &object.taints, tolerations))
    }
}

/// What a sync has gathered: the nodes that matter, and each one's pods as a part of one list.
#[derive(Debug, Default)]
struct Gathered {
    nodes: Vec<(NodeId, Eligibility, Range<usize>)>,
    pods: Vec<PodId>,
    views: Vec<DaemonPodView>,
    /// Pods that wait for a node that does not exist.
    without_node: Vec<PodId>,
}

impl DaemonSetController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            queue: WorkQueue::default(),
            memory: Vec::new(),
            made: Vec::new(),
            backoff: RetryBackoff::default(),
            limiter: settings.client(),
            latency: settings.sync_latency(SOURCE),
        }
    }

    /// Plans the sync that a change calls for.
    pub fn wake<A: Agenda<ControllerEvent>>(&mut self, id: DaemonSetId, agenda: &mut A) {
        if let Some(at) = self.queue.wake(id.index(), agenda.now(), &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncDaemonSet(id));
        }
    }

    fn enqueue<A: Agenda<ControllerEvent>>(&mut self, id: DaemonSetId, at: SimTime, agenda: &mut A) {
        if self.queue.add(id.index(), at) {
            agenda.schedule(at, ControllerEvent::SyncDaemonSet(id));
        }
    }

    fn memory(&mut self, id: DaemonSetId) -> &mut Memory {
        if self.memory.len() <= id.index() {
            self.memory.resize(id.index() + 1, Memory::default());
        }
        &mut self.memory[id.index()]
    }

    /// A node joined or changed: the DaemonSets that judge it otherwise now are synced (`addNode`, `updateNode`). A node
    /// that goes wakes nobody; its pods do when they are collected.
    pub fn observe_node<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        let (Change::NodeAdded(node) | Change::NodeUpdated(node)) = change else { return };
        for (id, set) in cluster.daemon_sets() {
            if set.removed {
                continue;
            }
            let memory = self.memory(id);
            let before = memory.judged.get_mut(node.index()).and_then(Option::take);
            let after = memory.judge(id, node, cluster);
            if before.unwrap_or(Eligibility::No) != after {
                self.wake(id, agenda);
            }
        }
    }

    /// One sync of a DaemonSet.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: DaemonSetId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.queue.take(id.index(), now) || cluster.daemon_set(id).removed {
            return;
        }
        if self.memory(id).calls.any() {
            // A sync ends when all its calls are made; the last one wakes the controller again.
            return;
        }
        let gathered = self.gather(id, cluster, now);
        let set = cluster.daemon_set(id);
        let (strategy, min_ready, base, workload) =
            (set.object.update_strategy, set.object.min_ready, set.object.template, set.workload);
        let (outcome, status) = {
            let memory = self.memory(id);
            let view = |(node, eligibility, pods): &(NodeId, Eligibility, Range<usize>)| DaemonNodeView {
                eligibility: *eligibility,
                pods: &gathered.views[pods.clone()],
                backoff: memory.backoffs.get(node).copied(),
            };
            let nodes: Vec<DaemonNodeView<'_>> = gathered.nodes.iter().map(view).collect();
            (sync(strategy, &nodes, now), scheduled_status(&nodes))
        };
        cluster.set_desired(workload, status.desired_number_scheduled);
        let observed_generation = cluster.daemon_set(id).generation;
        cluster.set_daemon_set_status(id, DaemonSetStatus { observed_generation, ..status });
        let revision = Revision { base, generation: cluster.daemon_set(id).template_generation };
        self.carry_out(id, &outcome, &gathered, revision, cluster, agenda);
        let available = gathered.pods.iter().map(|pod| cluster.pod(*pod)).filter(|pod| pod.is_active() && pod.ready);
        let available = available.map(|pod| available_at(pod.ready_changed, min_ready)).filter(|at| *at > now).min();
        let retry = outcome.retry_after.map(|delay| now + delay);
        if let Some(at) = available.into_iter().chain(retry).min() {
            self.enqueue(id, at, agenda);
        }
    }

    /// Gathers the nodes that should run a pod or have one, with their pods.
    fn gather(&mut self, id: DaemonSetId, cluster: &Cluster, now: SimTime) -> Gathered {
        let set = cluster.daemon_set(id);
        let (base, min_ready) = (set.object.template, set.object.min_ready);
        let mut gathered = Gathered::default();
        let mut placed: Vec<(NodeId, PodId)> = Vec::with_capacity(set.pods.len());
        for pod in &set.pods {
            match self.target(*pod, cluster) {
                Some(node) => placed.push((node, *pod)),
                None if cluster.pod(*pod).deletion.is_none() => gathered.without_node.push(*pod),
                None => {}
            }
        }
        placed.sort_unstable();
        let mut rest = placed.as_slice();
        for (node, _) in cluster.existing_nodes() {
            // Pods for nodes that are gone have ids before it.
            rest = rest.split_at(rest.partition_point(|(target, _)| *target < node)).1;
            let (pods, others) = rest.split_at(rest.partition_point(|(target, _)| *target <= node));
            rest = others;
            let eligibility = self.memory(id).judge(id, node, cluster);
            if pods.is_empty() && eligibility != Eligibility::ShouldRun {
                continue;
            }
            let start = gathered.pods.len();
            for (_, pod) in pods {
                gathered.pods.push(*pod);
                gathered.views.push(self.pod_view(cluster, *pod, base, min_ready, now));
            }
            gathered.nodes.push((node, eligibility, start..gathered.pods.len()));
        }
        gathered
    }

    /// The node that a pod is bound to, or whose name its affinity holds if that node exists.
    fn target(&self, pod: PodId, cluster: &Cluster) -> Option<NodeId> {
        let state = cluster.pod(pod);
        if state.node.is_some() {
            return state.node;
        }
        let made = self.made.get(cluster.asked_template(pod).index()).copied().flatten();
        if let Some(made) = made
            && cluster.node(made.node).exists()
        {
            return Some(made.node);
        }
        let required = cluster.template(state.template).template.spec.required_node_affinity()?;
        let field = required.terms.first()?.match_fields.iter().find(|field| *field.key == *NAME_FIELD)?;
        cluster.node_id(field.values.first()?)
    }

    /// What a sync sees of a pod.
    fn pod_view(
        &self,
        cluster: &Cluster,
        id: PodId,
        base: TemplateId,
        min_ready: SimDuration,
        now: SimTime,
    ) -> DaemonPodView {
        let pod = cluster.pod(id);
        let template = cluster.asked_template(id);
        let made = self.made.get(template.index()).copied().flatten();
        DaemonPodView {
            is_updated: made.map_or(template, |made| made.base) == base,
            phase: pod.phase,
            is_scheduled: pod.node.is_some(),
            is_ready: pod.ready,
            is_available: pod.ready && available_at(pod.ready_changed, min_ready) <= now,
            is_deleting: pod.deletion.is_some(),
            created: pod.head.created,
        }
    }

    /// Makes the calls that a sync decided on, each as the client's rate limit allows.
    fn carry_out<A: Agenda<ControllerEvent>>(
        &mut self,
        id: DaemonSetId,
        outcome: &DaemonSetSync,
        gathered: &Gathered,
        revision: Revision,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        for (node, backoff) in &outcome.backoffs {
            self.memory(id).backoffs.insert(gathered.nodes[*node].0, *backoff);
        }
        let count = i32::try_from(outcome.create.len()).unwrap_or(i32::MAX);
        let times = creation_times(&mut self.limiter, count, now, &mut self.latency);
        self.memory(id).has_failed = false;
        for (index, at) in outcome.create.iter().zip(times) {
            let node = gathered.nodes[*index].0;
            if self.memory(id).has_failed {
                break;
            } else if at <= now {
                self.create_pod(id, node, revision, cluster, agenda);
            } else {
                self.memory(id).calls.add_creation((node, revision));
                agenda.schedule(at, ControllerEvent::CreateDaemonSetPod(id));
            }
        }
        if !self.memory(id).has_failed && !self.memory(id).calls.any() {
            self.backoff.forget(id.index());
        }
        let decided = outcome.delete.iter().map(|pod| gathered.pods[gathered.nodes[pod.node].2.start + pod.pod]);
        for pod in decided.chain(gathered.without_node.iter().copied()) {
            let at = self.limiter.take(now);
            if at <= now {
                delete_pod(cluster, id, pod, now);
            } else {
                self.memory(id).calls.add_deletion();
                agenda.schedule(at, ControllerEvent::DeletePod(pod, Disruption::Deletion));
            }
        }
    }

    /// Creates the next pod that an earlier sync decided on.
    pub fn create_later<A: Agenda<ControllerEvent>>(&mut self, id: DaemonSetId, cluster: &mut Cluster, agenda: &mut A) {
        if let Some((node, revision)) = self.memory(id).calls.next_creation()
            && !cluster.daemon_set(id).removed
        {
            self.create_pod(id, node, revision, cluster, agenda);
        }
        self.call_made(id, agenda);
    }

    /// Deletes a pod that an earlier sync decided on.
    pub fn delete_later<A: Agenda<ControllerEvent>>(
        &mut self,
        id: DaemonSetId,
        pod: PodId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        delete_pod(cluster, id, pod, agenda.now());
        self.call_made(id, agenda);
    }

    /// Notes that a call was made that had to wait; after the last one the next sync comes.
    fn call_made<A: Agenda<ControllerEvent>>(&mut self, id: DaemonSetId, agenda: &mut A) {
        if self.memory(id).calls.made() {
            if !self.memory(id).has_failed {
                self.backoff.forget(id.index());
            }
            self.wake(id, agenda);
        }
    }

    /// Creates the pod of a node and says so. A failure ends the sync, which is retried later.
    fn create_pod<A: Agenda<ControllerEvent>>(
        &mut self,
        id: DaemonSetId,
        node: NodeId,
        revision: Revision,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let template = self.pod_template(id, node, revision, cluster);
        let set = cluster.daemon_set(id);
        let name = generated_name(&set.object.meta.name, cluster);
        let new = NewPod {
            owner: Some(id.into()),
            workload: Some(set.workload),
            ..NewPod::bare(name.clone(), set.namespace, template)
        };
        match cluster.create_pod(new, agenda.now()) {
            Ok(_) => {
                emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulCreate"), format!("Created pod: {name}"));
            }
            // The controller takes it for done.
            Err(refusal) if refusal.is_namespace_terminating => {}
            Err(refusal) => {
                emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), format!("Error creating: {refusal}"));
                self.memory(id).has_failed = true;
                self.memory(id).calls.cancel_creations();
                let at = agenda.now() + self.backoff.fail(id.index());
                if self.queue.retry(id.index(), at) {
                    agenda.schedule(at, ControllerEvent::SyncDaemonSet(id));
                }
            }
        }
    }

    /// The template of the pod of a node.
    fn pod_template(&mut self, id: DaemonSetId, node: NodeId, revision: Revision, cluster: &mut Cluster) -> TemplateId {
        if let Some(bound) = self.memory(id).templates.get(&(revision, node)) {
            return *bound;
        }
        let Revision { base, generation } = revision;
        let node_name = &cluster.node(node).object.meta.name;
        let template = Arc::new(node_template(&cluster.template(base).template, generation, node_name));
        let bound = cluster.intern_template(&template);
        self.memory(id).templates.insert((revision, node), bound);
        if self.made.len() <= bound.index() {
            self.made.resize(bound.index() + 1, None);
        }
        self.made[bound.index()] = Some(Made { base, node });
        bound
    }
}

/// The template of the pod of a node: with the labels of the revision (`CreatePodTemplate`), the tolerations of daemons, and the node's name as
/// the only required node affinity (`ReplaceDaemonSetPodNodeNameNodeAffinity`: that of the spec was asked before).
fn node_template(template: &PodTemplate, generation: i64, node: &Name) -> PodTemplate {
    let mut bound = with_revision_label(template, &template_hash(template));
    bound.labels = bound.labels.with(well_known::POD_TEMPLATE_GENERATION, &generation.to_string());
    bound.spec.tolerations = daemon_tolerations(&bound.spec.tolerations, bound.spec.host_network);
    let field = NodeSelectorRequirement {
        key: NAME_FIELD.into(),
        operator: NodeSelectorOperator::In,
        values: vec![node.clone()],
    };
    let term = NodeSelectorTerm { match_fields: vec![field], ..NodeSelectorTerm::default() };
    let affinity: &mut api::Affinity = bound.spec.affinity.get_or_insert_default();
    affinity.node.get_or_insert_default().required = Some(NodeSelector { terms: vec![term] });
    bound
}

/// Deletes a pod and says so; of a pod that has ended it is said that it was found.
fn delete_pod(cluster: &mut Cluster, id: DaemonSetId, pod: PodId, now: SimTime) {
    let state = cluster.pod(pod);
    if !state.exists() || state.deletion.is_some() {
        return;
    }
    let name = state.name.clone();
    let ended = match state.phase {
        PodPhase::Failed => Some((Severity::Warning, "FailedDaemonPod", "failed", "kill")),
        PodPhase::Succeeded => Some((Severity::Normal, "SucceededDaemonPod", "succeeded", "delete")),
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => None,
    };
    if let Some((severity, reason, how, what)) = ended {
        let namespace = cluster.namespace_name(state.namespace);
        let node = state.node.map_or("", |node| &cluster.node(node).object.meta.name);
        let message = format!("Found {how} daemon pod {namespace}/{name} on node {node}, will try to {what} it");
        emit(cluster, SOURCE, id, (severity, reason), message);
    }
    let grace = cluster.template_of(pod).template.spec.termination_grace_period;
    cluster.delete_pod(pod, grace, Disruption::Deletion, now);
    emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulDelete"), format!("Deleted pod: {name}"));
}
