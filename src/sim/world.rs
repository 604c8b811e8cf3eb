//! The world of a run: the cluster, everything that acts on it, and the dispatch of events and changes between them.

use super::arrivals::{self, Arrivals};
use super::audience::{Audience, Part};
use super::cloud_settings::cloud_settings;
use super::config_references::given_kinds;
use super::error::SimError;
use super::event::Event;
use super::instance_records::decision_record;
use super::invariants::InvariantCheck;
use super::machine_costs::MachineCosts;
use super::manager_state::ManagerState;
use super::observer::RunObserver;
use super::operator::Operator;
use super::prepare::Prepared;
use super::recorder::Recorder;
use super::recovery::RecoveryTracker;
use super::request_logs::{EntryLog, note_spans, request_logs};
use super::request_values::PlayedRequests;
use super::settings::{self, Client};
use super::usage::{Usage, note_usage_beside};

use super::vpa_settings;
use crate::autoscaler::capacity_buffer::BufferRules;
use crate::autoscaler::capacity_buffer::controller::CapacityBufferController;
use crate::autoscaler::cluster_autoscaler::controller::CaController;
use crate::autoscaler::hpa::controller::{HpaController, HpaEvent};
use crate::autoscaler::karpenter::controller::running::KarpenterController;
use crate::autoscaler::keda::controller::KedaController;
use crate::autoscaler::vpa::controller::VpaController;
use crate::cluster::{Admission, ApiEvent, Change, Cluster, GroupBounds};
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::manager::Controllers;
use crate::engine::{Checksum, EventQueue, Priority, RandomStreams};
use crate::infra::cloud::Cloud;
use crate::infra::csi::CsiDrivers;
use crate::infra::faults::{FaultEffect, FaultInjector};
use crate::kubelet::controller::Kubelets;
use crate::network::requests::{MeasuredLoad, Measurement, RequestEvent, Requests};
use crate::record::DecisionRecord;
use crate::scheduler::{DecisionPath, Scheduler};
use crate::units::{SimDuration, SimTime};
use crate::workload::metric_sources::MetricSources;
use crate::workload::traffic::{Load, Traffic};
use crate::workload::usage::UsageOverTime;
use std::hash::{Hash, Hasher};

/// What the metrics pipeline and KEDA measure.
macro_rules! usage_of {
    ($world:expr) => {
        Usage {
            traffic: &$world.traffic,
            requests: &$world.requests,
            over_time: &$world.usage,
            metrics: &$world.metrics,
            kubelets: &$world.kubelets,
            told: &[],
        }
    };
}

/// Everything in a run.
pub struct World<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) queue: EventQueue<Event>,
    pub(super) cluster: Cluster,
    pub(super) controllers: Controllers,
    manager: ManagerState,
    pub(super) scheduler: Scheduler<Client>,
    pub(super) kubelets: Kubelets,
    pub(super) traffic: Traffic,
    pub(super) requests: Requests,
    pub(super) request_logs: Vec<EntryLog>,
    metrics: MetricSources,
    pub(super) usage: UsageOverTime,
    pub(super) hpa: HpaController,
    pub(super) vpa: VpaController,
    keda: KedaController,
    capacity_buffers: CapacityBufferController,
    csi: CsiDrivers,
    cluster_autoscaler: Option<CaController>,
    cloud: Cloud,
    karpenter: KarpenterController,
    pub(super) faults: FaultInjector,
    pub(super) recorder: Recorder,
    pub(super) recovery: RecoveryTracker,
    pub(super) operator: Operator<'a>,
    pub(super) arrivals: Arrivals,
    pub(super) invariants: InvariantCheck,
    observer: Option<&'a mut dyn RunObserver>,
    audience: Audience,
    pub(super) decisions: Vec<DecisionRecord>,
    changes: Vec<Change>,
    events: Vec<ApiEvent>,
    pub(super) checksum: Checksum,
    pub(super) handled: u64,
}

impl<'a> World<'a> {
    /// The world at the start of a run: nodes joined, objects applied, everything planned that is known from the start.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read.
    pub fn new(
        prepared: &'a Prepared,
        seed: u64,
        interval: SimDuration,
        path: DecisionPath,
        every_loop: bool,
        observer: Option<&'a mut dyn RunObserver>,
    ) -> Result<Self, SimError> {
        let scenario = &prepared.scenario;
        let spec = &scenario.spec;
        let streams = RandomStreams::new(seed);
        let operator = Operator::new(prepared);
        let scheduler = Scheduler::new(
            &prepared.scheduler,
            settings::scheduler_timing(spec, streams),
            settings::scheduler_client(spec),
            streams.stream("scheduler/ties"),
            path,
        );
        let awaited = given_kinds(
            prepared.objects.iter().chain(prepared.applied.iter().flatten().map(|applied| &applied.object)),
        );
        let mut groups: Vec<_> =
            spec.node_pools.iter().map(|pool| settings::node_group(pool, &scenario.catalogue)).collect();
        for group in &mut groups {
            let autoscaler = prepared.cluster_autoscaler.as_ref();
            let bounds = autoscaler.and_then(|autoscaler| autoscaler.bounds_of(&group.name));
            group.bounds = bounds.map(|(min, max)| GroupBounds { min, max }).or(group.bounds);
        }
        let recorder = Recorder::new(interval, &groups, MachineCosts::new(scenario));
        let mut cluster = Cluster::new(Admission::new(settings::default_toleration_seconds(spec)));
        let region = spec.cloud.as_ref().and_then(|cloud| cloud.region.as_deref()).unwrap_or("");
        cluster.set_instance_types(scenario.catalogue.instance_types(region).into());
        for group in groups {
            cluster.add_node_group(group);
        }
        let metrics_server = settings::metrics_server(spec, streams);
        let mut world = Self {
            prepared,
            queue: EventQueue::default(),
            cluster,
            controllers: Controllers::new(settings::controller_settings(spec, streams)),
            manager: ManagerState::new(streams),
            scheduler,
            kubelets: Kubelets::new(settings::kubelet_settings(spec, awaited), &spec.startup, &spec.jobs, streams),
            traffic: settings::traffic(spec, metrics_server.longest_look_back(), streams),
            requests: settings::requests(spec, metrics_server.longest_look_back(), interval, streams),
            request_logs: request_logs(spec, interval),
            usage: UsageOverTime::new(&spec.usage, settings::midnight(spec), streams),
            metrics: MetricSources::new(&spec.metrics, &spec.traffic, settings::midnight(spec), streams),
            hpa: settings::hpa_controller(spec, streams).reading_each_pod(every_loop),
            vpa: vpa_settings::vpa_controller(spec, streams),
            keda: settings::keda_controller(spec, streams),
            karpenter: KarpenterController::new(settings::karpenter(spec, streams)),
            cloud: Cloud::new(cloud_settings(scenario), streams),
            capacity_buffers: CapacityBufferController::new(
                prepared.buffer_rules().unwrap_or(BufferRules::ClusterAutoscaler),
            ),
            csi: CsiDrivers::new(&settings::storage(spec), streams),
            cluster_autoscaler: prepared
                .cluster_autoscaler
                .as_ref()
                .map(|autoscaler| CaController::new(autoscaler.settings(&prepared.scheduler, every_loop), streams)),
            faults: FaultInjector::new(&scenario.faults, settings::BOOT_DELAY, streams),
            recorder,
            recovery: RecoveryTracker::default(),
            operator,
            arrivals: Arrivals::new(prepared, streams)?,
            invariants: InvariantCheck::default(),
            observer,
            audience: Audience::of_run(prepared),
            decisions: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            checksum: Checksum::default(),
            handled: 0,
        };
        world.start()?;
        Ok(world)
    }

    /// Lets every part begin.
    fn start(&mut self) -> Result<(), SimError> {
        let Self { queue, cluster, .. } = self;
        self.operator.add_first_nodes(cluster);
        self.arrivals.add_nodes(self.prepared, cluster, queue);
        self.operator.start(cluster, queue);
        self.traffic.start(queue);
        self.requests.start(cluster, queue);
        self.metrics.start(queue);
        self.cloud.start(queue);
        self.faults.start(queue);
        if let Some(autoscaler) = &mut self.cluster_autoscaler {
            autoscaler.start(cluster, queue);
        }
        self.settle();
        self.arrivals.start(&mut self.queue)
    }

    /// Handles the next event, if it is not later than `end`.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read on.
    pub fn step(&mut self, end: SimTime) -> Result<bool, SimError> {
        if self.queue.next_time().is_none_or(|at| at > end) {
            return Ok(false);
        }
        let Some((now, event)) = self.queue.pop() else { return Ok(false) };
        if self.manager.has_forgotten(&event, self.queue.taken()) {
            return Ok(true);
        }
        self.handled += 1;
        self.checksum.write_i64(now.as_nanos());
        event.hash(&mut self.checksum);
        self.handle(event)?;
        self.settle();
        Ok(true)
    }

    /// Gives an event to its room.
    fn handle(&mut self, event: Event) -> Result<(), SimError> {
        let Self { queue, cluster, .. } = self;
        let now = queue.now();
        match event {
            Event::Controller(event) => {
                self.controllers.handle(event, cluster, queue);
                self.operator.note_failed_drains(&mut self.controllers, cluster, now);
            }
            Event::Scheduler(event) => self.scheduler.handle(event, cluster, queue),
            Event::Kubelet(event) => self.kubelets.handle(event, cluster, queue),
            Event::Csi(event) => self.csi.handle(event, cluster, queue),
            Event::Traffic(change) => {
                self.traffic.handle(change, cluster, queue);
                self.metrics.note_rate(change);
            }
            Event::Queues(turn) => self.traffic.turn(turn, cluster, now),
            Event::Requests(event) => {
                let until = queue.next_time();
                if event == RequestEvent::Measure {
                    note_usage_beside(&mut self.requests, &self.traffic, &self.usage, cluster, now);
                }
                if let Some(full) = self.requests.handle(event, until, cluster, &mut self.request_logs, queue) {
                    self.kubelets.kill_for_memory(full.pod, full.container, cluster, queue);
                }
            }
            Event::Vpa(event) => {
                let usage = usage_of!(self);
                self.vpa.handle(event, cluster, &usage, queue);
            }
            Event::Keda(event) => self.keda.handle(event, cluster, &usage_of!(self), queue),
            Event::Usage(event) => {
                if let Some(full) = self.usage.handle(event, cluster, queue) {
                    self.requests.container_ended(full.pod, &mut self.request_logs, queue);
                    self.kubelets.kill_for_memory(full.pod, full.container, cluster, queue);
                }
            }
            Event::Metric(change) => {
                let values = PlayedRequests { requests: &self.requests, logs: &self.request_logs, now };
                self.metrics.handle(change, &values, queue);
            }
            Event::Hpa(event) => {
                let HpaEvent::Sync(id) = event;
                let usage = usage_of!(self);
                let told = self.keda.told(id, cluster, &usage, now);
                let usage = Usage { told: &told.metrics, ..usage };
                if let Some(report) = self.hpa.handle(event, cluster, &usage, queue) {
                    self.recorder.note_autoscaling(&report, cluster, now);
                    if report.decision.metrics.is_some() {
                        self.keda.note_told(told, cluster);
                    }
                }
            }
            Event::ClusterAutoscaler(event) => {
                if let Some(autoscaler) = &mut self.cluster_autoscaler {
                    autoscaler.handle(event, cluster, &mut self.scheduler, queue);
                }
            }
            Event::Karpenter(event) => self.karpenter.handle(event, cluster, queue),
            Event::Cloud(event) => self.cloud.handle(event, cluster, queue),
            Event::Fault(event) => {
                if let Some(effect) = self.faults.handle(event, cluster, queue) {
                    self.pass_on_fault(&effect);
                }
            }
            Event::ManagerStarts { outage } => {
                if self.manager.starts(outage, queue.next_number()) {
                    self.restart_manager();
                }
            }
            Event::Action { index } => self.operator.act(index, cluster, &mut self.controllers, queue),
            Event::Arrival { stream } => self.arrivals.arrive(stream, cluster, queue)?,
            Event::Departure { pod } => arrivals::depart(pod, cluster, now),
            Event::NodeJoins { index } => self.arrivals.join(index, cluster, now),
        }
        Ok(())
    }

    /// Lets everybody see what changed, until nothing changes any more within this instant.
    pub(super) fn settle(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        loop {
            self.cluster.take_changes(&mut changes);
            if changes.is_empty() {
                self.pass_on_load();
                if self.manager.is_up() {
                    self.controllers.settle(&mut self.cluster);
                }
                self.capacity_buffers.settle(&mut self.cluster, self.queue.now());
                self.cluster.take_changes(&mut changes);
                if changes.is_empty() {
                    break;
                }
            }
            self.invariants.note(&changes);
            for change in changes.drain(..) {
                self.observe(change);
            }
        }
        self.changes = changes;
        let now = self.queue.now();
        for (pod, count, last) in self.cluster.take_repeated_failures() {
            self.recorder.repeated_failure(pod, count, last);
        }
        self.cluster.take_events(&mut self.events);
        for event in self.events.drain(..) {
            self.recorder.event(event, now);
        }
        let decisions = self.cluster.take_decisions();
        self.decisions.extend(decisions.into_iter().map(|decision| decision_record(decision, now)));
        if self.recovery.is_open() {
            self.recovery.close(&self.cluster, now);
        }
    }

    /// Tells a change to the parts that want it.
    fn observe(&mut self, change: Change) {
        let Self { queue, cluster, .. } = self;
        let now = queue.now();
        let is_bare = change.pod().is_some_and(|pod| cluster.pod(pod).is_bare());
        let parts = self.audience.of(change, is_bare);
        if let Some(observer) = &mut self.observer {
            observer.observe(change, cluster, now);
            if let Change::PodAdded(pod) = change
                && let Some(node) = observer.placement(pod, cluster)
            {
                self.scheduler.prescribe(pod, node);
            }
        }
        if parts.have(Part::Recorder) {
            self.recorder.observe(change, cluster, now);
        }
        if parts.have(Part::Recovery) {
            self.recovery.observe(change, cluster, now);
        }
        if parts.have(Part::Traffic) {
            self.traffic.observe(change, cluster, now);
        }
        if parts.have(Part::Requests) {
            self.requests.observe(change, cluster, &mut self.request_logs, queue);
        }
        if parts.have(Part::Usage) {
            self.usage.observe(change, cluster, queue);
        }
        if parts.have(Part::Metrics) {
            self.metrics.observe(change, cluster, now);
        }
        if parts.have(Part::Scheduler) {
            self.scheduler.observe(change, cluster, queue);
        }
        if parts.have(Part::Kubelets) {
            self.kubelets.observe(change, cluster, queue);
        }
        if parts.have(Part::Csi) {
            self.csi.observe(change, cluster, queue);
        }
        if parts.have(Part::Controllers) && self.manager.is_up() {
            self.controllers.observe(change, cluster, queue);
        }
        if parts.have(Part::Hpa) && self.manager.is_up() {
            self.hpa.observe(change, cluster, queue);
        }
        if parts.have(Part::ClusterAutoscaler)
            && let Some(autoscaler) = &mut self.cluster_autoscaler
        {
            autoscaler.observe(change, cluster, queue);
        }
        if parts.have(Part::Karpenter) {
            self.karpenter.observe(change, cluster, queue);
        }
        if parts.have(Part::CapacityBuffers) {
            self.capacity_buffers.observe(change, cluster);
        }
        if parts.have(Part::Vpa) {
            self.vpa.observe(change, cluster, queue);
        }
        if parts.have(Part::Keda) {
            self.keda.observe(change, cluster, queue);
        }
        if parts.have(Part::Actions) {
            self.operator.observe(change, cluster, now);
        }
        if parts.have(Part::Cloud) {
            self.cloud.observe(change, cluster, queue);
        }
        if parts.have(Part::Faults) {
            self.faults.observe(change, cluster, queue);
        }
    }

    /// Tells the recorder and the autoscaler about loads and metrics that changed.
    fn pass_on_load(&mut self) {
        let Self { queue, cluster, recorder, hpa, traffic, requests, request_logs, usage, metrics, manager, .. } = self;
        let now = queue.now();
        for (workload, before, load) in traffic.take_changed() {
            recorder.note_load(workload, (&before, &load), now, cluster, now);
            if manager.is_up() {
                hpa.load_changed(workload, queue);
            }
        }
        for (at, turn) in traffic.take_turns() {
            queue.schedule_with(at, Priority::Normal, turn.into());
        }
        note_spans(traffic, request_logs);
        for Measurement { workload, since, before, load } in requests.take_measurements() {
            recorder.note_load(workload, (&fluid(before), &fluid(load)), since, cluster, now);
            if manager.is_up() {
                hpa.load_changed(workload, queue);
            }
        }
        for (workload, before, used) in usage.take_changed() {
            recorder.note_usage(workload, &before, &used, cluster, now);
            if manager.is_up() {
                hpa.load_changed(workload, queue);
            }
        }
        for name in metrics.take_changed() {
            if manager.is_up() {
                hpa.metric_changed(&name, queue);
            }
        }
    }

    /// The controller manager begins to work anew: its controllers know nothing, and list everything.
    fn restart_manager(&mut self) {
        let Self { queue, cluster, prepared, .. } = self;
        let spec = &prepared.scenario.spec;
        let streams = self.manager.streams();
        let settings = ControllerSettings { started: queue.now(), ..settings::controller_settings(spec, streams) };
        self.controllers.restart(settings, cluster, queue);
        if prepared.has_autoscalers() {
            let before = std::mem::replace(&mut self.hpa, settings::hpa_controller(spec, streams));
            self.hpa.take_metrics_server(&before);
            for change in cluster.listing() {
                self.hpa.observe(change, cluster, queue);
            }
        }
    }

    /// Tells the records what a fault has done, and the kubelets which containers crash.
    fn pass_on_fault(&mut self, effect: &FaultEffect) {
        let Self { queue, cluster, recorder, recovery, kubelets, manager, requests, request_logs, .. } = self;
        if let Some((at, outage)) = manager.note_fault(effect, queue.now()) {
            queue.schedule_with(at, Priority::Normal, Event::ManagerStarts { outage });
        }
        recovery.note_fault(effect, cluster, queue.now());
        recorder.note_fault(effect);
        if let FaultEffect::PodsCrash(pods) = effect {
            for pod in pods {
                requests.container_ended(*pod, request_logs, queue);
                kubelets.crash(*pod, cluster, queue);
            }
        }
    }
}

/// A measured load in the words of the fluid.
fn fluid(load: MeasuredLoad) -> Load {
    Load { rate: load.rate, unserved: load.failed, cpu: load.cpu, memory: load.memory }
}
