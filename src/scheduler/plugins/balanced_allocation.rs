//! NodeResourcesBalancedAllocation: nodes whose resources would be used evenly score more.

use crate::scheduler::config::KubernetesVersion;
use crate::scheduler::framework::MAX_NODE_SCORE;
use crate::scheduler::view::{NodeInfo, PodInfo, ResourceKey};

/// Whether the pod requests none of the resources that count.
pub fn skips_score(resources: &[ResourceKey], pod: &PodInfo) -> bool {
    let requests = &pod.requests().requests;
    resources.iter().all(|resource| requests.amount(resource) == 0)
}

/// The node's score: in 1.36 how much the pod improves the balance (75 is no change), in 1.34 the balance with the pod.
pub fn score(version: KubernetesVersion, resources: &[ResourceKey], pod: &PodInfo, node: &NodeInfo) -> i64 {
    let with = balance(resources, pod, node, true);
    if version.balanced_allocation_scores_improvement() {
        score_of(version, with, balance(resources, pod, node, false))
    } else {
        with
    }
}

/// The score of a node whose balance is `with` the pod and `without` it.
pub const fn score_of(version: KubernetesVersion, with: i64, without: i64) -> i64 {
    if version.balanced_allocation_scores_improvement() {
        let half = MAX_NODE_SCORE / 2;
        half + (half + with - without) / 2
    } else {
        with
    }
}

/// The balance of two resources, each given as what is used and what there is (not zero).
pub fn balance_of_two(first: (i64, i64), second: (i64, i64)) -> i64 {
    evenness(((share(first) - share(second)) / 2.0).abs())
}

#[expect(clippy::cast_precision_loss, reason = "kube-scheduler divides as float64")]
fn share((used, offered): (i64, i64)) -> f64 {
    (used as f64 / offered as f64).min(1.0)
}

/// 100 less the deviation, truncated.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler multiplies as float64")]
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
fn evenness(deviation: f64) -> i64 {
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

/// 100 when all resources are used to the same share, less the more the shares differ. In floating point with the
/// operations in kube-scheduler's order, since the result is truncated.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler divides as float64")]
fn balance(resources: &[ResourceKey], pod: &PodInfo, node: &NodeInfo, with_pod: bool) -> i64 {
    let requests = &pod.requests().requests;
    if let [ResourceKey::Cpu, ResourceKey::Memory] = resources
        && node.allocatable().cpu.get() != 0
        && node.allocatable().memory.get() != 0
    {
        // The default resources without a look at which they are: this runs for every node and pod.
        let (cpu, memory) = if with_pod { (requests.cpu.get(), requests.memory.get()) } else { (0, 0) };
        let (taken, offered) = (node.requested(), node.allocatable());
        return balance_of_two(
            (taken.cpu.get().saturating_add(cpu), offered.cpu.get()),
            (taken.memory.get().saturating_add(memory), offered.memory.get()),
        );
    }
    let fraction = |resource: &ResourceKey| {
        let request = requests.amount(resource);
        let offered = node.allocatable().amount(resource);
        if offered == 0 || (request == 0 && matches!(resource, ResourceKey::Scalar(_))) {
            return None;
        }
        let taken = node.requested().amount(resource);
        let used = if with_pod { taken.saturating_add(request) } else { taken };
        Some(share((used, offered)))
    };
    let mut fractions = resources.iter().filter_map(fraction);
    let deviation = match (fractions.next(), fractions.next(), fractions.next()) {
        (Some(first), Some(second), None) => ((first - second) / 2.0).abs(),
        (Some(_), Some(_), Some(_)) => {
            let all = || resources.iter().filter_map(fraction);
            let count = all().count() as f64;
            let mean = all().fold(0.0, |sum, fraction| sum + fraction) / count;
            let squares = all().fold(0.0, |sum, fraction| sum + (fraction - mean) * (fraction - mean));
            (squares / count).sqrt()
        }
        _ => 0.0,
    };
    evenness(deviation)
}
