//! The load over time: a function that changes all the time, kept by change where it is calm and by interval where it is
//! not.

use crate::units::{SimDuration, SimTime};

/// The most changes in an interval that are kept one by one.
const MOST_CHANGES: usize = 10;

/// A piecewise constant function, for quantities that may change with every tick of a curve. Changes are kept one by one
/// as long as there are few in an interval of the timeline; of an interval with more than ten, the mean from its first
/// change on is kept. So memory depends on the number of intervals at most. Integrals between points are exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSeries {
    interval: SimDuration,
    points: Vec<LoadPoint>,
    /// The first point in the interval of the last change.
    interval_start: usize,
    /// Whether the last point stands for the rest of its interval.
    is_mean: bool,
    /// The integral up to `since`, and the value that holds from then on.
    integral: i128,
    since: SimTime,
    value: i64,
}

/// An instant from which on another value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LoadPoint {
    at: SimTime,
    /// The integral up to `at` in value times nanoseconds.
    integral: i128,
}

impl LoadSeries {
    /// A series that has no value yet, in a run whose timeline has rows of `interval`.
    #[must_use]
    pub fn new(interval: SimDuration) -> Self {
        Self {
            interval: interval.max(SimDuration::from_nanos(1)),
            points: Vec::new(),
            interval_start: 0,
            is_mean: false,
            integral: 0,
            since: SimTime::ZERO,
            value: 0,
        }
    }

    /// Whether it never had a value.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The latest value, or `None` before the first.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.value)
    }

    /// Notes that the value is `value` from `now` on. Times must not decrease; of several values at one instant the last
    /// one stays.
    pub fn set(&mut self, now: SimTime, value: i64) {
        if self.last() == Some(value) {
            return;
        }
        self.advance(now);
        if self.points.last().is_none_or(|last| !self.is_mean && last.at < now) {
            if self.points.last().is_none_or(|last| self.interval_end(last.at) <= now) {
                self.interval_start = self.points.len();
            }
            self.points.push(LoadPoint { at: now, integral: self.integral });
            if self.points.len() - self.interval_start > MOST_CHANGES {
                self.points.truncate(self.interval_start + 1);
                self.is_mean = true;
            }
        } else if let [.., before, last] = self.points.as_slice()
            && !self.is_mean
            && before.integral + over(value, last.at - before.at) == last.integral
        {
            // It is back at what it was.
            self.points.pop();
        }
        self.value = value;
    }

    /// Accounts for the time up to `now` without a change of value. Call it at the end of a run, before the series is read.
    pub fn advance(&mut self, now: SimTime) {
        if let Some(last) = self.points.last()
            && self.is_mean
        {
            let end = self.interval_end(last.at);
            if end <= now {
                let integral = self.integral + over(self.value, end - self.since);
                self.interval_start = self.points.len();
                self.points.push(LoadPoint { at: end, integral });
                self.is_mean = false;
            }
        }
        if !self.is_empty() {
            self.integral += over(self.value, now - self.since);
        }
        self.since = now;
    }

    /// The end of the interval that an instant is in.
    fn interval_end(&self, at: SimTime) -> SimTime {
        let into = SimDuration::from_nanos(at.as_nanos().rem_euclid(self.interval.as_nanos()));
        at - into + self.interval
    }

    /// The changes up to the last [`advance`](Self::advance): from each instant on, the value beside it, which is rounded
    /// where it is a mean.
    pub fn points(&self) -> impl Iterator<Item = (SimTime, i64)> + '_ {
        self.spans().map(|(from, to)| {
            let (integral, span) = (to.integral - from.integral, i128::from((to.at - from.at).as_nanos()));
            let mean = (integral * 2 + span).checked_div_euclid(span * 2);
            (from.at, mean.and_then(|mean| i64::try_from(mean).ok()).unwrap_or(self.value))
        })
    }

    /// The spans between changes, the last one up to where the series is accounted for.
    fn spans(&self) -> impl Iterator<Item = (LoadPoint, LoadPoint)> + '_ {
        let end = LoadPoint { at: self.since, integral: self.integral };
        let next = self.points.iter().skip(1).copied().chain([end]);
        self.points.iter().copied().zip(next)
    }

    /// The integral over the whole series in value times nanoseconds.
    #[must_use]
    pub const fn total(&self) -> i128 {
        self.integral
    }

    /// The integral up to a time, in value times nanoseconds. Within a span of which the mean is kept, it is taken for
    /// constant.
    #[must_use]
    pub fn integral_until(&self, time: SimTime) -> i128 {
        let after = self.points.partition_point(|point| point.at <= time);
        let Some(from) = after.checked_sub(1).and_then(|index| self.points.get(index)) else { return 0 };
        let to = self.points.get(after).copied().unwrap_or(LoadPoint { at: self.since, integral: self.integral });
        let (span, part) = (i128::from((to.at - from.at).as_nanos()), i128::from((time - from.at).as_nanos()));
        if span <= 0 {
            return from.integral;
        }
        let integral = to.integral - from.integral;
        from.integral + integral.div_euclid(span) * part + integral.rem_euclid(span) * part / span
    }
}

/// A value over a span, in value times nanoseconds.
fn over(value: i64, span: SimDuration) -> i128 {
    i128::from(value) * i128::from(span.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::StepSeries;
    use proptest::prelude::*;

    fn seconds(value: i64) -> SimTime {
        SimTime::from_secs(value)
    }

    fn series(interval: i64, changes: &[(i64, i64)], end: i64) -> LoadSeries {
        let mut series = LoadSeries::new(SimDuration::from_secs(interval));
        for (at, value) in changes {
            series.set(seconds(*at), *value);
        }
        series.advance(seconds(end));
        series
    }

    #[test]
    fn few_changes_are_kept_and_many_are_a_mean() {
        let each_second: Vec<(i64, i64)> = (100..140).map(|at| (at, at)).collect();
        let then_calm: Vec<(i64, i64)> = each_second.iter().copied().chain([(210, 7)]).collect();
        let cases = [
            (&[][..], vec![], "nothing"),
            (&[(5, 3), (9, 4), (250, 1)], vec![(5, 3), (9, 4), (250, 1)], "as they are"),
            (&[(5, 3), (9, 3)], vec![(5, 3)], "the same value again"),
            (&[(5, 3), (9, 4), (9, 8)], vec![(5, 3), (9, 8)], "of two at one instant the last"),
            (&[(5, 3), (9, 4), (9, 3)], vec![(5, 3)], "back at once"),
            // 100 to 139, each a second, and 139 for the 60 s after.
            (&each_second, vec![(100, 131), (200, 139)], "the mean of the interval, and then what holds"),
            (&then_calm, vec![(100, 131), (200, 139), (210, 7)], "a change after it"),
        ];
        for (changes, expected, why) in cases {
            let expected: Vec<_> = expected.into_iter().map(|(at, value)| (seconds(at), value)).collect();
            assert_eq!(series(100, changes, 300).points().collect::<Vec<_>>(), expected, "{why}");
        }
    }

    #[test]
    fn a_year_of_changes_keeps_a_point_for_each_interval() {
        let interval = 365 * 86_400 / 1000;
        let mut series = LoadSeries::new(SimDuration::from_secs(interval));
        for minute in 0..365 * 24 * 60 {
            series.set(seconds(minute * 60), minute % 700);
        }
        series.advance(seconds(365 * 86_400));
        assert!((1000..=1001).contains(&series.points.len()), "{}", series.points.len());
    }

    proptest! {
        #[test]
        fn integrals_are_those_of_the_changes(changes in prop::collection::vec((0_i64..9, -50_i64..50), 1..80)) {
            let mut steps = StepSeries::default();
            let mut series = LoadSeries::new(SimDuration::from_secs(20));
            let mut now = SimTime::ZERO;
            for (gap, value) in changes {
                now += SimDuration::from_secs(gap);
                steps.set(now, value);
                series.set(now, value);
            }
            let end = now + SimDuration::from_secs(11);
            series.advance(end);
            prop_assert_eq!(series.total(), steps.integral(SimTime::ZERO, end));
            prop_assert!(series.points.windows(2).all(|pair| pair[0].at < pair[1].at));
            for point in &series.points {
                prop_assert_eq!(point.integral, steps.integral(SimTime::ZERO, point.at));
                prop_assert_eq!(series.integral_until(point.at), point.integral);
            }
            prop_assert_eq!(series.integral_until(end), series.total());
        }
    }
}
