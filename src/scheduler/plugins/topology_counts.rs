//! Numbers by topology pair (node label key and value), as PodTopologySpread and InterPodAffinity keep them.

use crate::api::{Labels, Name};
use rustc_hash::FxHashMap;

/// Numbers by topology key and value. Pairs whose number is zero are not kept.
#[derive(Clone, Debug, Default)]
pub struct TopologyCounts {
    /// A pod names few keys: a scan finds one faster than hashing. The maps are never iterated.
    keys: Vec<(Name, FxHashMap<Name, i64>)>,
}

impl TopologyCounts {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// Whether every number is zero.
    pub fn is_empty(&self) -> bool {
        self.keys.iter().all(|(_, values)| values.is_empty())
    }

    /// Adds to the pair of `key` that a node with these labels belongs to, if it has that label.
    pub fn add(&mut self, key: &Name, node_labels: &Labels, amount: i64) {
        let Some(value) = node_labels.get(key) else { return };
        let position = self.keys.iter().position(|(own, _)| own == key).unwrap_or_else(|| {
            self.keys.push((key.clone(), FxHashMap::default()));
            self.keys.len() - 1
        });
        let values = &mut self.keys[position].1;
        if let Some(count) = values.get_mut(value) {
            *count += amount;
            if *count == 0 {
                values.remove(value);
            }
        } else if amount != 0 {
            values.insert(value.clone(), amount);
        }
    }

    /// The number of a pair.
    pub fn get(&self, key: &str, value: &str) -> i64 {
        let values = self.keys.iter().find(|(own, _)| **own == *key).map(|(_, values)| values);
        values.and_then(|values| values.get(value)).copied().unwrap_or(0)
    }

    /// The numbers of all pairs that a node with these labels belongs to.
    pub fn of_node<'a>(&'a self, node_labels: &'a Labels) -> impl Iterator<Item = i64> + 'a {
        self.keys.iter().filter_map(|(key, values)| values.get(node_labels.get(key)?).copied())
    }
}
