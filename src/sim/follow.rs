//! A run in which the scheduling attempts of some pods are followed.

use super::error::SimError;
use super::prepare::Prepared;
use super::run::{RunOptions, play};
use crate::api::Name;
use crate::cluster::{Cluster, PodId};
use crate::record::DecisionRecord;
use crate::scheduler::{Attempt, FollowedPods, Match, Profile};
use crate::units::SimTime;

/// Why a pod was never tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTried {
    /// Its scheduling gates keep it out of the queue.
    Gated(Vec<Name>),
    /// It asks for a scheduler that has no profile of this name.
    UnknownScheduler(Name),
    /// It was created with `spec.nodeName`.
    NodeNamed(Name),
    /// It was gone before its turn came.
    Gone,
    /// Its turn has not come yet.
    Waits,
}

/// One of the followed pods.
#[derive(Clone, Debug)]
pub struct FollowedPod {
    /// Identifies it in the attempt.
    pub id: PodId,
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// What it has to do with the pods that are followed.
    pub relation: Match,
    /// The workload at the end of its chain of owners, as `Deployment/web`.
    pub workload: Option<String>,
    /// Scheduling attempts.
    pub attempts: u32,
    /// The node that it is or was bound to.
    pub node: Option<Name>,
    /// Why it was never tried, if it was not.
    pub not_tried: Option<NotTried>,
}

/// What a run leaves behind in which pods were followed.
#[derive(Clone, Debug)]
pub struct FollowedRun {
    /// How far the run came.
    pub end: SimTime,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// The seed of the random streams.
    pub seed: u64,
    /// The followed pods in order of creation, gone ones too.
    pub pods: Vec<FollowedPod>,
    /// Namespace and name of every pod in order of creation, gone ones too.
    pub names: Vec<(Name, Name)>,
    /// The last attempt: of the pod that was named or, without one, of any followed pod.
    pub attempt: Option<Attempt>,
    /// What the autoscalers decided.
    pub decisions: Vec<DecisionRecord>,
}

/// Runs a scenario, up to `until` if that is before its end, and keeps the last scheduling attempt of the followed pods.
/// Following changes nothing in the run.
///
/// # Errors
/// [`SimError`] if a trace turns out to be unreadable on the way.
pub fn follow(
    prepared: &Prepared,
    options: &RunOptions<'_>,
    pods: &FollowedPods,
    until: Option<SimTime>,
) -> Result<FollowedRun, SimError> {
    let mut played = play(prepared, options, Some(pods), until, None)?;
    let attempt = played.world.scheduler.take_kept_attempt();
    let decisions = std::mem::take(&mut played.world.decisions);
    let cluster = &played.world.cluster;
    let profiles = &prepared.scheduler.profiles;
    let followed = cluster.pods().filter_map(|(id, _)| {
        let relation = pods.matches(id, cluster)?;
        Some(followed_pod(id, relation, cluster, profiles))
    });
    let names = cluster.pods().map(|(_, pod)| (cluster.namespace_name(pod.namespace).clone(), pod.name.clone()));
    Ok(FollowedRun {
        end: played.end,
        interrupted: played.interrupted,
        seed: options.seed.unwrap_or(prepared.scenario.spec.seed),
        pods: followed.collect(),
        names: names.collect(),
        attempt,
        decisions,
    })
}

fn followed_pod(id: PodId, relation: Match, cluster: &Cluster, profiles: &[Profile]) -> FollowedPod {
    let pod = cluster.pod(id);
    let node = pod.node.map(|node| cluster.node(node).object.meta.name.clone());
    FollowedPod {
        id,
        namespace: cluster.namespace_name(pod.namespace).clone(),
        name: pod.name.clone(),
        relation,
        workload: pod.workload.map(|workload| cluster.workload(workload).to_string()),
        attempts: pod.scheduling_attempts,
        not_tried: (pod.scheduling_attempts == 0).then(|| not_tried(id, node.as_ref(), cluster, profiles)),
        node,
    }
}

fn not_tried(id: PodId, node: Option<&Name>, cluster: &Cluster, profiles: &[Profile]) -> NotTried {
    let spec = &cluster.template_of(id).template.spec;
    if let Some(node) = node {
        NotTried::NodeNamed(node.clone())
    } else if profiles.iter().all(|profile| profile.scheduler_name != spec.scheduler_name) {
        NotTried::UnknownScheduler(spec.scheduler_name.clone())
    } else if !spec.scheduling_gates.is_empty() {
        NotTried::Gated(spec.scheduling_gates.clone())
    } else if cluster.pod(id).is_active() {
        NotTried::Waits
    } else {
        NotTried::Gone
    }
}
