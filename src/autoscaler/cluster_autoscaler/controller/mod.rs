//! The running Cluster Autoscaler: when its loops begin, and what they see.
//!
//! A loop begins a scan interval after the one before, at once after one that scaled up or began to delete, and at once when
//! a pod becomes unschedulable. While nothing that a loop reads can have changed, and no time runs out, its answer cannot
//! change either: loops are then left out, and the next one begins where it would have begun anyway.

mod environment;
mod messages;

pub use environment::{BufferChunks, DaemonPods};

use super::autoscaler::ClusterAutoscaler;
use super::environment::{Environment, GroupId};
use super::options::Options;
use super::removal::UnremovableReason;
use super::report::LoopReport;
use super::scale_up::ScaleUpResult;
use crate::api::{Name, PodPhase};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, NodeGroupId, NodeId, PodId};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::scheduler::{PodInfo, Profile, View};
use crate::units::{SimDuration, SimTime};
use environment::RunEnvironment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a loop takes at least: the next one that follows at once begins this much later. An assumption; a real loop
/// takes some tenths of a second in a small cluster.
const LOOP_TIME: SimDuration = SimDuration::from_millis(200);
/// A pod that was marked as unschedulable longer ago does not begin a loop (`maxPodChangeAge`).
const SETTLING_TIME: SimDuration = SimDuration::from_secs(60);

/// An event of the autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaEvent {
    /// A loop begins, unless it is another one by now.
    Loop {
        /// Which of the planned ones.
        plan: u32,
    },
    /// Deletions go on.
    Deletions,
}

/// What the autoscaler uses of the scheduler.
pub trait SchedulerOfRun {
    /// Takes the scheduler's view away for the time of a loop.
    fn lend_view(&mut self) -> View;

    /// Gives it back as it was.
    fn take_back(&mut self, view: View);

    /// A pod as the scheduler sees it.
    fn pod(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodInfo>;
}

/// How the autoscaler of a run is set up.
#[derive(Clone, Debug)]
pub struct CaSettings {
    /// Its options.
    pub options: Options,
    /// Content of the ConfigMap of the priority expander.
    pub priorities: Option<String>,
    /// The scheduler's profile that it asks.
    pub profile: Profile,
    /// What DaemonSets put on a node.
    pub daemon_pods: DaemonPods,
    /// The chunks that CapacityBuffers keep room for.
    pub buffer_chunks: BufferChunks,
    /// Whether loops are left out that cannot change anything.
    pub sleeps: bool,
}

/// What a loop found, as far as it tells whether the next one can find something else.
type Finding = (ScaleUpResult, Vec<(NodeId, UnremovableReason)>, usize);

/// The running autoscaler.
#[derive(Debug)]
pub struct CaController {
    autoscaler: ClusterAutoscaler,
    settings: CaSettings,
    groups: Vec<NodeGroupId>,
    draws: RandomStream,
    /// Pods without a node.
    pending: BTreeSet<PodId>,
    /// The chunks that CapacityBuffers keep room for.
    chunks: Vec<Arc<PodInfo>>,
    /// The last message of each pending pod that triggered no scale-up.
    said: BTreeMap<PodId, Name>,
    /// When the last loop began.
    last: SimTime,
    /// Number and time of the planned loop.
    plan: u32,
    planned: Option<SimTime>,
    deletions_planned: Option<SimTime>,
    /// Whether something changed since the last loop.
    changed: bool,
    finding: Option<Finding>,
    /// Why each node stays, as it was last said.
    kept: BTreeMap<NodeId, messages::Kept>,
}

impl CaController {
    /// What concerns it.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::NodeAdded,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeReadiness,
        ChangeKind::NodeRemoved,
        ChangeKind::NodeGroupChanged,
        ChangeKind::InstanceChanged,
        ChangeKind::PodAdded,
        ChangeKind::PodBound,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::PodResizeStatus,
        ChangeKind::DisruptionBudgetStatus,
        ChangeKind::DisruptionBudgetRemoved,
        ChangeKind::DaemonSetSpec,
        ChangeKind::CapacityBufferStatus,
        ChangeKind::CapacityBufferRemoved,
        ChangeKind::ObjectUpdated,
    ]);

    /// An autoscaler whose loops begin at a drawn moment.
    pub fn new(settings: CaSettings, streams: RandomStreams) -> Self {
        let phase = streams.phase("phase/cluster-autoscaler", settings.options.scan_interval);
        let last = SimTime::ZERO + phase - settings.options.scan_interval;
        Self {
            autoscaler: ClusterAutoscaler::new(settings.options.clone(), settings.profile.clone(), last),
            settings,
            groups: Vec::new(),
            draws: streams.stream("cluster-autoscaler/expander"),
            pending: BTreeSet::new(),
            chunks: Vec::new(),
            said: BTreeMap::new(),
            last,
            plan: 0,
            planned: None,
            deletions_planned: None,
            changed: true,
            finding: None,
            kept: BTreeMap::new(),
        }
    }

    /// Begins: the groups are those that may be resized.
    pub fn start<A: Agenda<CaEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        self.groups = cluster.node_groups().filter(|(_, group)| group.bounds.is_some()).map(|(id, _)| id).collect();
        self.plan_at(self.next_scan(agenda.now()), agenda);
    }

    /// The next moment after `now` at which a loop begins by the scan interval.
    fn next_scan(&self, now: SimTime) -> SimTime {
        let interval = self.settings.options.scan_interval;
        let passed = (now - self.last).as_nanos().max(0) / interval.as_nanos().max(1);
        self.last + interval * (passed + 1)
    }

    fn plan_at<A: Agenda<CaEvent>>(&mut self, at: SimTime, agenda: &mut A) {
        if self.planned.is_none_or(|planned| at < planned) {
            self.plan += 1;
            self.planned = Some(at);
            agenda.schedule(at, CaEvent::Loop { plan: self.plan });
        }
    }

    /// A change of the cluster.
    pub fn observe<A: Agenda<CaEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        let mut at_once = false;
        match change {
            Change::PodAdded(pod) => {
                if cluster.pod(pod).node.is_none() {
                    self.pending.insert(pod);
                }
                return;
            }
            Change::ObjectUpdated(object) => {
                let Ok(pod) = PodId::try_from(object) else { return };
                if !self.pending.contains(&pod) || !is_unschedulable(cluster, pod) {
                    return;
                }
                at_once = self.settings.options.frequent_loops_enabled;
            }
            Change::PodBound(pod) | Change::PodEnded(pod) | Change::PodRemoved(pod) => {
                self.pending.remove(&pod);
                self.said.remove(&pod);
            }
            Change::CapacityBufferStatus(_) | Change::CapacityBufferRemoved(_)
                if self.settings.options.capacity_buffer_pod_injection_enabled =>
            {
                self.chunks = (self.settings.buffer_chunks)(cluster);
            }
            _ => {}
        }
        self.changed = true;
        let now = agenda.now();
        let at = if at_once { now.max(self.last + LOOP_TIME) } else { self.next_scan(now) };
        self.plan_at(at, agenda);
    }

    /// Handles an event.
    pub fn handle<A: Agenda<CaEvent>>(
        &mut self,
        event: CaEvent,
        cluster: &mut Cluster,
        scheduler: &mut dyn SchedulerOfRun,
        agenda: &mut A,
    ) {
        match event {
            CaEvent::Loop { plan } if plan == self.plan => self.run_loop(cluster, scheduler, agenda),
            CaEvent::Loop { .. } => {}
            CaEvent::Deletions => {
                if self.deletions_planned == Some(agenda.now()) {
                    self.deletions_planned = None;
                }
                self.changed = true;
                let now = agenda.now();
                self.with_environment(cluster, scheduler, Vec::new(), now, |autoscaler, environment| {
                    autoscaler.advance(environment, now);
                });
                self.plan_at(self.next_scan(now), agenda);
            }
        }
        self.plan_deletions(agenda);
    }

    fn plan_deletions<A: Agenda<CaEvent>>(&mut self, agenda: &mut A) {
        let Some(due) = self.autoscaler.next_due() else { return };
        if self.deletions_planned.is_none_or(|planned| due < planned) {
            self.deletions_planned = Some(due);
            agenda.schedule(due, CaEvent::Deletions);
        }
    }

    fn run_loop<A: Agenda<CaEvent>>(
        &mut self,
        cluster: &mut Cluster,
        scheduler: &mut dyn SchedulerOfRun,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        self.planned = None;
        self.last = now;
        self.changed = false;
        let waiting: Vec<PodId> = self.pending.iter().copied().filter(|pod| is_unschedulable(cluster, *pod)).collect();
        let unschedulable: Vec<Arc<PodInfo>> = waiting.iter().map(|pod| scheduler.pod(*pod, cluster)).collect();
        let mut deadline = None;
        let report = self.with_environment(cluster, scheduler, unschedulable, now, |autoscaler, environment| {
            let report = autoscaler.run_once(environment, now);
            deadline = autoscaler.next_deadline(&environment.groups(), now);
            report
        });
        self.note(&report, cluster, now);
        let youngest = self.pending.iter().map(|pod| cluster.pod(*pod).head.created).max();
        let next = self.next_loop(&report, deadline, youngest, now);
        if let Some(next) = next {
            self.plan_at(next, agenda);
        }
    }

    /// When the next loop begins; `None` while nothing changes.
    fn next_loop(
        &mut self,
        report: &LoopReport,
        deadline: Option<SimTime>,
        youngest: Option<SimTime>,
        now: SimTime,
    ) -> Option<SimTime> {
        let next = self.next_scan(now);
        let acted = report.scale_up.result == ScaleUpResult::Successful || !report.started.is_empty();
        if acted && self.settings.options.frequent_loops_enabled {
            return Some(now + LOOP_TIME);
        }
        let unremovable = report.unremovable.iter().map(|(node, why)| (*node, why.reason));
        let finding = Some((report.scale_up.result, unremovable.collect(), self.autoscaler.unneeded().count()));
        let is_new = self.finding != finding;
        self.finding = finding;
        let delay = self.settings.options.new_pod_scale_up_delay.max(SETTLING_TIME);
        let is_settling = youngest.is_some_and(|created| created + delay >= now);
        let must_go_on = is_new
            || self.changed
            || is_settling
            || !self.settings.sleeps
            || report.scale_up.result == ScaleUpResult::InCooldown;
        if must_go_on {
            return Some(next);
        }
        // Some times have run out at their end, others after it.
        deadline.map(|deadline| self.next_scan((deadline - SimDuration::from_nanos(1)).max(now)))
    }

    /// Does something with the scheduler's view as the autoscaler's snapshot.
    fn with_environment<T>(
        &mut self,
        cluster: &mut Cluster,
        scheduler: &mut dyn SchedulerOfRun,
        unschedulable: Vec<Arc<PodInfo>>,
        now: SimTime,
        act: impl FnOnce(&mut ClusterAutoscaler, &mut RunEnvironment<'_>) -> T,
    ) -> T {
        self.autoscaler.snapshot.lend(scheduler.lend_view());
        let nodes = self.autoscaler.snapshot.order().to_vec();
        let mut environment = RunEnvironment {
            cluster,
            groups: &self.groups,
            options: self.settings.options.group,
            nodes: &nodes,
            unschedulable,
            chunks: &self.chunks,
            priorities: self.settings.priorities.as_deref(),
            max_graceful_termination: self.settings.options.max_graceful_termination,
            draws: &mut self.draws,
            daemon_pods: self.settings.daemon_pods,
            now,
        };
        let result = act(&mut self.autoscaler, &mut environment);
        scheduler.take_back(self.autoscaler.snapshot.give_back());
        result
    }

    fn group_name(&self, id: GroupId, cluster: &Cluster) -> Name {
        self.groups.get(id.index()).map(|group| cluster.node_group(*group).name.clone()).unwrap_or_default()
    }
}

/// Whether a pod's condition PodScheduled is False for the reason Unschedulable. Pods that wait for preemption count as placed.
fn is_unschedulable(cluster: &Cluster, id: PodId) -> bool {
    let pod = cluster.pod(id);
    pod.is_active()
        && pod.node.is_none()
        && pod.phase == PodPhase::Pending
        && pod.scheduling_attempts > 0
        && !pod.reason.is_empty()
        && cluster.nominated_node(id).is_none()
}
