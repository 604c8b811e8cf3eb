//! What a request asks for, as quantiles: a distribution of the scenario at evenly spaced probabilities.

use super::lattice::POINTS;
use crate::input::scenario::{Distribution, DistributionUnit};
use statrs::distribution::{ContinuousCDF, Gamma, Normal};
use std::sync::Arc;

/// A random time that a request takes: CPU time, or time to wait for others.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Ascending, in seconds, each as likely as the others.
    quantiles: Arc<[f64]>,
    mean: f64,
    second_moment: f64,
}

impl Demand {
    /// The demand of a distribution over durations.
    #[must_use]
    pub fn new<U: DistributionUnit>(distribution: &Distribution<U>) -> Self {
        let quantiles: Arc<[f64]> = match distribution {
            Distribution::Fixed(value) => [value.to_f64().max(0.0)].into(),
            Distribution::Empirical(empirical) => {
                let mut values = empirical.values.to_vec();
                values.sort_by(f64::total_cmp);
                let of = |share: f64| values.get(floor(share * float(values.len()))).copied().unwrap_or(0.0);
                shares().map(of).collect()
            }
            _ => {
                let standard = Normal::standard();
                let gamma = match distribution {
                    Distribution::Gamma(gamma) => {
                        Gamma::new(gamma.shape, gamma.shape / gamma.mean.to_f64().max(f64::MIN_POSITIVE)).ok()
                    }
                    _ => None,
                };
                shares().map(|share| quantile(distribution, share, &standard, gamma.as_ref())).collect()
            }
        };
        let count = float(quantiles.len().max(1));
        let sampled = quantiles.iter().sum::<f64>() / count;
        let mean = distribution.mean();
        // Of a normal distribution that is cut at zero, and of one without a mean, what the quantiles say.
        let is_cut = matches!(distribution, Distribution::Normal(_));
        let mean = if mean.is_finite() && !is_cut { mean } else { sampled };
        let second_moment = quantiles.iter().map(|value| value * value).sum::<f64>() / count;
        Self { quantiles, mean, second_moment: second_moment.max(mean * mean) }
    }

    /// The mean in seconds.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The mean of the square, in seconds squared; of a heavy tail as far as the quantiles reach.
    #[must_use]
    pub const fn second_moment(&self) -> f64 {
        self.second_moment
    }

    /// The variance over the square of the mean.
    #[must_use]
    pub fn squared_variation(&self) -> f64 {
        if self.mean > 0.0 { (self.second_moment / (self.mean * self.mean) - 1.0).max(0.0) } else { 0.0 }
    }

    /// The value that a share (0 to 1) of the requests do not exceed, in seconds.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.quantiles.len().saturating_sub(1);
        self.quantiles.get(floor(share * float(self.quantiles.len())).min(last)).copied().unwrap_or(0.0)
    }
}

/// The middles of equal parts of 0 to 1.
fn shares() -> impl Iterator<Item = f64> {
    (0..POINTS).map(|index| (float(index) + 0.5) / float(POINTS))
}

fn quantile<U: DistributionUnit>(
    distribution: &Distribution<U>,
    share: f64,
    standard: &Normal,
    gamma: Option<&Gamma>,
) -> f64 {
    let exponential = -(-share).ln_1p();
    let value = match distribution {
        Distribution::Fixed(value) => value.to_f64(),
        Distribution::Uniform(uniform) => uniform.min.to_f64() + (uniform.max.to_f64() - uniform.min.to_f64()) * share,
        Distribution::Exponential(law) => law.mean.to_f64() * exponential,
        Distribution::Normal(normal) => normal.mean.to_f64() + normal.stddev.to_f64() * standard.inverse_cdf(share),
        Distribution::LogNormal(law) => {
            let sigma = law.sigma;
            let from_mean = |mean: U| mean.to_f64() * (-sigma * sigma / 2.0).exp();
            let median = law.median.map(U::to_f64).or_else(|| law.mean.map(from_mean)).unwrap_or(0.0);
            median * (sigma * standard.inverse_cdf(share)).exp()
        }
        Distribution::Weibull(weibull) => weibull.scale.to_f64() * exponential.powf(1.0 / weibull.shape),
        Distribution::Gamma(law) => gamma.map_or(law.mean.to_f64(), |gamma| gamma.inverse_cdf(share)),
        Distribution::Pareto(pareto) => pareto.minimum.to_f64() * (exponential / pareto.shape).exp(),
        Distribution::Empirical(_) => 0.0,
    };
    if value.is_nan() { 0.0 } else { value.clamp(0.0, f64::MAX.sqrt()) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of quantiles and of rows of a file")]
fn float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
fn floor(value: f64) -> usize {
    value as usize
}
