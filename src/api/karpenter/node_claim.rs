//! `NodeClaim` of `karpenter.sh/v1`: a node that Karpenter asked for.

use super::{KarpenterRequirement, keys};
use crate::api::{ApiObject, ConditionStatus, Kind, Name, ObjectMeta, ResourceList, Taint};
use crate::units::{SimDuration, SimTime};

/// A `NodeClaim`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeClaim {
    /// Identity; the claim has no namespace.
    pub meta: ObjectMeta,
    /// `spec`.
    pub spec: NodeClaimSpec,
    /// `status`.
    pub status: NodeClaimStatus,
}

/// `spec` of a NodeClaim. It never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeClaimSpec {
    /// Taints of the node.
    pub taints: Vec<Taint>,
    /// Taints that the node starts with, and that something on it removes.
    pub startup_taints: Vec<Taint>,
    /// What the node must be.
    pub requirements: Vec<KarpenterRequirement>,
    /// `resources.requests`: what the pods that it was made for ask for.
    pub requests: ResourceList,
    /// The class of the provider.
    pub node_class: NodeClassReference,
    /// How long draining may take; `None` is forever.
    pub termination_grace_period: Option<SimDuration>,
    /// How long the node may live; `None` is `Never`.
    pub expire_after: Option<SimDuration>,
}

/// `nodeClassRef`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeClassReference {
    /// API group.
    pub group: Name,
    /// Kind, for example `EC2NodeClass`.
    pub kind: Name,
    /// Name.
    pub name: Name,
}

/// `status` of a NodeClaim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeClaimStatus {
    /// `nodeName`: the node, from its registration on.
    pub node_name: Option<Name>,
    /// `providerID`: the instance, from its launch on.
    pub provider_id: Option<Name>,
    /// `capacity` of the instance.
    pub capacity: ResourceList,
    /// `allocatable` of the instance.
    pub allocatable: ResourceList,
    /// `conditions`, each type at most once.
    pub conditions: Vec<NodeClaimCondition>,
    /// `lastPodEventTime`: when a pod last came to the node, ended or left it.
    pub last_pod_event: Option<SimTime>,
}

/// A condition of a NodeClaim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClaimCondition {
    /// `type`.
    pub condition_type: NodeClaimConditionType,
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`.
    pub reason: Name,
    /// `message`.
    pub message: Name,
    /// `lastTransitionTime`.
    pub last_transition: SimTime,
}

macro_rules! condition_types {
    ($($(#[doc = $doc:literal])+ $condition:ident = $name:literal;)+) => {
        /// Type of a condition of a NodeClaim.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum NodeClaimConditionType {
            $($(#[doc = $doc])+ $condition,)+
        }

        impl NodeClaimConditionType {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$condition,)+];

            /// The API's word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$condition => $name,)+
                }
            }
        }
    };
}

condition_types! {
    /// The provider has started the instance.
    Launched = "Launched";
    /// The node has joined, with the labels and taints of the NodeClaim.
    Registered = "Registered";
    /// The node is ready for pods.
    Initialized = "Initialized";
    /// No pod came or left for `consolidateAfter`.
    Consolidatable = "Consolidatable";
    /// The node is no longer what its NodePool asks for.
    Drifted = "Drifted";
    /// Its pods are gone.
    Drained = "Drained";
    /// Its volumes are detached.
    VolumesDetached = "VolumesDetached";
    /// The provider was told to stop the instance.
    InstanceTerminating = "InstanceTerminating";
    /// The node matches its NodeClaim.
    ConsistentStateFound = "ConsistentStateFound";
    /// Why the node is being disrupted by choice.
    DisruptionReason = "DisruptionReason";
    /// All of Launched, Registered and Initialized.
    Ready = "Ready";
}

impl NodeClaimStatus {
    /// A condition.
    #[must_use]
    pub fn condition(&self, condition_type: NodeClaimConditionType) -> Option<&NodeClaimCondition> {
        self.conditions.iter().find(|condition| condition.condition_type == condition_type)
    }

    /// Whether a condition is true.
    #[must_use]
    pub fn is_true(&self, condition_type: NodeClaimConditionType) -> bool {
        self.condition(condition_type).is_some_and(|condition| condition.status == ConditionStatus::True)
    }

    /// Sets a condition; the time of its transition stays as long as its status does.
    pub fn set_condition(&mut self, condition: NodeClaimCondition) {
        match self.conditions.iter_mut().find(|known| known.condition_type == condition.condition_type) {
            Some(known) => {
                let since =
                    if known.status == condition.status { known.last_transition } else { condition.last_transition };
                *known = NodeClaimCondition { last_transition: since, ..condition };
            }
            None => self.conditions.push(condition),
        }
    }

    /// Removes a condition.
    pub fn clear_condition(&mut self, condition_type: NodeClaimConditionType) {
        self.conditions.retain(|condition| condition.condition_type != condition_type);
    }
}

impl NodeClaim {
    /// The name of its NodePool; `None` of a claim that belongs to none.
    #[must_use]
    pub fn node_pool(&self) -> Option<&Name> {
        self.meta.labels.get(keys::NODE_POOL)
    }
}

impl ApiObject for NodeClaim {
    fn kind(&self) -> Kind {
        Kind::NodeClaim
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
