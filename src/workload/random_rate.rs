//! Rates that chance shapes: a load that jumps between states, and one that is bursty at every scale of time.
//!
//! A path is drawn once, at the start of a run, from the stream of its traffic entry, so both fidelities and all points of a
//! sweep see the same one for a seed.

use crate::engine::RandomStream;
use crate::input::scenario::{Modulated, SelfSimilar};
use crate::units::{SimDuration, SimTime};
use rand::RngExt;
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use std::f64::consts::TAU;

/// The rate of a Markov-modulated Poisson process up to `end`: it stays in each state for an exponentially distributed
/// time, and goes to one of the others, each as likely. It begins in a state that is drawn by how long each lasts.
pub fn modulated(spec: &Modulated, end: SimTime, random: &mut RandomStream) -> Vec<(SimTime, f64)> {
    let states = &spec.states;
    let seconds = |index: usize| states.get(index).map_or(0.0, |state| state.mean_duration.get().as_secs_f64());
    let whole: f64 = (0..states.len()).map(seconds).sum();
    let mut left = random.random::<f64>() * whole;
    let mut current = 0;
    while current + 1 < states.len() && left >= seconds(current) {
        left -= seconds(current);
        current += 1;
    }
    let mut at = SimTime::ZERO;
    let mut path = Vec::new();
    while at <= end {
        let Some(state) = states.get(current) else { break };
        path.push((at, state.rate));
        let stay: f64 = Exp1.sample(random);
        at += SimDuration::from_secs_f64(stay * seconds(current)).max(SimDuration::from_nanos(1));
        if states.len() > 1 {
            let other = random.random_range(0..states.len() - 1);
            current = if other >= current { other + 1 } else { other };
        }
    }
    path
}

/// Values of a self-similar rate, one for each interval up to `end`: a mean plus fractional Gaussian noise, cut at zero.
///
/// The noise has the exact covariances of its Hurst parameter, by the method of Davies and Harte (1987).
pub fn self_similar(spec: &SelfSimilar, end: SimTime, random: &mut RandomStream) -> Vec<f64> {
    let step = spec.interval.get().as_nanos().max(1);
    let count = usize::try_from(end.as_nanos() / step).unwrap_or(0) + 1;
    let noise = fractional_noise(count, spec.hurst, random);
    noise.into_iter().map(|noise| (spec.mean + spec.stddev * noise).max(0.0)).collect()
}

/// Fractional Gaussian noise of variance 1.
fn fractional_noise(count: usize, hurst: f64, random: &mut RandomStream) -> Vec<f64> {
    let half = count.next_power_of_two().max(2);
    let power = |lag: f64| lag.abs().powf(2.0 * hurst);
    let covariance = |lag: f64| 0.5 * (power(lag + 1.0) - 2.0 * power(lag) + power(lag - 1.0));
    // The circle into which the line of covariances is bent; its transform are the variances of the frequencies.
    let size = 2 * half;
    let mut circle: Vec<(f64, f64)> =
        (0..size).map(|index| (covariance(float(index.min(size - index))), 0.0)).collect();
    transform(&mut circle);
    let mut spectrum: Vec<(f64, f64)> = circle
        .iter()
        .map(|(variance, _)| {
            let scale = (variance.max(0.0) / float(size)).sqrt();
            let (real, imaginary): (f64, f64) = (StandardNormal.sample(random), StandardNormal.sample(random));
            (scale * real, scale * imaginary)
        })
        .collect();
    transform(&mut spectrum);
    spectrum.into_iter().take(count).map(|(real, _)| real).collect()
}

/// The discrete Fourier transform in place, of as many values as a power of two.
fn transform(values: &mut [(f64, f64)]) {
    let size = values.len();
    let bits = size.trailing_zeros();
    for index in 0..size {
        let mirrored = index.reverse_bits() >> (usize::BITS - bits);
        if mirrored > index {
            values.swap(index, mirrored);
        }
    }
    let mut length = 2;
    while length <= size {
        let angle = -TAU / float(length);
        for block in values.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(length / 2);
            for (index, (one, other)) in low.iter_mut().zip(high).enumerate() {
                let (down, across) = (angle * float(index)).sin_cos();
                let turned = (other.0 * across - other.1 * down, other.0 * down + other.1 * across);
                let sum = (one.0 + turned.0, one.1 + turned.1);
                *other = (one.0 - turned.0, one.1 - turned.1);
                *one = sum;
            }
        }
        length *= 2;
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of intervals are far below 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use crate::input::scenario::{Duration, ModulatedState};

    fn stream() -> RandomStream {
        RandomStreams::new(3).stream("rate")
    }

    #[test]
    fn states_last_as_long_as_they_say() {
        let state = |rate, seconds| ModulatedState { rate, mean_duration: Duration::from_secs(seconds) };
        let spec = Modulated { states: vec![state(10.0, 90), state(200.0, 10), state(50.0, 60)] };
        let end = SimTime::from_secs(1_000_000);
        let path = modulated(&spec, end, &mut stream());
        assert!(path.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1.total_cmp(&pair[1].1).is_ne()));
        for state in &spec.states {
            let spans = path.windows(2).filter(|pair| pair[0].1.total_cmp(&state.rate).is_eq());
            let lengths: Vec<f64> = spans.map(|pair| (pair[1].0 - pair[0].0).as_secs_f64()).collect();
            let mean = lengths.iter().sum::<f64>() / float(lengths.len());
            let expected = state.mean_duration.get().as_secs_f64();
            assert!((mean - expected).abs() < 4.0 * expected / float(lengths.len()).sqrt(), "{mean} of {expected}");
        }
        assert_eq!(path, modulated(&spec, end, &mut stream()), "the same stream gives the same path");
    }

    /// The Hurst parameter by aggregated variances: the variance of means of `m` values falls as `m^(2H - 2)`.
    fn hurst(values: &[f64]) -> f64 {
        let variance = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / float(values.len());
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / float(values.len())
        };
        let points: Vec<(f64, f64)> = [1_usize, 2, 4, 8, 16, 32, 64, 128]
            .iter()
            .map(|size| {
                let means: Vec<f64> =
                    values.chunks_exact(*size).map(|part| part.iter().sum::<f64>() / float(*size)).collect();
                (float(*size).ln(), variance(&means).ln())
            })
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / float(points.len());
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
            / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
        1.0 + slope / 2.0
    }

    #[test]
    fn noise_has_its_hurst_parameter() {
        for expected in [0.5, 0.7, 0.85] {
            let noise = fractional_noise(1 << 17, expected, &mut stream());
            let found = hurst(&noise);
            assert!((found - expected).abs() < 0.05, "{found} of {expected}");
            let variance = noise.iter().map(|value| value * value).sum::<f64>() / float(noise.len());
            assert!((variance - 1.0).abs() < 0.15, "{variance}");
        }
        let spec = SelfSimilar { mean: 100.0, stddev: 20.0, hurst: 0.8, interval: Duration::from_secs(1) };
        let values = self_similar(&spec, SimTime::from_secs(100_000), &mut stream());
        assert_eq!(values.len(), 100_001);
        let mean = values.iter().sum::<f64>() / float(values.len());
        assert!((mean - 100.0).abs() < 10.0 && values.iter().all(|value| *value >= 0.0), "{mean}");
    }

    #[test]
    fn a_transform_of_a_wave_is_its_frequency() {
        let mut values: Vec<(f64, f64)> = (0..16).map(|index| ((TAU * 3.0 * float(index) / 16.0).cos(), 0.0)).collect();
        transform(&mut values);
        for (index, (real, imaginary)) in values.iter().enumerate() {
            let expected = if index == 3 || index == 13 { 8.0 } else { 0.0 };
            assert!((real - expected).abs() < 1e-9 && imaginary.abs() < 1e-9, "{index}: {real} {imaginary}");
        }
    }
}
