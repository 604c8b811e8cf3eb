//! The calls of a sync that have to wait for their turn at the client's rate limit.

use std::collections::VecDeque;

/// The calls that the current sync of an object has still to make: pods to create, and others that are only counted.
#[derive(Clone, Debug)]
pub struct PendingCalls<T> {
    creations: VecDeque<T>,
    outstanding: u32,
}

impl<T> Default for PendingCalls<T> {
    fn default() -> Self {
        Self { creations: VecDeque::new(), outstanding: 0 }
    }
}

impl<T> PendingCalls<T> {
    /// Whether calls are outstanding: the sync that decided on them has not ended.
    pub fn any(&self) -> bool {
        self.outstanding > 0
    }

    /// A pod is to be created later.
    pub fn add_creation(&mut self, pod: T) {
        self.creations.push_back(pod);
        self.outstanding += 1;
    }

    /// A pod is to be deleted later.
    pub fn add_deletion(&mut self) {
        self.outstanding += 1;
    }

    /// The pods that are left are not created: the sync failed. The calls that were planned for them come to nothing.
    pub fn cancel_creations(&mut self) {
        self.creations.clear();
    }

    /// The next pod to create, in the order in which they were decided on.
    pub fn next_creation(&mut self) -> Option<T> {
        self.creations.pop_front()
    }

    /// Notes that a call was made. Returns whether it was the last one, with which the sync ends.
    pub fn made(&mut self) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.outstanding == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_ends_with_its_last_call() {
        let mut calls = PendingCalls::default();
        assert!(!calls.any());
        calls.add_creation("a");
        calls.add_deletion();
        calls.add_creation("b");
        assert_eq!(calls.next_creation(), Some("a"));
        assert!(!calls.made() && !calls.made() && calls.any());
        assert_eq!(calls.next_creation(), Some("b"));
        assert!(calls.made() && !calls.any());
    }
}
