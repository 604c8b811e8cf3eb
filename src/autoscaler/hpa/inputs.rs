//! What the decision on one HorizontalPodAutoscaler reads.

use super::HpaConfig;
use super::pod::{AlikePods, HpaPod};
use crate::api::HorizontalPodAutoscaler;

/// What the scale's selector says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScaleSelector {
    /// It selects the pods given, and no other autoscaler selects one of them.
    #[default]
    Valid,
    /// It is missing or cannot be parsed.
    Invalid,
    /// A pod that it selects is selected by another HorizontalPodAutoscaler too.
    Ambiguous,
}

/// The scale subresource of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `status.replicas`.
    pub status_replicas: i32,
    /// `status.selector`.
    pub selector: ScaleSelector,
}

/// What one decision reads.
#[derive(Debug)]
pub struct HpaInputs<'a, M: ?Sized> {
    /// Parameters.
    pub config: &'a HpaConfig,
    /// The object.
    pub hpa: &'a HorizontalPodAutoscaler,
    /// The target's scale; `None` where it cannot be read.
    pub scale: Option<Scale>,
    /// The pods that the scale's selector matches, in any order, each by itself.
    pub pods: &'a [HpaPod<'a>],
    /// Those that are taken together instead.
    pub alike: &'a [AlikePods<'a>],
    /// The metrics APIs.
    pub metrics: &'a M,
}
