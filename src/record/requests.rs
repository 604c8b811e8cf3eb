//! What became of the requests of a traffic entry: counts by cause and latencies, in all and for each interval of the
//! timeline. Memory depends on the number of intervals, not on that of the requests.

use super::request_counts::{RequestCount, RequestCounts};
use crate::units::{SimDuration, SimTime};
use hdrhistogram::Histogram;
use smol_str::SmolStr;

/// Latencies of the requests that were served: from when a client sent a request to the whole answer. To the microsecond,
/// percentiles at most 0.1 % too high.
#[derive(Clone, Debug)]
pub struct Latencies {
    micros: Histogram<u64>,
    total_nanos: i128,
}

/// Largest latency that a new histogram has room for; it grows.
const FIRST_ROOM_MICROS: u64 = 60_000_000;

impl Default for Latencies {
    fn default() -> Self {
        let micros = Histogram::new_with_max(FIRST_ROOM_MICROS, 3).or_else(|_| Histogram::new(3));
        let mut micros = micros.unwrap_or_else(|_| unreachable!("three digits are a number of digits"));
        micros.auto(true);
        Self { micros, total_nanos: 0 }
    }
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: SimDuration) {
        self.add_many(latency, 1);
    }

    /// Adds several equal ones.
    pub fn add_many(&mut self, latency: SimDuration, count: u64) {
        let nanos = latency.as_nanos().max(0);
        self.total_nanos += i128::from(nanos) * i128::from(count);
        let micros = (nanos.unsigned_abs() + 500) / 1000;
        if self.micros.record_n(micros, count).is_err() {
            self.micros.saturating_record_n(micros, count);
        }
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        self.total_nanos += other.total_nanos;
        // An histogram that grows has room for every latency of another.
        if self.micros.add(&other.micros).is_err() {
            for bucket in other.micros.iter_recorded() {
                self.micros.saturating_record_n(bucket.value_iterated_to(), bucket.count_since_last_iteration());
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.micros.len()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.micros.reset();
        self.total_nanos = 0;
    }

    /// The mean; `None` of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<SimDuration> {
        let mean = self.total_nanos.checked_div(i128::from(self.count()))?;
        Some(SimDuration::from_nanos(i64::try_from(mean).unwrap_or(i64::MAX)))
    }

    /// The latency that a share (0 to 1) of the requests do not exceed, by nearest rank; `None` of nothing.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<SimDuration> {
        let micros = (self.count() > 0).then(|| self.micros.value_at_quantile(share).min(self.micros.max()))?;
        Some(SimDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// The largest; `None` of nothing.
    #[must_use]
    pub fn max(&self) -> Option<SimDuration> {
        let micros = (self.count() > 0).then(|| self.micros.max())?;
        Some(SimDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// The figures that tables and charts show; `None` of nothing.
    #[must_use]
    pub fn figures(&self) -> Option<LatencyFigures> {
        let of = |share| self.quantile(share);
        Some(LatencyFigures {
            mean: self.mean()?,
            p50: of(0.5)?,
            p90: of(0.9)?,
            p95: of(0.95)?,
            p99: of(0.99)?,
            p999: of(0.999)?,
            max: self.max()?,
        })
    }
}

/// Figures of the latencies of many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyFigures {
    /// Mean.
    pub mean: SimDuration,
    /// Median.
    pub p50: SimDuration,
    /// 90th percentile.
    pub p90: SimDuration,
    /// 95th percentile.
    pub p95: SimDuration,
    /// 99th percentile.
    pub p99: SimDuration,
    /// 99.9th percentile.
    pub p999: SimDuration,
    /// Largest.
    pub max: SimDuration,
}

/// What became of the requests that ended in an interval of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestInterval {
    /// Its start.
    pub start: SimTime,
    /// Requests sent in it, and those that ended in it.
    pub counts: RequestCounts,
    /// Latencies of those that were served in it; `None` if none was.
    pub latency: Option<LatencyFigures>,
}

/// The requests of a traffic entry.
#[derive(Clone, Debug)]
pub struct TrafficRecord {
    /// The entry's name.
    pub name: SmolStr,
    /// Namespace of its target.
    pub namespace: SmolStr,
    /// Kind and name of its target, as `Deployment/web`.
    pub target: SmolStr,
    /// Whether it was a fluid, whose latencies come from formulas.
    pub is_fluid: bool,
    /// Whether it has users of its own; one that has not is only called by other entries.
    pub has_senders: bool,
    /// All requests.
    pub counts: RequestCounts,
    /// Latencies of all that were served.
    pub latencies: Latencies,
    /// The intervals of the timeline in which requests were sent or ended.
    pub intervals: Vec<RequestInterval>,
}

/// Writes a [`TrafficRecord`].
#[derive(Clone, Debug)]
pub struct RequestLog {
    record: TrafficRecord,
    interval: SimDuration,
    /// Start of the current interval, its counts and latencies.
    start: SimTime,
    end: SimTime,
    counts: RequestCounts,
    latencies: Latencies,
}

impl RequestLog {
    /// A log of a run whose timeline has rows of `interval`.
    #[must_use]
    pub fn new(name: &str, namespace: &str, target: &str, interval: SimDuration) -> Self {
        let interval = interval.max(SimDuration::from_nanos(1));
        Self {
            record: TrafficRecord {
                name: name.into(),
                namespace: namespace.into(),
                target: target.into(),
                is_fluid: false,
                has_senders: true,
                counts: RequestCounts::default(),
                latencies: Latencies::default(),
                intervals: Vec::new(),
            },
            interval,
            start: SimTime::ZERO,
            end: SimTime::ZERO + interval,
            counts: RequestCounts::default(),
            latencies: Latencies::default(),
        }
    }

    /// Counts some more in the interval of `now`, which is not before that of the last call.
    pub fn count(&mut self, count: RequestCount, more: u64, now: SimTime) {
        self.advance(now);
        self.counts.add(count, more);
    }

    /// Says whether the entry has users of its own.
    pub const fn has_senders(&mut self, has_senders: bool) {
        self.record.has_senders = has_senders;
    }

    /// A request was served.
    pub fn served(&mut self, now: SimTime, latency: SimDuration) {
        self.advance(now);
        self.counts.add(RequestCount::Served, 1);
        self.latencies.add(latency);
    }

    /// Latencies of requests that were served in the interval of the last call.
    pub fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }

    /// End of the interval of the last call.
    #[must_use]
    pub const fn interval_end(&self) -> SimTime {
        self.end
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
        if !self.counts.is_empty() {
            let (start, counts) = (self.start, self.counts);
            self.record.intervals.push(RequestInterval { start, counts, latency: self.latencies.figures() });
            self.record.counts += counts;
            self.record.latencies.add_all(&self.latencies);
            self.counts = RequestCounts::default();
            self.latencies.clear();
        }
    }

    /// What it has written.
    #[must_use]
    pub fn finish(mut self) -> TrafficRecord {
        self.close();
        self.record
    }
}
