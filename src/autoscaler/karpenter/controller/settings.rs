//! Settings of a running Karpenter, by the names of its own.

use crate::autoscaler::karpenter::options::{MinValuesPolicy, PreferencePolicy, Version};
use crate::engine::RandomStreams;
use crate::units::SimDuration;
use jiff::Timestamp;

/// The settings.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a feature gate of the real program")]
pub struct KarpenterSettings {
    /// The release.
    pub version: Version,
    /// `BATCH_IDLE_DURATION`.
    pub batch_idle: SimDuration,
    /// `BATCH_MAX_DURATION`.
    pub batch_max: SimDuration,
    /// `PREFERENCE_POLICY`.
    pub preference_policy: PreferencePolicy,
    /// `MIN_VALUES_POLICY`.
    pub min_values_policy: MinValuesPolicy,
    /// Feature gate `SpotToSpotConsolidation`.
    pub spot_to_spot_consolidation: bool,
    /// Feature gate `ReservedCapacity`.
    pub reserved_capacity: bool,
    /// Feature gate `CapacityBuffer`.
    pub capacity_buffer: bool,
    /// Feature gate `StaticCapacity`.
    pub static_capacity: bool,
    /// From the moment a node is ready to that at which what runs on it has removed its startup taints.
    pub startup_taints_removed_after: SimDuration,
    /// The calendar time of the start.
    pub calendar_start: Timestamp,
    /// The random numbers.
    pub streams: RandomStreams,
}
