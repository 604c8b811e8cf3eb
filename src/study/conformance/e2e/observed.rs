//! A simulated timeline as the recordings tell one: first sightings of each stage of each pod, sizes of ReplicaSets,
//! conditions.

use super::events::Lives;
use super::recording::{Conditions, Milestones};
use crate::api::{ConditionStatus, HpaCondition};
use crate::cluster::{
    Change, Cluster, DeploymentId, JobCondition, JobId, NamespaceCondition, NodeId, NodeReady, ObjectId, PodId,
    ReplicaSetId,
};
use crate::sim::RunObserver;
use crate::units::SimTime;
use std::collections::BTreeMap;

/// Stages of a pod's life in the order in which they are compared.
pub const STAGES: [&str; 9] =
    ["created", "nominated", "scheduled", "running", "ready", "unready", "end", "deleting", "gone"];

/// What a run looked like. Times are those of the recording.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Sorted times of each stage of each group.
    pub milestones: Milestones,
    /// Sizes of each ReplicaSet over time.
    pub sizes: BTreeMap<String, Vec<i64>>,
    /// Conditions over time.
    pub conditions: Conditions,
    /// When the first node was found to be lost.
    pub first_loss: Option<f64>,
    /// When pods and claims were created.
    pub lives: Lives,
}

/// What the observer knows of a pod.
#[derive(Clone, Debug)]
struct Seen {
    group: String,
    /// By stage, whether it was seen.
    stages: [bool; STAGES.len()],
}

/// Watches a run.
pub struct Observer<'a> {
    /// Simulated seconds at the recording's time zero.
    lead: f64,
    /// By group: the nodes that its pods are to be placed on, in order of creation.
    placement: Option<&'a BTreeMap<String, Vec<Option<String>>>>,
    /// By group: how many of its pods were created.
    created: BTreeMap<String, usize>,
    pods: BTreeMap<PodId, Seen>,
    observed: Observed,
}

impl<'a> Observer<'a> {
    /// An observer of a run that begins `lead` seconds before its recording.
    pub fn new(lead: f64, placement: Option<&'a BTreeMap<String, Vec<Option<String>>>>) -> Self {
        Self { lead, placement, created: BTreeMap::new(), pods: BTreeMap::new(), observed: Observed::default() }
    }

    /// What was seen.
    pub fn finish(mut self) -> Observed {
        for times in self.observed.milestones.values_mut().flat_map(BTreeMap::values_mut) {
            times.sort_by(f64::total_cmp);
        }
        self.observed
    }

    fn time(&self, now: SimTime) -> f64 {
        now.as_secs_f64() - self.lead
    }

    fn note(&mut self, pod: PodId, stage: &'static str, now: SimTime) {
        let time = self.time(now);
        let (Some(index), Some(seen)) = (STAGES.iter().position(|own| *own == stage), self.pods.get_mut(&pod)) else {
            return;
        };
        if !std::mem::replace(&mut seen.stages[index], true) {
            let stages = self.observed.milestones.entry(seen.group.clone()).or_default();
            stages.entry(stage.to_owned()).or_default().push(time);
        }
    }

    fn note_pod(&mut self, change: Change, id: PodId, cluster: &Cluster, now: SimTime) {
        let pod = cluster.pod(id);
        if matches!(change, Change::PodAdded(_)) {
            self.pods.insert(id, Seen { group: group(id, cluster), stages: [false; STAGES.len()] });
            self.note(id, "created", now);
        }
        if cluster.nominated_node(id).is_some() {
            self.note(id, "nominated", now);
        }
        if pod.node.is_some() {
            self.note(id, "scheduled", now);
        }
        if pod.running.is_some() {
            self.note(id, "running", now);
        }
        if pod.ready {
            self.note(id, "ready", now);
        } else if pod.first_ready.is_some() && pod.deletion.is_none() && pod.exists() {
            self.note(id, "unready", now);
        }
        if pod.phase.is_terminal() && pod.deletion.is_none() && pod.exists() {
            self.note(id, "end", now);
        }
        if pod.deletion.is_some() {
            self.note(id, "deleting", now);
        }
        if !pod.exists() {
            self.note(id, "gone", now);
        }
    }

    fn note_size(&mut self, id: ReplicaSetId, cluster: &Cluster) {
        let set = cluster.replica_set(id);
        let Some(deployment) = set.deployment else { return };
        let sizes = self.observed.sizes.entry(set_group(id, deployment, cluster)).or_default();
        let size = i64::from(set.spec_replicas);
        if sizes.last() != Some(&size) {
            sizes.push(size);
        }
    }

    fn note_conditions(&mut self, object: ObjectId, cluster: &Cluster, now: SimTime) {
        let Some((key, mut conditions)) = conditions(object, cluster) else { return };
        conditions.sort();
        let time = self.time(now);
        let seen = self.observed.conditions.entry(key).or_default();
        if seen.last().map_or(&[][..], |(_, last)| last) != conditions {
            seen.push((time, conditions));
        }
    }
}

impl RunObserver for Observer<'_> {
    fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        if let Change::PodAdded(_) | Change::ClaimAdded(_) = change
            && let Some(object) = change.object()
        {
            let name = format!("{}/{}", cluster.namespace_of(object), cluster.name_of(object));
            let kind = cluster.kind_of(object).as_str().to_owned();
            self.observed.lives.entry((kind, name)).or_default().push(now.as_secs_f64());
        }
        if let Some(pod) = change.pod() {
            self.note_pod(change, pod, cluster, now);
        }
        match change {
            Change::ReplicaSetSpec(id) => self.note_size(id, cluster),
            Change::ObjectUpdated(ObjectId::Pod(pod)) => self.note_pod(change, pod, cluster, now),
            Change::NodeReadiness(node) if cluster.node(node).ready != NodeReady::True => {
                let time = self.time(now);
                self.observed.first_loss.get_or_insert(time);
            }
            _ => {}
        }
        if let Some(object) = change.object() {
            self.note_conditions(object, cluster, now);
        }
    }

    fn placement(&mut self, pod: PodId, cluster: &Cluster) -> Option<NodeId> {
        let nodes = self.placement?.get(&group(pod, cluster))?;
        let group = &self.pods.get(&pod)?.group;
        let count = self.created.entry(group.clone()).or_default();
        let node = nodes.get(*count)?.as_ref();
        *count += 1;
        cluster.node_id(node?)
    }
}

/// The group of a ReplicaSet: `web#2` is the second of Deployment `web`.
fn set_group(set: ReplicaSetId, deployment: DeploymentId, cluster: &Cluster) -> String {
    let siblings = cluster.replica_sets().filter(|(_, own)| own.deployment == Some(deployment));
    let number = siblings.take_while(|(own, _)| *own != set).count() + 1;
    format!("{}#{number}", cluster.deployment(deployment).object.meta.name)
}

/// The group that a pod belongs to.
fn group(pod: PodId, cluster: &Cluster) -> String {
    let pod = cluster.pod(pod);
    match pod.owner {
        Some(ObjectId::ReplicaSet(set)) => match cluster.replica_set(set).deployment {
            Some(deployment) => set_group(set, deployment, cluster),
            None => cluster.replica_set(set).name.to_string(),
        },
        Some(ObjectId::DaemonSet(set)) => cluster.daemon_set(set).object.meta.name.to_string(),
        Some(ObjectId::Job(job)) => job_group(job, cluster),
        _ => pod.name.to_string(),
    }
}

/// The group of a Job's pods: `report#2` is the second Job of CronJob `report`.
fn job_group(id: JobId, cluster: &Cluster) -> String {
    let job = cluster.job(id);
    let Some(owner) = job.owner else { return job.object.meta.name.to_string() };
    let siblings = cluster.jobs().filter(|(_, own)| own.owner == Some(owner));
    let number = siblings.take_while(|(own, _)| *own != id).count() + 1;
    format!("{}#{number}", cluster.name_of(owner))
}

const fn status(is_true: bool) -> &'static str {
    if is_true { "True" } else { "False" }
}

/// `Kind/name` and the conditions of an object whose conditions are compared.
fn conditions(object: ObjectId, cluster: &Cluster) -> Option<(String, Vec<String>)> {
    match object {
        ObjectId::Deployment(id) => {
            let deployment = cluster.deployment(id);
            let mut all = Vec::new();
            if let Some(available) = deployment.status.available {
                let reason = if available { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" };
                all.push(format!("Available={}/{reason}", status(available)));
            }
            if let Some(progressing) = deployment.status.progressing {
                let reason = progressing.reason.as_str();
                all.push(format!("Progressing={}/{reason}", status_word(progressing.status)));
            }
            Some((format!("Deployment/{}", deployment.object.meta.name), all))
        }
        ObjectId::Job(id) => {
            let job = cluster.job(id);
            let condition = |own: &JobCondition| format!("{:?}={}/{}", own.kind, status(own.is_true), own.reason);
            Some((format!("Job/{}", job_group(id, cluster)), job.status.conditions.iter().map(condition).collect()))
        }
        ObjectId::PodDisruptionBudget(id) => {
            let budget = cluster.disruption_budget(id);
            let (is_true, reason) = budget.disruption_allowed()?;
            let condition = format!("{}/{reason}", status(is_true));
            Some((format!("PDB/{}", budget.object.meta.name), vec![condition]))
        }
        ObjectId::HorizontalPodAutoscaler(id) => {
            let hpa = cluster.hpa(id);
            let condition = |own: HpaCondition| {
                format!("{}={}/{}", own.condition_type.as_str(), status(own.status), own.reason.as_str())
            };
            Some((format!("HPA/{}", hpa.object.meta.name), hpa.status.conditions.iter().map(condition).collect()))
        }
        ObjectId::Namespace(id) => {
            let namespace = cluster.namespace_state(id);
            let condition = |own: &NamespaceCondition| {
                format!("{}={}/{}", own.condition_type.as_str(), status(own.status), own.reason)
            };
            Some((format!("Namespace/{}", namespace.name), namespace.conditions.iter().map(condition).collect()))
        }
        _ => None,
    }
}

const fn status_word(status: ConditionStatus) -> &'static str {
    match status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    }
}
