//! Ingresses and HTTPRoutes whose backends are not there, and traffic that no route can take.

use super::given::Given;
use crate::api::{BackendPort, Ingress, Kind, Name, Object, Service};
use crate::input::Diagnostics;
use crate::network::has_port;
use std::collections::BTreeMap;

/// A Service that a route names: namespace, name, port.
type Named<'a> = (&'a Name, &'a Name, Option<BackendPort>);

/// Warns of backends that no Service is at any time of the run, and of requests for which there is no route.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let mut services: BTreeMap<(&Name, &Name), Vec<&Service>> = BTreeMap::new();
    for object in given.objects {
        if let Object::Service(service) = object {
            services.entry((&service.meta.namespace, &service.meta.name)).or_default().push(service);
        }
    }
    for object in given.objects {
        let (named, answer) = match object {
            Object::Ingress(ingress) => (of_ingress(ingress), "503"),
            Object::HttpRoute(route) => {
                let backends = route.rules.iter().flat_map(|rule| &rule.backends);
                let named = backends
                    .filter(|backend| backend.is_service && backend.weight > 0)
                    .map(|backend| (&backend.namespace, &backend.name, backend.port.map(BackendPort::Number)));
                (named.collect(), "500")
            }
            _ => continue,
        };
        for (namespace, name, port) in named {
            let found = services.get(&(namespace, name));
            let problem = match (found, &port) {
                (None, _) => "does not exist".to_owned(),
                (Some(versions), Some(port)) if !versions.iter().any(|service| has_port(service, Some(port))) => {
                    match port {
                        BackendPort::Number(number) => format!("has no port {number}"),
                        BackendPort::Name(name) => format!("has no port `{name}`"),
                    }
                }
                _ => continue,
            };
            let message = format!(
                "its backend, the Service `{namespace}/{name}`, {problem}: requests to it are answered with {answer}"
            );
            diagnostics.push(given.warning_of(object, message));
        }
    }
    let has_route = given.objects.iter().any(|object| matches!(object.kind(), Kind::Ingress | Kind::HttpRoute));
    for (index, entry) in given.scenario.spec.traffic.iter().enumerate() {
        if entry.target.is_none() && !has_route {
            let field = format!("spec.traffic[{index}].http");
            let message = "there is no Ingress and no HTTPRoute: all requests fail with `no_route`".to_owned();
            diagnostics.push(given.scenario.warning_at(&field, message));
        }
    }
}

fn of_ingress(ingress: &Ingress) -> Vec<Named<'_>> {
    let of_paths = ingress.rules.iter().flat_map(|rule| &rule.paths).filter_map(|path| path.backend.as_ref());
    let all = ingress.default_backend.iter().chain(of_paths);
    all.map(|backend| (&ingress.meta.namespace, &backend.service, Some(backend.port.clone()))).collect()
}
