//! What the API server refuses in a pod spec (`ValidatePodSpec`, Kubernetes 1.36), as far as the simulation reads it.

use super::validation::{
    at_least, dns_label, dns_subdomain, is_dns_label, label_selector, labels, not_negative, qualified_name, quantities,
    resource_requirements, template_meta,
};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeSelectorTerm, PodAffinityTerm, PodSpec, PodTemplateSpec, Probe, Toleration,
    TopologySpreadConstraint,
};
use std::collections::BTreeSet;

/// Checks the template of pods that belong to no workload: they may end, so any `restartPolicy` is right.
pub fn validate_bare_template(template: &PodTemplateSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if let Some(meta) = &template.metadata {
        template_meta(meta, path.key("metadata"), errors);
    }
    let spec_path = path.key("spec");
    match &template.spec {
        Some(spec) => validate_spec(spec, spec_path, errors),
        None => errors.push(spec_path, "missing (expected a pod spec)"),
    }
}

/// Checks the template of a kind that keeps its pods running: `restartPolicy` must be `Always`.
pub fn validate_template(template: &PodTemplateSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    validate_bare_template(template, path, errors);
    let Some(spec) = &template.spec else { return };
    let spec_path = path.key("spec");
    if let Some(policy) = spec.restart_policy.as_deref()
        && matches!(policy, "OnFailure" | "Never")
    {
        errors.push(spec_path.key("restartPolicy"), format_args!("`{policy}` is not allowed here (expected `Always`)"));
    }
    if spec.active_deadline_seconds.is_some() {
        errors.push(spec_path.key("activeDeadlineSeconds"), "is not allowed here (expected in bare pods and Jobs)");
    }
}

/// Checks a pod spec.
pub fn validate_spec(spec: &PodSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    validate_containers(spec, path, errors);
    at_least(spec.active_deadline_seconds, 1, path.key("activeDeadlineSeconds"), errors);
    labels(spec.node_selector.as_ref(), path.key("nodeSelector"), errors);
    quantities(spec.overhead.as_ref(), path.key("overhead"), errors);
    if let Some(resources) = &spec.resources {
        resource_requirements(resources, true, path.key("resources"), errors);
    }
    for (text, field) in [
        (&spec.priority_class_name, "priorityClassName"),
        (&spec.node_name, "nodeName"),
        (&spec.scheduler_name, "schedulerName"),
        (&spec.runtime_class_name, "runtimeClassName"),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            dns_subdomain(text, path.key(field), errors);
        }
    }
    if let Some(affinity) = &spec.affinity {
        validate_affinity(affinity, path.key("affinity"), errors);
    }
    validate_tolerations(spec.tolerations.as_deref().unwrap_or_default(), path.key("tolerations"), errors);
    let spread = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    validate_spread(spread, path.key("topologySpreadConstraints"), errors);
    let mut gates = BTreeSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let gates_path = path.key("schedulingGates");
        let item_path = gates_path.index(index);
        qualified_name(&gate.name, item_path.key("name"), errors);
        if !gates.insert(&gate.name) {
            errors.push(item_path, format_args!("`{}` is given twice (expected distinct names)", gate.name));
        }
    }
    let volumes_path = path.key("volumes");
    let mut volumes = BTreeSet::new();
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        let item_path = volumes_path.index(index);
        dns_label(&volume.name, item_path.key("name"), errors);
        if !volumes.insert(&volume.name) {
            errors.push(
                item_path.key("name"),
                format_args!("`{}` is given twice (expected distinct names)", volume.name),
            );
        }
    }
}

/// Checks all containers, and what must be distinct among them.
fn validate_containers(spec: &PodSpec, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let containers_path = path.key("containers");
    let init_path = path.key("initContainers");
    if spec.containers.is_empty() {
        errors.push(containers_path, "missing (expected at least one container)");
    }
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let mut names = BTreeSet::new();
    let mut host_ports = BTreeSet::new();
    let init = init.iter().enumerate().map(|(index, container)| (container, init_path.index(index), true));
    let app = spec.containers.iter().enumerate();
    let app = app.map(|(index, container)| (container, containers_path.index(index), false));
    for (container, container_path, is_init) in init.chain(app) {
        if !container.name.is_empty() && !names.insert(&container.name) {
            errors.push(
                container_path.key("name"),
                format_args!("`{}` is the name of another container too (expected distinct names)", container.name),
            );
        }
        validate_container(container, is_init, spec, container_path, errors);
        if is_init && container.restart_policy.as_deref() != Some("Always") {
            // Ordinary init containers run one at a time and may share host ports with the others.
            continue;
        }
        let ports_path = container_path.key("ports");
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let Some(host_port) = port.host_port.filter(|number| *number != 0) else { continue };
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            let address = port.host_ip.as_deref().unwrap_or_default();
            let item_path = ports_path.index(index);
            if !host_ports.insert((host_port, protocol, address)) {
                errors.push(
                    item_path.key("hostPort"),
                    format_args!("{host_port}/{protocol} is another port's host port too (expected distinct ones)"),
                );
            }
            if spec.host_network == Some(true) && host_port != port.container_port {
                errors.push(
                    item_path.key("hostPort"),
                    format_args!(
                        "{host_port} differs from containerPort {} with hostNetwork (expected the same)",
                        port.container_port
                    ),
                );
            }
        }
    }
}

/// Checks one container.
fn validate_container(
    container: &Container,
    is_init: bool,
    spec: &PodSpec,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    dns_label(&container.name, path.key("name"), errors);
    match container.image.as_deref() {
        None | Some("") => errors.push(path.key("image"), "missing (expected an image reference)"),
        Some(image) if image.trim() != image => {
            errors.push(path.key("image"), format_args!("`{image}` has blanks around it (expected none)"));
        }
        Some(_) => {}
    }
    if let Some(resources) = &container.resources {
        resource_requirements(resources, false, path.key("resources"), errors);
    }
    let ports_path = path.key("ports");
    let mut names = BTreeSet::new();
    for (index, port) in container.ports.iter().flatten().enumerate() {
        let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else { continue };
        let item_path = ports_path.index(index);
        if name.len() > 15 || !is_dns_label(name) || !name.contains(|c: char| c.is_ascii_lowercase()) {
            errors.push(
                item_path.key("name"),
                format_args!("`{name}` is not a port name (expected at most 15 of a-z, 0-9 and `-`, with a letter)"),
            );
        }
        if !names.insert(name) {
            errors.push(item_path.key("name"), format_args!("`{name}` is given twice (expected distinct names)"));
        }
    }
    let sidecar = is_init && container.restart_policy.as_deref() == Some("Always");
    for (probe, field, one_success) in [
        (&container.liveness_probe, "livenessProbe", true),
        (&container.readiness_probe, "readinessProbe", false),
        (&container.startup_probe, "startupProbe", true),
    ] {
        let Some(probe) = probe else { continue };
        if is_init && !sidecar {
            errors.push(path.key(field), "is not allowed for an init container (expected for sidecars only)");
        }
        validate_probe(probe, one_success, path.key(field), errors);
    }
    let lifecycle_path = path.key("lifecycle");
    let pre_stop_path = lifecycle_path.key("preStop");
    let pre_stop = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    if let Some(sleep) = pre_stop.and_then(|hook| hook.sleep.as_ref()) {
        let grace = spec.termination_grace_period_seconds.unwrap_or(30);
        if sleep.seconds < 0 || sleep.seconds > grace {
            let sleep_path = pre_stop_path.key("sleep");
            errors.push(
                sleep_path.key("seconds"),
                format_args!("{} is out of range (expected 0 to the grace period of {grace} s)", sleep.seconds),
            );
        }
    }
}

/// Checks a probe; `one_success` where `successThreshold` must be 1.
fn validate_probe(probe: &Probe, one_success: bool, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let handlers = [
        ("exec", probe.exec.is_some()),
        ("grpc", probe.grpc.is_some()),
        ("httpGet", probe.http_get.is_some()),
        ("tcpSocket", probe.tcp_socket.is_some()),
    ];
    let given: Vec<&str> = handlers.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    match given.as_slice() {
        [_] => {}
        [] => errors.push(path, "has no handler (expected exec, grpc, httpGet or tcpSocket)"),
        _ => errors.push(path, format_args!("has several handlers: {} (expected one)", given.join(", "))),
    }
    for (number, field) in [
        (probe.initial_delay_seconds, "initialDelaySeconds"),
        (probe.period_seconds, "periodSeconds"),
        (probe.timeout_seconds, "timeoutSeconds"),
        (probe.success_threshold, "successThreshold"),
        (probe.failure_threshold, "failureThreshold"),
    ] {
        not_negative(number, path.key(field), errors);
    }
    if let Some(threshold) = probe.success_threshold.filter(|threshold| one_success && *threshold > 1) {
        errors.push(path.key("successThreshold"), format_args!("{threshold} is too large (expected 1)"));
    }
    at_least(probe.termination_grace_period_seconds, 1, path.key("terminationGracePeriodSeconds"), errors);
}

/// Checks the tolerations of a pod or RuntimeClass.
pub fn validate_tolerations(tolerations: &[Toleration], path: FieldPath<'_>, errors: &mut FieldErrors) {
    for (index, toleration) in tolerations.iter().enumerate() {
        validate_toleration(toleration, path.index(index), errors);
    }
}

/// Checks a toleration.
fn validate_toleration(toleration: &Toleration, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let exists = toleration.operator.as_deref() == Some("Exists");
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    match text(&toleration.key) {
        Some(key) => qualified_name(&key, path.key("key"), errors),
        None if !exists => errors.push(path.key("operator"), "is not `Exists` without a key (expected `Exists`)"),
        None => {}
    }
    match text(&toleration.value) {
        Some(value) if exists => {
            errors.push(path.key("value"), format_args!("`{value}` is given for operator Exists (expected none)"));
        }
        Some(value) => super::validation::label_value(&value, path.key("value"), errors),
        None => {}
    }
    if toleration.toleration_seconds.is_some() && text(&toleration.effect).as_deref() != Some("NoExecute") {
        errors.push(path.key("effect"), "is not `NoExecute` with tolerationSeconds (expected `NoExecute`)");
    }
}

/// Checks topology spread constraints.
fn validate_spread(constraints: &[TopologySpreadConstraint], path: FieldPath<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for (index, constraint) in constraints.iter().enumerate() {
        let item_path = path.index(index);
        at_least(Some(constraint.max_skew), 1, item_path.key("maxSkew"), errors);
        at_least(constraint.min_domains, 1, item_path.key("minDomains"), errors);
        if constraint.min_domains.is_some() && constraint.when_unsatisfiable == "ScheduleAnyway" {
            errors.push(item_path.key("minDomains"), "is given with ScheduleAnyway (expected with DoNotSchedule only)");
        }
        qualified_name(&constraint.topology_key, item_path.key("topologyKey"), errors);
        if !seen.insert((&constraint.topology_key, &constraint.when_unsatisfiable)) {
            errors.push(
                item_path,
                format_args!(
                    "{{{}, {}}} is given twice (expected distinct pairs of topologyKey and whenUnsatisfiable)",
                    constraint.topology_key, constraint.when_unsatisfiable
                ),
            );
        }
        match &constraint.label_selector {
            Some(selector) => label_selector(selector, item_path.key("labelSelector"), errors),
            None if constraint.match_label_keys.as_ref().is_some_and(|keys| !keys.is_empty()) => {
                errors.push(item_path.key("matchLabelKeys"), "is given without labelSelector (expected both)");
            }
            None => {}
        }
    }
}

/// Checks affinities.
fn validate_affinity(affinity: &Affinity, path: FieldPath<'_>, errors: &mut FieldErrors) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    if let Some(node) = &affinity.node_affinity {
        let node_path = path.key("nodeAffinity");
        let required_path = node_path.key(REQUIRED);
        if let Some(selector) = &node.required_during_scheduling_ignored_during_execution {
            let terms_path = required_path.key("nodeSelectorTerms");
            if selector.node_selector_terms.is_empty() {
                errors.push(terms_path, "missing (expected at least one term)");
            }
            for (index, term) in selector.node_selector_terms.iter().enumerate() {
                validate_node_term(term, terms_path.index(index), errors);
            }
        }
        let preferred_path = node_path.key(PREFERRED);
        let preferred = node.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in preferred.enumerate() {
            let item_path = preferred_path.index(index);
            weight(term.weight, item_path.key("weight"), errors);
            validate_node_term(&term.preference, item_path.key("preference"), errors);
        }
    }
    let halves = [
        (
            "podAffinity",
            affinity.pod_affinity.as_ref().map(|affinity| {
                (
                    &affinity.required_during_scheduling_ignored_during_execution,
                    &affinity.preferred_during_scheduling_ignored_during_execution,
                )
            }),
        ),
        (
            "podAntiAffinity",
            affinity.pod_anti_affinity.as_ref().map(|affinity| {
                (
                    &affinity.required_during_scheduling_ignored_during_execution,
                    &affinity.preferred_during_scheduling_ignored_during_execution,
                )
            }),
        ),
    ];
    for (field, half) in halves {
        let Some((required, preferred)) = half else { continue };
        let half_path = path.key(field);
        let required_path = half_path.key(REQUIRED);
        for (index, term) in required.iter().flatten().enumerate() {
            validate_pod_term(term, required_path.index(index), errors);
        }
        let preferred_path = half_path.key(PREFERRED);
        for (index, term) in preferred.iter().flatten().enumerate() {
            let item_path = preferred_path.index(index);
            weight(term.weight, item_path.key("weight"), errors);
            validate_pod_term(&term.pod_affinity_term, item_path.key("podAffinityTerm"), errors);
        }
    }
}

/// Checks the weight of a preferred term.
fn weight(weight: i32, path: FieldPath<'_>, errors: &mut FieldErrors) {
    if !(1..=100).contains(&weight) {
        errors.push(path, format_args!("{weight} is out of range (expected 1 to 100)"));
    }
}

/// Checks a pod (anti-)affinity term.
fn validate_pod_term(term: &PodAffinityTerm, path: FieldPath<'_>, errors: &mut FieldErrors) {
    qualified_name(&term.topology_key, path.key("topologyKey"), errors);
    if let Some(selector) = &term.label_selector {
        label_selector(selector, path.key("labelSelector"), errors);
    }
    if let Some(selector) = &term.namespace_selector {
        label_selector(selector, path.key("namespaceSelector"), errors);
    }
    let namespaces_path = path.key("namespaces");
    for (index, namespace) in term.namespaces.iter().flatten().enumerate() {
        dns_label(namespace, namespaces_path.index(index), errors);
    }
    let has_keys = |keys: &Option<Vec<String>>| keys.as_ref().is_some_and(|keys| !keys.is_empty());
    for (keys, field) in [(&term.match_label_keys, "matchLabelKeys"), (&term.mismatch_label_keys, "mismatchLabelKeys")]
    {
        if term.label_selector.is_none() && has_keys(keys) {
            errors.push(path.key(field), "is given without labelSelector (expected both)");
        }
    }
}

/// Checks a node selector term.
fn validate_node_term(term: &NodeSelectorTerm, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let expressions_path = path.key("matchExpressions");
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let item_path = expressions_path.index(index);
        qualified_name(&expression.key, item_path.key("key"), errors);
        let values = expression.values.as_deref().unwrap_or_default();
        let operator = expression.operator.as_str();
        let expected = match operator {
            "In" | "NotIn" if values.is_empty() => "at least one",
            "Exists" | "DoesNotExist" if !values.is_empty() => "none",
            "Gt" | "Lt" if values.len() != 1 => "one",
            _ => continue,
        };
        errors.push(
            item_path.key("values"),
            format_args!("{} values are given for operator {operator} (expected {expected})", values.len()),
        );
    }
    let fields_path = path.key("matchFields");
    for (index, requirement) in term.match_fields.iter().flatten().enumerate() {
        let item_path = fields_path.index(index);
        if requirement.key != "metadata.name" {
            errors.push(
                item_path.key("key"),
                format_args!("`{}` is not a field that can be selected (expected `metadata.name`)", requirement.key),
            );
        }
        if !matches!(requirement.operator.as_str(), "In" | "NotIn") {
            errors.push(
                item_path.key("operator"),
                format_args!("`{}` is not allowed for fields (expected `In` or `NotIn`)", requirement.operator),
            );
        }
        let count = requirement.values.as_ref().map_or(0, Vec::len);
        if count != 1 {
            errors.push(item_path.key("values"), format_args!("{count} values are given (expected one)"));
        }
    }
}
