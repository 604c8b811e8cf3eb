//! NodeResourcesBalancedAllocation: nodes whose resources would be used evenly score more.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::KubernetesVersion;
use crate::scheduler::framework::MAX_NODE_SCORE;
use crate::scheduler::view::{NodeInfo, PodInfo, ResourceKey};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 1,
    points: |_| &[ExtensionPoint::PreScore, ExtensionPoint::Score],
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodeResourcesBalancedAllocation, "NodeResourcesBalancedAllocation")
};

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

#[cfg(test)]
mod tests {
    use super::super::test_support::{node_of, pod};
    use super::*;
    use crate::api::scheduler_config::PluginArgs;
    use crate::api::{Container, Node, PodSpec, ResourceList};
    use crate::units::{Bytes, MilliCpu};
    use KubernetesVersion::{V1_34, V1_36};

    fn list(cpu: i64, memory: i64, gpu: i64) -> ResourceList {
        let scalar = (gpu > 0).then(|| ("a.com/gpu".into(), gpu)).into_iter().collect();
        ResourceList {
            cpu: Some(MilliCpu::new(cpu)),
            memory: Some(Bytes::new(memory)),
            scalar,
            ..ResourceList::default()
        }
    }

    #[test]
    fn even_use_scores_more() {
        let two = PluginArgs::default().balanced_resources;
        let three = [ResourceKey::Cpu, ResourceKey::Memory, ResourceKey::from_name("a.com/gpu")];
        let cases = [
            (V1_34, &two[..], list(500, 500, 0), 100, "both by half"),
            (V1_34, &two, list(800, 200, 0), 70, "0.8 and 0.2: 0.3 from their mean"),
            (V1_34, &two, list(5000, 0, 0), 50, "no more than all counts"),
            (V1_36, &two, list(500, 500, 0), 75, "as even as before"),
            (V1_36, &two, list(800, 200, 0), 60, "less even by 30, of which half counts"),
            (V1_34, &three, list(500, 500, 5), 100, "three by half"),
            (V1_34, &three, list(600, 0, 0), 70, "a scalar that is not asked for plays no part"),
        ];
        let node = node_of(Node { allocatable: list(1000, 1000, 10), ..Node::default() });
        for (version, resources, requests, expected, why) in cases {
            let containers = vec![Container { requests, ..Container::default() }];
            let pod = pod(PodSpec { containers, ..PodSpec::default() });
            assert_eq!(score(version, resources, &pod, &node), expected, "{why}");
        }
    }

    #[test]
    fn a_pod_without_requests_is_not_scored() {
        let none = pod(PodSpec::default());
        assert!(skips_score(&PluginArgs::default().balanced_resources, &none));
    }
}
