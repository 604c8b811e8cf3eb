//! A tally: how many pods that a constraint counts are on each node and in each topology domain, kept up to date with every
//! pod that comes or goes.

use super::node_table::{NO_DOMAIN, NodeTable, TopologyKey};
use crate::scheduler::view::KindId;
use std::collections::BTreeMap;

/// Numbers by node and by domain of one topology key.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Index of the topology key in the table.
    pub key: usize,
    /// No two nodes share a domain, or only the node itself counts.
    pub is_local: bool,
    /// What one pod of each kind counts that counts, by kind: a few of many.
    weights: Vec<(KindId, i64)>,
    /// Sum over the pods of each node, by position: small numbers, of which a class has many.
    values: Vec<i32>,
    /// Whether the node counts, by position; a node without the key never does. Empty where every node counts.
    included: Vec<bool>,
    /// Sum over the counted nodes of each domain. Empty if local.
    sums: Vec<i64>,
    /// Counted nodes of each domain. Empty if local.
    members: Vec<u32>,
    /// If local: how many counted nodes have each value. Only where the minimum is asked for.
    histogram: Option<BTreeMap<i64, usize>>,
    /// Sum over all counted nodes.
    total: i64,
}

/// The sum over the pods of one node as it is stored.
fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value > 0 { i32::MAX } else { i32::MIN })
}

impl Tally {
    /// Numbers for a key, all zero.
    pub fn new(key: usize) -> Self {
        Self {
            key,
            is_local: false,
            weights: Vec::new(),
            values: Vec::new(),
            included: Vec::new(),
            sums: Vec::new(),
            members: Vec::new(),
            histogram: None,
            total: 0,
        }
    }

    /// Adds to what one pod of a kind counts. Kinds come in their order.
    pub fn add_weight(&mut self, kind: KindId, weight: i64) {
        match self.weights.last_mut() {
            Some((last, known)) if *last == kind => *known += weight,
            _ if weight != 0 => self.weights.push((kind, weight)),
            _ => {}
        }
    }

    /// What one pod of a kind counts.
    pub fn weight(&self, kind: KindId) -> i64 {
        let position = self.weights.binary_search_by_key(&kind, |(known, _)| *known);
        position.ok().and_then(|position| self.weights.get(position)).map_or(0, |(_, weight)| *weight)
    }

    /// Whether a kind counts at all.
    pub fn has_weight(&self) -> bool {
        self.weights.iter().any(|(_, weight)| *weight != 0)
    }

    /// Computes everything anew from the table. `is_local`: only the node itself counts. `includes` tells whether the
    /// node at a position counts; `None`: all do. `needs_minimum`: the least value over all domains will be asked for.
    pub fn rebuild(
        &mut self,
        table: &NodeTable,
        is_local: bool,
        includes: Option<&dyn Fn(usize) -> bool>,
        needs_minimum: bool,
    ) {
        self.is_local = is_local;
        self.histogram = (is_local && needs_minimum).then(BTreeMap::new);
        let nodes = table.ids.len();
        let matters = self.has_weight();
        self.values.clear();
        self.values.resize(nodes, 0);
        self.included.clear();
        self.sums.clear();
        self.members.clear();
        self.total = 0;
        if !self.is_local {
            self.sums.resize(table.keys[self.key].domain_count(), 0);
            self.members.resize(table.keys[self.key].domain_count(), 0);
        }
        for position in 0..nodes {
            if matters {
                let weighted =
                    table.kinds_at(position).iter().map(|(kind, count)| self.weight(*kind) * i64::from(*count));
                self.values[position] = narrow(weighted.sum());
            }
            if let Some(includes) = includes {
                self.included.push(includes(position));
            }
            self.account(position, &table.keys[self.key], 1);
        }
    }

    /// Whether the node at a position counts.
    pub fn includes(&self, position: usize) -> bool {
        self.included.get(position).copied().unwrap_or(true)
    }

    /// Adds the node at a position to the sums, or with -1 takes it out.
    fn account(&mut self, position: usize, key: &TopologyKey, sign: i64) {
        let domain = key.domains[position];
        if domain == NO_DOMAIN || !self.includes(position) {
            return;
        }
        let value = i64::from(self.values[position]);
        self.total += sign * value;
        if self.is_local {
            self.count_value(value, sign);
        } else {
            let domain = domain as usize;
            if self.sums.len() <= domain {
                self.sums.resize(domain + 1, 0);
                self.members.resize(domain + 1, 0);
            }
            self.sums[domain] += sign * value;
            self.members[domain] = self.members[domain].saturating_add_signed(if sign > 0 { 1 } else { -1 });
        }
    }

    fn count_value(&mut self, value: i64, sign: i64) {
        let Some(histogram) = &mut self.histogram else { return };
        let count = histogram.entry(value).or_insert(0);
        *count = count.saturating_add_signed(if sign > 0 { 1 } else { -1 });
        if *count == 0 {
            histogram.remove(&value);
        }
    }

    /// Pods of a kind came to a node, or left it.
    pub fn count(&mut self, position: usize, kind: KindId, amount: i32, table: &NodeTable) {
        let change = self.weight(kind) * i64::from(amount);
        if change == 0 {
            return;
        }
        let domain = table.keys[self.key].domains[position];
        let counted = domain != NO_DOMAIN && self.includes(position);
        if counted && self.is_local {
            self.count_value(i64::from(self.values[position]), -1);
        }
        self.values[position] = narrow(i64::from(self.values[position]) + change);
        if counted {
            self.total += change;
            if self.is_local {
                self.count_value(i64::from(self.values[position]), 1);
            } else {
                self.sums[domain as usize] += change;
            }
        }
    }

    /// The sum over a domain.
    pub fn domain(&self, domain: u32) -> i64 {
        self.sums.get(domain as usize).copied().unwrap_or(0)
    }

    /// The sum over the pods of a node, if it counts.
    pub fn counted_value(&self, position: usize) -> i64 {
        if self.includes(position) { i64::from(self.values[position]) } else { 0 }
    }

    /// The sum over all counted nodes.
    pub const fn total(&self) -> i64 {
        self.total
    }

    /// How many domains have a counted node, and the least sum among them (0 without any).
    pub fn minimum(&self) -> (usize, i64) {
        if let Some(histogram) = &self.histogram {
            let least = histogram.first_key_value().map_or(0, |(value, _)| *value);
            return (histogram.values().sum(), least);
        }
        let domains = || self.sums.iter().zip(&self.members).filter(|(_, members)| **members > 0);
        (domains().count(), domains().map(|(sum, _)| *sum).min().unwrap_or(0))
    }
}
