//! What users felt, in the lines that a terminal shows first: requests and latencies, and the incidents that did most harm.

use super::incidents::{Incident, incidents};
use super::numbers::{grouped, human_percent, human_span};
use super::requests::{causes, latency_words, service_level_words};
use super::summary::Summary;
use super::unserved::{Unserved, unserved};
use crate::record::{Facts, TrafficRecord};
use std::cmp::Reverse;

/// The most lines of one kind.
const SHOWN: usize = 3;

/// A label and what is said.
type Line = (&'static str, String);

/// The lines of a run; none without traffic.
pub(super) fn lines(facts: &Facts, summary: &Summary) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(requests) = summary.get("requests_total") {
        let ratio = summary.get("requests_unserved_ratio").unwrap_or(0.0);
        let unserved = if ratio > 0.0 { lost(requests * ratio, ratio) } else { "none".to_owned() };
        let mut text = format!("{} offered, {unserved} unserved", grouped(requests.round()));
        // The causes of one entry are those of all.
        if let [only] = facts.traffic.as_slice()
            && ratio > 0.0
            && !causes(&only.counts, false).is_empty()
        {
            text.push_str(": ");
            text.push_str(&causes(&only.counts, false).join(", "));
        }
        lines.push(("requests", text));
    }
    match facts.traffic.as_slice() {
        [only] => lines.extend(latency_words(only).map(|words| ("latency", words.join(", ")))),
        several => entries(several, facts, &mut lines),
    }
    let levels: Vec<String> = facts
        .traffic
        .iter()
        .filter_map(|record| Some(format!("{}{}", prefix(facts, record), service_level_words(record)?)))
        .collect();
    push(&mut lines, "slo", levels, "traffic entries");
    harm(facts, &mut lines);
    lines
}

/// A line for each of several entries: its latency and losses, or its losses alone where no latency is known.
fn entries(records: &[TrafficRecord], facts: &Facts, lines: &mut Vec<Line>) {
    let latencies: Vec<String> = records
        .iter()
        .filter_map(|record| {
            let mut words = latency_words(record)?;
            words.extend(causes(&record.counts, true));
            Some(format!("{}: {}", record.identity.name, words.join(", ")))
        })
        .collect();
    push(lines, "latency", latencies, "traffic entries");
    let is_said = |one: &Unserved| {
        records.iter().any(|record| record.is_of(&one.namespace, &one.name) && record.latencies.count() > 0)
    };
    let unserved: Vec<String> = unserved(facts)
        .iter()
        .filter(|one| !is_said(one))
        .map(|Unserved { namespace, name, requests, lost: count }| {
            let name = name.split_once('/').map_or(name.as_str(), |(_, name)| name);
            format!("{namespace}/{name}: {} of {}", lost(*count, count / requests), grouped(requests.round()))
        })
        .collect();
    push(lines, "unserved", unserved, "workloads");
}

/// The incidents that did most harm, or that none did any.
fn harm(facts: &Facts, lines: &mut Vec<Line>) {
    let all = incidents(facts);
    let mut harmful: Vec<&Incident<'_>> = all.iter().filter(|incident| incident.harm.is_any()).collect();
    if harmful.is_empty() {
        // Without a request that failed or came late anywhere there is nothing to tell apart.
        return;
    }
    let count = harmful.len();
    harmful.sort_by_key(|incident| {
        let harm = &incident.harm;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float-to-integer cast saturates"
        )]
        Reverse((harm.is_not_back(), harm.lost.ceil() as u64, harm.missed))
    });
    harmful.truncate(SHOWN);
    harmful.sort_by_key(|incident| incident.happening.start);
    lines.extend(harmful.into_iter().map(|incident| ("incident", incident_words(facts, incident))));
    more(lines, "incident", count, "incidents");
}

/// What an incident did to the users of an entry.
fn incident_words(facts: &Facts, incident: &Incident<'_>) -> String {
    let Incident { happening, traffic, harm } = incident;
    let at = human_span(happening.start.since_start());
    let mut parts =
        vec![format!("{} at {at}: {}{} lost", happening.what, prefix(facts, traffic), grouped(harm.lost.ceil()))];
    if harm.worst_failed_ratio > 0.0 {
        parts.push(format!("{} in the worst minute", human_percent(harm.worst_failed_ratio)));
    }
    if let Some(p99) = harm.worst_p99 {
        let before = harm.p99_before.map(|before| format!(" (before: {})", human_span(before)));
        parts.push(format!("p99 up to {}{}", human_span(p99), before.unwrap_or_default()));
    }
    match harm.back_after {
        _ if harm.is_not_back() => parts.push("NOT BACK to its objective at the end".to_owned()),
        Some(after) => parts.push(format!("back to its objective after {}", human_span(after))),
        None => {}
    }
    parts.join(", ")
}

/// The name of an entry before what is said of it, where there are several.
fn prefix(facts: &Facts, record: &TrafficRecord) -> String {
    if facts.traffic.len() > 1 { format!("{}: ", record.identity.name) } else { String::new() }
}

/// Requests that were not served: as a count, and as a share of all. Part of a request is lost as well.
fn lost(unserved: f64, ratio: f64) -> String {
    format!("{} ({})", grouped(unserved.ceil()), human_percent(ratio))
}

fn push(lines: &mut Vec<Line>, label: &'static str, texts: Vec<String>, things: &str) {
    let count = texts.len();
    lines.extend(texts.into_iter().take(SHOWN).map(|text| (label, text)));
    more(lines, label, count, things);
}

fn more(lines: &mut Vec<Line>, label: &'static str, count: usize, things: &str) {
    if count > SHOWN {
        lines.push((label, format!("and {} more {things}", count - SHOWN)));
    }
}
