//! A controller's work queue: which objects wait for a sync. An object that waits is not queued again.

/// Which objects of one kind wait for a sync, by the index of their id.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    waiting: Vec<bool>,
}

impl WorkQueue {
    /// Queues an object. Returns whether it was not waiting already, so that a sync has to be scheduled.
    pub fn add(&mut self, index: usize) -> bool {
        if self.waiting.len() <= index {
            self.waiting.resize(index + 1, false);
        }
        !std::mem::replace(&mut self.waiting[index], true)
    }

    /// Takes an object for its sync. Returns whether it was waiting.
    pub fn take(&mut self, index: usize) -> bool {
        self.waiting.get_mut(index).is_some_and(std::mem::take)
    }
}
