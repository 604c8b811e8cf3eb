//! When the calls of a sync that creates many pods go out: in slow-start batches, within the client's rate.

use crate::controllers::common::client_rate::TokenBucket;
use crate::engine::Latency;
use crate::units::SimTime;

/// `SlowStartInitialBatchSize` (`pkg/controller/controller_utils.go`): pods in the first batch of creations.
pub const SLOW_START_INITIAL_BATCH_SIZE: i32 = 1;

/// Sizes of the batches in which `count` pods are created (`slowStartBatch`): 1, 2, 4 and so on. The calls of a batch
/// go out together; a failure in one ends the sync's creations after that batch.
pub fn slow_start_batches(count: i32) -> impl Iterator<Item = i32> {
    let mut left = count;
    let mut batch = SLOW_START_INITIAL_BATCH_SIZE;
    std::iter::from_fn(move || {
        let size = batch.min(left);
        left -= size;
        batch = size.saturating_mul(2);
        (size > 0).then_some(size)
    })
}

/// The times of `count` creations from `now` on, in order: a batch begins when the answers of the one before are there,
/// after `latency`.
pub fn creation_times(limiter: &mut TokenBucket, count: i32, now: SimTime, latency: &mut Latency) -> Vec<SimTime> {
    let mut times = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let mut batch_start = now;
    for batch in slow_start_batches(count) {
        let mut batch_end = batch_start;
        for _ in 0..batch {
            let at = limiter.take(batch_start);
            batch_end = batch_end.max(at);
            times.push(at);
        }
        batch_start = batch_end + latency.draw();
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LatencyDistribution, RandomStreams};
    use crate::units::SimDuration;

    #[test]
    fn batches_double() {
        assert_eq!(slow_start_batches(10).collect::<Vec<_>>(), [1, 2, 4, 3]);
        assert_eq!(slow_start_batches(0).count(), 0);
    }

    #[test]
    fn batches_wait_for_each_other_and_for_the_client() {
        let times = |count, burst| {
            let mut limiter = TokenBucket::new(SimDuration::from_millis(50), burst);
            let latency = LatencyDistribution::fixed(SimDuration::from_millis(10));
            let mut latency = Latency::new(latency, RandomStreams::new(1), "test");
            let times = creation_times(&mut limiter, count, SimTime::ZERO, &mut latency);
            times.iter().map(|at| at.as_nanos() / 1_000_000).collect::<Vec<_>>()
        };
        assert_eq!(times(7, 30), [0, 10, 10, 20, 20, 20, 20], "1, 2, 4");
        assert_eq!(times(4, 2), [0, 10, 50, 100], "the client's rate on top");
        assert!(times(0, 30).is_empty());
    }
}
