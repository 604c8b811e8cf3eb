//! How many pods each domain of a topology rule has, before the pods that are about to be placed.

use super::template::GroupTemplate;
use crate::api::{Name, Taint, well_known};
use crate::autoscaler::karpenter::taints::tolerates_all;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The values that a label can have on nodes of the NodePools, with the sets of taints that such nodes have.
pub type Universe = BTreeMap<Name, BTreeMap<Name, Vec<Vec<Taint>>>>;

/// The domains of a rule and what is in them. Domains are numbered.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The rule is about hosts: there could always be one more, so that it does not matter which are known.
    pub is_host: bool,
    names: Vec<Name>,
    numbers: FxHashMap<Name, u32>,
    counts: Vec<i32>,
    is_universal: Vec<bool>,
    nodes: Vec<u32>,
    /// The domain of each Node; `None` where the Node does not count.
    pub of_node: Vec<Option<u32>>,
    /// The domain that each node, as a place for pods, adds to those known.
    pub of_place: Vec<Option<u32>>,
    /// All pods.
    total: i64,
}

impl Counted {
    /// The domains of the universe, with no pods.
    pub fn new(template: &GroupTemplate, universe: &Universe) -> Self {
        let mut counted = Self { is_host: template.key == well_known::HOSTNAME, ..Self::default() };
        for (domain, taints) in universe.get(&template.key).into_iter().flatten() {
            let tolerated = |taints: &Vec<Taint>| tolerates_all(&template.tolerations, taints);
            if !template.looks_at_taints() || taints.iter().any(tolerated) {
                let number = counted.number(domain);
                counted.is_universal[number as usize] = true;
            }
        }
        counted
    }

    /// The number of a domain, which is made known.
    pub fn number(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        self.counts.push(0);
        self.is_universal.push(false);
        self.nodes.push(0);
        number
    }

    /// A node adds a domain.
    pub fn add_place(&mut self, domain: Option<u32>) {
        if let Some(domain) = domain {
            self.nodes[domain as usize] += 1;
        }
        self.of_place.push(domain);
    }

    /// A pod is there.
    pub fn add_pod(&mut self, domain: u32) {
        self.counts[domain as usize] += 1;
        self.total += 1;
    }
}

/// The domains while pods are placed: what was counted, and how it differs.
#[derive(Clone, Debug)]
pub struct Domains {
    counted: std::rc::Rc<Counted>,
    delta: FxHashMap<u32, i32>,
    /// Nodes that are left out, by domain.
    nodes_gone: FxHashMap<u32, u32>,
    /// Domains that were not known.
    extra: BTreeMap<Name, i32>,
    total: i64,
}

impl Domains {
    /// As counted.
    pub fn new(counted: std::rc::Rc<Counted>) -> Self {
        let total = counted.total;
        Self { counted, delta: FxHashMap::default(), nodes_gone: FxHashMap::default(), extra: BTreeMap::new(), total }
    }

    /// Whether the rule is about hosts.
    pub fn is_host(&self) -> bool {
        self.counted.is_host
    }

    /// Leaves out the pod of a Node, which is to be placed anew.
    pub fn leave_out_pod(&mut self, node: usize) {
        if let Some(domain) = self.counted.of_node.get(node).copied().flatten() {
            *self.delta.entry(domain).or_default() -= 1;
            self.total -= 1;
        }
    }

    /// Leaves out a node.
    pub fn leave_out_place(&mut self, place: usize) {
        if let Some(domain) = self.counted.of_place.get(place).copied().flatten() {
            *self.nodes_gone.entry(domain).or_default() += 1;
        }
    }

    fn count_of(&self, number: u32) -> i32 {
        self.counted.counts[number as usize] + self.delta.get(&number).copied().unwrap_or(0)
    }

    fn is_known(&self, number: u32) -> bool {
        let index = number as usize;
        let gone = || self.nodes_gone.get(&number).copied().unwrap_or(0);
        self.counted.is_universal[index] || self.count_of(number) > 0 || self.counted.nodes[index] > gone()
    }

    /// How many pods a domain has; `None` of a domain that is not known.
    pub fn count(&self, domain: &str) -> Option<i32> {
        match self.counted.numbers.get(domain) {
            Some(number) => self.is_known(*number).then(|| self.count_of(*number)),
            None => self.extra.get(domain).copied(),
        }
    }

    /// All domains that are known.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, i32)> {
        let numbers = (0_u32..).zip(&self.counted.names).filter(|(number, _)| self.is_known(*number));
        let counted = numbers.map(|(number, name)| (name, self.count_of(number)));
        counted.chain(self.extra.iter().map(|(name, count)| (name, *count)))
    }

    /// Whether there is a pod at all.
    pub const fn any_pod(&self) -> bool {
        self.total > 0
    }

    /// A pod is placed in these domains.
    pub fn record_all<'a>(&mut self, domains: impl IntoIterator<Item = &'a Name>) {
        for domain in domains {
            self.record(domain);
        }
    }

    fn record(&mut self, domain: &Name) {
        self.total += 1;
        match self.counted.numbers.get(domain) {
            Some(number) => *self.delta.entry(*number).or_default() += 1,
            None => *self.extra.entry(domain.clone()).or_default() += 1,
        }
    }
}
