//! How many Jobs a ScaledJob creates (`pkg/scaling/scaledjob/metrics.go`, `pkg/scaling/executor/scale_jobs.go`).

use crate::api::keda::{MultipleScalersCalculation, ScaledJobSpec, ScalingStrategy};
use crate::autoscaler::go_number::int64;

/// What a trigger of a ScaledJob says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueTrigger {
    /// Items that wait.
    pub queue_length: f64,
    /// Jobs that these ask for.
    pub max_value: f64,
    /// Whether the trigger is active.
    pub is_active: bool,
}

impl QueueTrigger {
    /// Of a queue whose Jobs take `target` items each (`CalculateQueueLengthAndMaxValue`).
    #[must_use]
    pub fn new(spec: &ScaledJobSpec, queue_length: f64, target: f64, is_active: bool) -> Self {
        let max_value = if target == 0.0 { 0.0 } else { capped(queue_length / target, spec.max_replicas()) };
        Self { queue_length, max_value, is_active }
    }
}

/// What the triggers ask for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobDemand {
    /// Whether there is work.
    pub is_active: bool,
    /// Items that wait, rounded up.
    pub queue_length: i64,
    /// Jobs that they ask for, rounded up.
    pub max_scale: i64,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobDecision {
    /// Jobs that may be created; below zero none.
    pub effective_max_scale: i64,
    /// Jobs that are asked for.
    pub scale_to: i64,
    /// Jobs that are created.
    pub jobs_created: i64,
}

#[expect(clippy::cast_precision_loss, reason = "KEDA calculates in 64-bit floats")]
fn capped(value: f64, most: i64) -> f64 {
    value.min(most as f64)
}

/// Puts several triggers together (`IsScaledJobActive`). Triggers that are not active have no say.
#[must_use]
pub fn job_demand(spec: &ScaledJobSpec, triggers: &[QueueTrigger]) -> JobDemand {
    let active = || triggers.iter().filter(|trigger| trigger.is_active);
    let (mut queue_length, mut max_value, mut is_active) = (0.0, 0.0, false);
    match spec.calculation {
        MultipleScalersCalculation::Max | MultipleScalersCalculation::Min => {
            let is_min = spec.calculation == MultipleScalersCalculation::Min;
            for trigger in active() {
                let replaces = if is_min {
                    queue_length == 0.0 || trigger.queue_length < queue_length
                } else {
                    trigger.queue_length > queue_length
                };
                if replaces {
                    (queue_length, max_value, is_active) = (trigger.queue_length, trigger.max_value, true);
                }
            }
        }
        MultipleScalersCalculation::Sum | MultipleScalersCalculation::Avg => {
            let mut count = 0.0;
            for trigger in active() {
                queue_length += trigger.queue_length;
                max_value += trigger.max_value;
                is_active = true;
                count += 1.0;
            }
            if spec.calculation == MultipleScalersCalculation::Avg && count > 0.0 {
                queue_length /= count;
                max_value /= count;
            }
        }
    }
    JobDemand {
        is_active: is_active || spec.min_replicas() > 0,
        queue_length: int64(queue_length.ceil()),
        max_scale: int64(capped(max_value, spec.max_replicas()).ceil()),
    }
}

/// How many Jobs are created, while some run and some of these wait for their pods (`RequestJobScale`).
#[must_use]
pub fn job_decision(spec: &ScaledJobSpec, demand: JobDemand, running: i64, pending: i64) -> JobDecision {
    let (effective_max_scale, scale_to) = scaling_decision(spec, demand, running, pending);
    let is_needed = demand.is_active && effective_max_scale > 0;
    let jobs_created = if is_needed { scale_to.min(effective_max_scale) } else { 0 };
    JobDecision { effective_max_scale, scale_to, jobs_created }
}

/// Jobs that may be created and Jobs that are asked for (`getScalingDecision`). The queue's length is asked for.
#[expect(clippy::cast_precision_loss, reason = "KEDA calculates in 64-bit floats")]
fn scaling_decision(spec: &ScaledJobSpec, demand: JobDemand, running: i64, pending: i64) -> (i64, i64) {
    let (min, most, max_scale) = (spec.min_replicas(), spec.max_replicas(), demand.max_scale);
    if running < min {
        return (min - running, min - running);
    }
    let running = running - min;
    match spec.strategy {
        ScalingStrategy::Default => (max_scale - running, demand.queue_length),
        ScalingStrategy::Custom { deduction, running_share } => {
            let wanted = max_scale - deduction - int64(running as f64 * running_share);
            (wanted.min(most), demand.queue_length)
        }
        ScalingStrategy::Accurate => {
            let effective = if max_scale + running > most { most - running } else { max_scale - pending };
            (effective, demand.queue_length)
        }
        ScalingStrategy::Eager => ((most - running - pending).min(max_scale), most),
    }
}
