//! Numbers by topology pair (node label key and value), as PodTopologySpread and InterPodAffinity keep them.

use crate::scheduler::view::{Domain, NodeInfo, TopologyKey};

/// Numbers by topology pair.
#[derive(Clone, Debug, Default)]
pub struct TopologyCounts {
    /// A pod names few keys: a scan finds one faster than hashing.
    keys: Vec<KeyCounts>,
}

#[derive(Clone, Debug)]
struct KeyCounts {
    key: TopologyKey,
    /// By domain; domains beyond the end count zero.
    counts: Vec<i64>,
    /// How many of `counts` are not zero.
    non_zero: usize,
}

impl KeyCounts {
    fn get(&self, domain: Domain) -> i64 {
        self.counts.get(domain.index()).copied().unwrap_or(0)
    }
}

impl TopologyCounts {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// Whether every number is zero.
    pub fn is_empty(&self) -> bool {
        self.keys.iter().all(|of_key| of_key.non_zero == 0)
    }

    /// Adds to the pair of `key` that the node belongs to; whether it belongs to one.
    pub fn add(&mut self, key: TopologyKey, node: &NodeInfo, amount: i64) -> bool {
        let Some(domain) = node.domains().get(key) else { return false };
        let position = self.keys.iter().position(|of_key| of_key.key == key).unwrap_or_else(|| {
            self.keys.push(KeyCounts { key, counts: Vec::new(), non_zero: 0 });
            self.keys.len() - 1
        });
        let of_key = &mut self.keys[position];
        if of_key.counts.len() <= domain.index() {
            of_key.counts.resize(domain.index() + 1, 0);
        }
        let count = &mut of_key.counts[domain.index()];
        let before = *count;
        *count += amount;
        of_key.non_zero = of_key.non_zero + usize::from(*count != 0) - usize::from(before != 0);
        true
    }

    /// The number of a pair.
    pub fn get(&self, key: TopologyKey, domain: Domain) -> i64 {
        self.keys.iter().find(|of_key| of_key.key == key).map_or(0, |of_key| of_key.get(domain))
    }

    /// The numbers of all pairs that the node belongs to.
    pub fn of_node<'a>(&'a self, node: &'a NodeInfo) -> impl Iterator<Item = i64> + 'a {
        self.keys.iter().filter_map(|of_key| Some(of_key.get(node.domains().get(of_key.key)?)))
    }
}
