//! What a component finds that has just started: it lists every object before it watches.

use super::{Change, Cluster, Machine, NodeReady, ObjectId};

impl Cluster {
    /// The changes that tell a component that knows nothing of everything that is there, kind by kind in order of creation.
    /// Of an object that is gone it is told as long as something is left that belonged to it.
    pub fn listing(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        // A pod's owner, its claims and its node are known before the pod.
        let is_pod = |object: &ObjectId| matches!(object, ObjectId::Pod(_));
        for object in self.objects().filter(|object| !is_pod(object)).chain(self.objects().filter(is_pod)) {
            self.list(object, &mut changes);
        }
        changes
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind")]
    fn list(&self, object: ObjectId, changes: &mut Vec<Change>) {
        match object {
            ObjectId::Namespace(id) => {
                changes.extend((!self.namespaces[id.index()].removed).then_some(Change::NamespaceChanged(id)));
            }
            ObjectId::Node(id) => {
                let node = self.node(id);
                if !node.exists() {
                    changes.extend((!node.pods.is_empty()).then_some(Change::NodeRemoved(id)));
                    return;
                }
                changes.push(Change::NodeAdded(id));
                changes.extend((node.ready != NodeReady::True).then_some(Change::NodeReadiness(id)));
                changes.extend((node.machine != Machine::Up).then_some(Change::Machine { node: id, was: Machine::Up }));
            }
            ObjectId::Pod(id) => {
                let pod = self.pod(id);
                if !pod.exists() {
                    return;
                }
                changes.push(Change::PodAdded(id));
                changes.extend(pod.node.map(|_| Change::PodBound(id)));
                changes.extend((pod.ready || pod.in_endpoints).then_some(Change::PodReadiness(id)));
                changes.extend(pod.deletion.map(|_| Change::PodTerminating(id)));
                changes.extend(pod.phase.is_terminal().then_some(Change::PodEnded(id)));
            }
            ObjectId::Deployment(id) => {
                let deployment = self.deployment(id);
                if !deployment.removed {
                    changes.push(Change::DeploymentSpec(id));
                } else if !deployment.replica_sets.is_empty() {
                    changes.push(Change::DeploymentRemoved(id));
                }
            }
            ObjectId::ReplicaSet(id) => {
                let set = self.replica_set(id);
                if !set.removed {
                    changes.push(Change::ReplicaSetSpec(id));
                } else if !set.pods.is_empty() {
                    changes.push(Change::ReplicaSetRemoved(id));
                }
            }
            ObjectId::StatefulSet(id) => {
                let set = self.stateful_set(id);
                if !set.removed {
                    changes.push(Change::StatefulSetSpec(id));
                } else if !set.pods.is_empty() {
                    changes.push(Change::StatefulSetRemoved(id));
                }
            }
            ObjectId::DaemonSet(id) => {
                let set = self.daemon_set(id);
                if !set.removed {
                    changes.push(Change::DaemonSetSpec(id));
                } else if !set.pods.is_empty() {
                    changes.push(Change::DaemonSetRemoved(id));
                }
            }
            ObjectId::Job(id) => {
                let job = self.job(id);
                if job.removed.is_none() {
                    changes.push(Change::JobSpec(id));
                } else if !job.pods.is_empty() {
                    changes.push(Change::JobRemoved(id));
                }
            }
            ObjectId::CronJob(id) => {
                let cron_job = self.cron_job(id);
                if !cron_job.removed {
                    changes.push(Change::CronJobSpec(id));
                } else if !cron_job.jobs.is_empty() {
                    changes.push(Change::CronJobRemoved(id));
                }
            }
            ObjectId::Service(id) => changes.extend((!self.service(id).removed).then_some(Change::ServiceChanged(id))),
            ObjectId::HorizontalPodAutoscaler(id) => {
                changes.extend((!self.hpa(id).removed).then_some(Change::HpaSpec(id)));
            }
            ObjectId::VerticalPodAutoscaler(id) => {
                changes.extend((!self.vpa(id).removed).then_some(Change::VpaSpec(id)));
            }
            ObjectId::ScaledObject(id) => {
                changes.extend((!self.scaled_object(id).removed).then_some(Change::ScaledObjectSpec(id)));
            }
            ObjectId::PodDisruptionBudget(id) => {
                changes.extend((!self.disruption_budget(id).removed).then_some(Change::DisruptionBudgetSpec(id)));
            }
            ObjectId::CapacityBuffer(id) => {
                changes.extend((!self.capacity_buffer(id).removed).then_some(Change::CapacityBufferSpec(id)));
            }
            ObjectId::ResourceQuota(id) => {
                changes.extend((!self.resource_quota(id).removed).then_some(Change::ResourceQuotaSpec(id)));
            }
            ObjectId::PersistentVolume(id) => changes.push(Change::Volume(id)),
            ObjectId::PersistentVolumeClaim(id) => {
                changes.extend((!self.storage().claim(id).removed).then_some(Change::ClaimAdded(id)));
            }
            ObjectId::NodePool(id) => {
                changes.extend((!self.node_pool(id).removed).then_some(Change::NodePoolChanged(id)));
            }
            ObjectId::NodeClaim(id) => {
                changes.extend(self.node_claim(id).exists().then_some(Change::NodeClaimChanged(id)));
            }
            // Classes are looked up when a claim is synced; nobody acts on the others.
            ObjectId::Plain(_) => {}
        }
    }
}
