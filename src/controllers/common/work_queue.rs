//! A controller's work queue: which objects wait for a sync, and until when.

use crate::units::SimTime;

/// When each object of one kind has its next sync, by the index of its id. A sync looks at everything, so that an
/// earlier one makes a later one unnecessary: whatever still calls for the later one, the earlier one finds and plans
/// again.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    due: Vec<Option<SimTime>>,
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

    /// Takes an object for the sync that was scheduled for `now`. Returns whether it is still due: not if an earlier
    /// sync has replaced it.
    pub fn take(&mut self, index: usize, now: SimTime) -> bool {
        self.due.get_mut(index).is_some_and(|due| due.take_if(|due| *due <= now).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
