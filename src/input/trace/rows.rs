//! The pods and nodes of a trace.

use super::shape::PodShape;
use crate::api::Name;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use std::sync::Arc;

/// A pod of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TracePod {
    /// Name, as in the trace.
    pub name: Name,
    /// When it is created, since the start of the trace.
    pub arrival: SimTime,
    /// How long it exists from its creation (openb) or its containers run from their start (generic); `None` is until the
    /// end.
    pub lifetime: Option<Lifetime>,
    /// What it has in common with other pods.
    pub shape: Arc<PodShape>,
}

/// What ends a pod of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It is deleted at this time since the start of the trace, whether it ran or not.
    DeletedAt(SimTime),
    /// Its containers end with exit code 0 this long after their start.
    RunsFor(SimDuration),
}

/// A node of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceNode {
    /// Name, as in the trace.
    pub name: String,
    /// When it joins, since the start of the trace.
    pub created: SimTime,
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Whole GPUs.
    pub gpus: i64,
    /// Model of the GPUs (node label `nvidia.com/gpu.product`).
    pub gpu_model: Option<Name>,
    /// Zone.
    pub zone: Option<Name>,
}
