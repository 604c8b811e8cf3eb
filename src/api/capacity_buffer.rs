//! CapacityBuffers: room that node autoscalers keep free for pods that are yet to come.

use super::{ApiObject, Kind, Name, ObjectMeta, ResourceList};

/// The strategy that both autoscalers know: nodes that run and wait.
pub const ACTIVE_CAPACITY: &str = "buffer.x-k8s.io/active-capacity";

/// `spec.scalableRef`: the workload whose pods the room is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalableReference {
    /// `apiGroup`; empty for the core group.
    pub group: Name,
    /// `kind`.
    pub kind: Name,
    /// `name`.
    pub name: Name,
}

/// What a chunk of the buffer looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BufferShape {
    /// `spec.podTemplateRef`: as a PodTemplate of the same namespace.
    PodTemplate(Name),
    /// `spec.scalableRef`: as the pods of a workload.
    Scalable(ScalableReference),
}

/// A `CapacityBuffer` (`autoscaling.x-k8s.io/v1beta1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityBuffer {
    /// Identity.
    pub meta: ObjectMeta,
    /// The shape of a chunk; `None` where the spec names none, which its controller reports.
    pub shape: Option<BufferShape>,
    /// `spec.replicas`: chunks to keep.
    pub replicas: Option<i32>,
    /// `spec.percentage`: chunks to keep, in percent of the workload's replicas.
    pub percentage: Option<i32>,
    /// `spec.limits`: what all chunks together may request.
    pub limits: Option<ResourceList>,
    /// `spec.provisioningStrategy`.
    pub strategy: Name,
}

impl ApiObject for CapacityBuffer {
    fn kind(&self) -> Kind {
        Kind::CapacityBuffer
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
