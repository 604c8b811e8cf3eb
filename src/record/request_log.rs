//! Writes what becomes of the requests of a traffic entry, in memory that depends on the number of intervals and not on
//! that of the requests.

use super::latencies::Latencies;
use super::request_counts::{CountKind, RequestCount, RequestCounts};
use super::request_windows::WindowLog;
use super::requests::{RequestInterval, TrafficIdentity, TrafficRecord};
use super::service_level::ServiceLevel;
use crate::units::{SimDuration, SimTime};

/// Writes a [`TrafficRecord`].
#[derive(Clone, Debug)]
pub struct RequestLog {
    record: TrafficRecord,
    interval: SimDuration,
    /// Start and end of the current interval, its counts and latencies.
    start: SimTime,
    end: SimTime,
    counts: RequestCounts,
    latencies: Latencies,
    windows: WindowLog,
    /// The earliest end of the current interval, window and minute.
    next_end: SimTime,
}

impl RequestLog {
    /// A log of a run whose timeline has rows of `interval`.
    #[must_use]
    pub fn new(identity: TrafficIdentity, interval: SimDuration) -> Self {
        let interval = interval.max(SimDuration::from_nanos(1));
        let windows = WindowLog::default();
        let end = SimTime::ZERO + interval;
        let next_end = end.min(windows.window_end());
        Self {
            record: TrafficRecord::new(identity),
            interval,
            start: SimTime::ZERO,
            end,
            counts: RequestCounts::default(),
            latencies: Latencies::default(),
            windows,
            next_end,
        }
    }

    /// Counts some more in the interval of `now`, which is not before that of the last call.
    pub fn count(&mut self, count: RequestCount, more: u64, now: SimTime) {
        self.advance(now);
        self.counts.add(count, more);
        if count.info().kind == CountKind::Failed {
            let failed = float(more);
            self.windows.ended(failed, failed, failed);
        }
    }

    /// A request was served.
    pub fn served(&mut self, now: SimTime, latency: SimDuration) {
        self.advance(now);
        self.counts.add(RequestCount::Served, 1);
        self.latencies.add(latency);
        let level = self.record.identity.service_level;
        for (count, applies) in judged(&level, latency) {
            self.counts.add(count, u64::from(applies));
        }
        self.windows.ended(1.0, 0.0, f64::from(u8::from(!level.is_good(latency))));
        self.windows.latencies().add(latency);
    }

    fn advance(&mut self, now: SimTime) {
        if now < self.next_end {
            return;
        }
        self.windows.advance(now);
        if now >= self.end {
            self.close();
            let into = SimDuration::from_nanos(now.as_nanos().rem_euclid(self.interval.as_nanos()));
            self.start = now - into;
            self.end = self.start + self.interval;
        }
        self.next_end = self.end.min(self.windows.window_end());
    }

    fn close(&mut self) {
        if !self.counts.is_empty() {
            let (start, end, counts) = (self.start, self.end, self.counts);
            let (latency, buckets) = (self.latencies.figures(), self.latencies.buckets());
            self.record.intervals.push(RequestInterval { start, end, counts, latency, buckets });
            self.record.counts += counts;
            self.record.latencies.add_all(&self.latencies);
            self.counts = RequestCounts::default();
            self.latencies.clear();
        }
    }

    /// What it has written, by the end of the run.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> TrafficRecord {
        self.end = self.end.min(end);
        self.close();
        (self.record.windows, self.record.minutes) = self.windows.finish();
        self.record
    }
}

/// Whether Apdex counts the request of a latency as satisfied.
fn is_satisfied(level: &ServiceLevel, latency: SimDuration) -> bool {
    latency <= level.apdex
}

/// Whether Apdex counts it as tolerating.
fn is_tolerating(level: &ServiceLevel, latency: SimDuration) -> bool {
    !is_satisfied(level, latency) && latency <= level.apdex * 4
}

/// What a served request counts as besides.
pub(super) fn judged(level: &ServiceLevel, latency: SimDuration) -> [(RequestCount, bool); 3] {
    [
        (RequestCount::Good, level.is_good(latency)),
        (RequestCount::Satisfied, is_satisfied(level, latency)),
        (RequestCount::Tolerating, is_tolerating(level, latency)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(latency: Option<i64>, target: f64) -> RequestLog {
        let latency = latency.map(SimDuration::from_millis);
        let service_level = ServiceLevel { latency, target, ..ServiceLevel::default() };
        let identity = TrafficIdentity { service_level, ..TrafficIdentity::default() };
        RequestLog::new(identity, SimDuration::from_secs(15))
    }

    #[test]
    fn a_request_is_judged_by_its_latency() {
        let mut log = log(Some(300), 0.99);
        for (at, latency) in [(0, 100), (5, 400), (25, 600), (70, 2000), (71, 2001)] {
            log.count(RequestCount::Offered, 1, SimTime::from_secs(at));
            log.served(SimTime::from_secs(at), SimDuration::from_millis(latency));
        }
        log.count(RequestCount::Offered, 1, SimTime::from_secs(72));
        log.count(RequestCount::Timeout, 1, SimTime::from_secs(72));
        let record = log.finish(SimTime::from_secs(72));
        assert_eq!(record.intervals[2].end, SimTime::from_secs(72), "the last one ends with the run");
        let of = |count| record.counts.of(count);
        assert_eq!((of(RequestCount::Offered), of(RequestCount::Served), record.counts.failed()), (6, 5, 1));
        assert_eq!((of(RequestCount::Good), of(RequestCount::Satisfied), of(RequestCount::Tolerating)), (1, 2, 2));
        let starts: Vec<i64> =
            record.intervals.iter().map(|interval| interval.start.as_nanos() / 1_000_000_000).collect();
        assert_eq!(starts, [0, 15, 60], "an interval without a request takes no memory");
        let windows: Vec<_> = record.windows.iter().map(|one| (one.start, one.ended, one.failed, one.bad)).collect();
        let seconds = SimTime::from_secs;
        assert_eq!(windows, [(seconds(0), 2.0, 0.0, 1.0), (seconds(20), 1.0, 0.0, 1.0), (seconds(70), 3.0, 1.0, 3.0)]);
        let minutes: Vec<_> = record.minutes.iter().map(|one| (one.start, (one.failed_ratio * 3.0).round())).collect();
        assert_eq!(minutes, [(seconds(0), 0.0), (seconds(60), 1.0)]);
        assert!(record.minutes[1].p99.unwrap() >= SimDuration::from_millis(2001));
    }
}
