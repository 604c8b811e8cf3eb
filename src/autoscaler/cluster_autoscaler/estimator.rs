//! How many nodes of a group pending pods need (`estimator`): first fit, the largest pods first.

use super::environment::NodeGroup;
use super::snapshot::{Snapshot, Unfit};
use super::template::Template;
use crate::api::well_known;
use crate::cluster::NodeId;
use crate::scheduler::{Code, Plugin, PodInfo};
use crate::units::Bytes;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Upper bounds of an estimation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EstimationLimits {
    /// `max-nodes-per-scaleup`; 0 is no limit.
    pub max_nodes_per_scaleup: usize,
    /// Nodes that the group and those similar to it may still get.
    pub group_capacity: i64,
    /// `max-nodes-total`; 0 is no limit.
    pub max_nodes_total: usize,
    /// Nodes in the cluster.
    pub current_nodes: usize,
}

impl EstimationLimits {
    /// How many nodes may be added; `None` is any number.
    fn most(self) -> Option<usize> {
        let group = usize::try_from(self.group_capacity).unwrap_or(0);
        let total = (self.max_nodes_total > 0).then(|| self.max_nodes_total.saturating_sub(self.current_nodes));
        let scaleup = (self.max_nodes_per_scaleup > 0).then_some(self.max_nodes_per_scaleup);
        [Some(group), total, scaleup].into_iter().flatten().min()
    }

    /// Room in a group: what is left to its maximum.
    pub fn capacity_of(group: &NodeGroup) -> i64 {
        (group.max - group.target).max(0)
    }
}

/// The outcome of an estimation.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// Nodes that got at least one pod.
    pub nodes: usize,
    /// The pods that find a place, in the order in which they were placed.
    pub pods: Vec<Arc<PodInfo>>,
    /// The nodes in the order in which they were made, and the node of each pod.
    pub placements: Vec<usize>,
}

struct Estimation<'a> {
    snapshot: &'a mut Snapshot,
    template: &'a Template,
    left: Option<usize>,
    new_nodes: Vec<NodeId>,
    is_new: FxHashSet<NodeId>,
    with_pods: FxHashSet<NodeId>,
    faked: usize,
    result: Estimate,
}

/// Estimates. Each of `groups` holds pods that ask for the same.
pub fn estimate(
    snapshot: &mut Snapshot,
    template: &Template,
    groups: &[&[Arc<PodInfo>]],
    limits: EstimationLimits,
    fastpath: bool,
) -> Estimate {
    let mut order: Vec<&[Arc<PodInfo>]> = groups.iter().copied().filter(|pods| !pods.is_empty()).collect();
    order.sort_by(|left, right| score(right, template).total_cmp(&score(left, template)));
    let fast = if fastpath { fastpath_group(&order, template) } else { None };
    if let Some(index) = fast {
        let group = order.remove(index);
        order.push(group);
    }
    snapshot.fork();
    let mut estimation = Estimation {
        snapshot,
        template,
        left: limits.most(),
        new_nodes: Vec::new(),
        is_new: FxHashSet::default(),
        with_pods: FxHashSet::default(),
        faked: 0,
        result: Estimate::default(),
    };
    let mut may_add = true;
    for (index, pods) in order.iter().enumerate() {
        let rest = estimation.place_on_new_nodes(pods);
        if may_add && fast.is_some() && index + 1 == order.len() {
            estimation.add_by_arithmetic(rest);
        } else if may_add {
            may_add = estimation.add_nodes(rest);
        }
    }
    let mut result = estimation.result;
    result.nodes = estimation.with_pods.len() + estimation.faked;
    snapshot.revert();
    result
}

impl Estimation<'_> {
    /// Places pods on the nodes that were added until one fits nowhere; gives those that are left.
    fn place_on_new_nodes<'p>(&mut self, pods: &'p [Arc<PodInfo>]) -> &'p [Arc<PodInfo>] {
        for (index, pod) in pods.iter().enumerate() {
            if self.new_nodes.is_empty() {
                return &pods[index..];
            }
            let is_new = &self.is_new;
            match self.snapshot.place_anywhere(pod, |node| is_new.contains(&node)) {
                Some(node) => self.note(pod, node),
                None => return &pods[index..],
            }
        }
        &[]
    }

    /// Adds nodes for pods; gives whether it is worth while to add more for other pods.
    fn add_nodes(&mut self, pods: &[Arc<PodInfo>]) -> bool {
        for pod in pods {
            if let Some(last) = self.new_nodes.last().copied() {
                match self.snapshot.place_on(pod, last) {
                    Ok(()) => {
                        self.note(pod, last);
                        continue;
                    }
                    Err(unfit) => {
                        let spreads = spreads_over_hosts(pod) && is_spread_failure(&unfit);
                        if spreads && let Some(node) = self.snapshot.place_anywhere(pod, |node| node != last) {
                            self.note(pod, node);
                            continue;
                        }
                    }
                }
                // Another node would be no better than the empty one.
                if !self.with_pods.contains(&last) {
                    return true;
                }
            }
            if !self.may_add_node() {
                return false;
            }
            let node = self.add_node();
            if self.snapshot.place_on(pod, node).is_err() {
                break;
            }
            self.note(pod, node);
        }
        true
    }

    /// Fills one node, and takes it that each further one holds as many.
    fn add_by_arithmetic(&mut self, pods: &[Arc<PodInfo>]) {
        if pods.is_empty() || !self.may_add_node() {
            return;
        }
        let node = self.add_node();
        let mut placed = 0;
        for pod in pods {
            if self.snapshot.place_on(pod, node).is_err() {
                break;
            }
            self.note(pod, node);
            placed += 1;
        }
        if placed == 0 {
            return;
        }
        for more in pods[placed..].chunks(placed) {
            if !self.may_add_node() {
                return;
            }
            self.faked += 1;
            let node = self.new_nodes.len() + self.faked - 1;
            for pod in more {
                self.result.pods.push(Arc::clone(pod));
                self.result.placements.push(node);
            }
        }
    }

    fn may_add_node(&mut self) -> bool {
        match &mut self.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn add_node(&mut self) -> NodeId {
        let node = self.template.add_to(self.snapshot, &format!("e-{}", self.new_nodes.len()));
        self.new_nodes.push(node);
        self.is_new.insert(node);
        node
    }

    fn note(&mut self, pod: &Arc<PodInfo>, node: NodeId) {
        self.with_pods.insert(node);
        self.result.pods.push(Arc::clone(pod));
        self.result.placements.push(self.new_nodes.iter().position(|new| *new == node).unwrap_or(usize::MAX));
    }
}

/// How large the pods of a group are: the sum of their shares of a node (`DecreasingPodOrderer`).
fn score(pods: &[Arc<PodInfo>], template: &Template) -> f64 {
    let Some(pod) = pods.first() else { return 0.0 };
    let (requests, offered) = (&pod.placed().requests, &template.node.allocatable);
    let share = |requested: f64, of: f64| if of > 0.0 { requested / of } else { 0.0 };
    share(requests.cpu.as_f64(), offered.cpu.unwrap_or_default().as_f64())
        + share(requests.memory.as_f64(), offered.memory.unwrap_or_default().as_f64())
}

fn spreads_over_hosts(pod: &PodInfo) -> bool {
    pod.spread_constraints().iter().any(|constraint| &*constraint.topology_key == well_known::HOSTNAME)
}

fn is_spread_failure(unfit: &Unfit) -> bool {
    matches!(unfit, Unfit::Filter(failure) if failure.plugin() == Plugin::PodTopologySpread
        && failure.code() == Code::Unschedulable)
}

/// The group of which most simulations are saved when its pods are counted rather than placed.
fn fastpath_group(groups: &[&[Arc<PodInfo>]], template: &Template) -> Option<usize> {
    let mut best = None;
    let mut most_saved = 0;
    for (index, pods) in groups.iter().enumerate() {
        let Some(pod) = pods.first() else { continue };
        let required = pod.affinity().map(|affinity| affinity.pod_anti_required.as_slice()).unwrap_or_default();
        let is_alone = required.iter().any(|term| {
            &*term.topology_key == well_known::HOSTNAME
                && term.label_selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        });
        let by_affinity = if is_alone { pods.len() } else { 0 };
        // The real program looks at the first container alone.
        let requests = pod.spec().containers.first().map(|container| &container.requests);
        let capacity = &template.node.capacity;
        let count = u32::try_from(pods.len()).map_or(f64::MAX, f64::from);
        let nodes =
            |requested: Option<f64>, of: f64| requested.map_or(0, |requested| whole((count * requested / of).ceil()));
        let by_cpu = nodes(
            requests.and_then(|list| list.cpu).map(|cpu| cpu.as_f64() / 1000.0),
            capacity.cpu.unwrap_or_default().as_f64() / 1000.0,
        );
        let by_memory = nodes(
            requests.and_then(|list| list.memory).map(Bytes::as_f64),
            capacity.memory.unwrap_or_default().as_f64(),
        );
        let nodes = by_affinity.max(by_cpu).max(by_memory);
        let saved = pods.len().checked_div(nodes).map_or(0, |each| pods.len() - each);
        let other_topology = required.iter().any(|term| &*term.topology_key != well_known::HOSTNAME);
        if saved >= most_saved && pod.spread_constraints().is_empty() && !other_topology {
            best = Some(index);
            most_saved = saved;
        }
    }
    best
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
const fn whole(value: f64) -> usize {
    value as usize
}
