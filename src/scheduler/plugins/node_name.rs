//! NodeName: a pod that names a node fits no other.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability};
use super::plugin::Plugin;
use crate::scheduler::framework::{EventKind, Failure, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::Filter],
    events: &[EventKind::NodeAdd],
    indexability: Indexability::WhenIdle(|pod| pod.node_name.is_none()),
    ..Descriptor::of(Plugin::NodeName, "NodeName")
};

/// The pod names another node.
static ERR_REASON: Reason =
    Reason::unresolvable(Plugin::NodeName, Words::Fixed("node(s) didn't match the requested node name"));

/// Rejects every node but the one that the pod names.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    match &pod.node_name {
        Some(name) if *name != node.node().meta.name => Err(Failure::of(&ERR_REASON)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{node_named, pod};
    use super::*;
    use crate::api::PodSpec;

    #[test]
    fn a_named_node_is_the_only_one() {
        let cases =
            [(None, true, "names none"), (Some("a"), true, "names this one"), (Some("b"), false, "names another")];
        for (name, fits, why) in cases {
            let pod = PodInfo { node_name: name.map(Into::into), ..pod(PodSpec::default()) };
            let expected = if fits { Ok(()) } else { Err(Failure::of(&ERR_REASON)) };
            assert_eq!(filter(&pod, &node_named("a")), expected, "{why}");
        }
    }
}
