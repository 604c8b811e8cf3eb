//! What a number of successes says of the share that they have in the long run.

use statrs::distribution::{Beta, ContinuousCDF};

/// The bounds of Clopper and Pearson (1934) on a share, each one-sided at `confidence`: the share lies above the lower one,
/// and below the upper one, in at least so many of all studies. Of no trial they are 0 and 1. Rounded to nine decimal
/// places, so that the platform's logarithm does not show in output files.
#[must_use]
pub fn share_bounds(successes: u32, trials: u32, confidence: f64) -> (f64, f64) {
    let successes = successes.min(trials);
    let failures = trials - successes;
    let quantile = |one: u32, other: u32, at: f64| {
        let found = Beta::new(f64::from(one), f64::from(other)).ok().map(|beta| beta.inverse_cdf(at));
        found.map(|value| (value * 1e9).round() / 1e9)
    };
    let low = if successes == 0 { None } else { quantile(successes, failures + 1, 1.0 - confidence) };
    let high = if failures == 0 { None } else { quantile(successes + 1, failures, confidence) };
    (low.unwrap_or(0.0), high.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_by_formula_and_table() {
        // Without a failure the lower bound is the root of 1 - confidence; without a success the upper one mirrors it.
        let cases = [
            (29, 29, 0.95, (0.05_f64.powf(1.0 / 29.0), 1.0), "0.05^(1/29) is above 0.9"),
            (28, 28, 0.95, (0.05_f64.powf(1.0 / 28.0), 1.0), "0.05^(1/28) is below 0.9"),
            (0, 2, 0.95, (0.0, 1.0 - 0.05_f64.sqrt()), "none of two"),
            // scipy.stats.binomtest(45, 50).proportion_ci(0.90, method="exact"), whose two sides are 95 % each.
            (45, 50, 0.95, (0.801_167_0, 0.959_763_4), "some of each"),
            (0, 0, 0.95, (0.0, 1.0), "no trial"),
        ];
        for (successes, trials, confidence, expected, why) in cases {
            let (low, high) = share_bounds(successes, trials, confidence);
            assert!((low - expected.0).abs() < 1e-6 && (high - expected.1).abs() < 1e-6, "{why}: {low} {high}");
        }
    }
}
