//! The running kube-scheduler: keeps its snapshot and queue up to date, and schedules one pod at a time.
//!
//! A cycle takes time, during which the next pod waits; binding overlaps with the following cycles and is slowed down
//! by the client's rate limit. The pod is assumed on its node from the end of its cycle on.
//!
//! Known deviation: changes of the cluster reach the snapshot at once; the delay of the watch is part of the delay
//! between a pod's creation and its first cycle.

mod decide;
mod disruption_budgets;
mod failure_texts;
mod owners;
mod reject;
mod storage;
mod together;
mod topology_labels;
mod watch;

pub use watch::{Attempt, AttemptOutcome, Match, WatchedPods};

use crate::api::Name;
use crate::cluster::{
    ApiEvent, Change, Cluster, Disruption, DisruptionBudgetId, EventMessage, EventObject, NamespaceId, NodeId, Owner,
    PodId, Severity, TemplateId,
};
use crate::engine::{Agenda, RandomStream};
use crate::scheduler::config::{Profile, SchedulerConfig};
use crate::scheduler::framework::{ClusterEvent, Decision, HintContext, Scratch, SearchState, node_update_events};
use crate::scheduler::index::Index;
use crate::scheduler::queue::SchedulingQueue;
use crate::scheduler::view::{Listers, Nominator, PodInfo, PodOrigin, PodTraits, ServiceSelector, Snapshot};
use crate::units::{SimDuration, SimTime};
use decide::TieDraws;
use failure_texts::FailureTexts;
use owners::{owner_reference, owner_selector};
use reject::report_failure;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use topology_labels::TopologyLabels;
use watch::Watch;

/// An event of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchedulerEvent {
    /// A scheduling cycle may start.
    Cycle,
    /// Timers of the queue are due.
    Wake,
    /// A binding is written.
    Bind {
        /// The pod.
        pod: PodId,
        /// The node.
        node: NodeId,
    },
}

/// Delays and the client of the scheduler.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerTiming {
    /// From a pod's creation (or another change) to the cycle that it wakes.
    pub watch: SimDuration,
    /// How long a cycle takes.
    pub cycle: SimDuration,
    /// From the end of a cycle to the binding in the API.
    pub bind: SimDuration,
}

/// How decisions are found. The decisions are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecisionPath {
    /// By the index, which leaves to the framework what it cannot tell.
    #[default]
    Index,
    /// By the framework: every plugin over every node.
    Framework,
}

/// When a client may send its next request.
pub trait RateLimit {
    /// Takes a token and returns when the request may go.
    fn take(&mut self, now: SimTime) -> SimTime;
}

/// The running scheduler.
#[derive(Debug)]
pub struct Scheduler<L> {
    profiles: Vec<Profile>,
    snapshot: Snapshot,
    listers: Listers,
    /// Of the budgets of `listers`, in the same order.
    disruption_budget_ids: Vec<DisruptionBudgetId>,
    nominator: Nominator,
    queue: SchedulingQueue,
    search: SearchState,
    scratch: Scratch,
    /// `None`: the framework decides alone.
    index: Option<Index>,
    timing: SchedulerTiming,
    limiter: L,
    ties: TieDraws,
    /// By template: what the scheduler computes of a pod.
    traits: Vec<Option<Arc<PodTraits>>>,
    /// By template, namespace, owner and the address of the labels.
    origins: FxHashMap<(TemplateId, NamespaceId, Owner, usize), Arc<PodOrigin>>,
    /// Pods on nodes whose start the snapshot does not know yet.
    not_started: Vec<PodId>,
    /// Until when the current cycle lasts.
    busy_until: SimTime,
    cycle_planned: bool,
    wake_planned: Option<SimTime>,
    attempts: u64,
    framework_attempts: u64,
    topology_labels: TopologyLabels,
    /// Pods that have a node and wait for their volumes.
    waiting_for_volumes: BTreeMap<PodId, NodeId>,
    /// The uid of pods without ephemeral volumes: nothing asks for it.
    watch: Watch,
    /// Whether the pod of the last decision found no node because victims are still leaving the one that it is nominated to.
    room_is_made: bool,
    failure_texts: FailureTexts,
    /// Pods that were placed and not bound yet, whose nomination ends with the binding.
    ending_nominations: Vec<Arc<PodInfo>>,
}

impl<L: RateLimit> Scheduler<L> {
    /// A scheduler of an empty cluster.
    pub fn new(
        config: &SchedulerConfig,
        timing: SchedulerTiming,
        limiter: L,
        ties: RandomStream,
        path: DecisionPath,
    ) -> Self {
        let mut snapshot = Snapshot::new();
        let index = (path == DecisionPath::Index).then(|| Index::new(&mut snapshot));
        let mut scratch = Scratch::default();
        scratch.state.preemption_memo = Some(Box::default());
        Self {
            profiles: config.profiles(),
            snapshot,
            listers: Listers::default(),
            disruption_budget_ids: Vec::new(),
            nominator: Nominator::default(),
            queue: SchedulingQueue::new(config),
            search: SearchState::default(),
            scratch,
            index,
            timing,
            limiter,
            ties: TieDraws::new(ties),
            traits: Vec::new(),
            origins: FxHashMap::default(),
            not_started: Vec::new(),
            busy_until: SimTime::ZERO,
            cycle_planned: false,
            wake_planned: None,
            attempts: 0,
            framework_attempts: 0,
            topology_labels: TopologyLabels::new(config.version),
            waiting_for_volumes: BTreeMap::new(),
            watch: Watch::default(),
            failure_texts: FailureTexts::default(),
            room_is_made: false,
            ending_nominations: Vec::new(),
        }
    }

    /// Scheduling attempts so far.
    pub const fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Attempts that the framework decided: all of them, or those that the index could not tell.
    pub const fn framework_attempts(&self) -> u64 {
        self.framework_attempts
    }

    /// A namespace has its labels, which affinity terms select by.
    fn note_namespace(&mut self, id: NamespaceId, cluster: &Cluster) {
        if let Some(index) = &mut self.index {
            index.forget_classes();
            self.queue.disperse_all();
        }
        self.listers.namespaces.insert(cluster.namespace_name(id).clone(), cluster.namespace_labels(id).clone());
    }

    fn traits_of(&mut self, template: TemplateId, cluster: &Cluster) -> Arc<PodTraits> {
        if self.traits.len() <= template.index() {
            self.traits.resize(template.index() + 1, None);
        }
        if let Some(traits) = &self.traits[template.index()] {
            return Arc::clone(traits);
        }
        let spec = &cluster.template(template).template.spec;
        if self.topology_labels.note(spec) {
            self.label_placed_pods(cluster);
        }
        Arc::clone(self.traits[template.index()].insert(Arc::new(PodTraits::of(spec))))
    }

    /// Gives the pods that are on nodes the labels of their node.
    fn label_placed_pods(&mut self, cluster: &Cluster) {
        self.snapshot.refresh();
        let placed: Vec<Arc<PodInfo>> = self.snapshot.nodes().flat_map(|node| node.pods()).cloned().collect();
        for pod in placed {
            let origin = self.origin_of(pod.id, cluster);
            self.snapshot.update_pod(&Arc::new(PodInfo { origin, ..PodInfo::clone(&pod) }));
        }
    }

    /// Where a pod comes from; pods of one template, namespace and owner share it.
    fn origin_of(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodOrigin> {
        let pod = cluster.pod(id);
        let traits = self.traits_of(pod.template, cluster);
        let labels = self.topology_labels.of_pod(id, cluster);
        let key = (pod.template, pod.namespace, pod.owner, labels.address());
        if let Some(known) = self.origins.get(&key) {
            return Arc::clone(known);
        }
        let origin = PodOrigin {
            namespace: cluster.namespace_name(pod.namespace).clone(),
            labels,
            template: Arc::clone(&cluster.template(pod.template).template),
            traits,
            owner: owner_reference(pod.owner, cluster),
        };
        Arc::clone(self.origins.entry(key).or_insert(Arc::new(origin)))
    }

    fn pod_info(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodInfo> {
        let pod = cluster.pod(id);
        let origin = self.origin_of(id, cluster);
        let has_claims = !origin.template.spec.ephemeral_claims.is_empty();
        Arc::new(PodInfo {
            id,
            origin,
            name: pod.name.clone(),
            uid: has_claims.then(|| id.uid()),
            resized: None,
            node_name: None,
            nominated_node_name: None,
            start_time: pod.start_time,
            terminating: pod.deletion.is_some(),
            preempted_by_scheduler: pod.deletion.is_some_and(|own| own.reason == Disruption::Preemption),
        })
    }

    /// Selectors that default spread constraints are made of have changed.
    fn selectors_changed(&mut self) {
        if let Some(index) = &mut self.index {
            index.selectors_changed();
            self.queue.disperse_all();
        }
    }

    /// A change of the cluster.
    pub fn observe<A: Agenda<SchedulerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        match change {
            Change::NamespaceChanged(id) => {
                self.note_namespace(id, cluster);
                return;
            }
            Change::NodeAdded(id) => {
                let node = Arc::clone(&cluster.node(id).object);
                self.snapshot.add_node(id, Arc::clone(&node));
                self.offer(&ClusterEvent::NodeAdd(node), now);
            }
            Change::NodeUpdated(id) => {
                let Some(info) = self.snapshot.node(id) else { return };
                let (old, new) = (Arc::clone(info.node_arc()), Arc::clone(&cluster.node(id).object));
                self.snapshot.update_node(id, Arc::clone(&new));
                for event in node_update_events(&old, &new) {
                    self.offer(&event, now);
                }
            }
            Change::NodeRemoved(id) => {
                let node = Arc::clone(&cluster.node(id).object);
                self.snapshot.remove_node(id);
                self.offer(&ClusterEvent::NodeDelete(node), now);
            }
            Change::ServiceRemoved(id) => {
                self.listers.services[id.index()].selector = None;
                self.selectors_changed();
            }
            Change::ServiceChanged(id) => {
                let service = cluster.service(id);
                let requirements = service.object.selector.iter().flat_map(|selector| &selector.requirements);
                let pairs = requirements.filter_map(|own| Some((own.key.clone(), own.values.first()?.clone())));
                let selector = service.object.selector.as_ref().map(|_| pairs.collect());
                let namespace = cluster.namespace_name(service.namespace).clone();
                // A Service that changes keeps its place.
                if self.listers.services.len() <= id.index() {
                    self.listers.services.resize(id.index() + 1, ServiceSelector::default());
                }
                self.listers.services[id.index()] = ServiceSelector { namespace, selector };
                self.selectors_changed();
            }
            Change::ReplicaSetSpec(id) => {
                let set = cluster.replica_set(id);
                let key = (Name::from("ReplicaSet"), cluster.namespace_name(set.namespace).clone(), set.name.clone());
                let labels = &cluster.template(set.template).template.labels;
                if let Entry::Vacant(entry) = self.listers.owners.entry(key) {
                    entry.insert(owner_selector(cluster, id, labels));
                    self.selectors_changed();
                }
            }
            Change::StatefulSetSpec(id) => {
                let set = cluster.stateful_set(id);
                let namespace = cluster.namespace_name(set.namespace).clone();
                let key = (Name::from("StatefulSet"), namespace, set.object.meta.name.clone());
                self.listers.owners.insert(key, set.object.selector.clone());
                self.selectors_changed();
            }
            Change::PodAdded(id) => {
                let pod = cluster.pod(id);
                if pod.node.is_none() && pod.is_active() && self.profile_of(id, cluster).is_some() {
                    let info = self.pod_info(id, cluster);
                    self.queue.add(info, now);
                }
            }
            Change::PodBound(id) => self.pod_bound(id, cluster, now),
            Change::PodTerminating(id) => {
                if self.snapshot.node_of_pod(id).is_some() && cluster.pod(id).exists() {
                    let info = self.pod_info(id, cluster);
                    self.snapshot.update_pod(&info);
                }
            }
            Change::PodEnded(id) | Change::PodRemoved(id) => {
                let placed = self.snapshot.remove_pod(id);
                if placed.is_none() {
                    // A pod on a node has left the queue.
                    self.queue.delete(id);
                }
                if let Some(nominated) = self.nominator.remove(id) {
                    self.offer_end_of_nomination(nominated, now);
                }
                self.ending_nominations.retain(|own| own.id != id);
                self.waiting_for_volumes.remove(&id);
                if let Some((info, _)) = placed {
                    self.offer(&ClusterEvent::AssignedPodDelete(info), now);
                }
            }
            Change::ClaimAdded(_)
            | Change::ClaimUpdated(_)
            | Change::ClaimRemoved(_)
            | Change::Volume(_)
            | Change::VolumeRemoved(_)
            | Change::StorageClass
            | Change::CsiObject => self.observe_storage(change, cluster, agenda),
            Change::DisruptionBudgetSpec(id) | Change::DisruptionBudgetRemoved(id) => {
                return self.observe_disruption_budget(id, cluster);
            }
            Change::DisruptionBudgetStatus(id) => return self.observe_disruption_budget_status(id, cluster),
            _ => return,
        }
        self.plan(agenda, self.timing.watch);
    }

    /// A pod has its node.
    fn pod_bound(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let Some(node) = cluster.pod(id).node else { return };
        if let Some(position) = self.ending_nominations.iter().position(|own| own.id == id) {
            let nominated = self.ending_nominations.swap_remove(position);
            self.offer_end_of_nomination(nominated, now);
        }
        self.not_started.push(id);
        let assumed = self.snapshot.pod(id).map(Arc::clone);
        if assumed.is_none() {
            // Somebody else has bound it.
            self.queue.delete(id);
        }
        let info = match assumed {
            Some(assumed) if !self.topology_labels.are_selected() => assumed,
            assumed => {
                let info = self.pod_info(id, cluster);
                match assumed {
                    Some(_) => self.snapshot.update_pod(&info),
                    None => self.snapshot.add_pod(Arc::clone(&info), node),
                }
                info
            }
        };
        self.offer(&ClusterEvent::AssignedPodAdd(info), now);
    }

    /// Offers an event to the pods that wait for one.
    fn offer(&mut self, event: &ClusterEvent, now: SimTime) {
        if !self.queue.is_empty() {
            let context = HintContext { listers: &self.listers, profiles: &self.profiles };
            self.queue.on_event(event, &context, now);
        }
    }

    /// A pod no longer waits for room on the node that it was nominated to: for pods of its priority or below this is as if
    /// it had been deleted there.
    fn offer_end_of_nomination(&mut self, pod: Arc<PodInfo>, now: SimTime) {
        let priority = pod.priority();
        let context = HintContext { listers: &self.listers, profiles: &self.profiles };
        self.queue.on_event_up_to(priority, &ClusterEvent::AssignedPodDelete(pod), &context, now);
    }

    fn profile_of(&self, id: PodId, cluster: &Cluster) -> Option<usize> {
        self.profile_named(&cluster.template_of(id).template.spec.scheduler_name)
    }

    fn profile_named(&self, scheduler_name: &Name) -> Option<usize> {
        self.profiles.iter().position(|profile| profile.scheduler_name == *scheduler_name)
    }

    /// Plans the next cycle, if a pod waits, and the next timer of the queue.
    fn plan<A: Agenda<SchedulerEvent>>(&mut self, agenda: &mut A, delay: SimDuration) {
        let now = agenda.now();
        if self.queue.has_next() && !self.cycle_planned {
            self.cycle_planned = true;
            agenda.schedule((now + delay).max(self.busy_until), SchedulerEvent::Cycle);
        }
        if let Some(at) = self.queue.next_wakeup(now)
            && self.wake_planned.is_none_or(|planned| at < planned || planned <= now)
        {
            self.wake_planned = Some(at);
            agenda.schedule(at, SchedulerEvent::Wake);
        }
    }

    /// Handles an event.
    pub fn handle<A: Agenda<SchedulerEvent>>(&mut self, event: SchedulerEvent, cluster: &mut Cluster, agenda: &mut A) {
        match event {
            SchedulerEvent::Cycle => {
                self.cycle_planned = false;
                while self.cycle(cluster, agenda) {}
            }
            SchedulerEvent::Wake => {
                if self.wake_planned == Some(agenda.now()) {
                    self.wake_planned = None;
                }
                self.queue.flush(agenda.now());
            }
            SchedulerEvent::Bind { pod, node } => self.bind(pod, node, cluster, agenda.now()),
        }
        self.plan(agenda, SimDuration::ZERO);
    }

    /// One scheduling cycle. Returns whether the next one follows at once: after one that took no time and changed nothing
    /// for anybody else.
    fn cycle<A: Agenda<SchedulerEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) -> bool {
        let now = agenda.now();
        self.snapshot.refresh();
        self.share_attempts(now);
        let popped = self.queue.pop();
        self.write_shared_attempts(cluster);
        let Some(popped) = popped else { return false };
        let info = popped.pod;
        let id = info.id;
        let Some(profile) = self.profile_of(id, cluster) else {
            self.queue.delete(id);
            return true;
        };
        self.note_attempt(&info, profile, cluster, now);
        self.attempts += 1;
        let end = now + self.timing.cycle;
        self.busy_until = end;
        match self.decide(&info, profile) {
            Decision::Placed(placement) => {
                self.ties.advance();
                cluster.note_scheduling_attempt(id, None);
                self.watch.placed(id, placement.node);
                let nominated = self.nominator.remove(id);
                if self.profiles[profile].version.binding_ends_nomination_as_deletion() {
                    self.ending_nominations.extend(nominated);
                }
                self.snapshot.add_pod(info, placement.node);
                self.queue.done(id);
                let at = self.limiter.take(end + self.timing.bind);
                let (pod, node) = (id, placement.node);
                if self.waits_for_volumes(pod, node, profile, cluster) {
                    // Bound as soon as the volumes are.
                } else if at <= now {
                    self.bind(pod, node, cluster, now);
                } else {
                    agenda.schedule(at, SchedulerEvent::Bind { pod, node });
                }
                false
            }
            Decision::Unschedulable(diagnosis) => {
                let preempts = self.reject(&info, profile, &diagnosis, cluster, now);
                !preempts && end == now
            }
            Decision::NoNodes => {
                self.queue.fail(id, now);
                let message = "no nodes available to schedule pods";
                self.watch.rejected(id, &self.snapshot, message, None);
                report_failure(cluster, id, Name::from(message), false);
                end == now
            }
        }
    }

    /// Writes a binding.
    fn bind(&mut self, pod: PodId, node: NodeId, cluster: &mut Cluster, now: SimTime) {
        let fits = cluster.node(node).exists();
        if fits && cluster.bind(pod, node, now) {
            cluster.emit(ApiEvent {
                severity: Severity::Normal,
                reason: "Scheduled",
                source: ApiEvent::SCHEDULER,
                object: EventObject::Pod(pod),
                message: EventMessage::Assigned(node),
            });
        } else if cluster.pod(pod).node.is_none() {
            self.snapshot.remove_pod(pod);
            self.ending_nominations.retain(|own| own.id != pod);
            if cluster.pod(pod).is_active() {
                let info = self.pod_info(pod, cluster);
                self.queue.add(info, now);
            }
        }
    }
}
