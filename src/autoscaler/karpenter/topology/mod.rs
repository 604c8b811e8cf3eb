//! Topology spread and inter-pod affinity while pods are placed (`pkg/controllers/provisioning/scheduling/topology.go`).
//!
//! - [`template`]: the rules as pods have them
//! - [`counted`]: how many pods there are in each domain
//! - [`rules`]: all rules of a cluster, counted once for many simulations
//! - [`domain_choice`]: which domains a rule leaves to a pod

pub mod counted;
pub mod domain_choice;
pub mod rules;
pub mod template;

use super::base::Base;
use super::options::MapOrder;
use super::pod::ClassId;
use super::requirement::Requirement;
use super::requirements::Requirements;
use super::state::PodKey;
use crate::api::{Name, Taint};
use counted::Domains;
use domain_choice::Question;
use rules::{IdentityId, RuleId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A rule that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsatisfiable {
    /// Which kind of rule.
    pub kind: template::GroupKind,
    /// Its label.
    pub key: Name,
}

/// A rule in force.
struct Live {
    rule: RuleId,
    domains: Domains,
}

/// The rules in force in one simulation.
pub struct Topology<'b, 's> {
    base: &'b Base<'s>,
    /// The pods that are to be placed and are bound: each with its class and the number of its Node.
    moving: Vec<(PodKey, ClassId, u32)>,
    /// The places that are left out.
    gone: Vec<u32>,
    /// Rules of pods about where they are themselves.
    own: BTreeMap<IdentityId, Live>,
    /// Anti-affinity of pods, about where the others are.
    inverse: BTreeMap<IdentityId, Live>,
    owned: FxHashMap<PodKey, Vec<IdentityId>>,
    inverse_owned: FxHashMap<PodKey, Vec<IdentityId>>,
}

impl<'b, 's> Topology<'b, 's> {
    /// For pods that are about to be placed, without some places.
    pub fn new(base: &'b Base<'s>, moving: Vec<(PodKey, ClassId, u32)>, gone: Vec<u32>) -> Self {
        Self {
            base,
            moving,
            gone,
            own: BTreeMap::new(),
            inverse: BTreeMap::new(),
            owned: FxHashMap::default(),
            inverse_owned: FxHashMap::default(),
        }
    }

    /// Makes the anti-affinity of the pods of the cluster known that bears on a class.
    pub fn expect(&mut self, class: ClassId) {
        for rule in &*self.base.inverse_rules_about(class) {
            self.enforce_inverse(*rule);
        }
    }

    fn enforce_inverse(&mut self, rule: RuleId) -> IdentityId {
        let identity = self.base.rules().identity(rule);
        if !self.inverse.contains_key(&identity) {
            // That of the cluster's pods was there first.
            let rule = self.base.inverse_rule(identity).unwrap_or(rule);
            let mut domains = Domains::new(self.base.counted_inverse(rule));
            for (_, class, node) in &self.moving {
                let times = self
                    .base
                    .inverse_rules_of(*class)
                    .iter()
                    .filter(|own| self.base.rules().identity(**own) == identity);
                times.for_each(|_| domains.leave_out_pod(*node as usize));
            }
            self.inverse.insert(identity, Live { rule, domains });
        }
        identity
    }

    fn enforce(&mut self, rule: RuleId) -> IdentityId {
        let identity = self.base.rules().identity(rule);
        if !self.own.contains_key(&identity) {
            let mut domains = Domains::new(self.base.counted(rule));
            for (key, class, node) in &self.moving {
                if self.base.counts_pod(rule, *class, *key) {
                    domains.leave_out_pod(*node as usize);
                }
            }
            for place in &self.gone {
                domains.leave_out_place(*place as usize);
            }
            self.own.insert(identity, Live { rule, domains });
        }
        identity
    }

    /// A pod has a form now: its rules are in force, and those of another form are not its own any more.
    pub fn update(&mut self, pod: PodKey, class: ClassId, form: usize) {
        if !self.inverse_owned.contains_key(&pod) {
            let inverse = self.base.inverse_rules_of(class);
            let owned = inverse.iter().map(|rule| self.enforce_inverse(*rule)).collect();
            self.inverse_owned.insert(pod, owned);
        }
        let rules = self.base.rules_of(class, form);
        let owned = rules.iter().map(|rule| self.enforce(*rule)).collect();
        self.owned.insert(pod, owned);
    }

    /// Whether no rule bears on the pod.
    pub fn is_free(&self, pod: PodKey, class: ClassId) -> bool {
        self.owned.get(&pod).is_none_or(Vec::is_empty)
            && !self.inverse.values().any(|live| self.base.selects(live.rule, class))
    }

    /// What the rules leave of where the pod and the node may be.
    pub fn add_requirements(
        &self,
        pod: PodKey,
        class: ClassId,
        strict: &Requirements,
        node: &Requirements,
    ) -> Result<Requirements, Unsatisfiable> {
        let owned = self.owned.get(&pod).into_iter().flatten().filter_map(|identity| self.own.get(identity));
        let inverse = self.inverse.values().filter(|live| self.base.selects(live.rule, class));
        let mut requirements = node.clone();
        let any = Requirement::exists();
        let rules = self.base.rules();
        for live in owned.chain(inverse) {
            let template = rules.template(live.rule);
            let question = Question {
                template,
                domains: &live.domains,
                selects_itself: self.base.selects(live.rule, class),
                pod: strict.get(&template.key).unwrap_or(&any),
                node: node.get(&template.key).unwrap_or(&any),
                order: self.order(),
            };
            let domains = question.answer();
            if domains.is_empty() {
                return Err(Unsatisfiable { kind: template.kind, key: template.key.clone() });
            }
            requirements.add(template.key.clone(), &domains);
        }
        Ok(requirements)
    }

    fn order(&self) -> MapOrder {
        self.base.options.map_order
    }

    /// A pod is placed on a node with these taints and requirements.
    pub fn record(&mut self, pod: PodKey, class: ClassId, taints: &[Taint], requirements: &Requirements) {
        let rules = self.base.rules();
        let values = |key: &Name| requirements.get(key).map_or(&[][..], Requirement::values);
        for live in self.own.values_mut() {
            let template = rules.template(live.rule);
            if !self.base.selects(live.rule, class) || !template.counts_node(taints, requirements) {
                continue;
            }
            match (template.kind, values(&template.key)) {
                // Where it may be, all others may not be.
                (template::GroupKind::AntiAffinity, domains) => {
                    live.domains.record_all(domains);
                }
                (_, [_]) => {
                    let domain = requirements.get(&template.key).and_then(Requirement::single);
                    live.domains.record_all(domain);
                }
                _ => {}
            }
        }
        for identity in self.inverse_owned.get(&pod).into_iter().flatten() {
            if let Some(live) = self.inverse.get_mut(identity) {
                let key = &rules.template(live.rule).key;
                live.domains.record_all(values(key));
            }
        }
    }
}
