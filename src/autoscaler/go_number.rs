//! Conversions from float to integer as Go does them.
//!
//! A Go conversion of a float that does not fit gives, on amd64, the smallest integer of the type (and so does not a
//! number); Rust's cast saturates. The difference shows in recorded decisions: the average of a value over zero
//! replicas is `-9223372036854775808m`.

/// `int32(value)`.
#[expect(clippy::cast_possible_truncation, reason = "the value is in range")]
pub(super) fn int32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// `int64(value)`.
#[expect(clippy::cast_possible_truncation, reason = "the value is in range")]
pub(super) fn int64(value: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) { value as i64 } else { i64::MIN }
}

/// `float64(value)`: the nearest float.
#[expect(clippy::cast_precision_loss, reason = "the controller calculates in 64-bit floats")]
pub(super) fn float64(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_is_the_smallest() {
        let cases = [
            (2_147_483_647.9, i32::MAX, 2_147_483_647, "truncated into range"),
            (2_147_483_648.0, i32::MIN, 2_147_483_648, "one beyond"),
            (-1.5, -1, -1, "toward zero"),
            (f64::INFINITY, i32::MIN, i64::MIN, "infinite"),
            (f64::NAN, i32::MIN, i64::MIN, "not a number"),
            (1e19, i32::MIN, i64::MIN, "beyond 64 bits"),
        ];
        for (value, short, long, why) in cases {
            assert_eq!((int32(value), int64(value)), (short, long), "{why}");
        }
    }
}
