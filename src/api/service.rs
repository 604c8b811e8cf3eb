//! Services.

use super::{ApiObject, Kind, LabelSelector, Name, ObjectMeta};
use crate::units::SimDuration;

/// `spec.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServiceType {
    /// Reachable in the cluster.
    #[default]
    ClusterIp,
    /// Reachable on a port of every node.
    NodePort,
    /// Reachable through a load balancer.
    LoadBalancer,
    /// A DNS alias.
    ExternalName,
}

/// `spec.internalTrafficPolicy` or `spec.externalTrafficPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrafficPolicy {
    /// Every endpoint.
    #[default]
    Cluster,
    /// The endpoints on the node alone.
    Local,
}

/// `spec.trafficDistribution`: endpoints that are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrafficDistribution {
    /// `PreferClose`, which is `PreferSameZone` by its old name.
    PreferClose,
    /// Those in the client's zone.
    PreferSameZone,
    /// Those on the client's node, else those in its zone.
    PreferSameNode,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServicePort {
    /// `name`; empty of a single port without one.
    pub name: Name,
    /// `port`.
    pub number: u16,
}

/// A `Service`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Identity.
    pub meta: ObjectMeta,
    /// `spec.selector`; `None` where the Service has none (its endpoints are managed by hand).
    pub selector: Option<LabelSelector>,
    /// `spec.type`.
    pub service_type: ServiceType,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `spec.publishNotReadyAddresses`.
    pub publish_not_ready_addresses: bool,
    /// `spec.externalName`, of type `ExternalName`.
    pub external_name: Option<Name>,
    /// `spec.sessionAffinityConfig.clientIP.timeoutSeconds` if `spec.sessionAffinity` is `ClientIP`.
    pub client_ip_affinity: Option<SimDuration>,
    /// `spec.internalTrafficPolicy`: which endpoints requests from inside the cluster may go to.
    pub internal_traffic_policy: TrafficPolicy,
    /// `spec.externalTrafficPolicy`: which endpoints requests from outside the cluster may go to.
    pub external_traffic_policy: TrafficPolicy,
    /// `spec.trafficDistribution`.
    pub traffic_distribution: Option<TrafficDistribution>,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// How many of the ports state a `nodePort`.
    pub stated_node_ports: usize,
    /// `spec.allocateLoadBalancerNodePorts` is `false`.
    pub no_load_balancer_node_ports: bool,
}

impl ApiObject for Service {
    fn kind(&self) -> Kind {
        Kind::Service
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn selector(&self) -> Option<&LabelSelector> {
        self.selector.as_ref()
    }
}
