//! Sampling of the distributions that a scenario names.

use crate::input::scenario::{Distribution, DistributionUnit};
use crate::units::SimDuration;
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use std::sync::Arc;

/// Draws values of a distribution. Values are in seconds or base units and never below zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    form: Form,
}

/// A distribution with its parameters as floats.
#[derive(Clone, Debug, PartialEq)]
enum Form {
    Fixed(f64),
    Uniform { min: f64, max: f64 },
    Exponential { mean: f64 },
    Normal { mean: f64, stddev: f64 },
    LogNormal { median: f64, sigma: f64 },
    Weibull { scale: f64, shape: f64 },
    Gamma(rand_distr::Gamma<f64>),
    Pareto { minimum: f64, shape: f64 },
    Empirical(Arc<[f64]>),
}

impl Sampler {
    /// A sampler of a distribution whose parameters were checked when the scenario was loaded.
    pub fn new<U: DistributionUnit>(distribution: &Distribution<U>) -> Self {
        let form = match distribution {
            Distribution::Fixed(value) => Form::Fixed(value.to_f64()),
            Distribution::Uniform(uniform) => Form::Uniform { min: uniform.min.to_f64(), max: uniform.max.to_f64() },
            Distribution::Exponential(exponential) => Form::Exponential { mean: exponential.mean.to_f64() },
            Distribution::Normal(normal) => Form::Normal { mean: normal.mean.to_f64(), stddev: normal.stddev.to_f64() },
            Distribution::LogNormal(log_normal) => {
                let sigma = log_normal.sigma;
                let from_mean = |mean: U| mean.to_f64() * (-sigma * sigma / 2.0).exp();
                let median = log_normal.median.map(U::to_f64).or_else(|| log_normal.mean.map(from_mean)).unwrap_or(0.0);
                Form::LogNormal { median, sigma }
            }
            Distribution::Weibull(weibull) => Form::Weibull { scale: weibull.scale.to_f64(), shape: weibull.shape },
            Distribution::Gamma(gamma) => {
                let mean = gamma.mean.to_f64();
                rand_distr::Gamma::new(gamma.shape, mean / gamma.shape).map_or(Form::Fixed(mean), Form::Gamma)
            }
            Distribution::Pareto(pareto) => Form::Pareto { minimum: pareto.minimum.to_f64(), shape: pareto.shape },
            Distribution::Empirical(empirical) => Form::Empirical(empirical.values.clone()),
        };
        Self { form }
    }

    /// Draws a value in seconds or base units; zero or more, and finite.
    pub fn sample<R: Rng + ?Sized>(&self, generator: &mut R) -> f64 {
        let value = match &self.form {
            Form::Fixed(value) => *value,
            Form::Uniform { min, max } => min + (max - min) * generator.random::<f64>(),
            Form::Exponential { mean } => mean * sample_exponential(generator),
            Form::Normal { mean, stddev } => mean + stddev * sample_normal(generator),
            Form::LogNormal { median, sigma } => median * (sigma * sample_normal(generator)).exp(),
            Form::Weibull { scale, shape } => scale * sample_exponential(generator).powf(1.0 / shape),
            Form::Gamma(gamma) => gamma.sample(generator),
            Form::Pareto { minimum, shape } => minimum * (sample_exponential(generator) / shape).exp(),
            Form::Empirical(values) => {
                if values.is_empty() {
                    0.0
                } else {
                    values.get(generator.random_range(0..values.len())).copied().unwrap_or(0.0)
                }
            }
        };
        if value.is_nan() { 0.0 } else { value.clamp(0.0, f64::MAX) }
    }

    /// Draws a span of simulated time from a distribution over durations, rounded to the nearest nanosecond.
    pub fn sample_duration<R: Rng + ?Sized>(&self, generator: &mut R) -> SimDuration {
        SimDuration::from_secs_f64(self.sample(generator))
    }
}

/// A draw from the exponential distribution of mean 1.
fn sample_exponential<R: Rng + ?Sized>(generator: &mut R) -> f64 {
    Exp1.sample(generator)
}

/// A draw from the normal distribution of mean 0 and standard deviation 1.
fn sample_normal<R: Rng + ?Sized>(generator: &mut R) -> f64 {
    StandardNormal.sample(generator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::{
        Duration, Empirical, Exponential, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull,
    };
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn seconds(value: i64) -> Duration {
        Duration::from_secs(value)
    }

    fn log_normal(median: Option<i64>, mean: Option<i64>, sigma: f64) -> Distribution<Duration> {
        Distribution::LogNormal(LogNormal { median: median.map(seconds), mean: mean.map(seconds), sigma })
    }

    fn empirical() -> Distribution<Duration> {
        let values = [1.0, 2.0, 6.0].into();
        Distribution::Empirical(Empirical { file: "x.csv".into(), column: "x".to_owned(), scale: 1.0, values })
    }

    /// Each distribution with its theoretical mean and standard deviation in seconds.
    fn table() -> Vec<(Distribution<Duration>, f64, f64, &'static str)> {
        let variance = |mean: f64, sigma: f64| mean * ((sigma * sigma).exp() - 1.0).sqrt();
        vec![
            (Distribution::Fixed(seconds(5)), 5.0, 0.0, "fixed"),
            (Distribution::Uniform(Uniform { min: seconds(2), max: seconds(8) }), 5.0, 3f64.sqrt(), "uniform"),
            (Distribution::Exponential(Exponential { mean: seconds(20) }), 20.0, 20.0, "exponential"),
            (Distribution::Normal(Normal { mean: seconds(100), stddev: seconds(10) }), 100.0, 10.0, "normal, no cut"),
            (
                log_normal(Some(300), None, 0.8),
                300.0 * 0.32f64.exp(),
                variance(300.0 * 0.32f64.exp(), 0.8),
                "log-normal by median",
            ),
            (log_normal(None, Some(300), 0.5), 300.0, variance(300.0, 0.5), "log-normal by mean"),
            (Distribution::Weibull(Weibull { scale: seconds(10), shape: 1.0 }), 10.0, 10.0, "Weibull of shape 1"),
            (
                Distribution::Weibull(Weibull { scale: seconds(10), shape: 2.0 }),
                8.862_269_254_527_58,
                4.632_513_753_9,
                "Weibull of shape 2: mean scale * sqrt(pi)/2",
            ),
            (Distribution::Gamma(Gamma { mean: seconds(12), shape: 4.0 }), 12.0, 6.0, "gamma"),
            (
                Distribution::Pareto(Pareto { minimum: seconds(3), shape: 4.0 }),
                4.0,
                2f64.sqrt(),
                "Pareto: mean a m / (a - 1), variance m^2 a / ((a-1)^2 (a-2))",
            ),
            (empirical(), 3.0, (14.0f64 / 3.0).sqrt(), "empirical"),
        ]
    }

    #[test]
    fn means_are_those_of_theory() {
        const DRAWS: u32 = 40_000;
        for (distribution, mean, stddev, why) in table() {
            let sampler = Sampler::new(&distribution);
            assert!((distribution.mean() - mean).abs() < 1e-6 * mean, "{why}: {} is not {mean}", distribution.mean());
            let mut generator = Xoshiro256PlusPlus::seed_from_u64(7);
            let total: f64 = (0..DRAWS).map(|_| sampler.sample(&mut generator)).sum();
            let measured = total / f64::from(DRAWS);
            let bound = 4.0 * stddev / f64::from(DRAWS).sqrt() + 1e-9;
            assert!((measured - mean).abs() <= bound, "{why}: measured {measured}, expected {mean} within {bound}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_draws() {
        for (distribution, _, _, why) in table() {
            let draw = |seed| {
                let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
                let sampler = Sampler::new(&distribution);
                (0..100).map(|_| sampler.sample_duration(&mut generator)).collect::<Vec<_>>()
            };
            assert_eq!(draw(3), draw(3), "{why}");
            if why != "fixed" {
                assert_ne!(draw(3), draw(4), "{why}");
            }
        }
    }

    #[test]
    fn extreme_parameters_give_finite_values_from_zero() {
        let tail = Distribution::Pareto(Pareto { minimum: seconds(1), shape: 0.01 });
        let wide = Distribution::Normal(Normal { mean: seconds(0), stddev: seconds(1_000_000) });
        for distribution in [tail, wide, log_normal(Some(1), None, 20.0)] {
            let sampler = Sampler::new(&distribution);
            let mut generator = Xoshiro256PlusPlus::seed_from_u64(1);
            for _ in 0..10_000 {
                let value = sampler.sample(&mut generator);
                assert!(value.is_finite() && value >= 0.0, "{distribution:?}: {value}");
            }
        }
    }
}
