//! The running EndpointSlice controller: which pods receive a Service's traffic.

use crate::cluster::{Cluster, Endpoint, NamespaceId, PodId, Service, ServiceId, TemplateId, asks_for_own_labels};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::endpoint_slice::topology::{Hint, TopologyMode, hints};
use crate::controllers::endpoint_slice::{Conditions, EndpointPod, conditions, is_ready_endpoint, selects};
use crate::engine::{Agenda, Latency};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Keeps `Pod::in_endpoints` up to date, and the endpoints of each Service where somebody reads them. A pod that no Service
/// selects counts as an endpoint as soon as it is ready: whoever sends it traffic looks at the pod itself.
#[derive(Clone, Debug)]
pub struct EndpointController {
    ready: Latency,
    removal: Latency,
    /// The same for the endpoints of single Services; `None` where nobody reads them.
    slices: Option<(Latency, Latency)>,
    /// Which pods of a template some Service selects; only looked up, never iterated.
    selected: FxHashMap<(TemplateId, NamespaceId), Selected>,
}

/// Which pods of a template some Service selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selected {
    None,
    All,
    /// Services ask for labels in which the pods differ.
    AskEach,
}

impl EndpointController {
    /// A controller that has seen no Service.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            ready: Latency::new(settings.endpoint_ready, settings.streams, "latency/endpoint-ready"),
            removal: Latency::new(settings.endpoint_removal, settings.streams, "latency/endpoint-removal"),
            slices: settings.endpoint_slices.then(|| {
                (
                    Latency::new(settings.endpoint_ready, settings.streams, "latency/service-endpoint-ready"),
                    Latency::new(settings.endpoint_removal, settings.streams, "latency/service-endpoint-removal"),
                )
            }),
            selected: FxHashMap::default(),
        }
    }

    /// A Service came, changed or went: all of its endpoints may be others.
    pub fn observe_service<A: Agenda<ControllerEvent>>(&mut self, id: ServiceId, agenda: &mut A) {
        self.selected.clear();
        if let Some((_, removal)) = &mut self.slices {
            agenda.schedule(agenda.now() + removal.draw(), ControllerEvent::SyncService(id));
        }
    }

    /// A pod started, or its readiness, deletion or end changed: the Services that select it list it accordingly.
    pub fn observe_slices<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let Some((ready, removal)) = &mut self.slices else { return };
        if cluster.pod(pod).workload.is_none() {
            return;
        }
        for (id, service) in cluster.services().filter(|(_, service)| !service.removed) {
            let before = cluster.endpoint(id, pod);
            let now = conditions_of(pod, service, cluster);
            if before.map(conditions_in) == now {
                continue;
            }
            let becomes_ready = now.is_some_and(|now| now.ready);
            let latency = if becomes_ready { &mut *ready } else { &mut *removal };
            agenda.schedule(agenda.now() + latency.draw(), ControllerEvent::SyncServiceEndpoint { service: id, pod });
        }
    }

    /// Brings the endpoint that a pod is of a Service up to date.
    pub fn sync_endpoint(id: ServiceId, pod: PodId, cluster: &mut Cluster) {
        let service = cluster.service(id);
        match TopologyMode::of(&service.object) {
            TopologyMode::Auto => Self::sync_service(id, cluster),
            mode => {
                let endpoint = conditions_of(pod, service, cluster).map(|found| hinted(found, mode, pod, cluster));
                cluster.set_endpoint(id, pod, endpoint);
            }
        }
    }

    /// Brings all endpoints of a Service up to date: one write of its EndpointSlices.
    pub fn sync_service(id: ServiceId, cluster: &mut Cluster) {
        let service = cluster.service(id);
        let mode = TopologyMode::of(&service.object);
        let mut found: BTreeMap<PodId, Option<Endpoint>> = cluster.endpoints(id).map(|(pod, _)| (pod, None)).collect();
        let pods = cluster.pods().filter(|(_, pod)| pod.exists() && pod.namespace == service.namespace);
        for (pod, _) in pods {
            if let Some(conditions) = conditions_of(pod, service, cluster) {
                found.insert(pod, Some(hinted(conditions, mode, pod, cluster)));
            }
        }
        if mode == TopologyMode::Auto {
            allocate_zones(id, &mut found, cluster);
        }
        for (pod, endpoint) in found {
            cluster.set_endpoint(id, pod, endpoint);
        }
    }

    /// Nodes came, went or changed: the zones for which the endpoints of Services with hints are meant may be others.
    pub fn observe_nodes<A: Agenda<ControllerEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        let Some((_, removal)) = &mut self.slices else { return };
        for (id, service) in cluster.services().filter(|(_, service)| !service.removed) {
            if TopologyMode::of(&service.object) == TopologyMode::Auto {
                agenda.schedule(agenda.now() + removal.draw(), ControllerEvent::SyncService(id));
            }
        }
    }

    fn is_selected(&mut self, cluster: &Cluster, pod: PodId) -> bool {
        let (template, namespace) = (cluster.pod(pod).template, cluster.pod(pod).namespace);
        let services = || {
            let services = cluster.services().map(|(_, service)| service);
            services.filter(|service| !service.removed && service.namespace == namespace)
        };
        let asks_each = |service: &Service| service.object.selector.as_ref().is_some_and(asks_for_own_labels);
        let selected = *self.selected.entry((template, namespace)).or_insert_with(|| {
            let labels = &cluster.template(template).template.labels;
            if services().any(|service| !asks_each(service) && selects(&service.object, labels)) {
                Selected::All
            } else if services().any(asks_each) {
                Selected::AskEach
            } else {
                Selected::None
            }
        });
        match selected {
            Selected::None => false,
            Selected::All => true,
            Selected::AskEach => {
                let labels = cluster.pod_labels(pod);
                services().any(|service| selects(&service.object, &labels))
            }
        }
    }

    /// A pod's readiness, deletion or end changed.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        if cluster.pod(pod).workload.is_none() || cluster.pod(pod).in_endpoints == is_ready(cluster, pod) {
            return;
        }
        if !self.is_selected(cluster, pod) {
            Self::sync(pod, cluster);
            return;
        }
        let latency = if cluster.pod(pod).in_endpoints { &mut self.removal } else { &mut self.ready };
        agenda.schedule(agenda.now() + latency.draw(), ControllerEvent::SyncEndpoint(pod));
    }

    /// Brings a pod's endpoint up to date.
    pub fn sync(pod: PodId, cluster: &mut Cluster) {
        let ready = is_ready(cluster, pod);
        cluster.set_pod_in_endpoints(pod, ready);
    }
}

/// Whether a pod that exists is a ready endpoint.
fn is_ready(cluster: &Cluster, pod: PodId) -> bool {
    cluster.pod(pod).exists() && is_ready_endpoint(endpoint_pod(pod, cluster))
}

fn endpoint_pod(pod: PodId, cluster: &Cluster) -> EndpointPod {
    let pod = cluster.pod(pod);
    EndpointPod {
        phase: pod.phase,
        has_ip: pod.running.is_some(),
        is_ready: pod.ready,
        is_deleting: pod.deletion.is_some(),
    }
}

/// The conditions of the endpoint that a pod is of a Service; `None` if the Service does not list it.
fn conditions_of(pod: PodId, service: &Service, cluster: &Cluster) -> Option<Conditions> {
    let state = cluster.pod(pod);
    let may_be_listed =
        !service.removed && state.exists() && state.workload.is_some() && state.namespace == service.namespace;
    if !may_be_listed || !selects(&service.object, &cluster.pod_labels(pod)) {
        return None;
    }
    conditions(endpoint_pod(pod, cluster), service.object.publish_not_ready_addresses)
}

fn conditions_in(endpoint: &Endpoint) -> Conditions {
    Conditions { ready: endpoint.ready, serving: endpoint.serving, terminating: endpoint.terminating }
}

/// An endpoint with the hints of `trafficDistribution` (`ReconcileHints` of `endpointslice/trafficdist`): ready ones are
/// meant for their own zone, and for their own node.
fn hinted(conditions: Conditions, mode: TopologyMode, pod: PodId, cluster: &Cluster) -> Endpoint {
    let Conditions { ready, serving, terminating } = conditions;
    let is_close = matches!(mode, TopologyMode::SameZone | TopologyMode::SameNode);
    let node = cluster.pod(pod).node.map(|node| cluster.node(node));
    Endpoint {
        ready,
        serving,
        terminating,
        for_zone: node.and_then(|node| node.object.zone()).filter(|_| ready && is_close).cloned(),
        for_own_node: ready && node.is_some() && mode == TopologyMode::SameNode,
    }
}

/// Gives the endpoints of a Service the zones that topology mode `Auto` means them for.
fn allocate_zones(id: ServiceId, found: &mut BTreeMap<PodId, Option<Endpoint>>, cluster: &Cluster) {
    let nodes = cluster.existing_nodes().map(|(_, node)| node);
    let zones = super::topology::cpu_by_zone(nodes);
    let ready = found.iter().filter(|(_, endpoint)| endpoint.as_ref().is_some_and(|endpoint| endpoint.ready));
    let now: Vec<Hint> = ready
        .map(|(pod, _)| Hint {
            zone: cluster.pod(*pod).node.and_then(|node| cluster.node(node).object.zone()).cloned(),
            meant_for: cluster.endpoint(id, *pod).and_then(|endpoint| endpoint.for_zone.clone()),
        })
        .collect();
    let is_changed = found
        .iter()
        .any(|(pod, endpoint)| endpoint.as_ref().map(conditions_in) != cluster.endpoint(id, *pod).map(conditions_in));
    let Ok(zones) = hints(zones.as_ref(), &now, is_changed) else { return };
    let ready = found.values_mut().flatten().filter(|endpoint| endpoint.ready);
    for (endpoint, zone) in ready.zip(zones) {
        endpoint.for_zone = Some(zone);
    }
}
