//! Where the Ingresses of a class send a request.
//!
//! Mirrors ingress-nginx 1.13 (`createServers`, `getBackendServers`, `mergeAlternativeBackends` of
//! `internal/ingress/controller/controller.go`, `route_to_alternative_balancer` of `rootfs/etc/nginx/lua/balancer.lua`): of two
//! Ingresses with one host, path and type the older one counts; nginx takes an exact path first, then the longest prefix.
//!
//! Known deviations: regular expressions and rewrites are not simulated.

use super::http::{Forwarding, HttpRequest, ServiceRef, Share, has_prefix};
use crate::api::{Canary, Ingress, IngressBackend, Name, PathType};
use crate::cluster::Dated;
use std::collections::BTreeMap;

/// A path of a host, and where it leads.
#[derive(Clone, Debug)]
struct Location {
    path: Name,
    path_type: PathType,
    backend: Option<ServiceRef>,
    /// Whether no rule names it: it is there for what the rules do not match.
    is_default: bool,
}

/// What is known of a Service that an Ingress names.
#[derive(Clone, Debug)]
struct Upstream<'a> {
    /// Whether a canary named it first: it serves no location of its own.
    canary: Option<&'a Canary>,
    /// The canaries of it; the first one counts.
    alternatives: Vec<ServiceRef>,
}

/// All hosts of a class of Ingresses.
#[derive(Clone, Debug, Default)]
struct Servers<'a> {
    /// By host; that of the empty name serves all others.
    locations: BTreeMap<Name, Vec<Location>>,
    /// By Service.
    upstreams: BTreeMap<ServiceRef, Upstream<'a>>,
}

/// Where a request goes; `None` if no rule matches it. The Ingresses are those of one class, in any order.
pub fn forward(ingresses: &[&Dated<Ingress>], request: &HttpRequest) -> Option<Forwarding> {
    let servers = Servers::of(ingresses);
    let primary = servers.location(request)?.backend.clone()?;
    let upstream = servers.upstreams.get(&primary);
    let alternative = upstream.and_then(|upstream| upstream.alternatives.first());
    let policy = alternative.and_then(|alternative| servers.upstreams.get(alternative)?.canary);
    let (Some(alternative), Some(canary)) = (alternative, policy) else {
        return Some(Forwarding { shares: vec![Share { service: Some(primary), weight: 1 }], falls_back: false });
    };
    let (weight, total) = canary_weight(canary, request);
    let shares = vec![
        Share { service: Some(primary), weight: total - weight },
        Share { service: Some(alternative.clone()), weight },
    ];
    Some(Forwarding { shares, falls_back: true })
}

/// Whether one of the Ingresses names the host of a request.
pub fn knows_host(ingresses: &[&Dated<Ingress>], request: &HttpRequest) -> bool {
    let servers = Servers::of(ingresses);
    !request.host.is_empty() && servers.server(&request.host).is_some()
}

/// The requests that a canary gets, and of how many.
fn canary_weight(canary: &Canary, request: &HttpRequest) -> (u32, u32) {
    let total = canary.weight_total.max(1);
    let by_header = request.headers.get(&canary.header).filter(|_| !canary.header.is_empty());
    if let Some(value) = by_header {
        if !canary.header_value.is_empty() {
            if *value == canary.header_value {
                return (total, total);
            }
        } else if value == "always" {
            return (total, total);
        } else if value == "never" {
            return (0, total);
        }
    }
    let by_cookie = if canary.cookie.is_empty() { None } else { request.cookie(&canary.cookie) };
    match by_cookie {
        Some("always") => (total, total),
        Some("never") => (0, total),
        _ => (canary.weight.min(total), total),
    }
}

/// The Service of a backend.
fn service_of(ingress: &Ingress, backend: &IngressBackend) -> ServiceRef {
    ServiceRef {
        namespace: ingress.meta.namespace.clone(),
        name: backend.service.clone(),
        port: Some(backend.port.clone()),
    }
}

impl<'a> Servers<'a> {
    fn of(ingresses: &[&'a Dated<Ingress>]) -> Self {
        let mut sorted = ingresses.to_vec();
        sorted.sort_by(|left, right| {
            let key = |dated: &Dated<Ingress>| {
                (dated.created, dated.object.meta.namespace.clone(), dated.object.meta.name.clone())
            };
            key(left).cmp(&key(right))
        });
        let sorted: Vec<&'a Ingress> = sorted.into_iter().map(|dated| &dated.object).collect();
        let mut servers = Self::default();
        servers.locations.insert(Name::default(), vec![root(None)]);
        for ingress in &sorted {
            servers.add_upstreams(ingress);
        }
        for ingress in sorted.iter().filter(|ingress| ingress.canary.is_none()) {
            servers.add_hosts(ingress);
        }
        for ingress in sorted.iter().filter(|ingress| ingress.canary.is_none()) {
            servers.add_locations(ingress);
        }
        for ingress in sorted.iter().filter(|ingress| ingress.canary.is_some()) {
            servers.merge_canary(ingress);
        }
        servers
    }

    fn add_upstreams(&mut self, ingress: &'a Ingress) {
        let of_paths = ingress.rules.iter().flat_map(|rule| &rule.paths).filter_map(|path| path.backend.as_ref());
        for backend in ingress.default_backend.iter().chain(of_paths) {
            let new = || Upstream { canary: ingress.canary.as_ref(), alternatives: Vec::new() };
            self.upstreams.entry(service_of(ingress, backend)).or_insert_with(new);
        }
    }

    fn add_hosts(&mut self, ingress: &Ingress) {
        let default = ingress.default_backend.as_ref().map(|backend| service_of(ingress, backend));
        if ingress.rules.is_empty() && default.is_some() {
            self.locations.entry(Name::default()).or_default()[0].backend.clone_from(&default);
        }
        for rule in &ingress.rules {
            self.locations.entry(rule.host.clone()).or_insert_with(|| vec![root(default.clone())]);
        }
    }

    fn add_locations(&mut self, ingress: &Ingress) {
        for rule in &ingress.rules {
            let Some(locations) = self.locations.get_mut(&rule.host) else { continue };
            for path in &rule.paths {
                let Some(backend) = &path.backend else { continue };
                let service = service_of(ingress, backend);
                if self.upstreams.get(&service).is_some_and(|upstream| upstream.canary.is_some()) {
                    continue;
                }
                let is_same =
                    |location: &&mut Location| location.path == path.path && location.path_type == path.path_type;
                match locations.iter_mut().find(is_same) {
                    Some(location) if location.is_default => {
                        (location.backend, location.is_default) = (Some(service), false);
                    }
                    Some(_) => {}
                    None => locations.push(Location {
                        path: path.path.clone(),
                        path_type: path.path_type,
                        backend: Some(service),
                        is_default: false,
                    }),
                }
            }
        }
    }

    /// A canary joins the Services that have its host, path and type.
    fn merge_canary(&mut self, ingress: &Ingress) {
        let no_host = Name::default();
        let of_all = ingress.default_backend.iter().map(|backend| (&no_host, None, backend));
        let of_rules = ingress.rules.iter().flat_map(|rule| rule.paths.iter().map(move |path| (&rule.host, path)));
        let of_paths = of_rules.filter_map(|(host, path)| Some((host, Some(path), path.backend.as_ref()?)));
        for (host, path, backend) in of_all.chain(of_paths) {
            let canary = service_of(ingress, backend);
            for location in self.locations.get(host).into_iter().flatten() {
                let Some(primary) = &location.backend else { continue };
                if *primary == canary {
                    break;
                }
                let is_meant =
                    path.is_none_or(|path| (&path.path, path.path_type) == (&location.path, location.path_type));
                if let Some(upstream) = self.upstreams.get_mut(primary)
                    && is_meant
                    && upstream.canary.is_none()
                    && !upstream.alternatives.contains(&canary)
                {
                    upstream.alternatives.push(canary.clone());
                }
            }
        }
    }

    /// The locations of a host: by its name, or by a wildcard for its first label.
    fn server(&self, host: &str) -> Option<&Vec<Location>> {
        let wildcard = || self.locations.get(format!("*.{}", host.split_once('.')?.1).as_str());
        self.locations.get(host).or_else(wildcard)
    }

    fn location(&self, request: &HttpRequest) -> Option<&Location> {
        let locations = self.server(&request.host).or_else(|| self.locations.get(""))?;
        let path = request.path.as_str();
        let exact = locations.iter().find(|location| location.path_type == PathType::Exact && location.path == path);
        let rank = |location: &&Location| {
            let trimmed = location.path.trim_end_matches('/');
            let (is_match, length) = match location.path_type {
                PathType::Exact => (false, 0),
                PathType::Prefix => (has_prefix(path, trimmed), trimmed.len() + 1),
                PathType::ImplementationSpecific => (path.starts_with(location.path.as_str()), location.path.len()),
            };
            is_match.then_some(length)
        };
        let longest = || {
            let matching = locations.iter().filter_map(|location| Some((rank(&location)?, location)));
            // Of two that are as long, the first one.
            matching.rev().max_by_key(|(length, _)| *length).map(|(_, location)| location)
        };
        exact.or_else(longest)
    }
}

/// The location of all that no rule of a host matches.
const fn root(backend: Option<ServiceRef>) -> Location {
    Location { path: Name::new_static("/"), path_type: PathType::Prefix, backend, is_default: true }
}

#[cfg(test)]
mod tests;
