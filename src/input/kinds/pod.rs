//! Pods.

use super::common::pod_validation::validate_spec;
use super::common::validation::{Naming, object_meta};
use super::common::value::{name, optional_time, optional_word};
use super::common::{meta, pod_template, resources};
use super::kind::Kind;
use crate::api::{self, ContainerResourceStatus, Name, Object, PodPhase, PodStatus};
use crate::input::{FieldErrors, FieldPath};
use crate::units::SimTime;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{self as core, ContainerStatus, PodSpec};
use std::sync::Arc;

/// Words of `status.phase`.
const PHASES: [(&str, PodPhase); 5] = [
    ("Pending", PodPhase::Pending),
    ("Running", PodPhase::Running),
    ("Succeeded", PodPhase::Succeeded),
    ("Failed", PodPhase::Failed),
    ("Unknown", PodPhase::Unknown),
];

/// `Pod` of `v1`.
pub struct Pod;

impl Kind for Pod {
    type Plain = core::Pod;
    type Converted = Object;
    const KIND: &'static str = "Pod";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;

    fn set_defaults(pod: &mut core::Pod) {
        if let Some(spec) = &mut pod.spec {
            pod_template::set_defaults(spec);
        }
    }

    fn validate(pod: &core::Pod, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&pod.metadata, Self::NAMING, root.key("metadata"), errors);
        match &pod.spec {
            Some(spec) => validate_spec(spec, root.key("spec"), errors),
            None => errors.push("spec", "missing (expected a pod spec)"),
        }
    }

    fn convert(pod: &core::Pod, start: Timestamp, errors: &mut FieldErrors) -> Object {
        Object::Pod(convert(pod, start, errors))
    }
}

/// Converts a pod. Times are relative to `start`, the calendar time of the scenario's start. Errors name values that
/// cannot be represented; what the API server would refuse otherwise is not looked at.
pub fn convert(pod: &core::Pod, start: Timestamp, errors: &mut FieldErrors) -> api::Pod {
    let root = FieldPath::Root;
    let spec = pod.spec.as_ref();
    let empty = PodSpec::default();
    let template = pod_template::template_of(&pod.metadata, spec.unwrap_or(&empty), root, errors);
    let node_name = spec.and_then(|spec| spec.node_name.as_deref()).filter(|node| !node.is_empty());
    let mut meta = meta::convert(&pod.metadata, start);
    // They are in the template.
    meta.labels = api::Labels::default();
    meta.annotations = api::Labels::default();
    let status_path = root.key("status");
    api::Pod {
        meta,
        template: Arc::new(template),
        node_name: node_name.map(Name::from),
        status: pod
            .status
            .as_ref()
            .map(|status| convert_status(status, start, status_path, errors))
            .unwrap_or_default(),
    }
}

/// Converts `status` of a pod in a dump.
fn convert_status(
    status: &core::PodStatus,
    start: Timestamp,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> PodStatus {
    let condition = |kind: &str| status.conditions.iter().flatten().find(|condition| condition.type_ == kind);
    let ready = condition("Ready").map(|ready| {
        let since = optional_time(ready.last_transition_time.as_ref(), start);
        (ready.status == "True", since.unwrap_or(SimTime::ZERO))
    });
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let init = status.init_container_statuses.as_deref().unwrap_or_default();
    let restarts = containers.iter().fold(0, |sum: i32, status| sum.saturating_add(status.restart_count));
    let nominated = status.nominated_node_name.as_deref().filter(|node| !node.is_empty());
    let disrupted = condition("DisruptionTarget").filter(|condition| condition.status == "True");
    let resources_path = path.key("resources");
    PodStatus {
        phase: optional_word(status.phase.as_ref(), &PHASES, PodPhase::Pending, path.key("phase"), errors),
        nominated_node_name: nominated.map(Name::from),
        start_time: optional_time(status.start_time.as_ref(), start),
        ready,
        restarts,
        container_resources: container_resources(containers, path.key("containerStatuses"), errors),
        init_container_resources: container_resources(init, path.key("initContainerStatuses"), errors),
        pod_requests: status
            .resources
            .as_ref()
            .map(|reported| resources::convert(reported.requests.as_ref(), resources_path.key("requests"), errors)),
        pod_allocated: resources::convert(status.allocated_resources.as_ref(), path.key("allocatedResources"), errors),
        resize_infeasible: condition("PodResizePending")
            .is_some_and(|pending| pending.reason.as_deref() == Some("Infeasible")),
        disruption_target: disrupted.map(|condition| name(condition.reason.as_ref())),
    }
}

/// The containers whose status reports resources.
fn container_resources(
    statuses: &[ContainerStatus],
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<ContainerResourceStatus> {
    let mut converted = Vec::new();
    for (index, status) in statuses.iter().enumerate() {
        if status.resources.is_none() && status.allocated_resources.is_none() {
            continue;
        }
        let item_path = path.index(index);
        let resources_path = item_path.key("resources");
        converted.push(ContainerResourceStatus {
            name: Name::from(status.name.as_str()),
            requests: status
                .resources
                .as_ref()
                .map(|reported| resources::convert(reported.requests.as_ref(), resources_path.key("requests"), errors)),
            limits: resources::convert(
                status.resources.as_ref().and_then(|reported| reported.limits.as_ref()),
                resources_path.key("limits"),
                errors,
            ),
            allocated: resources::convert(
                status.allocated_resources.as_ref(),
                item_path.key("allocatedResources"),
                errors,
            ),
        });
    }
    converted
}
