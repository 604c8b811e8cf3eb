//! Amounts as the recommender calculates with them: whole millicores and bytes, truncated at every step
//! (Vertical Pod Autoscaler `pkg/recommender/model/types.go`).

/// The largest amount (`MaxResourceAmount`).
pub(super) const MAX_RESOURCE_AMOUNT: i64 = 100_000_000_000_000;

/// A float as an amount (`resourceAmountFromFloat`).
#[expect(clippy::cast_possible_truncation, reason = "within 10^14")]
pub(super) fn amount_of(value: f64) -> i64 {
    if value < 0.0 {
        0
    } else if value > float(MAX_RESOURCE_AMOUNT) {
        MAX_RESOURCE_AMOUNT
    } else {
        value as i64
    }
}

/// An amount times a factor (`ScaleResource`).
pub(super) fn scaled(amount: i64, factor: f64) -> i64 {
    amount_of(float(amount) * factor)
}

/// An amount as a float.
#[expect(clippy::cast_precision_loss, reason = "the recommender calculates in 64-bit floats")]
pub(super) fn float(amount: i64) -> f64 {
    amount as f64
}

/// An amount rounded up to a multiple.
pub(super) fn rounded_up(amount: i64, multiple: i64) -> i64 {
    if multiple <= 1 {
        return amount;
    }
    let over = amount.rem_euclid(multiple);
    if over == 0 { amount } else { amount.saturating_add(multiple - over) }
}
