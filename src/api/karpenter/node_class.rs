//! The providers' classes of nodes, as far as they bear on what a node offers.

use crate::api::{ApiObject, Kind, ObjectMeta, ResourceList};
use crate::units::Bytes;

/// An `EC2NodeClass`, `AKSNodeClass`, `GCENodeClass` or `KWOKNodeClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClass {
    /// Which of them.
    pub kind: Kind,
    /// Identity; the class has no namespace.
    pub meta: ObjectMeta,
    /// Size of the disk that pods' ephemeral storage is on.
    pub root_volume: Option<Bytes>,
    /// `kubelet`.
    pub kubelet: KubeletConfiguration,
}

/// The part of a class's `kubelet` that bears on what a node offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeletConfiguration {
    /// `maxPods`.
    pub max_pods: Option<i64>,
    /// `podsPerCore`.
    pub pods_per_core: Option<i64>,
    /// `kubeReserved`.
    pub kube_reserved: ResourceList,
    /// `systemReserved`.
    pub system_reserved: ResourceList,
    /// `evictionHard[memory.available]` as an amount; `None` where it is not given, or given as a percentage.
    pub eviction_memory: Option<Bytes>,
    /// The same in percent of the capacity.
    pub eviction_memory_percent: Option<u32>,
}

impl ApiObject for NodeClass {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
