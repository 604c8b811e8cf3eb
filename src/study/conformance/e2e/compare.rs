//! The comparison of simulated runs with the recorded ones, by the rules that the recordings came with: counts, sequences
//! and Events that were the same in every recorded run have to be the same here, and times may differ by no more than twice
//! what the recorded runs differ by among themselves.

use super::events::Seen;
use super::observed::{Observed, STAGES};
use super::recording::{Milestones, Recording, RunSummary};
use crate::study::conformance::Difference;
use std::collections::{BTreeMap, BTreeSet};

/// Smallest tolerance in seconds.
const LEAST_TOLERANCE: f64 = 0.3;
/// Tolerance in seconds where a component works in batches of a second or with times that are cut to seconds.
const SECONDS_TOLERANCE: f64 = 1.0;
/// Time between two passes of the node monitor in seconds.
const MONITOR_PERIOD: f64 = 5.0;

/// One simulated run.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// What was seen of it.
    pub observed: Observed,
    /// Events by `reason|kind|source`.
    pub events: BTreeMap<String, Seen>,
}

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Things that were compared: each stage of each group, each sequence, each kind of Event.
    pub compared: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Largest difference of a median time from the nearest recorded run, in seconds.
    pub worst: f64,
}

impl Comparison {
    /// What comes of a recording whose scenario is refused.
    pub fn refused(problem: String) -> Self {
        let difference = Difference { field: "scenario".to_owned(), expected: "played".to_owned(), actual: problem };
        Self { compared: 1, differences: vec![difference], worst: 0.0 }
    }

    fn note(&mut self, difference: Option<Difference>) {
        self.compared += 1;
        self.differences.extend(difference);
    }
}

/// Compares simulated runs with a recording.
pub fn compare(recording: &Recording, runs: &[Simulated]) -> Comparison {
    let mut comparison = Comparison::default();
    let tolerances = tolerances(recording);
    let aligned: Vec<Milestones> = runs.iter().map(|run| align(recording, &run.observed)).collect();
    compare_losses(recording, runs, &mut comparison);
    let mut groups: BTreeSet<&String> = recording.runs.iter().flat_map(|run| run.milestones.keys()).collect();
    groups.extend(aligned.iter().flat_map(BTreeMap::keys));
    for group in groups {
        for stage in STAGES {
            compare_stage(recording, &aligned, (group, stage), tolerances[stage], &mut comparison);
        }
    }
    compare_sizes(recording, runs, &mut comparison);
    compare_events(recording, runs, &mut comparison);
    compare_conditions(recording, runs, &mut comparison);
    comparison
}

/// By stage: how far a time may be off, in seconds.
fn tolerances(recording: &Recording) -> BTreeMap<&'static str, f64> {
    let text = recording.manifests.iter().map(ToString::to_string).collect::<String>();
    let patches = recording.actions_called("patch").map(|action| serde_json::json!(action.fields).to_string());
    let text = text + &patches.collect::<String>();
    let in_seconds =
        ["\"Job\"", "\"CronJob\"", "ttlSecondsAfterFinished", "minReadySeconds", "progressDeadlineSeconds"];
    let least = if in_seconds.iter().any(|word| text.contains(word)) { SECONDS_TOLERANCE } else { LEAST_TOLERANCE };
    STAGES.iter().map(|stage| (*stage, least.max(2.0 * spread(recording, stage)))).collect()
}

/// Largest difference of the k-th time of a stage between two recorded runs, in seconds.
fn spread(recording: &Recording, stage: &str) -> f64 {
    let mut largest = 0.0_f64;
    for (index, one) in recording.runs.iter().enumerate() {
        for other in &recording.runs[index + 1..] {
            for (group, stages) in &one.milestones {
                let (one, other) = (stages.get(stage), other.milestones.get(group).and_then(|own| own.get(stage)));
                if let (Some(one), Some(other)) = (one, other)
                    && one.len() == other.len()
                {
                    largest = largest.max(furthest(one, other));
                }
            }
        }
    }
    largest
}

/// Largest difference of the k-th times of two lists of the same length.
fn furthest(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// When the first node was found to be lost.
fn recorded_first_loss(run: &RunSummary) -> Option<f64> {
    let states = run.nodes.values().flatten().filter(|(_, ready, ..)| ready != "True");
    states.map(|(time, ..)| *time).min_by(f64::total_cmp)
}

/// The times of a run with those that follow the finding of a lost node moved by as much as the finding itself is off: when
/// the leases of the nodes are renewed is not that of the recording.
fn align(recording: &Recording, observed: &Observed) -> Milestones {
    let mut milestones = observed.milestones.clone();
    let recorded = recording.runs.first().and_then(recorded_first_loss);
    if let (Some(own), Some(recorded)) = (observed.first_loss, recorded)
        && (own - recorded).abs() <= MONITOR_PERIOD + LEAST_TOLERANCE
    {
        let revivals = recording.actions_called("revive_node").map(|action| action.t).filter(|revival| *revival > own);
        // What follows a deletion by hand comes when that was done.
        let by_hand = recording.actions_called("kubectl").filter(|action| {
            let arguments = action.fields.get("args").and_then(serde_json::Value::as_array);
            action.t > own && arguments.is_some_and(|arguments| arguments.first().is_some_and(|verb| verb == "delete"))
        });
        let until = revivals.chain(by_hand.map(|action| action.t)).fold(f64::INFINITY, f64::min);
        let all = milestones.values_mut().flat_map(BTreeMap::values_mut).flatten();
        all.filter(|time| (own..until).contains(*time)).for_each(|time| *time += recorded - own);
    }
    milestones
}

fn compare_losses(recording: &Recording, runs: &[Simulated], comparison: &mut Comparison) {
    let recorded: Vec<f64> = recording.runs.iter().filter_map(recorded_first_loss).collect();
    if recorded.is_empty() {
        return;
    }
    let own: Vec<f64> = runs.iter().filter_map(|run| run.observed.first_loss).collect();
    let off = |own: f64| recorded.iter().map(|recorded| (own - recorded).abs()).fold(f64::INFINITY, f64::min);
    let far = own.iter().copied().map(off).fold(0.0, f64::max);
    let is_equal = own.len() == runs.len() && far <= MONITOR_PERIOD + LEAST_TOLERANCE;
    comparison.note((!is_equal).then(|| Difference {
        field: "first node found to be lost".to_owned(),
        expected: seconds(&recorded),
        actual: seconds(&own),
    }));
}

fn seconds(times: &[f64]) -> String {
    const SHOWN: usize = 24;
    let shown: Vec<String> = times.iter().take(SHOWN).map(|time| format!("{time:.2}")).collect();
    let more = if times.len() > SHOWN { format!(" and {} more", times.len() - SHOWN) } else { String::new() };
    format!("{}{more} s", shown.join(" "))
}

fn compare_stage(
    recording: &Recording,
    runs: &[Milestones],
    (group, stage): (&str, &str),
    tolerance: f64,
    comparison: &mut Comparison,
) {
    let of = |milestones: &Milestones| {
        milestones.get(group).and_then(|stages| stages.get(stage)).cloned().unwrap_or_default()
    };
    let recorded: Vec<Vec<f64>> = recording.runs.iter().map(|run| of(&run.milestones)).collect();
    let own: Vec<Vec<f64>> = runs.iter().map(of).collect();
    if recorded.iter().chain(&own).all(Vec::is_empty) {
        return;
    }
    let field = format!("{group} {stage}");
    let counts: BTreeSet<usize> = recorded.iter().map(Vec::len).collect();
    if counts.len() > 1 {
        let is_like = |own: &Vec<f64>| {
            recorded.iter().any(|recorded| own.len() == recorded.len() && furthest(own, recorded) <= tolerance)
        };
        comparison.note((!own.iter().any(is_like)).then(|| Difference {
            field: format!("{field}: no seed is like a recorded run"),
            expected: recorded.iter().map(|times| seconds(times)).collect::<Vec<_>>().join("\n            or "),
            actual: own.first().map_or_else(String::new, |times| seconds(times)),
        }));
        return;
    }
    let wanted = recorded[0].len();
    let alike: Vec<&Vec<f64>> = own.iter().filter(|own| own.len() == wanted).collect();
    if alike.len() * 2 <= own.len() {
        let other = own.iter().find(|own| own.len() != wanted);
        comparison.note(Some(Difference {
            field: format!("{field}: count"),
            expected: format!("{wanted}: {}", seconds(&recorded[0])),
            actual: other.map_or_else(String::new, |other| format!("{}: {}", other.len(), seconds(other))),
        }));
        return;
    }
    let medians: Vec<f64> = (0..wanted).map(|index| median(alike.iter().map(|times| times[index]).collect())).collect();
    let nearest = recorded.iter().min_by(|one, other| furthest(&medians, one).total_cmp(&furthest(&medians, other)));
    let Some(nearest) = nearest else { return };
    let off = furthest(&medians, nearest);
    comparison.worst = comparison.worst.max(off);
    comparison.note((off > tolerance).then(|| Difference {
        field: format!("{field}: {off:.2} s off, {tolerance:.2} s allowed"),
        expected: seconds(nearest),
        actual: seconds(&medians),
    }));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

/// The sizes of a ReplicaSet without repetitions and without the zero that one may be created with.
fn sizes(points: &[i64]) -> Vec<i64> {
    let mut sizes = points.to_vec();
    sizes.dedup();
    if sizes.first() == Some(&0) {
        sizes.remove(0);
    }
    sizes
}

/// Whether a sequence of sizes that came out differently in the recorded runs is like them: it begins, turns and ends as
/// one of them, in as many steps as they took.
fn is_like(own: &[i64], recorded: &BTreeSet<Vec<i64>>) -> bool {
    let (least, most) = (recorded.iter().map(Vec::len).min(), recorded.iter().map(Vec::len).max());
    let turns = |sizes: &[i64]| -> Vec<i64> {
        let inner =
            sizes.windows(3).filter(|three| (three[1] > three[0]) == (three[1] > three[2])).map(|three| three[1]);
        sizes.first().into_iter().chain(sizes.last()).copied().chain(inner).collect()
    };
    least <= Some(own.len()) && Some(own.len()) <= most && recorded.iter().any(|other| turns(other) == turns(own))
}

/// Compares sequences that have to be one of the recorded ones: that of all of them in most runs if they agree, else any of
/// them in some run.
fn compare_sequences<T: Ord + Clone>(
    field: String,
    recorded: &BTreeSet<Vec<T>>,
    own: &[Vec<T>],
    text: impl Fn(&[T]) -> String,
) -> Option<Difference> {
    let alike = own.iter().filter(|own| recorded.contains(*own)).count();
    let is_equal = if recorded.len() == 1 { alike * 2 > own.len() } else { alike > 0 };
    let other = own.iter().find(|own| !recorded.contains(*own));
    (!is_equal).then(|| Difference {
        field,
        expected: recorded.iter().map(|sequence| text(sequence)).collect::<Vec<_>>().join(" or "),
        actual: other.map_or_else(String::new, |sequence| text(sequence)),
    })
}

fn compare_sizes(recording: &Recording, runs: &[Simulated], comparison: &mut Comparison) {
    let groups: BTreeSet<&String> = recording.runs.iter().flat_map(|run| run.rs_spec.keys()).collect();
    for group in groups {
        let recorded = recording.runs.iter().map(|run| {
            let points = run.rs_spec.get(group).map(|points| points.iter().map(|point| point.1).collect::<Vec<_>>());
            sizes(&points.unwrap_or_default())
        });
        let own: Vec<Vec<i64>> =
            runs.iter().map(|run| sizes(run.observed.sizes.get(group).map_or(&[][..], Vec::as_slice))).collect();
        let recorded: BTreeSet<Vec<i64>> = recorded.collect();
        let text = |sizes: &[i64]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ");
        let difference = compare_sequences(format!("{group}: spec.replicas"), &recorded, &own, text);
        let is_any_alike = recorded.len() > 1 && own.iter().any(|own| is_like(own, &recorded));
        comparison.note(difference.filter(|_| !is_any_alike));
    }
}

fn compare_events(recording: &Recording, runs: &[Simulated], comparison: &mut Comparison) {
    // The later recordings, which tell where in a second they begin, count Event objects, the others every creation and
    // update of one.
    let by_object = recording.fraction.is_some();
    let count = |seen: Seen| if by_object { seen.objects } else { seen.lines };
    let mut keys: BTreeSet<&String> = recording.runs.iter().flat_map(|run| run.events.keys()).collect();
    keys.extend(runs.iter().flat_map(|run| run.events.keys()));
    for key in keys {
        let recorded: Vec<usize> = recording.runs.iter().map(|run| run.events.get(key).copied().unwrap_or(0)).collect();
        let (least, most) = (recorded.iter().min().copied(), recorded.iter().max().copied());
        let (Some(least), Some(most)) = (least, most) else { continue };
        let own: Vec<usize> = runs.iter().map(|run| count(run.events.get(key).copied().unwrap_or_default())).collect();
        let alike = own.iter().filter(|own| (least..=most).contains(own)).count();
        let is_equal = if least == most { alike * 2 > own.len() } else { alike > 0 };
        let other = own.iter().find(|own| !(least..=most).contains(own));
        comparison.note((!is_equal).then(|| Difference {
            field: format!("Events {key}"),
            expected: format!("{recorded:?}"),
            actual: other.map_or_else(String::new, ToString::to_string),
        }));
    }
}

/// The sequence of each condition by its type.
fn by_type(points: &[(f64, Vec<String>)]) -> BTreeMap<String, Vec<String>> {
    let mut sequences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for condition in points.iter().flat_map(|(_, conditions)| conditions) {
        let (kind, value) = condition.split_once('=').unwrap_or(("", condition));
        let sequence = sequences.entry(kind.to_owned()).or_default();
        if sequence.last().is_none_or(|last| last != value) {
            sequence.push(value.to_owned());
        }
    }
    sequences
}

fn compare_conditions(recording: &Recording, runs: &[Simulated], comparison: &mut Comparison) {
    let all: Vec<_> = recording.runs.iter().filter_map(|run| run.conds.as_ref()).collect();
    let objects: BTreeSet<&String> = all.iter().flat_map(|conditions| conditions.keys()).collect();
    for object in objects {
        let recorded: Vec<_> = all.iter().map(|run| by_type(run.get(object).map_or(&[][..], Vec::as_slice))).collect();
        let own: Vec<_> = runs
            .iter()
            .map(|run| by_type(run.observed.conditions.get(object).map_or(&[][..], Vec::as_slice)))
            .collect();
        let kinds: BTreeSet<&String> = recorded.iter().flat_map(BTreeMap::keys).collect();
        for kind in kinds {
            let of = |run: &BTreeMap<String, Vec<String>>| run.get(kind).cloned().unwrap_or_default();
            let sequences: Vec<Vec<String>> = own.iter().map(of).collect();
            let field = format!("{object}: condition {kind}");
            let text = |sequence: &[String]| sequence.join(" -> ");
            comparison.note(compare_sequences(field, &recorded.iter().map(of).collect(), &sequences, text));
        }
    }
}
