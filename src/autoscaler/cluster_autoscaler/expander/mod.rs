//! Which of several ways to scale up is taken: a chain of filters, each of which keeps the best by its measure (`expander`).

mod price;
mod priority;

pub use priority::parse as parse_priorities;

use super::environment::GroupId;
use super::options::Expander;
use crate::api::{Name, Node};
use crate::scheduler::PodInfo;
use crate::units::{Bytes, MilliCpu};
use std::sync::Arc;

/// A way to scale up.
#[derive(Clone, Debug)]
pub struct ExpansionOption {
    /// The group that grows.
    pub group: GroupId,
    /// Its name.
    pub name: Name,
    /// The node that it adds.
    pub node: Arc<Node>,
    /// How many.
    pub node_count: usize,
    /// The pods that find a place.
    pub pods: Vec<Arc<PodInfo>>,
    /// Whether the group exists.
    pub exists: bool,
    /// What a node costs in an hour; `None` if nobody knows.
    pub node_price_per_hour: Option<f64>,
}

/// What the filters look at besides the options.
#[derive(Clone, Copy, Debug)]
pub struct ExpanderContext<'a> {
    /// What a cpu and a GiB of memory cost in an hour.
    pub pod_prices_per_hour: (f64, f64),
    /// Nodes in the cluster.
    pub cluster_nodes: usize,
    /// The content of the ConfigMap with priorities.
    pub priorities: Option<&'a str>,
}

/// What a filter leaves.
pub fn filter(
    expander: Expander,
    options: &[ExpansionOption],
    context: &ExpanderContext<'_>,
    draw: &mut dyn FnMut(usize) -> usize,
) -> Vec<ExpansionOption> {
    match expander {
        Expander::Random if options.is_empty() => Vec::new(),
        Expander::Random => options.get(draw(options.len())).cloned().into_iter().collect(),
        Expander::MostPods => {
            let most = options.iter().map(|option| option.pods.len()).max();
            options.iter().filter(|option| Some(option.pods.len()) == most).cloned().collect()
        }
        Expander::LeastNodes => {
            let counts = || options.iter().filter(|option| option.node_count > 0);
            let least = counts().map(|option| option.node_count).min();
            counts().filter(|option| Some(option.node_count) == least).cloned().collect()
        }
        Expander::LeastWaste => least_waste(options),
        Expander::Price => price::cheapest(options, context),
        Expander::Priority => priority::highest(options, context.priorities),
    }
}

/// The best option: the chain ends when one is left, and chance decides between the last ones.
pub fn best(
    expanders: &[Expander],
    options: &[ExpansionOption],
    context: &ExpanderContext<'_>,
    draw: &mut dyn FnMut(usize) -> usize,
) -> Option<ExpansionOption> {
    let mut left = options.to_vec();
    for expander in expanders {
        left = filter(*expander, &left, context, draw);
        if left.len() == 1 {
            return left.pop();
        }
    }
    if left.is_empty() {
        return None;
    }
    let chosen = draw(left.len());
    left.into_iter().nth(chosen)
}

fn least_waste(options: &[ExpansionOption]) -> Vec<ExpansionOption> {
    let mut least: Vec<ExpansionOption> = Vec::new();
    let mut score = 0.0;
    for option in options {
        let count = i64::try_from(option.node_count).unwrap_or(i64::MAX);
        let capacity = &option.node.capacity;
        let cpu = capacity.cpu.map_or(0, MilliCpu::get).saturating_mul(count);
        let memory = capacity.memory.map_or(0, Bytes::get).saturating_mul(count);
        let requested = option.pods.iter().map(|pod| &pod.placed().requests);
        let (taken_cpu, taken_memory) = requested.fold((0_i64, 0_i64), |(cpu, memory), requests| {
            (cpu.saturating_add(requests.cpu.get()), memory.saturating_add(requests.memory.get()))
        });
        let wasted = |of: i64, taken: i64| as_f64(of - taken) / as_f64(of);
        let found = wasted(cpu, taken_cpu) + wasted(memory, taken_memory);
        #[expect(clippy::float_cmp, reason = "the real program keeps options whose waste is exactly equal")]
        let is_equal = found == score;
        if is_equal && !least.is_empty() {
            least.push(option.clone());
        } else if least.is_empty() || found < score {
            score = found;
            least = vec![option.clone()];
        }
    }
    least
}

#[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53, as in the real program")]
fn as_f64(amount: i64) -> f64 {
    amount as f64
}
