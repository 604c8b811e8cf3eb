//! The running Job controller: makes the calls of a sync one after the other, each as its client's rate limit allows.
//!
//! Changes of a Job's spec are looked at at once, changes of its pods and its status a second later, together.

use super::backoff::BackoffRecord;
use super::pod_failure_policy::PodNames;
use super::removal::Rank;
use super::rules::JobRules;
use super::{Input, Plan, PodCalls, PodView, counted, pod_name_prefix, sync};
use crate::api::{Name, PodPhase};
use crate::cluster::{Cluster, Disruption, JobId, JobPod, NewPod, PodId, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::names::name_from_prefix;
use crate::controllers::common::retry::RetryBackoff;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::slow_start::creation_times;
use crate::controllers::common::work_queue::WorkQueue;
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, VecDeque};

/// `source` of its Events.
const SOURCE: &str = "job-controller";
/// `syncJobBatchPeriod`: how long changes of pods and of the status are collected.
const SYNC_JOB_BATCH_PERIOD: SimDuration = SimDuration::from_secs(1);

/// A call to the API server.
#[derive(Clone, Copy, Debug)]
enum Call {
    Create(JobPod),
    Delete { pod: PodId, uncounted: bool },
    WriteStatus,
    Count(PodId),
    WriteCounts,
}

/// Which calls come next in a sync.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Pods,
    Status,
    Finalizers,
    Counts,
}

/// A sync that has calls to make.
#[derive(Debug)]
struct Running {
    plan: Plan,
    stage: Stage,
    calls: VecDeque<(SimTime, Call)>,
    /// Whether a call failed: the sync is tried again.
    has_failed: bool,
    /// Whether the Job is to be synced again as soon as this sync has ended.
    is_dirty: bool,
}

/// The running Job controller.
#[derive(Debug)]
pub struct JobController {
    rules: JobRules,
    /// Syncs that are planned for later. One that is due sooner takes the place of a later one.
    delayed: WorkQueue,
    /// Syncs that nothing delays.
    immediate: WorkQueue,
    running: BTreeMap<JobId, Running>,
    backoffs: BTreeMap<JobId, BackoffRecord>,
    retries: RetryBackoff,
    limiter: TokenBucket,
    latency: Latency,
    /// From one write of a sync to the next.
    next_write: Latency,
}

impl JobController {
    /// A controller with an unused client.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            rules: settings.job,
            delayed: WorkQueue::default(),
            immediate: WorkQueue::default(),
            running: BTreeMap::new(),
            backoffs: BTreeMap::new(),
            retries: RetryBackoff::default(),
            limiter: settings.client(),
            latency: settings.sync_latency(SOURCE),
            next_write: Latency::new(settings.next_write, settings.streams, "latency/job-controller/next-write"),
        }
    }

    /// A Job was created, or its spec changed (`enqueueSyncJobImmediately`).
    pub fn spec_changed<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &Cluster, agenda: &mut A) {
        if is_synced(id, cluster)
            && let Some(at) = self.immediate.wake(id.index(), agenda.now(), &mut self.latency)
        {
            agenda.schedule(at, ControllerEvent::SyncJob(id));
        }
    }

    /// The status or a pod of a Job changed (`enqueueSyncJobBatched`).
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &Cluster, agenda: &mut A) {
        if is_synced(id, cluster) {
            self.enqueue(id, SYNC_JOB_BATCH_PERIOD, agenda);
        }
    }

    /// Plans a sync after `delay`, unless one is planned that comes no later.
    fn enqueue<A: Agenda<ControllerEvent>>(&mut self, id: JobId, delay: SimDuration, agenda: &mut A) {
        let soonest = agenda.now() + delay;
        if let Some(at) = self.delayed.wake(id.index(), soonest, &mut self.latency) {
            agenda.schedule(at, ControllerEvent::SyncJob(id));
        }
    }

    /// One sync of a Job.
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let is_due = [self.immediate.take(id.index(), now), self.delayed.take(id.index(), now)].contains(&true);
        if !is_due {
            return;
        }
        if !is_synced(id, cluster) {
            self.backoffs.remove(&id);
            return;
        }
        if let Some(running) = self.running.get_mut(&id) {
            running.is_dirty = true;
            return;
        }
        let plan = self.plan(id, cluster, now);
        if let Some(delay) = plan.back_off {
            self.enqueue(id, delay.max(SYNC_JOB_BATCH_PERIOD), agenda);
        }
        if let Some(delay) = plan.deadline {
            self.enqueue(id, delay, agenda);
        }
        let calls = VecDeque::new();
        let mut running = Running { plan, stage: Stage::Pods, calls, has_failed: false, is_dirty: false };
        self.add_pod_calls(id, &mut running, cluster, now);
        self.running.insert(id, running);
        self.call(id, cluster, agenda);
    }

    fn plan(&self, id: JobId, cluster: &Cluster, now: SimTime) -> Plan {
        let job = cluster.job(id);
        let pods: Vec<PodView> = job.pods.iter().map(|pod| view(cluster, *pod)).collect();
        let spec = &cluster.template(job.object.template).template.spec;
        let names = |containers: &[crate::api::Container]| -> Vec<Name> {
            containers.iter().map(|container| container.name.clone()).collect()
        };
        let (containers, init_containers) = (names(&spec.containers), names(&spec.init_containers));
        sync(Input {
            spec: &job.object.spec,
            restart_policy: spec.restart_policy,
            names: PodNames {
                namespace: cluster.namespace_name(job.namespace),
                containers: &containers,
                init_containers: &init_containers,
            },
            status: &job.status,
            pods: &pods,
            backoff: self.backoffs.get(&id).copied().unwrap_or_default(),
            rules: self.rules,
            now,
        })
    }

    /// The calls that change the number of pods.
    fn add_pod_calls(&mut self, id: JobId, running: &mut Running, cluster: &mut Cluster, now: SimTime) {
        match &running.plan.calls {
            PodCalls::None => {}
            PodCalls::Create(pods) => {
                let count = i32::try_from(pods.len()).unwrap_or(i32::MAX);
                let times = creation_times(&mut self.limiter, count, now, &mut self.latency);
                running.calls = times.into_iter().zip(pods.iter().copied().map(Call::Create)).collect();
            }
            PodCalls::Delete { pods, uncounted } => {
                for pod in pods {
                    if *uncounted {
                        self.limiter.take(now);
                    }
                    let at = self.limiter.take(now);
                    running.calls.push_back((at, Call::Delete { pod: *pod, uncounted: *uncounted }));
                }
            }
        }
        for (severity, reason, message) in std::mem::take(&mut running.plan.events) {
            emit(cluster, SOURCE, id, (severity, reason), message.to_owned());
        }
    }

    /// Makes the calls of a Job's sync that are due, and plans the next.
    pub fn call<A: Agenda<ControllerEvent>>(&mut self, id: JobId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let Some(mut running) = self.running.remove(&id) else { return };
        if cluster.job(id).removed.is_some() {
            return;
        }
        loop {
            while let Some((_, call)) = running.calls.pop_front_if(|(at, _)| *at <= now) {
                self.make(id, call, &mut running, cluster, now);
            }
            if let Some((at, _)) = running.calls.front() {
                agenda.schedule(*at, ControllerEvent::CallForJob(id));
                self.running.insert(id, running);
                return;
            }
            if !self.next_stage(id, &mut running, cluster, now) {
                break;
            }
        }
        self.end(id, &running, agenda);
    }

    /// Begins the next stage of a sync. Whether there is one.
    fn next_stage(&mut self, id: JobId, running: &mut Running, cluster: &Cluster, now: SimTime) -> bool {
        let (stage, calls): (Stage, Vec<Call>) = match running.stage {
            Stage::Pods => {
                let is_changed = running.plan.status != cluster.job(id).status;
                (Stage::Status, is_changed.then_some(Call::WriteStatus).into_iter().collect())
            }
            Stage::Status => (Stage::Finalizers, running.plan.to_count.iter().copied().map(Call::Count).collect()),
            Stage::Finalizers if running.plan.to_count.is_empty() && running.plan.terminal.is_none() => return false,
            Stage::Finalizers => (Stage::Counts, vec![Call::WriteCounts]),
            Stage::Counts => return false,
        };
        running.stage = stage;
        // What the next call waits for is the answer to the one before.
        let from = if calls.is_empty() { now } else { now + self.next_write.draw() };
        running.calls = calls.into_iter().map(|call| (self.limiter.take(from), call)).collect();
        true
    }

    /// A sync has made its calls.
    fn end<A: Agenda<ControllerEvent>>(&mut self, id: JobId, running: &Running, agenda: &mut A) {
        let delay = if running.has_failed {
            self.retries.fail(id.index())
        } else {
            self.retries.forget(id.index());
            if !running.is_dirty {
                return;
            }
            SimDuration::ZERO
        };
        self.enqueue(id, delay, agenda);
    }

    /// Makes a call.
    fn make(&mut self, id: JobId, call: Call, running: &mut Running, cluster: &mut Cluster, now: SimTime) {
        match call {
            Call::Create(pod) => create(id, pod, running, cluster, now),
            Call::Delete { pod, uncounted } => {
                if uncounted {
                    cluster.count_job_pod(pod, now);
                }
                delete(id, pod, cluster, now);
            }
            Call::WriteStatus if is_refused(&running.plan) => {
                // Nothing is counted that the status could not tell: the sync ends here.
                running.has_failed = true;
                running.stage = Stage::Counts;
            }
            Call::WriteStatus => {
                cluster.set_job_status(id, running.plan.status.clone());
                self.backoffs.insert(id, running.plan.backoff);
            }
            Call::Count(pod) => cluster.count_job_pod(pod, now),
            Call::WriteCounts => {
                let job = cluster.job(id);
                let is_tracked = |pod: PodId| cluster.pod(pod).job.as_ref().is_some_and(|job| job.is_tracked);
                let terminal = running.plan.terminal.as_ref();
                let counted = counted(&job.object.spec, job.status.clone(), terminal, is_tracked, now);
                cluster.set_job_status(id, counted.status);
                for (severity, reason, message) in counted.events {
                    emit(cluster, SOURCE, id, (severity, reason), message);
                }
            }
        }
    }
}

/// Whether the API server refuses the status: no more pods can be ready than are active (`RejectMoreReadyThanActivePods`).
const fn is_refused(plan: &Plan) -> bool {
    plan.status.ready > plan.status.active
}

/// Whether the controller looks after a Job: it exists, has not finished, and no other controller manages it.
fn is_synced(id: JobId, cluster: &Cluster) -> bool {
    let job = cluster.job(id);
    job.removed.is_none() && job.object.spec.managed_by.is_none() && job.status.finished().is_none()
}

/// Creates a pod. A refusal ends the creations of the sync.
fn create(id: JobId, pod: JobPod, running: &mut Running, cluster: &mut Cluster, now: SimTime) {
    let job = cluster.job(id);
    let name = name_from_prefix(&pod_name_prefix(&job.object.meta.name, pod.index), cluster);
    let (namespace, template, workload) = (job.namespace, job.object.template, job.workload);
    let bare = NewPod::bare(name.clone(), namespace, template);
    let new = NewPod { owner: Some(id.into()), workload: Some(workload), ..bare };
    if let Err(refusal) = cluster.create_job_pod(new, pod, now) {
        // In a namespace that is being deleted the controller takes it for done.
        if !refusal.is_namespace_terminating {
            emit(cluster, SOURCE, id, (Severity::Warning, "FailedCreate"), format!("Error creating: {refusal}"));
            running.has_failed = true;
        }
        let skipped = i32::try_from(running.calls.len()).unwrap_or(i32::MAX);
        running.plan.status.active -= 1 + skipped;
        running.calls.clear();
        return;
    }
    emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulCreate"), format!("Created pod: {name}"));
}

/// Deletes a pod and says so.
fn delete(id: JobId, pod: PodId, cluster: &mut Cluster, now: SimTime) {
    let state = cluster.pod(pod);
    if state.deletion.is_none() && state.exists() {
        let message = format!("Deleted pod: {}", state.name);
        let grace = cluster.template_of(pod).template.spec.termination_grace_period;
        cluster.delete_pod(pod, grace, Disruption::Deletion, now);
        emit(cluster, SOURCE, id, (Severity::Normal, "SuccessfulDelete"), message);
    }
}

/// A pod as the decisions see it.
fn view(cluster: &Cluster, id: PodId) -> PodView {
    let pod = cluster.pod(id);
    let reason = pod.deletion.map(|deletion| deletion.reason);
    PodView {
        id,
        name: pod.name.clone(),
        phase: pod.phase,
        is_deleting: pod.deletion.is_some(),
        is_ready: pod.ready,
        is_disrupted: reason.is_some_and(|reason| reason != Disruption::Deletion),
        job: pod.job.as_deref().copied().unwrap_or_default(),
        finished: finish_time(pod),
        rank: Rank {
            is_assigned: pod.node.is_some(),
            ready_since: pod.ready.then(|| pod.ready_changed.truncated_to_second()),
            restarts: pod.restarts,
            created: pod.head.created.truncated_to_second(),
        },
    }
}

/// `getFinishedTime`: the end of the containers; else since when the pod is not ready, as the kubelet or the node controller
/// has it; else the request for its deletion; else its creation.
fn finish_time(pod: &crate::cluster::Pod) -> SimTime {
    let ended = pod.ended.filter(|_| pod.phase.is_terminal() && pod.phase != PodPhase::Unknown);
    let unready = pod.start_time.filter(|_| !pod.ready).map(|start| start.max(pod.ready_changed));
    let deleted = pod.deletion.map(|deletion| deletion.requested);
    ended.or(unready).or(deleted).unwrap_or(pod.head.created).truncated_to_second()
}
