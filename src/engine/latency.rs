//! Delays between components, drawn afresh each time from what was measured.

use super::{RandomStream, RandomStreams};
use crate::units::SimDuration;
use rand::Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// How a delay is distributed: log-normally, by its median and its 99th percentile, which is what measurements
/// of a distributed system state. Where they are equal the delay is always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyDistribution {
    median: SimDuration,
    p99: SimDuration,
}

impl LatencyDistribution {
    /// A delay that is always the same.
    pub const fn fixed(delay: SimDuration) -> Self {
        Self { median: delay, p99: delay }
    }

    /// A delay with this median and 99th percentile. A percentile below the median counts as the median, and a median of
    /// zero or less is no delay.
    pub fn new(median: SimDuration, p99: SimDuration) -> Self {
        let median = median.max_zero();
        if median == SimDuration::ZERO { Self::fixed(median) } else { Self { median, p99: p99.max(median) } }
    }

    /// The median.
    pub const fn median(self) -> SimDuration {
        self.median
    }

    /// The distribution of the delay times a factor.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self::new(self.median.mul_f64(factor), self.p99.mul_f64(factor))
    }
}

/// Number of bits that choose a quantile.
const BITS: u32 = 10;

/// Draws a delay. A draw takes one of 1,024 equally likely quantiles, in the middle of their shares, so that it costs
/// little more than a random number.
#[derive(Clone, Debug)]
pub struct Latency {
    distribution: LatencyDistribution,
    /// In ascending order; empty where the delay is always the same.
    quantiles: Box<[SimDuration]>,
    stream: RandomStream,
}

impl Latency {
    /// Draws from a distribution by the random stream of `purpose`.
    pub fn new(distribution: LatencyDistribution, streams: RandomStreams, purpose: &str) -> Self {
        let stream = streams.stream(purpose);
        let standard = Normal::standard();
        let ratio = distribution.p99.as_secs_f64() / distribution.median.as_secs_f64();
        let sigma = ratio.ln() / standard.inverse_cdf(0.99);
        let count = 1_u32 << BITS;
        let quantile = |index: u32| {
            let share = (f64::from(index) + 0.5) / f64::from(count);
            let delay = distribution.median.mul_f64((sigma * standard.inverse_cdf(share)).exp());
            // To the microsecond, as components log it.
            SimDuration::from_micros(delay.as_nanos() / 1000)
        };
        let varies = distribution.p99 > distribution.median;
        let quantiles = if varies { (0..count).map(quantile).collect() } else { Box::default() };
        Self { distribution, quantiles, stream }
    }

    /// Draws a delay.
    pub fn draw(&mut self) -> SimDuration {
        if self.quantiles.is_empty() {
            return self.distribution.median;
        }
        let index = usize::try_from(self.stream.next_u64() >> (u64::BITS - BITS)).unwrap_or(0);
        self.quantiles.get(index).copied().unwrap_or(self.distribution.median)
    }

    /// The median.
    pub const fn median(&self) -> SimDuration {
        self.distribution.median
    }

    /// The longest delay that a draw can give.
    pub fn longest(&self) -> SimDuration {
        self.quantiles.last().copied().unwrap_or(self.distribution.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(value: i64) -> SimDuration {
        SimDuration::from_millis(value)
    }

    #[test]
    fn draws_have_the_median_and_the_percentile() {
        let mut latency =
            Latency::new(LatencyDistribution::new(millis(18), millis(323)), RandomStreams::new(1), "test");
        let mut draws: Vec<f64> = (0..40_000).map(|_| latency.draw().as_secs_f64() * 1000.0).collect();
        draws.sort_by(f64::total_cmp);
        let quantile = |share: usize| draws[draws.len() * share / 100];
        assert!((17.0..19.0).contains(&quantile(50)), "{}", quantile(50));
        assert!((280.0..370.0).contains(&quantile(99)), "{}", quantile(99));
        let longest = latency.longest().as_secs_f64() * 1000.0;
        assert!(draws.last().is_some_and(|last| *last <= longest), "{longest}");
    }

    #[test]
    fn a_fixed_delay_draws_nothing() {
        let streams = RandomStreams::new(1);
        for distribution in [
            LatencyDistribution::fixed(millis(8)),
            LatencyDistribution::new(millis(8), millis(3)),
            LatencyDistribution::new(millis(4), millis(4)).scaled(2.0),
        ] {
            let mut latency = Latency::new(distribution, streams, "test");
            assert_eq!([latency.draw(), latency.longest(), latency.median()], [millis(8); 3]);
        }
        let mut none = Latency::new(LatencyDistribution::new(millis(8), millis(20)).scaled(0.0), streams, "test");
        assert_eq!([none.draw(), none.longest()], [SimDuration::ZERO; 2]);
    }
}
