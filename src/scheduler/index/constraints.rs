//! The constraints of a demand on topology, of PodTopologySpread and InterPodAffinity, with a tally of pods for each number
//! that they look at.

use super::layer::{Base, Env, NotIndexable, counts};
use super::node_table::{Log, NO_DOMAIN, NodeTable};
use super::node_values::{Locals, MAX_LOCALS};
use super::tally::Tally;
use crate::api::{Labels, Name, UnsatisfiableConstraintAction, well_known};
use crate::scheduler::config::{DefaultSpreadConstraints, InterPodAffinityArgs, Profile};
use crate::scheduler::framework::Failure;
use crate::scheduler::plugins::inter_pod_affinity::{self, Term};
use crate::scheduler::plugins::pod_topology_spread::{self, Constraint};
use crate::scheduler::plugins::{Plugin, node_declared_features};
use crate::scheduler::view::{KindId, KindTable, Listers, Nominator, PodInfo};

/// What a tally counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Pods selected by this hard spread constraint.
    Hard(usize),
    /// Pods selected by this soft spread constraint.
    Soft(usize),
    /// Pods selected by all terms of the required affinity.
    Affinity,
    /// Pods selected by this term of the required anti-affinity.
    AntiAffinity(usize),
    /// Terms of the required anti-affinity of pods that are there.
    ExistingAntiAffinity,
    /// Weights of preferred terms.
    Score,
}

/// A hard spread constraint.
#[derive(Clone, Debug)]
struct Hard {
    constraint: Constraint,
    selects_itself: bool,
    tally: usize,
}

/// A soft spread constraint.
#[derive(Clone, Debug)]
pub struct Soft {
    /// Largest difference that costs nothing.
    pub max_skew: i64,
    /// Domains are nodes: only the node itself counts.
    pub is_hostname: bool,
    /// Its tally.
    pub tally: usize,
    constraint: Constraint,
}

/// The constraints of a class on topology.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
pub struct Constraints {
    hard: Vec<Hard>,
    /// Soft spread constraints.
    pub soft: Vec<Soft>,
    /// Nodes that lack a key of a soft constraint are ignored.
    pub requires_all_keys: bool,
    affinity: Vec<Term>,
    selects_itself: bool,
    anti_affinity: Vec<Term>,
    preferred: Vec<Term>,
    filters_affinity: bool,
    scores_affinity: bool,
    filters_features: bool,
    args: InterPodAffinityArgs,
    namespace_labels: Labels,
    /// What is counted.
    pub tallies: Vec<Tally>,
    roles: Vec<Role>,
    /// Tallies that only the node itself decides, in their order.
    local_tallies: Vec<usize>,
    /// How many of them.
    pub locals: usize,
    /// By tally: where the domains of its key are in a base.
    slots: Vec<usize>,
    /// Kinds of pods that the tallies know.
    kinds: usize,
    /// Kinds that count, and how much of their logs is counted.
    counting: Vec<(KindId, u64)>,
    has_tallies: bool,
}

impl Constraints {
    /// The constraints of a pod.
    pub fn new(pod: &PodInfo, profile: &Profile, listers: &Listers) -> Self {
        let filters = |plugin| profile.pre_filter.contains(&plugin) && profile.filter.contains(&plugin);
        let scores =
            |plugin| profile.pre_score.contains(&plugin) && profile.score.iter().any(|(scoring, _)| *scoring == plugin);
        let (mut hard, mut soft) = (Vec::new(), Vec::new());
        if filters(Plugin::PodTopologySpread) {
            let action = UnsatisfiableConstraintAction::DoNotSchedule;
            for constraint in pod_topology_spread::constraints(profile, listers, pod, action) {
                let selects_itself = constraint.selects(&pod.labels);
                hard.push(Hard { constraint, selects_itself, tally: 0 });
            }
        }
        if scores(Plugin::PodTopologySpread) {
            let action = UnsatisfiableConstraintAction::ScheduleAnyway;
            for constraint in pod_topology_spread::constraints(profile, listers, pod, action) {
                soft.push(Soft {
                    max_skew: constraint.max_skew,
                    is_hostname: *constraint.topology_key == *well_known::HOSTNAME,
                    tally: 0,
                    constraint,
                });
            }
        }
        let filters_affinity = filters(Plugin::InterPodAffinity);
        let scores_affinity = scores(Plugin::InterPodAffinity);
        let required = |anti| {
            if filters_affinity { inter_pod_affinity::required_terms(listers, pod, anti) } else { Vec::new() }
        };
        let affinity = required(false);
        let preferred = if scores_affinity { inter_pod_affinity::preferred_terms(listers, pod) } else { Vec::new() };
        let args = profile.args.inter_pod_affinity;
        Self {
            hard,
            soft,
            requires_all_keys: !pod.spread_constraints().is_empty()
                || profile.args.default_spread_constraints != DefaultSpreadConstraints::System,
            selects_itself: inter_pod_affinity::all_match(&affinity, pod),
            affinity,
            anti_affinity: required(true),
            filters_affinity,
            scores_affinity: scores_affinity && !(args.ignore_preferred_terms_of_existing_pods && preferred.is_empty()),
            preferred,
            filters_features: filters(Plugin::NodeDeclaredFeatures),
            args,
            namespace_labels: listers.namespace_labels(&pod.namespace),
            tallies: Vec::new(),
            roles: Vec::new(),
            local_tallies: Vec::new(),
            locals: 0,
            slots: Vec::new(),
            kinds: 0,
            counting: Vec::new(),
            has_tallies: false,
        }
    }

    /// Whether a filter looks at other pods.
    pub fn has_filters(&self) -> bool {
        !self.hard.is_empty()
            || !self.affinity.is_empty()
            || !self.anti_affinity.is_empty()
            || self.roles.contains(&Role::ExistingAntiAffinity)
    }

    /// Whether nominated pods count as if they were there, which the numbers do not show.
    pub fn is_blind_to_nominated(&self, nominator: &Nominator, pod: &PodInfo) -> bool {
        (self.has_filters() || nominator.has_required_anti_affinity())
            && nominator
                .pods()
                .any(|waiting| counts(waiting, pod) && (self.has_filters() || waiting.has_required_anti_affinity()))
    }

    /// Learns what pods of new kinds count. Tells whether there is a new tally.
    pub fn learn_kinds(&mut self, pod: &PodInfo, kinds: &KindTable, key: &mut dyn FnMut(&Name) -> usize) -> bool {
        let has_new = self.learn_weights(pod, kinds, key);
        if has_new {
            let keys = self.keys();
            self.slots = self.tallies.iter().map(|tally| keys.partition_point(|key| *key < tally.key)).collect();
        }
        has_new
    }

    /// The topology keys of the tallies, in order of their indexes in the table.
    pub fn keys(&self) -> Vec<usize> {
        let mut keys: Vec<usize> = self.tallies.iter().map(|tally| tally.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn learn_weights(&mut self, pod: &PodInfo, kinds: &KindTable, key: &mut dyn FnMut(&Name) -> usize) -> bool {
        let mut has_new = false;
        if !self.has_tallies {
            self.has_tallies = true;
            has_new = true;
            self.add_own_tallies(key);
        }
        if self.kinds == kinds.len() {
            return has_new;
        }
        for id in self.kinds_that_may_count(kinds) {
            let Some(kind) = kinds.get(id) else { continue };
            for (tally, role) in self.tallies.iter_mut().zip(&self.roles) {
                let weight = match role {
                    Role::Hard(index) => i64::from(self.hard[*index].constraint.counts(pod, kind)),
                    Role::Soft(index) => i64::from(self.soft[*index].constraint.counts(pod, kind)),
                    Role::Affinity => i64::from(inter_pod_affinity::all_match(&self.affinity, kind)),
                    Role::AntiAffinity(index) => i64::from(self.anti_affinity[*index].matches(kind)),
                    Role::ExistingAntiAffinity | Role::Score => 0,
                };
                tally.add_weight(id, weight);
            }
            for (role, name, weight) in self.open_weights(pod, kind) {
                let index = key(&name);
                let known = self
                    .roles
                    .iter()
                    .zip(&self.tallies)
                    .position(|(known, tally)| *known == role && tally.key == index);
                let position = known.unwrap_or_else(|| {
                    has_new = true;
                    self.roles.push(role);
                    self.tallies.push(Tally::new(index));
                    self.tallies.len() - 1
                });
                self.tallies[position].add_weight(id, weight);
            }
            if self.tallies.iter().any(|tally| tally.weight(id) != 0) {
                self.counting.push((id, 0));
            }
        }
        self.kinds = kinds.len();
        has_new
    }

    /// The new kinds, in their order, without those that no selector of the constraints selects and that select nobody
    /// themselves.
    fn kinds_that_may_count(&self, kinds: &KindTable) -> Vec<KindId> {
        let mut found = kinds.with_affinity(self.kinds).to_vec();
        let hard = self.hard.iter().map(|hard| &hard.constraint);
        let spread = hard.chain(self.soft.iter().map(|soft| &soft.constraint));
        let terms = self.affinity.iter().chain(&self.anti_affinity).chain(&self.preferred);
        let selectors = spread.filter_map(|constraint| constraint.selector.as_ref());
        for selector in selectors.chain(terms.filter_map(Term::selector)) {
            kinds.find(selector, self.kinds, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add_own_tallies(&mut self, key: &mut dyn FnMut(&Name) -> usize) {
        let (tallies, roles) = (&mut self.tallies, &mut self.roles);
        let mut add = |name: &Name, role: Role| {
            tallies.push(Tally::new(key(name)));
            roles.push(role);
            tallies.len() - 1
        };
        for (index, hard) in self.hard.iter_mut().enumerate() {
            hard.tally = add(&hard.constraint.topology_key, Role::Hard(index));
        }
        for (index, soft) in self.soft.iter_mut().enumerate() {
            soft.tally = add(&soft.constraint.topology_key, Role::Soft(index));
        }
        for term in &self.affinity {
            add(&term.topology_key, Role::Affinity);
        }
        for (index, term) in self.anti_affinity.iter().enumerate() {
            add(&term.topology_key, Role::AntiAffinity(index));
        }
    }

    /// What a pod counts for roles whose topology keys are those of the terms.
    fn open_weights(&self, pod: &PodInfo, kind: &PodInfo) -> Vec<(Role, Name, i64)> {
        let mut weights: Vec<(Role, Name, i64)> = Vec::new();
        if self.filters_affinity {
            for term in kind.affinity().iter().flat_map(|affinity| &affinity.pod_anti_required) {
                if inter_pod_affinity::existing_term_matches(term, kind, pod, &self.namespace_labels) {
                    weights.push((Role::ExistingAntiAffinity, term.topology_key.clone(), 1));
                }
            }
        }
        if self.scores_affinity {
            for term in self.preferred.iter().filter(|term| term.matches(kind)) {
                weights.push((Role::Score, term.topology_key.clone(), term.weight));
            }
            inter_pod_affinity::for_each_existing_score(
                self.args,
                kind,
                pod,
                &self.namespace_labels,
                &mut |name, weight| weights.push((Role::Score, name.clone(), weight)),
            );
        }
        weights
    }

    /// Computes all numbers anew.
    ///
    /// # Errors
    /// If too many numbers concern one node alone.
    pub fn rebuild(&mut self, pod: &PodInfo, env: &Env<'_>) -> Result<(), NotIndexable> {
        self.local_tallies.clear();
        let node_at = |position: usize| env.snapshot.node(env.table.ids[position]);
        let hard: Vec<Constraint> = self.hard.iter().map(|hard| hard.constraint.clone()).collect();
        let soft: Vec<Constraint> = self.soft.iter().map(|soft| soft.constraint.clone()).collect();
        let counts = |all: &[Constraint], index: usize, needs_keys: bool, position: usize| {
            node_at(position).is_some_and(|node| {
                let node = node.node();
                (!needs_keys || pod_topology_spread::has_all_keys(all, &node.meta.labels))
                    && all[index].includes(pod, node)
            })
        };
        for (index, (tally, role)) in self.tallies.iter_mut().zip(&self.roles).enumerate() {
            let is_unique = env.table.keys[tally.key].is_unique;
            match *role {
                Role::Hard(index) => {
                    let includes = |position: usize| counts(&hard, index, true, position);
                    tally.rebuild(env.table, is_unique, Some(&includes), true);
                }
                Role::Soft(index) if self.soft[index].is_hostname => tally.rebuild(env.table, true, None, false),
                Role::Soft(index) => {
                    let includes = |position: usize| counts(&soft, index, self.requires_all_keys, position);
                    tally.rebuild(env.table, is_unique, Some(&includes), false);
                }
                _ => tally.rebuild(env.table, is_unique, None, false),
            }
            if tally.is_local {
                self.local_tallies.push(index);
            }
        }
        self.locals = self.local_tallies.len();
        for (kind, seen) in &mut self.counting {
            *seen = env.table.kind_log(*kind).map_or(0, Log::end);
        }
        if self.locals > MAX_LOCALS { Err(NotIndexable) } else { Ok(()) }
    }

    /// Counts the pods that came and went. `changed` is told of each node whose values changed. Returns whether all of
    /// them are still known: otherwise everything is to be computed [anew](Self::rebuild).
    pub fn catch_up(&mut self, table: &NodeTable, mut changed: impl FnMut(&Self, usize)) -> bool {
        for index in 0..self.counting.len() {
            let (kind, seen) = self.counting[index];
            let Some(log) = table.kind_log(kind).filter(|log| log.end() != seen) else { continue };
            let Some(entries) = log.since(seen) else { return false };
            for entry in entries {
                let position = entry.position as usize;
                for tally in &mut self.tallies {
                    tally.count(position, kind, entry.amount, table);
                }
                if self.locals > 0 {
                    changed(self, position);
                }
            }
            self.counting[index].1 = log.end();
        }
        true
    }

    /// The values that only the node at a position decides.
    pub fn locals_at(&self, position: usize) -> Locals {
        let mut locals = [0; MAX_LOCALS];
        for (local, index) in locals.iter_mut().zip(&self.local_tallies) {
            let value = self.tallies[*index].counted_value(position);
            let value = match self.roles[*index] {
                // Whether there is one is all that matters.
                Role::Affinity | Role::AntiAffinity(_) | Role::ExistingAntiAffinity => value.clamp(0, 1),
                _ => value,
            };
            *local = i32::try_from(value).unwrap_or(i32::MAX);
        }
        locals
    }

    /// The domain of a tally's key that the nodes of a base are in.
    pub fn domain(&self, tally: usize, base: &Base) -> u32 {
        base.domains[self.slots[tally]]
    }

    /// The number that a tally has for nodes of a base with these values; `None` if they lack the key.
    pub fn value(&self, tally: usize, locals: &Locals, base: &Base) -> Option<i64> {
        let domain = self.domain(tally, base);
        if domain == NO_DOMAIN {
            return None;
        }
        if !self.tallies[tally].is_local {
            return Some(self.tallies[tally].domain(domain));
        }
        let local = self.local_tallies.iter().position(|local| *local == tally)?;
        Some(i64::from(locals[local]))
    }

    /// Why nodes of a base with these values are not feasible although their resources suffice. `minima` are those of
    /// [`hard_minima`](Self::hard_minima).
    pub fn failure(&self, locals: &Locals, base: &Base, minima: &[i64]) -> Option<Failure> {
        for (hard, minimum) in self.hard.iter().zip(minima) {
            let Some(count) = self.value(hard.tally, locals, base) else {
                return Some(Failure::of(&pod_topology_spread::ERR_REASON_NODE_LABEL_NOT_MATCH));
            };
            if count + i64::from(hard.selects_itself) - minimum > hard.constraint.max_skew {
                return Some(Failure::of(&pod_topology_spread::ERR_REASON_CONSTRAINTS_NOT_MATCH));
            }
        }
        let with_role = |wanted: fn(&Role) -> bool| {
            self.roles.iter().enumerate().filter(move |(_, role)| wanted(role)).map(|(index, _)| index)
        };
        if !self.affinity.is_empty() {
            let (mut all_exist, mut total) = (true, 0);
            for tally in with_role(|role| *role == Role::Affinity) {
                let Some(count) = self.value(tally, locals, base) else {
                    return Some(Failure::of(&inter_pod_affinity::ERR_REASON_AFFINITY_RULES_NOT_MATCH));
                };
                all_exist &= count > 0;
                total += self.tallies[tally].total();
            }
            // The first of a group of pods with affinity to each kind finds nobody, and goes anywhere.
            let is_first = total == 0 && self.selects_itself;
            if !(all_exist || is_first) {
                return Some(Failure::of(&inter_pod_affinity::ERR_REASON_AFFINITY_RULES_NOT_MATCH));
            }
        }
        let exists = |tally: usize| self.value(tally, locals, base).is_some_and(|count| count > 0);
        if with_role(|role| matches!(role, Role::AntiAffinity(_))).any(exists) {
            return Some(Failure::of(&inter_pod_affinity::ERR_REASON_ANTI_AFFINITY_RULES_NOT_MATCH));
        }
        if with_role(|role| *role == Role::ExistingAntiAffinity).any(exists) {
            return Some(Failure::of(&inter_pod_affinity::ERR_REASON_EXISTING_ANTI_AFFINITY_RULES_NOT_MATCH));
        }
        (base.lacks_features && self.filters_features).then_some(Failure::of(&node_declared_features::ERR_REASON))
    }

    /// What the smallest domain of each hard constraint counts as.
    pub fn hard_minima(&self) -> Vec<i64> {
        let minimum = |hard: &Hard| {
            let (domains, minimum) = self.tallies[hard.tally].minimum();
            if domains >= hard.constraint.min_domains { minimum } else { 0 }
        };
        self.hard.iter().map(minimum).collect()
    }

    /// InterPodAffinity's raw score of nodes of a base with these values.
    pub fn affinity_score(&self, locals: &Locals, base: &Base) -> i64 {
        let tallies = self.roles.iter().enumerate().filter(|(_, role)| **role == Role::Score);
        tallies.filter_map(|(index, _)| self.value(index, locals, base)).sum()
    }

    /// Whether a node with pods that matter to itself is rejected, if it has the topology keys of all constraints that look at
    /// the node alone.
    pub fn locals_reject(&self) -> bool {
        let rejects = |tally: &usize| matches!(self.roles[*tally], Role::AntiAffinity(_) | Role::ExistingAntiAffinity);
        self.local_tallies.iter().all(rejects)
    }

    /// Whether nodes of a base have the topology keys of all constraints that look at the node alone.
    pub fn has_local_domains(&self, base: &Base) -> bool {
        self.local_tallies.iter().all(|tally| self.domain(*tally, base) != NO_DOMAIN)
    }

    /// Whether all that pods on nodes come to is that a node with some that matter to itself is rejected.
    pub fn only_reject_nodes_with_values(&self) -> bool {
        // Every constraint has a tally: none is left that does something else.
        self.local_tallies.len() == self.tallies.len() && self.locals_reject()
    }

    /// Whether InterPodAffinity has anything to score by.
    pub fn scores_affinity(&self) -> bool {
        self.roles.contains(&Role::Score)
    }
}
