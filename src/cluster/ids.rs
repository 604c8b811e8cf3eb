//! Typed ids: dense indexes into the cluster's arenas. An id is never reused within a run. An
//! optional id takes no more memory than an id.

use super::uid::Uid;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

macro_rules! id {
    ($($(#[$docs:meta])* $name:ident;)+) => {$(
        $(#[$docs])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(
            /// The index plus one.
            NonZeroU32,
        );

        impl $name {
            /// The id at a position of its arena.
            ///
            /// # Panics
            /// If a run holds 2^32 objects of the kind or more.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
                Self(number.expect("fewer than 2^32 objects of a kind"))
            }

            /// The position in its arena.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_tuple(stringify!($name)).field(&self.index()).finish()
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write_u32(self.0.get() - 1);
            }
        }
    )+};
}

/// Defines the ids of objects by kind, [`ObjectId`], and `for_object_id!`. `$dollar` is the token
/// of that name, which the macro that is defined needs.
macro_rules! objects {
    ($dollar:tt $($(#[$docs:meta])* $kind:ident($name:ident);)+) => {
        id! {
            $($(#[$docs])* $name;)+
        }

        /// An object of any kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ObjectId {
            $($(#[$docs])* $kind($name),)+
        }

        $(
            impl From<$name> for ObjectId {
                fn from(id: $name) -> Self {
                    Self::$kind(id)
                }
            }

            impl TryFrom<ObjectId> for $name {
                type Error = ObjectId;

                fn try_from(object: ObjectId) -> Result<Self, ObjectId> {
                    if let ObjectId::$kind(id) = object { Ok(id) } else { Err(object) }
                }
            }
        )+

        /// A number for each kind of id.
        enum Tag {
            $($kind,)+
        }

        impl ObjectId {
            /// `metadata.uid`.
            #[must_use]
            pub const fn uid(self) -> Uid {
                match self {
                    $(Self::$kind(id) => Uid::new(Tag::$kind as u8, id.index()),)+
                }
            }
        }

        /// Evaluates an expression for the id inside an [`ObjectId`], whatever its kind.
        macro_rules! for_object_id {
            ($dollar object:expr, $dollar id:ident => $dollar result:expr) => {
                match $dollar object {
                    $($crate::cluster::ObjectId::$kind($dollar id) => $dollar result,)+
                }
            };
        }
        pub(super) use for_object_id;
    };
}

objects! { $
    /// A node.
    Node(NodeId);
    /// A pod.
    Pod(PodId);
    /// A Deployment.
    Deployment(DeploymentId);
    /// A ReplicaSet or ReplicationController.
    ReplicaSet(ReplicaSetId);
    /// A StatefulSet.
    StatefulSet(StatefulSetId);
    /// A DaemonSet.
    DaemonSet(DaemonSetId);
    /// A Job.
    Job(JobId);
    /// A CronJob.
    CronJob(CronJobId);
    /// A Service.
    Service(ServiceId);
    /// A HorizontalPodAutoscaler.
    HorizontalPodAutoscaler(HpaId);
    /// A PodDisruptionBudget.
    PodDisruptionBudget(DisruptionBudgetId);
    /// A CapacityBuffer.
    CapacityBuffer(CapacityBufferId);
    /// A ResourceQuota.
    ResourceQuota(ResourceQuotaId);
    /// A namespace.
    Namespace(NamespaceId);
    /// A persistent volume.
    PersistentVolume(VolumeId);
    /// A claim.
    PersistentVolumeClaim(ClaimId);
    /// A NodePool.
    NodePool(NodePoolId);
    /// A NodeClaim.
    NodeClaim(NodeClaimId);
    /// An object that has no status and is found by name alone, such as a ConfigMap or a StorageClass.
    Plain(PlainObjectId);
    /// A VerticalPodAutoscaler.
    VerticalPodAutoscaler(VpaId);
    /// A ScaledObject.
    ScaledObject(ScaledObjectId);
}

id! {
    /// A pod template; equal templates have one id.
    TemplateId;
    /// A VolumeAttachment.
    AttachmentId;
    /// A group of equal nodes.
    NodeGroupId;
    /// A machine that a cloud was asked for.
    InstanceId;
    /// A top-level workload: what a pod's chain of owners ends in.
    WorkloadId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_may_be_missing_is_as_small_as_an_id() {
        assert_eq!(size_of::<Option<PodId>>(), size_of::<u32>());
        for index in [0, 1, 7_000_000] {
            assert_eq!(PodId::from_index(index).index(), index);
        }
        assert!(PodId::from_index(0) < PodId::from_index(1));
        assert_eq!(format!("{:?}", PodId::from_index(3)), "PodId(3)");
    }
}
