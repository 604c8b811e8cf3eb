//! Node labels as small numbers, so that the plugins that count by topology pair neither compare nor hash strings for
//! each node.

use crate::api::{Labels, Name};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A key of a node label, interned in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopologyKey(u32);

/// A value of one label key, interned in one snapshot: all nodes with the value are one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(u32);

impl Domain {
    /// Its position among the values of its key.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The topology pairs that one node belongs to: one for each label, in the order of the labels.
#[derive(Clone, Debug, Default)]
pub struct Domains(Vec<(TopologyKey, Domain)>);

impl Domains {
    /// The node's domain under `key`.
    pub fn get(&self, key: TopologyKey) -> Option<Domain> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, domain)| *domain)
    }
}

/// All label keys of nodes so far, and the values of each.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    keys: FxHashMap<Name, TopologyKey>,
    values: Vec<FxHashMap<Name, Domain>>,
}

impl Topology {
    /// The key, if a node ever had the label.
    pub fn key(&self, name: &str) -> Option<TopologyKey> {
        self.keys.get(name).copied()
    }

    /// The domain of nodes with this label, if there ever was such a node.
    pub fn domain(&self, key: &str, value: &str) -> Option<Domain> {
        self.find(key, value).map(|(_, domain)| domain)
    }

    /// The pairs of a node with these labels; `topology` is copied only where one of them is new and it is shared.
    pub(crate) fn intern(topology: &mut Arc<Self>, labels: &Labels) -> Domains {
        let known = labels.iter().map(|(key, value)| topology.find(key, value));
        if let Some(known) = known.collect() {
            return Domains(known);
        }
        let topology = Arc::make_mut(topology);
        Domains(labels.iter().map(|(key, value)| topology.insert(key, value)).collect())
    }

    fn find(&self, key: &str, value: &str) -> Option<(TopologyKey, Domain)> {
        let key = self.key(key)?;
        Some((key, self.values[key.0 as usize].get(value).copied()?))
    }

    fn insert(&mut self, key: &Name, value: &Name) -> (TopologyKey, Domain) {
        let next = TopologyKey(narrow(self.values.len()));
        let key = *self.keys.entry(key.clone()).or_insert(next);
        if key == next {
            self.values.push(FxHashMap::default());
        }
        let values = &mut self.values[key.0 as usize];
        let next = Domain(narrow(values.len()));
        (key, *values.entry(value.clone()).or_insert(next))
    }
}

/// There are no more labels than fit into memory, which is far below 32 bits of them.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_labels_are_one_domain() {
        let mut topology = Arc::new(Topology::default());
        let labels = |pairs: &[(&str, &str)]| -> Labels { pairs.iter().copied().collect() };
        let first = Topology::intern(&mut topology, &labels(&[("host", "n0"), ("zone", "a")]));
        let shared = Arc::clone(&topology);
        let second = Topology::intern(&mut topology, &labels(&[("host", "n1"), ("zone", "a")]));
        let (host, zone) = (topology.key("host").unwrap(), topology.key("zone").unwrap());
        assert_eq!(first.get(zone), second.get(zone));
        assert_ne!(first.get(host), second.get(host));
        assert_eq!(topology.key("rack"), None);
        assert_eq!(Topology::intern(&mut topology, &labels(&[("zone", "a")])).get(host), None);
        assert!(shared.find("host", "n1").is_none(), "a copy taken before knows nothing of later nodes");
    }
}
