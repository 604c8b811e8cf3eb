//! A retry budget: retries as a share of requests.
//!
//! Linkerd (`linkerd2-proxy`) takes it from `tower::retry::budget`: each request is a deposit that counts for `ttl`, each
//! retry a withdrawal; beside those there are `min_per_second` retries for each second of `ttl`.

use crate::units::{SimDuration, SimTime};

/// Parts of `ttl` that expire one after the other, as in tower.
const PARTS: usize = 10;
const COUNT: i64 = 10;

/// What a budget allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Retries per request.
    pub ratio: f64,
    /// Retries beside those within `ttl`.
    pub reserve: f64,
    /// How long a request counts.
    pub ttl: SimDuration,
}

/// The requests and retries of a client within the last `ttl`.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    parts: [(u32, u32); PARTS],
    /// Number of the current part since the start of the run.
    current: i64,
}

impl Budget {
    fn advance(&mut self, allowance: &Allowance, now: SimTime) -> &mut (u32, u32) {
        let part = (allowance.ttl.as_nanos() / COUNT).max(1);
        let current = now.as_nanos() / part;
        for passed in (self.current + 1..=current).rev().take(PARTS) {
            self.parts[index(passed)] = (0, 0);
        }
        self.current = current;
        &mut self.parts[index(current)]
    }

    /// A request is made.
    pub fn deposit(&mut self, allowance: &Allowance, now: SimTime) {
        self.advance(allowance, now).0 += 1;
    }

    /// Asks for a retry, and counts it if there may be one.
    pub fn withdraw(&mut self, allowance: &Allowance, now: SimTime) -> bool {
        self.advance(allowance, now);
        let (requests, retries) = self.parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        let is_allowed = f64::from(retries) + 1.0 <= f64::from(requests) * allowance.ratio + allowance.reserve;
        if is_allowed {
            self.parts[index(self.current)].1 += 1;
        }
        is_allowed
    }
}

fn index(part: i64) -> usize {
    usize::try_from(part.rem_euclid(COUNT)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_share_of_what_was_asked_of_late() {
        let allowance = Allowance { ratio: 0.2, reserve: 3.0, ttl: SimDuration::from_secs(10) };
        let mut budget = Budget::default();
        let at = SimTime::from_secs(1000);
        let withdraw = |budget: &mut Budget, at| (0..1000).filter(|_| budget.withdraw(&allowance, at)).count();
        assert_eq!(withdraw(&mut budget, at), 3, "the reserve");
        for _ in 0..50 {
            budget.deposit(&allowance, at + SimDuration::from_secs(1));
        }
        assert_eq!(withdraw(&mut budget, at + SimDuration::from_secs(5)), 10, "a fifth of fifty");
        // The first three have expired, the fifty not yet.
        assert_eq!(withdraw(&mut budget, at + SimDuration::from_millis(10_500)), 3);
        // The fifty have expired, the thirteen retries not.
        assert_eq!(withdraw(&mut budget, at + SimDuration::from_millis(11_500)), 0);
        assert_eq!(withdraw(&mut budget, at + SimDuration::from_secs(60)), 3);
    }
}
