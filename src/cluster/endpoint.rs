//! The endpoints in the EndpointSlices of a Service, as the EndpointSlice controller has written them.

use super::{Change, Cluster, PodId, ServiceId};
use crate::api::Name;

/// An endpoint of an EndpointSlice: a pod that the Service selects, its conditions and its hints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition or a hint, as in the API")]
pub struct Endpoint {
    /// `conditions.ready`.
    pub ready: bool,
    /// `conditions.serving`.
    pub serving: bool,
    /// `conditions.terminating`.
    pub terminating: bool,
    /// `hints.forZones`: at most one zone.
    pub for_zone: Option<Name>,
    /// `hints.forNodes` names the endpoint's own node.
    pub for_own_node: bool,
}

impl Cluster {
    /// An endpoint of a Service; `None` if its EndpointSlices do not list the pod.
    pub fn endpoint(&self, service: ServiceId, pod: PodId) -> Option<&Endpoint> {
        self.endpoints.get(&service)?.get(&pod)
    }

    /// The endpoints of a Service, in order of the creation of their pods.
    pub fn endpoints(&self, service: ServiceId) -> impl Iterator<Item = (PodId, &Endpoint)> {
        self.endpoints.get(&service).into_iter().flatten().map(|(pod, endpoint)| (*pod, endpoint))
    }

    /// Writes an endpoint of a Service, or takes it out of the EndpointSlices.
    pub fn set_endpoint(&mut self, service: ServiceId, pod: PodId, endpoint: Option<Endpoint>) {
        let endpoints = self.endpoints.entry(service).or_default();
        if endpoints.get(&pod) != endpoint.as_ref() {
            match endpoint {
                Some(endpoint) => endpoints.insert(pod, endpoint),
                None => endpoints.remove(&pod),
            };
            self.changes.push(Change::ServiceEndpoint { service, pod });
        }
    }
}
