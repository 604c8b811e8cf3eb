//! The recorded pods of one reconcile.

use super::recorded::relative;
use crate::api::{ConditionStatus, Container, PodPhase, PodSpec, Quantity, ResourceList};
use crate::autoscaler::hpa::PodReadyCondition;
use crate::units::{Bytes, MilliCpu, SimTime};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(super) struct RawPod {
    pub metadata: RawMetadata,
    spec: RawPodSpec,
    status: RawPodStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawMetadata {
    pub name: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodSpec {
    containers: Vec<RawContainer>,
    #[serde(default)]
    init_containers: Vec<RawContainer>,
    #[serde(default)]
    resources: RawResources,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer {
    name: String,
    #[serde(default)]
    resources: RawResources,
    restart_policy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct RawResources {
    #[serde(default)]
    requests: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodStatus {
    phase: String,
    start_time: Option<String>,
    #[serde(default)]
    conditions: Vec<RawPodCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodCondition {
    #[serde(rename = "type")]
    condition_type: String,
    status: String,
    last_transition_time: Option<String>,
}

/// A pod with what the reconcile borrows.
#[derive(Debug)]
pub(super) struct Pod {
    pub name: String,
    pub phase: PodPhase,
    pub deleting: bool,
    pub start_time: Option<SimTime>,
    pub ready: Option<PodReadyCondition>,
    pub spec: PodSpec,
}

/// A pod's state and requests.
pub(super) fn convert_pod(raw: &RawPod, now: jiff::Timestamp) -> Result<Pod, String> {
    let pod_name = &raw.metadata.name;
    let phase = match raw.status.phase.as_str() {
        "Pending" => PodPhase::Pending,
        "Running" => PodPhase::Running,
        "Succeeded" => PodPhase::Succeeded,
        "Failed" => PodPhase::Failed,
        "Unknown" | "" => PodPhase::Unknown,
        other => return Err(format!("pod `{pod_name}`: phase `{other}` is not known")),
    };
    let ready = raw.status.conditions.iter().find(|condition| condition.condition_type == "Ready");
    let ready = ready.map(|condition| {
        let status = match condition.status.as_str() {
            "True" => ConditionStatus::True,
            "False" => ConditionStatus::False,
            "Unknown" => ConditionStatus::Unknown,
            other => return Err(format!("pod `{pod_name}`: condition status `{other}` is not known")),
        };
        let last_transition = condition.last_transition_time.as_deref();
        let last_transition = last_transition.map_or(Ok(SimTime::from_nanos(i64::MIN)), |text| relative(text, now))?;
        Ok(PodReadyCondition { status, last_transition })
    });
    let container = |raw: &RawContainer| {
        Ok::<_, String>(Container {
            name: raw.name.as_str().into(),
            requests: resource_list(&raw.resources)?,
            is_sidecar: raw.restart_policy.as_deref() == Some("Always"),
            ..Container::default()
        })
    };
    let spec = PodSpec {
        containers: raw.spec.containers.iter().map(container).collect::<Result<_, _>>()?,
        init_containers: raw.spec.init_containers.iter().map(container).collect::<Result<_, _>>()?,
        pod_requests: resource_list(&raw.spec.resources)?,
        ..PodSpec::default()
    };
    let start_time = raw.status.start_time.as_deref().map(|text| relative(text, now)).transpose()?;
    Ok(Pod {
        name: pod_name.clone(),
        phase,
        deleting: raw.metadata.deletion_timestamp.is_some(),
        start_time,
        ready: ready.transpose()?,
        spec,
    })
}

/// Requests of cpu and memory; the recordings hold no other.
fn resource_list(raw: &RawResources) -> Result<ResourceList, String> {
    let amount = |name: &str| raw.requests.get(name).map(|text| text.parse::<Quantity>()).transpose();
    let list = || {
        Ok::<_, crate::api::QuantityError>(ResourceList {
            cpu: amount("cpu")?.map(|quantity| MilliCpu::new(quantity.milli_value())),
            memory: amount("memory")?.map(|quantity| Bytes::new(quantity.value())),
            ..ResourceList::default()
        })
    };
    list().map_err(|error| error.to_string())
}
