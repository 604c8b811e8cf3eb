//! Recorded numbers of Jobs: `scaledjob.jsonl.gz`.

use super::read;
use crate::autoscaler::keda::scaled_job::{QueueTrigger, job_decision, job_demand};
use crate::autoscaler::keda::value::MetricValue;
use crate::input::kinds::keda::read_scaled_job_spec;
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScaledJobCase {
    id: String,
    min_replica_count: Option<i32>,
    max_replica_count: Option<i32>,
    #[serde(default)]
    scaling_strategy: Value,
    triggers: Vec<Trigger>,
    running_jobs: i64,
    pending_jobs: i64,
    expected: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    value_milli: i64,
    target_average_milli: i64,
    is_active: bool,
    expected: Value,
}

pub(super) fn id(case: &ScaledJobCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: ScaledJobCase) -> Result<(Value, Value), String> {
    let spec = json!({
        "minReplicaCount": case.min_replica_count,
        "maxReplicaCount": case.max_replica_count,
        "scalingStrategy": case.scaling_strategy,
    });
    let spec = read(&spec, read_scaled_job_spec)?;
    let (mut queues, mut told, mut recorded) = (Vec::new(), Vec::new(), Vec::new());
    for trigger in case.triggers {
        let float = |milli: i64| MetricValue::from_milli(milli).as_f64();
        let target = float(trigger.target_average_milli);
        let queue = QueueTrigger::new(&spec, float(trigger.value_milli), target, trigger.is_active);
        told.push(json!({
            "queueLength": queue.queue_length,
            "maxValue": queue.max_value,
            "targetAverage": target,
        }));
        queues.push(queue);
        recorded.push(trigger.expected);
    }
    let demand = job_demand(&spec, &queues);
    let decision = job_decision(&spec, demand, case.running_jobs, case.pending_jobs);
    let actual = json!({
        "isActive": demand.is_active,
        "queueLength": demand.queue_length,
        "maxScale": demand.max_scale,
        "effectiveMaxScale": decision.effective_max_scale,
        "scaleTo": decision.scale_to,
        "jobsCreated": decision.jobs_created,
    });
    Ok((json!({ "triggers": recorded, "decision": case.expected }), json!({ "triggers": told, "decision": actual })))
}
