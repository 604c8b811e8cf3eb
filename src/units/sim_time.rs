//! Simulated time: instants and spans in whole nanoseconds.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::num::NonZeroU64;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// Nanoseconds in one second.
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A span of simulated time in nanoseconds; may be negative. Arithmetic saturates at about 292 years, which is longer than
/// any run: see [`SimTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(i64);

impl SimDuration {
    /// The empty span.
    pub const ZERO: Self = Self(0);
    /// The longest span that can be expressed.
    pub const MAX: Self = Self(i64::MAX);

    /// A span of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A span of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// A span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A span of `seconds` whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A span of `minutes` whole minutes.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    /// A span of `hours` whole hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_secs(hours.saturating_mul(3600))
    }

    /// A span of fractional seconds, rounded to the nearest nanosecond; not-a-number becomes zero, and values out of
    /// range saturate. This is the one place where a sampled delay becomes simulated time.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates, as documented")]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as i64)
    }

    /// The span in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The span in seconds, for statistics and output.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The whole seconds in the span, rounded toward negative infinity.
    #[must_use]
    pub const fn whole_seconds(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Whether the span is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The span times `factor`, rounded to the nearest nanosecond.
    #[must_use]
    pub fn mul_f64(self, factor: f64) -> Self {
        Self::from_secs_f64(self.as_secs_f64() * factor)
    }

    /// The span, or zero where it is negative.
    #[must_use]
    pub fn max_zero(self) -> Self {
        self.max(Self::ZERO)
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, span: Self) {
        *self = *self + span;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, span: Self) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl SubAssign for SimDuration {
    fn sub_assign(&mut self, span: Self) {
        *self = *self - span;
    }
}

impl Neg for SimDuration {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Mul<i64> for SimDuration {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Div<i64> for SimDuration {
    type Output = Self;
    fn div(self, divisor: i64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, Add::add)
    }
}

/// An instant of simulated time: nanoseconds since the start of the scenario. Objects that were created before the
/// start (for example in a dump of a live cluster) have negative times.
///
/// Arithmetic saturates at about 292 years. A run is at most [`MAX_RUN`](Self::MAX_RUN) long, so that an instant at the end
/// of the range lies after the end of every run: what is planned for it never happens, as it should be.
///
/// `Option<SimTime>` is as small as `SimTime`: a pod has many times that may not have come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimTime(
    /// The nanoseconds with the sign bit flipped, so that their order is that of unsigned numbers and zero is free: it
    /// would be 2^63 nanoseconds before the start.
    NonZeroU64,
);

/// The bit that tells negative times.
const SIGN_BIT: u64 = 1 << 63;

impl SimTime {
    /// The start of the scenario.
    pub const ZERO: Self = Self::from_nanos(0);
    /// Later than anything that can happen.
    pub const MAX: Self = Self::from_nanos(i64::MAX);
    /// The latest end of a run: 100 years of 365 days.
    pub const MAX_RUN: Self = Self::from_secs(100 * 365 * 86_400);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos.cast_unsigned() ^ SIGN_BIT) {
            Some(flipped) => Self(flipped),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The instant `seconds` seconds after the start.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self::from_nanos(SimDuration::from_secs(seconds).as_nanos())
    }

    /// The instant `millis` milliseconds after the start.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_nanos(SimDuration::from_millis(millis).as_nanos())
    }

    /// The instant a fractional number of seconds after the start, rounded to the nearest nanosecond.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self::from_nanos(SimDuration::from_secs_f64(seconds).as_nanos())
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        (self.0.get() ^ SIGN_BIT).cast_signed()
    }

    /// Seconds since the start, for statistics and output.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.since_start().as_secs_f64()
    }

    /// The span since the start.
    #[must_use]
    pub const fn since_start(self) -> SimDuration {
        SimDuration(self.as_nanos())
    }

    /// The whole second at or before this instant: what is left of it in an API object (`metav1.Time`).
    #[must_use]
    pub fn truncated_to_second(self) -> Self {
        let nanos = self.as_nanos();
        Self::from_nanos(nanos.saturating_sub(nanos.rem_euclid(NANOS_PER_SECOND)))
    }

    /// The first instant at or after this one that lies a whole number of `period`s after `phase`. A `period` that is
    /// not positive gives the instant itself.
    #[must_use]
    pub fn next_tick(self, phase: Self, period: SimDuration) -> Self {
        if period.0 <= 0 {
            return self;
        }
        let past = self.as_nanos().saturating_sub(phase.as_nanos()).rem_euclid(period.0);
        if past == 0 { self } else { self + SimDuration(period.0 - past) }
    }
}

impl Default for SimTime {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Debug for SimTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SimTime").field(&self.as_nanos()).finish()
    }
}

impl Hash for SimTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_nanos().hash(state);
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, span: SimDuration) -> Self {
        Self::from_nanos(self.as_nanos().saturating_add(span.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        *self = *self + span;
    }
}

impl Sub<SimDuration> for SimTime {
    type Output = Self;
    fn sub(self, span: SimDuration) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(span.0))
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: Self) -> SimDuration {
        SimDuration(self.as_nanos().saturating_sub(earlier.as_nanos()))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.since_start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(SimTime::MAX + SimDuration::from_secs(1), SimTime::MAX);
        assert_eq!(SimDuration::from_hours(i64::MAX), SimDuration::MAX);
        assert_eq!(SimDuration::from_secs_f64(f64::INFINITY), SimDuration::MAX);
        assert_eq!(SimDuration::from_secs_f64(f64::NAN), SimDuration::ZERO);
    }

    #[test]
    fn an_instant_that_may_be_missing_is_as_small_as_an_instant() {
        assert_eq!(size_of::<Option<SimTime>>(), size_of::<SimTime>());
        for nanos in [i64::MIN + 1, -1, 0, 1, i64::MAX] {
            assert_eq!(SimTime::from_nanos(nanos).as_nanos(), nanos);
        }
        assert_eq!(SimTime::from_nanos(i64::MIN).as_nanos(), i64::MIN + 1, "the only one that is not kept");
        assert!(SimTime::from_nanos(-1) < SimTime::ZERO && SimTime::ZERO < SimTime::from_nanos(1));
        assert_eq!(format!("{:?}", SimTime::from_nanos(-7)), "SimTime(-7)");
    }

    #[test]
    fn next_tick_keeps_the_phase() {
        let phase = SimTime::from_secs(3);
        let period = SimDuration::from_secs(5);
        let cases = [(3, 3), (4, 8), (8, 8), (0, 3), (-3, -2)];
        for (now, expected) in cases {
            assert_eq!(SimTime::from_secs(now).next_tick(phase, period), SimTime::from_secs(expected), "now {now} s");
        }
    }
}
