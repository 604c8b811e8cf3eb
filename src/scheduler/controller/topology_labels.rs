//! The labels `topology.kubernetes.io/zone` and `region` that the API server copies from the node to a pod when it is
//! bound (admission plugin PodTopologyLabelsAdmission, on in Kubernetes 1.36).
//!
//! They matter only where a selector asks for them, which hardly any does: until a pod comes whose selectors do, pods
//! keep the labels of their template, and cost nothing. Pods of one template in one zone share their labels.

use crate::api::{Affinity, KubernetesVersion, LabelSelector, Labels, Name, PodSpec, well_known};
use crate::cluster::{Cluster, PodId, TemplateId};
use std::collections::BTreeMap;

/// What the API server copies.
const KEYS: [&str; 2] = [well_known::ZONE, well_known::REGION];

/// The labels of pods, with those of their node where they matter.
#[derive(Clone, Debug)]
pub struct TopologyLabels {
    is_on: bool,
    are_selected: bool,
    /// Labels by template, zone and region.
    shared: BTreeMap<(TemplateId, [Option<Name>; 2]), Labels>,
}

impl TopologyLabels {
    /// For a cluster of this version.
    pub const fn new(version: KubernetesVersion) -> Self {
        Self { is_on: version.copies_topology_labels(), are_selected: false, shared: BTreeMap::new() }
    }

    /// Whether some selector asks for the labels.
    pub const fn are_selected(&self) -> bool {
        self.are_selected
    }

    /// Notes the selectors of a template. Returns whether they are the first ones that ask for the labels.
    pub fn note(&mut self, spec: &PodSpec) -> bool {
        let is_first = self.is_on && !self.are_selected && asks(spec);
        self.are_selected |= is_first;
        is_first
    }

    /// The labels of a pod.
    pub fn of_pod(&mut self, id: PodId, cluster: &Cluster) -> Labels {
        let pod = cluster.pod(id);
        let of_template = &cluster.template(pod.template).template.labels;
        let Some(node) = pod.node.filter(|_| self.are_selected) else { return of_template.clone() };
        let node = &cluster.node(node).object.meta.labels;
        let values = KEYS.map(|key| node.get(key).cloned());
        let labels = || {
            let copied = KEYS.iter().zip(&values).filter_map(|(key, value)| Some((key, value.as_ref()?)));
            copied.fold(of_template.clone(), |labels, (key, value)| labels.with(key, value))
        };
        self.shared.entry((pod.template, values.clone())).or_insert_with(labels).clone()
    }
}

/// Whether a selector of the pod's constraints asks for one of the labels.
fn asks(spec: &PodSpec) -> bool {
    let names = |selector: &Option<LabelSelector>| {
        let keys = selector.iter().flat_map(|selector| &selector.requirements);
        keys.into_iter().any(|requirement| KEYS.contains(&&*requirement.key))
    };
    let of_affinity = |affinity: &Affinity| {
        let Affinity { pod_required, pod_preferred, pod_anti_required, pod_anti_preferred, node: _ } = affinity;
        let preferred = pod_preferred.iter().chain(pod_anti_preferred).map(|weighted| &weighted.term);
        let mut terms = pod_required.iter().chain(pod_anti_required).chain(preferred);
        terms.any(|term| names(&term.label_selector))
    };
    spec.topology_spread_constraints.iter().any(|constraint| names(&constraint.label_selector))
        || spec.affinity.as_deref().is_some_and(of_affinity)
}
