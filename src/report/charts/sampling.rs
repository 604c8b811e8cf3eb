//! Series reduced to what a chart can show: exact means by cell, exact envelopes, never every point of a million.

use crate::record::{IntervalSeries, LoadSeries, StepSeries};
use crate::report::tables::interval_mean;
use crate::units::{SimDuration, SimTime};

/// The most cells of a grid: about one for two pixels.
pub(super) const CELLS: usize = 480;

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more than 53 bits")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

/// A value as a float.
#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more than 53 bits")]
pub(super) const fn value_f64(value: i64) -> f64 {
    value as f64
}

/// Value times nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more than 53 bits")]
const fn integral_f64(value: i128) -> f64 {
    value as f64
}

/// Mean, maximum and time of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub since: SimTime,
    pub until: SimTime,
    pub mean: f64,
    pub max: f64,
}

/// The series from the start to `end` as at most [`CELLS`] cells, each a whole number of intervals (the last may be
/// cut). Means are exact, as is the maximum.
pub(super) fn cells(series: &IntervalSeries, end: SimTime) -> Vec<Cell> {
    let interval = series.interval().as_nanos();
    let intervals = usize::try_from(end.as_nanos().max(0) / interval).unwrap_or(usize::MAX).saturating_add(1);
    let group = intervals.div_ceil(CELLS).max(1);
    let mut cells = Vec::new();
    let mut since = SimTime::ZERO;
    let mut first = 0_usize;
    while since < end {
        let mut until = since;
        let (mut weighted, mut max) = (0.0, 0_i64);
        for index in first..first.saturating_add(group) {
            let next = (until + series.interval()).min(end);
            if next <= until {
                break;
            }
            weighted += interval_mean(series, index, until, next) * (next - until).as_secs_f64();
            let known = series.buckets().get(index).map_or(0, |bucket| bucket.max);
            max = max.max(if series.end() < next { known.max(series.value()) } else { known });
            until = next;
        }
        let span = (until - since).as_secs_f64();
        if span <= 0.0 {
            break;
        }
        cells.push(Cell { since, until, mean: weighted / span, max: value_f64(max) });
        (since, first) = (until, first.saturating_add(group));
    }
    cells
}

/// Steps through the means of the cells times `scale`, closed at the end of the last.
pub(super) fn mean_steps(cells: &[Cell], scale: f64) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = cells.iter().map(|cell| (cell.since.as_secs_f64(), cell.mean * scale)).collect();
    points.extend(cells.last().map(|cell| (cell.until.as_secs_f64(), cell.mean * scale)));
    points
}

/// The means of a load over `count` equal cells of `from..to`; zero before the first change.
pub(super) fn load_cell_means(series: &LoadSeries, from: SimTime, to: SimTime, count: usize) -> Vec<f64> {
    let bounds: Vec<SimTime> = (0..=count).map(|index| cell_bound(from, to, count, index)).collect();
    let mean = |pair: &[SimTime]| match pair {
        [since, until] => {
            let span = (*until - *since).max(SimDuration::from_nanos(1));
            let integral = series.integral_until(*until) - series.integral_until(*since);
            integral_f64(integral) / integral_f64(span.as_nanos().into())
        }
        _ => 0.0,
    };
    bounds.windows(2).map(mean).collect()
}

/// The start of the `index`th of `count` equal cells.
pub(super) fn cell_bound(from: SimTime, to: SimTime, count: usize, index: usize) -> SimTime {
    let span = i128::from((to - from).as_nanos());
    let offset = span * i128::try_from(index).unwrap_or(0) / i128::try_from(count.max(1)).unwrap_or(1);
    from + SimDuration::from_nanos(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// The steps of a series within `from..to`, closed at `to`. Where there are more changes than two for each cell, each
/// cell keeps its first, least, greatest and last value at their own times: the envelope is exact.
pub(super) fn step_points(series: &StepSeries, from: SimTime, to: SimTime) -> Vec<(f64, f64)> {
    let mut steps: Vec<(SimTime, i64)> = Vec::new();
    if let Some(value) = series.value_at(from) {
        steps.push((from, value));
    }
    let after = series.points().partition_point(|(at, _)| *at <= from);
    steps.extend(series.points().iter().skip(after).take_while(|(at, _)| *at < to));
    let kept = if steps.len() > 2 * CELLS { envelope(&steps, from, to) } else { steps };
    let mut points: Vec<(f64, f64)> = kept.iter().map(|(at, value)| (at.as_secs_f64(), value_f64(*value))).collect();
    if let Some((_, value)) = points.last().copied() {
        points.push((to.as_secs_f64(), value));
    }
    points
}

fn envelope(steps: &[(SimTime, i64)], from: SimTime, to: SimTime) -> Vec<(SimTime, i64)> {
    let mut kept = Vec::new();
    let mut rest = steps;
    for cell in 0..CELLS {
        let end = if cell + 1 == CELLS { SimTime::MAX } else { cell_bound(from, to, CELLS, cell + 1) };
        let (inside, after) = rest.split_at(rest.partition_point(|(at, _)| *at < end));
        rest = after;
        let least = inside.iter().enumerate().min_by_key(|(_, (_, value))| *value).map(|(index, _)| index);
        let greatest = inside.iter().enumerate().max_by_key(|(_, (_, value))| *value).map(|(index, _)| index);
        let mut indexes: Vec<usize> =
            [Some(0), least, greatest, inside.len().checked_sub(1)].into_iter().flatten().collect();
        indexes.sort_unstable();
        indexes.dedup();
        kept.extend(indexes.into_iter().filter_map(|index| inside.get(index).copied()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_keep_the_integral(changes in prop::collection::vec((1_i64..90, 0_i64..50), 1..60), interval in 1_i64..5) {
            let mut series = IntervalSeries::new(SimDuration::from_secs(interval));
            let mut steps = StepSeries::default();
            let mut load = LoadSeries::new(SimDuration::from_secs(interval * 100));
            let mut now = SimTime::ZERO;
            for (gap, value) in changes {
                now += SimDuration::from_secs(gap);
                series.set(now, value);
                steps.set(now, value);
                load.set(now, value);
            }
            let end = now + SimDuration::from_secs(10);
            load.advance(end);
            let cells = cells(&series, end);
            prop_assert!(cells.len() <= CELLS);
            let total: f64 = cells.iter().map(|cell| cell.mean * (cell.until - cell.since).as_secs_f64()).sum();
            let exact = integral_f64(steps.integral(SimTime::ZERO, end)) / 1e9;
            prop_assert!((total - exact).abs() < 1e-6 * exact.max(1.0), "{total} {exact}");
            let means = load_cell_means(&load, SimTime::ZERO, end, 37);
            let again: f64 = means.iter().sum::<f64>() * end.as_secs_f64() / 37.0;
            prop_assert!((again - exact).abs() < 1e-4 * exact.max(1.0), "{again} {exact}");
        }
    }

    #[test]
    fn an_envelope_keeps_the_extremes() {
        let mut series = StepSeries::default();
        for second in 0..100_000 {
            series.set(SimTime::from_secs(second), if second == 51_234 { 900 } else { second % 7 });
        }
        let points = step_points(&series, SimTime::ZERO, SimTime::from_secs(100_000));
        assert!(points.len() <= 4 * CELLS + 1, "{}", points.len());
        assert!(points.contains(&(51_234.0, 900.0)));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert_eq!(points.last(), Some(&(100_000.0, value_f64(99_999 % 7))));
    }
}
