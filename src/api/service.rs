//! Services.

use super::{ApiObject, Kind, LabelSelector, ObjectMeta};

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
    /// `spec.ports[].port`.
    pub ports: Vec<u16>,
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
