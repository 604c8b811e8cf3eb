//! Why a node was rejected: a small copyable value, rendered to Kubernetes' words only when a message is wanted.

use crate::scheduler::config::KubernetesVersion;
use crate::scheduler::plugins::Plugin;
use crate::scheduler::view::{NodeInfo, PodInfo};
use std::fmt::Write as _;

/// Whether removing pods could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Preemption may help.
    Unschedulable,
    /// Preemption cannot help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// The name in the framework.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// What NodeResourcesFit found short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "any combination occurs")]
pub struct Shortage {
    /// The node has no room for one more pod.
    pub pods: bool,
    /// `cpu`.
    pub cpu: bool,
    /// `memory`.
    pub memory: bool,
    /// `ephemeral-storage`.
    pub ephemeral_storage: bool,
    /// Bit k: the k-th scalar resource of the pod's requests. A pod with more than 64 has its last ones share a bit.
    pub scalars: u64,
    /// Some request exceeds all that the node has.
    pub unresolvable: bool,
}

impl Shortage {
    /// Whether nothing is short.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.pods || self.cpu || self.memory || self.ephemeral_storage) && self.scalars == 0
    }
}

/// What VolumeBinding found wrong with a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "any combination occurs")]
pub struct VolumeConflicts {
    /// No PersistentVolume fits a claim, and none can be provisioned.
    pub bind: bool,
    /// A bound PersistentVolume cannot be used on the node.
    pub node_affinity: bool,
    /// The storage backend has no room near the node.
    pub free_storage: bool,
    /// A bound PersistentVolume does not exist.
    pub missing_volume: bool,
}

/// Why one node was rejected. Each value belongs to one plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// NodeUnschedulable: cordoned.
    Unschedulable,
    /// NodeName: the pod names another node.
    NodeName,
    /// TaintToleration: the taint at this position of the node's list is not tolerated.
    UntoleratedTaint(u16),
    /// NodeAffinity: the profile's `addedAffinity`.
    EnforcedNodeAffinity,
    /// NodeAffinity: node selector or required terms.
    NodeAffinity,
    /// A node outside the set that NodeAffinity's PreFilter gave.
    OutsidePreFilterNodes,
    /// NodePorts: a host port is taken.
    NodePorts,
    /// NodeResourcesFit: something is short.
    Resources(Shortage),
    /// VolumeRestrictions: an in-line disk is in use by another pod of the node.
    DiskConflict,
    /// VolumeRestrictions: a ReadWriteOncePod claim is in use.
    ReadWriteOncePod,
    /// NodeVolumeLimits: the CSI driver's limit.
    MaxVolumeCount,
    /// VolumeBinding.
    VolumeBinding(VolumeConflicts),
    /// VolumeZone.
    VolumeZone,
    /// PodTopologySpread: the skew would be too large.
    TopologySpread,
    /// PodTopologySpread: the node lacks a topology key.
    TopologySpreadMissingLabel,
    /// InterPodAffinity: the pod's required affinity.
    PodAffinity,
    /// InterPodAffinity: the pod's required anti-affinity.
    PodAntiAffinity,
    /// InterPodAffinity: the required anti-affinity of a pod that is there.
    ExistingPodAntiAffinity,
    /// DynamicResources: the node's free devices do not suffice.
    CannotAllocateClaims,
    /// NodeDeclaredFeatures: a required feature is not declared.
    DeclaredFeatures,
}

/// The reason that a rejected node set gives for the nodes outside it.
const OUTSIDE_PRE_FILTER_NODES: &str = "node(s) didn't satisfy plugin(s) [NodeAffinity]";

impl Failure {
    /// The plugin that rejected the node.
    #[must_use]
    pub const fn plugin(self) -> Plugin {
        match self {
            Self::Unschedulable => Plugin::NodeUnschedulable,
            Self::NodeName => Plugin::NodeName,
            Self::UntoleratedTaint(_) => Plugin::TaintToleration,
            Self::EnforcedNodeAffinity | Self::NodeAffinity | Self::OutsidePreFilterNodes => Plugin::NodeAffinity,
            Self::NodePorts => Plugin::NodePorts,
            Self::Resources(_) => Plugin::NodeResourcesFit,
            Self::DiskConflict | Self::ReadWriteOncePod => Plugin::VolumeRestrictions,
            Self::MaxVolumeCount => Plugin::NodeVolumeLimits,
            Self::VolumeBinding(_) => Plugin::VolumeBinding,
            Self::VolumeZone => Plugin::VolumeZone,
            Self::TopologySpread | Self::TopologySpreadMissingLabel => Plugin::PodTopologySpread,
            Self::PodAffinity | Self::PodAntiAffinity | Self::ExistingPodAntiAffinity => Plugin::InterPodAffinity,
            Self::CannotAllocateClaims => Plugin::DynamicResources,
            Self::DeclaredFeatures => Plugin::NodeDeclaredFeatures,
        }
    }

    /// Whether preemption could help.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Resources(Shortage { unresolvable: false, .. })
            | Self::NodePorts
            | Self::DiskConflict
            | Self::ReadWriteOncePod
            | Self::MaxVolumeCount
            | Self::TopologySpread
            | Self::PodAntiAffinity
            | Self::ExistingPodAntiAffinity => Code::Unschedulable,
            _ => Code::UnschedulableAndUnresolvable,
        }
    }

    /// Calls `each` with every reason in Kubernetes' words. `pod` is the pod that was rejected; `node` the node.
    pub fn for_each_reason(
        self,
        pod: &PodInfo,
        node: &NodeInfo,
        version: KubernetesVersion,
        each: &mut dyn FnMut(&str),
    ) {
        match self {
            Self::Unschedulable => each("node(s) were unschedulable"),
            Self::NodeName => each("node(s) didn't match the requested node name"),
            Self::UntoleratedTaint(position) => match node.node().taints.get(usize::from(position)) {
                Some(taint) if version.taint_reason_names_taint() => {
                    each(&format!("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value));
                }
                _ => each("node(s) had untolerated taint(s)"),
            },
            Self::EnforcedNodeAffinity => each("node(s) didn't match scheduler-enforced node affinity"),
            Self::NodeAffinity => each("node(s) didn't match Pod's node affinity/selector"),
            Self::OutsidePreFilterNodes => each(OUTSIDE_PRE_FILTER_NODES),
            Self::NodePorts => each("node(s) didn't have free ports for the requested pod ports"),
            Self::Resources(shortage) => shortage_reasons(shortage, pod, each),
            Self::DiskConflict => each("node(s) had no available disk"),
            Self::ReadWriteOncePod => each(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use \
                 by another pod",
            ),
            Self::MaxVolumeCount => each("node(s) exceed max volume count"),
            Self::VolumeBinding(conflicts) => {
                if conflicts.node_affinity {
                    each("node(s) didn't match PersistentVolume's node affinity");
                }
                if conflicts.bind {
                    each("node(s) didn't find available persistent volumes to bind");
                }
                if conflicts.free_storage {
                    each("node(s) did not have enough free storage");
                }
                if conflicts.missing_volume {
                    each("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
                }
            }
            Self::VolumeZone => each("node(s) had no available volume zone"),
            Self::TopologySpread => each("node(s) didn't match pod topology spread constraints"),
            Self::TopologySpreadMissingLabel => {
                each("node(s) didn't match pod topology spread constraints (missing required label)");
            }
            Self::PodAffinity => each("node(s) didn't match pod affinity rules"),
            Self::PodAntiAffinity => each("node(s) didn't match pod anti-affinity rules"),
            Self::ExistingPodAntiAffinity => each("node(s) didn't satisfy existing pods anti-affinity rules"),
            Self::CannotAllocateClaims => each("cannot allocate all claims"),
            Self::DeclaredFeatures => each("node(s) didn't match Pod's required features"),
        }
    }
}

/// `Too many pods` and `Insufficient ...`, in the order in which the filter looks at them.
fn shortage_reasons(shortage: Shortage, pod: &PodInfo, each: &mut dyn FnMut(&str)) {
    if shortage.pods {
        each("Too many pods");
    }
    if shortage.cpu {
        each("Insufficient cpu");
    }
    if shortage.memory {
        each("Insufficient memory");
    }
    if shortage.ephemeral_storage {
        each("Insufficient ephemeral-storage");
    }
    let mut text = String::new();
    for (position, (name, _)) in pod.requests().requests.scalar.iter().enumerate() {
        if shortage.scalars & scalar_bit(position) != 0 {
            text.clear();
            // Writing to a string cannot fail.
            let _ = write!(text, "Insufficient {name}");
            each(&text);
        }
    }
}

/// The bit of the scalar resource at `position` of a pod's requests.
pub(crate) const fn scalar_bit(position: usize) -> u64 {
    1 << if position < 63 { position } else { 63 }
}
