//! The world of a run: the cluster, everything that acts on it, and the dispatch of events and changes between them.

use super::arrivals::ArrivalStream;
use super::audience::{Audience, Part};
use super::config_references::given_kinds;
use super::error::SimError;
use super::event::Event;
use super::prepare::Prepared;
use super::recorder::Recorder;
use super::recorder_input::{PoolInfo, WorkloadLoad};
use super::recovery::RecoveryTracker;
use super::settings::{self, Client};
use crate::api::{self, Name};
use crate::autoscaler::hpa::controller::{HpaController, UsageSource};
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::{Admission, ApiEvent, Change, Cluster, NewPod, Owner, PodId};
use crate::controllers::manager::Controllers;
use crate::engine::{Checksum, EventQueue, Priority, RandomStreams};
use crate::infra::faults::{FaultEffect, FaultInjector};
use crate::infra::node_pool::NodePool;
use crate::kubelet::controller::Kubelets;
use crate::scheduler::{DecisionPath, Scheduler};
use crate::units::{Bytes, MilliCpu, NanoDollars, SimDuration, SimTime};
use crate::workload::traffic::{Load, Traffic};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Everything in a run.
pub struct World<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) queue: EventQueue<Event>,
    pub(super) cluster: Cluster,
    pub(super) controllers: Controllers,
    pub(super) scheduler: Scheduler<Client>,
    pub(super) kubelets: Kubelets,
    pub(super) traffic: Traffic,
    pub(super) hpa: HpaController,
    pub(super) faults: FaultInjector,
    pub(super) recorder: Recorder,
    pub(super) recovery: RecoveryTracker,
    pub(super) pools: Vec<NodePool>,
    pub(super) arrivals: Vec<ArrivalStream>,
    pub(super) joining: Vec<(u32, api::Node)>,
    pub(super) remarks: Vec<String>,
    shared_gpus: u64,
    audience: Audience,
    changes: Vec<Change>,
    events: Vec<ApiEvent>,
    pub(super) checksum: Checksum,
    pub(super) handled: u64,
    /// The changes since the last check of the invariants, if they are checked.
    to_check: Option<Vec<Change>>,
}

/// What pods use: their traffic, and their kubelet's word on when they started.
struct Usage<'a> {
    traffic: &'a Traffic,
    kubelets: &'a Kubelets,
}

impl UsageSource for Usage<'_> {
    fn cpu_used(&self, pod: PodId, window: ScrapeWindow) -> SimDuration {
        // Millicore-nanoseconds to seconds of CPU time.
        let used = self.traffic.cpu_used(pod, window.previous, window.last).unwrap_or_default();
        SimDuration::from_secs_f64(used / 1e12)
    }

    fn memory(&self, pod: PodId, time: SimTime) -> Bytes {
        self.traffic.memory(pod, time).unwrap_or_default()
    }

    fn running_since(&self, pod: PodId) -> Option<SimTime> {
        self.kubelets.running_since(pod)
    }
}

impl<'a> World<'a> {
    /// The world at the start of a run: nodes joined, objects applied, everything planned that is known from the start.
    ///
    /// # Errors
    /// [`SimError`] if a trace cannot be read.
    pub fn new(prepared: &'a Prepared, seed: u64, interval: SimDuration, path: DecisionPath) -> Result<Self, SimError> {
        let scenario = &prepared.scenario;
        let spec = &scenario.spec;
        let streams = RandomStreams::new(seed);
        let pools: Vec<NodePool> = spec.node_pools.iter().map(settings::node_pool).collect();
        let mut pool_infos: Vec<PoolInfo> = pools
            .iter()
            .map(|pool| PoolInfo {
                name: pool.name.clone(),
                instance_type: pool.instance_type.clone(),
                price_per_hour: pool.price_per_hour,
            })
            .collect();
        pool_infos.push(PoolInfo {
            name: Name::from(""),
            instance_type: Name::from(""),
            price_per_hour: NanoDollars::ZERO,
        });
        let mut arrivals = Vec::new();
        for (stream, prepared) in scenario.arrivals.iter().zip(&prepared.arrivals) {
            arrivals.push(ArrivalStream::new(stream, prepared, streams)?);
        }
        let scheduler = Scheduler::new(
            &prepared.scheduler,
            settings::scheduler_timing(spec, streams),
            settings::scheduler_client(spec),
            streams.stream("scheduler/ties"),
            path,
        );
        let awaited = given_kinds(prepared.objects.iter().chain(prepared.applied.iter().flatten()));
        let metrics_server = settings::metrics_server(spec, streams);
        let mut world = Self {
            prepared,
            queue: EventQueue::default(),
            cluster: Cluster::new(Admission::new(settings::default_toleration_seconds(spec))),
            controllers: Controllers::new(settings::controller_settings(spec, streams)),
            scheduler,
            kubelets: Kubelets::new(settings::kubelet_settings(spec, awaited), &spec.startup, streams),
            traffic: Traffic::new(&spec.traffic, settings::midnight(spec), metrics_server.longest_look_back()),
            hpa: HpaController::new(
                settings::hpa_config(spec),
                metrics_server,
                settings::controller_settings(spec, streams).sync_latency("horizontal-pod-autoscaler"),
                streams,
            ),
            faults: FaultInjector::new(&scenario.faults, settings::BOOT_DELAY, streams),
            recorder: Recorder::new(interval, &pool_infos),
            recovery: RecoveryTracker::default(),
            pools,
            arrivals,
            joining: Vec::new(),
            remarks: Vec::new(),
            shared_gpus: 0,
            audience: Audience::new(!spec.traffic.is_empty(), !scenario.faults.is_empty()),
            changes: Vec::new(),
            events: Vec::new(),
            checksum: Checksum::default(),
            handled: 0,
            to_check: None,
        };
        world.populate()?;
        Ok(world)
    }

    pub(super) fn plan_arrival(&mut self, stream: u32) -> Result<(), SimError> {
        if let Some(at) = self.arrivals[stream as usize].next_time()? {
            self.queue.schedule_with(at, Priority::Normal, Event::Arrival { stream });
        }
        Ok(())
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
        self.handled += 1;
        self.checksum.write_i64(now.as_nanos());
        event.hash(&mut self.checksum);
        self.handle(event)?;
        self.settle();
        Ok(true)
    }

    fn handle(&mut self, event: Event) -> Result<(), SimError> {
        let Self { queue, cluster, .. } = self;
        match event {
            Event::Controller(event) => {
                self.controllers.handle(event, cluster, queue);
                for drain in self.controllers.take_abandoned_drains() {
                    let (now, node) = (queue.now(), &cluster.node(drain.node).object.meta.name);
                    let timeout = drain.timeout.unwrap_or_default();
                    self.remarks.push(format!("{now}: drain of {node} gave up after {timeout}"));
                }
            }
            Event::Scheduler(event) => self.scheduler.handle(event, cluster, queue),
            Event::Kubelet(event) => self.kubelets.handle(event, cluster, queue),
            Event::Traffic(change) => self.traffic.handle(change, cluster, queue),
            Event::Hpa(event) => {
                let usage = Usage { traffic: &self.traffic, kubelets: &self.kubelets };
                if let Some(report) = self.hpa.handle(event, cluster, &usage, queue) {
                    self.recorder.note_decision(&report, cluster, queue.now());
                }
            }
            Event::Fault(event) => {
                if let Some(effect) = self.faults.handle(event, cluster, queue) {
                    self.pass_on_fault(effect);
                }
            }
            Event::Action { index } => self.act(index),
            Event::Arrival { stream } => {
                for arriving in self.arrivals[stream as usize].take() {
                    self.arrive(stream, arriving);
                }
                self.plan_arrival(stream)?;
            }
            Event::Departure { pod } => {
                let grace = cluster.template_of(pod).template.spec.termination_grace_period;
                cluster.delete_pod(pod, grace, crate::cluster::Disruption::Deletion, queue.now());
            }
            Event::NodeJoins { index } => {
                let node = Arc::new(self.joining[index as usize].1.clone());
                cluster.add_node(node, None, queue.now());
            }
        }
        Ok(())
    }

    fn arrive(&mut self, stream: u32, arriving: super::arrivals::Arriving) {
        let now = self.queue.now();
        let template = self.cluster.admit(&arriving.namespace, &arriving.template);
        let namespace = self.cluster.namespace(&arriving.namespace);
        self.shared_gpus += u64::from(arriving.shared_gpu);
        let pod = self.cluster.add_pod(
            NewPod {
                name: arriving.name,
                namespace,
                template,
                owner: Owner::None,
                workload: None,
                ordinal: 0,
                arrival: Some(stream),
                run_for: arriving.run_for,
            },
            now,
        );
        if let Some(at) = arriving.deleted_at {
            self.queue.schedule_with(at, Priority::Normal, Event::Departure { pod });
        }
    }

    /// From now on, keeps the changes for [`Self::violated_invariants`].
    pub(super) fn keep_changes(&mut self) {
        self.to_check.get_or_insert_default();
    }

    /// The invariants that the changes since the last call violate, in words; all invariants with `all`, and of a cluster
    /// that is small enough.
    pub(super) fn violated_invariants(&mut self, all: bool) -> Vec<String> {
        const FEW_PODS: usize = 500;
        let changes = self.to_check.as_mut().map(std::mem::take).unwrap_or_default();
        if all || self.cluster.pods().len() < FEW_PODS {
            self.cluster.violated_invariants()
        } else {
            self.cluster.invariants_violated_by(&changes)
        }
    }

    /// Lets everybody see what changed, until nothing changes any more within this instant.
    pub(super) fn settle(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        loop {
            self.cluster.take_changes(&mut changes);
            if changes.is_empty() {
                self.pass_on_load();
                self.controllers.settle(&mut self.cluster);
                self.cluster.take_changes(&mut changes);
                if changes.is_empty() {
                    break;
                }
            }
            if let Some(to_check) = &mut self.to_check {
                to_check.extend_from_slice(&changes);
            }
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
        if parts.have(Part::Recorder) {
            self.recorder.observe(change, cluster, now);
        }
        if parts.have(Part::Recovery) {
            self.recovery.observe(change, cluster, now);
        }
        if parts.have(Part::Traffic) {
            self.traffic.observe(change, cluster, now);
        }
        if parts.have(Part::Scheduler) {
            self.scheduler.observe(change, cluster, queue);
        }
        if parts.have(Part::Kubelets) {
            self.kubelets.observe(change, cluster, queue);
        }
        if parts.have(Part::Controllers) {
            self.controllers.observe(change, cluster, queue);
        }
        if parts.have(Part::Hpa) {
            self.hpa.observe(change, cluster, queue);
        }
        if parts.have(Part::Faults) {
            self.faults.observe(change, cluster, queue);
        }
    }

    /// Tells the recorder and the autoscaler about loads that changed.
    fn pass_on_load(&mut self) {
        let Self { queue, cluster, recorder, hpa, traffic, .. } = self;
        let now = queue.now();
        for (workload, before, load) in traffic.take_changed() {
            recorder.note_load(workload, &recorded_load(&before, &load), cluster, now);
            hpa.input_changed(workload, queue);
        }
    }

    /// Records what a fault has done, and tells the kubelets which containers crash.
    fn pass_on_fault(&mut self, effect: FaultEffect) {
        let Self { queue, cluster, recorder, recovery, kubelets, .. } = self;
        let now = queue.now();
        match effect {
            FaultEffect::Struck { kind, strike, subject, nodes } => {
                recovery.struck(kind, strike, &subject, &nodes, cluster, now);
                for node in nodes {
                    recorder.note_node_fault(node);
                }
            }
            FaultEffect::Repaired { strike } => recovery.repaired(strike, now),
            FaultEffect::PodsCrash(pods) => {
                for pod in pods {
                    recovery.pod_crashed(pod, cluster, now);
                    kubelets.crash(pod, cluster, queue);
                }
            }
        }
    }

    /// Remarks for the user, at the end.
    pub(super) fn final_remarks(&mut self) -> Vec<String> {
        let mut remarks = std::mem::take(&mut self.remarks);
        if self.shared_gpus > 0 {
            remarks.push(format!(
                "{} pods of the trace ask for a share of a GPU: each was given a whole one",
                self.shared_gpus
            ));
        }
        remarks
    }
}

/// The load on a workload as the recorder takes it.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
fn recorded_load(before: &Load, load: &Load) -> WorkloadLoad {
    WorkloadLoad {
        rate_milli: (load.rate * 1000.0).round() as i64,
        unserved_milli: (load.unserved * 1000.0).round() as i64,
        cpu_used: MilliCpu::new(load.cpu.round() as i64),
        memory_used: Bytes::new(load.memory.round() as i64),
        memory_used_before: Bytes::new(before.memory.round() as i64),
    }
}
