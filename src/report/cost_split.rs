//! What the price of the nodes was paid for.
//!
//! The price of a node is laid to its CPU and memory by weight, and of each to what became of it while the node was there:
//! kept for the system, requested by DaemonSets or other pods, free. What GPUs cost goes with both.

use super::node_price::{hourly_price, paid_for};
use crate::record::{Facts, MachineTypeRecord, NodeRecord};
use crate::stats;
use crate::units::{NanoDollars, SimTime};

/// What a core and a GiB of memory are worth against each other: OpenCost's default prices for an hour.
const CORE: f64 = 0.031_611;
const GIBIBYTE: f64 = 0.004_237;

/// Dollars by what they were paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CostSplit {
    /// Requested by pods and used by them.
    pub used: f64,
    /// Requested by pods and not used.
    pub requested_idle: f64,
    /// Requested by pods of DaemonSets.
    pub daemon_sets: f64,
    /// Kept for the system and the kubelet.
    pub system_reserved: f64,
    /// Free, but too small for every pod that the run had seen.
    pub fragmented: f64,
    /// Free, on a node that had as many pods as it may have.
    pub pod_cap: f64,
    /// Free otherwise.
    pub free: f64,
    /// Of machines while they had no Node object: booting, being removed, or never registered.
    pub without_node: f64,
}

/// A share of what a node has of one resource: integrals over its life in the unit of the resource times nanoseconds.
struct Shares {
    whole: f64,
    allocatable: f64,
    requested: f64,
    daemons: f64,
    fragmented: f64,
    pod_cap: f64,
    /// The share of what pods request that they use.
    use_ratio: f64,
}

impl CostSplit {
    /// Lays dollars of one resource of a node to what became of it.
    fn add(&mut self, dollars: f64, shares: &Shares) {
        if shares.whole <= 0.0 {
            self.free += dollars;
            return;
        }
        let mut left = 1.0;
        let mut take = |amount: f64| {
            let share = (amount / shares.whole).clamp(0.0, left);
            left -= share;
            dollars * share
        };
        self.system_reserved += take(shares.whole - shares.allocatable);
        self.daemon_sets += take(shares.daemons);
        let pods = take(shares.requested - shares.daemons);
        let used = pods * shares.use_ratio.clamp(0.0, 1.0);
        self.used += used;
        self.requested_idle += pods - used;
        self.pod_cap += take(shares.pod_cap);
        self.fragmented += take(shares.fragmented);
        self.free += dollars * left;
    }

    /// The parts with their metrics.
    pub fn parts(&self) -> [(&'static str, f64); 8] {
        [
            ("cost_split_used_dollars", self.used),
            ("cost_split_requested_idle_dollars", self.requested_idle),
            ("cost_split_daemon_sets_dollars", self.daemon_sets),
            ("cost_split_system_reserved_dollars", self.system_reserved),
            ("cost_split_fragmented_dollars", self.fragmented),
            ("cost_split_pod_cap_dollars", self.pod_cap),
            ("cost_split_free_dollars", self.free),
            ("cost_split_without_node_dollars", self.without_node),
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
const fn float(value: i128) -> f64 {
    value as f64
}

/// The parts of a node's price that are for its CPU and its memory.
pub(super) fn weights(node: &NodeRecord) -> (f64, f64) {
    let cpu = node.cpu_capacity.as_cores() * CORE;
    let memory = node.memory_capacity.as_f64() / 1_073_741_824.0 * GIBIBYTE;
    if cpu + memory > 0.0 { (cpu / (cpu + memory), memory / (cpu + memory)) } else { (1.0, 0.0) }
}

/// Splits what all nodes of known price cost.
pub(super) fn split(facts: &Facts) -> CostSplit {
    let mut split = CostSplit::default();
    let end = facts.end;
    // How much memory a node's pods use is not known of each: the cluster's share counts for all.
    let memory_ratio = stats::ratio_of_totals(
        stats::total_until(&facts.cluster.memory_used, end),
        stats::total_until(&facts.cluster.memory_requested, end),
    );
    let mut of_nodes = NanoDollars::ZERO;
    for node in &facts.nodes {
        let Some(price) = hourly_price(facts, node) else { continue };
        let paid = paid_for(node, end);
        let life = (node.deleted.unwrap_or(end).min(end) - node.created.max(SimTime::ZERO)).max_zero().min(paid);
        let dollars = price.per_hour_over(life);
        of_nodes += dollars;
        let (of_cpu, of_memory) = weights(node);
        let nanos = float(life.as_nanos().into());
        let own_cpu = float(node.cpu_requested_integral - node.cpu_daemons_integral);
        split.add(
            dollars.as_dollars() * of_cpu,
            &Shares {
                whole: nanos * float(node.cpu_capacity.get().into()),
                allocatable: nanos * float(node.cpu_allocatable.get().into()),
                requested: float(node.cpu_requested_integral),
                daemons: float(node.cpu_daemons_integral),
                fragmented: float(node.cpu_fragmented_integral),
                pod_cap: float(node.cpu_pod_cap_integral),
                use_ratio: if own_cpu > 0.0 { float(node.cpu_used_integral) / own_cpu } else { 0.0 },
            },
        );
        split.add(
            dollars.as_dollars() * of_memory,
            &Shares {
                whole: nanos * node.memory_capacity.as_f64(),
                allocatable: nanos * node.memory_allocatable.as_f64(),
                requested: float(node.memory_requested_integral),
                daemons: float(node.memory_daemons_integral),
                fragmented: float(node.memory_fragmented_integral),
                pod_cap: float(node.memory_pod_cap_integral),
                use_ratio: memory_ratio.unwrap_or(0.0),
            },
        );
    }
    let of_type = |record: &MachineTypeRecord| {
        record.price.map(|price| (price + record.fee).per_hour_over_nanos(record.machines.integral(SimTime::ZERO, end)))
    };
    let of_machines: NanoDollars = facts.machine_types.iter().filter_map(of_type).sum();
    split.without_node = (of_machines - of_nodes).as_dollars().max(0.0);
    split
}
