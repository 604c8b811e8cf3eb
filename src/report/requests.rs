//! What users felt: the requests of some traffic entries together, as metrics and in words.

use super::burn::{ALERTS, Burn, burn};
use super::incidents::{self, Incident};
use super::numbers::{grouped, human_number, human_percent, human_seconds, human_span};
use crate::record::{
    Facts, Latencies, RequestCount, RequestCounts, RequestInterval, ServiceLevel, TrafficRecord, WINDOW,
};
use crate::units::SimDuration;

/// The metrics of the requests of some traffic entries; none if nothing was sent.
pub(super) fn metrics(records: &[&TrafficRecord], all_incidents: &[Incident<'_>]) -> Vec<(String, f64)> {
    let mut latencies = Latencies::default();
    let mut counts = RequestCounts::default();
    for record in records {
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
        let named = |(name, latency): (&str, SimDuration)| (format!("{LATENCY}{name}"), latency.as_secs_f64());
        metrics.extend(each.map(named));
    }
    let mut add = |name: &str, value: f64| metrics.push((name.to_owned(), value));
    if counts.ended() > 0 {
        add("requests_good_ratio", float(counts.of(RequestCount::Good)) / float(counts.ended()));
        // Who is satisfied is known only of those whose latency is.
        if is_latency_known(&counts, &latencies) {
            add("apdex_ratio", apdex(&counts));
        }
        let missed = records.iter().map(|record| missed_for(record)).max().unwrap_or_default();
        add("slo_missed_seconds_max", missed.as_secs_f64());
    }
    let burns: Vec<Burn> = records.iter().filter_map(|record| burn(record)).collect();
    if !burns.is_empty() {
        let largest = |of: &dyn Fn(&Burn) -> f64| burns.iter().map(of).fold(0.0, f64::max);
        add("slo_budget_used_ratio_max", largest(&|burn| burn.used));
        for (index, alert) in ALERTS.iter().enumerate() {
            add(alert.metric, largest(&|burn| burn.largest.get(index).copied().unwrap_or(0.0)));
        }
        add("slo_page_seconds_max", largest(&|burn| burn.paged.as_secs_f64()));
        add("slo_ticket_seconds_max", largest(&|burn| burn.ticketed.as_secs_f64()));
    }
    let zones = zones(records);
    let known = [
        ("requests_cross_zone_ratio", zones.ratio),
        ("cross_zone_bytes", zones.bytes),
        ("cross_zone_dollars", zones.dollars),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            add(name, value);
        }
    }
    let concerned = all_incidents
        .iter()
        .filter(|incident| records.iter().any(|record| record.identity.name == incident.traffic.identity.name));
    for (name, value) in incidents::metrics(&concerned.collect::<Vec<_>>()) {
        add(name, value);
    }
    metrics
}

/// What went between zones, of some entries together; `None` of what is not known of all.
pub(super) struct Zones {
    /// Share of the attempts that left their zone among those of which that is known.
    pub ratio: Option<f64>,
    /// Bytes.
    pub bytes: Option<f64>,
    /// Dollars.
    pub dollars: Option<f64>,
}

/// What went between zones.
pub(super) fn zones(records: &[&TrafficRecord]) -> Zones {
    let sum = |count| records.iter().map(|record| float(record.counts.of(count))).sum::<f64>();
    let (same, cross) = (sum(RequestCount::SameZone), sum(RequestCount::CrossZone));
    // Only entries with a request that left its zone have anything to say.
    let crossing = || records.iter().filter(|record| record.counts.of(RequestCount::CrossZone) > 0);
    let is_any = same + cross > 0.0;
    let all = |of: fn(&TrafficRecord) -> Option<f64>| {
        is_any.then(|| crossing().map(|record| of(record)).sum::<Option<f64>>()).flatten()
    };
    Zones {
        ratio: is_any.then(|| cross / (same + cross)),
        bytes: all(TrafficRecord::cross_zone_bytes),
        dollars: all(TrafficRecord::cross_zone_dollars),
    }
}

/// Whether the latencies of so many served requests are known; of a fluid, parts of requests are left over.
pub(super) fn is_latency_known(counts: &RequestCounts, latencies: &Latencies) -> bool {
    latencies.count() > 0 && float(latencies.count()) >= 0.99 * float(counts.served())
}

/// The metrics of one traffic entry: those of all, and how many requests there were and how many were not served.
pub(super) fn metrics_of_entry(record: &TrafficRecord, incidents: &[Incident<'_>]) -> Vec<(String, f64)> {
    let offered = float(record.counts.offered());
    if offered <= 0.0 {
        return Vec::new();
    }
    let mut metrics = vec![
        ("requests_total".to_owned(), offered),
        ("requests_unserved_ratio".to_owned(), float(record.counts.failed()) / offered),
    ];
    metrics.extend(self::metrics(&[record], incidents));
    metrics
}

/// A metric of the requests of one interval; `None` if none ended, or it is not known of an interval.
pub(super) fn interval_value(interval: &RequestInterval, metric: &str) -> Option<f64> {
    let counts = &interval.counts;
    if counts.ended() == 0 {
        return None;
    }
    let ended = float(counts.ended());
    match metric {
        "requests_unserved_ratio" => Some(float(counts.failed()) / ended),
        "requests_good_ratio" => Some(float(counts.of(RequestCount::Good)) / ended),
        // Without a latency nobody knows who is satisfied, unless nobody was served.
        "apdex_ratio" => (interval.latency.is_some() || counts.served() == 0).then(|| apdex(counts)),
        _ => {
            let figures = interval.latency?;
            let latency = match metric.strip_prefix(LATENCY)? {
                "mean" => figures.mean,
                "p50" => figures.p50,
                "p90" => figures.p90,
                "p95" => figures.p95,
                "p99" => figures.p99,
                "p999" => figures.p999,
                "max" => figures.max,
                _ => return None,
            };
            Some(latency.as_secs_f64())
        }
    }
}

/// Whether a metric is known of each interval of a traffic entry.
#[must_use]
pub fn is_interval_metric(name: &str) -> bool {
    matches!(name, "requests_unserved_ratio" | "requests_good_ratio" | "apdex_ratio") || name.starts_with(LATENCY)
}

/// How the names of the metrics of latency begin.
const LATENCY: &str = "request_latency_seconds_";

/// Apdex of requests that ended: a failed one is as frustrating as one that took too long.
pub(super) fn apdex(counts: &RequestCounts) -> f64 {
    let (satisfied, tolerating) = (counts.of(RequestCount::Satisfied), counts.of(RequestCount::Tolerating));
    (float(satisfied) + float(tolerating) / 2.0) / float(counts.ended().max(1))
}

/// Time in windows of ten seconds in which an entry missed its objective.
pub(super) fn missed_for(record: &TrafficRecord) -> SimDuration {
    let level = &record.identity.service_level;
    let missed = record.windows.iter().filter(|window| level.is_missed(window.bad, window.ended)).count();
    WINDOW * i64::try_from(missed).unwrap_or(i64::MAX)
}

/// The entries that have users of their own: what services call among themselves is no request of a user.
pub(super) fn of_users(facts: &Facts) -> impl Iterator<Item = &TrafficRecord> {
    facts.traffic.iter().filter(|record| record.identity.has_senders)
}

/// All requests and those that failed, if every one was played and counted.
pub(super) fn counted(facts: &Facts) -> Option<(f64, f64)> {
    let is_counted = !facts.traffic.is_empty() && facts.traffic.iter().all(|record| !record.identity.is_fluid);
    let sum = |of: fn(&RequestCounts) -> u64| of_users(facts).map(|record| float(of(&record.counts))).sum();
    is_counted.then(|| (sum(RequestCounts::offered), sum(RequestCounts::failed)))
}

/// Why requests failed, each cause with a number; `share` adds the share of those offered.
pub(super) fn causes(counts: &RequestCounts, share: bool) -> Vec<String> {
    let found = RequestCount::causes().map(|cause| (cause, counts.of(cause))).filter(|(_, count)| *count > 0);
    let said = found.map(|(cause, count)| {
        let text = format!("{} {}", grouped(float(count)), cause.info().words);
        if share { format!("{text} ({})", human_percent(float(count) / float(counts.offered().max(1)))) } else { text }
    });
    said.collect()
}

/// The latencies of an entry in words; `None` if they are not known.
pub(super) fn latency_words(record: &TrafficRecord) -> Option<Vec<String>> {
    let figures = record.latencies.figures()?;
    let each = [("p50", figures.p50), ("p95", figures.p95), ("p99", figures.p99), ("max", figures.max)];
    Some(each.map(|(name, latency)| format!("{name} {}", human_span(latency))).into())
}

/// How an entry stands to an objective that its scenario sets; `None` where it is the usual one, or nothing was sent.
pub(super) fn service_level_words(record: &TrafficRecord) -> Option<String> {
    let level = &record.identity.service_level;
    if *level == (ServiceLevel { apdex: level.apdex, ..ServiceLevel::default() }) {
        return None;
    }
    let good = record.good_ratio()?;
    let within = level.latency.map_or_else(String::new, |latency| format!(" within {}", human_span(latency)));
    let mut parts = vec![format!("{} served{within} (target {})", human_percent(good), human_percent(level.target))];
    if let Some(burn) = burn(record) {
        parts.push(format!("{} of the error budget used", human_percent(burn.used)));
        if let Some(fastest) = burn.largest.first().filter(|rate| **rate > 1.0) {
            parts.push(format!("burn rate up to {} over an hour", human_number(*fastest)));
        }
    }
    let missed = missed_for(record);
    if missed > SimDuration::ZERO {
        parts.push(format!("missed for {}", human_seconds(missed.as_secs_f64())));
    }
    Some(parts.join(", "))
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}
