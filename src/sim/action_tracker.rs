//! Follows each action of the scenario to what came of it, as `kubectl rollout status` and `kubectl drain` would tell.

use super::rollout_status::{
    self, DaemonSetRollout, DeploymentRollout, Generations, RollingUpdate, StatefulSetRollout,
};
use crate::api::{DaemonSetUpdateStrategy, Name, ProgressingReason, StatefulSetUpdateStrategy};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, NodeId, ObjectId, WorkloadId};
use crate::controllers::eviction::controller::remaining_pods;
use crate::record::{ActionOutcome, ActionRecord};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What an action waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The rollout, or the scaling, of a workload.
    Workload(WorkloadId),
    /// The drain of a node.
    Drain(NodeId),
}

/// Follows actions.
#[derive(Debug, Default)]
pub(super) struct ActionTracker {
    records: Vec<ActionRecord>,
    /// The record of what each subject waits for. A later action on the same subject takes its place.
    open: BTreeMap<Subject, usize>,
}

impl ActionTracker {
    /// The changes that it acts on.
    pub(super) const INTEREST: Interest = Interest::of(&[
        ChangeKind::DeploymentStatus,
        ChangeKind::ReplicaSetStatus,
        ChangeKind::StatefulSetStatus,
        ChangeKind::DaemonSetStatus,
        ChangeKind::PodRemoved,
    ]);

    /// Notes an action that is done at once.
    pub(super) fn note(&mut self, action: &str, target: &str, outcome: ActionOutcome, detail: &str, now: SimTime) {
        self.records.push(ActionRecord {
            at: now,
            action: Name::from(action),
            target: Name::from(target),
            outcome,
            ended: Some(now),
            code: None,
            detail: detail.to_owned(),
        });
    }

    /// The status code with which the API server answered the action that was noted last.
    pub(super) fn answered(&mut self, code: Option<u16>) {
        if let Some(record) = self.records.last_mut() {
            record.code = code;
        }
    }

    /// Follows an action on a subject. What was still going on there is over: an undo takes it back, anything else puts
    /// something new in its place.
    pub(super) fn follow(&mut self, action: &str, target: &str, subject: Subject, cluster: &Cluster, now: SimTime) {
        let (is_done, detail) = progress(subject, cluster);
        let record = self.records.len();
        if let Some(earlier) = self.open.remove(&subject).and_then(|earlier| self.records.get_mut(earlier)) {
            let is_undone = action == "rollout undo";
            earlier.outcome = if is_undone { ActionOutcome::RolledBack } else { ActionOutcome::Superseded };
            earlier.ended = Some(now);
            earlier.detail = detail;
        }
        // The spec has not changed: the controller has nothing to do.
        let outcome = if is_done { ActionOutcome::Unchanged } else { ActionOutcome::Unfinished };
        let ended = is_done.then_some(now);
        let (action, target) = (Name::from(action), Name::from(target));
        self.records.push(ActionRecord { at: now, action, target, outcome, ended, code: None, detail: String::new() });
        if !is_done {
            self.open.insert(subject, record);
        }
    }

    /// A drain gave up: its time is over, or for this reason.
    pub(super) fn gave_up(&mut self, node: NodeId, problem: Option<String>, cluster: &Cluster, now: SimTime) {
        let subject = Subject::Drain(node);
        if let Some(record) = self.open.remove(&subject).and_then(|record| self.records.get_mut(record)) {
            record.outcome = ActionOutcome::GaveUp;
            record.ended = Some(now);
            record.detail = problem.unwrap_or_else(|| progress(subject, cluster).1);
        }
    }

    /// A change of the cluster.
    pub(super) fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        if self.open.is_empty() {
            return;
        }
        let subject = match change {
            Change::DeploymentStatus(id) => Subject::Workload(cluster.deployment(id).workload),
            Change::ReplicaSetStatus(id) => Subject::Workload(cluster.replica_set(id).workload),
            Change::StatefulSetStatus(id) => Subject::Workload(cluster.stateful_set(id).workload),
            Change::DaemonSetStatus(id) => Subject::Workload(cluster.daemon_set(id).workload),
            Change::PodRemoved(pod) => match cluster.pod(pod).node {
                Some(node) => Subject::Drain(node),
                None => return,
            },
            _ => return,
        };
        if !self.open.contains_key(&subject) || !progress(subject, cluster).0 {
            return;
        }
        if let Some(record) = self.open.remove(&subject).and_then(|record| self.records.get_mut(record)) {
            record.outcome = ActionOutcome::Done;
            record.ended = Some(now);
        }
    }

    /// The records; what is not done says how far it is.
    pub(super) fn finish(mut self, cluster: &Cluster) -> Vec<ActionRecord> {
        for (subject, record) in &self.open {
            if let Some(record) = self.records.get_mut(*record) {
                record.detail = progress(*subject, cluster).1;
            }
        }
        self.records
    }
}

/// Whether a subject is as wanted, and how far it is.
fn progress(subject: Subject, cluster: &Cluster) -> (bool, String) {
    match subject {
        Subject::Workload(id) => rollout(cluster.workload(id).object, cluster),
        Subject::Drain(node) => drain(node, cluster),
    }
}

/// Whether a workload is as wanted, and what `kubectl rollout status` says of it; of a ReplicaSet, whether it has its
/// pods. Unlike kubectl, which is content with more pods than wanted, this waits until a scaling down is done too.
fn rollout(workload: ObjectId, cluster: &Cluster) -> (bool, String) {
    match workload {
        ObjectId::Deployment(id) => {
            let deployment = cluster.deployment(id);
            let (status, wanted) = (&deployment.status, deployment.object.replicas);
            let reason = status.progressing.map(|condition| condition.reason);
            let told = rollout_status::deployment(&DeploymentRollout {
                name: &deployment.object.meta.name,
                generations: Generations { generation: deployment.generation, observed: status.observed_generation },
                revision: status.revision,
                wanted_revision: 0,
                replicas: Some(wanted),
                total: status.replicas,
                updated: status.updated_replicas,
                available: status.available_replicas,
                exceeded_deadline: reason == Some(ProgressingReason::ProgressDeadlineExceeded),
            });
            let mut text = told.text().to_owned();
            if told.error.is_some() {
                let _ = write!(
                    text,
                    " ({} of {wanted} updated, {} available)",
                    status.updated_replicas, status.available_replicas
                );
            } else if reason == Some(ProgressingReason::DeploymentPaused) {
                text.push_str(" (DeploymentPaused)");
            }
            (told.done && status.replicas == wanted && status.available_replicas == wanted, text)
        }
        ObjectId::ReplicaSet(id) => {
            let set = cluster.replica_set(id);
            let is_done = set.status.replicas == set.spec_replicas && set.status.available == set.spec_replicas;
            (is_done, format!("{} of {} available", set.status.available, set.spec_replicas))
        }
        ObjectId::StatefulSet(id) => {
            let set = cluster.stateful_set(id);
            let (status, wanted) = (&set.status, set.object.replicas);
            let rolling_update = match set.object.update_strategy {
                StatefulSetUpdateStrategy::RollingUpdate { partition, .. } => {
                    Some(RollingUpdate::Partitioned(Some(partition)))
                }
                StatefulSetUpdateStrategy::OnDelete => None,
            };
            let generations = Generations { generation: set.generation, observed: status.observed_generation };
            let told = rollout_status::stateful_set(&StatefulSetRollout {
                generations,
                rolling_update,
                replicas: Some(wanted),
                ready: status.ready_replicas,
                updated: status.updated_replicas,
                current: status.current_replicas,
                update_revision: &status.update_revision,
                current_revision: &status.current_revision,
            });
            let is_scaled = status.observed_generation >= set.generation
                && status.replicas == wanted
                && status.ready_replicas == wanted;
            (told.done && is_scaled, told.text().to_owned())
        }
        ObjectId::DaemonSet(id) => {
            let set = cluster.daemon_set(id);
            let status = &set.status;
            let told = rollout_status::daemon_set(&DaemonSetRollout {
                name: &set.object.meta.name,
                generations: Generations { generation: set.generation, observed: status.observed_generation },
                is_rolling: !matches!(set.object.update_strategy, DaemonSetUpdateStrategy::OnDelete),
                desired: status.desired_number_scheduled,
                updated: status.updated_number_scheduled,
                available: status.number_available,
            });
            (told.done, told.text().to_owned())
        }
        _ => (true, String::new()),
    }
}

/// Whether no pod is left to evict, and which pods are, each with what holds it.
fn drain(node: NodeId, cluster: &Cluster) -> (bool, String) {
    const SHOWN: usize = 3;
    let remaining = remaining_pods(node, cluster);
    let mut parts: Vec<String> = Vec::new();
    for (pod, budget) in remaining.iter().take(SHOWN) {
        let pod = cluster.pod(*pod);
        let name = format!("pod {}/{}", cluster.namespace_name(pod.namespace), pod.name);
        parts.push(match budget {
            Some(budget) => {
                let budget = cluster.disruption_budget(*budget);
                let status = budget.status;
                format!(
                    "{name} is held by budget {} ({} of {} healthy pods needed)",
                    budget.object.meta.name, status.desired_healthy, status.current_healthy
                )
            }
            None if pod.deletion.is_some() => format!("{name} is terminating"),
            None => format!("{name} is left"),
        });
    }
    if remaining.len() > SHOWN {
        parts.push(format!("and {} more pods", remaining.len() - SHOWN));
    }
    (remaining.is_empty(), parts.join("; "))
}
