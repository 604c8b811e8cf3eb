//! The running kubelets: what happens to pods on their nodes over time.
//!
//! One value stands for all kubelets; what differs by node (image cache, pull queue) is kept by node. A pod's plan is a
//! chain of events, each of which carries the pod's generation: whatever changes the plan starts a new generation, and
//! events of an older one are dropped when they come up.
//!
//! Known deviations: init containers end as soon as they start, since no manifest says how long they run; containers of
//! a pod start, end and restart together, so that all wait for what one of them needs; memory and disk pressure do not arise.

mod out_of_memory;
mod report;
mod resize;
mod start;
mod stop;
mod volumes;

pub use super::event::{Exit, KubeletEvent};

use self::report::{KILLED, back_off_event, report_end};
use super::crash_backoff::{BackoffRecord, CrashBackoff, should_restart};
use super::job_runs::JobRuns;
use super::node_images::NodeImages;
use super::planned_end::planned_end;
use super::probes::{ProbeTimeline, timeline};
use crate::api::{ConfigKind, RestartPolicy};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, PodId};
use crate::engine::{Agenda, Latency, LatencyDistribution, RandomStream, RandomStreams};
use crate::input::scenario::{JobRun, Startup};
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use std::collections::BTreeSet;

/// What a kubelet knows of a pod, whether or not it could report it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is known and reported at a time of its own")]
struct Runtime {
    /// The kubelet has seen the pod.
    seen: bool,
    /// Since when its containers run.
    started: Option<SimTime>,
    /// When the current run of its containers started.
    last_start: SimTime,
    /// Its containers run; not while they wait for a restart.
    up: bool,
    ready: bool,
    /// Restarts that could not be reported yet.
    unreported_restarts: u32,
    /// Its containers have ended for good, which could not be reported yet.
    ended: Option<Exit>,
    /// It is being stopped, or has stopped.
    stopping: bool,
    stopped: bool,
    backoff: Option<BackoffRecord>,
}

/// What the kubelet is told besides the scenario's `startup`.
#[derive(Clone, Debug)]
pub struct KubeletSettings {
    /// From a pod's binding to `Running` in its status, beyond the time that its containers take to start: half of the
    /// median until the kubelet sees the pod, the rest until what it reports is in the API.
    pub bound_to_running: LatencyDistribution,
    /// From the termination signal to the end of a container that does not say how long it takes.
    pub stop_delay: SimDuration,
    /// `nodeStatusUpdateFrequency`: how long a change of a node's `volumesInUse` may take to be in its status.
    pub node_status_update_frequency: SimDuration,
    /// Kinds of objects that a pod waits for until they exist; those of other kinds are taken as existing.
    pub awaited: BTreeSet<ConfigKind>,
}

/// All kubelets.
#[derive(Debug)]
pub struct Kubelets {
    settings: KubeletSettings,
    images: NodeImages,
    job_runs: JobRuns,
    container_start: Sampler,
    runtimes: Vec<Runtime>,
    /// Nodes whose machine went down and that have not started their pods again.
    crashed: BTreeSet<NodeId>,
    volumes: volumes::PodVolumes,
    /// From binding to `Running`, without the start.
    latency: Latency,
    start_stream: RandomStream,
    retry_stream: RandomStream,
}

impl Kubelets {
    /// Kubelets with empty nodes.
    pub fn new(settings: KubeletSettings, startup: &Startup, jobs: &[JobRun], streams: RandomStreams) -> Self {
        Self {
            images: NodeImages::new(&startup.image_pull, streams),
            job_runs: JobRuns::new(jobs, streams),
            container_start: Sampler::new(&startup.container_start),
            runtimes: Vec::new(),
            crashed: BTreeSet::new(),
            volumes: volumes::PodVolumes::new(streams),
            latency: Latency::new(settings.bound_to_running, streams, "latency/kubelet"),
            start_stream: streams.stream("kubelet/container-start"),
            retry_stream: streams.stream("kubelet/sync-retry"),
            settings,
        }
    }

    /// From a change in the API to the kubelet seeing it.
    fn until_seen(&self) -> SimDuration {
        self.latency.median() / 2
    }

    /// From a change at a kubelet to its status in the API.
    fn until_reported(&mut self) -> SimDuration {
        (self.latency.draw() - self.until_seen()).max_zero()
    }

    fn runtime(&mut self, pod: PodId) -> &mut Runtime {
        if self.runtimes.len() <= pod.index() {
            self.runtimes.resize(pod.index() + 1, Runtime::default());
        }
        &mut self.runtimes[pod.index()]
    }

    /// Since when the containers of a pod have been running without a restart.
    pub fn running_since(&self, pod: PodId) -> Option<SimTime> {
        let runtime = self.runtimes.get(pod.index())?;
        runtime.up.then_some(runtime.last_start)
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::Machine,
        ChangeKind::PodBound,
        ChangeKind::PodTerminating,
        ChangeKind::PodResized,
        ChangeKind::PodResizeStatus,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::NodeVolumes,
        ChangeKind::Volume,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<KubeletEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::Machine { node, was } => self.machine_changed(node, was, cluster, agenda),
            Change::PodBound(pod) if machine_of(cluster, pod) == Some(Machine::Up) => {
                self.begin(pod, cluster, agenda);
            }
            Change::PodResized(pod) => self.plan_resize(pod, cluster, agenda),
            Change::PodEnded(pod) => self.unmount(pod, cluster, agenda),
            Change::PodRemoved(pod) => {
                self.unmount(pod, cluster, agenda);
                self.retry_resizes(pod, cluster, agenda);
            }
            Change::NodeVolumes { node, .. } => self.look_for_volumes(node, cluster, agenda),
            Change::Volume(volume) => self.expand_mounted(volume, cluster),
            Change::PodResizeStatus(pod) if cluster.resize_of(pod).is_some_and(|resize| !resize.in_progress) => {
                self.retry_resizes(pod, cluster, agenda);
            }
            Change::PodTerminating(pod)
                if cluster.pod(pod).exists() && machine_of(cluster, pod) == Some(Machine::Up) =>
            {
                self.stop(pod, cluster, agenda);
            }
            _ => {}
        }
    }

    /// Handles an event.
    pub fn handle<A: Agenda<KubeletEvent>>(&mut self, event: KubeletEvent, cluster: &mut Cluster, agenda: &mut A) {
        match event {
            KubeletEvent::Mount { pod, generation, failures } if is_current(cluster, pod, generation) => {
                self.mount(pod, generation, failures, cluster, agenda);
            }
            KubeletEvent::AttachTimeout { pod, generation } if is_current(cluster, pod, generation) => {
                self.attach_timeout(pod, generation, cluster, agenda);
            }
            KubeletEvent::Unmounted(pod) => self.report_unmounted(pod, cluster),
            KubeletEvent::Create { pod, generation } if is_current(cluster, pod, generation) => {
                self.create(pod, generation, cluster, agenda);
            }
            KubeletEvent::Started { pod, generation } if is_current(cluster, pod, generation) => {
                self.started(pod, generation, cluster, agenda);
            }
            KubeletEvent::Ready { pod, generation } if is_current(cluster, pod, generation) => {
                self.runtime(pod).ready = true;
                if machine_of(cluster, pod) == Some(Machine::Up) {
                    cluster.set_pod_ready(pod, true, agenda.now());
                }
            }
            KubeletEvent::Exited { pod, generation, exit } if is_current(cluster, pod, generation) => {
                self.exited(pod, exit, cluster, agenda);
            }
            KubeletEvent::Resize(pod) => Self::resize(pod, cluster, agenda),
            KubeletEvent::Resized(pod, allocation) => Self::resized(pod, allocation, cluster),
            KubeletEvent::Stopped { pod, generation } if is_current(cluster, pod, generation) => {
                self.runtime(pod).stopped = true;
                if machine_of(cluster, pod) == Some(Machine::Up) {
                    self.finish_deletion(pod, cluster, agenda);
                }
            }
            KubeletEvent::Finalize { pod, generation }
                if is_current(cluster, pod, generation) && machine_of(cluster, pod) == Some(Machine::Up) =>
            {
                cluster.remove_pod(pod, agenda.now());
            }
            _ => {}
        }
    }

    /// The containers of a pod run: plans its readiness, its end and what the probes will find.
    fn started<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, generation: u32, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let connected = machine_of(cluster, pod) == Some(Machine::Up);
        let runtime = self.runtime(pod);
        let is_restart = runtime.started.is_some();
        runtime.started.get_or_insert(now);
        runtime.last_start = now;
        runtime.up = true;
        if connected {
            cluster.set_pod_running(pod, now);
        }
        if is_restart && connected {
            cluster.note_pod_restart(pod);
        } else if is_restart {
            runtime.unreported_restarts += 1;
        }
        let template = std::sync::Arc::clone(&cluster.template_of(pod).template);
        let hints = &template.hints;
        let from = (!hints.never_ready).then(|| now + hints.ready_delay.unwrap_or(SimDuration::ZERO));
        let timelines = template.spec.containers.iter().map(|container| {
            let mut timeline = timeline(&container.probes, now, from);
            if container.probes.readiness.is_none() {
                // Without a probe nobody would notice, but the hint says when the application is ready.
                timeline.ready = timeline.ready.and_then(|ready| Some(ready.max(from?)));
            }
            timeline
        });
        let plan = timelines.reduce(together).unwrap_or_default();
        if let Some(at) = plan.ready {
            if at <= now {
                self.handle(KubeletEvent::Ready { pod, generation }, cluster, agenda);
            } else {
                agenda.schedule(at, KubeletEvent::Ready { pod, generation });
            }
        }
        if let Some(at) = plan.killed {
            let end = self.termination_end(&template, at, template.spec.termination_grace_period);
            agenda.schedule(end, KubeletEvent::Exited { pod, generation, exit: Exit::Unhealthy });
        }
        if let Some(lifetime) = cluster.pod(pod).run_for {
            agenda.schedule(now + lifetime, KubeletEvent::Exited { pod, generation, exit: Exit::LifetimeOver });
        }
        let drawn = self.job_runs.draw(pod, cluster);
        if let Some((span, code)) = drawn.or_else(|| planned_end(hints, cluster.pod(pod).job.as_deref())) {
            let exit = if code == 0 { Exit::Completed } else { Exit::Failed { code } };
            agenda.schedule(now + span, KubeletEvent::Exited { pod, generation, exit });
        }
    }

    /// Makes a container of a running pod exit with code 1.
    pub fn crash<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        let running = self.runtime(pod).up && cluster.pod(pod).is_active();
        if running && machine_of(cluster, pod) != Some(Machine::Down) {
            self.exited(pod, Exit::Failed { code: 1 }, cluster, agenda);
        }
    }

    /// The containers of a pod ended: they are restarted under the back-off, or the pod ends.
    fn exited<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, exit: Exit, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let connected = machine_of(cluster, pod) == Some(Machine::Up);
        let policy = cluster.template_of(pod).template.spec.restart_policy;
        let deleting = cluster.pod(pod).deletion.is_some();
        let restarts = match exit {
            Exit::LifetimeOver | Exit::DeadlineExceeded => false,
            Exit::Completed => should_restart(policy, 0, deleting),
            Exit::Failed { .. } | Exit::Unhealthy | Exit::OutOfMemory => should_restart(policy, 1, deleting),
        };
        let runtime = self.runtime(pod);
        runtime.ready = false;
        runtime.up = false;
        if !restarts {
            runtime.ended.get_or_insert(exit);
            if connected {
                report_end(pod, exit, cluster, now);
            }
            return;
        }
        if connected {
            cluster.set_pod_ready(pod, false, now);
        }
        let runtime = self.runtime(pod);
        let backoff = CrashBackoff::default();
        let restart = BackoffRecord::restart_at(runtime.backoff, now);
        runtime.backoff = Some(backoff.after_restart(runtime.backoff, now, restart));
        if restart > now && connected {
            back_off_event(pod, cluster);
        }
        let start = self.container_start.sample_duration(&mut self.start_stream);
        let start =
            if cluster.template_of(pod).template.hints.start_delay.is_some() { SimDuration::ZERO } else { start };
        let generation = cluster.next_pod_generation(pod);
        agenda.schedule(restart + start, KubeletEvent::Started { pod, generation });
        plan_deadline(pod, generation, cluster, agenda);
    }

    /// The machine of a node changed. A kubelet that can report again posts its node's status.
    fn machine_changed<A: Agenda<KubeletEvent>>(
        &mut self,
        node: NodeId,
        was: Machine,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        match (was, cluster.node(node).machine) {
            (_, Machine::Down) => {
                self.crashed.insert(node);
                for pod in cluster.node(node).pods.clone() {
                    // The containers are gone, and with them every plan.
                    cluster.next_pod_generation(pod);
                    let runtime = self.runtime(pod);
                    runtime.ready = false;
                    runtime.up = false;
                }
            }
            // A kubelet that has booted while it is cut off knows of no pod.
            (_, Machine::Up) if self.crashed.remove(&node) => self.reboot(node, cluster, agenda),
            (Machine::CutOff, Machine::Up) => self.reconnect(node, cluster, agenda),
            _ => {}
        }
        cluster.report_node(node, agenda.now());
        self.clean_up_volumes(node, cluster, agenda);
        if cluster.node(node).machine == Machine::Up {
            self.look_at_resizes(node, cluster, agenda);
        }
    }

    /// A kubelet that went on running reports what happened, and sees what was asked of it in the meantime.
    fn reconnect<A: Agenda<KubeletEvent>>(&mut self, node: NodeId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        for pod in cluster.node(node).pods.clone() {
            let runtime = *self.runtime(pod);
            if runtime.stopped {
                self.finish_deletion(pod, cluster, agenda);
                continue;
            }
            if cluster.pod(pod).phase.is_terminal() {
                continue;
            }
            if let Some(exit) = runtime.ended {
                report_end(pod, exit, cluster, now);
            } else if cluster.pod(pod).deletion.is_some() {
                self.stop(pod, cluster, agenda);
            } else if !runtime.seen {
                self.begin(pod, cluster, agenda);
            } else if let Some(started) = runtime.started {
                self.runtime(pod).unreported_restarts = 0;
                (0..runtime.unreported_restarts).for_each(|_| cluster.note_pod_restart(pod));
                cluster.set_pod_running(pod, started.max(cluster.pod(pod).bound.unwrap_or(started)));
                cluster.set_pod_ready(pod, runtime.ready, now);
            }
        }
    }

    /// The kubelet of a machine that was down is back: the containers are started again.
    fn reboot<A: Agenda<KubeletEvent>>(&mut self, node: NodeId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        for pod in cluster.node(node).pods.clone() {
            if cluster.pod(pod).phase.is_terminal() {
                if cluster.pod(pod).deletion.is_some() {
                    self.finish_deletion(pod, cluster, agenda);
                }
                continue;
            }
            let runtime = *self.runtime(pod);
            if cluster.pod(pod).deletion.is_some() {
                let generation = cluster.next_pod_generation(pod);
                let runtime = self.runtime(pod);
                runtime.stopping = true;
                runtime.ended = runtime.started.map(|_| Exit::Failed { code: KILLED });
                let stopped = now + self.until_reported();
                agenda.schedule(stopped, KubeletEvent::Stopped { pod, generation });
            } else if let Some(exit) = runtime.ended {
                report_end(pod, exit, cluster, now);
            } else if runtime.started.is_none() {
                self.begin(pod, cluster, agenda);
            } else if cluster.template_of(pod).template.spec.restart_policy == RestartPolicy::Never {
                report_end(pod, Exit::Failed { code: KILLED }, cluster, now);
            } else {
                cluster.set_pod_ready(pod, false, now);
                let start = match cluster.template_of(pod).template.hints.start_delay {
                    Some(delay) => delay,
                    None => self.container_start.sample_duration(&mut self.start_stream),
                };
                let generation = cluster.next_pod_generation(pod);
                agenda.schedule(now + start, KubeletEvent::Started { pod, generation });
                plan_deadline(pod, generation, cluster, agenda);
            }
        }
    }
}

/// Plans the end of a pod by `activeDeadlineSeconds`, which counts from the pod's start, whatever its containers do.
fn plan_deadline<A: Agenda<KubeletEvent>>(pod: PodId, generation: u32, cluster: &Cluster, agenda: &mut A) {
    let deadline = cluster.template_of(pod).template.spec.active_deadline;
    if let (Some(deadline), Some(start)) = (deadline, cluster.pod(pod).start_time) {
        let at = (start + deadline).max(agenda.now());
        agenda.schedule(at, KubeletEvent::Exited { pod, generation, exit: Exit::DeadlineExceeded });
    }
}

/// The timeline of a pod from those of two of its containers: ready when both are, killed when one is.
fn together(one: ProbeTimeline, another: ProbeTimeline) -> ProbeTimeline {
    ProbeTimeline {
        ready: one.ready.zip(another.ready).map(|(one, another)| one.max(another)),
        killed: one.killed.into_iter().chain(another.killed).min(),
    }
}

/// Whether an event belongs to the current plan of a pod.
fn is_current(cluster: &Cluster, pod: PodId, generation: u32) -> bool {
    let pod = cluster.pod(pod);
    pod.exists() && pod.generation == generation
}

/// The machine of the node that a pod is bound to.
fn machine_of(cluster: &Cluster, pod: PodId) -> Option<Machine> {
    cluster.pod(pod).node.map(|node| cluster.node(node).machine)
}
