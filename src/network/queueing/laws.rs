//! Quantiles of the laws that waits follow.

use statrs::distribution::{ContinuousCDF, Normal};

/// The value of an exponential distribution of mean 1 that a share of draws do not exceed.
pub(super) fn exponential(share: f64) -> f64 {
    -(-share).ln_1p()
}

/// The value of a gamma distribution of a shape and a mean that a share of draws do not exceed: exact for shape 1, by
/// Wilson and Hilferty (1931) otherwise.
pub(super) fn gamma(shape: f64, mean: f64, at: f64) -> f64 {
    if mean <= 0.0 || !shape.is_finite() {
        return mean.max(0.0);
    }
    if (shape - 1.0).abs() < 1e-9 {
        return mean * exponential(at);
    }
    let normal = Normal::standard().inverse_cdf(at);
    let ninth = 1.0 / (9.0 * shape);
    mean * (1.0 - ninth + normal * ninth.sqrt()).max(0.0).powi(3)
}
