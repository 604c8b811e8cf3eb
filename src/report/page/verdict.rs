//! The first screen: how the run came out, what decided it, and the numbers that matter most.

use super::latency;
use super::users::Harm;
use super::view::TableView;
use super::words::{calendar, counted};
use crate::report::metric_list::METRICS;
use crate::report::metrics::find_metric;
use crate::report::numbers::{grouped, human_dollars, human_number, human_percent, human_seconds, trimmed};
use crate::report::objectives::{ObjectiveResult, Verdict};
use crate::report::read::{ReadError, RunFolder, number};
use crate::report::run_file::{ObjectiveForm, RunVerdict};
use crate::report::terminal::{human_value, objective};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How the run came out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct VerdictView {
    /// `missed`, `met`, `open` or `none`: how it looks.
    class: &'static str,
    /// The verdict in a few words.
    words: String,
    /// What that means where it could be taken for more.
    caution: String,
    /// What decided it, most important first.
    binding: Vec<String>,
}

/// A number of the first screen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Tile {
    label: &'static str,
    value: String,
    detail: String,
}

/// The value of a metric.
fn metric(run: &RunFolder, name: &str) -> Option<f64> {
    run.run.metrics.get(name)?.as_f64()
}

/// The simulated span and its start.
pub(super) fn simulated(run: &RunFolder) -> String {
    let span = human_seconds(run.run.end_seconds);
    match calendar(run, 0.0) {
        Some(start) => format!("{span} from {start} UTC"),
        None => span,
    }
}

/// The verdict and what binds.
///
/// # Errors
/// A table is missing or damaged.
pub(super) fn verdict(run: &RunFolder, harm: &Harm, pending: &TableView) -> Result<VerdictView, ReadError> {
    let objectives = &run.run.objectives;
    let count = objectives.len() as u64;
    let with = |verdicts: &[Verdict]| objectives.iter().filter(|form| verdicts.contains(&form.verdict)).count() as u64;
    let open = with(&[Verdict::NotTested, Verdict::NotMeasured]);
    let untested = "An objective that nothing tested does not count as met.";
    let (class, words, caution) = match run.run.verdict {
        RunVerdict::NoObjectives => (
            "none",
            "No objective was set".to_owned(),
            "The scenario says nothing about what shall hold, so this run passes no judgement.".to_owned(),
        ),
        RunVerdict::Met if count == 1 => ("met", "The objective is met".to_owned(), String::new()),
        RunVerdict::Met if count == 2 => ("met", "Both objectives are met".to_owned(), String::new()),
        RunVerdict::Met => ("met", format!("All {count} objectives are met"), String::new()),
        RunVerdict::Missed => {
            let missed = with(&[Verdict::Missed]);
            let words = match (missed, count) {
                (1, 1) => "The objective is missed".to_owned(),
                (missed, count) => {
                    format!("{missed} of {count} objectives {} missed", if missed == 1 { "is" } else { "are" })
                }
            };
            let caution =
                if open > 0 { format!("{} not tested. {untested}", counted(open, "objective")) } else { String::new() };
            ("missed", words, caution)
        }
        RunVerdict::NotTested => {
            let words = match (open, count) {
                (1, 1) => "The objective was not tested".to_owned(),
                (open, count) => {
                    format!("{open} of {count} objectives {} not tested", if open == 1 { "was" } else { "were" })
                }
            };
            ("open", words, untested.to_owned())
        }
    };
    let mut caution = caution;
    if run.run.interrupted {
        let planned = human_seconds(run.run.planned_seconds);
        caution = format!(
            "The run was interrupted after {} of {planned}: what follows is of that part. {caution}",
            human_seconds(run.run.end_seconds)
        );
    }
    Ok(VerdictView { class, words, caution, binding: binding(run, harm, pending)? })
}

/// How much of its bound an objective uses: above one where it is missed.
fn used(form: &ObjectiveForm) -> Option<f64> {
    let value = form.value?;
    let share = |part: f64, whole: f64| match (part, whole) {
        (part, 0.0) if part <= 0.0 => 0.0,
        (_, 0.0) => f64::INFINITY,
        (part, whole) => part / whole,
    };
    if let Some(wanted) = form.of_intervals {
        return Some(share(wanted, value));
    }
    let of_max = form.max.map(|max| share(value, max));
    let of_min = form.min.map(|min| share(min, value));
    of_max.into_iter().chain(of_min).reduce(f64::max)
}

/// What decided how the run came out.
fn binding(run: &RunFolder, harm: &Harm, pending: &TableView) -> Result<Vec<String>, ReadError> {
    let mut sentences = Vec::new();
    let used_of = |form: &&ObjectiveForm| used(form).unwrap_or(f64::NEG_INFINITY);
    let by_use = |one: &&ObjectiveForm, other: &&ObjectiveForm| used_of(one).total_cmp(&used_of(other));
    let missed = run.run.objectives.iter().filter(|form| form.verdict == Verdict::Missed).max_by(by_use);
    let met = run.run.objectives.iter().filter(|form| form.verdict == Verdict::Met).max_by(by_use);
    if let Some(form) = missed {
        sentences.push(format!("Missed by most: {}.", words_of(form)));
    } else if let Some(form) = met {
        sentences.push(format!("Nearest to its bound: {}.", words_of(form)));
    }
    let lost = metric(run, "requests_unserved_ratio").unwrap_or(0.0) * metric(run, "requests_total").unwrap_or(0.0);
    let causes = latency::causes(run)?;
    if let (Some((words, count)), true) = (causes.first(), lost > 0.0) {
        let all: f64 = causes.iter().map(|(_, count)| count).sum();
        sentences.push(format!(
            "Of {} requests that failed, {} ({}) were {words}.",
            grouped(lost.ceil()),
            grouped(count.ceil()),
            human_percent(count / all)
        ));
    }
    if let Some(words) = &harm.words {
        sentences.push(format!("Most harm: {words}"));
    }
    sentences.extend(never_placed(run)?);
    sentences.extend(super::pending::longest(pending));
    if harm.words.is_none() {
        sentences.extend(slowest_recovery(run)?);
    }
    Ok(sentences)
}

/// An objective as the terminal says it, without its verdict.
fn words_of(form: &ObjectiveForm) -> String {
    let text = objective(&ObjectiveResult::from(form));
    text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// Pods that wait at the end, and the reason of most of them.
fn never_placed(run: &RunFolder) -> Result<Option<String>, ReadError> {
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = 0;
    run.each("pods.csv", ["outcome", "reason"], |[outcome, reason]| {
        if outcome == "pending" || outcome == "impossible" {
            count += 1;
            *reasons.entry(reason.to_owned()).or_default() += 1;
        }
    })?;
    let most = reasons.into_iter().max_by_key(|(_, count)| *count);
    Ok(most.map(|(reason, _)| {
        let verb = if count == 1 { "waits" } else { "wait" };
        format!(
            "{} {verb} at the end: {}",
            counted(count, "pod"),
            if reason.is_empty() { "no attempt yet." } else { &reason }
        )
    }))
}

/// The fault whose recovery took longest, or never came.
fn slowest_recovery(run: &RunFolder) -> Result<Option<String>, ReadError> {
    let mut worst: Option<(f64, String)> = None;
    let columns = ["kind", "subject", "struck_seconds", "restored_seconds", "recovery_seconds", "pods_lost"];
    run.each("recovery.csv", columns, |[kind, subject, struck, restored, recovery, lost]| {
        let seconds = if restored.is_empty() { f64::INFINITY } else { number(recovery).unwrap_or(0.0) };
        if worst.as_ref().is_none_or(|(known, _)| seconds > *known) {
            let at = super::words::instant_cell(run, struck);
            let outcome = if restored.is_empty() {
                "not all that was wanted was ready again when the run ended".to_owned()
            } else {
                format!("all that was wanted was ready again after {}", human_seconds(seconds))
            };
            let pods = counted(lost.parse().unwrap_or(0), "pod");
            worst = Some((seconds, format!("Slowest recovery: {kind} {subject} at {at}: {outcome}; {pods} lost.")));
        }
    })?;
    Ok(worst.map(|(_, words)| words))
}

/// The numbers of the first screen.
pub(super) fn tiles(run: &RunFolder) -> Vec<Tile> {
    let value = |name: &str| metric(run, name);
    let seconds = |name: &str| value(name).map_or_else(|| "unknown".to_owned(), human_seconds);
    let mut tiles = Vec::new();
    let mut tile = |label, value, detail| tiles.push(Tile { label, value, detail });
    if let Some(all) = value("requests_total") {
        let ratio = value("requests_unserved_ratio").unwrap_or(0.0);
        let detail = format!("{} of {} requests", grouped((all * ratio).ceil()), grouped(all.round()));
        tile("Requests lost", if ratio > 0.0 { human_percent(ratio) } else { "none".to_owned() }, detail);
    }
    if let Some(p99) = value("request_latency_seconds_p99") {
        let detail = format!(
            "median {}, largest {}",
            seconds("request_latency_seconds_p50"),
            seconds("request_latency_seconds_max")
        );
        tile("Latency, 99th percentile", human_seconds(p99), detail);
    }
    if let Some(most) = value("recovery_seconds_max") {
        let open = value("faults_not_recovered").unwrap_or(0.0);
        let detail = match value("faults").unwrap_or(0.0) {
            faults if open > 0.0 => format!("{} of {} not over at the end", grouped(open), grouped(faults)),
            1.0 => "1 fault".to_owned(),
            faults => format!("{} faults", grouped(faults)),
        };
        tile("Longest recovery", human_seconds(most), detail);
    }
    if let Some(p99) = value("pod_pending_seconds_p99") {
        let detail =
            format!("median {}, longest {}", seconds("pod_pending_seconds_p50"), seconds("pod_pending_seconds_max"));
        tile("Pods' wait for a node, 99th percentile", human_seconds(p99), detail);
    }
    if let Some(mean) = value("node_count_mean") {
        let requested = value("node_cpu_requested_ratio_mean")
            .map_or_else(String::new, |ratio| format!(", CPU {} requested", human_percent(ratio)));
        let detail = format!("at most {}{requested}", grouped(value("node_count_max").unwrap_or(0.0)));
        tile("Nodes, mean", trimmed(mean, 1), detail);
    }
    if let Some(total) = value("cost_dollars") {
        let mut detail =
            format!("{} per hour", value("cost_dollars_per_hour").map_or_else(|| "unknown".to_owned(), human_dollars));
        if let Some(idle) = value("cost_idle_dollars").filter(|_| total > 0.0) {
            let _ = write!(detail, ", {} for CPU that no pod requested", human_percent(idle / total));
        }
        if let Some(hours) = value("node_hours_of_unknown_price") {
            let _ = write!(detail, ", and {} node hours of unknown price", human_number(hours));
        }
        tile("Cost", human_dollars(total), detail);
    } else if let Some(hours) = value("node_hours_of_unknown_price") {
        tile("Cost", "unknown".to_owned(), format!("{} node hours of unknown price", human_number(hours)));
    }
    tiles
}

/// What a metric says, where the list of metrics says that it is `the same` as the one before, with that one's meaning.
fn meaning(name: &str) -> String {
    let Some(known) = find_metric(name) else { return String::new() };
    let before = METRICS.iter().take_while(|metric| metric.name != known.name);
    let base = before.filter(|metric| !metric.meaning.starts_with("the same")).last();
    match (known.meaning.strip_prefix("the same"), base) {
        (Some(rest), Some(base)) => format!("as {} ({}){rest}", base.name, base.meaning),
        _ => known.meaning.to_owned(),
    }
}

/// The objectives.
pub(super) fn objectives(run: &RunFolder) -> TableView {
    let mut table = TableView::new("Objectives", &["verdict@", "metric@", "what it is*", "bound@", "value#"]);
    for form in &run.run.objectives {
        let known = find_metric(&form.metric);
        let human = |value: f64| known.map_or_else(|| human_number(value), |known| human_value(known.unit, value));
        let bounds = [("at least", form.min), ("at most", form.max)];
        let bounds: Vec<String> =
            bounds.into_iter().filter_map(|(words, bound)| Some(format!("{words} {}", human(bound?)))).collect();
        let mut bounds = bounds.join(" and ");
        let mut value = form.value.map_or_else(|| "none".to_owned(), human);
        if let Some(share) = form.of_intervals {
            let _ = write!(bounds, " in {} of the intervals", human_percent(share));
            value = form.value.map_or_else(|| "none".to_owned(), |held| format!("held in {}", human_percent(held)));
        } else if form.verdict != Verdict::NotTested {
            // As exact as the terminal: a value that reads like its bound gets more digits.
            let exact = words_of(form);
            value = exact.rsplit_once("(is ").map_or(value, |(_, rest)| rest.trim_end_matches(')').to_owned());
        }
        let of = form.traffic.as_ref().map_or_else(String::new, |entry| format!(" of {entry}"));
        table.rows.push(vec![
            form.verdict.words().to_owned(),
            format!("{}{of}", form.metric),
            meaning(&form.metric),
            bounds,
            value,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_explains_itself() {
        assert_eq!(meaning("pod_restarts"), "container restarts");
        let of_another = meaning("pod_pending_seconds_max");
        assert!(of_another.starts_with("as pod_pending_seconds_mean (time from creation to binding"), "{of_another}");
        assert!(of_another.ends_with("), largest"), "{of_another}");
    }

    #[test]
    fn the_objective_that_uses_most_of_its_bound_binds() {
        let form = |min, max, of_intervals, value| ObjectiveForm {
            metric: "pods_created".to_owned(),
            traffic: None,
            of_intervals,
            min,
            max,
            value,
            verdict: Verdict::Met,
        };
        let cases = [
            (form(None, Some(10.0), None, Some(5.0)), Some(0.5), "half of what is allowed"),
            (form(Some(10.0), None, None, Some(5.0)), Some(2.0), "half of what is wanted"),
            (form(None, Some(0.0), None, Some(0.0)), Some(0.0), "nothing, as wanted"),
            (form(None, Some(0.0), None, Some(1.0)), Some(f64::INFINITY), "something where nothing was wanted"),
            (form(Some(1.0), Some(10.0), None, Some(9.0)), Some(0.9), "the nearer one of two bounds"),
            (form(None, Some(1.0), Some(0.9), Some(0.45)), Some(2.0), "in half of the intervals"),
            (form(None, Some(1.0), None, None), None, "no value"),
        ];
        for (form, expected, why) in cases {
            assert_eq!(used(&form), expected, "{why}");
        }
    }
}
