//! Means of independent runs with confidence intervals by Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::BTreeMap;

/// A mean with its two-sided confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Mean of the observations.
    pub mean: f64,
    /// Half the width of the interval; `None` for fewer than two observations, which say nothing about the spread.
    pub half_width: Option<f64>,
    /// Number of observations.
    pub count: usize,
}

impl Interval {
    /// Lower and upper end; both are the mean where the width is not known.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        let half = self.half_width.unwrap_or(0.0);
        (self.mean - half, self.mean + half)
    }
}

/// The arithmetic mean, or `None` of nothing. Summed in ascending order, so that the order of the observations does not
/// show in the last digit.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count is far below 2^53")]
pub fn mean(observations: &[f64]) -> Option<f64> {
    if observations.is_empty() {
        return None;
    }
    let mut ascending = observations.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    Some(ascending.iter().sum::<f64>() / observations.len() as f64)
}

/// The unbiased sample variance (divisor n - 1), or `None` of fewer than two observations.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count is far below 2^53")]
pub fn variance(observations: &[f64]) -> Option<f64> {
    let center = mean(observations)?;
    let divisor = observations.len().checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
    let mut squares: Vec<f64> = observations.iter().map(|value| (value - center).powi(2)).collect();
    squares.sort_unstable_by(f64::total_cmp);
    Some(squares.iter().sum::<f64>() / divisor)
}

/// The two-sided quantile of Student's t: the value that `|t|` stays below with probability `confidence`. `None` if
/// `freedom` is zero or `confidence` is not strictly between 0 and 1. Rounded to nine decimal places, so that the
/// platform's logarithm does not show in output files.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "degrees of freedom are far below 2^53")]
pub fn student_t_quantile(confidence: f64, freedom: usize) -> Option<f64> {
    t_quantile(confidence, freedom as f64)
}

/// The same for degrees of freedom that are no whole number.
fn t_quantile(confidence: f64, freedom: f64) -> Option<f64> {
    if !(freedom > 0.0 && confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let distribution = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some((distribution.inverse_cdf(f64::midpoint(1.0, confidence)) * 1e9).round() / 1e9)
}

/// The mean of independent observations with a two-sided interval at `confidence` (0.95 for 95 %). `None` of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count is far below 2^53")]
pub fn confidence_interval(observations: &[f64], confidence: f64) -> Option<Interval> {
    let count = observations.len();
    let half_width = variance(observations)
        .zip(student_t_quantile(confidence, count.saturating_sub(1)))
        .map(|(variance, quantile)| quantile * (variance / count as f64).sqrt());
    Some(Interval { mean: mean(observations)?, half_width, count })
}

/// The mean of what each value is above the one of the same key in `baseline`, with its interval: runs with the same seed
/// make pairs, whose differences vary less than the values do. `None` without a pair.
#[must_use]
pub fn paired_difference<K: Ord>(
    values: &BTreeMap<K, f64>,
    baseline: &BTreeMap<K, f64>,
    confidence: f64,
) -> Option<Interval> {
    let pairs = values.iter().filter_map(|(key, value)| Some(value - baseline.get(key)?));
    confidence_interval(&pairs.collect::<Vec<_>>(), confidence)
}

/// The difference of two means of independent observations, those of `values` less those of `baseline`, with the interval
/// by Welch's t. `None` if either has none; no width if either has fewer than two.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count is far below 2^53")]
pub fn unpaired_difference(values: &[f64], baseline: &[f64], confidence: f64) -> Option<Interval> {
    let difference = mean(values)? - mean(baseline)?;
    let error = |observations: &[f64]| Some(variance(observations)? / observations.len() as f64);
    let half_width = error(values).zip(error(baseline)).and_then(|(one, other)| {
        if one + other <= 0.0 {
            return Some(0.0);
        }
        // Welch and Satterthwaite's degrees of freedom.
        let part = |error: f64, count: usize| error.powi(2) / (count as f64 - 1.0);
        let freedom = (one + other).powi(2) / (part(one, values.len()) + part(other, baseline.len()));
        Some(t_quantile(confidence, freedom)? * (one + other).sqrt())
    });
    Some(Interval { mean: difference, half_width, count: values.len().min(baseline.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_by_hand() {
        let of = |values: &[(u64, f64)]| values.iter().copied().collect::<BTreeMap<u64, f64>>();
        let (a, b) = (of(&[(1, 1.0), (2, 5.0), (3, 9.0)]), of(&[(2, 7.0), (3, 12.0), (4, 0.0)]));
        let paired = paired_difference(&b, &a, 0.95).unwrap();
        // Differences 2 and 3: mean 2.5, standard error 0.5, t(1) = 12.706.
        assert_eq!((paired.mean, paired.count), (2.5, 2));
        assert!((paired.half_width.unwrap() - 6.353).abs() < 1e-3, "{paired:?}");
        assert_eq!(paired_difference(&of(&[(9, 1.0)]), &a, 0.95), None);
        // Variances 1 of 3 and 4 of 3: error sqrt(5/3), Welch's freedom (5/3)^2 / ((1/9 + 16/9) / 2) = 2.941.
        let apart = unpaired_difference(&[11.0, 13.0, 15.0], &[4.0, 5.0, 6.0], 0.95).unwrap();
        assert!((apart.mean - 8.0).abs() < 1e-12);
        // scipy.stats.ttest_ind([11, 13, 15], [4, 5, 6], equal_var=False).confidence_interval(0.95): 3.8446 to 12.1554.
        assert!((apart.half_width.unwrap() - 4.155_4).abs() < 1e-3, "{apart:?}");
        assert_eq!(unpaired_difference(&[1.0], &[2.0], 0.95).unwrap().half_width, None);
        assert_eq!(unpaired_difference(&[], &[2.0], 0.95), None);
    }

    #[test]
    fn quantiles_match_the_published_table() {
        // Two-sided 95 % and 99 % columns of the table of critical values (NIST/SEMATECH e-Handbook, section 1.3.6.7.2).
        let cases = [
            (0.95, 1, 12.706),
            (0.95, 2, 4.303),
            (0.95, 4, 2.776),
            (0.95, 9, 2.262),
            (0.95, 29, 2.045),
            (0.95, 100, 1.984),
            (0.99, 1, 63.657),
            (0.99, 9, 3.250),
            (0.90, 9, 1.833),
        ];
        for (confidence, freedom, expected) in cases {
            let quantile = student_t_quantile(confidence, freedom).unwrap();
            assert!((quantile - expected).abs() < 5.1e-4, "{confidence} {freedom}: {quantile}");
        }
        assert_eq!(student_t_quantile(0.95, 0), None);
        assert_eq!(student_t_quantile(1.0, 5), None);
        assert_eq!(student_t_quantile(f64::NAN, 5), None);
    }

    #[test]
    fn an_interval_by_hand() {
        // Mean 5, variance 20/3, standard error sqrt(20/3/4) = 1.290994, t(3) = 3.182446.
        let interval = confidence_interval(&[2.0, 4.0, 6.0, 8.0], 0.95).unwrap();
        assert_eq!((interval.mean, interval.count), (5.0, 4));
        assert!((interval.half_width.unwrap() - 4.108_521).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn too_few_observations_have_no_width() {
        assert_eq!(confidence_interval(&[], 0.95), None);
        assert_eq!(confidence_interval(&[3.0], 0.95), Some(Interval { mean: 3.0, half_width: None, count: 1 }));
        assert_eq!(confidence_interval(&[3.0, 3.0], 0.95).unwrap().half_width, Some(0.0));
        assert_eq!(variance(&[1.0]), None);
    }
}
