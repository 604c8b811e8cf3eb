//! What users felt: the requests of all traffic entries together, as metrics and in words.

use super::numbers::{grouped, human_percent, human_seconds};
use crate::record::{Facts, Latencies, RequestCount, RequestCounts, TrafficRecord};
use crate::units::SimDuration;

/// The metrics of requests whose latency is known.
pub(super) fn metrics(facts: &Facts) -> Vec<(String, f64)> {
    let mut latencies = Latencies::default();
    let mut counts = RequestCounts::default();
    for record in of_users(facts) {
        latencies.add_all(&record.latencies);
        counts += record.counts;
    }
    if counts.is_empty() {
        return Vec::new();
    }
    let counted = RequestCount::ALL.iter().filter(|count| **count != RequestCount::Offered);
    let mut metrics: Vec<(String, f64)> =
        counted.map(|count| (count.info().metric.to_owned(), float(counts.of(*count)))).collect();
    if let Some(figures) = latencies.figures() {
        let each = [
            ("mean", figures.mean),
            ("p50", figures.p50),
            ("p90", figures.p90),
            ("p95", figures.p95),
            ("p99", figures.p99),
            ("p999", figures.p999),
            ("max", figures.max),
        ];
        let named =
            |(name, latency): (&str, SimDuration)| (format!("request_latency_seconds_{name}"), latency.as_secs_f64());
        metrics.extend(each.map(named));
    }
    metrics
}

/// The entries that have users of their own: what services call among themselves is no request of a user.
fn of_users(facts: &Facts) -> impl Iterator<Item = &TrafficRecord> {
    facts.traffic.iter().filter(|record| record.has_senders)
}

/// All requests and those that failed, if every one was played and counted.
pub(super) fn counted(facts: &Facts) -> Option<(f64, f64)> {
    let is_counted = !facts.traffic.is_empty() && facts.traffic.iter().all(|record| !record.is_fluid);
    let sum = |of: fn(&RequestCounts) -> u64| of_users(facts).map(|record| float(of(&record.counts))).sum();
    is_counted.then(|| (sum(RequestCounts::offered), sum(RequestCounts::failed)))
}

/// A line for each entry: its latency, and why requests failed.
pub(super) fn lines(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    for record in &facts.traffic {
        let Some(figures) = record.latencies.figures() else { continue };
        let seconds = |latency: SimDuration| human_seconds(latency.as_secs_f64());
        let mut parts = vec![
            format!("{}: p50 {}", record.name, seconds(figures.p50)),
            format!("p95 {}", seconds(figures.p95)),
            format!("p99 {}", seconds(figures.p99)),
            format!("max {}", seconds(figures.max)),
        ];
        for cause in RequestCount::causes() {
            let count = record.counts.of(cause);
            if count > 0 {
                let share = human_percent(float(count) / float(record.counts.offered().max(1)));
                parts.push(format!("{} {} ({share})", grouped(float(count)), cause.info().words));
            }
        }
        lines.push(parts.join(", "));
    }
    lines
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}
