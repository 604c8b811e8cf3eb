//! Latencies of many requests, in memory that does not depend on their number.

use crate::units::SimDuration;
use hdrhistogram::Histogram;

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
        Self::with_digits(3)
    }
}

impl Latencies {
    /// Percentiles at most 1 % too high, in a tenth of the memory.
    pub(super) fn coarse() -> Self {
        Self::with_digits(2)
    }

    /// Percentiles to so many digits, one to five.
    fn with_digits(digits: u8) -> Self {
        let micros = Histogram::new_with_max(FIRST_ROOM_MICROS, digits).or_else(|_| Histogram::new(digits));
        let mut micros = micros.unwrap_or_else(|_| unreachable!("a number of digits from one to five"));
        micros.auto(true);
        Self { micros, total_nanos: 0 }
    }

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

    /// How many there are in each bucket of a heat map (see [`bucket_of`]) that has any, in ascending order.
    #[must_use]
    pub fn buckets(&self) -> Box<[LatencyBucket]> {
        let mut buckets: Vec<LatencyBucket> = Vec::new();
        for found in self.micros.iter_recorded() {
            let bucket = bucket_of(found.value_iterated_to());
            let count = found.count_since_last_iteration();
            match buckets.last_mut() {
                Some(last) if last.bucket == bucket => last.count += count,
                _ => buckets.push(LatencyBucket { bucket, count }),
            }
        }
        buckets.into()
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

/// Latencies within a bucket of a heat map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyBucket {
    /// Number of the bucket.
    pub bucket: u8,
    /// Requests in it.
    pub count: u64,
}

/// Buckets in a doubling of the latency.
const PER_DOUBLING: u64 = 4;

/// The bucket of a latency: four for each power of two of microseconds, of equal width within it, so that each is 14 to
/// 25 % wide. Everything below 4 µs is in the first ones.
pub(super) fn bucket_of(micros: u64) -> u8 {
    let micros = micros.max(PER_DOUBLING);
    let power = u64::from(micros.ilog2());
    let within = (micros >> (power - 2)) - PER_DOUBLING;
    u8::try_from((power - 2) * PER_DOUBLING + within).unwrap_or(u8::MAX)
}

/// The smallest latency of a bucket.
#[must_use]
pub fn bucket_bound(bucket: u8) -> SimDuration {
    let (doublings, within) = (u64::from(bucket) / PER_DOUBLING, u64::from(bucket) % PER_DOUBLING);
    let micros = (PER_DOUBLING + within).checked_shl(u32::try_from(doublings).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
    SimDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_is_between_their_bounds() {
        for micros in [0_u64, 3, 4, 5, 7, 8, 9, 10, 999, 1000, 123_456, 60_000_000, u64::from(u32::MAX)] {
            let bucket = bucket_of(micros);
            let latency = SimDuration::from_micros(i64::try_from(micros.max(4)).unwrap());
            assert!(bucket_bound(bucket) <= latency, "{micros}");
            assert!(latency < bucket_bound(bucket + 1), "{micros}");
        }
        let mut latencies = Latencies::default();
        for millis in [1, 1, 2, 250] {
            latencies.add(SimDuration::from_millis(millis));
        }
        let buckets = latencies.buckets();
        assert_eq!(buckets.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(buckets.windows(2).all(|pair| pair[0].bucket < pair[1].bucket));
    }
}
