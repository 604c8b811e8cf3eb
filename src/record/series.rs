//! Piecewise constant functions of simulated time, with exact integrals.

use crate::units::{SimDuration, SimTime};

/// A piecewise constant function that keeps every change. For quantities that change seldom (replicas of a workload).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSeries {
    points: Vec<(SimTime, i64)>,
}

impl StepSeries {
    /// Notes that the value is `value` from `now` on. Times must not decrease; of several values at one instant the
    /// last one stays.
    pub fn set(&mut self, now: SimTime, value: i64) {
        match self.points.last_mut() {
            Some((_, last)) if *last == value => {}
            Some((at, last)) if *at == now => {
                *last = value;
                if let [.., before, current] = self.points.as_slice()
                    && before.1 == current.1
                {
                    self.points.pop();
                }
            }
            _ => self.points.push((now, value)),
        }
    }

    /// The changes: from each instant on, the value beside it.
    pub fn points(&self) -> &[(SimTime, i64)] {
        &self.points
    }

    /// The latest value, or `None` before the first.
    pub fn last(&self) -> Option<i64> {
        self.points.last().map(|(_, value)| *value)
    }

    /// The value at `time`, or `None` before the first change.
    pub fn value_at(&self, time: SimTime) -> Option<i64> {
        let after = self.points.partition_point(|(at, _)| *at <= time);
        Some(self.points.get(after.checked_sub(1)?)?.1)
    }

    /// The integral over `from..to` in value times nanoseconds; zero before the first change.
    pub fn integral(&self, from: SimTime, to: SimTime) -> i128 {
        self.segments(from, to).map(|(span, value)| i128::from(span.as_nanos()) * i128::from(value)).sum()
    }

    /// The spans within `from..to` on which the value is constant, with that value, in order.
    pub fn segments(&self, from: SimTime, to: SimTime) -> impl Iterator<Item = (SimDuration, i64)> + '_ {
        self.points.iter().enumerate().filter_map(move |(index, (at, value))| {
            let until = self.points.get(index + 1).map_or(to, |(next, _)| (*next).min(to));
            let since = (*at).max(from);
            (until > since).then(|| (until - since, *value))
        })
    }
}

/// What a piecewise constant function did in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Integral in value times nanoseconds.
    pub integral: i128,
    /// Largest value held for any time.
    pub max: i64,
    /// Value at the end of the interval (so far).
    pub last: i64,
}

/// A piecewise constant function summarised by fixed intervals, for quantities that change with every pod: memory
/// depends on the length of the run, not on the number of changes. The integrals are exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntervalSeries {
    interval: SimDuration,
    buckets: Vec<Bucket>,
    /// When the last bucket ends.
    bucket_end: SimTime,
    since: SimTime,
    value: i64,
}

impl IntervalSeries {
    /// A series that is zero from the start; `interval` is at least one nanosecond.
    pub fn new(interval: SimDuration) -> Self {
        let interval = interval.max(SimDuration::from_nanos(1));
        let bucket_end = SimTime::ZERO + interval;
        Self { interval, buckets: vec![Bucket::default()], bucket_end, since: SimTime::ZERO, value: 0 }
    }

    /// The value now.
    pub const fn value(&self) -> i64 {
        self.value
    }

    /// The length of an interval.
    pub const fn interval(&self) -> SimDuration {
        self.interval
    }

    /// Notes that the value is `value` from `now` on. Times must not decrease.
    pub fn set(&mut self, now: SimTime, value: i64) {
        if value != self.value {
            self.advance(now);
            self.value = value;
            if let Some(bucket) = self.buckets.last_mut() {
                bucket.last = value;
            }
        }
    }

    /// Adds `change` to the value from `now` on.
    pub fn add(&mut self, now: SimTime, change: i64) {
        self.set(now, self.value.saturating_add(change));
    }

    /// Accounts for the time up to `now` without a change of value. Call it at the end of a run.
    pub fn advance(&mut self, now: SimTime) {
        while self.since < now {
            let until = now.min(self.bucket_end);
            if let Some(bucket) = self.buckets.last_mut() {
                bucket.integral += i128::from((until - self.since).as_nanos()) * i128::from(self.value);
                bucket.max = bucket.max.max(self.value);
                bucket.last = self.value;
            }
            self.since = until;
            if until == self.bucket_end {
                self.buckets.push(Bucket { integral: 0, max: 0, last: self.value });
                self.bucket_end += self.interval;
                if self.bucket_end == until {
                    // The run has outlasted the range of the clock.
                    self.since = now;
                }
            }
        }
    }

    /// The intervals up to the last change or [`advance`](Self::advance); the last one may be partial or empty.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The instant up to which the series is accounted for.
    pub const fn end(&self) -> SimTime {
        self.since
    }

    /// The integral over the whole series in value times nanoseconds.
    pub fn total(&self) -> i128 {
        self.buckets.iter().map(|bucket| bucket.integral).sum()
    }

    /// The largest value held for any time.
    pub fn max(&self) -> i64 {
        self.buckets.iter().map(|bucket| bucket.max).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_integrated_exactly() {
        let mut series = StepSeries::default();
        series.set(SimTime::from_secs(0), 3);
        series.set(SimTime::from_secs(10), 5);
        series.set(SimTime::from_secs(10), 4);
        series.set(SimTime::from_secs(20), 4);
        let second = 1_000_000_000_i128;
        assert_eq!(series.points().len(), 2);
        assert_eq!(series.integral(SimTime::from_secs(5), SimTime::from_secs(12)), (15 + 8) * second);
        assert_eq!(series.value_at(SimTime::from_secs(9)), Some(3));
        assert_eq!(series.value_at(SimTime::from_secs(-1)), None);
    }

    #[test]
    fn a_value_changed_back_at_once_leaves_no_point() {
        let mut series = StepSeries::default();
        series.set(SimTime::ZERO, 1);
        series.set(SimTime::from_secs(1), 2);
        series.set(SimTime::from_secs(1), 1);
        assert_eq!(series.points(), [(SimTime::ZERO, 1)]);
    }

    proptest! {
        #[test]
        fn intervals_and_steps_have_the_same_integral(changes in prop::collection::vec((0_i64..100, -50_i64..50), 1..40)) {
            let mut steps = StepSeries::default();
            let mut intervals = IntervalSeries::new(SimDuration::from_secs(7));
            steps.set(SimTime::ZERO, 0);
            let mut now = SimTime::ZERO;
            for (gap, value) in changes {
                now += SimDuration::from_secs(gap);
                steps.set(now, value);
                intervals.set(now, value);
            }
            let end = now + SimDuration::from_secs(11);
            intervals.advance(end);
            prop_assert_eq!(intervals.total(), steps.integral(SimTime::ZERO, end));
        }
    }
}
