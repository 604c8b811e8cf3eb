//! A heap that leaves void entries where they are and drops them when they come up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A heap with the smallest key first. Each entry has a ticket, by which its owner tells whether it is still good. The first
/// entry always is: whoever makes one void calls [`prune`](Self::prune).
#[derive(Clone, Debug)]
pub struct LazyHeap<K: Ord> {
    entries: BinaryHeap<Reverse<(K, u64)>>,
}

impl<K: Ord> Default for LazyHeap<K> {
    fn default() -> Self {
        Self { entries: BinaryHeap::new() }
    }
}

impl<K: Ord> LazyHeap<K> {
    /// Adds an entry.
    pub fn push(&mut self, key: K, ticket: u64) {
        self.entries.push(Reverse((key, ticket)));
    }

    /// The smallest key.
    pub fn first(&self) -> Option<&K> {
        self.entries.peek().map(|Reverse((key, _))| key)
    }

    /// Whether there is no good entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Drops void entries until the first is good.
    pub fn prune(&mut self, is_good: impl Fn(&K, u64) -> bool) {
        while let Some(Reverse((key, ticket))) = self.entries.peek()
            && !is_good(key, *ticket)
        {
            self.entries.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_the_smallest_good_one() {
        let mut heap = LazyHeap::default();
        for (ticket, key) in [5, 3, 9, 3].into_iter().enumerate() {
            heap.push(key, ticket as u64);
        }
        assert_eq!(heap.first(), Some(&3));
        heap.prune(|_, ticket| ticket != 1);
        assert_eq!(heap.first(), Some(&3), "the other one");
        heap.prune(|key, _| *key == 9);
        assert_eq!(heap.first(), Some(&9));
        heap.prune(|_, _| false);
        assert!(heap.is_empty());
    }
}
