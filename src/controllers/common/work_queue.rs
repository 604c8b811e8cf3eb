//! A controller's work queue: which objects wait for a sync, and until when.

use crate::engine::Latency;
use crate::units::SimTime;

/// When each object of one kind has its next sync, by the index of its id. A sync looks at everything, so that an
/// earlier one makes a later one unnecessary: whatever still calls for the later one, the earlier one finds and plans
/// again.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    due: Vec<Option<SimTime>>,
    /// Retries of syncs that failed (`AddRateLimited`): they come besides the syncs that changes call for, each of which
    /// may fail too.
    retries: Vec<Option<SimTime>>,
}

impl WorkQueue {
    /// Queues an object for a sync at `at`. Returns whether that sync has to be scheduled: not if one is planned that
    /// comes no later.
    pub fn add(&mut self, index: usize, at: SimTime) -> bool {
        if self.due.len() <= index {
            self.due.resize(index + 1, None);
        }
        let due = &mut self.due[index];
        if due.is_some_and(|planned| planned <= at) {
            return false;
        }
        *due = Some(at);
        true
    }

    /// Queues an object for the sync that a change at `now` calls for. Returns when that sync has to be scheduled, if it
    /// has to. A sync that is planned for as soon as the latency may last is the one that looks at this change too.
    pub fn wake(&mut self, index: usize, now: SimTime, latency: &mut Latency) -> Option<SimTime> {
        let soon = now + latency.longest();
        if self.due.get(index).is_some_and(|due| due.is_some_and(|planned| planned <= soon)) {
            return None;
        }
        let at = now + latency.draw();
        self.add(index, at).then_some(at)
    }

    /// Queues an object for another try at `at` of the sync that failed. Returns whether that has to be scheduled: a try
    /// that waits already and comes no later stays the next one, whatever comes in between.
    pub fn retry(&mut self, index: usize, at: SimTime) -> bool {
        if self.retries.len() <= index {
            self.retries.resize(index + 1, None);
        }
        let retry = &mut self.retries[index];
        if retry.is_some_and(|planned| planned <= at) {
            return false;
        }
        *retry = Some(at);
        true
    }

    /// Takes an object for the sync that was scheduled for `now`. Returns whether it is still due: not if an earlier
    /// sync has replaced it.
    pub fn take(&mut self, index: usize, now: SimTime) -> bool {
        let take = |queue: &mut Vec<Option<SimTime>>| {
            queue.get_mut(index).is_some_and(|due| due.take_if(|due| *due <= now).is_some())
        };
        // Both may be due at once, and are one sync then.
        let [is_due, is_retried] = [&mut self.due, &mut self.retries].map(take);
        is_due || is_retried
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LatencyDistribution, RandomStreams};
    use crate::units::SimDuration;

    #[test]
    fn the_earliest_sync_counts() {
        let [at_1, at_5, at_9] = [1, 5, 9].map(SimTime::from_secs);
        let mut queue = WorkQueue::default();
        assert!(queue.add(3, at_5));
        assert!(!queue.add(3, at_9), "the sync at 5 s will do");
        assert!(queue.add(3, at_1), "an earlier wish is not held back by a later one");
        assert!(queue.take(3, at_1));
        assert!(!queue.take(3, at_5), "the sync at 1 s has done it");
        assert!(queue.add(3, at_9));
        assert!(!queue.take(3, at_5), "not due yet");
        assert!(queue.take(3, at_9));
        assert!(!queue.take(7, at_9), "never queued");
    }

    #[test]
    fn a_retry_comes_besides_what_changes_call_for() {
        let [at_1, at_5, at_9] = [1, 5, 9].map(SimTime::from_secs);
        let mut queue = WorkQueue::default();
        assert!(queue.retry(2, at_5));
        assert!(queue.add(2, at_1));
        assert!(queue.take(2, at_1), "a change calls for a sync");
        assert!(!queue.retry(2, at_9), "it fails as well: the retry that waits comes first");
        assert!(queue.take(2, at_5));
        assert!(!queue.take(2, at_9), "nothing else was queued");
    }

    #[test]
    fn changes_one_after_the_other_wait_for_one_sync() {
        let [median, p99] = [8, 27].map(SimDuration::from_millis);
        let mut latency = Latency::new(LatencyDistribution::new(median, p99), RandomStreams::new(1), "test");
        let mut queue = WorkQueue::default();
        let now = SimTime::from_secs(1);
        assert!(queue.add(0, SimTime::from_secs(9)), "a sync that was planned for later");
        let first = queue.wake(0, now, &mut latency).unwrap();
        assert!(first > now && first <= now + latency.longest());
        let changes = (0..5).map(|millis| now + SimDuration::from_millis(millis));
        assert!(changes.map(|at| queue.wake(0, at, &mut latency)).all(|at| at.is_none()));
        assert!(queue.take(0, first));
        assert!(queue.wake(0, first, &mut latency).is_some());
    }
}
