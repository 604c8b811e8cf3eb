//! Where the HTTPRoutes of a Gateway send a request.
//!
//! The precedence is that of the Gateway API 1.5 (`apis/v1/httproute_types.go`, at `hostnames` and `matches`): hosts with more
//! letters without a wildcard, then with more letters; an exact path, the longest prefix, a method, more headers, more query
//! parameters; the older route, then the first by namespace and name, then the first rule.
//!
//! Known deviations: listeners and their hosts, `ReferenceGrant` and what filters do are not simulated.

use super::http::{Forwarding, HttpRequest, ServiceRef, Share, has_prefix};
use crate::api::{BackendPort, HttpRoute, RouteBackend, RouteMatch, RoutePath, RouteRule};
use crate::cluster::Dated;
use std::cmp::Reverse;

/// Where a request goes; `None` if no rule matches it. The routes are those of one Gateway, in any order.
pub fn forward(routes: &[&Dated<HttpRoute>], request: &HttpRequest) -> Option<Forwarding> {
    let mut best = None;
    for dated in routes {
        let route = &dated.object;
        let Some(host) = host_rank(route, &request.host) else { continue };
        for (index, rule) in route.rules.iter().enumerate() {
            for found in rule.matches.iter().filter(|found| is_met(found, request)) {
                let age = (dated.created, &route.meta.namespace, &route.meta.name, index);
                let rank = (host, match_rank(found), Reverse(age));
                if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                    best = Some((rank, rule));
                }
            }
        }
    }
    best.map(|(_, rule)| forwarding(rule))
}

/// Whether one of the routes names the host of a request.
pub fn knows_host(routes: &[&Dated<HttpRoute>], request: &HttpRequest) -> bool {
    let named = |dated: &&Dated<HttpRoute>| !dated.object.hostnames.is_empty();
    routes.iter().filter(|dated| named(dated)).any(|dated| host_rank(&dated.object, &request.host).is_some())
}

/// How well a route's hostnames match a host: letters without a wildcard, then letters; `None` if none does.
fn host_rank(route: &HttpRoute, host: &str) -> Option<(usize, usize)> {
    if route.hostnames.is_empty() {
        return Some((0, 0));
    }
    let rank = |name: &str| match name.strip_prefix('*') {
        // One label or several.
        Some(suffix) => (host.len() > suffix.len() && host.ends_with(suffix)).then_some((0, name.len())),
        None => (name == host).then_some((name.len(), name.len())),
    };
    route.hostnames.iter().filter_map(|name| rank(name)).max()
}

fn is_met(found: &RouteMatch, request: &HttpRequest) -> bool {
    let path = match &found.path {
        RoutePath::Exact(path) => *path == request.path,
        RoutePath::Prefix(prefix) => has_prefix(&request.path, prefix),
    };
    let of_query = |name: &str| request.queries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    path && found.method.as_ref().is_none_or(|method| *method == request.method)
        && found.headers.iter().all(|(name, value)| request.headers.get(name) == Some(value))
        && found.queries.iter().all(|(name, value)| of_query(name) == Some(value))
}

/// Exact path, letters of the path, method, headers, query parameters.
fn match_rank(found: &RouteMatch) -> (bool, usize, bool, usize, usize) {
    let (is_exact, length) = match &found.path {
        RoutePath::Exact(path) => (true, path.len()),
        RoutePath::Prefix(path) => (false, path.len()),
    };
    (is_exact, length, found.method.is_some(), found.headers.len(), found.queries.len())
}

/// The parts of what comes to a rule. One without a backend that gets anything answers with an error.
fn forwarding(rule: &RouteRule) -> Forwarding {
    let share = |backend: &RouteBackend| Share {
        service: backend.is_service.then(|| ServiceRef {
            namespace: backend.namespace.clone(),
            name: backend.name.clone(),
            port: backend.port.map(BackendPort::Number),
        }),
        weight: backend.weight,
    };
    let mut shares: Vec<Share> = rule.backends.iter().filter(|backend| backend.weight > 0).map(share).collect();
    if shares.is_empty() {
        shares.push(Share { service: None, weight: 1 });
    }
    Forwarding { shares, falls_back: false }
}

#[cfg(test)]
mod tests;
