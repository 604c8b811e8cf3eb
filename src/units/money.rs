//! Money in integer billionths of a dollar.

use super::SimDuration;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in an hour.
const NANOS_PER_HOUR: i128 = 3_600_000_000_000;

/// An amount of money in billionths of a dollar. Sums are exact, so a cost does not depend on the order of additions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoDollars(i128);

impl NanoDollars {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in dollars, rounded to the nearest billionth.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e9).round() as i128)
    }

    /// The amount in dollars, for output.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "output needs no more than 53 bits")]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The amount in billionths of a dollar.
    #[must_use]
    pub const fn as_nanos(self) -> i128 {
        self.0
    }

    /// An amount in billionths of a dollar.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// The amount times a factor, rounded to the nearest billionth of a dollar.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::from_dollars(self.as_dollars() * factor)
    }

    /// What `span` costs at this price per hour, rounded down to a billionth of a dollar.
    #[must_use]
    pub fn per_hour_over(self, span: SimDuration) -> Self {
        self.per_hour_over_nanos(span.as_nanos().into())
    }

    /// What a total of `nanos` nanoseconds costs at this price per hour, rounded down to a billionth of a dollar. The
    /// time of many nodes together may be longer than a [`SimDuration`] can be.
    #[must_use]
    pub fn per_hour_over_nanos(self, nanos: i128) -> Self {
        // Whole hours apart from the rest: the price times the nanoseconds of many nodes can leave even 128 bits.
        let (hours, rest) = (nanos / NANOS_PER_HOUR, nanos % NANOS_PER_HOUR);
        let of_hours = self.0.saturating_mul(hours);
        Self(of_hours.saturating_add(self.0.saturating_mul(rest) / NANOS_PER_HOUR))
    }
}

impl Add for NanoDollars {
    type Output = Self;
    fn add(self, amount: Self) -> Self {
        Self(self.0.saturating_add(amount.0))
    }
}

impl Sub for NanoDollars {
    type Output = Self;
    fn sub(self, amount: Self) -> Self {
        Self(self.0.saturating_sub(amount.0))
    }
}

impl AddAssign for NanoDollars {
    fn add_assign(&mut self, amount: Self) {
        *self = *self + amount;
    }
}

impl Sum for NanoDollars {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_costs_the_hourly_price() {
        let price = NanoDollars::from_dollars(0.192);
        assert_eq!(price.per_hour_over(SimDuration::from_hours(10)), NanoDollars::from_dollars(1.92));
        let thousand_node_years = 1000 * 365 * 86_400 * 1_000_000_000_i128;
        assert_eq!(price.per_hour_over_nanos(thousand_node_years), NanoDollars::from_dollars(1_681_920.0));
        assert_eq!(price.per_hour_over_nanos(1_800_000_000_001), NanoDollars::from_dollars(0.096), "rounded down");
    }

    #[test]
    fn a_million_of_the_dearest_nodes_for_a_century_have_a_price() {
        let price = NanoDollars::from_dollars(1e6);
        let century = 100 * 365 * 24 * 3_600_000_000_000_i128;
        let exact = NanoDollars(price.0 * 876_000 * 1_000_000);
        assert_eq!(price.per_hour_over_nanos(century * 1_000_000), exact);
    }
}
