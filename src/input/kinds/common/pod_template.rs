//! Pod templates, and what of a pod a template says: labels, annotations, spec.

use super::claim::claim_template;
use super::config::convert_references;
use super::container::{RESTART_POLICIES, convert_containers};
use super::scheduling::{convert_affinity, convert_spread_constraints, convert_tolerations};
use super::value::{name, optional_word, seconds};
use super::volume::{convert_pod_volumes, local_volumes};
use super::{hints, meta, resources};
use crate::api::{self, Name, PodTemplate, PreemptionPolicy, RestartPolicy};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MilliCpu, SimDuration};
use k8s_openapi::api::core::v1::{self as core, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// The grace period of pods that name none (`DefaultTerminationGracePeriodSeconds`).
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// Words of `preemptionPolicy`.
pub const PREEMPTION_POLICIES: [(&str, PreemptionPolicy); 2] =
    [("PreemptLowerPriority", PreemptionPolicy::PreemptLowerPriority), ("Never", PreemptionPolicy::Never)];

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
    if let Some(millis) = aggregate(&app, &init, |container| container.requests.cpu.map(MilliCpu::get)) {
        total.insert("cpu".to_owned(), QuantityText(format!("{millis}m")));
    }
    if let Some(bytes) = aggregate(&app, &init, |container| container.requests.memory.map(Bytes::get)) {
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
        let needed = amount(container).unwrap_or(0);
        if container.is_sidecar {
            total = total.saturating_add(needed);
            sidecars = sidecars.saturating_add(needed);
            peak = peak.max(sidecars);
        } else {
            peak = peak.max(sidecars.saturating_add(needed));
        }
    }
    Some(total.max(peak))
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

/// Labels, annotations and spec of a pod or template; `path` leads to it.
pub fn template_of(meta: &ObjectMeta, spec: &PodSpec, path: FieldPath<'_>, errors: &mut FieldErrors) -> PodTemplate {
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
        runtime_class_name: name(spec.runtime_class_name.as_ref()),
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
        has_empty_dir: spec.volumes.iter().flatten().any(|volume| volume.empty_dir.is_some()),
        local_volumes: local_volumes(spec.volumes.as_deref().unwrap_or_default()),
        ephemeral_claims: ephemeral_claims(spec.volumes.as_deref().unwrap_or_default(), errors),
        config_references: convert_references(spec),
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
        if let Some(template) = volume.ephemeral.as_ref().and_then(|ephemeral| ephemeral.volume_claim_template.as_ref())
        {
            let claim = core::PersistentVolumeClaim {
                metadata: template.metadata.clone().unwrap_or_default(),
                spec: Some(template.spec.clone()),
                ..core::PersistentVolumeClaim::default()
            };
            claims.push((Name::from(volume.name.as_str()), claim_template(&claim, errors)));
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
