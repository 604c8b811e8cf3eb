//! Karpenter's settings, by the names of its own.

use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Karpenter. It runs if this is given, or if a manifest holds a NodePool of `karpenter.sh/v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Karpenter {
    /// The release whose rules apply: 1.13.0 or 1.14.0. Default 1.14.0.
    pub version: KarpenterVersion,
    /// `BATCH_IDLE_DURATION`: a batch of pods that wait ends when no other has come for so long. Default 1 s.
    pub batch_idle_duration: Duration,
    /// `BATCH_MAX_DURATION`: a batch ends after so long at the latest. Default 10 s.
    pub batch_max_duration: Duration,
    /// `PREFERENCE_POLICY`: whether preferred affinity and ScheduleAnyway spread are tried as if they were required.
    /// Default Respect.
    pub preference_policy: PreferencePolicy,
    /// `MIN_VALUES_POLICY`: whether a node is made that cannot keep `minValues`. Default Strict.
    pub min_values_policy: MinValuesPolicy,
    /// `FEATURE_GATES`.
    pub feature_gates: KarpenterFeatureGates,
    /// From the moment a node is ready to that at which what runs on it has removed its startup taints. Default 10 s: an
    /// assumption (an agent of a DaemonSet that starts and finds all in order).
    pub startup_taints_removed_after: Duration,
}

impl Default for Karpenter {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            version: KarpenterVersion::default(),
            batch_idle_duration: seconds(1),
            batch_max_duration: seconds(10),
            preference_policy: PreferencePolicy::default(),
            min_values_policy: MinValuesPolicy::default(),
            feature_gates: KarpenterFeatureGates::default(),
            startup_taints_removed_after: seconds(10),
        }
    }
}

/// A release of Karpenter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KarpenterVersion {
    /// 1.13.0.
    #[serde(rename = "1.13.0")]
    V1_13,
    /// 1.14.0.
    #[default]
    #[serde(rename = "1.14.0")]
    V1_14,
}

/// `PREFERENCE_POLICY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PreferencePolicy {
    /// Preferences are required first, then given up one by one.
    #[default]
    Respect,
    /// Preferences are not looked at.
    Ignore,
}

/// `MIN_VALUES_POLICY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MinValuesPolicy {
    /// No such node is made.
    #[default]
    Strict,
    /// `minValues` is lowered to what there is.
    BestEffort,
}

/// `FEATURE_GATES` of Karpenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a feature gate of the real program")]
pub struct KarpenterFeatureGates {
    /// A spot node may be replaced by a cheaper one. Default false.
    #[serde(rename = "SpotToSpotConsolidation")]
    pub spot_to_spot_consolidation: bool,
    /// Reserved capacity is used. Default true.
    #[serde(rename = "ReservedCapacity")]
    pub reserved_capacity: bool,
    /// CapacityBuffers are kept free. Default false.
    #[serde(rename = "CapacityBuffer")]
    pub capacity_buffer: bool,
    /// NodePools with `replicas` keep so many nodes. Default false.
    #[serde(rename = "StaticCapacity")]
    pub static_capacity: bool,
}

impl Default for KarpenterFeatureGates {
    fn default() -> Self {
        Self {
            spot_to_spot_consolidation: false,
            reserved_capacity: true,
            capacity_buffer: false,
            static_capacity: false,
        }
    }
}
