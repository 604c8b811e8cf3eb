//! Amounts by resource: what a container requests, what a node offers.

use super::Name;
use crate::units::{Bytes, MilliCpu};
use std::sync::Arc;

/// A resource name such as `cpu`, `memory` or `nvidia.com/gpu`.
pub type ResourceName = Name;

/// Whether a name is that of a resource that nodes offer to pods: one of Kubernetes' own, or one with a domain.
#[must_use]
pub fn is_resource_name(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods")
        || name.contains('/')
        || name.starts_with("hugepages-")
        || name.starts_with("attachable-volumes-")
}

/// A resource in a scheduler argument or a failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKey {
    /// `cpu`, in millicores.
    Cpu,
    /// `memory`, in bytes.
    Memory,
    /// `ephemeral-storage`, in bytes.
    EphemeralStorage,
    /// Any other resource, in whole units.
    Scalar(ResourceName),
}

impl ResourceKey {
    /// The resource of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "cpu" => Self::Cpu,
            "memory" => Self::Memory,
            "ephemeral-storage" => Self::EphemeralStorage,
            other => Self::Scalar(ResourceName::from(other)),
        }
    }
}

/// Amounts by resource name. A missing entry differs from a zero one: `requests: {cpu: 0}` is not "no request".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceList {
    /// `cpu`.
    pub cpu: Option<MilliCpu>,
    /// `memory`.
    pub memory: Option<Bytes>,
    /// `ephemeral-storage`.
    pub ephemeral_storage: Option<Bytes>,
    /// `pods`: meaningful on nodes only.
    pub pods: Option<i64>,
    /// Every other resource (extended resources, huge pages, attachable volumes), in whole units, sorted by name.
    pub scalar: Arc<[(ResourceName, i64)]>,
}

impl ResourceList {
    /// The amount of a scalar resource.
    #[must_use]
    pub fn scalar(&self, name: &str) -> Option<i64> {
        self.scalar.binary_search_by(|(listed, _)| (**listed).cmp(name)).ok().map(|index| self.scalar[index].1)
    }

    /// Whether no resource is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none()
            && self.memory.is_none()
            && self.ephemeral_storage.is_none()
            && self.pods.is_none()
            && self.scalar.is_empty()
    }
}
