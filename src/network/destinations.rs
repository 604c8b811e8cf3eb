//! Which pods serve the requests of which traffic entry, and by which of its Services.

use super::proxies::Manner;
use super::routing::usable::{Known, Stand, ZoneId};
use crate::api::{Kind, Name, ServiceType};
use crate::cluster::{Cluster, NodeId, PodId, ServiceId, WorkloadId};
use crate::input::scenario::Target;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Aliases of aliases that are followed.
const MAX_ALIASES: usize = 8;

/// A Service to which an entry sends requests.
#[derive(Clone, Debug)]
pub struct Route {
    /// Index of the entry among those that are played.
    pub entry: usize,
    /// Number of the Service among those of the entry.
    pub number: usize,
    /// Whether requests come to it by an Ingress or a Gateway, which know its ready endpoints alone, and no hints.
    pub is_behind_front: bool,
    namespace: String,
    name: String,
}

impl Route {
    /// Namespace and name of the Service.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The Service, if it exists: of one that is an alias the one that it stands for, if that is a Service of this cluster.
    pub fn service(&self, cluster: &Cluster) -> Option<ServiceId> {
        find_service(&self.namespace, &self.name, cluster)
    }
}

/// Where the requests of the entries go.
#[derive(Debug, Default)]
pub struct Destinations {
    /// The entry of each workload that is named. Only looked up, never iterated.
    by_target: FxHashMap<(&'static str, String, String), usize>,
    /// Only looked up, never iterated.
    by_workload: FxHashMap<WorkloadId, Option<usize>>,
    routes: Vec<Route>,
    zones: Vec<Name>,
}

impl Destinations {
    /// The pods of a workload serve an entry, unless another one has them already.
    pub fn add_workload(&mut self, entry: usize, target: &Target) {
        let key = (target.kind.as_str(), target.namespace.clone(), target.name.clone());
        self.by_target.entry(key).or_insert(entry);
    }

    /// The pods of a Service serve an entry.
    pub fn add_service(&mut self, entry: usize, route: usize, target: &Target) {
        let (namespace, name) = (target.namespace.clone(), target.name.clone());
        self.routes.push(Route { entry, number: route, is_behind_front: false, namespace, name });
    }

    /// The pods of a Service serve an entry whose requests come by an Ingress or a Gateway.
    pub fn add_route_of_front(&mut self, entry: usize, number: usize, namespace: &str, name: &str) {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.routes.push(Route { entry, number, is_behind_front: true, namespace, name });
    }

    /// The number of a Service among those of an entry.
    pub fn number_of(&self, entry: usize, namespace: &str, name: &str) -> Option<usize> {
        let is_it = |route: &&Route| route.namespace == namespace && route.name == name;
        self.routes_of(entry).find(is_it).map(|route| route.number)
    }

    /// The entry that a pod serves: that which names its workload, else the first one with a Service that selects it.
    pub fn entry_of(&mut self, pod: PodId, cluster: &Cluster) -> Option<usize> {
        let workload = cluster.pod(pod).workload?;
        let found = match self.by_workload.get(&workload) {
            Some(found) => *found,
            None => {
                let state = cluster.workload(workload);
                let namespace = cluster.namespace_name(state.namespace);
                let key = (state.kind.as_str(), namespace.to_string(), state.name.to_string());
                let found = self.by_target.get(&key).copied();
                self.by_workload.insert(workload, found);
                found
            }
        };
        found.or_else(|| {
            let selects = |route: &&Route| {
                let service = route.service(cluster).map(|id| cluster.service(id));
                service.is_some_and(|service| {
                    let selector = service.object.selector.as_ref();
                    service.namespace == cluster.pod(pod).namespace
                        && selector.is_some_and(|selector| selector.matches(&cluster.pod_labels(pod)))
                })
            };
            self.routes.iter().find(selects).map(|route| route.entry)
        })
    }

    /// The Services of an entry.
    pub fn routes_of(&self, entry: usize) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(move |route| route.entry == entry)
    }

    /// The entries that send requests to a Service.
    pub fn routes_to(&self, service: ServiceId, cluster: &Cluster) -> impl Iterator<Item = &Route> {
        let state = cluster.service(service);
        let namespace = cluster.namespace_name(state.namespace);
        let has_name = move |route: &Route| *route.name == *state.object.meta.name && *route.namespace == **namespace;
        self.routes.iter().filter(move |route| has_name(route) || route.service(cluster) == Some(service))
    }

    /// What the EndpointSlices of a Service say of a pod.
    pub fn known(&mut self, service: ServiceId, pod: PodId, is_behind_front: bool, cluster: &Cluster) -> Option<Known> {
        let endpoint = cluster.endpoint(service, pod)?;
        if is_behind_front || cluster.service(service).object.headless {
            return endpoint.ready.then_some(Known { node: cluster.pod(pod).node, ..Known::READY });
        }
        Some(Known {
            ready: endpoint.ready,
            serving: endpoint.serving,
            terminating: endpoint.terminating,
            node: cluster.pod(pod).node,
            for_zone: endpoint.for_zone.as_ref().map(|zone| self.zone(zone)),
            for_own_node: endpoint.for_own_node,
        })
    }

    /// The number of a zone.
    pub fn zone(&mut self, name: &Name) -> ZoneId {
        let place = self.zones.iter().position(|zone| zone == name).unwrap_or_else(|| {
            self.zones.push(name.clone());
            self.zones.len() - 1
        });
        ZoneId(u16::try_from(place).unwrap_or(u16::MAX))
    }
}

impl Destinations {
    /// Where proxies stand: on the nodes that exist, those of each zone in turn; only in these zones, if any are given. A zone
    /// without a node has its clients outside of the nodes.
    pub fn stands(&mut self, zones: &[String], cluster: &Cluster) -> Vec<Stand> {
        let mut nodes: BTreeMap<Option<Name>, Vec<NodeId>> =
            zones.iter().map(|zone| (Some(Name::from(zone.as_str())), Vec::new())).collect();
        for (id, node) in cluster.existing_nodes() {
            let zone = node.object.zone().cloned();
            if zones.is_empty() {
                nodes.entry(zone).or_default().push(id);
            } else if let Some(nodes) = nodes.get_mut(&zone) {
                nodes.push(id);
            }
        }
        let rounds = nodes.values().map(Vec::len).max().unwrap_or(0).max(1);
        let mut stands = Vec::new();
        for round in 0..rounds {
            for (zone, nodes) in &nodes {
                let zone = zone.as_ref().map(|zone| self.zone(zone));
                let node = nodes.get(round % nodes.len().max(1)).copied();
                stands.push(Stand { node, zone });
            }
        }
        stands
    }
}

/// The Service of a name, or the one that it is an alias of; `None` if it resolves to nothing in this cluster.
fn find_service(namespace: &str, name: &str, cluster: &Cluster) -> Option<ServiceId> {
    let (mut namespace, mut name) = (Name::from(namespace), Name::from(name));
    for _ in 0..=MAX_ALIASES {
        let id: ServiceId = cluster.find(Kind::Service, cluster.namespace_id(&namespace)?, &name)?;
        let object = &cluster.service(id).object;
        if object.service_type != ServiceType::ExternalName {
            return Some(id);
        }
        let (service, of) = service_of_host(object.external_name.as_deref()?)?;
        (namespace, name) = (of.into(), service.into());
    }
    None
}

/// The name and namespace of the Service that a cluster's DNS name stands for; `None` of a name outside of the cluster.
pub fn service_of_host(host: &str) -> Option<(&str, &str)> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let service = host.strip_suffix(".cluster.local").unwrap_or(host).strip_suffix(".svc")?;
    service.split_once('.').filter(|(name, namespace)| !name.is_empty() && !namespace.contains('.'))
}

/// What a Service says of its clients' ways.
pub fn manner(service: ServiceId, cluster: &Cluster) -> Manner {
    let object = &cluster.service(service).object;
    if object.headless {
        return Manner { is_headless: true, ..Manner::default() };
    }
    Manner { policy: object.internal_traffic_policy, affinity: object.client_ip_affinity, is_headless: false }
}
