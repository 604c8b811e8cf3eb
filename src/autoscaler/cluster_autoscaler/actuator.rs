//! Deletes nodes: taint, wait, evict, wait again, then the cloud (`scaledown/actuation`).
//!
//! The goroutines of the real program are deletions here, each with the moment at which it goes on.

use super::budgets::RemainingBudgets;
use super::drain::{DrainContext, ReplicasOf};
use super::environment::{Environment, Event, EventSubject, Evicted, GroupId, Mark};
use super::options::Options;
use super::pods;
use super::removal::NodeToRemove;
use super::snapshot::Snapshot;
use crate::api::Name;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::PodInfo;
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// A refused eviction is tried again after this (`DefaultEvictionRetryTime`).
const EVICTION_RETRY_TIME: SimDuration = SimDuration::from_secs(10);
/// How much longer than their grace period pods may take to go (`DefaultPodEvictionHeadroom`).
const POD_EVICTION_HEADROOM: SimDuration = SimDuration::from_secs(30);
/// How often it looks whether evicted pods are gone.
const DISAPPEARANCE_INTERVAL: SimDuration = SimDuration::from_secs(5);

/// How a deletion ended (`NodeDeleteResultType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteResult {
    /// The cloud deleted it.
    Ok,
    /// Pods could not be evicted, or did not go.
    FailedToEvictPods,
    /// The cloud refused.
    FailedToDelete,
    /// The node was not as expected any more.
    Internal,
}

impl DeleteResult {
    /// The name in the real program, without its prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::FailedToEvictPods => "FailedToEvictPods",
            Self::FailedToDelete => "FailedToDelete",
            Self::Internal => "Internal",
        }
    }
}

#[derive(Clone, Debug)]
enum Stage {
    /// The node is tainted; its pods will be looked at.
    Tainted,
    /// Pods are being evicted.
    Evicting {
        /// Until when refused evictions are tried again.
        until: SimTime,
        /// Pods that must be gone before the node goes.
        pods: Vec<PodId>,
        /// Those of them whose eviction was refused so far.
        refused: Vec<PodId>,
        /// Pods of DaemonSets whose eviction was refused so far.
        refused_daemons: Vec<PodId>,
        /// The API server's last words.
        last_error: String,
    },
    /// Evicted pods are waited for.
    Disappearing {
        /// Until when.
        until: SimTime,
        /// The pods.
        pods: Vec<PodId>,
    },
}

/// A deletion under way.
#[derive(Clone, Debug)]
struct Deletion {
    node: NodeId,
    name: Name,
    group: GroupId,
    /// Why, for the records.
    why: String,
    drain: bool,
    stage: Stage,
    due: SimTime,
}

/// The deletions.
#[derive(Debug, Default)]
pub struct Actuator {
    deletions: Vec<Deletion>,
    /// Deletions that ended and were not reported yet.
    results: Vec<(NodeId, Name, DeleteResult)>,
    /// The last deletion in the cloud, by group.
    scale_downs: BTreeMap<GroupId, SimTime>,
    /// The last deletion that the cloud refused, by group.
    failures: BTreeMap<GroupId, SimTime>,
}

/// Deletions under way when a loop began.
#[derive(Clone, Debug, Default)]
pub struct ActuationStatus {
    /// All nodes.
    pub nodes: BTreeSet<NodeId>,
    /// How many by group.
    pub by_group: BTreeMap<GroupId, i64>,
}

/// Nodes to delete: those of one group.
type Bucket = (GroupId, Vec<NodeToRemove>);

impl Actuator {
    /// The deletions under way.
    pub fn status(&self) -> ActuationStatus {
        let mut status = ActuationStatus::default();
        for deletion in &self.deletions {
            status.nodes.insert(deletion.node);
            *status.by_group.entry(deletion.group).or_default() += 1;
        }
        status
    }

    /// The nodes that are being drained, in the order of their ids.
    pub fn drained(&self) -> BTreeSet<NodeId> {
        self.deletions.iter().filter(|deletion| deletion.drain).map(|deletion| deletion.node).collect()
    }

    /// Takes the deletions that ended since the last call.
    pub fn take_results(&mut self) -> Vec<(NodeId, Name, DeleteResult)> {
        std::mem::take(&mut self.results)
    }

    /// The last deletion of a group's node in the cloud, and the last one that the cloud refused.
    pub fn last_of(&self, group: GroupId) -> (Option<SimTime>, Option<SimTime>) {
        (self.scale_downs.get(&group).copied(), self.failures.get(&group).copied())
    }

    /// The next moment at which a deletion goes on.
    pub fn next_due(&self) -> Option<SimTime> {
        self.deletions.iter().map(|deletion| deletion.due).min()
    }

    /// How many of the nodes may be deleted now, by what may run in parallel (`CropNodes`).
    pub fn crop(
        &self,
        empty: Vec<NodeToRemove>,
        need_drain: Vec<NodeToRemove>,
        group_of: impl Fn(NodeId) -> Option<GroupId>,
        options: &Options,
    ) -> (Vec<Bucket>, Vec<Bucket>) {
        let draining = self.deletions.iter().filter(|deletion| deletion.drain).count();
        let mut left = options.max_scale_down_parallelism.saturating_sub(self.deletions.len());
        let empty = crop_buckets(buckets(empty, &group_of), left);
        left -= empty.iter().map(|(_, nodes)| nodes.len()).sum::<usize>();
        let drain_left = left.min(options.max_drain_parallelism.saturating_sub(draining));
        (empty, crop_buckets(buckets(need_drain, &group_of), drain_left))
    }

    /// Begins deletions: the nodes get their taint now.
    pub fn start(
        &mut self,
        environment: &mut dyn Environment,
        buckets: Vec<Bucket>,
        drain: bool,
        describe: impl Fn(NodeId) -> (Name, String),
        options: &Options,
        now: SimTime,
    ) {
        for (group, nodes) in buckets {
            for removal in nodes {
                let mark = Mark::ToBeDeleted { cordon: options.cordon_node_before_terminating };
                environment.mark(removal.node, mark, true);
                emit(environment, removal.node, false, "ScaleDown", "marked the node as toBeDeleted/unschedulable");
                let (name, why) = describe(removal.node);
                self.deletions.push(Deletion {
                    node: removal.node,
                    name,
                    group,
                    why,
                    drain,
                    stage: Stage::Tainted,
                    due: now + options.node_delete_delay_after_taint,
                });
            }
        }
    }

    /// Goes on with the deletions that are due.
    pub fn advance(&mut self, environment: &mut dyn Environment, snapshot: &Snapshot, options: &Options, now: SimTime) {
        let (due, later): (Vec<Deletion>, Vec<Deletion>) =
            std::mem::take(&mut self.deletions).into_iter().partition(|deletion| deletion.due <= now);
        self.deletions = later;
        for mut deletion in due {
            match step(&mut deletion, environment, snapshot, options, now) {
                Step::WaitUntil(time) => {
                    deletion.due = time;
                    self.deletions.push(deletion);
                }
                Step::Delete => self.delete(environment, &deletion, options, now),
                Step::Abort(result, error) => self.abort(environment, &deletion, result, &error, options),
            }
        }
    }

    fn delete(&mut self, environment: &mut dyn Environment, deletion: &Deletion, options: &Options, now: SimTime) {
        match environment.delete_instances(deletion.group, std::slice::from_ref(&deletion.name), &deletion.why) {
            Ok(()) => {
                self.scale_downs.insert(deletion.group, now);
                emit(environment, deletion.node, false, "ScaleDown", "nodes removed by cluster autoscaler");
                let (reason, message) = if deletion.drain {
                    ("ScaleDown", format!("Scale-down: node {} removed with drain", deletion.name))
                } else {
                    ("ScaleDownEmpty", format!("Scale-down: empty node {} removed", deletion.name))
                };
                environment.emit(Event { subject: EventSubject::Status, is_warning: false, reason, message });
                self.results.push((deletion.node, deletion.name.clone(), DeleteResult::Ok));
            }
            Err(error) => {
                self.failures.insert(deletion.group, now);
                let error = format!("failed to delete nodes from group: {error}");
                self.abort(environment, deletion, DeleteResult::FailedToDelete, &error, options);
            }
        }
    }

    fn abort(
        &mut self,
        environment: &mut dyn Environment,
        deletion: &Deletion,
        result: DeleteResult,
        error: &str,
        options: &Options,
    ) {
        let what = if deletion.drain { "failed to drain and delete node" } else { "failed to delete empty node" };
        emit(environment, deletion.node, true, "ScaleDownFailed", &format!("{what}: {error}"));
        let mark = Mark::ToBeDeleted { cordon: options.cordon_node_before_terminating };
        environment.mark(deletion.node, mark, false);
        self.results.push((deletion.node, deletion.name.clone(), result));
    }
}

enum Step {
    WaitUntil(SimTime),
    Delete,
    Abort(DeleteResult, String),
}

fn step(
    deletion: &mut Deletion,
    environment: &mut dyn Environment,
    snapshot: &Snapshot,
    options: &Options,
    now: SimTime,
) -> Step {
    if matches!(deletion.stage, Stage::Tainted) {
        match look_at_pods(deletion, environment, snapshot, options, now) {
            Ok(stage) => deletion.stage = stage,
            Err(error) => return Step::Abort(DeleteResult::Internal, error),
        }
    }
    if let Stage::Evicting { until, pods, refused, refused_daemons, last_error } = &mut deletion.stage {
        if now >= *until {
            if !refused.is_empty() {
                for pod in refused.iter() {
                    environment.emit(Event {
                        subject: EventSubject::Pod(*pod),
                        is_warning: true,
                        reason: "ScaleDownFailed",
                        message: "failed to delete pod for ScaleDown".to_owned(),
                    });
                }
                let error = format!(
                    "Failed to drain node /{}, due to following errors: [failed to evict pods within allowed timeout \
                     (last error: {last_error})]",
                    deletion.name
                );
                return Step::Abort(DeleteResult::FailedToEvictPods, error);
            }
        } else {
            refused.retain(|pod| match environment.evict(*pod, false) {
                Evicted::Accepted => false,
                Evicted::Refused(error) => {
                    *last_error = error;
                    true
                }
            });
            refused_daemons.retain(|pod| matches!(environment.evict(*pod, true), Evicted::Refused(_)));
            if !refused.is_empty() || !refused_daemons.is_empty() {
                return Step::WaitUntil(now + EVICTION_RETRY_TIME);
            }
        }
        let until = now + options.max_graceful_termination + POD_EVICTION_HEADROOM;
        deletion.stage = Stage::Disappearing { until, pods: std::mem::take(pods) };
    }
    let Stage::Disappearing { until, pods } = &deletion.stage else { return Step::Delete };
    if now >= *until {
        let error = format!("Failed to drain node /{}: pods remaining after timeout", deletion.name);
        Step::Abort(DeleteResult::FailedToEvictPods, error)
    } else if pods.iter().all(|pod| !environment.exists(*pod)) {
        Step::Delete
    } else {
        Step::WaitUntil(now + DISAPPEARANCE_INTERVAL)
    }
}

/// Looks at the pods of a tainted node again.
///
/// # Errors
/// Why the node is not deleted.
fn look_at_pods(
    deletion: &Deletion,
    environment: &mut dyn Environment,
    snapshot: &Snapshot,
    options: &Options,
    now: SimTime,
) -> Result<Stage, String> {
    let mut on_node = snapshot.pods_on(deletion.node);
    on_node.retain(|pod| pod.priority() >= options.expendable_pods_priority_cutoff);
    let budgets = RemainingBudgets::new(if deletion.drain { environment.budgets() } else { Vec::new() });
    let facts = |pod: &PodInfo| environment.pod(pod.id);
    let replicas = |pod: &PodInfo| environment.controller_replicas(pod.id);
    let controller: Option<ReplicasOf<'_>> = if deletion.drain { Some(&replicas) } else { None };
    let context = DrainContext { options: &options.delete, now, budgets: &budgets, facts: &facts, controller };
    let result = context.pods_to_move(&on_node);
    let name = &deletion.name;
    if let Some(pod) = result.blocking {
        let (namespace, pod, reason) = (pod.namespace, pod.name, pod.reason.as_str());
        return Err(format!("GetPodsToMove for {name:?} returned error: {namespace}/{pod}: {reason}"));
    }
    if !deletion.drain && !result.moving.is_empty() {
        return Err(format!("failed to delete empty node {name:?}, new pods scheduled"));
    }
    if !deletion.drain && !result.on_completion.is_empty() {
        return Err(format!("failed to delete empty node {name:?}, active on-completion pods present"));
    }
    let by_default = if deletion.drain {
        options.daemonset_eviction_for_occupied_nodes
    } else {
        options.daemonset_eviction_for_empty_nodes
    };
    let is_evicted = |pod: &&std::sync::Arc<PodInfo>| !pods::is_mirror(pod);
    let pods: Vec<PodId> = if deletion.drain {
        let others = on_node.iter().filter(is_evicted).filter(|pod| !pods::is_daemon(pod));
        others.map(|pod| pod.id).collect()
    } else {
        Vec::new()
    };
    let daemons = on_node.iter().filter(is_evicted).filter(|pod| pods::is_daemon(pod));
    let refused_daemons: Vec<PodId> =
        daemons.filter(|pod| pods::is_daemon_evicted(pod, by_default)).map(|pod| pod.id).collect();
    for pod in pods.iter().chain(&refused_daemons) {
        environment.emit(Event {
            subject: EventSubject::Pod(*pod),
            is_warning: false,
            reason: "ScaleDown",
            message: "deleting pod for node scale down".to_owned(),
        });
    }
    let mut refused = pods.clone();
    if refused_daemons.is_empty() && !refused.is_empty() {
        // One goroutine evicts each pod, and the one that was made last runs first.
        refused.rotate_right(1);
    }
    let until = now + options.max_pod_eviction_time;
    Ok(Stage::Evicting { until, refused, pods, refused_daemons, last_error: String::new() })
}

fn emit(environment: &mut dyn Environment, node: NodeId, is_warning: bool, reason: &'static str, message: &str) {
    environment.emit(Event { subject: EventSubject::Node(node), is_warning, reason, message: message.to_owned() });
}

/// Nodes by group, in the order of the first node of each.
fn buckets(nodes: Vec<NodeToRemove>, group_of: &impl Fn(NodeId) -> Option<GroupId>) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for node in nodes {
        let Some(group) = group_of(node.node) else { continue };
        match buckets.iter_mut().find(|(known, _)| *known == group) {
            Some((_, nodes)) => nodes.push(node),
            None => buckets.push((group, vec![node])),
        }
    }
    buckets
}

fn crop_buckets(buckets: Vec<Bucket>, mut left: usize) -> Vec<Bucket> {
    let mut kept = Vec::new();
    for (group, mut nodes) in buckets {
        nodes.truncate(left);
        left -= nodes.len();
        if !nodes.is_empty() {
            kept.push((group, nodes));
        }
    }
    kept
}
