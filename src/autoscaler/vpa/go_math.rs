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
    let (mut product, mut product_exponent) = (1.0, 0_i64);
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
    times_power_of_two(product, product_exponent)
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
