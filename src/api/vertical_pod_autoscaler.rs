//! `autoscaling.k8s.io/v1` VerticalPodAutoscaler, after defaulting (Vertical Pod Autoscaler 1.6
//! `pkg/apis/autoscaling.k8s.io/v1/types.go`).

use super::{ApiObject, CrossVersionObjectReference, Kind, Name, ObjectMeta};
use crate::units::{Bytes, MilliCpu, SimDuration};

/// Amounts of the two resources that a VerticalPodAutoscaler knows; an amount that is not named has no say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CpuAndMemory {
    /// `cpu`.
    pub cpu: Option<MilliCpu>,
    /// `memory`.
    pub memory: Option<Bytes>,
}

/// `updatePolicy.updateMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VpaUpdateMode {
    /// Recommends only.
    Off,
    /// New pods get the recommendation; running ones keep what they have.
    Initial,
    /// Pods far from the recommendation are evicted.
    #[default]
    Recreate,
    /// Pods are resized in place where that is possible, and evicted otherwise.
    InPlaceOrRecreate,
    /// Pods are resized in place, or left alone.
    InPlace,
}

impl VpaUpdateMode {
    /// Whether running pods are brought to the recommendation.
    #[must_use]
    pub const fn updates(self) -> bool {
        matches!(self, Self::Recreate | Self::InPlaceOrRecreate | Self::InPlace)
    }

    /// Whether new pods get the recommendation.
    #[must_use]
    pub const fn admits(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Its name; `Auto` is another name of `Recreate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Initial => "Initial",
            Self::Recreate => "Recreate",
            Self::InPlaceOrRecreate => "InPlaceOrRecreate",
            Self::InPlace => "InPlace",
        }
    }
}

/// What of a container's target may change for its pod to be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvictionChange {
    /// `TargetHigherThanRequests`.
    TargetHigherThanRequests,
    /// `TargetLowerThanRequests`.
    TargetLowerThanRequests,
}

/// One of `updatePolicy.evictionRequirements`: one of these resources has to change in this direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EvictionRequirement {
    /// Whether `cpu` is among the resources.
    pub cpu: bool,
    /// Whether `memory` is among them.
    pub memory: bool,
    /// The direction.
    pub change: EvictionChange,
}

/// `controlledValues` of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ControlledValues {
    /// Limits keep their ratio to the requests.
    #[default]
    RequestsAndLimits,
    /// Limits stay, and cap the requests.
    RequestsOnly,
}

/// One of `resourcePolicy.containerPolicies`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerResourcePolicy {
    /// The container, or `*` for all without a policy of their own.
    pub container_name: Name,
    /// Whether `mode` is `Off`: the container gets no recommendation.
    pub is_off: bool,
    /// `minAllowed`.
    pub min_allowed: CpuAndMemory,
    /// `maxAllowed`.
    pub max_allowed: CpuAndMemory,
    /// Whether `controlledResources` has `cpu`.
    pub controls_cpu: bool,
    /// Whether `controlledResources` has `memory`.
    pub controls_memory: bool,
    /// `controlledValues`.
    pub controlled_values: ControlledValues,
    /// `oomBumpUpRatio` in thousandths, which goes before the recommender's flag.
    pub oom_bump_up_ratio_milli: Option<i64>,
    /// `oomMinBumpUp`, which goes before the recommender's flag.
    pub oom_min_bump_up: Option<Bytes>,
}

/// A `VerticalPodAutoscaler`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerticalPodAutoscaler {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.targetRef`.
    pub target: CrossVersionObjectReference,
    /// `spec.updatePolicy.updateMode`.
    pub update_mode: VpaUpdateMode,
    /// Whether the mode was written `Auto`, the deprecated name of `Recreate`.
    pub is_auto: bool,
    /// `spec.updatePolicy.minReplicas`, which goes before the updater's flag.
    pub min_replicas: Option<i32>,
    /// `spec.updatePolicy.evictionRequirements`: all must hold.
    pub eviction_requirements: Vec<EvictionRequirement>,
    /// `spec.updatePolicy.evictAfterOOMSeconds`, which goes before the updater's flag.
    pub evict_after_oom: Option<SimDuration>,
    /// `spec.resourcePolicy.containerPolicies`.
    pub container_policies: Vec<ContainerResourcePolicy>,
}

impl ApiObject for VerticalPodAutoscaler {
    fn kind(&self) -> Kind {
        Kind::VerticalPodAutoscaler
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

impl VerticalPodAutoscaler {
    /// The policy of a container: its own, else that of `*`.
    #[must_use]
    pub fn policy_of(&self, container: &str) -> Option<&ContainerResourcePolicy> {
        container_policy(&self.container_policies, container)
    }
}

/// The policy of a container: its own, else that of `*` (`GetContainerResourcePolicy`).
#[must_use]
pub fn container_policy<'a>(
    policies: &'a [ContainerResourcePolicy],
    container: &str,
) -> Option<&'a ContainerResourcePolicy> {
    let named = |name: &str| policies.iter().find(|policy| &*policy.container_name == name);
    named(container).or_else(|| named("*"))
}

/// What is recommended for a container: one of `status.recommendation.containerRecommendations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecommendedContainerResources {
    /// The container.
    pub container_name: Name,
    /// What its requests should be.
    pub target: CpuAndMemory,
    /// Requests below are too low.
    pub lower_bound: CpuAndMemory,
    /// Requests above are too high.
    pub upper_bound: CpuAndMemory,
    /// The target without the resource policy.
    pub uncapped_target: CpuAndMemory,
}
