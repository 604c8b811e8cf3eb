//! Request rates over time as piecewise constant functions.
//!
//! Everything that uses a rate needs its value now, the next moment at which it changes, and its integral. Steps, spikes
//! and files are exact. Smooth curves (ramps, sine, diurnal) become steps of at most [`STEP`] that carry the exact mean of
//! the curve over the step, so the integral over whole steps is exact and that over part of one is off by at most the
//! curve's change within the step times [`STEP`]. In a product of smooth curves each factor carries its own mean.

use crate::engine::RandomStream;
use crate::input::scenario::{Diurnal, FlashCrowd, Rate, RatePoint, Sine, TraceLoad};
use crate::units::{SimDuration, SimTime};
use crate::workload::random_rate::{modulated, self_similar};
use std::f64::consts::{LN_2, TAU};
use std::sync::Arc;

/// Longest step of an approximated curve.
pub const STEP: SimDuration = SimDuration::from_secs(60);
/// Steps of a wave that is shorter than an hour, at the least.
const STEPS_PER_WAVE: i64 = 60;
/// Shortest step, for waves of seconds.
const SHORTEST_STEP: SimDuration = SimDuration::from_millis(100);
/// Steps of a crowd's rise, and of each half-life of its decay.
const CROWD_STEPS: i64 = 20;
/// A day.
const DAY: SimDuration = SimDuration::from_hours(24);

/// A rate in requests per second over simulated time.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve(Part);

/// One form of a rate.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Constant(f64),
    /// Values from given times on, sorted; zero before the first.
    Steps(Vec<(SimTime, f64)>),
    /// Points of straight lines, sorted.
    Ramps(Vec<(SimTime, f64)>),
    Wave(Wave),
    /// One value per interval from the start on; zero after the last.
    Series {
        values: Arc<[f64]>,
        interval: SimDuration,
    },
    Sum(Vec<Part>),
    Product(Vec<Part>),
}

/// `mean + amplitude * cos(2 pi (t - peak) / period)`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wave {
    mean: f64,
    amplitude: f64,
    peak: SimTime,
    period: SimDuration,
    step: SimDuration,
}

impl Wave {
    fn new(mean: f64, amplitude: f64, peak: SimTime, period: SimDuration) -> Self {
        let step = STEP.min(period / STEPS_PER_WAVE).max(SHORTEST_STEP);
        Self { mean, amplitude, peak, period, step }
    }

    fn sine(sine: &Sine) -> Self {
        let period = sine.period.get();
        Self::new(sine.mean, sine.amplitude, sine.phase.from_start() + period / 4, period)
    }

    fn diurnal(diurnal: &Diurnal, midnight: SimTime) -> Self {
        let mean = f64::midpoint(diurnal.low, diurnal.high);
        let amplitude = (diurnal.high - diurnal.low) / 2.0;
        Self::new(mean, amplitude, midnight + diurnal.peak_at.get(), DAY)
    }

    /// The start of the step that a time is in.
    fn step_start(&self, at: SimTime) -> SimTime {
        let into = at.as_nanos().rem_euclid(self.step.as_nanos().max(1));
        SimTime::from_nanos(at.as_nanos().saturating_sub(into))
    }

    /// The exact mean of the curve over the step that a time is in.
    fn value(&self, at: SimTime) -> f64 {
        let start = self.step_start(at);
        let phase = |time: SimTime| TAU * (time - self.peak).as_secs_f64() / self.period.as_secs_f64();
        let (from, to) = (phase(start), phase(start + self.step));
        let mean_cosine = if to > from { (to.sin() - from.sin()) / (to - from) } else { from.cos() };
        self.mean + self.amplitude * mean_cosine
    }
}

/// The index of the last point at or before a time.
fn last_at(points: &[(SimTime, f64)], at: SimTime) -> Option<usize> {
    points.partition_point(|(time, _)| *time <= at).checked_sub(1)
}

/// The piece of a ramp between two points: start of the step, end of the step, mean over it.
fn ramp_step(left: (SimTime, f64), right: (SimTime, f64), at: SimTime) -> (SimTime, f64) {
    let span = (right.0 - left.0).as_nanos();
    if span <= 0 {
        return (right.0, right.1);
    }
    // Steps of equal length, so that the last one is not a splinter.
    let count = span.div_ceil_positive(STEP.as_nanos());
    let bound = |index: i64| i128::from(span) * i128::from(index) / i128::from(count);
    let into = i128::from((at - left.0).as_nanos());
    let mut index = i64::try_from(into * i128::from(count) / i128::from(span)).unwrap_or(0);
    // The division above rounds down and so does `bound`: the step may be the one after.
    if bound(index + 1) <= into {
        index += 1;
    }
    let (from, to) = (bound(index), bound(index + 1));
    #[expect(clippy::cast_precision_loss, reason = "a share of a span")]
    let middle = (from + to) as f64 / 2.0 / span as f64;
    let end = left.0 + SimDuration::from_nanos(i64::try_from(to).unwrap_or(i64::MAX));
    (end.min(right.0), left.1 + (right.1 - left.1) * middle)
}

/// Division that rounds up, of numbers above zero.
trait DivCeil {
    fn div_ceil_positive(self, divisor: Self) -> Self;
}

impl DivCeil for i64 {
    fn div_ceil_positive(self, divisor: i64) -> i64 {
        self / divisor + i64::from(self % divisor != 0)
    }
}

impl Part {
    fn new(rate: &Rate, midnight: SimTime, chance: &mut Option<(SimTime, &mut RandomStream)>) -> Self {
        let points = |points: &[RatePoint]| points.iter().map(|point| (point.at.from_start(), point.rate)).collect();
        match rate {
            Rate::Constant(value) => Self::Constant(*value),
            Rate::Steps(steps) => Self::Steps(points(steps)),
            Rate::Ramps(ramps) => Self::Ramps(points(ramps)),
            Rate::Sine(sine) => Self::Wave(Wave::sine(sine)),
            Rate::Diurnal(diurnal) => Self::Wave(Wave::diurnal(diurnal, midnight)),
            Rate::Spikes(spikes) => {
                let mut parts = vec![Self::Constant(spikes.base)];
                parts.extend(spikes.spikes.iter().map(|spike| {
                    let start = spike.at.from_start();
                    Self::Steps(vec![(start, spike.height), (start + spike.duration.get(), 0.0)])
                }));
                Self::Sum(parts)
            }
            Rate::FlashCrowds(crowds) => {
                let mut parts = vec![Self::Constant(crowds.base)];
                parts.extend(crowds.crowds.iter().map(|crowd| Self::Steps(crowd_steps(crowd))));
                Self::Sum(parts)
            }
            // Where nothing is drawn the scenario has none of these: that was checked when it was read.
            Rate::Modulated(spec) => {
                Self::Steps(chance.as_mut().map_or(Vec::new(), |(end, random)| modulated(spec, *end, random)))
            }
            Rate::SelfSimilar(spec) => {
                let values = chance.as_mut().map_or(Vec::new(), |(end, random)| self_similar(spec, *end, random));
                Self::Series { values: values.into(), interval: spec.interval.get() }
            }
            Rate::Times(times) => Self::counted(&times.values, times.interval.get(), 1.0),
            Rate::Trace(trace) => match &trace.load {
                TraceLoad::Rates { values, interval } => {
                    Self::Series { values: values.clone(), interval: interval.get() }
                }
                TraceLoad::Times(times) => Self::counted(times, STEP, trace.scale),
            },
            Rate::Csv(csv) => Self::Series { values: csv.values.clone(), interval: csv.interval.get() },
            Rate::Sum(parts) => Self::Sum(parts.iter().map(|part| Self::new(part, midnight, chance)).collect()),
            Rate::Product(parts) => Self::Product(parts.iter().map(|part| Self::new(part, midnight, chance)).collect()),
        }
    }

    /// Requests at so many seconds, by interval.
    fn counted(times: &[f64], interval: SimDuration, scale: f64) -> Self {
        let seconds = interval.as_secs_f64();
        let mut values: Vec<f64> = Vec::new();
        for time in times {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked when it was read")]
            let row = (time / seconds) as usize;
            if values.len() <= row {
                values.resize(row + 1, 0.0);
            }
            values[row] += scale / seconds;
        }
        Self::Series { values: values.into(), interval }
    }

    fn value(&self, at: SimTime) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(steps) => last_at(steps, at).and_then(|index| steps.get(index)).map_or(0.0, |step| step.1),
            Self::Ramps(points) => match last_at(points, at) {
                None => points.first().map_or(0.0, |first| first.1),
                Some(index) => match (points.get(index), points.get(index + 1)) {
                    (Some(left), Some(right)) => ramp_step(*left, *right, at).1,
                    (left, _) => left.map_or(0.0, |left| left.1),
                },
            },
            Self::Wave(wave) => wave.value(at),
            Self::Series { values, interval } => {
                row(at, *interval).and_then(|row| values.get(row)).copied().unwrap_or(0.0)
            }
            Self::Sum(parts) => parts.iter().map(|part| part.value(at)).sum(),
            Self::Product(parts) => parts.iter().map(|part| part.value(at)).product(),
        }
    }

    fn next_change(&self, after: SimTime) -> Option<SimTime> {
        match self {
            Self::Constant(_) => None,
            Self::Steps(steps) => steps.get(steps.partition_point(|(time, _)| *time <= after)).map(|(time, _)| *time),
            Self::Ramps(points) => match last_at(points, after) {
                None => points.first().map(|first| first.0),
                Some(index) => match (points.get(index), points.get(index + 1)) {
                    (Some(left), Some(right)) => Some(ramp_step(*left, *right, after).0),
                    _ => None,
                },
            },
            Self::Wave(wave) => Some(wave.step_start(after) + wave.step),
            Self::Series { values, interval } => {
                if after < SimTime::ZERO {
                    return (!values.is_empty()).then_some(SimTime::ZERO);
                }
                let next = row(after, *interval)? + 1;
                (next <= values.len()).then(|| SimTime::ZERO + *interval * i64::try_from(next).unwrap_or(i64::MAX))
            }
            Self::Sum(parts) | Self::Product(parts) => parts.iter().filter_map(|part| part.next_change(after)).min(),
        }
    }
}

/// The steps of a crowd's rise and decay, which carry the exact mean of the curve; at the end none is left.
fn crowd_steps(crowd: &FlashCrowd) -> Vec<(SimTime, f64)> {
    let (start, rise, half) = (crowd.at.from_start(), crowd.rise.get(), crowd.half_life.get());
    let mut steps = Vec::new();
    let risen = |part: i64| start + rise * part / CROWD_STEPS;
    if rise > SimDuration::ZERO {
        for part in 0..CROWD_STEPS {
            #[expect(clippy::cast_precision_loss, reason = "a few steps")]
            let middle = (part as f64 + 0.5) / CROWD_STEPS as f64;
            steps.push((risen(part), crowd.height * middle));
        }
    }
    let peak = start + rise;
    steps.push((peak, crowd.height));
    let decay = peak + crowd.hold.get();
    // A thousandth is left after ten half-lives.
    for part in 0..10 * CROWD_STEPS {
        #[expect(clippy::cast_precision_loss, reason = "a few steps")]
        let (from, length) = (part as f64 / CROWD_STEPS as f64, 1.0 / CROWD_STEPS as f64);
        let mean = (-from * LN_2).exp() * (1.0 - (-length * LN_2).exp()) / (length * LN_2);
        steps.push((decay + half * part / CROWD_STEPS, crowd.height * mean));
    }
    steps.push((decay + half * 10, 0.0));
    // Of two at the same time the later one holds.
    steps.dedup_by(|later, earlier| {
        let is_same = later.0 == earlier.0;
        if is_same {
            earlier.1 = later.1;
        }
        is_same
    });
    steps
}

/// The row of a series that a time is in.
fn row(at: SimTime, interval: SimDuration) -> Option<usize> {
    usize::try_from(at.as_nanos().checked_div(interval.as_nanos())?).ok().filter(|_| at >= SimTime::ZERO)
}

impl RateCurve {
    /// No requests at all.
    pub const fn none() -> Self {
        Self(Part::Constant(0.0))
    }

    /// The curve of a rate. `midnight` is the start of the day (UTC) in which the run starts, relative to that start; zero
    /// if the run is not pinned to the calendar.
    #[must_use]
    pub fn new(rate: &Rate, midnight: SimTime) -> Self {
        Self(Part::new(rate, midnight, &mut None))
    }

    /// The same of a rate that chance may shape, with the path that it takes up to `end`.
    #[must_use]
    pub fn drawn(rate: &Rate, midnight: SimTime, end: SimTime, random: &mut RandomStream) -> Self {
        Self(Part::new(rate, midnight, &mut Some((end, random))))
    }

    /// Requests per second at a time; zero or more.
    #[must_use]
    pub fn value(&self, at: SimTime) -> f64 {
        self.0.value(at).max(0.0)
    }

    /// The first time after the given one at which the rate may have another value; `None` if it stays as it is for ever.
    #[must_use]
    pub fn next_change(&self, after: SimTime) -> Option<SimTime> {
        // At the end of representable time nothing comes after.
        self.0.next_change(after).filter(|next| *next > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::{Duration, FlashCrowds, RateCsv, Spike, Spikes};

    fn point(at: i64, rate: f64) -> RatePoint {
        RatePoint { at: Duration::from_secs(at), rate }
    }

    fn curve(rate: &Rate) -> RateCurve {
        RateCurve::new(rate, SimTime::ZERO)
    }

    fn sine(mean: f64, amplitude: f64, period: i64, phase: i64) -> Rate {
        Rate::Sine(Sine { mean, amplitude, period: Duration::from_secs(period), phase: Duration::from_secs(phase) })
    }

    fn diurnal() -> Rate {
        Rate::Diurnal(Diurnal { low: 50.0, high: 400.0, peak_at: Duration::from_secs(20 * 3600) })
    }

    fn spikes() -> Rate {
        let spike = |at, duration, height| Spike {
            at: Duration::from_secs(at),
            duration: Duration::from_secs(duration),
            height,
        };
        Rate::Spikes(Spikes { base: 10.0, spikes: vec![spike(60, 30, 90.0), spike(80, 20, 5.0)] })
    }

    fn series() -> Rate {
        Rate::Csv(RateCsv {
            file: "x.csv".into(),
            column: "x".to_owned(),
            interval: Duration::from_secs(10),
            scale: 1.0,
            values: [1.0, 2.0, 4.0].into(),
        })
    }

    fn crowd() -> Rate {
        let crowd = FlashCrowd {
            at: Duration::from_secs(100),
            rise: Duration::from_secs(60),
            height: 100.0,
            hold: Duration::from_secs(30),
            half_life: Duration::from_secs(50),
        };
        Rate::FlashCrowds(FlashCrowds { base: 2.0, crowds: vec![crowd] })
    }

    /// Number of requests between two times, by the changes that the curve announces.
    fn integral(curve: &RateCurve, from: SimTime, to: SimTime) -> f64 {
        let mut total = 0.0;
        let mut at = from;
        while at < to {
            let end = curve.next_change(at).map_or(to, |next| next.min(to));
            total += curve.value(at) * (end - at).as_secs_f64();
            at = end;
        }
        total
    }

    #[test]
    fn values_are_as_written() {
        let steps = Rate::Steps(vec![point(10, 5.0), point(20, 7.0)]);
        let ramps = Rate::Ramps(vec![point(100, 0.0), point(700, 60.0)]);
        let product = Rate::Product(vec![steps.clone(), Rate::Constant(2.0)]);
        let cases = [
            (Rate::Constant(3.0), 0.0, 3.0, "constant"),
            (steps.clone(), 9.999, 0.0, "nothing before the first step"),
            (steps.clone(), 10.0, 5.0, "a step holds from its time on"),
            (steps.clone(), 1e6, 7.0, "the last step holds for ever"),
            (ramps.clone(), 0.0, 0.0, "constant before the first point"),
            (ramps.clone(), 100.0, 3.0, "mean of the first step of 60 s"),
            (ramps.clone(), 400.0, 33.0, "mean of the step from 400 s to 460 s"),
            (ramps, 700.0, 60.0, "constant after the last point"),
            (spikes(), 59.0, 10.0, "base"),
            (spikes(), 85.0, 105.0, "spikes add up"),
            (spikes(), 95.0, 15.0, "first spike over"),
            (spikes(), 100.0, 10.0, "both over"),
            (series(), 9.9, 1.0, "first row"),
            (series(), 20.0, 4.0, "third row"),
            (series(), 30.0, 0.0, "after the last row"),
            (Rate::Sum(vec![steps, Rate::Constant(1.0)]), 15.0, 6.0, "sum"),
            (product, 15.0, 10.0, "product"),
        ];
        for (rate, at, expected, why) in cases {
            let value = curve(&rate).value(SimTime::from_secs_f64(at));
            assert!((value - expected).abs() < 1e-9, "{why}: {value} at {at} s is not {expected}");
        }
    }

    #[test]
    fn the_day_peaks_at_its_time() {
        let hours = SimTime::from_secs;
        let day = curve(&diurnal());
        let at = |hour: i64| day.value(hours(hour * 3600));
        assert!((at(20) - 400.0).abs() < 0.01, "{}", at(20));
        assert!((at(8) - 50.0).abs() < 0.01, "{}", at(8));
        assert!((at(14) - 225.0).abs() < 1.0, "{}", at(14));
        // A run that starts at 06:00 sees its peak after 14 hours.
        let from_six = RateCurve::new(&diurnal(), SimTime::from_secs(-6 * 3600));
        assert!((from_six.value(hours(14 * 3600)) - 400.0).abs() < 0.01);
    }

    #[test]
    fn integrals_are_exact() {
        let hour = 3600;
        let cases = [
            (Rate::Constant(3.0), 0, 100, 300.0, "constant"),
            (Rate::Steps(vec![point(10, 5.0), point(20, 7.0)]), 0, 30, 120.0, "steps"),
            (Rate::Ramps(vec![point(100, 0.0), point(700, 60.0)]), 0, 800, 24_000.0, "ramp: triangle and the rest"),
            (Rate::Ramps(vec![point(0, 10.0), point(7, 20.0)]), 0, 7, 105.0, "a ramp shorter than a step"),
            (diurnal(), 0, 24 * hour, 225.0 * 86_400.0, "a whole day has the mean of low and high"),
            (sine(100.0, 50.0, 2 * hour, 0), 0, hour, 3600.0 * (100.0 + 100.0 / std::f64::consts::PI), "upper half"),
            (sine(10.0, 10.0, 30, 7), 0, 300, 3000.0, "short waves"),
            (spikes(), 0, 200, 2000.0 + 2700.0 + 100.0, "spikes"),
            (series(), 0, 100, 70.0, "rows"),
            // 100 x 60 / 2 of the rise, 100 x 30 of the peak, 100 x 50 / ln 2 of the decay without its last thousandth.
            (crowd(), 0, 2000, 2.0 * 2000.0 + 3000.0 + 3000.0 + 5000.0 / LN_2 * (1.0 - 1.0 / 1024.0), "a crowd"),
        ];
        for (rate, from, to, expected, why) in cases {
            let total = integral(&curve(&rate), SimTime::from_secs(from), SimTime::from_secs(to));
            assert!((total - expected).abs() < 1e-6 * expected, "{why}: {total} is not {expected}");
        }
    }

    #[test]
    fn changes_are_announced() {
        let smooth = Rate::Sum(vec![diurnal(), Rate::Ramps(vec![point(5, 0.0), point(500, 9.0)]), spikes(), series()]);
        for rate in [smooth, sine(5.0, 5.0, 45, 0), Rate::Steps(vec![point(3, 1.0)])] {
            let curve = curve(&rate);
            let mut at = SimTime::from_nanos(-1);
            for _ in 0..200 {
                let Some(next) = curve.next_change(at) else { break };
                assert!(next > at && next - at <= STEP, "{rate:?} at {at}");
                let just_before = SimTime::from_nanos(next.as_nanos() - 1);
                if just_before > at {
                    let (early, late) = (curve.value(at), curve.value(just_before));
                    assert!((early - late).abs() < 1e-9, "{rate:?}: changes unannounced before {next}");
                }
                at = next;
            }
        }
        assert_eq!(curve(&Rate::Constant(1.0)).next_change(SimTime::ZERO), None);
        assert_eq!(curve(&diurnal()).next_change(SimTime::MAX), None);
    }
}
