//! Jobs, and the changes of what only their pods have.

use super::Refusal;
use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{
    Change, Cluster, Deletion, Disruption, JobId, JobPod, NamespaceId, NewPod, ObjectHead, ObjectId, PodId, TemplateId,
    WorkloadId,
};
use crate::api::{self, CompletionIndexes, Kind, Name, PodTemplate};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// `type` of a Job's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobConditionType {
    /// It runs no pods until it is resumed.
    Suspended,
    /// It is going to be [`Complete`](Self::Complete).
    SuccessCriteriaMet,
    /// It is going to be [`Failed`](Self::Failed).
    FailureTarget,
    /// It has succeeded.
    Complete,
    /// It has failed.
    Failed,
}

/// A condition of a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCondition {
    /// `type`.
    pub kind: JobConditionType,
    /// Whether `status` is True; else it is False.
    pub is_true: bool,
    /// `reason`.
    pub reason: &'static str,
    /// `message`.
    pub message: Name,
    /// `lastTransitionTime`, before the API cuts it to seconds.
    pub last_transition: SimTime,
}

/// `status` of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStatus {
    /// `active`.
    pub active: i32,
    /// `ready`.
    pub ready: i32,
    /// `succeeded`.
    pub succeeded: i32,
    /// `failed`.
    pub failed: i32,
    /// `terminating`; `None` before the first sync.
    pub terminating: Option<i32>,
    /// `uncountedTerminatedPods.succeeded`.
    pub uncounted_succeeded: Vec<PodId>,
    /// `uncountedTerminatedPods.failed`.
    pub uncounted_failed: Vec<PodId>,
    /// `completedIndexes`.
    pub completed_indexes: CompletionIndexes,
    /// `failedIndexes`; `None` of Jobs without `backoffLimitPerIndex`.
    pub failed_indexes: Option<CompletionIndexes>,
    /// `startTime`, before the API cuts it to seconds.
    pub start_time: Option<SimTime>,
    /// `completionTime`, before the API cuts it to seconds.
    pub completion_time: Option<SimTime>,
    /// `conditions`.
    pub conditions: Vec<JobCondition>,
}

impl JobStatus {
    /// The condition of a type.
    pub fn condition(&self, kind: JobConditionType) -> Option<&JobCondition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// The condition that says that the Job has finished (`IsJobFinished`).
    pub fn finished(&self) -> Option<&JobCondition> {
        let terminal = |kind| matches!(kind, JobConditionType::Complete | JobConditionType::Failed);
        self.conditions.iter().find(|condition| condition.is_true && terminal(condition.kind))
    }
}

/// A Job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Spec. The template is as admission left it, with the labels that the API server adds.
    pub object: api::Job<TemplateId>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// The controlling owner.
    pub owner: Option<ObjectId>,
    /// Its workload: the owner's, or its own.
    pub workload: WorkloadId,
    /// Its pods that exist, in order of creation.
    pub pods: Vec<PodId>,
    /// `status`, as its controller last wrote it.
    pub status: JobStatus,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
    /// When the object was removed.
    pub removed: Option<SimTime>,
}

/// Labels of a Job's pods: the key, and whether the value is the Job's uid rather than its name.
const POD_LABELS: [(&str, bool); 4] = [
    ("batch.kubernetes.io/controller-uid", true),
    ("batch.kubernetes.io/job-name", false),
    ("controller-uid", true),
    ("job-name", false),
];

impl Cluster {
    /// A Job.
    pub fn job(&self, id: JobId) -> &Job {
        &self.jobs[id.index()]
    }

    /// Every Job that ever was.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = (JobId, &Job)> {
        self.jobs.iter().enumerate().map(|(index, object)| (JobId::from_index(index), object))
    }

    /// Creates a Job, as it was given to the API server; `owner` is its controlling owner with the workload that it is.
    pub fn add_job(&mut self, object: api::Job, owner: Option<(ObjectId, WorkloadId)>, now: SimTime) -> JobId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = JobId::from_index(self.jobs.len());
        let name = object.meta.name.clone();
        self.index.add(Kind::Job, id, Some(namespace), &name);
        let template = self.job_template(id, &object);
        let workload = match owner {
            Some((_, workload)) => workload,
            None => self.add_workload(Kind::Job, id, namespace, name, wanted_pods(&object.spec, &JobStatus::default())),
        };
        self.jobs.push(Job {
            object: object.with_template(template),
            namespace,
            owner: owner.map(|(owner, _)| owner),
            workload,
            pods: Vec::new(),
            status: JobStatus::default(),
            generation: 1,
            head: ObjectHead::new(&mut self.versions, now),
            removed: None,
        });
        if let Some((ObjectId::CronJob(owner), _)) = owner {
            self.cron_jobs[owner.index()].jobs.push(id);
            self.want_job_pods(id);
        }
        self.changes.push(Change::JobSpec(id));
        id
    }

    /// The template of a Job's pods, with the labels that the API server adds (`generateSelector`, Kubernetes 1.36), as
    /// admission leaves it.
    fn job_template(&mut self, id: JobId, object: &api::Job) -> TemplateId {
        let namespace = &object.meta.namespace;
        if object.spec.manual_selector.is_some() {
            return self.admit(namespace, &object.template);
        }
        let uid = ObjectId::from(id).uid().to_string();
        let mut labels = object.template.labels.clone();
        for (key, is_uid) in POD_LABELS {
            labels = labels.with(key, if is_uid { &uid } else { &object.meta.name });
        }
        let labelled = PodTemplate { labels, ..PodTemplate::clone(&object.template) };
        self.admit(namespace, &Arc::new(labelled))
    }

    /// Changes a Job's spec.
    pub fn update_job(&mut self, id: JobId, update: impl FnOnce(&mut api::Job<TemplateId>)) {
        let job = &mut self.jobs[id.index()];
        let before = job.object.clone();
        update(&mut job.object);
        if before == job.object {
            return;
        }
        job.head.change(&mut self.versions);
        if (before.spec, before.template) != (job.object.spec.clone(), job.object.template) {
            job.generation += 1;
        }
        self.want_job_pods(id);
        self.changes.push(Change::JobSpec(id));
    }

    /// Writes a Job's status.
    pub fn set_job_status(&mut self, id: JobId, status: JobStatus) {
        let job = &mut self.jobs[id.index()];
        if job.status != status && job.removed.is_none() {
            job.status = status;
            job.head.change(&mut self.versions);
            self.want_job_pods(id);
            self.changes.push(Change::JobStatus(id));
        }
    }

    /// Tells the Job's entry among the workloads, its own or its CronJob's, how many pods it wants to run.
    fn want_job_pods(&mut self, id: JobId) {
        let wanted = |job: &Job| {
            if job.removed.is_some() { 0 } else { wanted_pods(&job.object.spec, &job.status) }
        };
        let job = &self.jobs[id.index()];
        let pods = match job.owner {
            None => wanted(job),
            Some(ObjectId::CronJob(owner)) => {
                self.cron_jobs[owner.index()].jobs.iter().map(|job| wanted(&self.jobs[job.index()])).sum()
            }
            Some(_) => return,
        };
        self.set_desired(job.workload, pods);
    }

    /// Removes a Job object. Its pods are the garbage collector's.
    pub fn remove_job(&mut self, id: JobId, now: SimTime) {
        let job = &mut self.jobs[id.index()];
        if job.removed.is_some() {
            return;
        }
        job.removed = Some(now);
        job.head.change(&mut self.versions);
        self.index.remove(Kind::Job, id, Some(job.namespace), &job.object.meta.name);
        if let Some(ObjectId::CronJob(owner)) = job.owner {
            self.cron_jobs[owner.index()].jobs.retain(|existing| *existing != id);
        }
        self.want_job_pods(id);
        self.changes.push(Change::JobRemoved(id));
    }

    /// Creates a pod of a Job as its controller asks for it.
    ///
    /// # Errors
    /// Why the API server refuses it.
    pub fn create_job_pod(&mut self, new: NewPod, job: JobPod, now: SimTime) -> Result<PodId, Refusal> {
        let id = self.create_pod(new, now)?;
        self.pods[id.index()].job = Some(Box::new(job));
        Ok(id)
    }

    /// Writes the exit code of a pod's containers, if it is of a Job: nobody else asks.
    pub fn set_exit_code(&mut self, id: PodId, exit_code: u8) {
        if let Some(job) = &mut self.pods[id.index()].job {
            job.exit_code = Some(exit_code);
        }
    }

    /// A pod has been counted by its Job, or need not be: the finalizer that kept the object is removed.
    pub fn count_job_pod(&mut self, id: PodId, now: SimTime) {
        let pod = &mut self.pods[id.index()];
        let Some(job) = pod.job.as_mut().filter(|job| job.is_tracked) else { return };
        job.is_tracked = false;
        let is_released = job.is_released;
        pod.head.change(&mut self.versions);
        self.changes.push(Change::ObjectUpdated(id.into()));
        if is_released {
            self.remove_pod(id, now);
        }
    }

    /// Whether the finalizer of a pod's Job keeps the object, which is noted then.
    pub(super) fn is_kept_by_job(&mut self, id: PodId, now: SimTime) -> bool {
        let counted = self.counted_as(id);
        let pod = &mut self.pods[id.index()];
        let Some(job) = pod.job.as_mut().filter(|job| job.is_tracked) else { return false };
        if !job.is_released {
            job.is_released = true;
            let reason = Disruption::PodGarbageCollector;
            pod.deletion.get_or_insert(Deletion { requested: now, grace: SimDuration::ZERO, reason });
            pod.generation += 1;
            pod.head.change(&mut self.versions);
            self.recount(id, counted);
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
        true
    }
}

/// How many pods a Job wants to run (`wantActive` of `manageJob`).
fn wanted_pods(spec: &api::JobSpec, status: &JobStatus) -> i32 {
    if spec.suspend || status.finished().is_some() || spec.managed_by.is_some() {
        return 0;
    }
    match spec.completions {
        Some(completions) => (completions - status.succeeded).clamp(0, spec.parallelism),
        None if status.succeeded > 0 => status.active,
        None => spec.parallelism,
    }
}

impl Apply for api::Job {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    /// Creates a Job, or replaces the spec of the one with its name. One that has finished is left out.
    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        if self.is_finished {
            return None;
        }
        let namespace = cluster.namespace(&self.meta.namespace, now);
        match cluster.find::<JobId>(Kind::Job, namespace, &self.meta.name) {
            Some(id) => {
                let template = cluster.job_template(id, self);
                let object = self.clone().with_template(template);
                cluster.update_job(id, |existing| *existing = object);
            }
            None => _ = cluster.add_job(self.clone(), None, now),
        }
        None
    }
}

impl Resource for JobId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::Job
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.job(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.job(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.job(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.jobs[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, now: SimTime) {
        cluster.remove_job(self, now);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.job(self).workload)
    }

    fn owned_pods_mut(self, cluster: &mut Cluster) -> Option<&mut Vec<PodId>> {
        Some(&mut cluster.jobs[self.index()].pods)
    }
}
