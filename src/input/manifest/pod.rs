//! Pods and pod templates.

use super::container::{RESTART_POLICIES, convert_containers};
use super::scheduling::{convert_affinity, convert_spread_constraints, convert_tolerations};
use super::storage;
use super::value::{name, optional_time, optional_word, seconds};
use super::volume::convert_pod_volumes;
use super::{hints, meta, resources};
use crate::api::{
    self, ContainerResourceStatus, Name, PodPhase, PodStatus, PodTemplate, PreemptionPolicy, RestartPolicy,
};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{self as core, ContainerStatus, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The grace period of pods that name none (`DefaultTerminationGracePeriodSeconds`).
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// Words of `preemptionPolicy`.
pub(super) const PREEMPTION_POLICIES: [(&str, PreemptionPolicy); 2] =
    [("PreemptLowerPriority", PreemptionPolicy::PreemptLowerPriority), ("Never", PreemptionPolicy::Never)];

/// Words of `status.phase`.
const PHASES: [(&str, PodPhase); 5] = [
    ("Pending", PodPhase::Pending),
    ("Running", PodPhase::Running),
    ("Succeeded", PodPhase::Succeeded),
    ("Failed", PodPhase::Failed),
    ("Unknown", PodPhase::Unknown),
];

/// Fills in what the API server fills in for a pod, or a pod made from a template (`SetDefaults_Pod`, Kubernetes 1.36):
/// limits become missing requests, the pod's own missing requests come from its containers or its limits, and ports
/// of a pod on the host's network become host ports. Everything else has its default in [`convert`].
pub fn set_defaults(spec: &mut PodSpec) {
    let host_network = spec.host_network == Some(true);
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        if let Some(resources) = &mut container.resources
            && let Some(limits) = &resources.limits
        {
            let requests = resources.requests.get_or_insert_default();
            for (resource, limit) in limits {
                requests.entry(resource.clone()).or_insert_with(|| limit.clone());
            }
        }
        if host_network {
            for port in container.ports.iter_mut().flatten().filter(|port| port.host_port.is_none_or(|port| port == 0))
            {
                port.host_port = Some(port.container_port);
            }
        }
    }
    set_pod_level_requests(spec);
}

/// Missing pod-level requests, where pod-level limits are given: for cpu and memory what the containers need together,
/// else the limit; for huge pages the limit (`defaultPodRequests`, Kubernetes 1.36).
fn set_pod_level_requests(spec: &mut PodSpec) {
    let limits = spec.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let Some(limits) = limits.filter(|limits| !limits.is_empty()).cloned() else { return };
    let needed = container_requests(spec);
    let requests = spec.resources.get_or_insert_default().requests.get_or_insert_default();
    for (resource, amount) in needed {
        requests.entry(resource).or_insert(amount);
    }
    for (resource, limit) in limits {
        if resource == "cpu" || resource == "memory" || resource.starts_with("hugepages-") {
            requests.entry(resource).or_insert(limit);
        }
    }
}

/// What the containers request together of cpu and memory, init containers and sidecars counted as the scheduler does.
/// Resources that no container requests are absent.
fn container_requests(spec: &PodSpec) -> BTreeMap<String, QuantityText> {
    // Malformed quantities are reported when the containers are converted.
    let ignored = &mut FieldErrors::default();
    let app = convert_containers(&spec.containers, false, FieldPath::Root, ignored);
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let init = convert_containers(init, true, FieldPath::Root, ignored);
    let mut total = BTreeMap::new();
    if let Some(millis) = aggregate(&app, &init, |own| own.requests.cpu.map(MilliCpu::get)) {
        total.insert("cpu".to_owned(), QuantityText(format!("{millis}m")));
    }
    if let Some(bytes) = aggregate(&app, &init, |own| own.requests.memory.map(Bytes::get)) {
        total.insert("memory".to_owned(), QuantityText(bytes.to_string()));
    }
    total
}

/// One resource over all containers: the sum of app containers and sidecars, or the peak while init containers run.
fn aggregate(
    app: &[api::Container],
    init: &[api::Container],
    amount: impl Fn(&api::Container) -> Option<i64>,
) -> Option<i64> {
    if !app.iter().chain(init).any(|container| amount(container).is_some()) {
        return None;
    }
    let mut total = app.iter().filter_map(&amount).fold(0, i64::saturating_add);
    let (mut sidecars, mut peak) = (0_i64, 0);
    for container in init {
        let own = amount(container).unwrap_or(0);
        if container.is_sidecar {
            total = total.saturating_add(own);
            sidecars = sidecars.saturating_add(own);
            peak = peak.max(sidecars);
        } else {
            peak = peak.max(sidecars.saturating_add(own));
        }
    }
    Some(total.max(peak))
}

/// Converts a pod. Times are relative to `start`, the calendar time of the scenario's start. Errors name values that
/// cannot be represented; what the API server would refuse otherwise is not looked at.
pub fn convert(pod: &core::Pod, start: Timestamp, errors: &mut FieldErrors) -> api::Pod {
    let root = FieldPath::Root;
    let spec = pod.spec.as_ref();
    let empty = PodSpec::default();
    let template = template_of(&pod.metadata, spec.unwrap_or(&empty), root, errors);
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

/// Converts a pod template; `path` leads to it, for example `spec.template`.
pub fn convert_template(template: &PodTemplateSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> PodTemplate {
    let empty = ObjectMeta::default();
    let empty_spec = PodSpec::default();
    template_of(
        template.metadata.as_ref().unwrap_or(&empty),
        template.spec.as_ref().unwrap_or(&empty_spec),
        path,
        errors,
    )
}

/// Labels, annotations and spec of a pod or template.
fn template_of(meta: &ObjectMeta, spec: &PodSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> PodTemplate {
    let meta_path = path.key("metadata");
    PodTemplate {
        labels: meta::labels(meta.labels.as_ref()),
        annotations: meta::annotations(meta.annotations.as_ref()),
        spec: convert_spec(spec, path.key("spec"), errors),
        hints: hints::convert(meta.annotations.as_ref(), meta_path.key("annotations"), errors),
    }
}

/// Converts a pod spec.
fn convert_spec(spec: &PodSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> api::PodSpec {
    let resources_path = path.key("resources");
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let limits = spec.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let affinity = spec.affinity.as_ref();
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let spread = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    let scheduler = spec.scheduler_name.as_deref().filter(|scheduler| !scheduler.is_empty());
    let gates = spec.scheduling_gates.iter().flatten();
    let images = spec.volumes.iter().flatten().filter_map(|volume| volume.image.as_ref()?.reference.as_deref());
    let converted = api::PodSpec {
        containers: convert_containers(&spec.containers, false, path.key("containers"), errors),
        init_containers: convert_containers(init, true, path.key("initContainers"), errors),
        node_selector: meta::labels(spec.node_selector.as_ref()),
        affinity: affinity.and_then(|affinity| convert_affinity(affinity, path.key("affinity"), errors)),
        tolerations: convert_tolerations(tolerations, path.key("tolerations"), errors),
        topology_spread_constraints: convert_spread_constraints(spread, path.key("topologySpreadConstraints"), errors),
        priority: spec.priority.unwrap_or(0),
        priority_class_name: name(spec.priority_class_name.as_ref()),
        preemption_policy: optional_word(
            spec.preemption_policy.as_ref(),
            &PREEMPTION_POLICIES,
            PreemptionPolicy::default(),
            path.key("preemptionPolicy"),
            errors,
        ),
        scheduler_name: Name::from(scheduler.unwrap_or("default-scheduler")),
        scheduling_gates: gates.map(|gate| Name::from(gate.name.as_str())).collect(),
        overhead: resources::convert(spec.overhead.as_ref(), path.key("overhead"), errors),
        pod_requests: resources::convert(requests, resources_path.key("requests"), errors),
        pod_limits: resources::convert(limits, resources_path.key("limits"), errors),
        restart_policy: optional_word(
            spec.restart_policy.as_ref(),
            &RESTART_POLICIES,
            RestartPolicy::default(),
            path.key("restartPolicy"),
            errors,
        ),
        termination_grace_period: grace_period(spec.termination_grace_period_seconds),
        active_deadline: spec.active_deadline_seconds.map(seconds),
        host_network: spec.host_network == Some(true),
        host_users: spec.host_users,
        image_volumes: images.map(Name::from).collect(),
        volumes: convert_pod_volumes(spec.volumes.as_deref().unwrap_or_default()),
        ephemeral_claims: ephemeral_claims(spec.volumes.as_deref().unwrap_or_default(), errors),
    };
    for resource in api::pod_requests(&converted).exceeding() {
        let problem = format!("the pod's requests of `{resource}` are too large together (expected at most 2^53)");
        errors.push(path, problem);
    }
    converted
}

/// The claims that are made for ephemeral volumes.
fn ephemeral_claims(volumes: &[core::Volume], errors: &mut FieldErrors) -> Vec<(Name, api::ClaimTemplate)> {
    let mut claims = Vec::new();
    for volume in volumes {
        if let Some(template) = volume.ephemeral.as_ref().and_then(|own| own.volume_claim_template.as_ref()) {
            let claim = core::PersistentVolumeClaim {
                metadata: template.metadata.clone().unwrap_or_default(),
                spec: Some(template.spec.clone()),
                ..core::PersistentVolumeClaim::default()
            };
            claims.push((Name::from(volume.name.as_str()), storage::claim_template(&claim, errors)));
        }
    }
    claims
}

/// The grace period: 30 s by default; a negative one is taken as one second when the pod is deleted
/// (`CheckGracefulDelete` of the pod registry).
fn grace_period(given: Option<i64>) -> SimDuration {
    match given {
        None => seconds(DEFAULT_GRACE_SECONDS),
        Some(negative) if negative < 0 => seconds(1),
        Some(given) => seconds(given),
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
    let restarts = containers.iter().fold(0, |sum: i32, own| sum.saturating_add(own.restart_count));
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
            .map(|own| resources::convert(own.requests.as_ref(), resources_path.key("requests"), errors)),
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
        let own_path = path.index(index);
        let resources_path = own_path.key("resources");
        converted.push(ContainerResourceStatus {
            name: Name::from(status.name.as_str()),
            requests: status
                .resources
                .as_ref()
                .map(|own| resources::convert(own.requests.as_ref(), resources_path.key("requests"), errors)),
            allocated: resources::convert(
                status.allocated_resources.as_ref(),
                own_path.key("allocatedResources"),
                errors,
            ),
        });
    }
    converted
}
