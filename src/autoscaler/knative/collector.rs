//! What is known of a revision's requests: a stable and a panic window of each metric (`pkg/autoscaler/metrics/collector.go`).

use super::buckets::{BUCKET_SIZE, Buckets};
use super::decider::MetricWindows;
use super::pod_autoscaler::ScalingMetric;
use crate::units::SimTime;

/// What a scrape gives, over the second before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stat {
    /// `AverageConcurrentRequests`.
    pub concurrency: f64,
    /// `AverageProxiedConcurrentRequests`: those that came through the activator, which tells of them itself.
    pub proxied_concurrency: f64,
    /// `RequestCount`.
    pub requests: f64,
    /// `ProxiedRequestCount`.
    pub proxied_requests: f64,
}

/// The values that a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Over the stable window.
    pub stable: f64,
    /// Over the panic window.
    pub panic: f64,
}

/// Windows of one metric.
#[derive(Clone, Debug, PartialEq)]
struct Windows {
    stable: Buckets,
    panic: Buckets,
}

/// The windows of a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricCollector {
    concurrency: Windows,
    rps: Windows,
    /// Whether pods are scraped: without, no data means no requests.
    has_scrape_target: bool,
}

impl MetricCollector {
    /// Starts to collect.
    #[must_use]
    pub fn new(windows: &MetricWindows) -> Self {
        let buckets = |window| Buckets::new(window, BUCKET_SIZE, windows.is_weighted);
        let both = || Windows { stable: buckets(windows.stable), panic: buckets(windows.panic) };
        Self { concurrency: both(), rps: both(), has_scrape_target: windows.has_scrape_target }
    }

    /// Adds what was scraped; several in one second add up. What the activator has counted is left out.
    pub fn record(&mut self, now: SimTime, stat: Stat) {
        let values = [
            (&mut self.concurrency, stat.concurrency - stat.proxied_concurrency),
            (&mut self.rps, stat.requests - stat.proxied_requests),
        ];
        for (windows, value) in values {
            windows.stable.record(now, value);
            windows.panic.record(now, value);
        }
    }

    fn windows(&self, metric: ScalingMetric) -> &Windows {
        match metric {
            ScalingMetric::Concurrency => &self.concurrency,
            ScalingMetric::Rps => &self.rps,
        }
    }

    /// The averages of a metric (`StableAndPanicConcurrency`, `StableAndPanicRPS`); `None` is "no data available".
    #[must_use]
    pub fn stable_and_panic(&self, metric: ScalingMetric, now: SimTime) -> Option<Observed> {
        let windows = self.windows(metric);
        if self.has_scrape_target && windows.stable.is_empty(now) {
            return None;
        }
        Some(Observed { stable: windows.stable.average(now), panic: windows.panic.average(now) })
    }
}
