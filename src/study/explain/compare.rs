//! The chosen node beside others: which plugins spoke for it, and which were outvoted.

use crate::report::explain::{Comparison, Difference, FeasibleNode, ScoringPlugin};
use std::cmp::Reverse;

/// The chosen node beside the runner-up, and beside what each outvoted plugin would have chosen. `nodes` are in the
/// order of their totals, the chosen one first.
#[must_use]
pub fn comparisons(nodes: &[FeasibleNode], plugins: &[ScoringPlugin]) -> Vec<Comparison> {
    let Some((chosen, rest)) = nodes.split_first().filter(|(chosen, _)| chosen.is_chosen) else {
        return Vec::new();
    };
    let runner_up = rest.first().map(|node| compare(chosen, node, plugins, None));
    let outvoted = plugins.iter().enumerate().filter_map(|(position, plugin)| {
        let score = |node: &FeasibleNode| node.scores.get(position).map_or(0, |score| score.weighted);
        let highest = rest.iter().map(score).max().filter(|highest| *highest > score(chosen))?;
        // The first is the one with the highest total.
        let favourite = rest.iter().find(|node| score(node) == highest)?;
        Some(compare(chosen, favourite, plugins, Some((plugin, score(chosen), highest))))
    });
    runner_up.into_iter().chain(outvoted).collect()
}

fn compare(
    chosen: &FeasibleNode,
    rival: &FeasibleNode,
    plugins: &[ScoringPlugin],
    outvoted: Option<(&ScoringPlugin, i64, i64)>,
) -> Comparison {
    let margin = chosen.total.unwrap_or(0).saturating_sub(rival.total.unwrap_or(0));
    let scores = plugins.iter().zip(chosen.scores.iter().zip(&rival.scores));
    let mut differences: Vec<Difference> = scores
        .map(|(scoring, (left, right))| Difference {
            plugin: scoring.plugin.clone(),
            difference: left.weighted.saturating_sub(right.weighted),
        })
        .filter(|found| found.difference != 0)
        .collect();
    // What speaks for the chosen node, the most first; then what speaks against it, the most first.
    differences.sort_by_key(|found| (found.difference < 0, Reverse(found.difference.unsigned_abs())));
    let (left, right) = (&chosen.node, &rival.node);
    let sentence = match outvoted {
        None if margin == 0 => {
            format!("{left} and {right} have the same total, {}: {left} was drawn.", balance(&differences, "alike"))
        }
        None => format!("{left} won over {right} by {margin}: {}.", listed(&differences)),
        Some((loser, for_chosen, for_rival)) => {
            let rest: Vec<Difference> =
                differences.iter().filter(|found| found.plugin != loser.plugin).cloned().collect();
            let result = match margin {
                0 => "which has the same total and was not drawn".to_owned(),
                _ => format!("which lost by {margin}"),
            };
            format!(
                "{} ({for_chosen} for {left}) was outvoted: it prefers {right} ({for_rival}), {result}: {}.",
                loser.plugin,
                balance(&rest, "nothing speaks against it")
            )
        }
    };
    Comparison {
        outvoted_plugin: outvoted.map(|(loser, _, _)| loser.plugin.clone()),
        node: rival.node.clone(),
        margin,
        differences,
        sentence,
    }
}

/// `PodTopologySpread +200, NodeResourcesFit -31`.
fn listed(differences: &[Difference]) -> String {
    let parts: Vec<String> =
        differences.iter().map(|found| format!("{} {:+}", found.plugin, found.difference)).collect();
    parts.join(", ")
}

/// The differences, or a word where there is none.
fn balance(differences: &[Difference], none: &str) -> String {
    if differences.is_empty() { none.to_owned() } else { listed(differences) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::explain::Score;

    const PLUGINS: [(&str, i64); 3] = [("NodeResourcesFit", 1), ("PodTopologySpread", 2), ("ImageLocality", 1)];

    fn plugins() -> Vec<ScoringPlugin> {
        PLUGINS.map(|(plugin, weight)| ScoringPlugin { plugin: plugin.to_owned(), weight }).into()
    }

    /// Nodes in order of their totals, the chosen one first.
    fn nodes(scores: &[(&str, [i64; 3])]) -> Vec<FeasibleNode> {
        let highest = scores.iter().map(|(_, scores)| scores.iter().sum::<i64>()).max();
        scores
            .iter()
            .enumerate()
            .map(|(position, (node, scores))| {
                let total = Some(scores.iter().sum());
                FeasibleNode {
                    node: (*node).to_owned(),
                    zone: None,
                    total,
                    scores: scores.map(|weighted| Score { raw: weighted, weighted }).into(),
                    is_best: total == highest,
                    is_chosen: position == 0,
                }
            })
            .collect()
    }

    fn sentences(scores: &[(&str, [i64; 3])]) -> Vec<String> {
        comparisons(&nodes(scores), &plugins()).into_iter().map(|found| found.sentence).collect()
    }

    #[test]
    fn who_outvoted_whom() {
        type Case<'a> = (&'a [(&'a str, [i64; 3])], &'a [&'a str], &'a str);
        let cases: [Case<'_>; 5] = [
            (&[("a", [50, 200, 0])], &[], "nobody to compare with"),
            (
                &[("a", [50, 200, 0]), ("b", [81, 100, 0])],
                &[
                    "a won over b by 69: PodTopologySpread +100, NodeResourcesFit -31.",
                    "NodeResourcesFit (50 for a) was outvoted: it prefers b (81), which lost by 69: PodTopologySpread \
                     +100.",
                ],
                "the runner-up is the favourite of a plugin",
            ),
            (
                &[("a", [50, 200, 0]), ("b", [50, 180, 0]), ("c", [90, 0, 9]), ("d", [90, 0, 0])],
                &[
                    "a won over b by 20: PodTopologySpread +20.",
                    "NodeResourcesFit (50 for a) was outvoted: it prefers c (90), which lost by 151: \
                     PodTopologySpread +200, ImageLocality -9.",
                    "ImageLocality (0 for a) was outvoted: it prefers c (9), which lost by 151: PodTopologySpread \
                     +200, NodeResourcesFit -40.",
                ],
                "of a plugin's favourites the one with the highest total",
            ),
            (
                &[("a", [50, 200, 0]), ("b", [50, 200, 0])],
                &["a and b have the same total, alike: a was drawn."],
                "a draw of equals",
            ),
            (
                &[("a", [50, 100, 0]), ("b", [100, 50, 0])],
                &[
                    "a and b have the same total, PodTopologySpread +50, NodeResourcesFit -50: a was drawn.",
                    "NodeResourcesFit (50 for a) was outvoted: it prefers b (100), which has the same total and was \
                     not drawn: PodTopologySpread +50.",
                ],
                "a draw of different nodes",
            ),
        ];
        for (scores, expected, why) in cases {
            assert_eq!(sentences(scores), expected, "{why}");
        }
    }

    #[test]
    fn differences_add_up_to_the_margin() {
        let nodes = nodes(&[("a", [50, 200, 7]), ("b", [81, 100, 3]), ("c", [90, 40, 30])]);
        let found = comparisons(&nodes, &plugins());
        assert_eq!(found.len(), 3, "the runner-up and two outvoted plugins");
        for comparison in found {
            let sum: i64 = comparison.differences.iter().map(|found| found.difference).sum();
            assert_eq!(sum, comparison.margin, "{}", comparison.node);
        }
    }
}
