//! Why preemption made room on one node rather than on another.

use crate::cluster::NodeId;
use crate::report::explain::{CriterionValue, PreemptionAnswer, PreemptionCandidate, Victim};
use crate::scheduler::{Candidate, Criterion, Preemption};

/// A word for a criterion.
const fn word(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::PdbViolations => "pdb-violations",
        Criterion::HighestPriority => "highest-priority",
        Criterion::SumOfPriorities => "sum-of-priorities",
        Criterion::Victims => "number-of-victims",
        Criterion::Start => "start-time",
    }
}

/// A criterion in a sentence.
const fn spoken(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::PdbViolations => "the fewest violations of PodDisruptionBudgets",
        Criterion::HighestPriority => "the lowest priority of the most important victim",
        Criterion::SumOfPriorities => "the smallest sum of the victims' priorities",
        Criterion::Victims => "the fewest victims",
        Criterion::Start => "the most important victim that started last",
    }
}

/// The criterion by which a candidate lost: the first by which it is worse than the chosen one.
fn lost_by(candidate: &Candidate, chosen: &Candidate) -> Option<Criterion> {
    Criterion::ALL.into_iter().find(|criterion| criterion.value(candidate) != criterion.value(chosen))
}

/// Why the chosen candidate won; `None` if preemption makes no room.
#[must_use]
pub fn answer(preemption: &Preemption, name: &dyn Fn(NodeId) -> String) -> Option<PreemptionAnswer> {
    let chosen = preemption.chosen()?;
    let mut others: Vec<(Option<Criterion>, &Candidate)> = preemption
        .candidates
        .iter()
        .filter(|loser| loser.node != chosen.node)
        .map(|loser| (lost_by(loser, chosen), loser))
        .collect();
    // Who lost last comes next to the winner.
    let rank = |lost: Option<Criterion>| {
        lost.map_or(Criterion::ALL.len(), |lost| {
            Criterion::ALL.iter().take_while(|criterion| **criterion != lost).count()
        })
    };
    others.sort_by_key(|(lost, loser)| (std::cmp::Reverse(rank(*lost)), loser.node));
    let decided = others.first().map(|(lost, _)| *lost);
    let random = decided == Some(None);
    let candidates = std::iter::once(candidate(chosen, None, true, name))
        .chain(others.iter().map(|(lost, loser)| candidate(loser, Some(lost.map_or("random", word)), false, name)))
        .collect();
    Some(PreemptionAnswer {
        candidates,
        decided_by: match decided {
            None => "only-candidate",
            Some(None) => "random",
            Some(Some(criterion)) => word(criterion),
        },
        sentence: sentence(chosen, &others, random, name),
    })
}

fn sentence(
    chosen: &Candidate,
    others: &[(Option<Criterion>, &Candidate)],
    random: bool,
    name: &dyn Fn(NodeId) -> String,
) -> String {
    let node = name(chosen.node);
    let Some((lost, rival)) = others.first() else {
        return format!("{node} is the only node where preemption helps.");
    };
    let one_of = others.len() + 1;
    match lost {
        Some(criterion) => {
            let values = match criterion {
                // Nanoseconds and raised priorities say nothing to a person.
                Criterion::Start | Criterion::SumOfPriorities => String::new(),
                _ => {
                    format!(" ({} against {} on {})", criterion.value(chosen), criterion.value(rival), name(rival.node))
                }
            };
            format!("{node} won among {one_of} candidates by {}{values}.", spoken(*criterion))
        }
        None => {
            debug_assert!(random, "who lost by no criterion lost the draw");
            let equal = others.iter().filter(|(lost, _)| lost.is_none()).count() + 1;
            format!("{equal} of {one_of} candidates are equal by every criterion: {node} was drawn.")
        }
    }
}

fn candidate(
    considered: &Candidate,
    lost_by: Option<&'static str>,
    is_chosen: bool,
    name: &dyn Fn(NodeId) -> String,
) -> PreemptionCandidate {
    let victim = |victim: &std::sync::Arc<crate::scheduler::PodInfo>| Victim {
        namespace: victim.namespace.to_string(),
        name: victim.name.to_string(),
        priority: victim.priority(),
    };
    let value =
        |criterion: Criterion| CriterionValue { criterion: word(criterion), value: criterion.value(considered) };
    PreemptionCandidate {
        node: name(considered.node),
        victims: considered.victims.iter().map(victim).collect(),
        pdb_violations: considered.pdb_violations,
        criteria: Criterion::ALL.map(value).into(),
        is_chosen,
        lost_by,
    }
}
