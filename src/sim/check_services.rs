//! What can be said before a run of the Services that traffic goes to: an alias of a name outside of the cluster, and users
//! who cannot come from outside.

use crate::api::{Kind, Name, Object, Service, ServiceType};
use crate::input::Diagnostics;
use crate::input::scenario::{ClientsFrom, Scenario};
use crate::network::service_of_host;
use std::collections::BTreeSet;

/// Checks the Services of traffic entries.
pub(super) fn check(scenario: &Scenario, objects: &[&Object], diagnostics: &mut Diagnostics) {
    let services: Vec<&Service> = objects
        .iter()
        .filter_map(|object| if let Object::Service(service) = object { Some(service) } else { None })
        .collect();
    for (index, traffic) in scenario.spec.traffic.iter().enumerate() {
        let Some(target) = traffic.target.as_ref().filter(|target| target.kind == Kind::Service) else { continue };
        let of_target = named(&services, &target.namespace, &target.name);
        if of_target.is_empty() {
            continue;
        }
        if let Some(host) = outside_name(&services, &target.namespace, &target.name) {
            let message = format!(
                "`{}/{}` stands for `{host}`, which is no Service of this cluster (expected a Service with pods)",
                target.namespace, target.name
            );
            diagnostics.push(scenario.error_at(&format!("spec.traffic[{index}].target"), message));
        }
        let is_reached =
            |service: &&Service| matches!(service.service_type, ServiceType::NodePort | ServiceType::LoadBalancer);
        if traffic.routing.from == Some(ClientsFrom::Outside) && !of_target.iter().any(is_reached) {
            let message = format!(
                "`{}/{}` cannot be reached from outside (expected a Service of type LoadBalancer or NodePort)",
                target.namespace, target.name
            );
            diagnostics.push(scenario.error_at(&format!("spec.traffic[{index}].routing.from"), message));
        }
    }
}

/// The Services of a name, as they are at some time of the run.
fn named<'a>(services: &[&'a Service], namespace: &str, name: &str) -> Vec<&'a Service> {
    let is_it = |service: &&&Service| *service.meta.namespace == *namespace && *service.meta.name == *name;
    services.iter().filter(is_it).copied().collect()
}

/// The name outside of the cluster, or of a Service that is nowhere, for which a Service stands all the time.
fn outside_name<'a>(services: &[&'a Service], namespace: &str, name: &str) -> Option<&'a Name> {
    let (mut namespace, mut name) = (Name::from(namespace), Name::from(name));
    let mut seen = BTreeSet::new();
    let mut host = None;
    while seen.insert((namespace.clone(), name.clone())) {
        let found = named(services, &namespace, &name);
        if found.is_empty() {
            return host;
        }
        let is_alias = |service: &&&Service| service.service_type == ServiceType::ExternalName;
        if !found.iter().all(|service| is_alias(&service)) {
            return None;
        }
        host = found.iter().find_map(|service| service.external_name.as_ref());
        let Some((service, of)) = host.and_then(|host| service_of_host(host)) else { return host };
        (name, namespace) = (service.into(), of.into());
    }
    host
}
