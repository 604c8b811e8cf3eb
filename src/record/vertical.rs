//! What the Vertical Pod Autoscaler did.

use crate::units::{Bytes, MilliCpu, SimTime};
use smol_str::SmolStr;

/// A recommendation for a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerTarget {
    /// The container.
    pub container: SmolStr,
    /// Target, lower and upper bound of CPU; absent where CPU is not controlled.
    pub cpu: Option<[MilliCpu; 3]>,
    /// The same of memory.
    pub memory: Option<[Bytes; 3]>,
}

/// Something that the Vertical Pod Autoscaler did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpaRecord {
    /// When.
    pub at: SimTime,
    /// Namespace of the VerticalPodAutoscaler.
    pub namespace: SmolStr,
    /// Its name.
    pub name: SmolStr,
    /// Its target, as `Deployment/web`.
    pub target: SmolStr,
    /// What it did: `Recommended`, `Evicted`, `Resized`, or `Refused` by the eviction API.
    pub decision: &'static str,
    /// The pod; empty for a recommendation.
    pub pod: SmolStr,
    /// Why the pod was updated; empty for a recommendation.
    pub reason: &'static str,
    /// The recommendation that holds then.
    pub containers: Vec<ContainerTarget>,
}
