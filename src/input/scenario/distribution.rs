//! Distributions as a scenario writes them. `workload::distribution` samples them.

use super::leaf::{Amount, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::path::PathBuf;

/// What a distribution is over: time ([`Duration`], sampled in seconds) or an amount ([`Amount`], in its base unit).
pub trait DistributionUnit: Copy + Debug + PartialEq {
    /// The value in seconds or in base units.
    fn to_f64(self) -> f64;
}

impl DistributionUnit for Duration {
    fn to_f64(self) -> f64 {
        self.get().as_secs_f64()
    }
}

impl DistributionUnit for Amount {
    fn to_f64(self) -> f64 {
        self.get().as_f64()
    }
}

/// A random quantity: exactly one of the forms. Samples below zero count as zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DistributionOf{U}")]
pub enum Distribution<U> {
    /// Always the same value.
    Fixed(U),
    /// Every value between two bounds is equally likely.
    Uniform(Uniform<U>),
    /// Exponential: the time between events that happen at a constant rate, independently of each other.
    Exponential(Exponential<U>),
    /// Normal (Gaussian); samples below zero count as zero.
    Normal(Normal<U>),
    /// Log-normal: the logarithm is normally distributed. Long right tail; fits many durations.
    LogNormal(LogNormal<U>),
    /// Weibull: lifetimes whose hazard falls (shape below 1) or rises (shape above 1) with age.
    Weibull(Weibull<U>),
    /// Gamma: the sum of `shape` exponential stages.
    Gamma(Gamma<U>),
    /// Pareto: heavy tail, no sample below `minimum`.
    Pareto(Pareto<U>),
    /// Draws with equal probability from the values of a CSV column.
    Empirical(Empirical),
}

/// Parameters of the uniform distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "UniformOf{U}")]
pub struct Uniform<U> {
    /// Smallest value.
    pub min: U,
    /// Largest value; not below `min`.
    pub max: U,
}

/// Parameters of the exponential distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ExponentialOf{U}")]
pub struct Exponential<U> {
    /// Mean; above zero.
    pub mean: U,
}

/// Parameters of the normal distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NormalOf{U}")]
pub struct Normal<U> {
    /// Mean (of the distribution before values below zero are cut).
    pub mean: U,
    /// Standard deviation.
    pub stddev: U,
}

/// Parameters of the log-normal distribution: exactly one of `median` and `mean`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "LogNormalOf{U}")]
pub struct LogNormal<U> {
    /// Median (half of the samples are below); above zero. Exclusive with `mean`.
    pub median: Option<U>,
    /// Mean; above zero. Exclusive with `median`.
    pub mean: Option<U>,
    /// Standard deviation of the natural logarithm (no unit); zero or more.
    pub sigma: f64,
}

/// Parameters of the Weibull distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "WeibullOf{U}")]
pub struct Weibull<U> {
    /// Scale (lambda): 63.2 % of the samples are below; above zero.
    pub scale: U,
    /// Shape (k), no unit; above zero.
    pub shape: f64,
}

/// Parameters of the gamma distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "GammaOf{U}")]
pub struct Gamma<U> {
    /// Mean (shape times scale); above zero.
    pub mean: U,
    /// Shape (k), no unit; above zero.
    pub shape: f64,
}

/// Parameters of the Pareto distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ParetoOf{U}")]
pub struct Pareto<U> {
    /// Smallest value; above zero.
    pub minimum: U,
    /// Shape (alpha), no unit; above zero. At 1 or below the mean is infinite.
    pub shape: f64,
}

/// Values from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Empirical {
    /// CSV file with a header line, plain or gzipped (`.gz`); relative to the scenario file.
    pub file: PathBuf,
    /// Column with the values: numbers, in seconds for a duration, in base units (cores, bytes) for an amount.
    pub column: String,
    /// Factor on every value. Default 1.
    #[serde(default = "one")]
    pub scale: f64,
    /// The values after scaling, filled in when the scenario is loaded.
    #[serde(skip)]
    pub values: std::sync::Arc<[f64]>,
}

/// 1, the neutral factor.
pub(super) const fn one() -> f64 {
    1.0
}

impl<U: DistributionUnit> Distribution<U> {
    /// The mean in seconds or base units; infinite for a Pareto distribution of shape 1 or below. The normal
    /// distribution's is that before samples below zero are cut.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(value) => value.to_f64(),
            Self::Uniform(uniform) => f64::midpoint(uniform.min.to_f64(), uniform.max.to_f64()),
            Self::Exponential(exponential) => exponential.mean.to_f64(),
            Self::Normal(normal) => normal.mean.to_f64(),
            Self::LogNormal(log_normal) => match (log_normal.median, log_normal.mean) {
                (Some(median), _) => median.to_f64() * (log_normal.sigma * log_normal.sigma / 2.0).exp(),
                (None, Some(mean)) => mean.to_f64(),
                (None, None) => 0.0,
            },
            Self::Weibull(weibull) => {
                weibull.scale.to_f64() * statrs::function::gamma::gamma(1.0 + 1.0 / weibull.shape)
            }
            Self::Gamma(gamma) => gamma.mean.to_f64(),
            Self::Pareto(pareto) => {
                if pareto.shape > 1.0 {
                    pareto.minimum.to_f64() * pareto.shape / (pareto.shape - 1.0)
                } else {
                    f64::INFINITY
                }
            }
            Self::Empirical(empirical) => {
                #[expect(clippy::cast_precision_loss, reason = "a file has fewer rows")]
                let count = empirical.values.len() as f64;
                if count > 0.0 { empirical.values.iter().sum::<f64>() / count } else { 0.0 }
            }
        }
    }
}
