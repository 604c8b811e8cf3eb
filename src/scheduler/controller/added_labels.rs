//! The labels that pods have besides those of their template: `topology.kubernetes.io/zone` and `region`, which the API
//! server copies from the node when a pod is bound (admission plugin PodTopologyLabelsAdmission, on in Kubernetes 1.36),
//! and name and ordinal of a StatefulSet's pod.
//!
//! They matter only where a selector asks for them, which hardly any does: until one comes that does, pods keep the labels
//! of their template, and cost nothing. Pods of one template in one zone share their labels.

use crate::api::{Affinity, KubernetesVersion, LabelSelector, Labels, Name, PodSpec, well_known};
use crate::cluster::{Cluster, PodId, TemplateId, is_own_label};
use std::collections::BTreeMap;

/// What the API server copies.
const KEYS: [&str; 2] = [well_known::ZONE, well_known::REGION];

/// Zone and region of a node, as far as it has them.
type Topology = [Option<Name>; 2];

/// The labels of pods, with the added ones where they matter.
#[derive(Clone, Debug)]
pub struct AddedLabels {
    copies_topology: bool,
    topology_is_selected: bool,
    own_are_selected: bool,
    /// Labels by template, zone and region, and ordinal.
    shared: BTreeMap<(TemplateId, Topology, Option<i32>), Labels>,
}

impl AddedLabels {
    /// For a cluster of this version.
    pub const fn new(version: KubernetesVersion) -> Self {
        Self {
            copies_topology: version.copies_topology_labels(),
            topology_is_selected: false,
            own_are_selected: false,
            shared: BTreeMap::new(),
        }
    }

    /// Whether some selector asks for labels of the node.
    pub const fn topology_is_selected(&self) -> bool {
        self.topology_is_selected
    }

    /// Notes the selectors of a template. Returns whether they are the first ones that ask for some of the labels.
    pub fn note(&mut self, spec: &PodSpec) -> bool {
        let is_first = self.copies_topology && !self.topology_is_selected && asks(spec, &|key| KEYS.contains(&key));
        self.topology_is_selected |= is_first;
        let is_first_of_own = !self.own_are_selected && asks(spec, &is_own_label);
        self.own_are_selected |= is_first_of_own;
        is_first || is_first_of_own
    }

    /// Notes the selector of a Service or a disruption budget, of which labels of the node are not looked at. Returns
    /// whether it is the first one that asks for some of the labels.
    pub fn note_selector(&mut self, selector: Option<&LabelSelector>) -> bool {
        let is_first = !self.own_are_selected && names(selector, &is_own_label);
        self.own_are_selected |= is_first;
        is_first
    }

    /// The labels of a pod.
    pub fn of_pod(&mut self, id: PodId, cluster: &Cluster) -> Labels {
        let pod = cluster.pod(id);
        let node = pod.node.filter(|_| self.topology_is_selected);
        let ordinal = if self.own_are_selected { cluster.ordinal(id) } else { None };
        if node.is_none() && ordinal.is_none() {
            return cluster.template(pod.template).template.labels.clone();
        }
        let values = KEYS.map(|key| cluster.node(node?).object.meta.labels.get(key).cloned());
        let labels = || {
            let copied = KEYS.iter().zip(&values).filter_map(|(key, value)| Some((key, value.as_ref()?)));
            let before = match ordinal {
                Some(_) => cluster.pod_labels(id),
                None => cluster.template(pod.template).template.labels.clone(),
            };
            copied.fold(before, |labels, (key, value)| labels.with(key, value))
        };
        self.shared.entry((pod.template, values.clone(), ordinal)).or_insert_with(labels).clone()
    }
}

/// Whether a selector asks for a label of one of the keys.
fn names(selector: Option<&LabelSelector>, is_key: &impl Fn(&str) -> bool) -> bool {
    selector.is_some_and(|selector| selector.requirements.iter().any(|requirement| is_key(&requirement.key)))
}

/// Whether a selector of the pod's constraints asks for a label of one of the keys.
fn asks(spec: &PodSpec, is_key: &impl Fn(&str) -> bool) -> bool {
    let of_affinity = |affinity: &Affinity| {
        let Affinity { pod_required, pod_preferred, pod_anti_required, pod_anti_preferred, node: _ } = affinity;
        let preferred = pod_preferred.iter().chain(pod_anti_preferred).map(|weighted| &weighted.term);
        let mut terms = pod_required.iter().chain(pod_anti_required).chain(preferred);
        terms.any(|term| names(term.label_selector.as_ref(), is_key))
    };
    let mut constraints = spec.topology_spread_constraints.iter();
    constraints.any(|constraint| {
        names(constraint.label_selector.as_ref(), is_key) || constraint.match_label_keys.iter().any(|key| is_key(key))
    }) || spec.affinity.as_deref().is_some_and(of_affinity)
}
