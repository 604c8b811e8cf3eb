//! The running HorizontalPodAutoscaler controller: reads the cluster and the metrics, asks [`desired_replicas`], and scales.
//!
//! Each object is reconciled one sync period after its last reconcile. While nothing that a reconcile reads can have
//! changed, and every window has passed, its answer cannot change either: the object then sleeps, and wakes with its
//! phase kept when something changes.

use super::{
    HpaConfig, HpaDecision, HpaHistory, HpaInputs, HpaPod, HpaState, MetricsSource, PodReadyCondition, Scale,
    ScaleSelector, TimedReplicas, desired_replicas,
};
use crate::api::{ConditionStatus, CrossVersionObjectReference, HpaStatus, MetricIdentifier, MilliValue};
use crate::autoscaler::metrics::{MetricsServer, PodMetric, ScrapeWindow};
use crate::cluster::{
    self, ApiEvent, Change, ChangeKind, Cluster, EventObject, Hpa, HpaId, Interest, ObjectId, PodId, Severity,
    WorkloadId,
};
use crate::engine::{Agenda, Latency, RandomStream, RandomStreams, draw_phase, scatter};
use crate::units::{Bytes, SimDuration, SimTime};
use rand::Rng;
use smallvec::SmallVec;

/// An event of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HpaEvent {
    /// An object is reconciled.
    Sync(HpaId),
}

/// What the pods use, for the metrics pipeline to sample.
pub trait UsageSource {
    /// CPU time that a pod has used within a window; zero if nothing loads it.
    fn cpu_used(&self, pod: PodId, window: ScrapeWindow) -> SimDuration;
    /// Memory that a pod uses at a time.
    fn memory(&self, pod: PodId, time: SimTime) -> Bytes;
    /// Since when the containers of a pod have been running without a restart.
    fn running_since(&self, pod: PodId) -> Option<SimTime>;
}

/// What became of a reconcile, for the records.
#[derive(Debug)]
pub struct HpaReport {
    /// The object.
    pub hpa: HpaId,
    /// The workload that it scales; `None` if there is none.
    pub workload: Option<WorkloadId>,
    /// Ready pods.
    pub ready_pods: u32,
    /// The decision.
    pub decision: HpaDecision,
}

/// One object between reconciles.
#[derive(Debug, Default)]
struct Entry {
    /// Whether the object was ever seen.
    is_known: bool,
    history: HpaHistory,
    /// Whether a reconcile is planned.
    planned: bool,
    /// When the next one is due, asleep or not.
    due: SimTime,
    /// When something that a reconcile reads last changed.
    input_changed: SimTime,
    /// Proposal of the last reconcile.
    last_proposal: Option<i32>,
    workload: Option<WorkloadId>,
    /// What it scales, as long as names stand for the same objects as in this generation of them.
    target: Option<(u64, Option<ObjectId>)>,
}

/// The running controller.
#[derive(Debug)]
pub struct HpaController {
    config: HpaConfig,
    metrics_server: MetricsServer,
    entries: Vec<Entry>,
    /// The objects that scale each workload, by its id, in order of creation.
    by_workload: Vec<SmallVec<[HpaId; 1]>>,
    /// How long a reconcile takes: its object waits a sync period from the end of it.
    latency: Latency,
    /// When in their sync period the objects of the start of the run are reconciled.
    sync_phases: RandomStream,
    /// Seed of the phases in which the kubelets look at containers.
    look_phases: u64,
}

/// The metrics APIs over the usage of the simulated pods.
struct SimulatedMetrics<'a, U> {
    usage: &'a U,
    server: &'a MetricsServer,
    pods: &'a [PodId],
    views: &'a [HpaPod<'a>],
    /// Seed of the phases in which the kubelets look at the pods' containers.
    phases: u64,
    now: SimTime,
}

impl<U: UsageSource> MetricsSource for SimulatedMetrics<'_, U> {
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric> {
        let id = *self.pods.get(pod)?;
        // The share of a pod's usage per container is not simulated: a single container has it all.
        if container.is_some() && self.views.get(pod).is_none_or(|pod| pod.spec.containers.len() != 1) {
            return None;
        }
        let phase = scatter(self.phases, id.index() as u64);
        let window = self.server.window(self.now, self.usage.running_since(id)?, phase)?;
        match resource {
            "cpu" => window.cpu(self.usage.cpu_used(id, window)),
            "memory" => Some(window.memory(|time| self.usage.memory(id, time))),
            _ => None,
        }
    }

    fn pods_metric(&self, _pod: usize, _metric: &MetricIdentifier) -> Option<MilliValue> {
        None
    }

    fn object_metric(&self, _object: &CrossVersionObjectReference, _metric: &MetricIdentifier) -> Option<MilliValue> {
        None
    }

    fn external_metric(&self, _metric: &MetricIdentifier) -> Option<MilliValue> {
        None
    }
}

impl HpaController {
    /// A controller without objects. `latency` is how long a reconcile takes.
    pub fn new(config: HpaConfig, metrics_server: MetricsServer, latency: Latency, streams: RandomStreams) -> Self {
        Self {
            config,
            metrics_server,
            entries: Vec::new(),
            by_workload: Vec::new(),
            latency,
            sync_phases: streams.stream("phase/hpa"),
            look_phases: streams.stream("phase/housekeeping").next_u64(),
        }
    }

    fn entry(&mut self, id: HpaId) -> &mut Entry {
        if self.entries.len() <= id.index() {
            self.entries.resize_with(id.index() + 1, Entry::default);
        }
        &mut self.entries[id.index()]
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::HpaSpec,
        ChangeKind::DesiredReplicas,
        ChangeKind::PodAdded,
        ChangeKind::PodRunning,
        ChangeKind::PodReadiness,
        ChangeKind::PodRestarted,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::ReplicaSetStatus,
    ])
    .without_bare_pods();

    /// A change of the cluster.
    pub fn observe<A: Agenda<HpaEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::HpaSpec(id) => {
                let entry = self.entry(id);
                if entry.is_known {
                    entry.target = None;
                    return self.wake(id, agenda);
                }
                let (now, period) = (agenda.now(), self.config.sync_period);
                // An object of the start of the run was created at some time before it.
                let phase =
                    if now > SimTime::ZERO { period } else { period - draw_phase(&mut self.sync_phases, period) };
                let entry = self.entry(id);
                *entry =
                    Entry { is_known: true, input_changed: now, planned: true, due: now + phase, ..Entry::default() };
                agenda.schedule(entry.due, HpaEvent::Sync(id));
            }
            Change::DesiredReplicas(workload) => self.input_changed(workload, agenda),
            Change::PodAdded(pod)
            | Change::PodRunning(pod)
            | Change::PodReadiness(pod)
            | Change::PodRestarted(pod)
            | Change::PodTerminating(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => {
                if let Some(workload) = cluster.pod(pod).workload {
                    self.input_changed(workload, agenda);
                }
            }
            Change::ReplicaSetStatus(id) => self.input_changed(cluster.replica_set(id).workload, agenda),
            _ => {}
        }
    }

    /// Something that the reconciles of a workload's autoscaler read has changed: its pods, or the load on them.
    pub fn input_changed<A: Agenda<HpaEvent>>(&mut self, workload: WorkloadId, agenda: &mut A) {
        let Some(hpas) = self.by_workload.get(workload.index()) else { return };
        for id in hpas.clone() {
            self.wake(id, agenda);
        }
    }

    /// Something that the reconciles of an object read has changed: if it sleeps it goes on in its phase.
    fn wake<A: Agenda<HpaEvent>>(&mut self, id: HpaId, agenda: &mut A) {
        let now = agenda.now();
        let config = self.config;
        let entry = self.entry(id);
        entry.input_changed = now;
        if !entry.planned {
            catch_up(&mut entry.history, entry.due, entry.last_proposal, &config, now);
            entry.planned = true;
            entry.due = now.next_tick(entry.due, config.sync_period);
            agenda.schedule(entry.due, HpaEvent::Sync(id));
        }
    }

    /// What an object scales.
    fn target(&mut self, id: HpaId, cluster: &Cluster) -> Option<ObjectId> {
        let names = cluster.names_generation();
        let entry = self.entry(id);
        match entry.target {
            Some((known, target)) if known == names => target,
            _ => {
                let target = find_target(cluster, id);
                entry.target = Some((names, target));
                target
            }
        }
    }

    /// Notes that an object has come to scale another workload.
    fn note_workload(&mut self, id: HpaId, before: Option<WorkloadId>, now: Option<WorkloadId>) {
        if let Some(hpas) = before.and_then(|workload| self.by_workload.get_mut(workload.index())) {
            hpas.retain(|existing| *existing != id);
        }
        let Some(workload) = now else { return };
        if self.by_workload.len() <= workload.index() {
            self.by_workload.resize(workload.index() + 1, SmallVec::new());
        }
        let hpas = &mut self.by_workload[workload.index()];
        hpas.insert(hpas.partition_point(|existing| *existing < id), id);
    }

    /// Reconciles an object.
    pub fn handle<A: Agenda<HpaEvent>, U: UsageSource>(
        &mut self,
        event: HpaEvent,
        cluster: &mut Cluster,
        usage: &U,
        agenda: &mut A,
    ) -> Option<HpaReport> {
        let HpaEvent::Sync(id) = event;
        let now = agenda.now();
        self.entry(id).planned = false;
        if cluster.hpa(id).removed {
            return None;
        }
        let (config, server) = (self.config, self.metrics_server);
        let took = self.latency.draw();
        let target = self.target(id, cluster);
        let workload = target.and_then(|target| cluster.workload_of(target));
        let pods = target.map(|target| cluster.pods_of_scale(target)).unwrap_or_default();
        let views: Vec<HpaPod<'_>> = pods.iter().map(|pod| view(cluster, *pod)).collect();
        let metrics =
            SimulatedMetrics { usage, server: &server, pods: &pods, views: &views, phases: self.look_phases, now };
        let scale = target.and_then(|target| scale_of(cluster, id, target));
        let ready = pods.iter().filter(|pod| cluster.pod(**pod).ready && cluster.pod(**pod).is_active()).count();
        let entry = self.entry(id);
        let Hpa { object, status, .. } = cluster.hpa(id);
        let mut state = HpaState {
            history: std::mem::take(&mut entry.history),
            conditions: status.conditions,
            last_scale_time: status.last_scale_time,
        };
        let inputs = HpaInputs { config: &config, hpa: object, scale, pods: &views, metrics: &metrics };
        let decision = desired_replicas(&inputs, &mut state, now);
        entry.history = state.history;
        let before = std::mem::replace(&mut entry.workload, workload);
        entry.last_proposal = decision.metric_desired;
        entry.due = now + took + config.sync_period;
        let quiet = quiet_after(&config, &server, object);
        if decision.rescaled || decision.error.is_some() || now - entry.input_changed <= quiet {
            entry.planned = true;
            let due = entry.due;
            agenda.schedule(due, HpaEvent::Sync(id));
        }
        if before != workload {
            self.note_workload(id, before, workload);
        }
        let values = decision.metrics.iter().flatten();
        let current_metrics = values.map(|metric| metric.as_ref().map(|found| found.current).unwrap_or_default());
        let status = HpaStatus {
            current_replicas: decision.current_replicas,
            desired_replicas: decision.desired_replicas,
            last_scale_time: state.last_scale_time,
            current_metrics: current_metrics.collect(),
            conditions: state.conditions,
        };
        cluster.set_hpa_status(id, status);
        if decision.rescaled
            && let Some(target) = target
        {
            rescale(cluster, id, target, &decision);
        }
        Some(HpaReport { hpa: id, workload, ready_pods: u32::try_from(ready).unwrap_or(u32::MAX), decision })
    }
}

/// How long the inputs must have stayed the same before the answer cannot change any more: every window and period
/// that a reconcile looks back on, and the time in which a pod counts as just started.
fn quiet_after(config: &HpaConfig, server: &MetricsServer, hpa: &crate::api::HorizontalPodAutoscaler) -> SimDuration {
    let behavior = hpa.behavior.iter().flat_map(|behavior| [&behavior.scale_up, &behavior.scale_down]);
    let windows = behavior.flat_map(|rules| {
        rules.stabilization_window.into_iter().chain(rules.policies.iter().map(|policy| policy.period))
    });
    let longest = windows.fold(config.downscale_stabilization, SimDuration::max);
    longest
        + config.cpu_initialization_period
        + config.initial_readiness_delay
        + server.longest_look_back()
        + config.sync_period * 4
}

/// Writes the recommendations of the reconciles that were slept through: each would have repeated the last proposal.
fn catch_up(history: &mut HpaHistory, due: SimTime, proposal: Option<i32>, config: &HpaConfig, now: SimTime) {
    let Some(replicas) = proposal else { return };
    let skipped = now.next_tick(due, config.sync_period) - config.sync_period;
    if skipped < due {
        return;
    }
    // All entries are older than every window by now; those slept through take their place.
    history.recommendations.clear();
    history.recommendations.push(TimedReplicas { time: skipped, replicas });
    let mut earlier = skipped - config.sync_period;
    let oldest = skipped - config.downscale_stabilization - config.sync_period;
    while earlier >= due && earlier >= oldest && config.sync_period > SimDuration::ZERO {
        history.recommendations.push(TimedReplicas { time: earlier, replicas });
        earlier = earlier - config.sync_period;
    }
}

/// The object that an autoscaler scales.
fn find_target(cluster: &Cluster, id: HpaId) -> Option<ObjectId> {
    let hpa = cluster.hpa(id);
    let reference = &hpa.object.scale_target;
    cluster.find_scaled(&reference.kind, hpa.namespace, &reference.name)
}

/// The scale of an autoscaler's target. Its selector is ambiguous if several autoscalers have the target.
fn scale_of(cluster: &Cluster, id: HpaId, target: ObjectId) -> Option<Scale> {
    let hpa = cluster.hpa(id);
    let ambiguous = cluster.hpas_of_target(hpa.namespace, &hpa.object.scale_target).len() > 1;
    let selector = if ambiguous { ScaleSelector::Ambiguous } else { ScaleSelector::Valid };
    let cluster::Scale { spec_replicas, status_replicas } = cluster.scale_of(target)?;
    Some(Scale { spec_replicas, status_replicas, selector })
}

/// What the controller reads of a pod.
fn view(cluster: &Cluster, id: PodId) -> HpaPod<'_> {
    let pod = cluster.pod(id);
    let status = if pod.ready { ConditionStatus::True } else { ConditionStatus::False };
    HpaPod {
        phase: pod.phase,
        deleting: pod.deletion.is_some(),
        start_time: pod.start_time,
        ready: pod.start_time.map(|start| PodReadyCondition { status, last_transition: pod.ready_changed.max(start) }),
        spec: &cluster.template(pod.template).template.spec,
    }
}

/// Writes the scale.
fn rescale(cluster: &mut Cluster, id: HpaId, target: ObjectId, decision: &HpaDecision) {
    let replicas = decision.desired_replicas;
    cluster.scale(target, replicas);
    let hpa = cluster.hpa(id);
    let reason = decision.rescale_reason.map(|reason| reason.text(&hpa.object)).unwrap_or_default();
    let (namespace, name) = (cluster.namespace_name(hpa.namespace).clone(), hpa.object.meta.name.clone());
    cluster.emit(ApiEvent {
        severity: Severity::Normal,
        reason: "SuccessfulRescale",
        source: "horizontal-pod-autoscaler",
        object: EventObject::Other { kind: "HorizontalPodAutoscaler", namespace, name },
        message: format!("New size: {replicas}; reason: {reason}").into(),
    });
}
