//! Time-weighted means and ratios of quantities over simulated time.

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
    fn an_unfinished_series_keeps_its_value() {
        let mut series = IntervalSeries::new(SimDuration::from_secs(10));
        series.set(SimTime::from_secs(5), 4);
        assert_eq!(total_until(&series, SimTime::from_secs(10)), 20 * SECOND);
        assert_eq!(mean_of_intervals(&series, SimTime::from_secs(10)), Some(2.0));
        assert_eq!(mean_of_intervals(&series, SimTime::ZERO), None);
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
