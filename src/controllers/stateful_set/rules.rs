//! What of the StatefulSet controller differs between releases.

use crate::api::KubernetesVersion;

/// How many pods a rolling update may take at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateBudget {
    /// One, and `maxUnavailable` is ignored: the gate `MaxUnavailableStatefulSet` is off (1.34, 1.36).
    One,
    /// `maxUnavailable`, in which every unavailable pod counts (1.35).
    MaxUnavailable,
    /// The same, but with `Parallel` an unavailable pod of an older revision is replaced in any case (1.37,
    /// kubernetes/kubernetes#137666).
    MaxUnavailableForNewPods,
}

/// The rules of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatefulSetRules {
    /// How many pods a rolling update may take at a time.
    pub update_budget: UpdateBudget,
    /// A sync comes when the next pod becomes available (from 1.36). Before, one came `minReadySeconds` after a sync that
    /// found pods missing, which may see a pod up to another `minReadySeconds` late (kubernetes/kubernetes#113878).
    pub syncs_when_available: bool,
}

impl StatefulSetRules {
    /// The rules of a release; `max_unavailable` is the gate `MaxUnavailableStatefulSet` where it is set by hand.
    pub fn of(version: KubernetesVersion, max_unavailable: Option<bool>) -> Self {
        let is_on = max_unavailable.unwrap_or(matches!(version, KubernetesVersion::V1_35 | KubernetesVersion::V1_37));
        let update_budget = match is_on {
            false => UpdateBudget::One,
            true if version.is_at_least(KubernetesVersion::V1_37) => UpdateBudget::MaxUnavailableForNewPods,
            true => UpdateBudget::MaxUnavailable,
        };
        Self { update_budget, syncs_when_available: version.is_at_least(KubernetesVersion::V1_36) }
    }
}
