//! `resource.Quantity`: exact decimal amounts with SI and binary suffixes.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use thiserror::Error;

/// Billionths in one unit: the finest step that a Kubernetes quantity keeps.
const NANO: i128 = 1_000_000_000;

/// An exact amount, kept in billionths as `resource.Quantity` of apimachinery does: anything finer is rounded up (away
/// from zero) when it is read. It is written in the format in which it was read, which makes no difference otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: QuantityFormat,
}

/// The suffixes that an amount is written with (`resource.Format`). They make no difference but in writing: any two formats
/// are equal, so that values which are written differently are the same.
#[derive(Clone, Copy, Debug, Default)]
pub enum QuantityFormat {
    /// `m`, `k`, `M` and so on.
    #[default]
    DecimalSi,
    /// `Ki`, `Mi` and so on.
    BinarySi,
    /// `e3`, `e6` and so on.
    DecimalExponent,
}

impl PartialEq for QuantityFormat {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for QuantityFormat {}

impl Hash for QuantityFormat {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Quantity {
    fn eq(&self, quantity: &Self) -> bool {
        self.nanos == quantity.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, quantity: &Self) -> Option<Ordering> {
        Some(self.cmp(quantity))
    }
}

impl Ord for Quantity {
    fn cmp(&self, quantity: &Self) -> Ordering {
        self.nanos.cmp(&quantity.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// The text has another form.
    #[error("`{0}` is not a quantity (expected a form such as `1500m`, `2` or `1.5Gi`)")]
    Malformed(String),
    /// The amount does not fit in 64 bits.
    #[error("`{0}` is too large for a quantity (expected at most 2^63 - 1)")]
    TooLarge(String),
}

/// How many times the base unit a suffix stands for, as (numerator, denominator).
fn suffix_factor(suffix: &str) -> Option<(i128, i128)> {
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            let power: i32 = digits.parse().ok()?;
            let scale = 10_i128.checked_pow(power.unsigned_abs())?;
            if power.unsigned_abs() > 18 {
                return None;
            }
            if power < 0 { (1, scale) } else { (scale, 1) }
        }
    })
}

/// The format that a suffix belongs to.
fn format_of(suffix: &str) -> QuantityFormat {
    match suffix.as_bytes() {
        [_, b'i'] => QuantityFormat::BinarySi,
        [b'e' | b'E', _, ..] => QuantityFormat::DecimalExponent,
        _ => QuantityFormat::DecimalSi,
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self::from_nanos(0);

    const fn from_nanos(nanos: i128) -> Self {
        Self { nanos, format: QuantityFormat::DecimalSi }
    }

    /// A whole number of units.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self::from_nanos(units as i128 * NANO)
    }

    /// A number of thousandths.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_nanos(millis as i128 * 1_000_000)
    }

    /// The same amount, written in another format.
    #[must_use]
    pub const fn in_format(self, format: QuantityFormat) -> Self {
        Self { format, ..self }
    }

    /// The format in which the amount is written.
    #[must_use]
    pub const fn format(self) -> QuantityFormat {
        self.format
    }

    /// Adds an amount. Nothing takes the format of what is added to it (`Quantity.Add`).
    pub fn add(&mut self, added: Self) {
        if self.nanos == 0 {
            self.format = added.format;
        }
        self.nanos = self.nanos.saturating_add(added.nanos);
    }

    /// Takes an amount away. Nothing takes the format of what is taken from it (`Quantity.Sub`).
    pub fn subtract(&mut self, taken: Self) {
        if self.nanos == 0 {
            self.format = taken.format;
        }
        self.nanos = self.nanos.saturating_sub(taken.nanos);
    }

    /// So many times the amount.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self { nanos: self.nanos.saturating_mul(count as i128), ..self }
    }

    /// The amount in whole units, rounded up away from zero (`Quantity.Value`), saturating at 64 bits.
    #[must_use]
    pub fn value(self) -> i64 {
        saturate(divide_up(self.nanos, NANO))
    }

    /// The amount in thousandths, rounded up away from zero (`Quantity.MilliValue`), saturating at 64 bits.
    #[must_use]
    pub fn milli_value(self) -> i64 {
        saturate(divide_up(self.nanos, 1_000_000))
    }

    /// The amount as a whole number times a power of ten of 1, 10^-3, 10^-6 or 10^-9, the largest that keeps it exact.
    #[must_use]
    pub fn scaled(self) -> (i128, i32) {
        let fits = |divisor: i128| self.nanos % divisor == 0;
        let (divisor, power) = match () {
            () if fits(NANO) => (NANO, 0),
            () if fits(1_000_000) => (1_000_000, -3),
            () if fits(1000) => (1000, -6),
            () => (1, -9),
        };
        (self.nanos / divisor, power)
    }

    /// The amount as a float, for ratios and output.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ratios need no more than 53 bits")]
    pub fn as_f64(self) -> f64 {
        self.nanos as f64 / 1e9
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }
}

/// Division that rounds away from zero.
fn divide_up(amount: i128, divisor: i128) -> i128 {
    let quotient = amount / divisor;
    if amount % divisor == 0 { quotient } else { quotient + amount.signum() }
}

/// The nearest 64-bit number.
fn saturate(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let malformed = || QuantityError::Malformed(text.to_owned());
        let too_large = || QuantityError::TooLarge(text.to_owned());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(malformed());
        }
        let (numerator, denominator) = suffix_factor(suffix).ok_or_else(malformed)?;
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() > 19 {
            return Err(too_large());
        }
        // Digits beyond the twelfth decimal place cannot reach a billionth under any binary suffix that fits, except
        // that they make the amount inexact: they count as one more unit in the last place, so that rounding up holds.
        let (kept, dropped) = fraction.split_at(fraction.len().min(15));
        let mut digits: i128 = format!("{whole}{kept}0").parse::<i128>().map_err(|_| malformed())? / 10;
        if !dropped.is_empty() {
            digits += 1;
        }
        let scale = 10_i128.pow(u32::try_from(kept.len()).unwrap_or(0));
        let nanos = divide_up(
            digits.checked_mul(numerator).and_then(|amount| amount.checked_mul(NANO)).ok_or_else(too_large)?,
            scale.checked_mul(denominator).ok_or_else(too_large)?,
        );
        if nanos > i128::from(i64::MAX) * NANO {
            return Err(too_large());
        }
        Ok(Self { nanos: if negative { -nanos } else { nanos }, format: format_of(suffix) })
    }
}

impl fmt::Display for Quantity {
    /// Writes the amount exactly, in its format, with the largest suffix that leaves a whole number
    /// (`Quantity.CanonicalizeBytes`): `1.5Gi` as `1536Mi`, `0.25` as `250m`, `3000` as `3k`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let is_small = self.nanos.unsigned_abs() < 1024 * NANO.unsigned_abs();
        let reduce = |mut number: i128, base: i128, most: usize| {
            let mut power = 0;
            while power < most && number != 0 && number % base == 0 {
                number /= base;
                power += 1;
            }
            (number, power)
        };
        if matches!(self.format, QuantityFormat::BinarySi) && !is_small {
            let (number, power) = reduce(divide_up(self.nanos, NANO), 1024, BINARY.len() - 1);
            return write!(formatter, "{number}{}", BINARY[power]);
        }
        if self.nanos == 0 {
            return formatter.write_str("0");
        }
        let (number, power) = reduce(self.nanos, 1000, DECIMAL.len() - 1);
        match self.format {
            QuantityFormat::DecimalExponent if DECIMAL[power].is_empty() => write!(formatter, "{number}"),
            QuantityFormat::DecimalExponent => {
                let exponent = 3 * i32::try_from(power).unwrap_or(0) - 9;
                write!(formatter, "{number}e{exponent}")
            }
            QuantityFormat::DecimalSi | QuantityFormat::BinarySi => write!(formatter, "{number}{}", DECIMAL[power]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_kubernetes_reads() {
        let cases = [
            ("100m", 1, 100, "rounds up to a whole unit"),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000, "binary suffix with a fraction"),
            ("1e3", 1000, 1_000_000, "decimal exponent"),
            ("1E3", 1000, 1_000_000, "capital exponent"),
            ("128974848000m", 128_974_848, 128_974_848_000, "milli-bytes"),
            ("0.0001", 1, 1, "cpu rounds up to a millicore"),
            ("1500m", 2, 1500, "bytes round up"),
            ("81335891n", 1, 82, "metrics server nanocores"),
            ("-1", -1, -1000, "negative"),
            (".5", 1, 500, "no leading digit"),
            ("5.", 5, 5000, "no trailing digit"),
            ("2Ei", 2_305_843_009_213_693_952, i64::MAX, "milli value saturates"),
            ("12E", 0, 0, "too large"),
            ("0.1", 1, 100, "tenth"),
            ("3k", 3000, 3_000_000, "kilo is a small k"),
            ("0.0000000001", 1, 1, "finer than nano rounds up"),
        ];
        for (text, value, milli, why) in cases {
            match text.parse::<Quantity>() {
                Ok(quantity) => {
                    assert_eq!(quantity.value(), value, "{text}: {why}");
                    assert_eq!(quantity.milli_value(), milli, "{text}: {why}");
                }
                Err(error) => assert_eq!((error, why), (QuantityError::TooLarge(text.to_owned()), "too large")),
            }
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in ["", "m", "1.5x", "1 Gi", "K", "1K", "--1", "1.2.3", "e3", "1e", "1e99", "NaN", "1Gi1", "٣"] {
            assert!(matches!(text.parse::<Quantity>(), Err(QuantityError::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn a_sum_is_written_as_what_it_began_with() {
        let cases = [
            ("1Gi", "500M", "1573741824", "-> the format of the first"),
            ("0", "1Gi", "1Gi", "nothing has no format"),
            ("2", "1Gi", "1073741826", "a decimal stays one"),
            ("250m", "1500m", "1750m", "millis"),
        ];
        for (first, second, sum, why) in cases {
            let [mut total, added] = [first, second].map(|text| text.parse::<Quantity>().unwrap());
            total.add(added);
            assert_eq!(total.to_string(), sum, "{why}");
            total.subtract(added);
            assert_eq!(total, first.parse().unwrap(), "{why}");
        }
    }

    #[test]
    fn is_written_exactly() {
        let cases = [
            ("1500m", "1500m"),
            ("2", "2"),
            ("0", "0"),
            ("0Ki", "0"),
            ("5n", "5n"),
            ("0.25", "250m"),
            ("1000", "1k"),
            ("314572800", "314572800"),
            ("200000000", "200M"),
            ("400Mi", "400Mi"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("12E2", "1200"),
            ("-2Gi", "-2Gi"),
        ];
        for (text, written) in cases {
            assert_eq!(text.parse::<Quantity>().unwrap().to_string(), written, "{text}");
        }
        assert_eq!("1Ki".parse(), Ok(Quantity::from_units(1024)), "the format makes no difference");
    }
}
