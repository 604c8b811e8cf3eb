//! The HTTP routes in front of a traffic entry: which Ingresses and HTTPRoutes its requests meet, and how they are split
//! among Services because of that.

use super::destinations::Destinations;
use super::proxies::Proxies;
use super::routing::http::{Forwarding, HttpRequest, ServiceRef, Share};
use super::routing::{gateway, ingress};
use super::split::{Missing, Split, Way};
use crate::api::{BackendPort, HttpRoute, Ingress, Kind, Name, RouteParent, Service};
use crate::cluster::{Cluster, Dated, ServiceId};
use crate::input::scenario::{self, Target};
use std::collections::BTreeMap;

/// Who takes the requests of an entry.
#[derive(Clone, Debug)]
enum Through {
    /// The controller of an Ingress, with all Ingresses of its class.
    Ingress(Target),
    /// The Gateways of an HTTPRoute, with all their routes.
    HttpRoute(Target),
    /// Whoever knows the host.
    Anybody,
}

/// What stands in front of the Services of an entry.
#[derive(Clone, Debug)]
pub struct Front {
    through: Through,
    http: scenario::HttpOptions,
    /// The class of the Ingress, and the parents of the HTTPRoute, as they were last: they count on if it is deleted.
    class: Name,
    parents: Vec<RouteParent>,
    /// The host and path where the entry gives none.
    host: Name,
    path: Name,
    /// How requests are split.
    split: Option<Split>,
}

impl Front {
    /// The front of an entry, unless it goes to a Service or a workload.
    pub fn new(entry: &scenario::Traffic) -> Option<Self> {
        let through = match &entry.target {
            Some(target) if target.kind == Kind::Ingress => Through::Ingress(target.clone()),
            Some(target) if target.kind == Kind::HttpRoute => Through::HttpRoute(target.clone()),
            Some(_) => return None,
            None => Through::Anybody,
        };
        Some(Self {
            through,
            http: entry.http.clone().unwrap_or_default(),
            class: Name::default(),
            parents: Vec::new(),
            host: Name::default(),
            path: Name::new_static("/"),
            split: None,
        })
    }

    /// How requests are split now; `None` if that has not changed. Services that are new to the entry are added to its
    /// destinations and its proxies.
    pub fn follow(
        &mut self,
        entry: usize,
        destinations: &mut Destinations,
        proxies: &mut Proxies,
        cluster: &Cluster,
    ) -> Option<Split> {
        self.note_target(cluster);
        let request = self.request();
        let split = match self.forward(&request, cluster) {
            None => Split::all(Way::Nowhere(Missing::Route)),
            Some(Forwarding { shares, falls_back }) => {
                let way = |share: &Share| (way(share, entry, destinations, proxies, cluster), share.weight);
                Split::new(shares.iter().map(way).collect(), falls_back)
            }
        };
        let is_new = self.split.as_ref() != Some(&split);
        self.split = Some(split.clone());
        is_new.then_some(split)
    }

    /// Notes what the Ingress or HTTPRoute says that the entry names.
    fn note_target(&mut self, cluster: &Cluster) {
        match &self.through {
            Through::Ingress(target) => {
                if let Some(object) = cluster.ingress(&target.namespace, &target.name) {
                    self.class = object.class.clone();
                    (self.host, self.path) = first_of_ingress(object);
                }
            }
            Through::HttpRoute(target) => {
                if let Some(object) = cluster.http_route(&target.namespace, &target.name) {
                    self.parents.clone_from(&object.parents);
                    self.host = object.hostnames.first().cloned().unwrap_or_default();
                }
            }
            Through::Anybody => {}
        }
    }

    fn request(&self) -> HttpRequest {
        let http = &self.http;
        let host = http.host.as_deref().unwrap_or(&self.host);
        let path = http.path.as_deref().unwrap_or(&self.path);
        HttpRequest::new(host, path, http.method.as_deref().unwrap_or("GET"), &http.headers)
    }

    fn forward(&self, request: &HttpRequest, cluster: &Cluster) -> Option<Forwarding> {
        let ingresses = |class: Option<&Name>| -> Vec<&Dated<Ingress>> {
            cluster.ingresses().filter(|dated| class.is_none_or(|class| dated.object.class == *class)).collect()
        };
        let routes = |parents: Option<&[RouteParent]>| -> Vec<&Dated<HttpRoute>> {
            let is_of = |dated: &&Dated<HttpRoute>| {
                parents.is_none_or(|parents| dated.object.parents.iter().any(|parent| parents.contains(parent)))
            };
            cluster.http_routes().filter(is_of).collect()
        };
        match &self.through {
            Through::Ingress(_) => ingress::forward(&ingresses(Some(&self.class)), request),
            Through::HttpRoute(_) => gateway::forward(&routes(Some(&self.parents)), request),
            Through::Anybody => {
                let (ingresses, routes) = (ingresses(None), routes(None));
                let is_of_gateway = gateway::knows_host(&routes, request) && !ingress::knows_host(&ingresses, request);
                if is_of_gateway {
                    return gateway::forward(&routes, request);
                }
                ingress::forward(&ingresses, request).or_else(|| gateway::forward(&routes, request))
            }
        }
    }
}

/// The host and the path of the first rule of an Ingress.
fn first_of_ingress(object: &Ingress) -> (Name, Name) {
    let rule = object.rules.first();
    let path = rule.and_then(|rule| rule.paths.first()).map_or(Name::new_static("/"), |path| path.path.clone());
    (rule.map_or(Name::default(), |rule| rule.host.clone()), path)
}

/// Where a share goes: to a Service that exists and has the port.
fn way(share: &Share, entry: usize, destinations: &mut Destinations, proxies: &mut Proxies, cluster: &Cluster) -> Way {
    let Some(reference) = &share.service else { return Way::Nowhere(Missing::Name) };
    let Some(service) = find(reference, cluster) else { return Way::Nowhere(Missing::Name) };
    if !has_port(&cluster.service(service).object, reference.port.as_ref()) {
        return Way::Nowhere(Missing::Endpoint);
    }
    let known = destinations.number_of(entry, &reference.namespace, &reference.name);
    let number = known.unwrap_or_else(|| {
        // The first Service takes the place that every entry has.
        let number = if destinations.routes_of(entry).next().is_none() { 0 } else { proxies.add_route() };
        destinations.add_route_of_front(entry, number, &reference.namespace, &reference.name);
        number
    });
    Way::Route(u32::try_from(number).unwrap_or(u32::MAX))
}

fn find(reference: &ServiceRef, cluster: &Cluster) -> Option<ServiceId> {
    cluster.find(Kind::Service, cluster.namespace_id(&reference.namespace)?, &reference.name)
}

/// Whether a Service has a port.
pub fn has_port(service: &Service, port: Option<&BackendPort>) -> bool {
    port.is_none_or(|port| {
        service.ports.iter().any(|known| match port {
            BackendPort::Number(number) => known.number == *number,
            BackendPort::Name(name) => known.name == *name,
        })
    })
}

/// The fronts of all entries, by their numbers.
pub type Fronts = BTreeMap<usize, Front>;
