//! Averages over a window, by whole seconds (`pkg/autoscaler/aggregation/bucketing.go`).

use crate::autoscaler::go_math;
use crate::units::{SimDuration, SimTime};

/// The length of a bucket (`config.BucketSize`).
pub const BUCKET_SIZE: SimDuration = SimDuration::from_secs(1);
/// The least share of what came before that a newer value replaces.
const MIN_EXPONENT: f64 = 0.2;
/// What the weights of a window may fall short of 1 (`1-weightPrecision`, which Go calculates exactly).
const WEIGHT_SHORTFALL: f64 = 0.0001;

/// Values of a window in a ring, one bucket for each step of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    ring: Vec<f64>,
    /// When the first value of the present series came.
    first_write: Option<SimTime>,
    last_write: Option<SimTime>,
    granularity: SimDuration,
    window: SimDuration,
    /// The sum of all buckets. Kept as it is added to and subtracted from: floats are not a group.
    total: f64,
    /// How much of the average a newer value makes out; `None` weighs all alike.
    smoothing: Option<f64>,
}

/// Buckets that a window has.
fn count(window: SimDuration, granularity: SimDuration) -> usize {
    let (window, granularity) = (window.as_nanos(), granularity.as_nanos().max(1));
    let count = (window + granularity - 1) / granularity;
    usize::try_from(count).unwrap_or(0).max(1)
}

/// The share by which weights decay (`computeSmoothingCoeff`).
#[expect(clippy::cast_precision_loss, reason = "a window has few buckets")]
fn smoothing_coefficient(buckets: usize) -> f64 {
    (1.0 - go_math::pow(WEIGHT_SHORTFALL, 1.0 / buckets as f64)).max(MIN_EXPONENT)
}

impl Buckets {
    /// An empty window.
    #[must_use]
    pub fn new(window: SimDuration, granularity: SimDuration, is_weighted: bool) -> Self {
        let buckets = count(window, granularity);
        Self {
            ring: vec![0.0; buckets],
            first_write: None,
            last_write: None,
            granularity,
            window,
            total: 0.0,
            smoothing: is_weighted.then(|| smoothing_coefficient(buckets)),
        }
    }

    /// The step that a time is in.
    fn truncated(&self, time: SimTime) -> SimTime {
        let nanos = (time - SimTime::ZERO).as_nanos();
        time - SimDuration::from_nanos(nanos.rem_euclid(self.granularity.as_nanos().max(1)))
    }

    /// Steps from the start of time.
    fn step(&self, time: SimTime) -> i64 {
        (time - SimTime::ZERO).as_nanos().div_euclid(self.granularity.as_nanos().max(1))
    }

    /// The place of a step in a ring.
    fn place(step: i64, buckets: usize) -> usize {
        let buckets = i64::try_from(buckets).unwrap_or(i64::MAX);
        usize::try_from(step.rem_euclid(buckets)).unwrap_or(0)
    }

    /// Buckets that hold values, from the first to the last write.
    #[expect(clippy::cast_precision_loss, reason = "a window has few buckets")]
    fn written(&self, last: SimTime, most: i64) -> f64 {
        let first = self.first_write.unwrap_or(last);
        let steps = (last - first).as_nanos() / self.granularity.as_nanos().max(1) + 1;
        steps.min(most) as f64
    }

    /// Whether nothing came for longer than the window.
    #[must_use]
    pub fn is_empty(&self, now: SimTime) -> bool {
        let now = self.truncated(now);
        self.last_write.is_none_or(|last| now - last > self.window)
    }

    /// Adds a value to the bucket of a time. A value of a time that is out of the window is ignored.
    pub fn record(&mut self, now: SimTime, value: f64) {
        let bucket_time = self.truncated(now);
        let step = self.step(now);
        let buckets = self.ring.len();
        if self.last_write != Some(bucket_time) {
            if self.last_write.is_some_and(|last| bucket_time + self.window <= last) {
                return;
            }
            if self.first_write.is_none_or(|first| first > bucket_time) {
                self.first_write = Some(bucket_time);
            }
            match self.last_write {
                Some(last) if bucket_time < last => {}
                Some(last) if bucket_time - last < self.window => {
                    for skipped in self.step(last) + 1..=step {
                        let place = Self::place(skipped, buckets);
                        self.total -= self.ring[place];
                        self.ring[place] = 0.0;
                    }
                    self.last_write = Some(bucket_time);
                }
                _ => {
                    self.first_write = Some(bucket_time);
                    self.ring.fill(0.0);
                    self.total = 0.0;
                    self.last_write = Some(bucket_time);
                }
            }
        }
        self.ring[Self::place(step, buckets)] += value;
        self.total += value;
    }

    /// The average at a time.
    #[must_use]
    pub fn average(&self, now: SimTime) -> f64 {
        match self.smoothing {
            None => self.plain_average(now),
            Some(coefficient) => self.weighted_average(now, coefficient),
        }
    }

    /// The mean of the buckets from the first to the last write; seconds after it do not count as zeros.
    fn plain_average(&self, now: SimTime) -> f64 {
        let now = self.truncated(now);
        let Some(last) = self.last_write else { return 0.0 };
        let buckets = i64::try_from(self.ring.len()).unwrap_or(i64::MAX);
        if now <= last {
            return rounded(self.total / self.written(last, buckets));
        }
        if now - last >= self.window {
            return 0.0;
        }
        let (from, to) = (self.step(last), self.step(now));
        let left = (from + 1..=to).fold(self.total, |sum, step| sum - self.ring[Self::place(step, self.ring.len())]);
        rounded(left / self.written(last, buckets - (to - from)))
    }

    /// The mean with weights that decay from the newest bucket on; buckets without a value count as zeros.
    #[expect(clippy::cast_precision_loss, reason = "a window has few buckets")]
    fn weighted_average(&self, now: SimTime, coefficient: f64) -> f64 {
        if self.is_empty(now) {
            return 0.0;
        }
        let now = self.truncated(now);
        let Some(last) = self.last_write else { return 0.0 };
        let (mut weight, mut buckets) = (coefficient, i64::try_from(self.ring.len()).unwrap_or(i64::MAX));
        if now > last {
            let gap = (now - last).as_nanos() / self.granularity.as_nanos().max(1);
            weight *= go_math::pow(1.0 - coefficient, gap as f64);
            buckets -= gap;
        }
        let newest = self.step(last);
        let mut average = 0.0;
        for back in 0..buckets {
            average += self.ring[Self::place(newest - back, self.ring.len())] * weight;
            weight *= 1.0 - coefficient;
        }
        average
    }

    /// Changes the length of the window; the newest buckets are kept.
    pub fn resize(&mut self, window: SimDuration, now: SimTime) {
        if window == self.window {
            return;
        }
        let (old, new) = (self.ring.len(), count(window, self.granularity));
        let (mut ring, mut total) = (vec![0.0; new], 0.0);
        match self.last_write {
            Some(last) if self.truncated(now) - last <= self.window => {
                let newest = self.step(last);
                for back in 0..i64::try_from(old.min(new)).unwrap_or(0) {
                    let value = self.ring[Self::place(newest - back, old)];
                    ring[Self::place(newest - back, new)] = value;
                    total += value;
                }
                let length = self.granularity * i64::try_from(old - 1).unwrap_or(0);
                self.first_write = Some(last - length);
            }
            _ => self.first_write = None,
        }
        self.ring = ring;
        self.window = window;
        self.total = total;
        if self.smoothing.is_some() {
            self.smoothing = Some(smoothing_coefficient(new));
        }
    }
}

/// To six digits (`roundToNDigits`).
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
