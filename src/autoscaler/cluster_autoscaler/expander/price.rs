//! The price expander: how well the money is spent, and how well the node fits a cluster of this size.

use super::super::utilization::has_gpu;
use super::{ExpanderContext, ExpansionOption};
use crate::scheduler::PodInfo;

/// The pod whose price is added on both sides, so that tiny pods do not decide: cores and MiB.
const STABILIZATION_POD: (f64, f64) = (0.5, 500.0);
/// Groups that would have to be made first are dearer by this.
const NOT_EXIST_COEFFICIENT: f64 = 2.0;
/// Nodes with GPUs are the last resort.
const GPU_UNFITNESS: f64 = 1000.0;
const MIB_PER_GIB: f64 = 1024.0;

/// The options with the lowest score. Options without a price are left out.
pub fn cheapest(options: &[ExpansionOption], context: &ExpanderContext<'_>) -> Vec<ExpansionOption> {
    let (per_cpu, per_gib) = context.pod_prices_per_hour;
    let stabilization = STABILIZATION_POD.0 * per_cpu + STABILIZATION_POD.1 / MIB_PER_GIB * per_gib;
    let mut best: Vec<ExpansionOption> = Vec::new();
    let mut best_score = 0.0;
    for option in options {
        let Some(node_price) = option.node_price_per_hour else { continue };
        let nodes = u32::try_from(option.node_count).map_or(f64::MAX, f64::from);
        let pods = option.pods.iter().fold(0.0, |sum, pod| sum + pod_price(pod, context));
        let spent = (node_price * nodes + stabilization) / (pods + stabilization);
        let cpu = option.node.capacity.cpu.unwrap_or_default().as_f64();
        let preferred = preferred_cpu(context.cluster_nodes);
        let unfitness = (preferred / cpu).max(cpu / preferred);
        let suppressed = if has_gpu(&option.node) {
            GPU_UNFITNESS
        } else {
            (unfitness - 1.0) * (1.0 - ((nodes - 1.0) / 15.0).tanh()) + 1.0
        };
        let mut score = suppressed * spent;
        if !option.exists {
            score *= NOT_EXIST_COEFFICIENT;
        }
        #[expect(clippy::float_cmp, reason = "the real program keeps options whose score is exactly equal")]
        let is_equal = score == best_score;
        if best.is_empty() || is_equal {
            best.push(option.clone());
            best_score = score;
        } else if best_score > score {
            best = vec![option.clone()];
            best_score = score;
        }
    }
    best
}

fn pod_price(pod: &PodInfo, context: &ExpanderContext<'_>) -> f64 {
    const BYTES_PER_GIB: f64 = 1_073_741_824.0;
    let (per_cpu, per_gib) = context.pod_prices_per_hour;
    let requests = &pod.placed().requests;
    requests.cpu.as_f64() / 1000.0 * per_cpu + requests.memory.as_f64() / BYTES_PER_GIB * per_gib
}

/// Thousandths of a core of the node that a cluster of this size should have (`SimplePreferredNodeProvider`).
const fn preferred_cpu(nodes: usize) -> f64 {
    match nodes {
        0..=2 => 1000.0,
        3..=6 => 2000.0,
        7..=20 => 4000.0,
        21..=60 => 8000.0,
        61..=200 => 16_000.0,
        _ => 32_000.0,
    }
}
