//! What users felt, in the lines that a terminal shows first: requests and latencies, and the incidents that did most harm.

use super::incidents::{Incident, incidents};
use super::numbers::{grouped, human_dollars, human_number, human_percent, human_span};
use super::requests::{causes, latency_words, service_level_words};
use super::summary::Summary;
use super::unserved::{Unserved, unserved};
use crate::record::{BackendRecord, Facts, RequestCount, TrafficRecord, Transfer};
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
    push(&mut lines, "zones", between_zones(facts), "traffic entries");
    push(&mut lines, "backend", backends(facts), "backends");
    let levels: Vec<String> = facts
        .traffic
        .iter()
        .filter_map(|record| Some(format!("{}{}", prefix(facts, record), service_level_words(record)?)))
        .collect();
    push(&mut lines, "slo", levels, "traffic entries");
    harm(facts, &mut lines);
    lines
}

/// What the requests of entries whose sizes or prices are given did between zones.
fn between_zones(facts: &Facts) -> Vec<String> {
    let said = facts.traffic.iter().filter_map(|record| {
        let Transfer { request_bytes, response_bytes, dollars_per_gb } = record.identity.transfer;
        let ratio = record.cross_zone_ratio()?;
        if request_bytes.is_none() && response_bytes.is_none() && dollars_per_gb.is_none() {
            return None;
        }
        let volume = match record.cross_zone_bytes() {
            Some(bytes) => format!("{} GB", human_number(bytes / 1e9)),
            None => "volume unknown".to_owned(),
        };
        let cost = record.cross_zone_dollars().map_or("cost unknown".to_owned(), human_dollars);
        Some(format!("{}{} to another zone, {volume}, {cost}", prefix(facts, record), human_percent(ratio)))
    });
    said.collect()
}

/// Who had the requests of entries with several backends: the largest share first.
fn backends(facts: &Facts) -> Vec<String> {
    let mut texts = Vec::new();
    for record in facts.traffic.iter().filter(|record| record.backends.len() > 1) {
        let mut backends: Vec<&BackendRecord> = record.backends.iter().collect();
        backends.sort_by_key(|backend| Reverse(backend.counts.of(RequestCount::Attempts)));
        let said: Vec<String> = backends.iter().take(SHOWN).map(|backend| backend_words(record, backend)).collect();
        let more = backends.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("; and {more} more in backends.csv") } else { String::new() };
        texts.push(format!("{}{}{more}", prefix(facts, record), said.join("; ")));
    }
    texts
}

/// What became of the attempts that came to a backend.
fn backend_words(record: &TrafficRecord, backend: &BackendRecord) -> String {
    let name = [&backend.revision, &backend.workload, &backend.service].into_iter().find(|name| !name.is_empty());
    let name = name.map_or("nobody", |name| name.rsplit('/').next().unwrap_or(name));
    let (attempts, failed) = (float(backend.counts.of(RequestCount::Attempts)), float(backend.counts.failed()));
    let mut parts = vec![format!("{name} {} ({})", grouped(attempts), human_percent(record.share_of(backend)))];
    if failed > 0.0 {
        parts.push(format!("{} failed", human_percent(failed / attempts.max(1.0))));
    }
    parts.extend(backend.latencies.quantile(0.99).map(|p99| format!("p99 {}", human_span(p99))));
    parts.join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
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
        records.iter().any(|record| {
            let is_backend = record.backends.iter().any(|backend| backend.is_of(&one.namespace, &one.name));
            (record.is_of(&one.namespace, &one.name) || is_backend) && record.latencies.count() > 0
        })
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
