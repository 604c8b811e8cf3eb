//! Amounts by resource: what a container requests, what a node offers.

use super::{Name, QuantityFormat};
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

/// Whether a resource is an extended one (`IsExtendedResourceName`, component-helpers 1.36): a name with a domain that
/// is not Kubernetes' own.
#[must_use]
pub fn is_extended_resource_name(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
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
    /// How the amounts were written.
    pub formats: ResourceFormats,
}

/// How the amounts of a list were written, which makes no difference but in messages. Huge pages are written as bytes, and
/// other resources as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceFormats {
    /// Of `cpu`.
    pub cpu: QuantityFormat,
    /// Of `memory`.
    pub memory: QuantityFormat,
    /// Of `ephemeral-storage`.
    pub ephemeral_storage: QuantityFormat,
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
