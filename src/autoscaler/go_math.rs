//! Elementary functions as Go calculates them, to the last bit.
//!
//! The edges of the recommender's buckets and the weights of its samples are results of Go's `math.Pow`, `math.Log` and
//! `math.Exp2`, whose last bits differ from those of a C library, and those of C libraries from each other. A recommendation
//! is truncated several times, so a last bit can become thousands of bytes. The functions here use the basic operations
//! alone and give the same bits on every machine.

/// ln 2 in two parts: the first has so few bits that its product with an exponent is exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Splits a positive normal number into a fraction in [0.5, 1) and a power of two (`math.Frexp`).
fn fraction_and_exponent(value: f64) -> (f64, i32) {
    let bits = value.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1022;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent)
}

/// `value` times a power of two (`math.Ldexp`); beyond the range it becomes infinite or zero.
pub(super) fn times_power_of_two(value: f64, exponent: i64) -> f64 {
    let mut result = value;
    let mut left = exponent.clamp(-4000, 4000);
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        let bits = u64::try_from(1023 + step).unwrap_or(0) << 52;
        result *= f64::from_bits(bits);
        left -= step;
    }
    result
}

/// A number above zero to the power of a whole number (`math.Pow`).
pub(super) fn power(base: f64, exponent: u32) -> f64 {
    let (product, product_exponent) = multiplied(1.0, base, exponent);
    times_power_of_two(product, product_exponent)
}

/// `product` times a number above zero to the power of a whole number, as a fraction and a power of two.
fn multiplied(mut product: f64, base: f64, exponent: u32) -> (f64, i64) {
    let mut product_exponent = 0_i64;
    let (mut square, square_exponent) = fraction_and_exponent(base);
    let mut square_exponent = i64::from(square_exponent);
    let mut left = exponent;
    while left != 0 {
        if left & 1 == 1 {
            product *= square;
            product_exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        left >>= 1;
    }
    (product, product_exponent)
}

/// A number to the power of another (`math.Pow`).
pub(super) fn pow(base: f64, exponent: f64) -> f64 {
    let whole = exponent.trunc();
    let is_plain = base.is_normal() && exponent.is_finite() && whole.abs() < f64::from(u32::MAX);
    if !is_plain || (base < 0.0 && whole.to_bits() != exponent.to_bits()) {
        // Special cases are those of IEEE 754, as in Go.
        return base.powf(exponent);
    }
    if exponent.abs().to_bits() == 0.5_f64.to_bits() {
        return if exponent > 0.0 { base.sqrt() } else { 1.0 / base.sqrt() };
    }
    let (mut whole, mut rest) = (whole.abs(), (exponent - whole).abs());
    let is_odd = whole.rem_euclid(2.0) > 0.5;
    if rest > 0.5 {
        rest -= 1.0;
        whole += 1.0;
    }
    let size = base.abs();
    let first = if rest.to_bits() << 1 == 0 { 1.0 } else { exponential(rest * logarithm(size)) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the exponent is in range")]
    let (product, product_exponent) = multiplied(first, size, whole as u32);
    let product = if base < 0.0 && is_odd { -product } else { product };
    if exponent < 0.0 {
        times_power_of_two(1.0 / product, -product_exponent)
    } else {
        times_power_of_two(product, product_exponent)
    }
}

/// A number in two parts, of which the second is what rounding took from the first.
#[derive(Clone, Copy)]
struct TwoParts(f64, f64);

impl TwoParts {
    fn sum(a: f64, b: f64) -> Self {
        let sum = a + b;
        let from_b = sum - a;
        Self(sum, (a - (sum - from_b)) + (b - from_b))
    }

    fn plus(self, number: f64) -> Self {
        let Self(high, low) = Self::sum(self.0, number);
        Self::sum(high, low + self.1)
    }

    fn times(self, factor: Self) -> Self {
        let product = self.0 * factor.0;
        let lost = self.0.mul_add(factor.0, -product);
        Self::sum(product, lost + self.0 * factor.1 + self.1 * factor.0)
    }

    fn divided(self, divisor: f64) -> Self {
        let quotient = self.0 / divisor;
        let rest = (-quotient).mul_add(divisor, self.0) + self.1;
        Self::sum(quotient, rest / divisor)
    }
}

/// e to a power between -700 and 700, rounded once. Go's own assembly for amd64 is within the last bit of it.
fn exponential(power: f64) -> f64 {
    /// What rounding takes from ln 2.
    const LN2_REST: f64 = 2.319_046_813_846_299_6e-17;
    let whole = (power * std::f64::consts::LOG2_E).round();
    let product = whole * std::f64::consts::LN_2;
    let lost = whole.mul_add(std::f64::consts::LN_2, -product) + whole * LN2_REST;
    let TwoParts(high, low) = TwoParts::sum(power, -product);
    let rest = TwoParts::sum(high, low - lost);
    let mut series = TwoParts(1.0, 0.0);
    for term in (1..=25_u8).rev() {
        series = series.times(rest).divided(f64::from(term)).plus(1.0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "about a thousand at most")]
    times_power_of_two(series.0, whole as i64)
}

/// The natural logarithm of a positive normal number (`math.Log`, after FreeBSD's `e_log.c`).
#[expect(clippy::excessive_precision, reason = "the digits that the source has")]
pub(super) fn logarithm(value: f64) -> f64 {
    const EVEN: [f64; 3] = [3.999_999_999_940_942e-1, 2.222_219_843_214_978_4e-1, 1.531_383_769_920_937_3e-1];
    const ODD: [f64; 4] =
        [6.666_666_666_666_735e-1, 2.857_142_874_366_239_1e-1, 1.818_357_216_161_805e-1, 1.479_819_860_511_658_6e-1];
    let (mut fraction, mut exponent) = fraction_and_exponent(value);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let square = s * s;
    let fourth = square * square;
    let odd = square * (ODD[0] + fourth * (ODD[1] + fourth * (ODD[2] + fourth * ODD[3])));
    let even = fourth * (EVEN[0] + fourth * (EVEN[1] + fourth * EVEN[2]));
    let half_square = 0.5 * f * f;
    k * LN2_HIGH - ((half_square - (s * (half_square + (odd + even)) + k * LN2_LOW)) - f)
}

/// Two to a power (`math.Exp2`, after FreeBSD's `e_exp.c`).
pub(super) fn two_to(power: f64) -> f64 {
    const P: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    if power > 1_023.999_999_999_999_9 {
        return f64::INFINITY;
    }
    if power < -1074.0 {
        return 0.0;
    }
    let whole = if power > 0.0 { (power + 0.5).trunc() } else { (power - 0.5).trunc() };
    let rest = power - whole;
    let (high, low) = (rest * LN2_HIGH, -rest * LN2_LOW);
    let r = high - low;
    let t = r * r;
    let c = r - t * (P[0] + t * (P[1] + t * (P[2] + t * (P[3] + t * P[4]))));
    let y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    #[expect(clippy::cast_possible_truncation, reason = "at most 1,074")]
    times_power_of_two(y, whole as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_any_number() {
        let cases: [(f64, f64); 9] = [
            (12.345, 2.0),
            (2.0, -3.0),
            (9.0, 0.5),
            (1.7, 2.9),
            (0.3, -1.25),
            (0.0, 2.0),
            (5.0, 0.0),
            (-3.0, 3.0),
            (-2.0, 2.0),
        ];
        for (base, exponent) in cases {
            let (ours, std) = (pow(base, exponent), base.powf(exponent));
            assert!((ours - std).abs() <= std.abs() * 1e-14, "{base} ** {exponent}: {ours} {std}");
        }
        assert!(pow(-2.0, 0.5).is_nan());
        for step in 1..4000_i32 {
            let x = f64::from(step - 2000) * 0.07;
            assert!((exponential(x) / x.exp() - 1.0).abs() < 4e-16, "e^{x}");
        }
    }

    #[test]
    fn close_to_the_standard_library() {
        for step in 1..2000_u32 {
            let x = f64::from(step) * 0.37;
            let near = |ours: f64, std: f64| (ours / std - 1.0).abs() < 1e-15;
            assert!((logarithm(x) - x.ln()).abs() <= 1e-15 * x.ln().abs().max(1.0), "ln {x}");
            let exponent = (f64::from(step) - 1000.0) * 0.31;
            assert!(near(two_to(exponent), exponent.exp2()), "2^{exponent}");
            assert!(
                (power(1.05, step % 300) / 1.05_f64.powi((step % 300).cast_signed()) - 1.0).abs() < 1e-13,
                "{step}"
            );
        }
        assert_eq!(two_to(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(two_to(-2.0).to_bits(), 0.25_f64.to_bits());
        assert_eq!(power(1.05, 0).to_bits(), 1.0_f64.to_bits());
    }
}
