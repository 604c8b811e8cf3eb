//! Containers: resources, ports, probes, hooks.

use super::resources;
use super::value::{name, optional_word, seconds};
use crate::api::{self, HostPortProtocol, Name, Probes, RestartPolicy};
use crate::input::{FieldErrors, FieldPath};
use crate::units::SimDuration;
use k8s_openapi::api::core::v1::{Container, ContainerPort, Probe};

/// Words of `restartPolicy` of pods and containers.
pub const RESTART_POLICIES: [(&str, RestartPolicy); 3] =
    [("Always", RestartPolicy::Always), ("OnFailure", RestartPolicy::OnFailure), ("Never", RestartPolicy::Never)];

/// Whether an image is that of the Cluster Autoscaler, whose arguments are its flags.
pub fn is_cluster_autoscaler_image(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next() == Some("cluster-autoscaler")
}

/// Converts containers, or init containers (`init`), among which `restartPolicy: Always` makes a sidecar.
pub fn convert_containers(
    containers: &[Container],
    init: bool,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::Container> {
    containers
        .iter()
        .enumerate()
        .map(|(index, container)| convert_container(container, init, path.index(index), errors))
        .collect()
}

/// Converts one container.
fn convert_container(
    container: &Container,
    init: bool,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> api::Container {
    let resources_path = path.key("resources");
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let restart = container.restart_policy.as_ref();
    let restart = restart.map(|policy| {
        let default = RestartPolicy::default();
        optional_word(Some(policy), &RESTART_POLICIES, default, path.key("restartPolicy"), errors)
    });
    let pre_stop = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    let sleep = pre_stop.and_then(|hook| hook.sleep.as_ref());
    let mut rules = container.restart_policy_rules.iter().flatten();
    api::Container {
        name: Name::from(container.name.as_str()),
        image: name(container.image.as_ref()),
        requests: resources::convert(requests, resources_path.key("requests"), errors),
        limits: resources::convert(limits, resources_path.key("limits"), errors),
        ports: convert_ports(container.ports.as_deref().unwrap_or_default(), path.key("ports"), errors),
        probes: Probes {
            startup: container.startup_probe.as_ref().map(convert_probe),
            readiness: container.readiness_probe.as_ref().map(convert_probe),
            liveness: container.liveness_probe.as_ref().map(convert_probe),
        },
        is_sidecar: init && restart == Some(RestartPolicy::Always),
        pre_stop_sleep: sleep.map_or(SimDuration::ZERO, |sleep| seconds(sleep.seconds).max_zero()),
        restarts_all_containers: rules.any(|rule| rule.action == "RestartAllContainers"),
    }
}

/// Converts ports; a number that is no port is an error, and the port is left out.
fn convert_ports(ports: &[ContainerPort], path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<api::ContainerPort> {
    let protocols = [("TCP", HostPortProtocol::Tcp), ("UDP", HostPortProtocol::Udp), ("SCTP", HostPortProtocol::Sctp)];
    let mut converted = Vec::with_capacity(ports.len());
    for (index, port) in ports.iter().enumerate() {
        let item_path = path.index(index);
        let container_port = port_number(port.container_port, item_path.key("containerPort"), errors);
        let host_port = match port.host_port {
            None | Some(0) => Some(0),
            Some(number) => port_number(number, item_path.key("hostPort"), errors),
        };
        let protocol =
            optional_word(port.protocol.as_ref(), &protocols, HostPortProtocol::Tcp, item_path.key("protocol"), errors);
        let (Some(container_port), Some(host_port)) = (container_port, host_port) else { continue };
        converted.push(api::ContainerPort {
            container_port,
            host_port,
            host_ip: name(port.host_ip.as_ref()),
            protocol,
        });
    }
    converted
}

/// A port number from 1 to 65535.
pub fn port_number(number: i32, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<u16> {
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        errors.push(path, format_args!("{number} is not a port (expected 1 to 65535)"));
    }
    port
}

/// Converts a probe; absent and zero fields get the API server's defaults (`SetDefaults_Probe`).
fn convert_probe(probe: &Probe) -> api::Probe {
    let default = api::Probe::default();
    let set = |number: Option<i32>| number.filter(|number| *number != 0);
    api::Probe {
        initial_delay: set(probe.initial_delay_seconds).map_or(default.initial_delay, seconds),
        period: set(probe.period_seconds).map_or(default.period, seconds),
        timeout: set(probe.timeout_seconds).map_or(default.timeout, seconds),
        success_threshold: set(probe.success_threshold).unwrap_or(default.success_threshold),
        failure_threshold: set(probe.failure_threshold).unwrap_or(default.failure_threshold),
    }
}
