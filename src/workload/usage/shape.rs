//! An amount that containers use over time, as a pure function of the pod, of when its container started, and of the time:
//! nothing has to happen for it to change, and it can be asked for at any instant.
//!
//! Between changes of the series and of what is drawn an amount is a straight line: level, or rising with the container's
//! age. So sums over time are exact, and it is known when it reaches a limit.

use crate::engine::{RandomStream, scatter};
use crate::input::scenario::UsageOverTime;
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};
use rand::SeedableRng;
use rand_distr::{Distribution as _, StandardNormal};

/// The run of a container: the pod's index, and since when it runs.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The index of the pod.
    pub pod: u64,
    /// When the container started.
    pub since: SimTime,
}

/// What is drawn for each pod again and again.
#[derive(Clone, Debug)]
struct Noise {
    amount: Sampler,
    every: SimDuration,
}

/// An amount over time, in cores or bytes.
#[derive(Clone, Debug)]
pub struct Shape {
    constant: f64,
    unit: f64,
    series: Option<RateCurve>,
    noise: Option<Noise>,
    /// Growth with the container's age.
    per_second: f64,
    spread: f64,
    seed: u64,
}

/// A straight line from an instant on.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The amount at the instant.
    value: f64,
    /// When another line begins; `None` is never.
    end: Option<SimTime>,
}

impl Shape {
    /// The amount that a scenario gives. `midnight` is an instant at which a day begins; `seed` is its own.
    pub fn new(usage: &UsageOverTime, midnight: SimTime, seed: u64) -> Self {
        Self {
            constant: usage.constant.get().as_f64(),
            unit: usage.unit.get().as_f64(),
            series: usage.series.as_ref().map(|series| RateCurve::new(series, midnight)),
            noise: usage
                .noise
                .as_ref()
                .map(|noise| Noise { amount: Sampler::new(&noise.amount), every: noise.every.get() }),
            per_second: usage.growth_per_hour.get().as_f64() / 3600.0,
            spread: usage.spread,
            seed,
        }
    }

    /// Whether it changes while a container runs.
    pub fn varies(&self) -> bool {
        let series_changes = self.series.as_ref().is_some_and(|series| series.next_change(SimTime::ZERO).is_some());
        series_changes || self.noise.is_some() || self.per_second > 0.0
    }

    /// The amount at an instant.
    pub fn value(&self, run: Run, at: SimTime) -> f64 {
        self.piece(run, self.factor(run.pod), at).value
    }

    /// The amount summed up over time, in nanoseconds times its unit, where no more than `limit` is had at any time.
    pub fn integral(&self, run: Run, limit: f64, from: SimTime, to: SimTime) -> f64 {
        let factor = self.factor(run.pod);
        let slope = factor * self.per_second / 1e9;
        let (mut at, mut sum) = (from, 0.0);
        while at < to {
            let piece = self.piece(run, factor, at);
            let end = piece.end.map_or(to, |end| end.min(to));
            sum += under_limit(piece.value, slope, nanos(end - at), limit);
            at = end;
        }
        sum
    }

    /// The first instant from `from` on, and before `until`, at which it is at least `level`.
    pub fn reaches(&self, run: Run, level: f64, from: SimTime, until: SimTime) -> Option<SimTime> {
        let factor = self.factor(run.pod);
        let slope = factor * self.per_second / 1e9;
        let mut at = from;
        while at < until {
            let piece = self.piece(run, factor, at);
            if piece.value >= level {
                return Some(at);
            }
            let end = piece.end.map_or(until, |end| end.min(until));
            if slope > 0.0 {
                // One nanosecond more, so that rounding does not leave it below.
                let seconds = (level - piece.value) / slope / 1e9;
                let reached = at + SimDuration::from_secs_f64(seconds) + SimDuration::from_nanos(1);
                if reached < end {
                    return Some(reached);
                }
            }
            at = end;
        }
        None
    }

    /// What distinguishes a pod from the others.
    fn factor(&self, pod: u64) -> f64 {
        if self.spread <= 0.0 {
            return 1.0;
        }
        let normal: f64 = StandardNormal.sample(&mut self.stream(pod, u64::MAX));
        (self.spread * normal).exp()
    }

    /// The random numbers of a pod for one draw.
    fn stream(&self, pod: u64, draw: u64) -> RandomStream {
        let mixed = self.seed ^ pod.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        RandomStream::seed_from_u64(mixed ^ draw.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(17))
    }

    /// The line that holds at an instant.
    fn piece(&self, run: Run, factor: f64, at: SimTime) -> Piece {
        let mut value = self.constant;
        let mut end = None;
        if let Some(series) = &self.series {
            value += self.unit * series.value(at);
            end = series.next_change(at);
        }
        if let Some(noise) = &self.noise {
            let every = noise.every.as_nanos().max(1);
            // Pods draw at times of their own.
            let phase = SimDuration::from_nanos(every).mul_f64(scatter(self.seed, run.pod)).as_nanos();
            let draw = at.as_nanos().saturating_add(phase).div_euclid(every);
            value += noise.amount.sample(&mut self.stream(run.pod, draw.cast_unsigned()));
            let next = SimTime::from_nanos((draw + 1).saturating_mul(every).saturating_sub(phase));
            end = Some(end.map_or(next, |end: SimTime| end.min(next)));
        }
        value += self.per_second * (at - run.since).max_zero().as_secs_f64();
        Piece { value: (value * factor).max(0.0), end }
    }
}

/// A line that begins at `value` summed up over `length`, where no more than `limit` is had.
fn under_limit(value: f64, slope: f64, length: f64, limit: f64) -> f64 {
    if value >= limit {
        return limit * length;
    }
    let rises = if slope > 0.0 { ((limit - value) / slope).min(length) } else { length };
    value * rises + slope * rises * rises / 2.0 + if rises < length { limit * (length - rises) } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
fn nanos(span: SimDuration) -> f64 {
    span.as_nanos() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        Shape::new(&serde_json::from_str(text).unwrap(), SimTime::ZERO, 7)
    }

    const RUN: Run = Run { pod: 3, since: SimTime::ZERO };

    fn hours(count: i64) -> SimTime {
        SimTime::ZERO + SimDuration::from_hours(count)
    }

    #[test]
    fn amounts_over_time() {
        let cases = [
            (r#"{"constant": "300Mi"}"#, 5, 300.0, "constant"),
            (r#"{"constant": "300Mi", "growthPerHour": "10Mi"}"#, 5, 350.0, "a leak"),
            (r#"{"series": {"steps": [{"at": "2h", "rate": 7}]}, "unit": "1Mi"}"#, 1, 0.0, "before the first step"),
            (r#"{"series": {"steps": [{"at": "2h", "rate": 7}]}, "unit": "1Mi"}"#, 2, 7.0, "a step"),
            (r#"{"noise": {"amount": {"fixed": "2Mi"}, "every": "1m"}}"#, 1, 2.0, "drawn"),
        ];
        for (text, hour, mebibytes, why) in cases {
            let value = shape(text).value(RUN, hours(hour)) / 1_048_576.0;
            assert!((value - mebibytes).abs() < 1e-6, "{why}: {value}");
        }
    }

    #[test]
    fn sums_are_exact() {
        let leak = shape(r#"{"constant": "1", "growthPerHour": "1"}"#);
        let hours_of = |limit: f64| leak.integral(RUN, limit, hours(0), hours(2)) / 3.6e12;
        assert!((hours_of(f64::INFINITY) - 4.0).abs() < 1e-9, "from 1 to 3 in two hours");
        assert!((hours_of(2.0) - 3.5).abs() < 1e-9, "cut off after the first");
        let noisy = shape(r#"{"noise": {"amount": {"uniform": {"min": "1", "max": "3"}}, "every": "10s"}}"#);
        let whole = noisy.integral(RUN, f64::INFINITY, hours(0), hours(1));
        let parts: f64 = (0_i64..60)
            .map(|minute| {
                let at = |minute: i64| SimTime::from_secs(minute * 60);
                noisy.integral(RUN, f64::INFINITY, at(minute), at(minute + 1))
            })
            .sum();
        assert!((whole / parts - 1.0).abs() < 1e-12, "{whole} is not {parts}");
        assert!((whole / 3.6e12 - 2.0).abs() < 0.1, "{whole}");
    }

    #[test]
    fn limits_are_reached_on_time() {
        let leak = shape(r#"{"constant": "100Mi", "growthPerHour": "50Mi"}"#);
        let level = 200.0 * 1_048_576.0;
        let reached = leak.reaches(RUN, level, hours(0), hours(10)).unwrap();
        assert!((reached.as_secs_f64() - 7200.0).abs() < 1e-3, "{reached:?}");
        assert!(leak.value(RUN, reached) >= level);
        assert_eq!(leak.reaches(RUN, level, hours(0), hours(1)), None, "not within the hour");
        let later = Run { since: hours(1), ..RUN };
        assert!((leak.reaches(later, level, hours(1), hours(10)).unwrap().as_secs_f64() - 10_800.0).abs() < 1e-3);
    }

    #[test]
    fn pods_differ_and_each_stays_the_same() {
        let spread = shape(r#"{"constant": "1", "spread": 0.3}"#);
        let values: Vec<f64> = (0..200).map(|pod| spread.value(Run { pod, ..RUN }, hours(1))).collect();
        assert!(values.iter().any(|value| *value > 1.3) && values.iter().any(|value| *value < 0.7));
        assert_eq!(values[5].to_bits(), spread.value(Run { pod: 5, ..RUN }, hours(9)).to_bits());
    }
}
