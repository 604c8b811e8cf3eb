//! The token bucket by which client-go slows a component's calls down
//! (`flowcontrol.NewTokenBucketRateLimiter`, client-go of Kubernetes 1.36).
//!
//! The real bucket counts tokens in floating point; this one keeps the instant at which it will be full, in whole
//! nanoseconds, which gives the same times without rounding.

use crate::units::{SimDuration, SimTime};

/// A token bucket: `burst` calls at once, then one for each `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// Time in which one token comes back.
    interval: SimDuration,
    burst: i64,
    /// When the bucket is full again if nothing more is taken.
    full_at: SimTime,
}

impl TokenBucket {
    /// A full bucket. An `interval` of zero or less never limits; a burst of 0 acts as 1, since a bucket that holds
    /// no token could never let a call pass.
    pub fn new(interval: SimDuration, burst: u32) -> Self {
        Self { interval: interval.max_zero(), burst: i64::from(burst.max(1)), full_at: SimTime::from_nanos(i64::MIN) }
    }

    /// The earliest instant from `now` on at which the next call may go.
    pub fn next_at(&self, now: SimTime) -> SimTime {
        now.max(self.full_at - self.interval * (self.burst - 1))
    }

    /// Takes a token, waiting in line if there is none, and returns when the call may go (`Accept`, `Wait`).
    pub fn take(&mut self, now: SimTime) -> SimTime {
        let at = self.next_at(now);
        self.full_at = self.full_at.max(now) + self.interval;
        at
    }

    /// Puts the last tokens back, of calls that were planned and are not made.
    pub fn give_back(&mut self, count: i32) {
        self.full_at = self.full_at - self.interval * i64::from(count);
    }

    /// Takes a token if there is one (`TryAccept`).
    pub fn try_take(&mut self, now: SimTime) -> bool {
        let free = self.next_at(now) == now;
        if free {
            self.take(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_passes_and_the_rest_waits_in_line() {
        // The client of kube-controller-manager: 20 a second, 30 at once.
        let mut bucket = TokenBucket::new(SimDuration::from_millis(50), 30);
        let times: Vec<_> = (0..32).map(|_| bucket.take(SimTime::ZERO)).collect();
        assert!(times[..30].iter().all(|at| *at == SimTime::ZERO));
        assert_eq!(times[30..], [SimTime::from_millis(50), SimTime::from_millis(100)]);
        assert!(!bucket.try_take(SimTime::from_millis(149)), "the token of 100 ms is taken");
        assert!(bucket.try_take(SimTime::from_millis(150)));
    }

    #[test]
    fn an_idle_bucket_fills_up_and_no_further() {
        let mut bucket = TokenBucket::new(SimDuration::from_secs(1), 2);
        bucket.take(SimTime::ZERO);
        bucket.take(SimTime::ZERO);
        let later = SimTime::from_secs(100);
        assert_eq!([0; 3].map(|_| bucket.take(later)), [later, later, SimTime::from_secs(101)]);
    }

    #[test]
    fn no_rate_means_no_limit() {
        let mut bucket = TokenBucket::new(SimDuration::ZERO, 1);
        assert!((0..1000).all(|_| bucket.try_take(SimTime::ZERO)));
    }

    proptest! {
        /// No window holds more calls than its tokens: the burst and what came back meanwhile.
        #[test]
        fn calls_never_exceed_burst_and_rate(gaps in proptest::collection::vec(0..300_i64, 1..80), burst in 1..6_u32) {
            let mut bucket = TokenBucket::new(SimDuration::from_millis(100), burst);
            let mut now = SimTime::ZERO;
            let mut times = Vec::new();
            for gap in gaps {
                now += SimDuration::from_millis(gap);
                times.push(bucket.take(now));
            }
            prop_assert!(times.is_sorted());
            for (start, from) in times.iter().enumerate() {
                for (end, to) in times.iter().enumerate().skip(start) {
                    let tokens = i64::from(burst) + (*to - *from).as_nanos() / 100_000_000;
                    prop_assert!(i64::try_from(end - start).unwrap() < tokens);
                }
            }
        }
    }
}
