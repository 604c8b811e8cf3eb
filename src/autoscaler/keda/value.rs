//! The value of an external metric, with the floats that Go makes of it.

use crate::api::Quantity;
use crate::autoscaler::go_number;

/// An amount as `resource.Quantity` holds it: a whole number times a power of ten.
///
/// KEDA calculates with `AsApproximateFloat64`, a product that is not always the nearest float: the two parts are kept, so that
/// what is cut off after a formula is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricValue {
    number: i128,
    power: i32,
}

impl MetricValue {
    /// Whole thousandths.
    #[must_use]
    pub fn from_milli(milli: i64) -> Self {
        Self { number: milli.into(), power: -3 }
    }

    /// The thousandths that a float has, the rest cut off (`GenerateMetricInMili`).
    #[must_use]
    pub fn from_f64(value: f64) -> Self {
        Self::from_milli(go_number::int64(value * 1000.0))
    }

    /// An amount that was read.
    #[must_use]
    pub fn from_quantity(quantity: Quantity) -> Self {
        let (number, power) = quantity.scaled();
        Self { number, power }
    }

    /// The float that Go makes of it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "KEDA calculates in 64-bit floats")]
    pub fn as_f64(self) -> f64 {
        let base = self.number as f64;
        // Powers of ten that are written out are the nearest floats, as those of Go's `math.Pow10` are.
        match self.power {
            0 => base,
            -3 => base * 1e-3,
            -6 => base * 1e-6,
            -9 => base * 1e-9,
            power => base * 10_f64.powi(power),
        }
    }

    /// The amount in whole thousandths, as KEDA tells it.
    #[must_use]
    pub fn to_quantity(self) -> Quantity {
        Quantity::from_millis(self.milli_value())
    }

    /// In thousandths, rounded away from zero (`MilliValue`).
    #[must_use]
    pub fn milli_value(self) -> i64 {
        let shift = self.power + 3;
        let milli = match u32::try_from(shift) {
            Ok(shift) => self.number.saturating_mul(10_i128.saturating_pow(shift)),
            Err(_) => {
                let divisor = 10_i128.saturating_pow(shift.unsigned_abs());
                self.number / divisor + if self.number % divisor == 0 { 0 } else { self.number.signum() }
            }
        };
        i64::try_from(milli).unwrap_or(if milli < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_go_keeps() {
        let cases = [
            (MetricValue::from_milli(12_345), 12.345, 12_345, "thousandths"),
            (MetricValue::from_quantity("1k".parse().unwrap()), 1000.0, 1_000_000, "a thousand"),
            (MetricValue::from_quantity("100u".parse().unwrap()), 1e-4, 1, "rounded away from zero"),
            (MetricValue::from_f64(-2.0009), -2.0, -2000, "cut off"),
            (MetricValue::from_f64(f64::NAN), -9_223_372_036_854_775.808, i64::MIN, "no number"),
        ];
        for (value, float, milli, why) in cases {
            assert!((value.as_f64() - float).abs() <= float.abs() * 1e-15, "{why}: {}", value.as_f64());
            assert_eq!(value.milli_value(), milli, "{why}");
        }
    }
}
