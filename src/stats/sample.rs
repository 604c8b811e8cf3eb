//! A sample of spans of time and its percentiles.

use crate::units::SimDuration;
use hdrhistogram::Histogram;

/// The largest sample that is kept whole (32 MiB); larger ones become a histogram.
const EXACT_LIMIT: usize = 1 << 22;

/// The value at `percent` (0 to 100) of an ascending slice by nearest rank: element ⌈percent/100 · n⌉, counted from
/// one. `None` for an empty slice.
#[must_use]
pub fn percentile_of_sorted<T: Copy>(ascending: &[T], percent: f64) -> Option<T> {
    let index = rank(ascending.len() as u64, percent).checked_sub(1)?;
    ascending.get(usize::try_from(index).ok()?).copied()
}

/// The nearest rank, from 1 to `count`; zero if `count` is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank is not negative, and a count is far below 2^53"
)]
fn rank(count: u64, percent: f64) -> u64 {
    // 99.9 has no exact binary form: without the allowance its rank in a sample of 1000 would be 1000 rather than 999.
    let exact = percent.clamp(0.0, 100.0) * count as f64 / 100.0;
    ((exact - 1e-9 * exact.max(1.0)).ceil().max(1.0) as u64).min(count)
}

/// Adds a span to a histogram, which grows as far as it must.
fn record(histogram: &mut Histogram<u64>, span: SimDuration) {
    let nanos = span.as_nanos().unsigned_abs();
    if histogram.record(nanos).is_err() {
        histogram.saturating_record(nanos);
    }
}

/// Spans of time whose mean, extremes and percentiles are asked for.
///
/// Count, mean and extremes are always exact. Percentiles are exact up to `EXACT_LIMIT` (4,194,304) spans; beyond, they come from
/// a histogram and are at most 0.01 % too high. Negative spans count as zero.
#[derive(Clone, Debug)]
pub struct Sample {
    values: Values,
    limit: usize,
    count: u64,
    total_nanos: i128,
    min: SimDuration,
    max: SimDuration,
}

#[derive(Clone, Debug)]
enum Values {
    Exact { spans: Vec<SimDuration>, sorted: bool },
    Histogram(Box<Histogram<u64>>),
}

impl Default for Sample {
    fn default() -> Self {
        Self::with_limit(EXACT_LIMIT)
    }
}

impl Sample {
    /// An empty sample that keeps up to `limit` spans whole.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            values: Values::Exact { spans: Vec::new(), sorted: true },
            limit,
            count: 0,
            total_nanos: 0,
            min: SimDuration::MAX,
            max: SimDuration::ZERO,
        }
    }

    /// Adds one span.
    pub fn push(&mut self, span: SimDuration) {
        let span = span.max_zero();
        self.count += 1;
        self.total_nanos += i128::from(span.as_nanos());
        self.min = self.min.min(span);
        self.max = self.max.max(span);
        match &mut self.values {
            Values::Exact { spans, sorted } if spans.len() < self.limit => {
                spans.push(span);
                *sorted = false;
            }
            Values::Exact { spans, .. } => match Histogram::new(4) {
                Ok(mut histogram) => {
                    spans.iter().chain([&span]).for_each(|kept| record(&mut histogram, *kept));
                    self.values = Values::Histogram(Box::new(histogram));
                }
                // Not reached: four significant digits are a valid precision.
                Err(_) => spans.push(span),
            },
            Values::Histogram(histogram) => record(histogram, span),
        }
    }

    /// Mean in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn mean_seconds(&self) -> Option<f64> {
        (self.count > 0).then(|| self.total_nanos as f64 / self.count as f64 / 1e9)
    }

    /// The longest span.
    #[must_use]
    pub fn max(&self) -> Option<SimDuration> {
        (self.count > 0).then_some(self.max)
    }

    /// The span at `percent` (0 to 100) by nearest rank.
    pub fn percentile(&mut self, percent: f64) -> Option<SimDuration> {
        match &mut self.values {
            Values::Exact { spans, sorted } => {
                if !*sorted {
                    spans.sort_unstable();
                    *sorted = true;
                }
                percentile_of_sorted(spans, percent)
            }
            Values::Histogram(histogram) => {
                let wanted = rank(histogram.len(), percent);
                let mut passed = 0;
                let value = histogram.iter_recorded().find_map(|step| {
                    passed += step.count_since_last_iteration();
                    (passed >= wanted).then(|| step.value_iterated_to())
                })?;
                let span = SimDuration::from_nanos(i64::try_from(value).unwrap_or(i64::MAX));
                Some(span.clamp(self.min, self.max))
            }
        }
    }
}

impl FromIterator<SimDuration> for Sample {
    fn from_iter<I: IntoIterator<Item = SimDuration>>(spans: I) -> Self {
        let mut sample = Self::default();
        for span in spans {
            sample.push(span);
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nearest_rank_matches_the_table() {
        // The five-element rows are the usual textbook example of the nearest-rank method.
        let textbook = [15, 20, 35, 40, 50];
        let thousand: Vec<i32> = (1..=1000).collect();
        let cases: [(&[i32], f64, Option<i32>, &str); 12] = [
            (&textbook, 5.0, Some(15), "rank ⌈0.25⌉ = 1"),
            (&textbook, 30.0, Some(20), "rank ⌈1.5⌉ = 2"),
            (&textbook, 40.0, Some(20), "rank 2 exactly"),
            (&textbook, 50.0, Some(35), "rank ⌈2.5⌉ = 3"),
            (&textbook, 100.0, Some(50), "the largest"),
            (&textbook, 0.0, Some(15), "rank zero means the smallest"),
            (&textbook, 250.0, Some(50), "out of range is clamped"),
            (&[], 50.0, None, "nothing has no percentile"),
            (&[7], 99.0, Some(7), "one value is every percentile"),
            (&thousand, 99.9, Some(999), "99.9 has no exact binary form"),
            (&thousand, 99.0, Some(990), "rank 990 exactly"),
            (&thousand, 99.05, Some(991), "rank ⌈990.5⌉"),
        ];
        for (values, percent, expected, why) in cases {
            assert_eq!(percentile_of_sorted(values, percent), expected, "{why}");
        }
    }

    #[test]
    fn negative_spans_count_as_zero() {
        let sample: Sample = [SimDuration::from_secs(-5), SimDuration::from_secs(4)].into_iter().collect();
        assert_eq!((sample.min, sample.mean_seconds()), (SimDuration::ZERO, Some(2.0)));
    }

    #[test]
    fn an_empty_sample_has_no_statistics() {
        let mut sample = Sample::default();
        assert_eq!((sample.mean_seconds(), sample.max(), sample.percentile(50.0)), (None, None, None));
    }

    proptest! {
        #[test]
        fn a_histogram_is_close_to_the_exact_sample(nanos in prop::collection::vec(0_i64..10_000_000_000_000, 12..200)) {
            let mut exact: Sample = nanos.iter().copied().map(SimDuration::from_nanos).collect();
            let mut binned = Sample::with_limit(10);
            for value in &nanos {
                binned.push(SimDuration::from_nanos(*value));
            }
            prop_assert_eq!(exact.mean_seconds(), binned.mean_seconds());
            prop_assert_eq!((exact.min, exact.max()), (binned.min, binned.max()));
            for percent in [0.0, 1.0, 50.0, 90.0, 99.0, 100.0] {
                let (whole, close) = (exact.percentile(percent).unwrap(), binned.percentile(percent).unwrap());
                let allowance = whole.as_nanos() / 10_000 + 1;
                prop_assert!((close.as_nanos() - whole.as_nanos()).abs() <= allowance, "p{percent}: {whole} {close}");
            }
        }

        #[test]
        fn order_does_not_matter(mut nanos in prop::collection::vec(0_i64..1_000_000, 1..50)) {
            let statistics = |values: &[i64]| {
                let mut sample: Sample = values.iter().copied().map(SimDuration::from_nanos).collect();
                (sample.mean_seconds(), sample.percentile(50.0), sample.percentile(99.0))
            };
            let before = statistics(&nanos);
            nanos.reverse();
            prop_assert_eq!(before, statistics(&nanos));
        }
    }
}
