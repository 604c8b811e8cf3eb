//! Which domains a rule leaves to a pod (`pkg/controllers/provisioning/scheduling/topologygroup.go`).

use super::counted::Domains;
use super::template::{GroupKind, GroupTemplate};
use crate::api::Name;
use crate::api::karpenter::KarpenterOperator;
use crate::autoscaler::karpenter::options::MapOrder;
use crate::autoscaler::karpenter::requirement::Requirement;

/// What is asked.
pub struct Question<'a> {
    /// The rule.
    pub template: &'a GroupTemplate,
    /// What is in its domains.
    pub domains: &'a Domains,
    /// Whether the pod is one of those that the rule counts.
    pub selects_itself: bool,
    /// Where the pod may be.
    pub pod: &'a Requirement,
    /// Where the node may be.
    pub node: &'a Requirement,
    /// Which of equal domains is first.
    pub order: MapOrder,
}

impl<'a> Question<'a> {
    /// The domains that are left; empty if the rule cannot be kept.
    pub fn answer(&self) -> Requirement {
        let names = match self.template.kind {
            GroupKind::Spread => self.spread().into_iter().collect(),
            GroupKind::Affinity => self.affinity(),
            GroupKind::AntiAffinity => self.anti_affinity(),
        };
        Requirement::new(KarpenterOperator::In, &names, None)
    }

    /// The one host that the node is, of a rule about hosts: a new one is not among the known domains.
    fn host(&self) -> Option<&'a Name> {
        match self.node.values() {
            [host] if self.domains.is_host() => Some(host),
            _ => None,
        }
    }

    /// The domains where the node may be, with their pods.
    fn of_node(&self) -> Vec<(&'a Name, i32)> {
        if self.node.operator() == KarpenterOperator::In {
            let known = |name: &'a Name| Some((name, self.domains.count(name)?));
            self.node.values().iter().filter_map(known).collect()
        } else {
            self.domains.iter().filter(|(name, _)| self.node.has(name)).collect()
        }
    }

    fn spread(&self) -> Option<Name> {
        let own = i32::from(self.selects_itself);
        let max_skew = self.template.max_skew;
        if let Some(host) = self.host() {
            let count = self.domains.count(host).unwrap_or(0) + own;
            return (count <= max_skew).then(|| host.clone());
        }
        let least = self.least();
        let suitable = self.of_node().into_iter().map(|(name, count)| (name, count.saturating_add(own)));
        suitable
            .filter(|(_, count)| count.saturating_sub(least) <= max_skew)
            .min_by_key(|(name, count)| (*count, self.order.rank(name), *name))
            .map(|(name, _)| name.clone())
    }

    /// How many pods the emptiest domain has where the pod may be.
    fn least(&self) -> i32 {
        if self.domains.is_host() {
            return 0;
        }
        let (mut number, mut least) = (0, i32::MAX);
        for (_, count) in self.domains.iter().filter(|(name, _)| self.pod.has(name)) {
            number += 1;
            least = least.min(count);
        }
        let too_few = self.template.min_domains.is_some_and(|min_domains| number < min_domains);
        if too_few { 0 } else { least }
    }

    /// Whether there is no pod yet to be near to, so that one like it may be the first.
    fn may_be_first(&self) -> bool {
        let is_somewhere = || self.domains.iter().any(|(name, count)| count > 0 && self.pod.has(name));
        self.selects_itself && (!self.domains.any_pod() || !is_somewhere())
    }

    fn affinity(&self) -> Vec<Name> {
        if let Some(host) = self.host() {
            let has_pods = || self.domains.count(host).unwrap_or(0) > 0;
            let suits = self.pod.has(host) && (has_pods() || self.may_be_first());
            return if suits { vec![host.clone()] } else { Vec::new() };
        }
        let with_pods = self.of_node().into_iter().filter(|(name, count)| *count > 0 && self.pod.has(name));
        let mut names: Vec<Name> = with_pods.map(|(name, _)| name.clone()).collect();
        if names.is_empty() && self.may_be_first() {
            let both = self.pod.intersection(self.node);
            // Where the node is, if it is somewhere; and any domain where the pod may be.
            names.extend(self.first_known(&both));
            names.extend(self.first_known(self.pod));
        }
        names
    }

    fn first_known(&self, requirement: &Requirement) -> Option<Name> {
        let names = self.domains.iter().map(|(name, _)| name).filter(|name| requirement.has(name));
        names.min_by_key(|name| (self.order.rank(name), *name)).cloned()
    }

    fn anti_affinity(&self) -> Vec<Name> {
        if let Some(host) = self.host() {
            let is_free = self.domains.count(host).unwrap_or(0) == 0;
            return if is_free { vec![host.clone()] } else { Vec::new() };
        }
        let free = self.of_node().into_iter().filter(|(name, count)| *count == 0 && self.pod.has(name));
        free.map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::counted::Counted;
    use super::*;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    const ZONE: &str = "topology.kubernetes.io/zone";

    fn template(kind: GroupKind, max_skew: i32, min_domains: Option<i32>) -> GroupTemplate {
        GroupTemplate {
            kind,
            key: ZONE.into(),
            own_namespace: None,
            namespaces: Vec::new(),
            namespace_selector: None,
            selector: None,
            max_skew,
            min_domains,
            filter: None,
            tolerations: Vec::new(),
        }
    }

    fn domains(template: &GroupTemplate, pods: &[(&str, usize)]) -> Domains {
        let zones: BTreeMap<Name, _> = pods.iter().map(|(zone, _)| (Name::from(*zone), vec![Vec::new()])).collect();
        let mut counted = Counted::new(template, &BTreeMap::from([(Name::from(ZONE), zones)]));
        for (zone, count) in pods {
            let number = counted.number(&Name::from(*zone));
            (0..*count).for_each(|_| counted.add_pod(number));
        }
        Domains::new(Rc::new(counted))
    }

    fn any_of(values: &[&str]) -> Requirement {
        let values: Vec<Name> = values.iter().map(|value| Name::from(*value)).collect();
        if values.is_empty() { Requirement::exists() } else { Requirement::new(KarpenterOperator::In, &values, None) }
    }

    #[test]
    fn domains_that_are_left() {
        use GroupKind::{Affinity, AntiAffinity, Spread};
        type Case<'a> =
            (GroupKind, i32, Option<i32>, &'a [(&'a str, usize)], &'a [&'a str], &'a [&'a str], &'a [&'a str]);
        // Kind, skew, least number of domains, pods, where the pod may be, where the node may be, what is left.
        let cases: [Case; 11] = [
            (Spread, 1, None, &[("a", 1), ("b", 0)], &[], &[], &["b"]),
            (Spread, 1, None, &[("a", 1), ("b", 0)], &[], &["a"], &[]),
            (Spread, 2, None, &[("a", 1), ("b", 0)], &[], &["a"], &["a"]),
            (Spread, 1, None, &[("a", 1), ("b", 0)], &["a"], &["a"], &["a"]),
            (Spread, 1, Some(3), &[("a", 1), ("b", 1)], &[], &[], &[]),
            (Affinity, 0, None, &[("a", 0), ("b", 2)], &[], &[], &["b"]),
            (Affinity, 0, None, &[("a", 0), ("b", 2)], &[], &["a"], &[]),
            (Affinity, 0, None, &[("a", 0), ("b", 0)], &[], &["b"], &["a", "b"]),
            (Affinity, 0, None, &[("a", 0), ("b", 2)], &["a"], &[], &["a"]),
            (AntiAffinity, 0, None, &[("a", 0), ("b", 2), ("c", 0)], &[], &[], &["a", "c"]),
            (AntiAffinity, 0, None, &[("a", 0), ("b", 2)], &["b"], &[], &[]),
        ];
        for (kind, max_skew, min_domains, pods, pod, node, left) in cases {
            let template = template(kind, max_skew, min_domains);
            let question = Question {
                template: &template,
                domains: &domains(&template, pods),
                selects_itself: true,
                pod: &any_of(pod),
                node: &any_of(node),
                order: MapOrder::default(),
            };
            let answer = question.answer();
            assert_eq!(answer.values(), left, "{kind:?} {pods:?} {pod:?} {node:?}");
        }
    }
}
