//! `PodDisruptionBudget` of `policy/v1`.

use super::{ApiObject, IntOrPercent, Kind, LabelSelector, ObjectMeta};

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodDisruptionBudget {
    /// Identity.
    pub meta: ObjectMeta,
    /// Which pods; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// Pods that must stay healthy.
    pub min_available: Option<IntOrPercent>,
    /// Pods that may be unhealthy.
    pub max_unavailable: Option<IntOrPercent>,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub always_allow_unhealthy: bool,
    /// `status.disruptionsAllowed` in a dump.
    pub disruptions_allowed: Option<i32>,
}

impl ApiObject for PodDisruptionBudget {
    fn kind(&self) -> Kind {
        Kind::PodDisruptionBudget
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn selector(&self) -> Option<&LabelSelector> {
        self.selector.as_ref()
    }
}
