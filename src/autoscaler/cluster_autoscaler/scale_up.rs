//! Scale-up: which node groups could help pending pods, which of them is chosen, and how much it grows
//! (`scaleup/orchestrator`).

use super::balancing::{self, ScaleUpInfo};
use super::cluster_state::ClusterState;
use super::environment::{Environment, Event, EventSubject, GroupId, NodeGroup};
use super::equivalence::{PodGroup, pod_groups};
use super::estimator::{EstimationLimits, estimate};
use super::expander::{self, ExpanderContext, ExpansionOption};
use super::options::Options;
use super::quotas::Tracker;
use super::snapshot::Snapshot;
use super::template::{Template, Templates};
use crate::scheduler::{NodeInfo, PodInfo};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a group in back-off is skipped.
pub const IN_BACKOFF: &str = "in backoff after failed scale-up";
/// Why a group at its maximum is skipped.
pub const MAX_SIZE_REACHED: &str = "max node group size reached";
/// Why an unhealthy group is skipped.
pub const NOT_READY: &str = "not ready for scale-up";
/// Why groups were not chosen that no expander wanted.
const FILTERED_OUT: &str = "expansion options filtered out and no longer considered";
/// Why a group did not help whose scale-up failed.
const EXECUTION_FAILED: &str = "scale-up execution failed";

/// How a scale-up ended (`ScaleUpResult`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleUpResult {
    /// Nodes were asked for.
    Successful,
    /// The cloud refused.
    Error,
    /// No group could help.
    NoOptionsAvailable,
    /// No pod needs help.
    NotNeeded,
    /// The loop ended before.
    #[default]
    NotTried,
    /// All pods are too new.
    InCooldown,
    /// The cluster has as many nodes as it may have.
    LimitedByMaxNodesTotal,
}

impl ScaleUpResult {
    /// The name in the real program, without its prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::Error => "Error",
            Self::NoOptionsAvailable => "NoOptionsAvailable",
            Self::NotNeeded => "NotNeeded",
            Self::NotTried => "NotTried",
            Self::InCooldown => "InCooldown",
            Self::LimitedByMaxNodesTotal => "LimitedByMaxNodesTotal",
        }
    }
}

/// A pod that was not helped, and why each group was not chosen.
#[derive(Clone, Debug)]
pub struct RemainingPod {
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// Why nodes of a group would not take it.
    pub rejected: BTreeMap<GroupId, Vec<String>>,
}

/// What a scale-up did.
#[derive(Clone, Debug, Default)]
pub struct ScaleUpStatus {
    /// How it ended.
    pub result: ScaleUpResult,
    /// How many pods nothing in sight helps.
    pub helpless: usize,
    /// The ways that there were: group, nodes, pods.
    pub options: Vec<(GroupId, usize, usize)>,
    /// The group that was chosen.
    pub chosen: Option<GroupId>,
    /// How groups grew.
    pub increases: Vec<ScaleUpInfo>,
    /// Groups that the cloud refused to let grow, and its words.
    pub rejected: Option<(GroupId, String)>,
    /// That group and those that would have grown after it.
    pub failed: Vec<GroupId>,
    /// The pods that it was for.
    pub triggered: Vec<Arc<PodInfo>>,
    /// The pods that were not helped.
    pub remaining: Vec<RemainingPod>,
    /// Groups that were not looked at, and why.
    pub skipped: BTreeMap<GroupId, String>,
}

/// What a scale-up works with.
pub struct ScaleUp<'a> {
    /// The cluster as it is simulated.
    pub snapshot: &'a mut Snapshot,
    /// The cloud.
    pub environment: &'a mut dyn Environment,
    /// The belief.
    pub state: &'a mut ClusterState,
    /// The templates.
    pub templates: &'a Templates,
    /// The groups.
    pub groups: &'a [NodeGroup],
    /// The group of each node.
    pub group_of: &'a BTreeMap<crate::cluster::NodeId, GroupId>,
    /// Nodes that the price expander counts.
    pub listed_nodes: usize,
    /// The options.
    pub options: &'a Options,
    /// Now.
    pub now: SimTime,
}

impl ScaleUp<'_> {
    fn ids(&self) -> impl Iterator<Item = GroupId> + use<> {
        (0..self.groups.len()).map(GroupId::from_index)
    }

    fn tracker(&self) -> Tracker {
        let nodes = self.snapshot.order().iter();
        let known = nodes.filter_map(|id| Some((self.snapshot.node(*id)?.node(), self.group_of.get(id).copied())));
        Tracker::growth(known, self.options)
    }

    /// Why a group cannot grow now.
    fn reason_to_skip(&self, id: GroupId) -> Option<String> {
        if !self.state.is_group_healthy(id, self.options) {
            return Some(NOT_READY.to_owned());
        }
        self.state.backoff_of(id, self.now).map(|_| IN_BACKOFF.to_owned())
    }

    fn quota_reason(tracker: &mut Tracker, id: GroupId, template: &Template) -> Option<String> {
        let allowed = tracker.check(id, &template.node, 1);
        let exceeded = allowed.exceeded.join(", ");
        (!exceeded.is_empty()).then(|| format!("exceeded quota: \"cluster-wide\", resources: {exceeded}"))
    }

    /// Scales up for pods.
    pub fn run(&mut self, pods: &[Arc<PodInfo>]) -> ScaleUpStatus {
        let mut equivalence = pod_groups(pods);
        let mut tracker = self.tracker();
        let mut status = ScaleUpStatus::default();
        let mut valid: Vec<(GroupId, Arc<Template>)> = Vec::new();
        for id in self.ids() {
            let group = &self.groups[id.index()];
            let template = self.templates.get(id);
            let reason = self
                .reason_to_skip(id)
                .or_else(|| (group.target >= group.max).then(|| MAX_SIZE_REACHED.to_owned()))
                .or_else(|| template.is_none().then(|| NOT_READY.to_owned()))
                .or_else(|| Self::quota_reason(&mut tracker, id, template?));
            match (reason, template) {
                (None, Some(template)) => valid.push((id, Arc::clone(template))),
                (reason, _) => _ = status.skipped.insert(id, reason.unwrap_or_default()),
            }
        }
        for (id, template) in &valid {
            self.find_schedulable(&mut equivalence, *id, template);
        }
        let nodes = self.snapshot.order().len();
        let mut options: Vec<ExpansionOption> = Vec::new();
        for (id, template) in &valid {
            options.extend(self.expansion_option(&equivalence, *id, template, &valid, nodes));
        }
        status.options = options.iter().map(|option| (option.group, option.node_count, option.pods.len())).collect();
        if options.is_empty() {
            status.result = ScaleUpResult::NoOptionsAvailable;
            return finish(status, &equivalence);
        }
        let Some(best) = self.choose(&options) else {
            mark_all(&mut equivalence, FILTERED_OUT);
            status.result = ScaleUpResult::NoOptionsAvailable;
            return finish(status, &equivalence);
        };
        status.chosen = Some(best.group);
        status.triggered.clone_from(&best.pods);
        let wanted = i64::try_from(best.node_count).unwrap_or(i64::MAX);
        let Some(new_nodes) = self.capped(wanted, nodes) else {
            mark_all(&mut equivalence, EXECUTION_FAILED);
            status.result = ScaleUpResult::Error;
            return finish(status, &equivalence);
        };
        let new_nodes = tracker.check(best.group, &best.node, new_nodes).nodes;
        let infos = self.split(&equivalence, best.group, new_nodes, &valid, &mut tracker);
        self.execute(infos, &mut status);
        if status.rejected.is_some() {
            mark_failed(&mut equivalence, &status);
        }
        finish(status, &equivalence)
    }

    /// Notes which pods would fit on a node of a group.
    fn find_schedulable(&mut self, equivalence: &mut [PodGroup], id: GroupId, template: &Template) {
        self.snapshot.fork();
        let node = self.snapshot.add_simulated_node(Arc::clone(&template.node), &template.pods);
        for group in equivalence.iter_mut() {
            let Some(pod) = group.pods.first().cloned() else { continue };
            match self.snapshot.check(&pod, node) {
                Ok(()) => {
                    group.schedulable = true;
                    group.schedulable_groups.push(id);
                }
                Err(unfit) => _ = group.errors.insert(id, self.snapshot.reasons(&pod, node, &unfit)),
            }
        }
        self.snapshot.revert();
    }

    /// What a group could do; `None` if nothing.
    fn expansion_option(
        &mut self,
        equivalence: &[PodGroup],
        id: GroupId,
        template: &Arc<Template>,
        valid: &[(GroupId, Arc<Template>)],
        nodes: usize,
    ) -> Option<ExpansionOption> {
        let fitting: Vec<&[Arc<PodInfo>]> = equivalence
            .iter()
            .filter(|group| group.schedulable_groups.contains(&id))
            .map(|group| group.pods.as_slice())
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let mut capacity = EstimationLimits::capacity_of(&self.groups[id.index()]);
        for similar in self.similar_groups(equivalence, id, valid) {
            capacity += EstimationLimits::capacity_of(&self.groups[similar.index()]);
        }
        let limits = EstimationLimits {
            max_nodes_per_scaleup: self.options.max_nodes_per_scaleup,
            group_capacity: capacity,
            max_nodes_total: self.options.max_nodes_total,
            current_nodes: nodes,
        };
        let fastpath = self.options.fastpath_binpacking_enabled;
        let estimate = estimate(self.snapshot, template, &fitting, limits, fastpath);
        (estimate.nodes > 0 && !estimate.pods.is_empty()).then(|| ExpansionOption {
            group: id,
            name: self.groups[id.index()].name.clone(),
            node: Arc::clone(&template.node),
            node_count: estimate.nodes,
            pods: estimate.pods,
            exists: true,
            node_price_per_hour: self.environment.node_price_per_hour(id),
        })
    }

    fn choose(&mut self, options: &[ExpansionOption]) -> Option<ExpansionOption> {
        let priorities = self.environment.priorities().map(str::to_owned);
        let context = ExpanderContext {
            pod_prices_per_hour: self.environment.pod_prices_per_hour(),
            cluster_nodes: self.listed_nodes,
            priorities: priorities.as_deref(),
        };
        let environment = &mut *self.environment;
        expander::best(&self.options.expander, options, &context, &mut |count| environment.draw(count))
    }

    /// The number of new nodes as far as the cluster may grow; `None` if it may not.
    fn capped(&self, new_nodes: i64, nodes: usize) -> Option<i64> {
        let (limit, nodes) = (self.options.max_nodes_total, i64::try_from(nodes).unwrap_or(i64::MAX));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let capped = if limit > 0 { new_nodes.min(limit.saturating_sub(nodes)) } else { new_nodes };
        (capped >= 1).then_some(capped)
    }

    /// Groups that are similar to one and take the same pods.
    fn similar_groups(
        &self,
        equivalence: &[PodGroup],
        id: GroupId,
        valid: &[(GroupId, Arc<Template>)],
    ) -> Vec<GroupId> {
        let Some(own) = self.templates.get(id).filter(|_| self.options.balance_similar_node_groups) else {
            return Vec::new();
        };
        let own_info = node_info(own);
        let takes_same = |candidate: GroupId| {
            let needed = equivalence.iter().filter(|group| group.schedulable_groups.contains(&id));
            valid.iter().any(|(valid, _)| *valid == candidate)
                && needed.into_iter().all(|group| group.schedulable_groups.contains(&candidate))
        };
        self.ids()
            .filter(|candidate| *candidate != id)
            .filter(|candidate| {
                self.templates.get(*candidate).is_some_and(|template| {
                    balancing::are_similar((own, &own_info), (template, &node_info(template)), self.options)
                })
            })
            .filter(|candidate| self.reason_to_skip(*candidate).is_none() && takes_same(*candidate))
            .collect()
    }

    /// Splits an increase between similar groups, each as far as the limits of the cluster allow.
    fn split(
        &self,
        equivalence: &[PodGroup],
        id: GroupId,
        new_nodes: i64,
        valid: &[(GroupId, Arc<Template>)],
        tracker: &mut Tracker,
    ) -> Vec<ScaleUpInfo> {
        let mut targets = vec![id];
        for similar in self.similar_groups(equivalence, id, valid) {
            let Some(template) = self.templates.get(similar) else { continue };
            if Self::quota_reason(tracker, similar, template).is_none() {
                targets.push(similar);
            }
        }
        let groups: Vec<(GroupId, &NodeGroup)> = targets.iter().map(|id| (*id, &self.groups[id.index()])).collect();
        self.within_quota(balancing::balance(&groups, new_nodes), tracker)
    }

    fn within_quota(&self, mut infos: Vec<ScaleUpInfo>, tracker: &mut Tracker) -> Vec<ScaleUpInfo> {
        for info in &mut infos {
            let Some(template) = self.templates.get(info.group) else { continue };
            let delta = info.new_size - info.current_size;
            let allowed = tracker.check(info.group, &template.node, delta).nodes;
            info.new_size = info.current_size + allowed.min(delta);
            if allowed > 0 {
                tracker.consume(info.group, &template.node, allowed);
            }
        }
        infos.retain(|info| info.new_size != info.current_size);
        infos
    }

    /// Asks the cloud; ends at the first group that it refuses.
    fn execute(&mut self, infos: Vec<ScaleUpInfo>, status: &mut ScaleUpStatus) {
        let why = match status.triggered.as_slice() {
            [] => "the group is below its minimum".to_owned(),
            [pod] => format!("pod {}/{} triggered scale-up", pod.namespace, pod.name),
            [pod, others @ ..] => {
                format!("pod {}/{} and {} others triggered scale-up", pod.namespace, pod.name, others.len())
            }
        };
        let planned: Vec<GroupId> = infos.iter().map(|info| info.group).collect();
        for (place, info) in infos.into_iter().enumerate() {
            let group = &self.groups[info.group.index()];
            let delta = info.new_size - info.current_size;
            let sizes = format!("{} instead of {} (max: {})", info.new_size, info.current_size, info.max_size);
            let say = |environment: &mut dyn Environment, is_warning, reason, message| {
                environment.emit(Event { subject: EventSubject::Status, is_warning, reason, message });
            };
            let message = format!("Scale-up: setting group {} size to {sizes}", group.name);
            say(self.environment, false, "ScaledUpGroup", message);
            if let Err(error) = self.environment.increase_size(info.group, delta, &why) {
                let message = format!("Scale-up failed for group {}: {error}", group.name);
                say(self.environment, true, "FailedToScaleUpGroup", message);
                self.state.register_failed_scale_up(info.group, "cloudProviderError", self.now, self.options);
                status.rejected = Some((info.group, error));
                status.failed = planned.into_iter().skip(place).collect();
                status.result = ScaleUpResult::Error;
                return;
            }
            self.state.register_scale_up(info.group, delta, group, self.now);
            let message = format!("Scale-up: group {} size set to {sizes}", group.name);
            say(self.environment, false, "ScaledUpGroup", message);
            status.increases.push(info);
        }
        status.result = ScaleUpResult::Successful;
    }

    /// Brings groups up to their minimum (`ScaleUpToNodeGroupMinSize`).
    pub fn reach_min_size(&mut self) -> ScaleUpStatus {
        let mut status = ScaleUpStatus { result: ScaleUpResult::NotNeeded, ..ScaleUpStatus::default() };
        let mut tracker = self.tracker();
        let mut infos = Vec::new();
        for id in self.ids() {
            let group = &self.groups[id.index()];
            if group.target >= group.min || self.reason_to_skip(id).is_some() {
                continue;
            }
            let Some(template) = self.templates.get(id) else { continue };
            if Self::quota_reason(&mut tracker, id, template).is_some() {
                continue;
            }
            let allowed = tracker.check(id, &template.node, group.min - group.target).nodes;
            let target = usize::try_from(group.target).unwrap_or(0);
            let Some(new_nodes) = self.capped(allowed, target) else { continue };
            infos.push(ScaleUpInfo {
                group: id,
                current_size: group.target,
                new_size: group.target + new_nodes,
                max_size: group.max,
            });
        }
        if !infos.is_empty() {
            self.execute(infos, &mut status);
        }
        status
    }
}

/// A template as the scheduler sees it.
fn node_info(template: &Template) -> NodeInfo {
    let mut info = NodeInfo::new(crate::cluster::NodeId::from_index(0), Arc::clone(&template.node));
    template.pods.iter().for_each(|pod| info.add_pod(Arc::clone(pod)));
    info
}

fn mark_all(equivalence: &mut [PodGroup], reason: &str) {
    for group in equivalence.iter_mut().filter(|group| group.schedulable) {
        for id in &group.schedulable_groups {
            group.errors.insert(*id, vec![reason.to_owned()]);
        }
        group.schedulable = false;
    }
}

/// Pods that only groups could help whose scale-up failed are not helped. After the first refusal the further groups of the
/// split count as failed too.
fn mark_failed(equivalence: &mut [PodGroup], status: &ScaleUpStatus) {
    for group in equivalence.iter_mut().filter(|group| group.schedulable && !group.schedulable_groups.is_empty()) {
        for failed in status.failed.iter().filter(|failed| group.schedulable_groups.contains(failed)) {
            group.errors.insert(*failed, vec![EXECUTION_FAILED.to_owned()]);
        }
        group.schedulable = group.schedulable_groups.iter().any(|id| !status.failed.contains(id));
    }
}

fn finish(mut status: ScaleUpStatus, equivalence: &[PodGroup]) -> ScaleUpStatus {
    let unhelped = equivalence.iter().filter(|group| !group.schedulable);
    status.remaining = unhelped
        .flat_map(|group| {
            group.pods.iter().map(|pod| RemainingPod { pod: Arc::clone(pod), rejected: group.errors.clone() })
        })
        .collect();
    status
}
