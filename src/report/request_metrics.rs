//! The metrics of requests, made of the list of what is counted of them.

use super::metric::Unit::{BurnRate, Count, Dollars, Ratio, Seconds};
use super::metric::{Metric, metric};
use crate::record::RequestCount;

/// How many requests were served, and failed by cause; those offered are `requests_total`.
pub(super) const COUNTS: &[Metric] = &counted();

const COUNTED: usize = RequestCount::ALL.len() - 1;

const fn counted() -> [Metric; COUNTED] {
    let mut all = [metric("", Count, ""); COUNTED];
    let mut index = 0;
    while index < COUNTED {
        let info = RequestCount::ALL[index + 1].info();
        all[index] = metric(info.metric, Count, info.meaning);
        index += 1;
    }
    all
}

/// Figures of their latencies, how they stand to what is promised, and what incidents did to them.
pub(super) const FIGURES: &[Metric] = &[
    metric("request_latency_seconds_mean", Seconds, "time from a request to its answer, mean over the requests served"),
    metric("request_latency_seconds_p50", Seconds, "the same, median (nearest rank, at most 0.1 % too high)"),
    metric("request_latency_seconds_p90", Seconds, "the same, 90th percentile"),
    metric("request_latency_seconds_p95", Seconds, "the same, 95th percentile"),
    metric("request_latency_seconds_p99", Seconds, "the same, 99th percentile"),
    metric("request_latency_seconds_p999", Seconds, "the same, 99.9th percentile"),
    metric("request_latency_seconds_max", Seconds, "the same, largest"),
    metric(
        "requests_cross_zone_ratio",
        Ratio,
        "share of the attempts that a pod in another zone than that of their proxy took, of those whose zones are known",
    ),
    metric(
        "cross_zone_bytes",
        Count,
        "bytes of these attempts and their answers, by `requestBytes` and `responseBytes` of the entries",
    ),
    metric("cross_zone_dollars", Dollars, "what they cost by `pricing.crossZonePerGb`; no part of `cost_dollars`"),
    metric(
        "requests_good_ratio",
        Ratio,
        "share of the requests that ended which were good: served, within the latency of the entry's `slo` if it names one",
    ),
    metric(
        "apdex_ratio",
        Ratio,
        "Apdex: requests served within T and half of those served within four times T, over those that ended",
    ),
    metric(
        "slo_missed_seconds_max",
        Seconds,
        "time in windows of 10 s in which more requests were bad than the entry's `slo` allows, of the worst entry",
    ),
    metric(
        "slo_budget_used_ratio_max",
        Ratio,
        "share of the run's error budget that was used, of the worst entry: above 1 its `slo` is missed",
    ),
    metric("slo_burn_rate_1h_max", BurnRate, "largest burn rate over an hour (or the run so far), of the worst entry"),
    metric("slo_burn_rate_6h_max", BurnRate, "the same over six hours"),
    metric("slo_burn_rate_3d_max", BurnRate, "the same over three days"),
    metric(
        "slo_page_seconds_max",
        Seconds,
        "time in which a page would be out: a burn rate above 14.4 over 1 h and 5 min, or above 6 over 6 h and 30 min; of the worst entry",
    ),
    metric(
        "slo_ticket_seconds_max",
        Seconds,
        "time in which a ticket would be open: a burn rate above 1 over 3 d and 6 h; of the worst entry",
    ),
    metric(
        "incidents",
        Count,
        "rows of `incidents.csv`: faults, rollouts, actions and scalings by entry that they touched",
    ),
    metric(
        "incidents_not_back_at_end",
        Count,
        "incidents in which an entry missed its `slo` and had not come back to it when the run ended",
    ),
    metric("incident_requests_lost_max", Count, "most requests that failed in one incident"),
    metric("incident_missed_seconds_max", Seconds, "longest time for which an entry missed its `slo` in one incident"),
    metric(
        "incident_worst_minute_failed_ratio_max",
        Ratio,
        "largest share of the requests of one minute of an incident that failed",
    ),
    metric(
        "incident_worst_minute_latency_seconds_p99_max",
        Seconds,
        "largest 99th percentile of the latency in one minute of an incident (at most 1 % too high)",
    ),
];
