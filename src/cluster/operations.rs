//! What clients of the API server do to an object of any kind: delete, restart and undo a rollout.

use super::{Cluster, DeploymentId, Disruption, ObjectId};
use crate::api::PodTemplate;
use crate::units::SimTime;
use std::sync::Arc;

impl Cluster {
    /// Deletes an object: a pod with the grace period of its template, anything else at once.
    pub fn delete(&mut self, object: ObjectId, now: SimTime) {
        match object {
            ObjectId::Deployment(id) => self.remove_deployment(id),
            ObjectId::ReplicaSet(id) => self.remove_replica_set(id),
            ObjectId::StatefulSet(id) => self.remove_stateful_set(id),
            ObjectId::DaemonSet(id) => self.remove_daemon_set(id),
            ObjectId::Pod(id) => {
                let grace = self.template_of(id).template.spec.termination_grace_period;
                self.delete_pod(id, grace, Disruption::Deletion, now);
            }
            ObjectId::Node(id) => self.remove_node(id, now),
            ObjectId::HorizontalPodAutoscaler(id) => self.remove_hpa(id),
            ObjectId::Service(id) => self.remove_service(id),
            ObjectId::PodDisruptionBudget(id) => self.remove_disruption_budget(id),
        }
    }

    /// `kubectl rollout restart`: the template gets an annotation with the time, which makes it a new one. Kinds without
    /// rollouts stay as they are.
    pub fn restart_rollout(&mut self, object: ObjectId, at: &str) {
        let template = match object {
            ObjectId::Deployment(id) => self.deployment(id).object.template,
            ObjectId::StatefulSet(id) => self.stateful_set(id).object.template,
            ObjectId::DaemonSet(id) => self.daemon_set(id).object.template,
            _ => return,
        };
        let template = &self.template(template).template;
        let annotations = template.annotations.with("kubectl.kubernetes.io/restartedAt", at);
        let restarted = Arc::new(PodTemplate { annotations, ..PodTemplate::clone(template) });
        let template = self.intern_template(&restarted);
        match object {
            ObjectId::Deployment(id) => self.update_deployment(id, |deployment| deployment.object.template = template),
            ObjectId::StatefulSet(id) => self.update_stateful_set(id, |set| set.object.template = template),
            ObjectId::DaemonSet(id) => self.update_daemon_set(id, |set| set.object.template = template),
            _ => {}
        }
    }

    /// `kubectl rollout undo`: the template of the previous revision becomes the current one. Whether there is a previous
    /// revision.
    pub fn undo_rollout(&mut self, id: DeploymentId) -> bool {
        let deployment = self.deployment(id);
        let sets = deployment.replica_sets.iter().map(|set| self.replica_set(*set));
        let others = sets.filter(|set| set.base_template != deployment.object.template);
        let Some(template) = others.max_by_key(|set| set.revision).map(|set| set.base_template) else { return false };
        self.update_deployment(id, |deployment| deployment.object.template = template);
        true
    }
}
