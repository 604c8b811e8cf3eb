//! What Karpenter's simulation knows of a pod's template: requests, and the forms that the pod takes as preferences are
//! given up one by one (`pkg/controllers/provisioning/scheduling/preferences.go`).

use super::amounts::Amounts;
use super::host_ports::HostPort;
use super::options::PreferencePolicy;
use super::requirements::Requirements;
use super::taints::{disrupted, prefer_no_schedule, tolerates_all, tolerates_prefer_no_schedule};
use super::topology::template::{GroupKind, GroupTemplate, NodeFilter};
use crate::api::karpenter::keys;
use crate::api::{
    Affinity, Labels, Name, NodeSelectorTerm, PodAffinityTerm, PodTemplate, PreferredSchedulingTerm, ResourceAmounts,
    Toleration, TopologySpreadConstraint, UnsatisfiableConstraintAction, WeightedPodAffinityTerm, well_known,
};
use crate::units::{SimDuration, parse_go_duration};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Pods of one template, namespace, labels and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// What such pods have in common.
#[derive(Clone, Debug)]
pub struct PodClass {
    /// Namespace.
    pub namespace: Name,
    /// Labels.
    pub labels: Labels,
    /// The template; kept, so that its address stays its own.
    pub template: Arc<PodTemplate>,
    /// Requests, and one pod.
    pub requests: Amounts,
    /// Host ports.
    pub host_ports: Vec<HostPort>,
    /// How much it costs to evict one, 1 by default.
    pub eviction_cost: f64,
    /// Annotation `karpenter.sh/do-not-disrupt`.
    pub protection: Protection,
    /// Whether they stay on a node that is about to be removed.
    pub tolerates_disruption: bool,
    /// Required anti-affinity, which binds the pods that it is about too.
    pub anti_affinity: Vec<GroupTemplate>,
    /// As written, then after each preference that is given up. The last one tolerates `PreferNoSchedule`, which is only
    /// tried if a NodePool has such a taint.
    pub forms: Vec<PodForm>,
    /// Whether the last form tolerates `PreferNoSchedule` and those before do not.
    pub last_form_tolerates: bool,
}

/// A pod with some preferences left.
#[derive(Clone, Debug)]
pub struct PodForm {
    /// What its node must be, the weightiest preference included.
    pub requirements: Requirements,
    /// What its node must be.
    pub strict: Requirements,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Topology spread and affinity.
    pub groups: Vec<GroupTemplate>,
}

/// What `karpenter.sh/do-not-disrupt` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing, or something that is neither `true` nor a duration.
    None,
    /// As long as the pod lives.
    Always,
    /// Until the pod is so old.
    For(SimDuration),
}

impl PodClass {
    /// Whether pods with other labels than the template's, in a namespace, are of the class.
    fn new(
        namespace: Name,
        labels: Labels,
        template: &Arc<PodTemplate>,
        requests: &ResourceAmounts,
        policy: PreferencePolicy,
    ) -> Self {
        let spec = &template.spec;
        let draft = Draft::new(&namespace, &labels, template, policy);
        let anti = spec.affinity.as_ref().map_or(&[][..], |affinity| &affinity.pod_anti_required);
        let anti_affinity = anti.iter().map(|term| draft.affinity_group(GroupKind::AntiAffinity, term)).collect();
        let last_form_tolerates = !spec.tolerations.iter().any(tolerates_prefer_no_schedule);
        Self {
            requests: Amounts::of_pods(requests, 1),
            host_ports: HostPort::of_containers(&spec.containers),
            eviction_cost: eviction_cost(&template.annotations, spec.priority),
            protection: protection(&template.annotations),
            tolerates_disruption: tolerates_all(&spec.tolerations, &[disrupted()]),
            anti_affinity,
            forms: draft.forms(last_form_tolerates),
            last_form_tolerates,
            template: template.clone(),
            namespace,
            labels,
        }
    }
}

/// `EvictionCost` of `pkg/utils/disruption`.
fn eviction_cost(annotations: &Labels, priority: i32) -> f64 {
    let deletion = annotations.get(well_known::POD_DELETION_COST).and_then(|text| text.parse::<f64>().ok());
    let mut cost = 1.0;
    if let Some(deletion) = deletion {
        cost += deletion / 2_f64.powi(27);
    }
    cost += f64::from(priority) / 2_f64.powi(25);
    cost.clamp(-10.0, 10.0)
}

fn protection(annotations: &Labels) -> Protection {
    match annotations.get(keys::DO_NOT_DISRUPT) {
        None => Protection::None,
        Some(value) if value == "true" => Protection::Always,
        Some(value) => match parse_go_duration(value) {
            Ok(span) if span > SimDuration::ZERO => Protection::For(span),
            _ => Protection::None,
        },
    }
}

/// A pod of which preferences are given up.
struct Draft<'a> {
    namespace: &'a Name,
    labels: &'a Labels,
    node_selector: Requirements,
    policy: PreferencePolicy,
    required: Vec<&'a NodeSelectorTerm>,
    preferred: Vec<&'a PreferredSchedulingTerm>,
    affinity: Option<&'a Affinity>,
    pod_preferred: Vec<&'a WeightedPodAffinityTerm>,
    anti_preferred: Vec<&'a WeightedPodAffinityTerm>,
    spreads: Vec<&'a TopologySpreadConstraint>,
    tolerations: Vec<Toleration>,
}

impl<'a> Draft<'a> {
    fn new(namespace: &'a Name, labels: &'a Labels, template: &'a PodTemplate, policy: PreferencePolicy) -> Self {
        let spec = &template.spec;
        let affinity = spec.affinity.as_deref();
        let node = affinity.and_then(|affinity| affinity.node.as_ref());
        let mut preferred: Vec<_> = node.into_iter().flat_map(|node| &node.preferred).collect();
        preferred.sort_by_key(|term| std::cmp::Reverse(term.weight));
        let weighted = |terms: &'a [WeightedPodAffinityTerm]| {
            let mut terms: Vec<_> = terms.iter().collect();
            terms.sort_by_key(|term| std::cmp::Reverse(term.weight));
            terms
        };
        Self {
            namespace,
            labels,
            node_selector: Requirements::from_labels(&spec.node_selector),
            policy,
            required: node.and_then(|node| node.required.as_ref()).into_iter().flat_map(|node| &node.terms).collect(),
            preferred,
            affinity,
            pod_preferred: weighted(affinity.map_or(&[], |affinity| &affinity.pod_preferred)),
            anti_preferred: weighted(affinity.map_or(&[], |affinity| &affinity.pod_anti_preferred)),
            spreads: spec.topology_spread_constraints.iter().collect(),
            tolerations: spec.tolerations.clone(),
        }
    }

    /// All forms, in the order in which they are tried.
    fn forms(mut self, tolerates_at_last: bool) -> Vec<PodForm> {
        let mut forms = vec![self.form()];
        while self.relax() {
            forms.push(self.form());
        }
        if tolerates_at_last {
            self.tolerations.push(prefer_no_schedule());
            forms.push(self.form());
        }
        forms
    }

    /// Gives up one preference, if there is one.
    fn relax(&mut self) -> bool {
        if self.required.len() > 1 {
            self.required.remove(0);
        } else if !self.pod_preferred.is_empty() {
            self.pod_preferred.remove(0);
        } else if !self.anti_preferred.is_empty() {
            self.anti_preferred.remove(0);
        } else if !self.preferred.is_empty() {
            self.preferred.remove(0);
        } else if let Some(first) = self.spreads.iter().position(|spread| !is_hard(spread)) {
            self.spreads.swap_remove(first);
        } else {
            return false;
        }
        true
    }

    fn form(&self) -> PodForm {
        let mut strict = self.node_selector.clone();
        if let Some(first) = self.required.first() {
            strict.add_expressions(&first.match_expressions);
        }
        let mut requirements = strict.clone();
        if self.policy == PreferencePolicy::Respect
            && let Some(weightiest) = self.preferred.first()
        {
            requirements.add_expressions(&weightiest.preference.match_expressions);
        }
        PodForm { requirements, strict, tolerations: self.tolerations.clone(), groups: self.groups() }
    }

    fn groups(&self) -> Vec<GroupTemplate> {
        let respects = self.policy == PreferencePolicy::Respect;
        let spreads = self.spreads.iter().filter(|spread| respects || is_hard(spread));
        let mut groups: Vec<GroupTemplate> = spreads.map(|spread| self.spread_group(spread)).collect();
        let Some(affinity) = self.affinity else { return groups };
        let preferred = |terms: &[&'a WeightedPodAffinityTerm]| {
            let terms = if respects { terms } else { &[] };
            terms.iter().map(|weighted| &weighted.term).collect::<Vec<_>>()
        };
        for (kind, required, preferred) in [
            (GroupKind::Affinity, &affinity.pod_required, preferred(&self.pod_preferred)),
            (GroupKind::AntiAffinity, &affinity.pod_anti_required, preferred(&self.anti_preferred)),
        ] {
            groups.extend(required.iter().chain(preferred).map(|term| self.affinity_group(kind, term)));
        }
        groups
    }

    fn spread_group(&self, spread: &TopologySpreadConstraint) -> GroupTemplate {
        let selector = spread.label_selector.as_ref().map(|selector| {
            let keys = spread.match_label_keys.iter().filter_map(|key| Some((key, self.labels.get(key)?)));
            keys.fold(selector.clone(), |selector, (key, value)| selector.with_label(key, value))
        });
        let with_selector = |term: &&NodeSelectorTerm| {
            let mut requirements = self.node_selector.clone();
            requirements.add_expressions(&term.match_expressions);
            requirements
        };
        let terms = if self.required.is_empty() {
            vec![self.node_selector.clone()]
        } else {
            self.required.iter().map(with_selector).collect()
        };
        GroupTemplate {
            kind: GroupKind::Spread,
            key: spread.topology_key.clone(),
            own_namespace: Some(self.namespace.clone()),
            namespaces: Vec::new(),
            namespace_selector: None,
            selector,
            max_skew: spread.max_skew,
            min_domains: spread.min_domains,
            filter: Some(NodeFilter {
                terms,
                honors_taints: spread.node_taints_policy == crate::api::NodeInclusionPolicy::Honor,
                honors_affinity: spread.node_affinity_policy == crate::api::NodeInclusionPolicy::Honor,
            }),
            tolerations: self.tolerations.clone(),
        }
    }

    fn affinity_group(&self, kind: GroupKind, term: &PodAffinityTerm) -> GroupTemplate {
        let is_own = term.namespaces.is_empty() && term.namespace_selector.is_none();
        GroupTemplate {
            kind,
            key: term.topology_key.clone(),
            own_namespace: is_own.then(|| self.namespace.clone()),
            namespaces: term.namespaces.clone(),
            namespace_selector: term.namespace_selector.clone(),
            selector: term.label_selector.clone(),
            max_skew: i32::MAX,
            min_domains: None,
            filter: None,
            tolerations: self.tolerations.clone(),
        }
    }
}

fn is_hard(spread: &TopologySpreadConstraint) -> bool {
    spread.when_unsatisfiable == UnsatisfiableConstraintAction::DoNotSchedule
}

/// What tells classes apart. The template is known by its address, as it is kept.
type ClassKey = (Name, Labels, usize, Amounts);

/// All classes of a cluster.
#[derive(Clone, Debug, Default)]
pub struct ClassTable {
    policy: PreferencePolicy,
    classes: Vec<PodClass>,
    ids: FxHashMap<ClassKey, ClassId>,
}

impl ClassTable {
    /// No classes yet.
    pub fn new(policy: PreferencePolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// The class of pods in a namespace with these labels, this template, and requests without `pods`.
    pub fn intern(
        &mut self,
        namespace: &Name,
        labels: &Labels,
        template: &Arc<PodTemplate>,
        requests: &ResourceAmounts,
    ) -> ClassId {
        let address = Arc::as_ptr(template).addr();
        let key = (namespace.clone(), labels.clone(), address, Amounts::of_pods(requests, 1));
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = ClassId(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(PodClass::new(namespace.clone(), labels.clone(), template, requests, self.policy));
        self.ids.insert(key, id);
        id
    }

    /// A class.
    pub fn get(&self, id: ClassId) -> &PodClass {
        &self.classes[id.0 as usize]
    }

    /// All classes.
    pub fn iter(&self) -> impl Iterator<Item = (ClassId, &PodClass)> {
        (0_u32..).map(ClassId).zip(&self.classes)
    }
}
