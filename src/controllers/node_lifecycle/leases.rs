//! When a kubelet last renewed its node's lease.

use crate::engine::{RandomStream, RandomStreams, draw_phase};
use crate::units::{SimDuration, SimTime};
use rand_distr::{Distribution, StandardNormal};

/// A renewal comes up to this share of the period later (`wait.JitterUntil` with a factor of 0.04 in the lease controller,
/// `k8s.io/component-helpers/apimachinery/lease` of Kubernetes 1.36).
const JITTER: f64 = 0.04;

/// The leases of all nodes. Nobody looks at a lease as long as its kubelet goes on, so that none of the renewals is played:
/// when a kubelet falls silent, its last one is drawn.
#[derive(Debug)]
pub struct Leases {
    period: SimDuration,
    stream: RandomStream,
}

impl Leases {
    /// Leases that are renewed every `period` and a little more.
    pub fn new(period: SimDuration, streams: RandomStreams) -> Self {
        Self { period, stream: streams.stream("phase/leases") }
    }

    /// Draws the last renewal by `now` of the lease of a node that was created at `created`.
    ///
    /// A node of the start of the run has been there for a while: any phase is as likely as any other. The lease of one that
    /// joined later was first renewed when it did, and each renewal since then has come a little later than a period after
    /// the one before.
    pub fn last_renewal(&mut self, created: SimTime, now: SimTime) -> SimTime {
        if self.period <= SimDuration::ZERO {
            return now;
        }
        if created <= SimTime::ZERO {
            return now - draw_phase(&mut self.stream, self.period.mul_f64(1.0 + JITTER / 2.0));
        }
        let age = (now - created).max_zero().as_secs_f64();
        let period = self.period.as_secs_f64();
        let mean = period * (1.0 + JITTER / 2.0);
        let renewals = (age / mean).floor();
        // The sum of so many delays, each uniform between zero and the jitter.
        let normal: f64 = StandardNormal.sample(&mut self.stream);
        let wander = period * JITTER / 12.0_f64.sqrt() * renewals.sqrt() * normal;
        let since = (age - renewals * mean - wander).rem_euclid(mean).min(age);
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a few seconds")]
        let millis = (since * 1000.0) as i64;
        now - SimDuration::from_millis(millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since the last renewal, over many draws, in ascending order.
    fn ages(created: i64, now: i64) -> Vec<f64> {
        let mut leases = Leases::new(SimDuration::from_secs(10), RandomStreams::new(7));
        let now = SimTime::from_secs(now);
        let mut ages: Vec<f64> =
            (0..500).map(|_| (now - leases.last_renewal(SimTime::from_secs(created), now)).as_secs_f64()).collect();
        ages.sort_by(f64::total_cmp);
        ages
    }

    #[test]
    fn a_node_of_the_start_has_any_phase() {
        let ages = ages(0, 3600);
        assert!(ages[0] < 0.5 && ages[499] > 9.5 && ages[499] < 10.2);
        assert!((4.0..6.2).contains(&ages[250]), "{}", ages[250]);
    }

    #[test]
    fn a_young_node_renews_in_step_with_its_registration() {
        // The third renewal after the registration comes 30.0 to 31.2 s after it.
        let young = ages(100, 135);
        assert!(young[0] > 3.5 && young[499] < 5.3, "{} to {}", young[0], young[499]);
        // Days later the phase is anybody's guess.
        let old = ages(100, 2_000_000);
        assert!(old[0] < 0.5 && old[499] > 9.5);
        assert!(ages(100, 103).iter().all(|age| (*age - 3.0).abs() < 2e-3), "not renewed yet");
    }

    #[test]
    fn leases_without_a_period_are_always_fresh() {
        let mut leases = Leases::new(SimDuration::ZERO, RandomStreams::new(7));
        assert_eq!(leases.last_renewal(SimTime::ZERO, SimTime::from_secs(5)), SimTime::from_secs(5));
    }
}
