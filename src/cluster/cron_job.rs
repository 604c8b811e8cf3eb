//! CronJobs.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, CronJobId, JobId, NamespaceId, ObjectHead, WorkloadId};
use crate::api::{self, CronJobStatus, Kind, Name};
use crate::units::SimTime;

/// A CronJob.
#[derive(Clone, Debug)]
pub struct CronJob {
    /// Spec. The template of its Jobs' pods is as it was given: admission comes with each Job.
    pub object: api::CronJob,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Its entry among the workloads, which counts the pods of all its Jobs.
    pub workload: WorkloadId,
    /// Its Jobs that exist, in order of creation.
    pub jobs: Vec<JobId>,
    /// `status`, as its controller last wrote it.
    pub status: CronJobStatus<JobId>,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

impl Cluster {
    /// A CronJob.
    pub fn cron_job(&self, id: CronJobId) -> &CronJob {
        &self.cron_jobs[id.index()]
    }

    /// Every CronJob that ever was.
    pub fn cron_jobs(&self) -> impl ExactSizeIterator<Item = (CronJobId, &CronJob)> {
        self.cron_jobs.iter().enumerate().map(|(index, object)| (CronJobId::from_index(index), object))
    }

    /// Creates a CronJob, or replaces the spec of the one with its name.
    pub fn apply_cron_job(&mut self, object: api::CronJob, now: SimTime) -> CronJobId {
        let namespace = self.namespace(&object.meta.namespace, now);
        if let Some(id) = self.find::<CronJobId>(Kind::CronJob, namespace, &object.meta.name) {
            let cron_job = &mut self.cron_jobs[id.index()];
            let before = std::mem::replace(&mut cron_job.object, object);
            if before != cron_job.object {
                cron_job.head.change(&mut self.versions);
            }
            if (api::CronJob { meta: cron_job.object.meta.clone(), ..before }) != cron_job.object {
                cron_job.generation += 1;
            }
            self.changes.push(Change::CronJobSpec(id));
            return id;
        }
        let id = CronJobId::from_index(self.cron_jobs.len());
        self.index.add(Kind::CronJob, id, Some(namespace), &object.meta.name);
        let workload = self.add_workload(Kind::CronJob, id, namespace, object.meta.name.clone(), 0);
        self.cron_jobs.push(CronJob {
            object,
            namespace,
            workload,
            jobs: Vec::new(),
            status: CronJobStatus::default(),
            generation: 1,
            head: ObjectHead::new(&mut self.versions, now),
            removed: false,
        });
        self.changes.push(Change::CronJobSpec(id));
        id
    }

    /// Writes a CronJob's status.
    pub fn set_cron_job_status(&mut self, id: CronJobId, status: CronJobStatus<JobId>) {
        let cron_job = &mut self.cron_jobs[id.index()];
        if cron_job.status != status && !cron_job.removed {
            cron_job.status = status;
            cron_job.head.change(&mut self.versions);
            self.changes.push(Change::CronJobStatus(id));
        }
    }

    /// Removes a CronJob object. Its Jobs are the garbage collector's.
    pub fn remove_cron_job(&mut self, id: CronJobId) {
        let cron_job = &mut self.cron_jobs[id.index()];
        if cron_job.removed {
            return;
        }
        cron_job.removed = true;
        cron_job.head.change(&mut self.versions);
        self.index.remove(Kind::CronJob, id, Some(cron_job.namespace), &cron_job.object.meta.name);
        self.changes.push(Change::CronJobRemoved(id));
    }
}

impl Apply for api::CronJob {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Workload
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_cron_job(self.clone(), now);
        None
    }
}

impl Resource for CronJobId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::CronJob
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.cron_job(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.cron_job(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.cron_job(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.cron_jobs[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_cron_job(self);
    }

    fn workload(self, cluster: &Cluster) -> Option<WorkloadId> {
        Some(cluster.cron_job(self).workload)
    }
}
