//! The bounds of a scale, and down to zero (`pkg/reconciler/autoscaling/kpa/scaler.go`).

use super::config::KpaConfig;
use super::pod_autoscaler::PodAutoscaler;
use super::status::KpaStatus;
use crate::api::ConditionStatus;
use crate::units::{SimDuration, SimTime};

/// That nothing is known yet (`scaleUnknown`).
pub const SCALE_UNKNOWN: i32 = -1;
/// Beyond the progress deadline, before a revision is given up.
const ACTIVATION_TIMEOUT_BUFFER: SimDuration = SimDuration::from_secs(30);
/// How soon a PodAutoscaler is looked at again that has just become inactive behind the activator.
const PROXY_REQUEUE: SimDuration = SimDuration::from_secs(3);

/// Who answers the requests of a revision (`spec.mode` of the ServerlessService).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SksMode {
    /// Its pods.
    Serve,
    /// The activator, which holds requests and passes them on.
    Proxy,
}

/// What the scaler looks at.
#[derive(Clone, Copy, Debug)]
pub struct ScalerInputs<'a> {
    /// The revision.
    pub revision: &'a PodAutoscaler,
    /// The parameters of the cluster.
    pub config: &'a KpaConfig,
    /// `progress-deadline` of `config-deployment`.
    pub progress_deadline: SimDuration,
    /// The status.
    pub status: KpaStatus,
    /// Who answers requests.
    pub mode: SksMode,
    /// Since when the activator's endpoints have been behind the service; `None` if they are not.
    pub proxy_since: Option<SimTime>,
    /// `spec.replicas` of the target.
    pub replicas: i32,
    /// What a probe of the service would tell: whether the activator answers.
    pub activator_answers: bool,
    /// Now.
    pub now: SimTime,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalerDecision {
    /// The scale that is wanted; 0 without a patch makes the revision inactive first.
    pub want: i32,
    /// The replicas to write.
    pub patch: Option<i32>,
    /// When the object is to be looked at again.
    pub requeue: Option<SimDuration>,
    /// Whether the service was probed.
    pub probed: bool,
    /// Whether a probe goes on in the background: the activator has not answered.
    pub keeps_probing: bool,
}

/// Brings the target to what the metrics ask for, within bounds.
#[must_use]
pub fn scale(inputs: &ScalerInputs<'_>, desired: i32) -> ScalerDecision {
    let ScalerInputs { revision, config, status, .. } = *inputs;
    if desired < 0 && status.active != ConditionStatus::Unknown {
        return ScalerDecision { want: desired, ..ScalerDecision::default() };
    }
    let (mut min, max) = revision.scale_bounds(config);
    let initial = revision.initial_scale(config);
    if initial > 1 && !status.is_initialized && !revision.is_unreachable() {
        min = min.max(initial);
    }
    let bounded = match desired {
        desired if desired < min => min,
        desired if max != 0 && desired > max => max,
        desired => desired,
    };
    let mut decision = ScalerDecision { want: bounded, ..ScalerDecision::default() };
    if bounded != 0 || scale_to_zero(inputs, &mut decision) {
        decision.patch = Some(decision.want).filter(|want| *want != inputs.replicas);
    }
    decision
}

/// Whether what is wanted now is applied, for a target that nobody needs (`handleScaleToZero`).
fn scale_to_zero(inputs: &ScalerInputs<'_>, decision: &mut ScalerDecision) -> bool {
    let ScalerInputs { revision, config, status, now, .. } = *inputs;
    if !config.enable_scale_to_zero {
        decision.want = 1;
        return true;
    }
    match status.active {
        ConditionStatus::Unknown => {
            let timeout = revision.progress_deadline(inputs.progress_deadline) + ACTIVATION_TIMEOUT_BUFFER;
            if now - status.since > timeout {
                return true;
            }
            decision.requeue = Some(timeout);
            decision.want = SCALE_UNKNOWN;
            false
        }
        ConditionStatus::True => {
            let (window, active_for) = (revision.stable_window(config), now - status.since);
            if active_for >= window {
                if inputs.mode == SksMode::Proxy {
                    decision.requeue = Some(PROXY_REQUEUE);
                }
                return false;
            }
            decision.requeue = Some(window - active_for);
            decision.want = 1;
            true
        }
        ConditionStatus::False => {
            if !revision.keeps_activator(config) {
                decision.probed = true;
                if !inputs.activator_answers {
                    decision.keeps_probing = true;
                    return false;
                }
            }
            let inactive_for = now - status.since;
            let retention = revision.last_pod_retention(config);
            if inactive_for >= retention.max(config.scale_to_zero_grace_period) {
                return true;
            }
            if retention > SimDuration::ZERO && inactive_for < retention {
                decision.requeue = Some(retention - inactive_for);
                return false;
            }
            let proxy_for = inputs.proxy_since.map_or(SimDuration::ZERO, |since| now - since);
            let left = config.scale_to_zero_grace_period - proxy_for;
            if left <= SimDuration::ZERO {
                return true;
            }
            decision.requeue = Some(left);
            false
        }
    }
}
