//! The summary that a terminal shows after a run: about ten lines of at most 80 columns.

use super::metric::Unit;
use super::metrics::find_metric;
use super::numbers::{
    calendar_time, grouped, human_dollars, human_number, human_percent, human_seconds, human_span, trimmed,
};
use super::objectives::{ObjectiveResult, Verdict};
use super::shortfall::{Shortfall, shortfalls};
use super::summary::Summary;
use super::users;
use crate::record::{ActionOutcome, ActionRecord, AutoscalerRecord, Facts, FaultKind, RecoveryRecord};
use crate::units::SimTime;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::path::Path;

const COLUMNS: usize = 80;
const LABEL: usize = 12;
/// The most faults, autoscalers and remarks that get a line each.
const SHOWN: usize = 3;
/// Decimal places that tell any two values apart that matter.
const MOST_DIGITS: usize = 9;

/// A value in the unit that people read.
#[must_use]
pub fn human_value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => human_seconds(value),
        Unit::Ratio => human_percent(value),
        Unit::Dollars | Unit::DollarsPerHour => human_dollars(value),
        Unit::Count => grouped(value.round()),
        Unit::Mean | Unit::NodeHours | Unit::Cores | Unit::ReplicaSeconds | Unit::PerDay | Unit::BurnRate => {
            human_number(value)
        }
    }
}

/// Lines with a label, wrapped at 80 columns.
struct Lines(String);

impl Lines {
    /// Breaks between clauses where that is possible, so that a number keeps its unit.
    fn add(&mut self, label: &str, content: &str) {
        let fits = |text: &str| LABEL + text.trim_end().chars().count() <= COLUMNS;
        let mut lead = label.to_owned();
        let mut line = String::new();
        for clause in clauses(content) {
            // A clause that no line can hold is broken between words; other clauses stay whole.
            let parts: Vec<&str> =
                if fits(clause.trim_start()) { vec![clause] } else { clause.split_inclusive(' ').collect() };
            for part in parts {
                if !line.is_empty() && !fits(&format!("{line}{part}")) {
                    self.write(&lead, &line);
                    lead.clear();
                    line.clear();
                }
                line.push_str(if line.is_empty() { part.trim_start() } else { part });
            }
        }
        self.write(&lead, &line);
    }

    fn write(&mut self, label: &str, line: &str) {
        let _ = writeln!(self.0, "{}", format!("{label:<LABEL$}{line}").trim_end());
    }
}

/// The parts of a text, each up to and with the comma or semicolon that ends it. One inside a number ends nothing.
fn clauses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(", ").into_iter().chain(rest.find("; ")).min() {
        let (clause, tail) = rest.split_at(end + 1);
        parts.push(clause);
        rest = tail;
    }
    parts.push(rest);
    parts
}

/// The text to print after a run. `question` may be empty; `out` is the folder that holds the files, if any were
/// written.
#[must_use]
pub fn run_summary(
    facts: &Facts,
    summary: &Summary,
    objectives: &[ObjectiveResult],
    question: &str,
    out: Option<&Path>,
) -> String {
    let mut lines = Lines(String::new());
    for (label, text) in answers(facts, summary, objectives, question) {
        lines.add(label, &text);
    }
    if let Some(out) = out {
        lines.add("files", &out.display().to_string());
    }
    lines.0
}

/// What is said of a run.
#[derive(Default)]
struct Answers(Vec<(&'static str, String)>);

impl Answers {
    fn add(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push((label, text.into()));
    }
}

/// What is said of a run: a label and a sentence each. `question` may be empty.
pub(super) fn answers(
    facts: &Facts,
    summary: &Summary,
    objectives: &[ObjectiveResult],
    question: &str,
) -> Vec<(&'static str, String)> {
    let mut lines = Answers::default();
    lines.add("scenario", format!("{} (seed {})", facts.scenario, facts.seed));
    if !question.is_empty() {
        lines.add("question", question);
    }
    lines.add("simulated", simulated(facts));
    for (label, text) in users::lines(facts, summary) {
        lines.add(label, text);
    }
    lines.add("pods", pods(summary));
    if let Some(waiting) = waiting(summary) {
        lines.add("waiting", waiting);
    }
    lines.add("nodes", nodes(facts, summary));
    let autoscalers: Vec<&AutoscalerRecord> =
        facts.autoscalers.iter().filter(|autoscaler| !autoscaler.removed).collect();
    for autoscaler in autoscalers.iter().take(SHOWN) {
        lines.add("autoscaler", autoscaling(autoscaler));
    }
    more(&mut lines, "autoscaler", autoscalers.len(), "autoscalers");
    if let Some(jobs) = jobs(summary) {
        lines.add("jobs", jobs);
    }
    for action in notable(&facts.actions, |action| action_weight(action.outcome)) {
        lines.add("action", action_line(facts, action));
    }
    more(&mut lines, "action", facts.actions.len(), "actions");
    let weight = |fault: &RecoveryRecord| (fault.restored.is_none(), fault.missing_replica_nanos);
    for fault in notable(&facts.recoveries, weight) {
        lines.add("fault", fault_line(facts, fault));
    }
    more(&mut lines, "fault", facts.recoveries.len(), "faults");
    let shortfalls = shortfalls(facts);
    for shortfall in shortfalls.iter().take(SHOWN) {
        let Shortfall { namespace, name, ready, desired, reason } = shortfall;
        let name = name.split_once('/').map_or(name.as_str(), |(_, name)| name);
        lines.add("not ready", format!("{namespace}/{name} {ready}/{desired} at the end: {reason}"));
    }
    more(&mut lines, "not ready", shortfalls.len(), "workloads");
    if let Some(total) = summary.get("cost_dollars") {
        lines.add("cost", cost(summary, total));
    } else if let Some(hours) = summary.get("node_hours_of_unknown_price") {
        lines.add("cost", format!("unknown ({} node hours)", human_number(hours)));
    }
    for result in objectives {
        lines.add("objective", objective(result));
    }
    for remark in facts.remarks.iter().take(SHOWN) {
        lines.add("remark", remark.as_str());
    }
    more(&mut lines, "remark", facts.remarks.len(), "remarks");
    lines.0
}

fn more(lines: &mut Answers, label: &'static str, count: usize, things: &str) {
    if count > SHOWN {
        lines.add(label, format!("and {} more {things}", count - SHOWN));
    }
}

/// The things that matter most, as many as get a line, in their order.
fn notable<T, W: Ord>(all: &[T], weight: impl Fn(&T) -> W) -> Vec<&T> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|index| Reverse(weight(&all[*index])));
    order.truncate(SHOWN);
    order.sort_unstable();
    order.into_iter().map(|index| &all[index]).collect()
}

fn simulated(facts: &Facts) -> String {
    let mut text = human_span(facts.end.since_start());
    if let Some(start) = calendar_time(facts.start_unix_seconds, SimTime::ZERO) {
        let _ = write!(text, " from {start}");
    }
    if facts.interrupted {
        let _ = write!(text, ", INTERRUPTED (planned {})", human_span(facts.planned_duration));
    }
    text
}

fn pods(summary: &Summary) -> String {
    let count = |name: &str| grouped(summary.get(name).unwrap_or(0.0));
    let mut parts = vec![format!("{} created", count("pods_created")), format!("{} placed", count("pods_scheduled"))];
    let seldom = [
        ("pods_pending_at_end", "pending"),
        ("pods_impossible", "fit on no node"),
        ("pods_failed", "failed"),
        ("pods_evicted", "evicted"),
        ("pod_restarts", "restarts"),
    ];
    for (name, word) in seldom {
        if summary.get(name).is_some_and(|value| value > 0.0) {
            parts.push(format!("{} {word}", count(name)));
        }
    }
    parts.join(", ")
}

/// How the Jobs came out.
fn jobs(summary: &Summary) -> Option<String> {
    let completed = summary.get("jobs_completed")?;
    let mut text = format!("{} completed", grouped(completed));
    for (name, word) in [("jobs_failed", "failed"), ("jobs_unfinished_at_end", "not finished at the end")] {
        if let Some(count) = summary.get(name).filter(|count| *count > 0.0) {
            let _ = write!(text, ", {} {word}", grouped(count));
        }
    }
    let durations = summary.get("job_duration_seconds_p50").zip(summary.get("job_duration_seconds_max"));
    if let Some((median, longest)) = durations {
        let _ = write!(text, "; median {}, longest {}", human_seconds(median), human_seconds(longest));
    }
    Some(text)
}

fn waiting(summary: &Summary) -> Option<String> {
    let seconds = |name: &str| summary.get(name).map(human_seconds);
    let mut text = format!(
        "to be bound: p50 {}, p99 {}, max {}",
        seconds("pod_pending_seconds_p50")?,
        seconds("pod_pending_seconds_p99")?,
        seconds("pod_pending_seconds_max")?
    );
    if let Some(startup) = seconds("pod_startup_seconds_p99") {
        let _ = write!(text, "; ready: p99 {startup}");
    }
    Some(text)
}

fn nodes(facts: &Facts, summary: &Summary) -> String {
    let value = |name: &str| summary.get(name);
    let mean = value("node_count_mean").unwrap_or(0.0);
    let most = value("node_count_max").unwrap_or(0.0);
    let mean_text = if mean >= 1000.0 { grouped(mean.round()) } else { trimmed(mean, 1) };
    let mut text = format!("{mean_text} on average, at most {}", grouped(most));
    let known = |stem: &str| value(&format!("node_{stem}_ratio_mean")).map(human_percent);
    if let (Some(cpu), Some(memory)) = (known("cpu_requested"), known("memory_requested")) {
        let _ = write!(text, "; requested: CPU {cpu}, memory {memory}");
    }
    if facts.cluster.cpu_used.max() > 0
        && let Some(cpu) = known("cpu_used")
    {
        let _ = write!(text, "; used: CPU {cpu}");
    }
    text
}

fn autoscaling(autoscaler: &AutoscalerRecord) -> String {
    let decisions = &autoscaler.decisions;
    let name = format!("{}/{}", autoscaler.spec.namespace, autoscaler.spec.name);
    let Some((least, most)) = decisions.desired else {
        return format!("{name}: no decision");
    };
    let changes = decisions.scale_ups + decisions.scale_downs;
    let mut text = format!("{name}: {least} to {most} replicas, {changes} changes");
    if decisions.at_max > 0 {
        let _ = write!(text, ", held at maxReplicas {} in {} decisions", autoscaler.max_replicas, decisions.at_max);
    }
    text
}

/// A kind of fault in a sentence.
const fn spoken(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::NodeCrash => "crash",
        FaultKind::ZoneOutage | FaultKind::ControllerManagerOutage => "outage",
        FaultKind::NetworkPartition => "partition",
        FaultKind::KubeletNotReady => "unreadiness",
        FaultKind::PodCrash => "container crash",
    }
}

/// What matters more comes first where there is no room for all.
const fn action_weight(outcome: ActionOutcome) -> u8 {
    match outcome {
        ActionOutcome::Unfinished | ActionOutcome::GaveUp | ActionOutcome::NotFound | ActionOutcome::Refused => 2,
        ActionOutcome::RolledBack | ActionOutcome::Superseded => 1,
        ActionOutcome::Done | ActionOutcome::Unchanged => 0,
    }
}

fn action_line(facts: &Facts, action: &ActionRecord) -> String {
    let took = human_span(action.ended.unwrap_or(facts.end) - action.at);
    let outcome = match action.outcome {
        ActionOutcome::Done if action.ended == Some(action.at) => "done".to_owned(),
        ActionOutcome::Done => format!("done after {took}"),
        ActionOutcome::Unchanged => "nothing to do".to_owned(),
        ActionOutcome::Superseded => format!("replaced after {took} by the next"),
        ActionOutcome::RolledBack => format!("rolled back after {took}"),
        ActionOutcome::GaveUp => format!("GAVE UP after {took}"),
        ActionOutcome::NotFound => "NOT DONE".to_owned(),
        ActionOutcome::Refused => "REFUSED".to_owned(),
        ActionOutcome::Unfinished => format!("NOT DONE after {took}"),
    };
    let detail = if action.detail.is_empty() { String::new() } else { format!("; {}", action.detail) };
    let at = human_span(action.at.since_start());
    format!("{} of {} at {at}: {outcome}{detail}", action.action, action.target)
}

fn fault_line(facts: &Facts, fault: &RecoveryRecord) -> String {
    if fault.kind == FaultKind::ControllerManagerOutage {
        // It takes no pod; what it leaves undone shows in the workloads.
        let span = human_span(fault.ended.unwrap_or(facts.end) - fault.struck);
        let at = human_span(fault.struck.since_start());
        return format!("{} of {} at {at}: lasted {span}", spoken(fault.kind), fault.subject);
    }
    let after = |at: Option<SimTime>| at.map(|at| human_span(at - fault.struck));
    let detected =
        after(fault.detected).map_or_else(|| "not detected".to_owned(), |span| format!("detected after {span}"));
    let restored = after(fault.restored).map_or_else(
        || format!("NOT RESTORED after {}", human_span(facts.end - fault.struck)),
        |span| format!("restored after {span}"),
    );
    #[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
    let missing = fault.missing_replica_nanos as f64 / 1e9;
    let for_ever = match fault.pods_unreplaced {
        0 => String::new(),
        count => format!(" ({count} for ever: no controller replaces them)"),
    };
    format!(
        "{} of {} at {}: {detected}, {restored}; {} {} lost{for_ever}, {} replica-seconds missing",
        spoken(fault.kind),
        fault.subject,
        human_span(fault.struck.since_start()),
        fault.pods_lost,
        if fault.pods_lost == 1 { "pod" } else { "pods" },
        human_number(missing)
    )
}

fn cost(summary: &Summary, total: f64) -> String {
    let mut text = human_dollars(total);
    if let Some(hours) = summary.get("node_hours_of_unknown_price") {
        let _ = write!(text, " and {} node hours of unknown price", human_number(hours));
    }
    if let Some(hourly) = summary.get("cost_dollars_per_hour") {
        let _ = write!(text, " ({} per hour)", human_dollars(hourly));
    }
    if let Some(idle) = summary.get("cost_idle_dollars").filter(|_| total > 0.0) {
        let _ = write!(
            text,
            ", of which {} ({}) for CPU that no pod requested",
            human_dollars(idle),
            human_percent(idle / total)
        );
    }
    text
}

/// A value with so many decimal places in the unit that people read.
fn precise(metric: &str, value: f64, digits: usize) -> String {
    match find_metric(metric).map(|known| known.unit) {
        Some(Unit::Ratio) => format!("{:.digits$} %", value * 100.0),
        _ => format!("{value:.digits$}"),
    }
}

/// A value with as many decimal places as tell it from a bound.
fn beside(metric: &str, value: f64, bound: f64) -> String {
    let texts = (3..MOST_DIGITS).map(|digits| (precise(metric, value, digits), precise(metric, bound, digits)));
    let told_apart = texts.into_iter().find(|(value, bound)| value != bound);
    told_apart.map_or_else(|| precise(metric, value, MOST_DIGITS), |(value, _)| value)
}

/// An objective in a sentence: how it came out, its bounds, and the value.
pub(super) fn objective(result: &ObjectiveResult) -> String {
    let metric = &result.objective.metric;
    let human =
        |value: f64| find_metric(metric).map_or_else(|| human_number(value), |known| human_value(known.unit, value));
    let bounds: Vec<String> = [(">=", result.objective.min), ("<=", result.objective.max)]
        .into_iter()
        .filter_map(|(sign, bound)| Some(format!("{sign} {}", human(bound?))))
        .collect();
    let verdict = match result.verdict {
        Verdict::Met => "met",
        Verdict::Missed => "MISSED",
        Verdict::NotMeasured => "NOT MEASURED",
        Verdict::NotTested => "NOT TESTED",
    };
    let entry = result.objective.traffic.as_ref().map_or_else(String::new, |entry| format!(" of {entry}"));
    if let Some(share) = result.objective.of_intervals {
        let held = result.value.map_or_else(String::new, |held| format!(" (in {})", human_percent(held)));
        let share = human_percent(share);
        return format!("{verdict}: {metric}{entry} {} in {share} of the intervals{held}", bounds.join(" and "));
    }
    // A value that reads like its bound gets more digits.
    let value = result.value.map(|value| {
        let text = human(value);
        let bound =
            [result.objective.min, result.objective.max].into_iter().flatten().find(|value| human(*value) == text);
        match bound {
            Some(bound) if bound.total_cmp(&value).is_ne() => format!(" (is {})", beside(metric, value, bound)),
            _ => format!(" (is {text})"),
        }
    });
    let value = match result.verdict {
        Verdict::NotTested => " (no request was sent)".to_owned(),
        _ => value.unwrap_or_default(),
    };
    format!("{verdict}: {metric}{entry} {}{value}", bounds.join(" and "))
}
