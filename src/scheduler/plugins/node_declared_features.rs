//! NodeDeclaredFeatures: features that the pod needs and the node must declare.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::api::KubernetesVersion;
use crate::scheduler::framework::{EventKind, Failure, NodeChange, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    is_default: KubernetesVersion::has_node_declared_features,
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter],
    events: &[EventKind::NodeAdd, EventKind::NodeUpdate(NodeChange::DeclaredFeatures)],
    indexability: Indexability::Indexed,
    ..Descriptor::of(Plugin::NodeDeclaredFeatures, "NodeDeclaredFeatures")
};

/// A required feature is not declared.
pub static ERR_REASON: Reason =
    Reason::unresolvable(Plugin::NodeDeclaredFeatures, Words::Fixed("node(s) didn't match Pod's required features"));

/// Whether the pod needs none.
pub fn skips(pod: &PodInfo) -> bool {
    pod.traits.required_features.is_empty()
}

/// Rejects a node that does not declare a feature that the pod needs.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let declared = &node.node().declared_features;
    let is_declared = |name: &str| declared.iter().any(|feature| **feature == *name);
    let all = pod.traits.required_features.iter().all(|feature| is_declared(feature.as_str()));
    if all { Ok(()) } else { Err(Failure::of(&ERR_REASON)) }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{node_of, pod};
    use super::*;
    use crate::api::{Node, PodSpec};

    #[test]
    fn what_is_needed_must_be_declared() {
        let needy = PodSpec { host_network: true, host_users: Some(false), ..PodSpec::default() };
        let feature = "UserNamespacesHostNetworkSupport";
        let cases = [
            (PodSpec::default(), &[][..], true, "needs none"),
            (needy.clone(), &[], false, "nothing is declared"),
            (needy.clone(), &["Another"], false, "another feature is declared"),
            (needy, &["Another", feature], true, "it is declared among others"),
        ];
        for (spec, declared, fits, why) in cases {
            let declared_features = declared.iter().map(|feature| (*feature).into()).collect();
            let node = node_of(Node { declared_features, ..Node::default() });
            let expected = if fits { Ok(()) } else { Err(Failure::of(&ERR_REASON)) };
            assert_eq!(filter(&pod(spec), &node), expected, "{why}");
        }
    }
}
