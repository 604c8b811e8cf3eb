//! The loop (`StaticAutoscaler.RunOnce`).

use super::actuator::{ActuationStatus, Actuator};
use super::budgets::RemainingBudgets;
use super::cluster_state::{ClusterState, Readiness};
use super::environment::{Environment, Event, EventSubject, GroupId, NodeGroup, ObservedNode};
use super::hints::{HintingSimulator, NodeKey, UpcomingNodes};
use super::options::Options;
use super::planner::{Planner, PlannerInput, update_soft_taints};
use super::pods;
use super::removal::NodeToRemove;
use super::report::{Cooldown, DeletionStarted, LoopReport, ScaleDownResult};
use super::scale_up::{ScaleUp, ScaleUpResult};
use super::snapshot::Snapshot;
use super::taints;
use super::template::Templates;
use super::unneeded::UnneededNode;
use super::utilization::Utilization;
use crate::api::Name;
use crate::cluster::NodeId;
use crate::scheduler::{PodInfo, Profile};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pods that are all younger than this are waited for (`unschedulablePodTimeBuffer`).
const UNSCHEDULABLE_POD_TIME_BUFFER: SimDuration = SimDuration::from_secs(2);
/// The same of pods that ask for GPUs (`unschedulablePodWithGpuTimeBuffer`).
const UNSCHEDULABLE_POD_WITH_GPU_TIME_BUFFER: SimDuration = SimDuration::from_secs(30);
/// Before everything.
const LONG_AGO: SimTime = SimTime::from_nanos(i64::MIN / 2);
const GPU: &str = "nvidia.com/gpu";

/// The Cluster Autoscaler.
#[derive(Debug)]
pub struct ClusterAutoscaler {
    options: Options,
    /// The cluster as it is; whoever runs the autoscaler keeps it up to date between loops.
    pub snapshot: Snapshot,
    templates: Templates,
    state: ClusterState,
    filter: HintingSimulator,
    planner: Planner,
    actuator: Actuator,
    last_scale_up: Option<SimTime>,
    last_delete: Option<SimTime>,
    /// The last scale-up of each group.
    scale_ups: BTreeMap<GroupId, SimTime>,
}

/// What a loop looks at.
struct Loop<'a> {
    environment: &'a mut dyn Environment,
    groups: Vec<NodeGroup>,
    nodes: Vec<ObservedNode>,
    group_of: BTreeMap<NodeId, GroupId>,
    /// Deletions under way when the loop began.
    deleting: ActuationStatus,
    now: SimTime,
    report: LoopReport,
}

impl ClusterAutoscaler {
    /// An autoscaler that starts now.
    pub fn new(options: Options, profile: Profile, now: SimTime) -> Self {
        Self {
            options,
            snapshot: Snapshot::new(profile),
            templates: Templates::default(),
            state: ClusterState::new(now),
            filter: HintingSimulator::default(),
            planner: Planner::default(),
            actuator: Actuator::default(),
            last_scale_up: None,
            last_delete: None,
            scale_ups: BTreeMap::new(),
        }
    }

    /// The options.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The belief about node groups.
    pub const fn state(&self) -> &ClusterState {
        &self.state
    }

    /// The nodes that the last loop found unneeded.
    pub fn unneeded(&self) -> impl Iterator<Item = (NodeId, &UnneededNode)> {
        self.planner.unneeded.iter()
    }

    /// The utilization of a node as the last loop found it.
    pub fn utilization(&self, node: NodeId) -> Option<Utilization> {
        self.planner.utilization.get(&node).copied()
    }

    /// The next moment at which a deletion goes on.
    pub fn next_due(&self) -> Option<SimTime> {
        self.actuator.next_due()
    }

    /// Goes on with the deletions that are due.
    pub fn advance(&mut self, environment: &mut dyn Environment, now: SimTime) {
        self.actuator.advance(environment, &self.snapshot, &self.options, now);
    }

    /// Runs one loop.
    pub fn run_once(&mut self, environment: &mut dyn Environment, now: SimTime) -> LoopReport {
        let mut nodes = environment.nodes();
        for node in &mut nodes {
            node.ready &= !taints::is_starting(&node.object, &self.options);
        }
        let group_of = nodes.iter().filter_map(|node| Some((node.id, node.group?))).collect();
        let mut this_loop = Loop {
            groups: environment.groups(),
            nodes,
            group_of,
            deleting: self.actuator.status(),
            environment,
            now,
            report: LoopReport::default(),
        };
        let (nodes, pods) = this_loop.environment.id_bounds();
        self.snapshot.begin(nodes, pods);
        self.snapshot.fork();
        self.snapshot.settle_pods(self.options.expendable_pods_priority_cutoff);
        self.run(&mut this_loop);
        self.snapshot.revert();
        let mut report = this_loop.report;
        report.finished = self.actuator.take_results();
        report.unremovable = self.planner.unremovable.iter().map(|(node, reason)| (*node, reason.clone())).collect();
        report.reverted = self.state.reverted().to_vec();
        report.upcoming = self.state.upcoming(now);
        report
    }

    fn run(&mut self, this: &mut Loop<'_>) {
        let now = this.now;
        if !self.options.scale_up_from_zero && !this.nodes.iter().any(|node| node.ready) {
            return;
        }
        self.templates.recompute(this.environment, &self.snapshot, &this.groups, &this.nodes, &self.options, now);
        let templates = &self.templates;
        let has_template = |group: GroupId| templates.get(group).is_some();
        self.state.update(this.environment, &this.groups, &this.nodes, &has_template, &self.options, now);
        self.remove_long_unregistered(this);
        if !self.state.is_healthy(&self.options) {
            self.planner.unneeded.clear();
            this.report.cluster_unhealthy = true;
            say(this.environment, true, "ClusterUnhealthy", "Cluster is unhealthy".to_owned());
            return;
        }
        self.delete_failed_instances(this);
        if self.fix_sizes(this) {
            return;
        }
        let upcoming = self.add_upcoming(this);
        let not_started = self.remove_not_started(this);
        let helpless = self.pods_to_help(this, &upcoming);
        let disable_scale_down = self.scale_up(this, &helpless);
        if self.options.scale_down_enabled {
            self.scale_down(this, &not_started, disable_scale_down);
        }
        if self.options.enforce_node_group_min_size {
            this.groups = this.environment.groups();
            let mut scale_up = self.scale_up_of(this);
            let status = scale_up.reach_min_size();
            self.note_scale_up(this, &status);
            this.report.min_size = Some(status);
        }
    }

    fn scale_up_of<'a>(&'a mut self, this: &'a mut Loop<'_>) -> ScaleUp<'a> {
        ScaleUp {
            snapshot: &mut self.snapshot,
            environment: &mut *this.environment,
            state: &mut self.state,
            templates: &self.templates,
            groups: &this.groups,
            group_of: &this.group_of,
            listed_nodes: this.nodes.len(),
            options: &self.options,
            now: this.now,
        }
    }

    /// Deletes instances that have had no node for too long, but never below a group's minimum.
    fn remove_long_unregistered(&mut self, this: &mut Loop<'_>) {
        for (id, mut names) in self.state.long_unregistered() {
            let Some(group) = this.groups.get(id.index()) else { continue };
            // The target may have been lowered since the loop began.
            let target = this.environment.groups().get(id.index()).map_or(group.target, |group| group.target);
            let possible = usize::try_from(target - group.min).unwrap_or(0);
            names.truncate(possible);
            if names.is_empty() {
                continue;
            }
            let outcome = this.environment.delete_instances(id, &names, "no node registered in time");
            self.state.invalidate_instances(id);
            for name in &names {
                match &outcome {
                    Ok(()) => {
                        say(this.environment, false, "DeleteUnregistered", format!("Removed unregistered node {name}"));
                    }
                    Err(error) => {
                        let message = format!("Failed to remove node {name}: {error}");
                        say(this.environment, true, "DeleteUnregisteredFailed", message);
                    }
                }
            }
        }
    }

    /// Deletes instances that the cloud failed to make.
    fn delete_failed_instances(&mut self, this: &mut Loop<'_>) {
        let mut deleted = false;
        for (id, names) in self.state.instances_with_errors() {
            if this.environment.delete_instances(id, &names, "the launch failed").is_ok() {
                deleted = true;
                self.state.invalidate_instances(id);
            }
        }
        if deleted {
            this.groups = this.environment.groups();
            self.state.update_ranges(&this.groups);
        }
    }

    /// Lowers targets that have been too high for long; gives whether any was.
    fn fix_sizes(&mut self, this: &mut Loop<'_>) -> bool {
        let mut fixed = false;
        for (id, missing) in self.state.sizes_to_fix(&this.groups, this.now) {
            if this.environment.decrease_target_size(id, missing).is_err() {
                // The real loop ends with an error.
                return true;
            }
            fixed = true;
        }
        fixed
    }

    /// Adds the nodes that are still to come.
    fn add_upcoming(&mut self, this: &Loop<'_>) -> UpcomingNodes {
        let mut upcoming = UpcomingNodes::default();
        let mut counts = self.state.upcoming(this.now);
        counts.sort_by_key(|(id, _)| this.groups.get(id.index()).map(|group| group.name.clone()));
        for (group, count) in counts {
            let Some(template) = self.templates.get(group) else { continue };
            for index in 0..count {
                let node = template.add_to(&mut self.snapshot, &format!("upcoming-{index}"));
                upcoming.add(NodeKey::Upcoming { group, template: template.number, index }, node);
            }
        }
        upcoming
    }

    /// Leaves out nodes that have not started yet, for which upcoming ones stand; gives which.
    fn remove_not_started(&mut self, this: &Loop<'_>) -> BTreeSet<NodeId> {
        let of = |group: GroupId| self.state.readiness_of(group).map(|readiness: &Readiness| &readiness.not_started);
        let groups = self.state.upcoming(this.now);
        let nodes: BTreeSet<NodeId> = groups.iter().filter_map(|(id, _)| of(*id)).flatten().copied().collect();
        for node in &nodes {
            self.snapshot.remove_node(*node);
        }
        nodes
    }

    /// Pods that nothing in sight will help.
    fn pods_to_help(&mut self, this: &Loop<'_>, upcoming: &UpcomingNodes) -> Vec<Arc<PodInfo>> {
        let cutoff = self.options.expendable_pods_priority_cutoff;
        // Chunks of CapacityBuffers come first: they were put before the pods that wait.
        let chunks = this.environment.chunks();
        let mut pods: Vec<Arc<PodInfo>> = chunks.iter().map(|chunk| self.snapshot.copy_pod(chunk)).collect();
        pods.extend(this.environment.unschedulable());
        pods.retain(|pod| pod.priority() >= cutoff);
        for node in self.actuator.drained() {
            for pod in self.snapshot.pods_on(node) {
                if !pod.terminating && pods::is_recreatable(&pod) {
                    pods.push(self.snapshot.copy_pod(&pod));
                }
            }
        }
        pods.sort_by_key(|pod| std::cmp::Reverse(pod.priority()));
        let unplaced: BTreeSet<_> =
            self.filter.place(&mut self.snapshot, upcoming, &pods, false, |_| true).iter().map(|pod| pod.id).collect();
        self.filter.drop_old();
        let is_old = |pod: &PodInfo| {
            let created = this.environment.pod(self.snapshot.original(pod.id)).map(|facts| facts.created);
            let delay = self.options.new_pod_scale_up_delay.max(pods::scale_up_delay(pod).unwrap_or_default());
            created.is_none_or(|created| this.now - created > delay)
        };
        let wants_help = |pod: &Arc<PodInfo>| unplaced.contains(&pod.id) && !pods::is_daemon(pod) && is_old(pod);
        pods.into_iter().filter(wants_help).collect()
    }

    /// Scales up if it is time; gives whether nothing is to be deleted in this loop.
    fn scale_up(&mut self, this: &mut Loop<'_>, pods: &[Arc<PodInfo>]) -> bool {
        if pods.is_empty() {
            this.report.scale_up.result = ScaleUpResult::NotNeeded;
            return false;
        }
        let ready = this.nodes.iter().filter(|node| node.ready && !node.object.unschedulable).count();
        if self.options.max_nodes_total > 0 && ready >= self.options.max_nodes_total {
            this.report.scale_up.result = ScaleUpResult::LimitedByMaxNodesTotal;
            let message = format!("Max total nodes in cluster reached: {}", self.options.max_nodes_total);
            say(this.environment, true, "MaxNodesTotalReached", message);
            let remaining =
                pods.iter().map(|pod| super::RemainingPod { pod: Arc::clone(pod), rejected: BTreeMap::new() });
            this.report.scale_up.remaining = remaining.collect();
            return false;
        }
        if self.all_are_new(this, pods) {
            this.report.scale_up.result = ScaleUpResult::InCooldown;
            return true;
        }
        this.groups = this.environment.groups();
        let mut scale_up = self.scale_up_of(this);
        let status = super::ScaleUpStatus { helpless: pods.len(), ..scale_up.run(pods) };
        self.note_scale_up(this, &status);
        this.report.scale_up = status;
        false
    }

    fn note_scale_up(&mut self, this: &mut Loop<'_>, status: &super::ScaleUpStatus) {
        for info in &status.increases {
            self.scale_ups.insert(info.group, this.now);
        }
        if status.result == ScaleUpResult::Successful {
            self.last_scale_up = Some(this.now);
            this.groups = this.environment.groups();
            self.state.update_ranges(&this.groups);
        }
    }

    fn all_are_new(&self, this: &Loop<'_>, pods: &[Arc<PodInfo>]) -> bool {
        let created = |pod: &Arc<PodInfo>| {
            let facts = this.environment.pod(self.snapshot.original(pod.id));
            // A chunk has no time of creation, which is as long ago as can be.
            facts.map_or(LONG_AGO, |facts| facts.created)
        };
        let oldest = |pods: &mut dyn Iterator<Item = &Arc<PodInfo>>| pods.map(created).min();
        let asks_for_gpu = |pod: &&Arc<PodInfo>| pod.placed().requests.scalar(GPU).is_some_and(|amount| amount > 0);
        let is_new = |oldest: Option<SimTime>, buffer| oldest.is_some_and(|oldest| oldest + buffer > this.now);
        is_new(oldest(&mut pods.iter()), UNSCHEDULABLE_POD_TIME_BUFFER)
            || is_new(oldest(&mut pods.iter().filter(asks_for_gpu)), UNSCHEDULABLE_POD_WITH_GPU_TIME_BUFFER)
    }

    fn scale_down(&mut self, this: &mut Loop<'_>, not_started: &BTreeSet<NodeId>, new_pods: bool) {
        this.groups = this.environment.groups();
        let nodes: Vec<&ObservedNode> = this.nodes.iter().filter(|node| !not_started.contains(&node.id)).collect();
        let input = PlannerInput {
            options: &self.options,
            groups: &this.groups,
            nodes: &nodes,
            deleting: &this.deleting.nodes,
            now: this.now,
        };
        let candidates =
            self.planner.candidates(&input, &self.snapshot, this.environment, |group| self.is_delayed(group, this.now));
        let mut budgets = RemainingBudgets::new(this.environment.budgets());
        self.planner.update(&input, &candidates, &mut self.snapshot, this.environment, &mut budgets);
        this.report.cooldown = self.cooldown(new_pods, this.now);
        if this.report.cooldown.is_some() {
            this.report.scale_down = ScaleDownResult::InCooldown;
        } else if candidates.is_empty() {
            this.report.scale_down = ScaleDownResult::NoCandidates;
        } else {
            let (empty, need_drain) = self.planner.nodes_to_delete(&input, &self.snapshot, &this.deleting.by_group);
            self.start_deletions(this, empty, need_drain);
        }
        let nodes: Vec<&ObservedNode> = this.nodes.iter().filter(|node| !not_started.contains(&node.id)).collect();
        update_soft_taints(this.environment, &nodes, &self.planner, &self.options);
    }

    /// Whether nodes of a group are left alone for a while (`scale-down-delay-type-local`).
    fn is_delayed(&self, group: GroupId, now: SimTime) -> bool {
        let options = &self.options;
        if !options.scale_down_delay_type_local {
            return false;
        }
        let is_recent = |last: Option<SimTime>, delay| last.is_some_and(|last| last + delay > now);
        let (deleted, failed) = self.actuator.last_of(group);
        is_recent(self.scale_ups.get(&group).copied(), options.scale_down_delay_after_add)
            || is_recent(deleted, options.scale_down_delay_after_delete)
            || is_recent(failed, options.scale_down_delay_after_failure)
    }

    fn cooldown(&self, new_pods: bool, now: SimTime) -> Option<Cooldown> {
        if new_pods {
            return Some(Cooldown::NewPods);
        }
        if self.options.scale_down_delay_type_local {
            return None;
        }
        let is_recent = |last: Option<SimTime>, delay| last.is_some_and(|last| last + delay > now);
        if is_recent(self.last_scale_up, self.options.scale_down_delay_after_add) {
            Some(Cooldown::AfterAdd)
        } else if is_recent(self.last_delete, self.options.scale_down_delay_after_delete) {
            Some(Cooldown::AfterDelete)
        } else {
            None
        }
    }

    fn start_deletions(&mut self, this: &mut Loop<'_>, empty: Vec<NodeToRemove>, need_drain: Vec<NodeToRemove>) {
        let names: BTreeMap<NodeId, Name> =
            this.nodes.iter().map(|node| (node.id, node.object.meta.name.clone())).collect();
        let group_of = |node: NodeId| this.group_of.get(&node).copied();
        let (empty, need_drain) = self.actuator.crop(empty, need_drain, group_of, &self.options);
        this.report.scale_down = ScaleDownResult::NoNodeDeleted;
        for (buckets, drain) in [(empty, false), (need_drain, true)] {
            for (group, nodes) in &buckets {
                for removal in nodes {
                    let name = names.get(&removal.node).cloned().unwrap_or_default();
                    let started = self.deletion_started(removal.node, *group, name, drain);
                    say_deletion(this.environment, &started, drain, &self.snapshot);
                    this.report.started.push(started);
                    this.report.scale_down = ScaleDownResult::NodeDeleteStarted;
                }
            }
            let planner = &self.planner;
            let describe = |node: NodeId| {
                let unneeded = planner.unneeded.get(node).map(|unneeded| this.now - unneeded.since).unwrap_or_default();
                let used = planner.utilization.get(&node).copied().unwrap_or_default();
                let why = format!("unneeded for {unneeded}, {} utilization {:.3}", used.resource(), used.value());
                (names.get(&node).cloned().unwrap_or_default(), why)
            };
            self.actuator.start(this.environment, buckets, drain, describe, &self.options, this.now);
        }
        if this.report.scale_down == ScaleDownResult::NodeDeleteStarted {
            self.last_delete = Some(this.now);
            self.state.update_ranges(&this.groups);
        }
    }

    fn deletion_started(&self, node: NodeId, group: GroupId, name: Name, drain: bool) -> DeletionStarted {
        let evicted = |pod: &&Arc<PodInfo>| drain && !pods::is_mirror(pod) && !pods::is_daemon(pod);
        let pods = self.snapshot.pods_on(node);
        let pods = pods.iter().filter(evicted).map(|pod| self.snapshot.original(pod.id)).collect();
        DeletionStarted { node, name, group, utilization: self.utilization(node).unwrap_or_default(), pods }
    }

    /// The next moment at which something changes by itself that a loop would act on: not pods or nodes, of which it is
    /// told, but times that run out.
    pub fn next_deadline(&self, groups: &[NodeGroup], now: SimTime) -> Option<SimTime> {
        let delay = |last: Option<SimTime>, delay: SimDuration| last.map(|last| last + delay).filter(|end| *end >= now);
        let delays = [
            delay(self.last_scale_up, self.options.scale_down_delay_after_add),
            delay(self.last_delete, self.options.scale_down_delay_after_delete),
        ];
        let ends = delays.into_iter().chain([self.state.next_deadline(groups, now), self.planner.next_deadline(now)]);
        ends.flatten().min()
    }
}

fn say(environment: &mut dyn Environment, is_warning: bool, reason: &'static str, message: String) {
    environment.emit(Event { subject: EventSubject::Status, is_warning, reason, message });
}

fn say_deletion(environment: &mut dyn Environment, started: &DeletionStarted, drain: bool, snapshot: &Snapshot) {
    let name = &started.name;
    if !drain {
        say(environment, false, "ScaleDownEmpty", format!("Scale-down: removing empty node {name:?}"));
        return;
    }
    let Utilization { cpu, memory, gpu } = started.utilization;
    let pods: Vec<String> = snapshot
        .pods_on(started.node)
        .iter()
        .filter(|pod| !pods::is_daemon(pod))
        .map(|pod| pod.name.to_string())
        .collect();
    let message = format!(
        "Scale-down: removing node {name}, utilization: {{{cpu} {memory} {} 0 {} {}}}, pods to reschedule: {}",
        gpu.unwrap_or(0.0),
        started.utilization.resource(),
        started.utilization.value(),
        pods.join(",")
    );
    say(environment, false, "ScaleDown", message);
}
