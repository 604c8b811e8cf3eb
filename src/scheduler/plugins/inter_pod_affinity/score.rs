//! Preferred (anti-)affinity, of the incoming pod and of those that are there.

use super::super::pod_memo::PodMemo;
use super::super::topology_counts::TopologyCounts;
use super::terms::{for_each_existing_score, preferred_terms};
use crate::api::Name;
use crate::api::scheduler_config::InterPodAffinityArgs;
use crate::scheduler::framework::{Context, MAX_NODE_SCORE};
use crate::scheduler::view::{NodeInfo, PodInfo, TopologyKey};

/// Fills the score of each topology pair; false where nothing was recorded, so that there is nothing to score by.
pub fn pre_score(
    context: &Context<'_>,
    args: InterPodAffinityArgs,
    pod: &PodInfo,
    scores: &mut TopologyCounts,
) -> bool {
    scores.clear();
    let preferred = preferred_terms(context.listers, pod);
    if args.ignore_preferred_terms_of_existing_pods && preferred.is_empty() {
        return false;
    }
    let namespace_labels = context.listers.namespace_labels(&pod.namespace);
    let topology = context.snapshot.topology();
    let mut recorded = false;
    let mut effects: Vec<Vec<(TopologyKey, i64)>> = vec![Vec::new()];
    let mut memo = PodMemo::new();
    for node in context.snapshot.nodes() {
        if preferred.is_empty() && !node.has_pods_with_scored_affinity() {
            continue;
        }
        for placed in node.pods() {
            let position = memo.answer(placed, || {
                let mut effect = Vec::new();
                let mut note = |key: &Name, weight: i64| effect.extend(topology.key(key).map(|key| (key, weight)));
                for term in preferred.iter().filter(|term| term.matches(placed)) {
                    note(&term.topology_key, term.weight);
                }
                for_each_existing_score(args, placed, pod, &namespace_labels, &mut note);
                if effect.is_empty() {
                    return 0;
                }
                effects.push(effect);
                effects.len() - 1
            });
            for (key, weight) in &effects[position] {
                recorded |= scores.add(*key, node, *weight);
            }
        }
    }
    recorded
}

/// The sum of the scores of the node's topology pairs.
pub fn score(scores: &TopologyCounts, node: &NodeInfo) -> i64 {
    scores.of_node(node).sum()
}

/// Spreads the scores over 0 to 100, in floating point with the operations in kube-scheduler's order.
#[expect(clippy::cast_precision_loss, reason = "kube-scheduler divides as float64")]
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
pub fn normalize(scores: &mut [i64]) {
    let min = scores.iter().copied().min().unwrap_or(0);
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        *score =
            if max == min { 0 } else { (MAX_NODE_SCORE as f64 * ((*score - min) as f64 / (max - min) as f64)) as i64 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalization_truncates_after_the_division() {
        let cases = [
            (vec![0, 29, 100], vec![0, 28, 100], "29/100 is a little less than 0.29"),
            (vec![5, 5], vec![0, 0], "all equal"),
            (vec![-10, 0, 10], vec![0, 50, 100], "negative scores"),
        ];
        for (mut scores, expected, why) in cases {
            normalize(&mut scores);
            assert_eq!(scores, expected, "{why}");
        }
    }
}
