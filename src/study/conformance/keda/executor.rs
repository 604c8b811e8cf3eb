//! Recorded requests to scale, one after the other: `executor.jsonl.gz`.

use super::{RecordedLabels, condition, labels, object, read};
use crate::api::keda::KedaAnnotations;
use crate::autoscaler::keda::executor::{ExecutorStatus, ScaleRequest, TriggerState, request_scale};
use crate::input::kinds::keda::read_scaled_object_spec;
use crate::units::{SimDuration, SimTime};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the recorder scaled, and the trigger that it named.
const TARGET: &str = "apps/v1.Deployment default/web";
const TRIGGER: &str = "s0-cron";

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutorCase {
    id: String,
    created_seconds_before_base: i64,
    annotations: RecordedLabels,
    spec: Value,
    initial_replicas: i32,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// Milliseconds after the base.
    t: i64,
    is_active: bool,
    is_error: bool,
    set_replicas: Option<i32>,
    annotations: RecordedLabels,
    #[serde(default)]
    update_fails: bool,
    expected: Value,
}

pub(super) fn id(case: &ExecutorCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: ExecutorCase) -> Result<(Value, Value), String> {
    let spec = read(&case.spec, read_scaled_object_spec)?;
    let mut annotations = labels(&case.annotations);
    let (mut replicas, mut status) = (case.initial_replicas, ExecutorStatus::default());
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    for step in case.steps {
        replicas = step.set_replicas.unwrap_or(replicas);
        if step.annotations.is_some() {
            annotations = labels(&step.annotations);
        }
        let request = ScaleRequest {
            spec: &spec,
            annotations: KedaAnnotations::of(&annotations),
            created: SimTime::ZERO - SimDuration::from_secs(case.created_seconds_before_base),
            replicas,
            triggers: TriggerState {
                is_active: step.is_active,
                is_error: step.is_error,
                active_triggers: &[TRIGGER.to_owned()],
            },
            now: SimTime::ZERO + SimDuration::from_millis(step.t),
        };
        let mut scaled_to = Vec::new();
        let outcome = request_scale(&request, &mut status, &mut |to| {
            if !step.update_fails {
                scaled_to.push(to);
            }
            !step.update_fails
        });
        replicas = scaled_to.last().copied().unwrap_or(replicas);
        let events = outcome.event.map(|event| {
            let severity = if event.is_warning() { "Warning" } else { "Normal" };
            format!("{severity} {} {}", event.reason(), event.message(TARGET))
        });
        let milliseconds = |time: SimTime| (time - SimTime::ZERO).as_nanos() / 1_000_000;
        actual.push(object([
            ("replicas", replicas.into()),
            ("scaledTo", scaled_to.into()),
            (
                "conditions",
                json!({
                    "ready": condition(status.ready),
                    "active": condition(status.active),
                    "fallback": { "status": "Unknown", "reason": "" },
                }),
            ),
            ("lastActiveT", status.last_active_time.map(milliseconds).into()),
            ("pausedReplicaCount", status.paused_replica_count.into()),
            ("events", events.into_iter().collect()),
        ]));
        expected.push(step.expected);
    }
    Ok((json!({ "steps": expected }), json!({ "steps": actual })))
}
