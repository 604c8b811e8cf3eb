//! What Services count: their number, their node ports and their load balancers
//! (`pkg/quota/v1/evaluator/core/services.go`).

use super::Quantities;
use super::names::{count_name, sorted};
use crate::api::{Kind, Name, Quantity, Service, ServiceType};

/// Number of Services.
const SERVICES: &str = "services";
/// Ports on every node.
const NODE_PORTS: &str = "services.nodeports";
/// Load balancers.
const LOAD_BALANCERS: &str = "services.loadbalancers";

/// Those of the names that Services count, in alphabetical order.
pub(super) fn matching_resources<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let count = count_name(Kind::Service);
    let is_of_services =
        |name: &Name| *name == count || [SERVICES, NODE_PORTS, LOAD_BALANCERS].contains(&name.as_str());
    sorted(names.filter(|name| is_of_services(name)))
}

/// What a Service counts. Node ports count as they are asked for: they are assigned later.
pub(super) fn usage(service: &Service) -> Quantities {
    let ports = match service.service_type {
        ServiceType::LoadBalancer if service.no_load_balancer_node_ports => service.stated_node_ports,
        ServiceType::NodePort | ServiceType::LoadBalancer => service.ports.len(),
        ServiceType::ClusterIp | ServiceType::ExternalName => 0,
    };
    let balancers = i64::from(service.service_type == ServiceType::LoadBalancer);
    let counts = [
        (count_name(Kind::Service), 1),
        (SERVICES.into(), 1),
        (NODE_PORTS.into(), i64::try_from(ports).unwrap_or(i64::MAX)),
        (LOAD_BALANCERS.into(), balancers),
    ];
    counts.into_iter().map(|(name, count)| (name, Quantity::from_units(count))).collect()
}
