//! NodeDeclaredFeatures: features that the pod needs and the node must declare.

use crate::scheduler::framework::Failure;
use crate::scheduler::view::{NodeInfo, PodInfo};

/// Whether the pod needs none.
pub fn skips(pod: &PodInfo) -> bool {
    pod.traits.required_features.is_empty()
}

/// Rejects a node that does not declare a feature that the pod needs.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let declared = &node.node().declared_features;
    let is_declared = |name: &str| declared.iter().any(|own| **own == *name);
    let all = pod.traits.required_features.iter().all(|feature| is_declared(feature.as_str()));
    if all { Ok(()) } else { Err(Failure::DeclaredFeatures) }
}
