//! Writes what becomes of the requests of a traffic entry, in memory that depends on the number of intervals and not on
//! that of the requests.

use super::latencies::Latencies;
use super::request_counts::{CountKind, RequestCount, RequestCounts};
use super::request_windows::WindowLog;
use super::requests::{BackendRecord, RequestInterval, TrafficIdentity, TrafficRecord};
use super::service_level::ServiceLevel;
use crate::units::{SimDuration, SimTime};

/// Requests as a fluid, which flow at one rate for some time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flow<'a> {
    /// Requests per second that are sent.
    pub offered: f64,
    /// Of these, requests per second that fail, by cause.
    pub failed: &'a [(RequestCount, f64)],
    /// Latencies of those that are served, each with its share of them; empty if they are not known. The shares add up to
    /// one.
    pub latencies: &'a [(SimDuration, f64)],
}

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
    /// Up to when a fluid is accounted for, and its parts of requests.
    flown: SimTime,
    parts: [f64; RequestCount::ALL.len()],
    latency_parts: Vec<f64>,
}

/// Parts of a request that are as good as a whole one.
const NEARLY: f64 = 1e-6;

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
            flown: SimTime::ZERO,
            parts: [0.0; RequestCount::ALL.len()],
            latency_parts: Vec::new(),
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

    /// A fluid has flown so since the last call, or the start of the run.
    pub fn flow(&mut self, until: SimTime, flow: &Flow<'_>) {
        if flow.offered <= 0.0 {
            self.flown = self.flown.max(until);
        }
        let failed: f64 = flow.failed.iter().map(|(_, rate)| rate).sum();
        let served = (flow.offered - failed).max(0.0);
        let level = self.record.identity.service_level;
        let share = |holds: &dyn Fn(SimDuration) -> bool| -> f64 {
            flow.latencies.iter().filter(|(latency, _)| holds(*latency)).map(|(_, share)| share).sum()
        };
        let known = !flow.latencies.is_empty();
        let good = served * if known { share(&|latency| level.is_good(latency)) } else { 1.0 };
        let satisfied = served * share(&|latency| is_satisfied(&level, latency));
        let tolerating = served * share(&|latency| is_tolerating(&level, latency));
        let bad = if served - good > NEARLY * served { failed + served - good } else { failed };
        while self.flown < until {
            self.advance(self.flown);
            // A fluid of which nothing but the number is known and nothing is lost concerns the intervals alone.
            let next = if known || bad > 0.0 { self.next_end } else { self.end };
            let to = until.min(next);
            let seconds = (to - self.flown).as_secs_f64();
            self.part(RequestCount::Offered, flow.offered * seconds);
            self.part(RequestCount::Served, served * seconds);
            self.part(RequestCount::Good, good * seconds);
            self.part(RequestCount::Satisfied, satisfied * seconds);
            self.part(RequestCount::Tolerating, tolerating * seconds);
            for (cause, rate) in flow.failed {
                self.part(*cause, rate * seconds);
            }
            self.windows.ended((served + failed) * seconds, failed * seconds, bad * seconds);
            self.flow_latencies(served * seconds, flow.latencies);
            self.flown = to;
        }
    }

    /// Counts the whole requests among some parts, and keeps the rest.
    fn part(&mut self, count: RequestCount, more: f64) {
        if let Some(parts) = self.parts.get_mut(count as usize) {
            self.counts.add(count, whole(parts, more));
        }
    }

    fn flow_latencies(&mut self, served: f64, latencies: &[(SimDuration, f64)]) {
        self.latency_parts.resize(latencies.len(), 0.0);
        for ((latency, share), parts) in latencies.iter().zip(&mut self.latency_parts) {
            let count = whole(parts, served * share);
            if count > 0 {
                self.latencies.add_many(*latency, count);
                self.windows.latencies().add_many(*latency, count);
            }
        }
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

    /// A quantile of the latency of the requests that were served in the minute of `now` and the one before, at most 1 % too
    /// high; `None` if none was served.
    #[must_use]
    pub fn recent_latency(&self, quantile: f64, now: SimTime) -> Option<SimDuration> {
        self.windows.recent_latency(quantile, now)
    }

    /// Whose requests they are.
    #[must_use]
    pub const fn identity(&self) -> &TrafficIdentity {
        &self.record.identity
    }

    /// What it has written of the attempts that came to one backend, by the end of the run.
    #[must_use]
    pub fn finish_backend(self, service: &str, workload: &str, revision: &str, end: SimTime) -> BackendRecord {
        let TrafficRecord { counts, latencies, intervals, .. } = self.finish(end);
        let (service, workload, revision) = (service.into(), workload.into(), revision.into());
        BackendRecord { service, workload, revision, counts, latencies, intervals }
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

/// The whole ones among parts and some more; the rest stays.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
fn whole(parts: &mut f64, more: f64) -> u64 {
    let all = *parts + more;
    let whole = (all + NEARLY).floor().max(0.0);
    *parts = all - whole;
    whole as u64
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

    #[test]
    fn a_fluid_counts_what_flows_and_loses_no_part() {
        let mut log = log(None, 0.999);
        let calm = Flow { offered: 0.7, ..Flow::default() };
        log.flow(SimTime::from_secs(100), &calm);
        let latencies = [(SimDuration::from_millis(100), 0.5), (SimDuration::from_millis(900), 0.5)];
        let short = Flow { offered: 10.0, failed: &[(RequestCount::QueueFull, 2.5)], latencies: &latencies };
        log.flow(SimTime::from_secs(130), &short);
        log.flow(SimTime::from_secs(1000), &calm);
        let record = log.finish(SimTime::from_secs(1000));
        let of = |count| record.counts.of(count);
        assert_eq!(of(RequestCount::Offered), 70 + 300 + 609);
        assert_eq!((of(RequestCount::QueueFull), of(RequestCount::Served)), (75, 70 + 225 + 609));
        assert_eq!(record.latencies.count(), 224, "whole requests of each latency");
        assert_eq!(
            (of(RequestCount::Satisfied), of(RequestCount::Tolerating)),
            (112, 112),
            "halves are kept, not lost"
        );
        let lost: f64 = record.windows.iter().map(|window| window.failed).sum();
        assert_eq!((record.windows.len(), lost.round()), (3, 75.0));
        assert_eq!(record.minutes.len(), 2, "only the minutes with latencies or losses");
        let rest = record.intervals.iter().map(|interval| interval.counts.offered()).sum::<u64>();
        assert_eq!(rest, of(RequestCount::Offered));
    }
}
