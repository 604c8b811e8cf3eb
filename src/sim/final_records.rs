//! What a pod, a workload and a Job look like in the records when a run ends.

use crate::api::{Name, PodPhase};
use crate::cluster::{Cluster, Disruption, Job, JobConditionType, Pod, PodId, Workload};
use crate::kubelet::config::CREATE_CONTAINER_CONFIG_ERROR;
use crate::record::{JobOutcome, JobRecord, PodGroup, PodOutcome, PodRecord};
use crate::units::SimTime;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The lives of all pods.
pub fn pod_records(cluster: &Cluster, arrivals: &[Name]) -> Vec<PodRecord> {
    let mut groups = FxHashMap::default();
    let mut record = |(id, pod): (PodId, &Pod)| {
        let group = groups.entry((pod.template, pod.namespace, pod.workload, pod.arrival));
        let group: &Arc<PodGroup> = group.or_insert_with(|| Arc::new(pod_group(id, cluster, arrivals)));
        PodRecord {
            name: pod.name.clone(),
            node: pod.node.and_then(|node| u32::try_from(node.index()).ok()),
            created: pod.head.created,
            scheduled: pod.bound,
            running: pod.running,
            ready: pod.first_ready,
            deletion_requested: pod.deletion.map(|deletion| deletion.requested),
            deleted_as: pod.deletion.map_or("", |deletion| deleted_as(deletion.reason)),
            ended: pod.ended,
            outcome: outcome(pod),
            containers_ready_last: if pod.containers_ready { group.containers } else { 0 },
            is_listed_last: pod.exists(),
            status_last: status(pod),
            restarts: pod.restarts,
            scheduling_attempts: pod.scheduling_attempts,
            reason: pod.reason.clone(),
            group: Arc::clone(group),
        }
    };
    cluster.pods().map(&mut record).collect()
}

/// The word for the cause of a deletion.
const fn deleted_as(reason: Disruption) -> &'static str {
    match reason {
        Disruption::Deletion => "deletion",
        Disruption::Eviction => "eviction",
        Disruption::TaintManager => "taint",
        Disruption::PodGarbageCollector => "pod-gc",
        Disruption::Preemption => "preemption",
    }
}

/// What a pod has in common with others of its template, namespace, workload and stream.
fn pod_group(id: PodId, cluster: &Cluster, arrivals: &[Name]) -> PodGroup {
    let pod = cluster.pod(id);
    let requests = &cluster.template_of(id).requests;
    let spec = &cluster.template_of(id).template.spec;
    let workload = pod.workload.map(|workload| cluster.workload(workload));
    let workload = workload.map(|workload| Name::from(workload.to_string()));
    PodGroup {
        namespace: cluster.namespace_name(pod.namespace).clone(),
        workload: workload.unwrap_or_default(),
        arrival: pod.arrival.and_then(|stream| arrivals.get(stream as usize).cloned()).unwrap_or_default(),
        priority: spec.priority,
        cpu_request: requests.cpu,
        memory_request: requests.memory,
        extended_requests: Arc::clone(&requests.scalar),
        containers: u16::try_from(spec.containers.len()).unwrap_or(u16::MAX),
    }
}

/// All Jobs.
pub fn job_records(cluster: &Cluster) -> Vec<JobRecord> {
    let record = |job: &Job| {
        let (spec, status) = (&job.object.spec, &job.status);
        let finished = status.finished();
        let outcome = match finished.map(|condition| condition.kind) {
            Some(JobConditionType::Complete) => JobOutcome::Complete,
            Some(_) => JobOutcome::Failed,
            None if job.removed.is_some() => JobOutcome::Deleted,
            None if spec.suspend => JobOutcome::Suspended,
            None => JobOutcome::Running,
        };
        let owner = |owner| format!("{}/{}", cluster.kind_of(owner).as_str(), cluster.name_of(owner));
        JobRecord {
            namespace: cluster.namespace_name(job.namespace).clone(),
            name: job.object.meta.name.clone(),
            owner: job.owner.map(owner).map_or_else(Name::default, Name::from),
            created: job.head.created,
            started: status.start_time,
            finished: finished.map(|condition| condition.last_transition),
            removed: job.removed,
            outcome,
            reason: Name::from(finished.map_or("", |condition| condition.reason)),
            succeeded: status.succeeded,
            failed: status.failed,
            completions: spec.completions,
            parallelism: spec.parallelism,
        }
    };
    cluster.jobs().map(|(_, job)| record(job)).collect()
}

/// Updated and available pods of a workload.
pub fn last_counts(workload: &Workload, cluster: &Cluster) -> (i64, i64) {
    let counted = (i64::from(workload.active), i64::from(workload.ready));
    cluster.updated_and_available(workload.object).unwrap_or(counted)
}

/// A pod's status as kubectl shows it.
fn status(pod: &Pod) -> &'static str {
    match pod.phase {
        PodPhase::Succeeded => "Completed",
        PodPhase::Failed => "Error",
        _ if pod.deletion.is_some() => "Terminating",
        PodPhase::Running if !pod.containers_ready && pod.restarts > 0 => "CrashLoopBackOff",
        PodPhase::Pending if *pod.reason == *CREATE_CONTAINER_CONFIG_ERROR => CREATE_CONTAINER_CONFIG_ERROR,
        PodPhase::Pending if pod.node.is_some() => "ContainerCreating",
        phase => phase.as_str(),
    }
}

/// How a pod ended or where it stands.
fn outcome(pod: &Pod) -> PodOutcome {
    // The last status of a pod that is deleted tells how its containers took the signal, not why it went.
    let ended_before = |requested: SimTime| pod.ended.is_some_and(|ended| ended < requested);
    let phase = match pod.deletion {
        Some(deletion) if !ended_before(deletion.requested) => PodPhase::Running,
        _ => pod.phase,
    };
    match (phase, pod.deletion.map(|deletion| deletion.reason)) {
        (PodPhase::Succeeded, _) => PodOutcome::Succeeded,
        (PodPhase::Failed, _) => PodOutcome::Failed,
        (_, Some(Disruption::TaintManager | Disruption::PodGarbageCollector | Disruption::Preemption)) => {
            PodOutcome::Evicted
        }
        (_, Some(_)) if pod.node.is_none() => PodOutcome::DeletedWhilePending,
        (_, Some(_)) => PodOutcome::Deleted,
        _ if pod.node.is_none() && pod.unresolvable => PodOutcome::Impossible,
        _ if pod.node.is_none() => PodOutcome::Pending,
        _ => PodOutcome::Running,
    }
}
