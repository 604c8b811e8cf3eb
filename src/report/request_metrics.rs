//! The metrics of requests, made of the list of what is counted of them.

use super::metric::Unit::{Count, Seconds};
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

/// Figures of their latencies.
pub(super) const FIGURES: &[Metric] = &[
    metric("request_latency_seconds_mean", Seconds, "time from a request to its answer, mean over the requests served"),
    metric("request_latency_seconds_p50", Seconds, "the same, median (nearest rank, at most 0.1 % too high)"),
    metric("request_latency_seconds_p90", Seconds, "the same, 90th percentile"),
    metric("request_latency_seconds_p95", Seconds, "the same, 95th percentile"),
    metric("request_latency_seconds_p99", Seconds, "the same, 99th percentile"),
    metric("request_latency_seconds_p999", Seconds, "the same, 99.9th percentile"),
    metric("request_latency_seconds_max", Seconds, "the same, largest"),
];
