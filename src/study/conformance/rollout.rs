//! Replays recorded answers of `kubectl rollout status` (`status.jsonl.gz`).

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::sim::rollout_status::{
    DaemonSetRollout, DeploymentRollout, Generations, RollingUpdate, RolloutStatus, StatefulSetRollout, daemon_set,
    deployment, stateful_set,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use std::path::Path;

/// The recording.
const FILE: &str = "status.jsonl.gz";
/// The annotation with the revision of a Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A line of the recording.
#[derive(Deserialize)]
struct Case {
    object: serde_json::Value,
    /// `--revision`; 0 is none.
    revision: i64,
    message: String,
    done: bool,
    error: Option<String>,
}

/// Replays every case of a folder.
///
/// # Errors
/// [`ConformanceError`] if the file is not there, cannot be read or holds a line that is not a case.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(FILE);
    if !file.exists() {
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected: FILE });
    }
    let mut results = Vec::new();
    for (index, case) in read_json_lines::<Case>(&file)?.into_iter().enumerate() {
        let line = index + 1;
        let (kind, actual) =
            status(&case).map_err(|problem| ConformanceError::Malformed { file: file.clone(), line, problem })?;
        let fields = [
            ("message", case.message, actual.message),
            ("done", case.done.to_string(), actual.done.to_string()),
            ("error", case.error.unwrap_or_default(), actual.error.unwrap_or_default()),
        ];
        let differences = fields
            .into_iter()
            .filter(|(_, expected, actual)| expected != actual)
            .map(|(field, expected, actual)| Difference { field: field.to_owned(), expected, actual })
            .collect();
        results.push(CaseResult::new(kind, format!("rollout {line}"), differences));
    }
    Ok(results)
}

/// Kind and answer of a case.
fn status(case: &Case) -> Result<(&'static str, RolloutStatus), String> {
    let kind = case.object.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    match kind {
        "Deployment" => Ok(("Deployment", deployment_status(&read(case)?, case.revision)?)),
        "StatefulSet" => Ok(("StatefulSet", stateful_set_status(&read(case)?))),
        "DaemonSet" => Ok(("DaemonSet", daemon_set_status(&read(case)?))),
        _ => Err(format!("kind `{kind}` has no rollout")),
    }
}

fn read<T: serde::de::DeserializeOwned>(case: &Case) -> Result<T, String> {
    serde_json::from_value(case.object.clone()).map_err(|error| format!("object: {error}"))
}

fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

fn generations(meta: &ObjectMeta, observed: Option<i64>) -> Generations {
    Generations { generation: meta.generation.unwrap_or(0), observed: observed.unwrap_or(0) }
}

fn deployment_status(object: &Deployment, wanted_revision: i64) -> Result<RolloutStatus, String> {
    let status = object.status.clone().unwrap_or_default();
    let annotation = object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(REVISION));
    let revision = annotation.map_or(Ok(0), |text| text.parse()).map_err(|_| format!("{REVISION} is no number"))?;
    let mut conditions = status.conditions.iter().flatten();
    let rollout = DeploymentRollout {
        name: name(&object.metadata),
        generations: generations(&object.metadata, status.observed_generation),
        revision,
        wanted_revision,
        replicas: object.spec.as_ref().and_then(|spec| spec.replicas),
        total: status.replicas.unwrap_or(0),
        updated: status.updated_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        exceeded_deadline: conditions.any(|condition| {
            condition.type_ == "Progressing" && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
        }),
    };
    Ok(deployment(&rollout))
}

fn stateful_set_status(object: &StatefulSet) -> RolloutStatus {
    let status = object.status.clone().unwrap_or_default();
    let strategy = object.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    let is_rolling = strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("RollingUpdate");
    let step = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    stateful_set(&StatefulSetRollout {
        generations: generations(&object.metadata, status.observed_generation),
        rolling_update: is_rolling.then_some(match step {
            Some(step) => RollingUpdate::Partitioned(step.partition),
            None => RollingUpdate::Whole,
        }),
        replicas: object.spec.as_ref().and_then(|spec| spec.replicas),
        ready: status.ready_replicas.unwrap_or(0),
        updated: status.updated_replicas.unwrap_or(0),
        current: status.current_replicas.unwrap_or(0),
        update_revision: status.update_revision.as_deref().unwrap_or_default(),
        current_revision: status.current_revision.as_deref().unwrap_or_default(),
    })
}

fn daemon_set_status(object: &DaemonSet) -> RolloutStatus {
    let status = object.status.clone().unwrap_or_default();
    let strategy = object.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    daemon_set(&DaemonSetRollout {
        name: name(&object.metadata),
        generations: generations(&object.metadata, status.observed_generation),
        is_rolling: strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("RollingUpdate"),
        desired: status.desired_number_scheduled,
        updated: status.updated_number_scheduled.unwrap_or(0),
        available: status.number_available.unwrap_or(0),
    })
}
