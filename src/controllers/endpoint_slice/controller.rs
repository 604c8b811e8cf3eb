//! The running EndpointSlice controller: which pods receive a Service's traffic.

use crate::cluster::{Cluster, NamespaceId, PodId, Service, TemplateId, asks_for_own_labels};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::endpoint_slice::{EndpointPod, is_ready_endpoint, selects};
use crate::engine::{Agenda, Latency};
use rustc_hash::FxHashMap;

/// Keeps `Pod::in_endpoints` up to date. A pod that no Service selects counts as an endpoint as soon as it is ready:
/// whoever sends it traffic looks at the pod itself.
#[derive(Clone, Debug)]
pub struct EndpointController {
    ready: Latency,
    removal: Latency,
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
            selected: FxHashMap::default(),
        }
    }

    /// A Service came or changed.
    pub fn forget_selections(&mut self) {
        self.selected.clear();
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
    let pod = cluster.pod(pod);
    pod.exists()
        && is_ready_endpoint(EndpointPod {
            phase: pod.phase,
            has_ip: pod.running.is_some(),
            is_ready: pod.ready,
            is_deleting: pod.deletion.is_some(),
        })
}
