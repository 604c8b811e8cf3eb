//! Time-weighted means, percentiles and ratios of quantities over simulated time.

use crate::record::{IntervalSeries, StepSeries};
use crate::units::SimTime;

/// Value times nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
const fn float(integral: i128) -> f64 {
    integral as f64
}

/// The integral from the start to `end` in value times nanoseconds. A series that was not advanced to `end` keeps its
/// last value until then.
#[must_use]
pub fn total_until(series: &IntervalSeries, end: SimTime) -> i128 {
    let rest = (end - series.end()).max_zero();
    series.total() + i128::from(rest.as_nanos()) * i128::from(series.value())
}

/// The time-weighted mean from the start to `end`; `None` if that takes no time.
#[must_use]
pub fn mean_of_intervals(series: &IntervalSeries, end: SimTime) -> Option<f64> {
    (end > SimTime::ZERO).then(|| float(total_until(series, end)) / float(end.as_nanos().into()))
}

/// The time-weighted mean over `from..to`; times before the first change count as zero. `None` if that takes no time.
#[must_use]
pub fn mean_of_steps(series: &StepSeries, from: SimTime, to: SimTime) -> Option<f64> {
    (to > from).then(|| float(series.integral(from, to)) / float((to - from).as_nanos().into()))
}

/// The value that the series stays at or below for `percent` (0 to 100) of the time in `from..to` (nearest rank,
/// weighted by time). Times before the first change are left out.
#[must_use]
pub fn percentile_of_steps(series: &StepSeries, from: SimTime, to: SimTime, percent: f64) -> Option<i64> {
    let spans = series.segments(from, to).map(|(span, value)| (value, i128::from(span.as_nanos())));
    weighted_percentile(spans.collect(), percent, i64::cmp)
}

/// The interval mean that the series stays at or below for `percent` (0 to 100) of the time, each interval weighing its
/// length. Swings within an interval are averaged out: the percentile of a series by interval is never more extreme
/// than that of the same series by step.
#[must_use]
pub fn percentile_of_intervals(series: &IntervalSeries, percent: f64) -> Option<f64> {
    let spans = bucket_lengths(series)
        .filter(|(_, nanos)| *nanos > 0)
        .map(|(bucket, nanos)| (float(series.buckets()[bucket].integral) / float(nanos), nanos));
    weighted_percentile(spans.collect(), percent, f64::total_cmp)
}

/// Index and length in nanoseconds of each interval; the last may be partial.
fn bucket_lengths(series: &IntervalSeries) -> impl Iterator<Item = (usize, i128)> + '_ {
    let interval = i128::from(series.interval().as_nanos());
    let mut left = i128::from(series.end().as_nanos());
    (0..series.buckets().len()).map(move |bucket| {
        let length = left.clamp(0, interval);
        left -= length;
        (bucket, length)
    })
}

/// Nearest rank with weights.
fn weighted_percentile<T: Copy>(
    mut values: Vec<(T, i128)>,
    percent: f64,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Option<T> {
    values.sort_by(|(one, _), (other, _)| order(one, other));
    let total: i128 = values.iter().map(|(_, weight)| *weight).sum();
    let wanted = percent.clamp(0.0, 100.0) / 100.0 * float(total) * (1.0 - 1e-12);
    let mut passed = 0;
    for (value, weight) in &values {
        passed += weight;
        if float(passed) >= wanted {
            return Some(*value);
        }
    }
    values.last().map(|(value, _)| *value)
}

/// The ratio of two integrals; `None` if the denominator is zero.
#[must_use]
pub fn ratio_of_totals(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

/// The largest ratio of the two series' means in one interval; `None` if `whole` is never above zero.
#[must_use]
pub fn peak_ratio(part: &IntervalSeries, whole: &IntervalSeries) -> Option<f64> {
    part.buckets()
        .iter()
        .zip(whole.buckets())
        .filter_map(|(part, whole)| ratio_of_totals(part.integral, whole.integral))
        .max_by(f64::total_cmp)
}

/// How far `actual` stays below `wanted`, integrated over `from..to` in value times nanoseconds. Where `actual` exceeds
/// `wanted` nothing is subtracted. Before its first change a series is zero.
#[must_use]
pub fn shortfall(wanted: &StepSeries, actual: &StepSeries, from: SimTime, to: SimTime) -> i128 {
    let mut times: Vec<SimTime> =
        wanted.points().iter().chain(actual.points()).map(|(at, _)| *at).filter(|at| *at > from && *at < to).collect();
    times.extend([from, to]);
    times.sort_unstable();
    let (mut wanted_points, mut actual_points) = (wanted.points().iter().peekable(), actual.points().iter().peekable());
    let (mut wanted_now, mut actual_now) = (0, 0);
    times
        .windows(2)
        .map(|pair| {
            let &[since, until] = pair else { return 0 };
            while let Some((_, value)) = wanted_points.next_if(|(at, _)| *at <= since) {
                wanted_now = *value;
            }
            while let Some((_, value)) = actual_points.next_if(|(at, _)| *at <= since) {
                actual_now = *value;
            }
            let missing = i128::from(wanted_now) - i128::from(actual_now);
            missing.max(0) * i128::from((until - since).as_nanos()).max(0)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;
    use proptest::prelude::*;

    const SECOND: i128 = 1_000_000_000;

    fn steps(points: &[(i64, i64)]) -> StepSeries {
        let mut series = StepSeries::default();
        for (at, value) in points {
            series.set(SimTime::from_secs(*at), *value);
        }
        series
    }

    #[test]
    fn percentiles_weigh_time() {
        let series = steps(&[(0, 1), (90, 5), (99, 50)]);
        let cases = [(50.0, 1), (90.0, 1), (90.5, 5), (99.0, 5), (99.5, 50), (100.0, 50), (0.0, 1)];
        for (percent, expected) in cases {
            let value = percentile_of_steps(&series, SimTime::ZERO, SimTime::from_secs(100), percent);
            assert_eq!(value, Some(expected), "p{percent}");
        }
        assert_eq!(percentile_of_steps(&series, SimTime::ZERO, SimTime::ZERO, 50.0), None);
    }

    #[test]
    fn an_unfinished_series_keeps_its_value() {
        let mut series = IntervalSeries::new(SimDuration::from_secs(10));
        series.set(SimTime::from_secs(5), 4);
        assert_eq!(total_until(&series, SimTime::from_secs(10)), 20 * SECOND);
        assert_eq!(mean_of_intervals(&series, SimTime::from_secs(10)), Some(2.0));
        assert_eq!(mean_of_intervals(&series, SimTime::ZERO), None);
    }

    #[test]
    fn intervals_weigh_their_length() {
        let mut series = IntervalSeries::new(SimDuration::from_secs(10));
        series.set(SimTime::from_secs(10), 8);
        series.advance(SimTime::from_secs(12));
        assert_eq!(percentile_of_intervals(&series, 80.0), Some(0.0));
        assert_eq!(percentile_of_intervals(&series, 90.0), Some(8.0));
        assert_eq!(percentile_of_intervals(&IntervalSeries::new(SimDuration::from_secs(1)), 50.0), None);
    }

    #[test]
    fn a_shortfall_does_not_net_against_surplus() {
        let wanted = steps(&[(0, 3)]);
        let actual = steps(&[(2, 3), (5, 1), (6, 9)]);
        // Three missing for two seconds, two missing for one; the surplus of six does not count.
        assert_eq!(shortfall(&wanted, &actual, SimTime::ZERO, SimTime::from_secs(10)), 8 * SECOND);
    }

    proptest! {
        #[test]
        fn a_shortfall_is_the_sum_over_seconds(
            wanted in prop::collection::vec((0_i64..40, 0_i64..9), 0..12),
            actual in prop::collection::vec((0_i64..40, 0_i64..9), 0..12),
        ) {
            let series = |mut points: Vec<(i64, i64)>| { points.sort_by_key(|(at, _)| *at); steps(&points) };
            let (wanted, actual) = (series(wanted), series(actual));
            let by_second: i64 = (5..35).map(|second| {
                let at = SimTime::from_secs(second);
                (wanted.value_at(at).unwrap_or(0) - actual.value_at(at).unwrap_or(0)).max(0)
            }).sum();
            let integral = shortfall(&wanted, &actual, SimTime::from_secs(5), SimTime::from_secs(35));
            prop_assert_eq!(integral, i128::from(by_second) * SECOND);
        }
    }
}
