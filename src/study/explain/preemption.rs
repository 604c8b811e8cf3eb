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
    let mut losers: Vec<(Option<Criterion>, &Candidate)> = preemption
        .candidates
        .iter()
        .filter(|candidate| candidate.node != chosen.node)
        .map(|candidate| (lost_by(candidate, chosen), candidate))
        .collect();
    // Who lost last comes next to the winner.
    let rank = |lost: Option<Criterion>| {
        lost.map_or(Criterion::ALL.len(), |lost| {
            Criterion::ALL.iter().take_while(|criterion| **criterion != lost).count()
        })
    };
    losers.sort_by_key(|(lost, candidate)| (std::cmp::Reverse(rank(*lost)), candidate.node));
    let decided = losers.first().map(|(lost, _)| *lost);
    let random = decided == Some(None);
    let candidates = std::iter::once(candidate(chosen, None, true, name))
        .chain(losers.iter().map(|(lost, loser)| candidate(loser, Some(lost.map_or("random", word)), false, name)))
        .collect();
    Some(PreemptionAnswer {
        candidates,
        decided_by: match decided {
            None => "only-candidate",
            Some(None) => "random",
            Some(Some(criterion)) => word(criterion),
        },
        sentence: sentence(chosen, &losers, random, name),
    })
}

fn sentence(
    chosen: &Candidate,
    losers: &[(Option<Criterion>, &Candidate)],
    random: bool,
    name: &dyn Fn(NodeId) -> String,
) -> String {
    let node = name(chosen.node);
    let Some((lost, rival)) = losers.first() else {
        return format!("{node} is the only node where preemption helps.");
    };
    let one_of = losers.len() + 1;
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
            let equal = losers.iter().filter(|(lost, _)| lost.is_none()).count() + 1;
            format!("{equal} of {one_of} candidates are equal by every criterion: {node} was drawn.")
        }
    }
}

fn candidate(
    candidate: &Candidate,
    lost_by: Option<&'static str>,
    is_chosen: bool,
    name: &dyn Fn(NodeId) -> String,
) -> PreemptionCandidate {
    let victim = |victim: &std::sync::Arc<crate::scheduler::PodInfo>| Victim {
        namespace: victim.namespace.to_string(),
        name: victim.name.to_string(),
        priority: victim.priority(),
    };
    let value = |criterion: Criterion| CriterionValue { criterion: word(criterion), value: criterion.value(candidate) };
    PreemptionCandidate {
        node: name(candidate.node),
        victims: candidate.victims.iter().map(victim).collect(),
        pdb_violations: candidate.pdb_violations,
        criteria: Criterion::ALL.map(value).into(),
        is_chosen,
        lost_by,
    }
}
