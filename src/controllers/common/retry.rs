//! How a controller retries a sync that failed, each time after twice the delay.

use crate::units::SimDuration;

/// The delay after the first failure, and the longest one (`DefaultTypedControllerRateLimiter` of client-go,
/// Kubernetes 1.36).
const BASE_DELAY: SimDuration = SimDuration::from_millis(5);
const MAX_DELAY: SimDuration = SimDuration::from_secs(1000);

/// Failures in a row of the objects of one kind, by the index of their id.
#[derive(Clone, Debug, Default)]
pub struct RetryBackoff {
    failures: Vec<u32>,
}

impl RetryBackoff {
    /// Counts a failure; returns the delay until the next attempt.
    pub fn fail(&mut self, index: usize) -> SimDuration {
        if self.failures.len() <= index {
            self.failures.resize(index + 1, 0);
        }
        let failures = self.failures[index];
        self.failures[index] = failures.saturating_add(1);
        // 2^18 times the base is above the longest delay.
        SimDuration::from_nanos(BASE_DELAY.as_nanos() << failures.min(18)).min(MAX_DELAY)
    }

    /// Whether the last attempt of an object failed.
    pub fn is_failing(&self, index: usize) -> bool {
        self.failures.get(index).is_some_and(|failures| *failures > 0)
    }

    /// Forgets the failures of an object.
    pub fn forget(&mut self, index: usize) {
        if let Some(failures) = self.failures.get_mut(index) {
            *failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut backoff = RetryBackoff::default();
        let delays: Vec<i64> = (0..20).map(|_| backoff.fail(2).as_nanos() / 1_000_000).collect();
        assert_eq!(&delays[..4], [5, 10, 20, 40]);
        assert_eq!(&delays[17..], [655_360, 1_000_000, 1_000_000]);
        backoff.forget(2);
        assert_eq!(backoff.fail(2), BASE_DELAY);
        assert_eq!(backoff.fail(0), BASE_DELAY, "each object has its own");
    }
}
