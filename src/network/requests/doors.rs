//! How users of a Service come from outside the cluster: its type says by what, and the nodes are followed.

use super::Requests;
use crate::api::{Service, ServiceType};
use crate::cluster::{Cluster, Machine, NodeId, ServiceId};
use crate::input::scenario::{self, ClientsFrom};
use crate::network::backend::follow_service;
use crate::network::destinations::{Destinations, Route};
use crate::network::outcome::Ledger;
use crate::network::outside::{Door, DoorNode, HealthCheck, Outside};
use crate::units::SimTime;

/// The label of nodes that no load balancer gets (`ServiceNodeExclusion`).
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
/// The taint of nodes that are about to go, which load balancers lose (service controller, `nodeUnTaintedPredicate`).
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";

/// What an entry says of its users' way.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsersWay {
    from: Option<ClientsFrom>,
    check: HealthCheck,
    /// Seed of the instants in which nodes are checked.
    phases: u64,
}

impl UsersWay {
    /// The way of the users of an entry.
    pub fn new(routing: &scenario::Routing, phases: u64) -> Self {
        let scenario::HealthCheck { interval, healthy_threshold, unhealthy_threshold } = &routing.health_check;
        let check = HealthCheck {
            interval: interval.get(),
            healthy_after: *healthy_threshold,
            unhealthy_after: *unhealthy_threshold,
        };
        Self { from: routing.from, check, phases }
    }

    /// By what they come to a Service; `None` from inside the cluster.
    fn door(&self, service: &Service) -> Option<Door> {
        if self.from == Some(ClientsFrom::Cluster) {
            return None;
        }
        match service.service_type {
            ServiceType::LoadBalancer => Some(Door::LoadBalancer(self.check)),
            ServiceType::NodePort => Some(Door::NodePort),
            ServiceType::ClusterIp | ServiceType::ExternalName => None,
        }
    }
}

/// What there is to know of a node by which users may come; `None` of one by which they never do.
fn door_node(id: NodeId, door: Door, destinations: &mut Destinations, cluster: &Cluster) -> Option<DoorNode> {
    let node = Some(cluster.node(id)).filter(|node| node.exists())?;
    let is_given = match door {
        Door::NodePort => true,
        Door::LoadBalancer(_) => {
            let is_leaving = node.object.taints.iter().any(|taint| taint.key == TO_BE_DELETED);
            !is_leaving && node.object.meta.labels.get(EXCLUDED).is_none()
        }
    };
    let zone = node.object.zone().map(|zone| destinations.zone(zone));
    is_given.then_some(DoorNode { zone, is_up: node.machine != Machine::Down })
}

impl Requests {
    /// Follows by what users come to the Services of the entries.
    pub(super) fn follow_doors(&mut self, changed: Option<ServiceId>, cluster: &Cluster, now: SimTime) {
        let routes: Vec<(usize, usize, Option<ServiceId>)> = (0..self.entries.len())
            .flat_map(|entry| self.destinations.routes_of(entry))
            .filter(|route| !route.is_behind_front)
            .map(|route: &Route| (route.entry, route.number, route.service(cluster)))
            .filter(|(_, _, service)| changed.is_none() || *service == changed)
            .collect();
        for (entry, route, service) in routes {
            let object = service.map(|service| &cluster.service(service).object);
            let way = self.entries[entry].way;
            let door = object.and_then(|object| way.door(object));
            let policy = object.map(|object| object.external_traffic_policy).unwrap_or_default();
            let state = self.graph.service_mut(entry);
            let before = state.proxies().outside(route).map(|outside| outside.door());
            if before != door {
                let outside = door.map(|door| Outside::new(door, policy, way.phases));
                state.set_outside(route, outside, now);
                if let Some(door) = door {
                    for (id, _) in cluster.existing_nodes() {
                        let node = door_node(id, door, &mut self.destinations, cluster);
                        self.graph.service_mut(entry).announce_node(route, id, node, now);
                    }
                }
            } else if let Some(outside) = state.proxies().outside(route) {
                let due = outside.set_policy(policy, now);
                state.plan_checks(route, due);
            }
            self.graph.touch(entry);
        }
    }

    /// An alias is new, stands for another Service, or is gone: whatever may go by it, over other aliases too, is decided anew.
    pub(super) fn follow_alias<L: Ledger>(
        &mut self,
        changed: ServiceId,
        cluster: &Cluster,
        ledgers: &mut [L],
        now: SimTime,
    ) {
        if cluster.service(changed).object.service_type != ServiceType::ExternalName {
            return;
        }
        for entry in 0..self.entries.len() {
            let mut pods = self.entries[entry].pods.clone();
            for route in self.destinations.routes_of(entry).filter(|route| !route.is_behind_front) {
                follow_service(self.graph.service_mut(entry).proxies(), route, cluster);
                let endpoints = route.service(cluster).into_iter().flat_map(|service| cluster.endpoints(service));
                pods.extend(endpoints.map(|(pod, _)| pod));
            }
            for pod in pods {
                self.update_pod(pod, cluster, ledgers, now);
            }
        }
        self.follow_doors(None, cluster, now);
    }

    /// A node has come, changed or gone.
    pub(super) fn follow_node(&mut self, id: NodeId, cluster: &Cluster, now: SimTime) {
        for entry in 0..self.entries.len() {
            let routes: Vec<usize> = self.destinations.routes_of(entry).map(|route| route.number).collect();
            for route in routes {
                let Some(door) = self.graph.service_mut(entry).proxies().outside(route).map(|outside| outside.door())
                else {
                    continue;
                };
                let node = door_node(id, door, &mut self.destinations, cluster);
                self.graph.service_mut(entry).announce_node(route, id, node, now);
                self.graph.touch(entry);
            }
        }
    }
}
