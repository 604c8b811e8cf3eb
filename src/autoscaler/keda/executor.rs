//! The scale executor: 0 to 1 replicas and back, which a HorizontalPodAutoscaler does not do (`RequestScale` of
//! `pkg/scaling/executor/scale_scaledobjects.go`).

use crate::api::ConditionStatus;
use crate::api::keda::{KedaAnnotations, ScaledObjectSpec};
use crate::units::SimTime;

/// A condition of a ScaledObject. Its message is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KedaCondition {
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`; empty before the first.
    pub reason: &'static str,
}

impl Default for KedaCondition {
    fn default() -> Self {
        Self { status: ConditionStatus::Unknown, reason: "" }
    }
}

impl KedaCondition {
    /// A condition that holds or not.
    #[must_use]
    pub const fn new(status: ConditionStatus, reason: &'static str) -> Self {
        Self { status, reason }
    }
}

/// What the executor keeps in the status of a ScaledObject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutorStatus {
    /// Whether the triggers can be asked.
    pub ready: KedaCondition,
    /// Whether a trigger is active.
    pub active: KedaCondition,
    /// When a trigger was active last.
    pub last_active_time: Option<SimTime>,
    /// The replicas that a pause has fixed.
    pub paused_replica_count: Option<i32>,
}

/// What the poll of the triggers gave.
#[derive(Clone, Copy, Debug)]
pub struct TriggerState<'a> {
    /// Whether the target has work.
    pub is_active: bool,
    /// Whether a trigger failed.
    pub is_error: bool,
    /// Which triggers are active.
    pub active_triggers: &'a [String],
}

/// What a request to scale rests on.
#[derive(Clone, Copy, Debug)]
pub struct ScaleRequest<'a> {
    /// The spec.
    pub spec: &'a ScaledObjectSpec,
    /// What the annotations say.
    pub annotations: KedaAnnotations<'a>,
    /// `metadata.creationTimestamp`.
    pub created: SimTime,
    /// `spec.replicas` of the target.
    pub replicas: i32,
    /// What the poll gave.
    pub triggers: TriggerState<'a>,
    /// Now.
    pub now: SimTime,
}

/// An Event that the executor records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutorEvent {
    /// The target has been scaled from zero, or from idle.
    Activated {
        /// Replicas before.
        from: i32,
        /// Replicas asked for.
        to: i32,
        /// The active triggers; `None` where an annotation forces it.
        triggered_by: Option<Vec<String>>,
    },
    /// That failed.
    ActivationFailed {
        /// Replicas before.
        from: i32,
        /// Replicas asked for.
        to: i32,
    },
    /// The target has been scaled to zero, or to idle.
    Deactivated {
        /// Replicas before.
        from: i32,
        /// Replicas asked for.
        to: i32,
    },
    /// That failed.
    DeactivationFailed {
        /// Replicas before.
        from: i32,
        /// Replicas asked for.
        to: i32,
    },
}

impl ExecutorEvent {
    /// Its reason.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Activated { .. } => "KEDAScaleTargetActivated",
            Self::ActivationFailed { .. } => "KEDAScaleTargetActivationFailed",
            Self::Deactivated { .. } => "KEDAScaleTargetDeactivated",
            Self::DeactivationFailed { .. } => "KEDAScaleTargetDeactivationFailed",
        }
    }

    /// Whether it is a warning.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self, Self::ActivationFailed { .. } | Self::DeactivationFailed { .. })
    }

    /// Its message; `target` is such as `apps/v1.Deployment default/web`.
    #[must_use]
    pub fn message(&self, target: &str) -> String {
        match self {
            Self::Activated { from, to, triggered_by: Some(triggers) } => {
                format!("Scaled {target} from {from} to {to}, triggered by {}", triggers.join(";"))
            }
            Self::Activated { from, to, triggered_by: None } => {
                format!("Scaled {target} from {from} to {to}, caused by forced activation annotation")
            }
            // The typing error is KEDA's.
            Self::ActivationFailed { from, to } => format!("Failed to scaled {target} from {from} to {to}"),
            Self::Deactivated { from, to } => format!("Deactivated {target} from {from} to {to}"),
            Self::DeactivationFailed { from, to } => format!("Failed to deactivate {target} from {from} to {to}"),
        }
    }
}

/// Why the executor did what it did: the rule that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleRule {
    /// The annotation `paused-replicas` is no number.
    InvalidPausedReplicas,
    /// The replicas are fixed by an annotation.
    PausedReplicas,
    /// A trigger is active and nothing runs.
    Activation,
    /// A trigger is active, but scaling out is paused.
    PausedScaleOut,
    /// A trigger is active and another failed.
    PartialTriggerError,
    /// A trigger is active, and the HorizontalPodAutoscaler sees to the rest.
    Active,
    /// A trigger failed; the fallback is the HorizontalPodAutoscaler's.
    Fallback,
    /// A trigger failed.
    TriggerError,
    /// No trigger is active, but scaling in is paused.
    PausedScaleIn,
    /// No trigger is active, but one has been a short time ago.
    Cooldown,
    /// No trigger has been active for long enough.
    Deactivation,
    /// Fewer than the minimum run.
    MinReplicaCount,
    /// There is nothing to do.
    NoChange,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleOutcome {
    /// The rule.
    pub rule: ScaleRule,
    /// The Event, if there is one.
    pub event: Option<ExecutorEvent>,
}

const READY: KedaCondition = KedaCondition::new(ConditionStatus::True, "ScaledObjectReady");
const ACTIVE: KedaCondition = KedaCondition::new(ConditionStatus::True, "ScalerActive");
const NOT_ACTIVE: KedaCondition = KedaCondition::new(ConditionStatus::False, "ScalerNotActive");
const COOLDOWN: KedaCondition = KedaCondition::new(ConditionStatus::False, "ScalerCooldown");

/// Brings the target to and from zero, or idle. `scale` writes replicas and says whether that succeeded.
pub fn request_scale(
    request: &ScaleRequest<'_>,
    status: &mut ExecutorStatus,
    scale: &mut dyn FnMut(i32) -> bool,
) -> ScaleOutcome {
    let ScaleRequest { spec, annotations, replicas, triggers, now, .. } = *request;
    let quiet = |rule| ScaleOutcome { rule, event: None };
    let ready_before = status.ready.status;
    if !triggers.is_error && ready_before != ConditionStatus::True {
        status.ready = READY;
    }
    match annotations.paused_replicas() {
        Ok(None) => {}
        Err(_) => {
            // Only the status changes: the reason is that of success.
            status.ready = KedaCondition::new(ConditionStatus::False, READY.reason);
            return quiet(ScaleRule::InvalidPausedReplicas);
        }
        Ok(Some(paused)) => {
            if paused != replicas && !scale(paused) {
                status.ready = KedaCondition::new(ConditionStatus::Unknown, READY.reason);
            } else if paused != replicas || status.paused_replica_count.is_none() {
                status.paused_replica_count = Some(paused);
            }
            return quiet(ScaleRule::PausedReplicas);
        }
    }
    let min_replicas = spec.min_replica_count.unwrap_or(0);
    let is_forced = annotations.forces_activation();
    let is_active = triggers.is_active || is_forced;
    let outcome = if is_active {
        let is_idle = spec.idle_replica_count.is_some() && replicas < min_replicas;
        if is_idle || replicas == 0 {
            activate(request, status, scale)
        } else if triggers.is_error {
            if ready_before != ConditionStatus::Unknown {
                status.ready = KedaCondition::new(ConditionStatus::Unknown, "PartialTriggerError");
            }
            quiet(ScaleRule::PartialTriggerError)
        } else {
            status.last_active_time = Some(now);
            quiet(ScaleRule::Active)
        }
    } else if triggers.is_error && spec.fallback.is_some_and(|fallback| fallback.replicas != 0) {
        quiet(ScaleRule::Fallback)
    } else if triggers.is_error && spec.fallback.is_none() {
        if ready_before != ConditionStatus::False {
            status.ready = KedaCondition::new(ConditionStatus::False, "TriggerError");
        }
        quiet(ScaleRule::TriggerError)
    } else if spec.idle_replica_count.is_some_and(|idle| replicas > idle) || (replicas > 0 && min_replicas == 0) {
        deactivate(request, status, scale)
    } else if replicas < min_replicas && spec.idle_replica_count.is_none() {
        scale(min_replicas);
        quiet(ScaleRule::MinReplicaCount)
    } else {
        quiet(ScaleRule::NoChange)
    };
    let is_known = status.active.status != ConditionStatus::Unknown;
    if !is_known || (status.active.status == ConditionStatus::True) != is_active {
        status.active = if is_active { ACTIVE } else { NOT_ACTIVE };
    }
    outcome
}

/// Scales from zero or idle to the minimum, at least one (`scaleFromZeroOrIdle`).
fn activate(
    request: &ScaleRequest<'_>,
    status: &mut ExecutorStatus,
    scale: &mut dyn FnMut(i32) -> bool,
) -> ScaleOutcome {
    if request.annotations.pauses_scale_out() {
        return ScaleOutcome { rule: ScaleRule::PausedScaleOut, event: None };
    }
    let to = request.spec.min_replica_count.filter(|count| *count > 0).unwrap_or(1);
    let event = if scale(to) {
        status.last_active_time = Some(request.now);
        let triggers = request.triggers.active_triggers;
        let triggered_by = (!request.annotations.forces_activation()).then(|| triggers.to_vec());
        ExecutorEvent::Activated { from: request.replicas, to, triggered_by }
    } else {
        ExecutorEvent::ActivationFailed { from: request.replicas, to }
    };
    ScaleOutcome { rule: ScaleRule::Activation, event: Some(event) }
}

/// Scales to idle or the minimum once the cooldown is over (`scaleToZeroOrIdle`).
fn deactivate(
    request: &ScaleRequest<'_>,
    status: &mut ExecutorStatus,
    scale: &mut dyn FnMut(i32) -> bool,
) -> ScaleOutcome {
    let spec = request.spec;
    if request.annotations.pauses_scale_in() {
        return ScaleOutcome { rule: ScaleRule::PausedScaleIn, event: None };
    }
    if cooldown_end(spec, request.created, status.last_active_time) >= request.now {
        status.active = COOLDOWN;
        return ScaleOutcome { rule: ScaleRule::Cooldown, event: None };
    }
    let to = spec.idle_replica_count.or(spec.min_replica_count).unwrap_or(0);
    let event = if scale(to) {
        status.active = NOT_ACTIVE;
        ExecutorEvent::Deactivated { from: request.replicas, to }
    } else {
        ExecutorEvent::DeactivationFailed { from: request.replicas, to }
    };
    ScaleOutcome { rule: ScaleRule::Deactivation, event: Some(event) }
}

/// The last instant at which a target without active triggers is kept.
#[must_use]
pub fn cooldown_end(spec: &ScaledObjectSpec, created: SimTime, last_active: Option<SimTime>) -> SimTime {
    last_active.map_or(created + spec.initial_cooldown_period, |last| last + spec.cooldown_period)
}
