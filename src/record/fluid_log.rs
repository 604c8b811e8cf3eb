//! What became of the requests of a traffic entry that is a fluid: rates over spans of time instead of single requests.
//!
//! A span brings so many requests per second, of which some are lost by cause and the others have the latencies of a few
//! profiles. The books add up numbers that are not whole; each is rounded as the sum since the start, so that no part of a
//! request is lost. Memory depends on the number of intervals and of profiles, not on that of spans.

use super::latencies::{LatencyBucket, LatencyFigures, bucket_of};
use super::request_counts::{CountKind, RequestCount, RequestCounts};
use super::request_log::judged;
use super::request_windows::WindowLog;
use super::requests::{RequestInterval, TrafficIdentity, TrafficRecord};
use crate::units::{SimDuration, SimTime};

/// A share of requests that is as good as none.
const NEARLY: f64 = 1e-6;
/// Bins of latency: each is 1 % wider than the one before.
const BIN: f64 = 0.01;
/// The smallest latency that is told from none.
const SMALLEST: f64 = 1e-6;
/// Number of bins: up to some days.
const BINS: usize = 2800;

/// A bin of a profile.
#[derive(Clone, Copy, Debug)]
struct BinShare {
    bin: u16,
    /// Share of the requests.
    share: f64,
    /// Their sum of latencies in seconds, per request of the profile.
    seconds: f64,
}

/// A profile of latencies.
#[derive(Clone, Debug)]
struct Profile {
    bins: Box<[BinShare]>,
    /// What shares of its requests count as besides.
    judged: Vec<(RequestCount, f64)>,
}

/// Latencies by bins, and how many requests there are in each.
#[derive(Clone, Debug)]
struct Mixture {
    requests: Vec<f64>,
    seconds: Vec<f64>,
    /// Bins that may hold something.
    low: usize,
    high: usize,
}

impl Default for Mixture {
    fn default() -> Self {
        Self { requests: vec![0.0; BINS], seconds: vec![0.0; BINS], low: BINS, high: 0 }
    }
}

impl Mixture {
    fn add(&mut self, profile: &[BinShare], requests: f64) {
        for BinShare { bin, share, seconds } in profile {
            let bin = usize::from(*bin);
            self.requests[bin] += share * requests;
            self.seconds[bin] += seconds * requests;
        }
        if let (Some(first), Some(last)) = (profile.first(), profile.last()) {
            self.low = self.low.min(first.bin.into());
            self.high = self.high.max(usize::from(last.bin) + 1);
        }
    }

    fn clear(&mut self) {
        if self.low < self.high {
            self.requests[self.low..self.high].fill(0.0);
            self.seconds[self.low..self.high].fill(0.0);
        }
        (self.low, self.high) = (BINS, 0);
    }

    /// Bins that hold something: requests, and their mean latency in seconds.
    fn bins(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let range = self.low.min(self.high)..self.high;
        let bins = self.requests[range.clone()].iter().zip(&self.seconds[range]);
        bins.filter(|(requests, _)| **requests > 0.0).map(|(requests, seconds)| (*requests, seconds / requests))
    }

    /// How many there are in each bucket of a heat map that has any, in whole numbers.
    fn buckets(&self) -> Box<[LatencyBucket]> {
        let mut buckets: Vec<(u8, f64)> = Vec::new();
        for (requests, latency) in self.bins() {
            let bucket = bucket_of(whole(latency * 1e6));
            match buckets.last_mut() {
                Some(last) if last.0 == bucket => last.1 += requests,
                _ => buckets.push((bucket, requests)),
            }
        }
        let counted = buckets.into_iter().map(|(bucket, requests)| LatencyBucket { bucket, count: whole(requests) });
        counted.filter(|bucket| bucket.count > 0).collect()
    }

    /// The figures of all; `None` of nothing. The largest latency is that of the last half request.
    fn figures(&self) -> Option<LatencyFigures> {
        let total: f64 = self.bins().map(|(requests, _)| requests).sum();
        if total <= 0.0 {
            return None;
        }
        let mean: f64 = self.bins().map(|(requests, latency)| requests * latency).sum::<f64>() / total;
        let ranks = [0.5, 0.9, 0.95, 0.99, 0.999, (1.0 - 0.5 / total).max(0.0)].map(|share| share * total);
        let mut found = [0.0; 6];
        let mut next = [false; 6];
        let mut below = 0.0;
        for (requests, latency) in self.bins() {
            below += requests;
            for ((rank, found), done) in ranks.iter().zip(&mut found).zip(&mut next) {
                if !*done {
                    *found = latency;
                    *done = below >= *rank * (1.0 - 1e-12);
                }
            }
        }
        let [p50, p90, p95, p99, p999, max] = found.map(SimDuration::from_secs_f64);
        Some(LatencyFigures { mean: SimDuration::from_secs_f64(mean), p50, p90, p95, p99, p999, max: max.max(p50) })
    }
}

/// Sums of what was counted, and what was already given out of them in whole numbers.
#[derive(Clone, Copy, Debug, Default)]
struct WholeCounts {
    sums: [f64; RequestCount::ALL.len()],
    given: RequestCounts,
}

impl WholeCounts {
    fn add(&mut self, count: RequestCount, requests: f64) {
        self.sums[count as usize] += requests;
    }

    /// The whole requests that have come together since the last call. Those that did not fail are served.
    fn take(&mut self) -> RequestCounts {
        let mut more = RequestCounts::default();
        for count in RequestCount::ALL.iter().copied().filter(|count| !is_derived(*count)) {
            more.add(count, whole(self.sums[count as usize]).saturating_sub(self.given.of(count)));
        }
        self.given += more;
        let served = self.given.offered().saturating_sub(self.given.failed()).saturating_sub(self.given.served());
        self.given.add(RequestCount::Served, served);
        more.add(RequestCount::Served, served);
        // No more are good than are served, however both are rounded.
        let good = whole(self.sums[RequestCount::Good as usize]).min(self.given.served());
        let good = good.saturating_sub(self.given.of(RequestCount::Good));
        self.given.add(RequestCount::Good, good);
        more.add(RequestCount::Good, good);
        more
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// What an interval was made of, and what came of it.
#[derive(Clone, Debug, Default)]
struct LastInterval {
    requests: Vec<(u32, f64)>,
    latency: Option<LatencyFigures>,
    buckets: Box<[LatencyBucket]>,
}

/// Writes the [`TrafficRecord`] of a fluid.
#[derive(Clone, Debug)]
pub struct FluidLog {
    record: TrafficRecord,
    interval: SimDuration,
    start: SimTime,
    end: SimTime,
    counts: WholeCounts,
    has_requests: bool,
    profiles: Vec<Option<Profile>>,
    windows: WindowLog,
    /// Requests of each profile, in the current interval and in those before.
    requests: Vec<(u32, f64)>,
    before: Vec<f64>,
    mixture: Mixture,
    /// What the last interval was made of, and its figures: a load that stays has the same ones again.
    last: LastInterval,
}

impl FluidLog {
    /// A log of a run whose timeline has rows of `interval`.
    #[must_use]
    pub fn new(identity: TrafficIdentity, interval: SimDuration) -> Self {
        let interval = interval.max(SimDuration::from_nanos(1));
        Self {
            record: TrafficRecord::new(identity),
            windows: WindowLog::default(),
            interval,
            start: SimTime::ZERO,
            end: SimTime::ZERO + interval,
            counts: WholeCounts::default(),
            has_requests: false,
            profiles: Vec::new(),
            requests: Vec::new(),
            before: Vec::new(),
            mixture: Mixture::default(),
            last: LastInterval::default(),
        }
    }

    /// Whether the latencies of a profile are known here.
    #[must_use]
    pub fn knows(&self, profile: u32) -> bool {
        self.profiles.get(index(profile)).is_some_and(Option::is_some)
    }

    /// Makes a profile known: latencies in seconds, ascending, each as likely as the others.
    pub fn add_profile(&mut self, profile: u32, latencies: &[f64]) {
        let mut bins: Vec<BinShare> = Vec::new();
        let share = 1.0 / float(latencies.len().max(1));
        for latency in latencies {
            let bin = bin(*latency);
            match bins.last_mut().filter(|last| last.bin == bin) {
                Some(last) => (last.share, last.seconds) = (last.share + share, last.seconds + latency * share),
                None => bins.push(BinShare { bin, share, seconds: latency * share }),
            }
        }
        let level = self.record.identity.service_level;
        let mut shares: Vec<(RequestCount, f64)> = Vec::new();
        for latency in latencies {
            for (count, applies) in judged(&level, SimDuration::from_secs_f64(*latency)) {
                let more = if applies { share } else { 0.0 };
                match shares.iter_mut().find(|(known, _)| *known == count) {
                    Some((_, sum)) => *sum += more,
                    None => shares.push((count, more)),
                }
            }
        }
        let index = index(profile);
        if self.profiles.len() <= index {
            self.profiles.resize(index + 1, None);
            self.before.resize(index + 1, 0.0);
        }
        self.profiles[index] = Some(Profile { bins: bins.into(), judged: shares });
    }

    /// Requests of a span, which does not begin before the last one ended: so many per second of each count. Those that are
    /// served have the latencies of the profiles, so many per second of each.
    pub fn add_span(&mut self, from: SimTime, to: SimTime, rates: &[(RequestCount, f64)], served: &[(u32, f64)]) {
        self.note_windows(from, to, rates, served);
        let mut from = from;
        while from < to {
            self.advance(from);
            let until = to.min(self.end);
            let seconds = (until - from).as_secs_f64();
            for (count, rate) in rates {
                self.counts.add(*count, rate * seconds);
                self.has_requests |= *rate > 0.0;
            }
            for (profile, rate) in served {
                if let Some(Some(profile)) = self.profiles.get(index(*profile)) {
                    for (count, share) in &profile.judged {
                        self.counts.add(*count, rate * share * seconds);
                    }
                }
                match self.requests.iter_mut().find(|(known, _)| known == profile) {
                    Some((_, requests)) => *requests += rate * seconds,
                    None => self.requests.push((*profile, rate * seconds)),
                }
            }
            from = until;
        }
    }

    /// Notes the windows and minutes of a span in which requests are bad, and what is left of such a window after it. Others
    /// take no memory.
    fn note_windows(&mut self, from: SimTime, to: SimTime, rates: &[(RequestCount, f64)], served: &[(u32, f64)]) {
        let failed: f64 = rates.iter().filter(|(count, _)| is_failure(*count)).map(|(_, rate)| rate).sum();
        let all: f64 = failed + served.iter().map(|(_, rate)| rate).sum::<f64>();
        let good: f64 = served.iter().map(|(profile, rate)| rate * self.good(*profile)).sum();
        let bad = if all - good > NEARLY * all { all - good } else { 0.0 };
        self.windows.advance(from);
        let until = match (bad > 0.0, self.windows.is_bad()) {
            (true, _) => to,
            (false, true) => to.min(self.windows.window_end()),
            (false, false) => return,
        };
        let mut at = from;
        while at < until {
            self.windows.advance(at);
            let end = until.min(self.windows.window_end());
            let seconds = (end - at).as_secs_f64();
            self.windows.ended(all * seconds, failed * seconds, bad * seconds);
            for (number, rate) in served {
                let Some(Some(profile)) = self.profiles.get(index(*number)) else { continue };
                let (mut below, mut given) = (0.0, 0);
                for bin in &profile.bins {
                    below += bin.share * rate * seconds;
                    let count = whole(below) - given;
                    if count > 0 {
                        let latency = SimDuration::from_secs_f64(bin.seconds / bin.share);
                        self.windows.latencies().add_many(latency, count);
                    }
                    given += count;
                }
            }
            at = end;
        }
    }

    /// Share of the requests of a profile that are good.
    fn good(&self, profile: u32) -> f64 {
        let Some(Some(profile)) = self.profiles.get(index(profile)) else { return 1.0 };
        profile.judged.iter().find(|(count, _)| *count == RequestCount::Good).map_or(1.0, |(_, share)| *share)
    }

    /// Requests that were lost at once.
    pub fn add_lost(&mut self, cause: RequestCount, requests: f64, now: SimTime) {
        self.advance(now);
        self.counts.add(cause, requests);
        self.windows.advance(now);
        self.windows.ended(requests, requests, requests);
        self.has_requests |= requests > 0.0;
    }

    fn advance(&mut self, now: SimTime) {
        if now >= self.end {
            self.close();
            let into = SimDuration::from_nanos(now.as_nanos().rem_euclid(self.interval.as_nanos()));
            self.start = now - into;
            self.end = self.start + self.interval;
        }
    }

    fn close(&mut self) {
        if !self.has_requests {
            return;
        }
        let counts = self.counts.take();
        if self.last.requests != self.requests {
            for (profile, requests) in &self.requests {
                if let Some(Some(profile)) = self.profiles.get(index(*profile)) {
                    self.mixture.add(&profile.bins, *requests);
                }
            }
            self.last = LastInterval {
                requests: self.requests.clone(),
                latency: self.mixture.figures(),
                buckets: self.mixture.buckets(),
            };
            self.mixture.clear();
        }
        for (profile, requests) in self.requests.drain(..) {
            if let Some(before) = self.before.get_mut(index(profile)) {
                *before += requests;
            }
        }
        let (start, end, latency, buckets) = (self.start, self.end, self.last.latency, self.last.buckets.clone());
        self.record.intervals.push(RequestInterval { start, end, counts, latency, buckets });
        self.record.counts += counts;
        self.has_requests = false;
    }

    /// What it has written, by the end of the run.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> TrafficRecord {
        self.end = self.end.min(end);
        self.close();
        (self.record.windows, self.record.minutes) = self.windows.finish();
        for (profile, requests) in self.profiles.iter().zip(&self.before) {
            if let Some(profile) = profile {
                self.mixture.add(&profile.bins, *requests);
            }
        }
        // As many in whole numbers as were served.
        let total: f64 = self.mixture.bins().map(|(requests, _)| requests).sum();
        let (mut below, mut given) = (0.0, 0);
        for (requests, latency) in self.mixture.bins() {
            below += requests;
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let sum = whole(below / total * self.record.counts.served() as f64);
            self.record.latencies.add_many(SimDuration::from_secs_f64(latency), sum - given);
            given = sum;
        }
        self.record
    }
}

/// Whether a count follows from others.
const fn is_derived(count: RequestCount) -> bool {
    matches!(count, RequestCount::Served | RequestCount::Good)
}

/// Whether a count is one of requests that failed.
fn is_failure(count: RequestCount) -> bool {
    count.info().kind == CountKind::Failed
}

/// The bin of a latency.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
fn bin(seconds: f64) -> u16 {
    let bin = if seconds > SMALLEST { ((seconds / SMALLEST).ln() / BIN) as usize + 1 } else { 0 };
    u16::try_from(bin.min(BINS - 1)).unwrap_or(u16::MAX)
}

fn index(profile: u32) -> usize {
    usize::try_from(profile).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts of points")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(value: i64) -> SimTime {
        SimTime::from_secs(value)
    }

    fn log() -> FluidLog {
        let mut log = FluidLog::new(TrafficIdentity::default(), SimDuration::from_secs(10));
        log.add_profile(0, &[0.01]);
        log.add_profile(3, &(1..=100).map(|step| f64::from(step) * 0.1).collect::<Vec<_>>());
        log
    }

    fn millis(value: i64) -> SimDuration {
        SimDuration::from_millis(value)
    }

    #[test]
    fn spans_fill_the_intervals_that_they_are_in() {
        let mut log = log();
        let rates = [(RequestCount::Offered, 0.3), (RequestCount::QueueFull, 0.1)];
        log.add_span(seconds(5), seconds(35), &rates, &[(0, 0.2)]);
        log.add_span(seconds(50), seconds(51), &[(RequestCount::Offered, 100.0)], &[(3, 100.0)]);
        let record = log.finish(seconds(1000));
        let starts: Vec<_> = record.intervals.iter().map(|interval| interval.start).collect();
        assert_eq!(starts, [0, 10, 20, 30, 50].map(seconds), "intervals without requests have no row");
        // 9 requests of which 3 are lost, each sum rounded: 1.5, 4.5, 7.5 and 9.
        let offered: Vec<_> = record.intervals.iter().map(|interval| interval.counts.offered()).collect();
        assert_eq!(offered.iter().sum::<u64>(), 109);
        assert_eq!(
            (record.counts.offered(), record.counts.of(RequestCount::QueueFull), record.counts.served()),
            (109, 3, 106)
        );
        assert_eq!(record.latencies.count(), 106);
        assert_eq!(record.intervals[0].latency.unwrap().p50, millis(10), "one value is given as it is");
        assert_eq!(record.intervals[1].latency, record.intervals[2].latency);
        let last = record.intervals[4].latency.unwrap();
        assert_eq!((last.p50, last.p90, last.p99), (millis(5000), millis(9000), millis(9900)), "by nearest rank");
        assert_eq!(last.mean, millis(5050));
    }

    #[test]
    fn an_interval_mixes_by_requests() {
        let mut log = log();
        log.add_span(seconds(0), seconds(8), &[(RequestCount::Offered, 10.0)], &[(0, 10.0)]);
        log.add_span(seconds(8), seconds(10), &[(RequestCount::Offered, 10.0)], &[(3, 10.0)]);
        log.add_lost(RequestCount::Cut, 2.4, seconds(12));
        log.add_span(seconds(12), seconds(20), &[(RequestCount::Offered, 10.0)], &[(0, 10.0)]);
        let record = log.finish(seconds(1000));
        let figures = record.intervals[0].latency.unwrap();
        assert_eq!((figures.p50, figures.p90), (millis(10), millis(5000)), "a fifth of them is slow");
        assert_eq!(
            (record.counts.of(RequestCount::Cut), record.counts.served()),
            (2, 178),
            "a request is counted once"
        );
    }
}
