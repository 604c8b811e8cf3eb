//! What of the Job controller differs between releases.

use crate::api::KubernetesVersion;

/// The rules of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRules {
    /// While missing pods wait for the end of a back-off, `status.active` is the number of pods that are active (from 1.37).
    /// Before, it is 0, which the API server refuses while some are ready, and with it all that the status would have told
    /// (kubernetes/kubernetes#139428; later patch releases have the fix too).
    pub counts_active_in_back_off: bool,
}

impl JobRules {
    /// The rules of a release.
    pub const fn of(version: KubernetesVersion) -> Self {
        Self { counts_active_in_back_off: version.is_at_least(KubernetesVersion::V1_37) }
    }
}
