//! A comparison in one sentence.

use super::comparison::{Comparison, PointComparison};
use super::tolerance::ToleranceState;
use super::verdict::Verdict;
use super::words::count;

/// The sentence of one point: what matters most first. `2 tolerances exceeded; 1 objective worse; metrics: 3 worse, 1 better`.
pub(super) fn of_point(point: &PointComparison) -> String {
    let tolerances =
        |state: ToleranceState| point.pair.metrics.iter().filter(|row| row.tolerance == Some(state)).count();
    let objectives = |verdict: Verdict| point.pair.objectives.iter().filter(|row| row.verdict == verdict).count();
    let mut parts = Vec::new();
    let mut add = |number: usize, one: &str, many: &str, what: &str| {
        if number > 0 {
            parts.push(format!("{number} {} {what}", if number == 1 { one } else { many }));
        }
    };
    for state in [ToleranceState::Exceeded, ToleranceState::Unknown, ToleranceState::Undecided] {
        add(tolerances(state), "tolerance", "tolerances", state.words());
    }
    for verdict in [Verdict::Worse, Verdict::Better] {
        add(objectives(verdict), "objective", "objectives", verdict.words());
    }
    let one_sided = objectives(Verdict::OnlyA) + objectives(Verdict::OnlyB);
    add(one_sided, "objective", "objectives", "of one side only");
    let verdicts =
        [Verdict::Worse, Verdict::Better, Verdict::Changed, Verdict::Unknown, Verdict::OnlyA, Verdict::OnlyB];
    let metrics: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| (count(point, verdict), verdict))
        .filter(|(number, _)| *number > 0)
        .map(|(number, verdict)| format!("{number} {}", verdict.words()))
        .collect();
    if !metrics.is_empty() {
        parts.push(format!("metrics: {}", metrics.join(", ")));
    }
    let chance = count(point, Verdict::NoEvidence);
    let chance = match chance {
        0 => String::new(),
        1 => "; 1 metric differs within chance".to_owned(),
        number => format!("; {number} metrics differ within chance"),
    };
    let course = point.difference.as_ref().is_some_and(|(_, found)| {
        !found.pods.is_none() || found.timeline.parting.is_some() || found.timeline.differing != Some(0)
    });
    if parts.is_empty() {
        let course = if course { " in any metric; the runs took different courses" } else { "" };
        return if chance.is_empty() {
            format!("no difference{course}")
        } else {
            format!("no difference that is not chance{chance}")
        };
    }
    format!("{}{chance}", parts.join("; "))
}

/// What is compared with what: `B against A`, and the point.
pub(super) fn title(comparison: &Comparison, point: &PointComparison) -> String {
    let label = |index: usize| comparison.sides.get(index).map_or("", |side| side.label.as_str());
    format!("{} against {}", label(point.side), label(0))
}

/// On how many runs it stands.
pub(super) fn basis(point: &PointComparison) -> String {
    let pair = &point.pair;
    match (pair.seeds.as_slice(), pair.runs) {
        ([], [a, b]) => format!("not paired: {a} and {b} runs of different seeds, taken as independent"),
        ([seed], _) => format!("one pair of runs, seed {seed}: how much of a difference is chance is not known"),
        ([first, .., last], _) => {
            format!("{} pairs of runs with the same seeds, {first} to {last}; intervals of 95 %", pair.seeds.len())
        }
    }
}
