//! Typed ids: dense indexes into the cluster's arenas. An id is never reused within a run.

macro_rules! id {
    ($($(#[$docs:meta])* $name:ident;)+) => {$(
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id at a position of its arena.
            ///
            /// # Panics
            /// If a run holds more than 2^32 objects of the kind.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 objects of a kind"))
            }

            /// The position in its arena.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

id! {
    /// A node.
    NodeId;
    /// A pod.
    PodId;
    /// A pod template; equal templates have one id.
    TemplateId;
    /// A namespace.
    NamespaceId;
    /// A Deployment.
    DeploymentId;
    /// A ReplicaSet.
    ReplicaSetId;
    /// A StatefulSet.
    StatefulSetId;
    /// A DaemonSet.
    DaemonSetId;
    /// A HorizontalPodAutoscaler.
    HpaId;
    /// A persistent volume.
    VolumeId;
    /// A claim.
    ClaimId;
    /// A Service.
    ServiceId;
    /// A top-level workload: what a pod's chain of owners ends in.
    WorkloadId;
}
