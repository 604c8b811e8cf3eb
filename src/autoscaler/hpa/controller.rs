//! The running HorizontalPodAutoscaler controller: reads the cluster and the metrics, asks [`desired_replicas`], and scales.
//!
//! Each object is reconciled one sync period after its last reconcile. While nothing that a reconcile reads can have
//! changed, and every window has passed, its answer cannot change either: the object then sleeps, and wakes with its
//! phase kept when something changes.

use super::alike_pods::{KnownPods, Ripening};
use super::desired_replicas::ReconcileError;
use super::messages::events;
use super::selected_pods::SelectedPods;
use super::simulated_metrics::SimulatedMetrics;
use super::usage_source::UsageSource;
use super::{
    HpaConfig, HpaDecision, HpaHistory, HpaInputs, HpaPod, HpaState, PodReadyCondition, Scale, ScaleSelector,
    TimedReplicas, desired_replicas,
};
use crate::api::{ConditionStatus, MetricSpec, Name};
use crate::autoscaler::metrics::{MetricsOutage, MetricsServer};
use crate::cluster::{
    ApiEvent, Change, ChangeKind, Cluster, EventObject, Hpa, HpaId, Interest, ObjectId, PodId, Severity, WorkloadId,
};
use crate::engine::{Agenda, Latency, RandomStream, RandomStreams, draw_phase};
use crate::units::{SimDuration, SimTime};
use rand::Rng;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An event of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HpaEvent {
    /// An object is reconciled.
    Sync(HpaId),
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
    /// One that comes between, at once after a change of the spec.
    extra: Option<SimTime>,
    /// When something that a reconcile reads last changed.
    input_changed: SimTime,
    /// Proposal of the last reconcile.
    last_proposal: Option<i32>,
    workload: Option<WorkloadId>,
    /// The pods that it reads, as they are taken together.
    pods: KnownPods,
    /// What it scales, as long as names stand for the same objects as in this generation of them.
    target: Option<(u64, Option<ObjectId>)>,
}

/// The running controller.
#[derive(Debug)]
pub struct HpaController {
    config: HpaConfig,
    metrics_server: MetricsServer,
    outages: Vec<MetricsOutage>,
    entries: Vec<Entry>,
    /// The objects that scale each workload, by its id, in order of creation.
    by_workload: Vec<SmallVec<[HpaId; 1]>>,
    /// The objects that ask for each metric that is not metrics-server's, by its name. Only looked up, never iterated.
    by_metric: FxHashMap<Name, Vec<HpaId>>,
    /// The pods that each object reads.
    selected: SelectedPods,
    /// How long a reconcile takes: its object waits a sync period from the end of it.
    latency: Latency,
    /// When in their sync period the objects of the start of the run are reconciled.
    sync_phases: RandomStream,
    /// Seed of the phases in which the kubelets look at containers.
    look_phases: u64,
    /// Whether each pod is read by itself, also where pods could be taken together.
    reads_each_pod: bool,
}

impl HpaController {
    /// A controller without objects. `latency` is how long a reconcile takes.
    pub fn new(config: HpaConfig, metrics_server: MetricsServer, latency: Latency, streams: RandomStreams) -> Self {
        Self {
            config,
            metrics_server,
            outages: Vec::new(),
            entries: Vec::new(),
            by_workload: Vec::new(),
            by_metric: FxHashMap::default(),
            selected: SelectedPods::default(),
            latency,
            sync_phases: streams.stream("phase/hpa"),
            look_phases: streams.stream("phase/housekeeping").next_u64(),
            reads_each_pod: false,
        }
    }

    /// The same with times in which metrics-server has no answer.
    #[must_use]
    pub fn with_outages(self, outages: Vec<MetricsOutage>) -> Self {
        Self { outages, ..self }
    }

    /// The same, which reads each pod by itself or not. That changes nothing but the cost.
    #[must_use]
    pub fn reading_each_pod(self, reads_each_pod: bool) -> Self {
        Self { reads_each_pod, ..self }
    }

    /// Takes over what is no part of the controller: metrics-server and the kubelets go on when it starts anew.
    pub fn take_metrics_server(&mut self, before: &Self) {
        self.metrics_server = before.metrics_server;
        self.outages.clone_from(&before.outages);
        self.look_phases = before.look_phases;
        self.reads_each_pod = before.reads_each_pod;
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
        ChangeKind::HpaRemoved,
        ChangeKind::DesiredReplicas,
        ChangeKind::PodAdded,
        ChangeKind::PodRunning,
        ChangeKind::PodReadiness,
        ChangeKind::PodRestarted,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::ReplicaSetStatus,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<HpaEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::HpaSpec(id) => {
                let entry = self.entry(id);
                let is_known = entry.is_known;
                entry.target = None;
                entry.pods.clear();
                self.note_selector(id, cluster);
                for name in cluster.hpa(id).object.metrics.iter().filter_map(other_metric) {
                    let hpas = self.by_metric.entry(name.clone()).or_default();
                    if !hpas.contains(&id) {
                        hpas.push(id);
                    }
                }
                if is_known {
                    self.wake(id, agenda);
                    if self.config.reconciles_changes_at_once {
                        let at = agenda.now() + self.latency.draw();
                        self.entry(id).extra = Some(at);
                        agenda.schedule(at, HpaEvent::Sync(id));
                    }
                    return;
                }
                let (now, period) = (agenda.now(), self.config.sync_period);
                let phase = if now == SimTime::ZERO {
                    // An object of the start of the run was created at some time before it.
                    period - draw_phase(&mut self.sync_phases, period)
                } else if self.config.reconciles_changes_at_once {
                    self.latency.draw()
                } else {
                    period
                };
                let entry = self.entry(id);
                *entry =
                    Entry { is_known: true, input_changed: now, planned: true, due: now + phase, ..Entry::default() };
                agenda.schedule(entry.due, HpaEvent::Sync(id));
            }
            Change::HpaRemoved(id) => self.selected.set_selector(id, cluster.hpa(id).namespace, None),
            Change::DesiredReplicas(workload) => self.target_changed(workload, agenda),
            Change::ReplicaSetStatus(id) => self.target_changed(cluster.replica_set(id).workload, agenda),
            Change::PodAdded(pod)
            | Change::PodRunning(pod)
            | Change::PodReadiness(pod)
            | Change::PodRestarted(pod)
            | Change::PodTerminating(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => {
                self.selected.refresh(cluster);
                let hpas = match change {
                    Change::PodAdded(_) => self.selected.add(pod, cluster),
                    Change::PodRemoved(_) => self.selected.remove(pod, cluster),
                    _ => self.selected.selecting(pod, cluster),
                };
                for id in hpas {
                    let pods = &mut self.entry(id).pods;
                    match change {
                        Change::PodAdded(_) => pods.add(pod),
                        _ => pods.change(pod, matches!(change, Change::PodRemoved(_))),
                    }
                    self.wake(id, agenda);
                }
            }
            _ => {}
        }
    }

    /// Notes the selector of an object's scale.
    fn note_selector(&mut self, id: HpaId, cluster: &Cluster) {
        let selector = self.target(id, cluster).and_then(|target| cluster.scale_selector(target));
        self.selected.set_selector(id, cluster.hpa(id).namespace, selector);
    }

    /// The scale of a workload has changed.
    fn target_changed<A: Agenda<HpaEvent>>(&mut self, workload: WorkloadId, agenda: &mut A) {
        let Some(hpas) = self.by_workload.get(workload.index()) else { return };
        for id in hpas.clone() {
            self.wake(id, agenda);
        }
    }

    /// The load on the pods of a workload has changed.
    pub fn load_changed<A: Agenda<HpaEvent>>(&mut self, workload: WorkloadId, agenda: &mut A) {
        for id in self.selected.of_workload(workload) {
            self.wake(id, agenda);
        }
    }

    /// A metric that is not metrics-server's has changed.
    pub fn metric_changed<A: Agenda<HpaEvent>>(&mut self, name: &Name, agenda: &mut A) {
        for id in self.by_metric.get(name).cloned().unwrap_or_default() {
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
        let entry = self.entry(id);
        // The queue keeps the regular reconcile that waits while an extra one is made.
        let kept = (entry.extra.take_if(|extra| *extra == now).is_some() && entry.due != now)
            .then_some((entry.planned, entry.due));
        entry.planned = false;
        if cluster.hpa(id).removed {
            return None;
        }
        let (config, server) = (self.config, self.metrics_server);
        let took = self.latency.draw();
        let target = self.target(id, cluster);
        let workload = target.and_then(|target| cluster.workload_of(target));
        self.note_selector(id, cluster);
        self.selected.refresh(cluster);
        let overlapping = self.selected.overlapping(id);
        let mut known =
            self.entries.get_mut(id.index()).map(|entry| std::mem::take(&mut entry.pods)).unwrap_or_default();
        let ripening = Ripening { config: &config, server: &server, look_phases: self.look_phases, now };
        let selection = (self.selected.number(), self.selected.pods(id));
        known.update(selection);
        if !self.reads_each_pod {
            known.take_together(&cluster.hpa(id).object, &ripening, cluster, usage);
        }
        let pods = known.single();
        let views: Vec<HpaPod<'_>> = pods.iter().map(|pod| view(cluster, *pod)).collect();
        let (alike, groups) = known.alike(cluster);
        let metrics = SimulatedMetrics {
            usage,
            server: &server,
            outages: &self.outages,
            cluster,
            namespace: &cluster.hpa(id).object.meta.namespace,
            pods,
            views: &views,
            alike: &groups,
            phases: self.look_phases,
            now,
        };
        let scale = target.and_then(|target| cluster.scale_of(target)).map(|scale| Scale {
            spec_replicas: scale.spec_replicas,
            status_replicas: scale.status_replicas,
            selector: if overlapping.is_empty() { ScaleSelector::Valid } else { ScaleSelector::Ambiguous },
        });
        let together: usize = alike.iter().map(|pods| pods.count).sum();
        let single = pods.iter().map(|pod| cluster.pod(*pod)).filter(|pod| pod.ready && pod.is_active()).count();
        let ready = together + single;
        let Hpa { object, status, .. } = cluster.hpa(id);
        let mut state = HpaState {
            history: self
                .entries
                .get_mut(id.index())
                .map(|entry| std::mem::take(&mut entry.history))
                .unwrap_or_default(),
            conditions: status.conditions,
            last_scale_time: status.last_scale_time,
        };
        let inputs = HpaInputs { config: &config, hpa: object, scale, pods: &views, alike: &alike, metrics: &metrics };
        let decision = desired_replicas(&inputs, &mut state, now);
        // Nobody announces that metrics go or come back.
        let is_outage_ahead = self.outages.iter().any(|outage| outage.is_ahead(now));
        let entry = self.entry(id);
        entry.history = std::mem::take(&mut state.history);
        entry.pods = known;
        let before = std::mem::replace(&mut entry.workload, workload);
        entry.last_proposal = decision.metric_desired;
        entry.due = now + took + config.sync_period;
        let varies = workload.is_some_and(|workload| usage.varies(workload));
        if is_outage_ahead
            || varies
            || object.metrics.iter().filter_map(other_metric).any(|name| usage.is_moving(name, now))
        {
            entry.input_changed = now;
        }
        let quiet = quiet_after(&config, &server, object);
        if let Some((planned, due)) = kept {
            (entry.planned, entry.due) = (planned, due);
        } else if decision.rescaled || decision.error.is_some() || now - entry.input_changed <= quiet {
            entry.planned = true;
            let due = entry.due;
            agenda.schedule(due, HpaEvent::Sync(id));
        }
        if before != workload {
            self.note_workload(id, before, workload);
        }
        let came_to_metrics = decision.metrics.is_some() || matches!(decision.error, Some(ReconcileError::Selector(_)));
        if came_to_metrics && self.selected.register(id) {
            for sharing in self.selected.sharing(id) {
                self.wake(sharing, agenda);
            }
        }
        cluster.set_hpa_status(id, decision.status(&state));
        if let Some(target) = target {
            if decision.rescaled {
                cluster.scale(target, decision.desired_replicas);
            }
            emit_events(cluster, id, target, &overlapping, &decision);
        }
        Some(HpaReport { hpa: id, workload, ready_pods: u32::try_from(ready).unwrap_or(u32::MAX), decision })
    }
}

/// The name of a metric that is not metrics-server's.
const fn other_metric(spec: &MetricSpec) -> Option<&Name> {
    match spec {
        MetricSpec::Resource { .. } | MetricSpec::ContainerResource { .. } => None,
        MetricSpec::Pods { metric, .. } | MetricSpec::Object { metric, .. } | MetricSpec::External { metric, .. } => {
            Some(&metric.name)
        }
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

/// What the controller reads of a pod.
fn view(cluster: &Cluster, id: PodId) -> HpaPod<'_> {
    let pod = cluster.pod(id);
    let status = if pod.ready { ConditionStatus::True } else { ConditionStatus::False };
    HpaPod {
        name: &pod.name,
        phase: pod.phase,
        deleting: pod.deletion.is_some(),
        start_time: pod.start_time,
        ready: pod.start_time.map(|start| PodReadyCondition { status, last_transition: pod.ready_changed.max(start) }),
        spec: &cluster.template(pod.template).template.spec,
    }
}

/// Emits the Events of a reconcile. `overlapping` are the other objects that select the same pods.
fn emit_events(cluster: &mut Cluster, id: HpaId, target: ObjectId, overlapping: &[HpaId], decision: &HpaDecision) {
    let hpa = cluster.hpa(id);
    let (namespace, name) = (cluster.namespace_name(hpa.namespace).clone(), hpa.object.meta.name.clone());
    let ambiguity = || {
        let mut hpas: Vec<HpaId> = overlapping.iter().copied().chain([id]).collect();
        hpas.sort_unstable();
        let names: Vec<String> =
            hpas.iter().map(|hpa| format!("{namespace}/{}", cluster.hpa(*hpa).object.meta.name)).collect();
        let selector = cluster.scale_selector(target).map(ToString::to_string).unwrap_or_default();
        format!("pods by selector {selector} are controlled by multiple HPAs: [{}]", names.join(" "))
    };
    for event in events(&hpa.object, decision, ambiguity) {
        let (namespace, name) = (namespace.clone(), name.clone());
        cluster.emit(ApiEvent {
            severity: if event.is_warning { Severity::Warning } else { Severity::Normal },
            reason: event.reason,
            source: "horizontal-pod-autoscaler",
            object: EventObject::Other { kind: "HorizontalPodAutoscaler", namespace, name },
            message: event.message.into(),
        });
    }
}
