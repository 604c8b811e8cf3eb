//! Limits on the cpu and memory of the whole cluster (`resourcequotas`).

use super::environment::GroupId;
use super::options::Options;
use crate::api::Node;
use crate::units::{Bytes, MilliCpu};
use std::collections::BTreeMap;

/// Whole cores and bytes of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    cores: i64,
    bytes: i64,
}

impl Amounts {
    fn of(node: &Node) -> Self {
        let cpu = node.capacity.cpu.map_or(0, MilliCpu::get);
        Self { cores: (cpu + 999) / 1000, bytes: node.capacity.memory.map_or(0, Bytes::get) }
    }
}

/// What is left of a limit.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    left: Amounts,
    /// Nodes of one group count alike, as the first of them.
    by_group: BTreeMap<GroupId, Amounts>,
}

/// What a limit allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// How many of the nodes.
    pub nodes: i64,
    /// The resources that are exceeded.
    pub exceeded: Vec<&'static str>,
}

impl Tracker {
    /// How far the cluster may grow.
    pub fn growth<'a>(nodes: impl Iterator<Item = (&'a Node, Option<GroupId>)>, options: &Options) -> Self {
        let mut tracker = Self::default();
        let used = tracker.sum(nodes);
        tracker.left = Amounts {
            cores: (options.cores_total.1 - used.cores).max(0),
            bytes: (options.memory_total.1 - used.bytes).max(0),
        };
        tracker
    }

    /// How far the cluster may shrink.
    pub fn shrinking<'a>(nodes: impl Iterator<Item = (&'a Node, Option<GroupId>)>, options: &Options) -> Self {
        let mut tracker = Self::default();
        let used = tracker.sum(nodes);
        tracker.left = Amounts {
            cores: (used.cores - options.cores_total.0).max(0),
            bytes: (used.bytes - options.memory_total.0).max(0),
        };
        tracker
    }

    fn sum<'a>(&mut self, nodes: impl Iterator<Item = (&'a Node, Option<GroupId>)>) -> Amounts {
        let mut sum = Amounts::default();
        for (node, group) in nodes {
            let amounts = self.amounts(node, group);
            sum.cores = sum.cores.saturating_add(amounts.cores);
            sum.bytes = sum.bytes.saturating_add(amounts.bytes);
        }
        sum
    }

    fn amounts(&mut self, node: &Node, group: Option<GroupId>) -> Amounts {
        match group {
            Some(group) => *self.by_group.entry(group).or_insert_with(|| Amounts::of(node)),
            None => Amounts::of(node),
        }
    }

    /// Whether some nodes like `node` are allowed.
    pub fn check(&mut self, group: GroupId, node: &Node, nodes: i64) -> Allowed {
        let amounts = self.amounts(node, Some(group));
        let mut allowed = Allowed { nodes, exceeded: Vec::new() };
        for (name, each, left) in [("cpu", amounts.cores, self.left.cores), ("memory", amounts.bytes, self.left.bytes)]
        {
            if each > 0 && left < each.saturating_mul(nodes) {
                allowed.nodes = allowed.nodes.min(left / each);
                allowed.exceeded.push(name);
            }
        }
        allowed
    }

    /// Uses the limit for some nodes like `node` if all of them are allowed.
    pub fn consume(&mut self, group: GroupId, node: &Node, nodes: i64) -> bool {
        let allowed = self.check(group, node, nodes);
        if allowed.nodes != nodes {
            return false;
        }
        let amounts = self.amounts(node, Some(group));
        self.left.cores = (self.left.cores - amounts.cores.saturating_mul(nodes)).max(0);
        self.left.bytes = (self.left.bytes - amounts.bytes.saturating_mul(nodes)).max(0);
        true
    }
}
