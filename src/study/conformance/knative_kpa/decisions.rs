//! Recorded single decisions of the scaler: `decisions.jsonl.gz`.

use super::revision::{RecordedRevision, milliseconds, time};
use crate::api::ConditionStatus;
use crate::autoscaler::knative::scaler::{ScalerDecision, ScalerInputs, SksMode, scale};
use crate::autoscaler::knative::status::{KpaStatus, active_threshold, compute_active_condition};
use crate::units::SimDuration;
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionCase {
    id: String,
    #[serde(flatten)]
    revision: RecordedRevision,
    active: String,
    active_for_seconds: i64,
    initialized: bool,
    sks_mode: String,
    proxy_for_seconds: Option<i64>,
    activator_probe: bool,
    replicas: i32,
    desired: i32,
    ready: i32,
    service_name: String,
    progress_deadline_seconds: i64,
    expected: Value,
}

pub(super) fn id(case: &DecisionCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
pub(super) fn replay(case: DecisionCase) -> Result<(Value, Value), String> {
    let (config, revision) = (case.revision.config()?, case.revision.revision()?);
    // An arbitrary instant after everything in the case.
    let now = time(10_000_000);
    let before = |seconds: i64| now - SimDuration::from_secs(seconds);
    let (active, reason) = match case.active.as_str() {
        "True" => (ConditionStatus::True, ""),
        "False" => (ConditionStatus::False, "NoTraffic"),
        "Unknown" => (ConditionStatus::Unknown, "Queued"),
        other => return Err(format!("active `{other}` is not known")),
    };
    let mut status =
        KpaStatus { active, reason, since: before(case.active_for_seconds), is_initialized: case.initialized };
    let decision = scale(
        &ScalerInputs {
            revision: &revision,
            config: &config,
            progress_deadline: SimDuration::from_secs(case.progress_deadline_seconds),
            status,
            mode: if case.sks_mode == "Proxy" { SksMode::Proxy } else { SksMode::Serve },
            proxy_since: case.proxy_for_seconds.map(before),
            replicas: case.replicas,
            activator_answers: case.activator_probe,
            now,
        },
        case.desired,
    );
    let threshold = active_threshold(&revision, &config, &status);
    let has_service = !case.service_name.is_empty();
    compute_active_condition(&revision, &config, &mut status, (decision.want, case.ready), has_service, now);
    let actual = json!({
        "want": decision.want,
        "patch": decision.patch,
        "enqueueMs": requeue_value(&decision),
        "syncProbes": i32::from(decision.probed),
        "asyncProbeOffered": i32::from(decision.keeps_probing),
        "activeThreshold": threshold,
        "after": {
            "active": format!("{:?}", status.active),
            "reason": status.reason,
            "initialized": status.is_initialized,
        },
    });
    Ok((case.expected, actual))
}

/// The delays that were asked for, as the recordings have them.
pub(super) fn requeue_value(decision: &ScalerDecision) -> Value {
    decision.requeue.map(milliseconds).into_iter().collect()
}
