//! What tells scheduling classes apart: everything of a pod that can change a decision, and nothing else.

use crate::api::UnsatisfiableConstraintAction::{DoNotSchedule, ScheduleAnyway};
use crate::api::{Affinity, Labels, Name, NodeAffinity, Toleration};
use crate::scheduler::config::Profile;
use crate::scheduler::plugins::pod_topology_spread::{self, Constraint};
use crate::scheduler::view::{DeclaredFeature, HostPort, Listers, PodInfo, Resources};

/// What tells scheduling classes apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClassKey {
    profile: usize,
    priority: i32,
    requests: Resources,
    scored: Resources,
    node_selector: Labels,
    affinity: Option<Box<Affinity>>,
    tolerations: Vec<Toleration>,
    host_ports: Vec<HostPort>,
    images: (Vec<Name>, Vec<Name>),
    required_features: Vec<DeclaredFeature>,
    /// Spread constraints, each with whether the pod counts itself, and whether the pod itself has them.
    constraints: Vec<(Constraint, bool)>,
    has_own_constraints: bool,
    /// Where some selector can see them.
    namespace: Option<Name>,
    labels: Option<Labels>,
}

impl ClassKey {
    /// The key of a pod. `labels_are_seen`: some pod's affinity may select the pod.
    pub fn new(
        pod: &PodInfo,
        profile_index: usize,
        profile: &Profile,
        listers: &Listers,
        labels_are_seen: bool,
    ) -> Self {
        let spec = pod.spec();
        let constraints: Vec<(Constraint, bool)> = [DoNotSchedule, ScheduleAnyway]
            .into_iter()
            .flat_map(|action| pod_topology_spread::constraints(profile, listers, pod, action))
            .map(|constraint| {
                let selects_itself = constraint.selects(&pod.labels);
                (constraint, selects_itself)
            })
            .collect();
        let labels_are_seen = labels_are_seen || pod.has_pod_affinity();
        Self {
            profile: profile_index,
            priority: pod.priority(),
            requests: pod.requests().requests.clone(),
            scored: pod.requests().scored.clone(),
            node_selector: spec.node_selector.clone(),
            affinity: spec.affinity.clone(),
            tolerations: spec.tolerations.clone(),
            host_ports: pod.traits.host_ports.clone(),
            images: (pod.traits.container_images.clone(), pod.traits.volume_images.clone()),
            required_features: pod.traits.required_features.clone(),
            has_own_constraints: !pod.spread_constraints().is_empty(),
            namespace: (labels_are_seen || !constraints.is_empty()).then(|| pod.namespace.clone()),
            labels: labels_are_seen.then(|| pod.labels.clone()),
            constraints,
        }
    }
}

/// What tells apart what pods ask of other pods: everything of a pod that its constraints look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DemandKey {
    profile: usize,
    node_selector: Labels,
    affinity: Option<Box<Affinity>>,
    tolerations: Vec<Toleration>,
    constraints: Vec<(Constraint, bool)>,
    has_own_constraints: bool,
    namespace: Option<Name>,
    labels: Option<Labels>,
}

impl DemandKey {
    /// The key of what the pods of a class ask.
    pub fn of_class(key: &ClassKey) -> Self {
        Self {
            profile: key.profile,
            node_selector: key.node_selector.clone(),
            affinity: key.affinity.clone(),
            tolerations: key.tolerations.clone(),
            constraints: key.constraints.clone(),
            has_own_constraints: key.has_own_constraints,
            namespace: key.namespace.clone(),
            labels: key.labels.clone(),
        }
    }
}

/// What tells layers apart: everything of a pod that its layer looks at, and the topology keys whose domains matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LayerKey {
    profile: usize,
    priority: i32,
    requests: Resources,
    scored: Resources,
    node_selector: Labels,
    node_affinity: Option<NodeAffinity>,
    tolerations: Vec<Toleration>,
    host_ports: Vec<HostPort>,
    images: (Vec<Name>, Vec<Name>),
    required_features: Vec<DeclaredFeature>,
    topology_keys: Vec<usize>,
}

impl LayerKey {
    /// The key of a pod's layer.
    pub fn new(pod: &PodInfo, profile: usize, topology_keys: Vec<usize>) -> Self {
        let spec = pod.spec();
        Self {
            profile,
            priority: pod.priority(),
            requests: pod.requests().requests.clone(),
            scored: pod.requests().scored.clone(),
            node_selector: spec.node_selector.clone(),
            node_affinity: spec.affinity.as_ref().and_then(|affinity| affinity.node.clone()),
            tolerations: spec.tolerations.clone(),
            host_ports: pod.traits.host_ports.clone(),
            images: (pod.traits.container_images.clone(), pod.traits.volume_images.clone()),
            required_features: pod.traits.required_features.clone(),
            topology_keys,
        }
    }
}
