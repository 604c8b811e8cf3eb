//! What a pod says about topology: how pods are to be spread over the values of a label, which to be near and far from.

use crate::api::{LabelSelector, Labels, Name, Taint, Toleration};
use crate::autoscaler::karpenter::requirements::Requirements;
use crate::autoscaler::karpenter::taints::tolerates_all;
use std::collections::BTreeMap;

/// Which kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// Topology spread.
    Spread,
    /// Pod affinity.
    Affinity,
    /// Pod anti-affinity.
    AntiAffinity,
}

/// A rule of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupTemplate {
    /// Which kind.
    pub kind: GroupKind,
    /// The label.
    pub key: Name,
    /// The pod's own namespace, where the rule is about no other.
    pub own_namespace: Option<Name>,
    /// Namespaces by name.
    pub namespaces: Vec<Name>,
    /// Namespaces by label.
    pub namespace_selector: Option<LabelSelector>,
    /// Which pods; `None` counts all of the namespaces and selects none.
    pub selector: Option<LabelSelector>,
    /// How many more pods a domain may have than the emptiest.
    pub max_skew: i32,
    /// With fewer domains, the emptiest is taken to have none.
    pub min_domains: Option<i32>,
    /// Which nodes count.
    pub filter: Option<NodeFilter>,
    /// The pod's tolerations.
    pub tolerations: Vec<Toleration>,
}

/// Which nodes count for topology spread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeFilter {
    /// Node selector and required node affinity: one of them must be met.
    pub terms: Vec<Requirements>,
    /// `nodeTaintsPolicy: Honor`.
    pub honors_taints: bool,
    /// `nodeAffinityPolicy: Honor`.
    pub honors_affinity: bool,
}

/// What node filters are told apart by: keys of the terms, policies, tolerations.
type FilterIdentity = (Vec<Vec<Name>>, bool, bool, Vec<Toleration>);

/// What groups are told apart by, as Karpenter's hash does: of requirements the keys alone count, and equal elements of a
/// list cancel out in pairs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    kind: GroupKind,
    key: Name,
    namespaces: Vec<Name>,
    max_skew: i32,
    selector: Option<LabelSelector>,
    filter: Option<FilterIdentity>,
}

impl GroupTemplate {
    /// The namespaces that are meant, sorted.
    pub fn resolve_namespaces(&self, all: &BTreeMap<Name, Labels>) -> Vec<Name> {
        let mut namespaces = self.namespaces.clone();
        namespaces.extend(self.own_namespace.clone());
        if let Some(selector) = &self.namespace_selector {
            namespaces.extend(all.iter().filter(|(_, labels)| selector.matches(labels)).map(|(name, _)| name.clone()));
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
    }

    /// What it is told apart from other groups by.
    pub fn identity(&self, namespaces: Vec<Name>) -> Identity {
        let selector = self.selector.clone().map(|mut selector| {
            for requirement in &mut selector.requirements {
                requirement.values.sort_unstable();
            }
            selector.requirements.sort_unstable();
            selector.requirements.dedup();
            selector
        });
        let filter = self.filter.as_ref().map(|filter| {
            let keys = |term: &Requirements| term.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
            let mut terms = odd(filter.terms.iter().map(keys));
            terms.sort_unstable();
            let mut tolerations = odd(self.tolerations.iter().cloned());
            tolerations.sort_by_cached_key(|toleration| format!("{toleration:?}"));
            (terms, filter.honors_taints, filter.honors_affinity, tolerations)
        });
        let (kind, key, max_skew) = (self.kind, self.key.clone(), self.max_skew);
        Identity { kind, key, namespaces, max_skew, selector, filter }
    }

    /// Whether a node with these taints and requirements counts.
    pub fn counts_node(&self, taints: &[Taint], requirements: &Requirements) -> bool {
        let Some(filter) = &self.filter else { return true };
        let meets = || filter.terms.iter().any(|term| requirements.compatible(term, None).is_ok());
        let suits = !filter.honors_affinity || filter.terms.is_empty() || meets();
        suits && (!filter.honors_taints || tolerates_all(&self.tolerations, taints))
    }

    /// Whether the domains of nodes with taints that the pod does not tolerate are left out.
    pub fn looks_at_taints(&self) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.honors_taints)
    }
}

/// The elements that occur an odd number of times.
fn odd<T: PartialEq>(elements: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for element in elements {
        match kept.iter().position(|known| *known == element) {
            Some(position) => {
                kept.remove(position);
            }
            None => kept.push(element),
        }
    }
    kept
}
