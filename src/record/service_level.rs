//! What a service promises, by which its requests are judged.

use crate::units::SimDuration;

/// The service-level objective of a traffic entry: which requests are good, and how many of them shall be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceLevel {
    /// A request that was served is good if it took no longer; `None` if every served one is.
    pub latency: Option<SimDuration>,
    /// Share of the requests that shall be good, 0 to 1. What is left is the error budget.
    pub target: f64,
    /// Apdex's T: who is answered within it is satisfied, who is within four times that tolerates it.
    pub apdex: SimDuration,
}

impl Default for ServiceLevel {
    /// 99.9 % of the requests are served; Apdex's T is half a second.
    fn default() -> Self {
        Self { latency: None, target: 0.999, apdex: SimDuration::from_millis(500) }
    }
}

impl ServiceLevel {
    /// The error budget: share of the requests that may be bad.
    #[must_use]
    pub fn budget(&self) -> f64 {
        1.0 - self.target
    }

    /// Whether so many bad ones of so many requests are more than the budget.
    #[must_use]
    pub fn is_missed(&self, bad: f64, ended: f64) -> bool {
        // Shares that differ by the rounding of a float are equal.
        bad > ended * self.budget() * (1.0 + 1e-9) + 1e-9
    }

    /// Whether a served request is good.
    #[must_use]
    pub fn is_good(&self, latency: SimDuration) -> bool {
        self.latency.is_none_or(|most| latency <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_what_the_target_leaves() {
        let cases = [
            (0.999, 1.0, 1000.0, false, "one in a thousand is the budget"),
            (0.999, 2.0, 1000.0, true, "two are more"),
            (0.99, 0.0, 0.0, false, "nothing was asked"),
            (1.0, 1.0, 1e6, true, "none may be bad"),
            (1.0, 0.0, 1e6, false, "none is"),
        ];
        for (target, bad, ended, missed, why) in cases {
            let level = ServiceLevel { target, ..ServiceLevel::default() };
            assert_eq!(level.is_missed(bad, ended), missed, "{why}");
        }
        let level = ServiceLevel { latency: Some(SimDuration::from_millis(300)), ..ServiceLevel::default() };
        assert!(level.is_good(SimDuration::from_millis(300)) && !level.is_good(SimDuration::from_millis(301)));
    }
}
