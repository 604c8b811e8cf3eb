//! The controller's parameters.

use crate::api::KubernetesVersion;
use crate::units::SimDuration;

/// Flags of kube-controller-manager and feature gates that the HorizontalPodAutoscaler controller reads (Kubernetes
/// 1.36, `pkg/controller/podautoscaler/config/v1alpha1/defaults.go` and `pkg/features/kube_features.go`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a feature gate of its own")]
pub struct HpaConfig {
    /// `--horizontal-pod-autoscaler-sync-period`, 15 s: each object is reconciled this long after its last
    /// reconcile, the first time this long after it was created. [`desired_replicas`](super::desired_replicas) does not read it;
    /// the running controller does.
    pub sync_period: SimDuration,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`, 300 s.
    pub downscale_stabilization: SimDuration,
    /// `--horizontal-pod-autoscaler-tolerance`, 0.1: a ratio of current to target value this close to 1 changes nothing.
    pub tolerance: f64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`, 300 s: how long after its start a pod's cpu samples may
    /// be skipped.
    pub cpu_initialization_period: SimDuration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`, 30 s: a pod that turned unready sooner after its start
    /// counts as never ready.
    pub initial_readiness_delay: SimDuration,
    /// Gate `HPAConfigurableTolerance`, on from 1.35: `behavior.*.tolerance` counts.
    pub configurable_tolerance: bool,
    /// Gate `HPAScaleToZero`, on from 1.37.
    pub scale_to_zero: bool,
    /// Gate `HPAGeneration`, on from 1.37: an object is reconciled as soon as it is created or its spec changes.
    pub reconciles_changes_at_once: bool,
    /// Gate `PodLevelResources`, on from 1.34: `spec.resources.requests` of a pod takes the place of its containers'.
    pub pod_level_resources: bool,
}

impl Default for HpaConfig {
    fn default() -> Self {
        Self {
            sync_period: SimDuration::from_secs(15),
            downscale_stabilization: SimDuration::from_minutes(5),
            tolerance: 0.1,
            cpu_initialization_period: SimDuration::from_minutes(5),
            initial_readiness_delay: SimDuration::from_secs(30),
            configurable_tolerance: true,
            scale_to_zero: false,
            reconciles_changes_at_once: false,
            pod_level_resources: true,
        }
    }
}

impl HpaConfig {
    /// The default flags and the gates of a release; `scale_to_zero` is the gate `HPAScaleToZero` where it is set by hand.
    #[must_use]
    pub fn of(version: KubernetesVersion, scale_to_zero: Option<bool>) -> Self {
        let is_1_37 = version.is_at_least(KubernetesVersion::V1_37);
        Self {
            configurable_tolerance: version.is_at_least(KubernetesVersion::V1_35),
            scale_to_zero: scale_to_zero.unwrap_or(is_1_37),
            reconciles_changes_at_once: is_1_37,
            ..Self::default()
        }
    }
}
