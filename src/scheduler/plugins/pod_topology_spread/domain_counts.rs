//! Counted pods by topology domain.

use crate::scheduler::view::Domain;

/// Counted pods by domain of one topology key; a domain is absent until a node that counts is seen.
#[derive(Clone, Debug, Default)]
pub struct DomainCounts {
    counts: Vec<Option<i64>>,
    /// How many domains are present.
    pub present: usize,
}

impl DomainCounts {
    pub fn get(&self, domain: Domain) -> Option<i64> {
        self.counts.get(domain.index()).copied().flatten()
    }

    pub fn get_mut(&mut self, domain: Domain) -> Option<&mut i64> {
        self.counts.get_mut(domain.index())?.as_mut()
    }

    pub fn add(&mut self, domain: Domain, amount: i64) {
        if self.counts.len() <= domain.index() {
            self.counts.resize(domain.index() + 1, None);
        }
        let count = &mut self.counts[domain.index()];
        self.present += usize::from(count.is_none());
        *count = Some(count.unwrap_or(0) + amount);
    }

    pub fn minimum(&self) -> i64 {
        self.counts.iter().copied().flatten().min().unwrap_or(0)
    }
}
