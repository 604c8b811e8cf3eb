//! The running kube-scheduler: keeps its view and queue up to date, and schedules one pod at a time.
//!
//! A cycle takes time, during which the next pod waits; binding overlaps with the following cycles and is slowed down
//! by the client's rate limit. The pod is assumed on its node from the end of its cycle on.
//!
//! Known deviation: changes of the cluster reach the view at once; the delay of the watch is part of the delay
//! between a pod's creation and its first cycle.

mod added_labels;
mod cycle;
mod decide;
mod disruption_budgets;
mod failure_texts;
mod kept_attempts;
mod observe;
mod owners;
mod pods;
mod prescribed;
mod reject;
mod storage;
mod tie_draws;
mod together;

pub use kept_attempts::{Attempt, AttemptOutcome, FollowedPods, Match};

use crate::api::{KubernetesVersion, Name};
use crate::cluster::{Cluster, DisruptionBudgetId, NamespaceId, NodeId, ObjectId, PodId, TemplateId};
use crate::engine::{Agenda, Latency, RandomStream};
use crate::scheduler::config::{Profile, SchedulerConfig};
use crate::scheduler::framework::{Scratch, SearchState};
use crate::scheduler::index::Index;
use crate::scheduler::queue::SchedulingQueue;
use crate::scheduler::view::{PodInfo, PodOrigin, PodTraits, SuspendedLog, View};
use crate::units::{SimDuration, SimTime};
use added_labels::AddedLabels;
use failure_texts::FailureTexts;
use kept_attempts::KeptAttempts;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::WaitingPod;
use tie_draws::TieDraws;

/// An event of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchedulerEvent {
    /// A scheduling cycle may start.
    Cycle,
    /// Timers of the queue are due.
    Wake,
    /// A pod has waited long enough for its volumes.
    VolumesTimeout {
        /// The pod.
        pod: PodId,
        /// The node for which its volumes are made.
        node: NodeId,
    },
    /// A binding is written.
    Bind {
        /// The pod.
        pod: PodId,
        /// The node.
        node: NodeId,
    },
}

/// Delays of the scheduler.
#[derive(Clone, Debug)]
pub struct SchedulerTiming {
    /// From a pod's creation to its binding, when the scheduler is idle.
    created_to_bound: Latency,
    /// From a pod's creation (or another change) to the cycle that it wakes.
    watch_latency: SimDuration,
    /// How long a cycle takes: as long as it lasts no other begins.
    cycle: SimDuration,
}

impl SchedulerTiming {
    /// Delays by the latency from a pod's creation to its binding: of its median 40 % until the cycle, 10 % in the cycle,
    /// and what is left of the latency until the binding is in the API.
    #[must_use]
    pub fn new(created_to_bound: Latency) -> Self {
        let median = created_to_bound.median();
        Self { created_to_bound, watch_latency: median.mul_f64(0.4), cycle: median.mul_f64(0.1) }
    }

    /// From the end of a cycle to the binding in the API.
    fn until_bound(&mut self) -> SimDuration {
        (self.created_to_bound.draw() - self.watch_latency - self.cycle).max_zero()
    }
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
    view: View,
    /// The release whose rules apply.
    version: KubernetesVersion,
    /// Of the disruption budgets that the view lists, in the same order.
    disruption_budget_ids: Vec<DisruptionBudgetId>,
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
    origins: FxHashMap<(TemplateId, NamespaceId, Option<ObjectId>, usize), Arc<PodOrigin>>,
    /// Pods on nodes whose start the view does not know yet.
    not_started: Vec<PodId>,
    /// Until when the current cycle lasts.
    busy_until: SimTime,
    cycle_planned: bool,
    wake_planned: Option<SimTime>,
    attempts: u64,
    framework_attempts: u64,
    added_labels: AddedLabels,
    /// Pods that have a node and wait for their volumes.
    waiting_for_volumes: BTreeMap<PodId, WaitingPod>,
    kept_attempts: KeptAttempts,
    /// Whether the pod of the last decision found no node because victims are still leaving the one that it is nominated to.
    room_is_made: bool,
    failure_texts: FailureTexts,
    /// Pods that were placed and not bound yet, whose nomination ends with the binding.
    ending_nominations: Vec<Arc<PodInfo>>,
    /// Nodes that pods are to be placed on.
    prescribed: BTreeMap<PodId, NodeId>,
    /// The view's log while the view is lent.
    suspended_log: SuspendedLog,
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
        let mut view = View::default();
        let index = (path == DecisionPath::Index).then(|| Index::new(&mut view));
        let mut scratch = Scratch::default();
        scratch.state.preemption_memo = Some(Box::default());
        Self {
            profiles: config.profiles.clone(),
            view,
            version: config.version,
            disruption_budget_ids: Vec::new(),
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
            added_labels: AddedLabels::new(config.version),
            waiting_for_volumes: BTreeMap::new(),
            kept_attempts: KeptAttempts::default(),
            failure_texts: FailureTexts::default(),
            room_is_made: false,
            ending_nominations: Vec::new(),
            prescribed: BTreeMap::new(),
            suspended_log: SuspendedLog::default(),
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

    /// Takes the view away, for a component that asks what would fit where and leaves it as it was.
    pub fn lend_view(&mut self) -> View {
        self.suspended_log = self.view.suspend_log();
        std::mem::take(&mut self.view)
    }

    /// Takes the view back.
    pub fn take_back(&mut self, view: View) {
        self.view = view;
        self.view.resume_log(std::mem::take(&mut self.suspended_log));
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
            SchedulerEvent::VolumesTimeout { pod, node } => self.volumes_timeout(pod, node, cluster, agenda.now()),
            SchedulerEvent::Bind { pod, node } => self.bind(pod, node, cluster, agenda.now()),
        }
        self.plan(agenda, SimDuration::ZERO);
    }
}
