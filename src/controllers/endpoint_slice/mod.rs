//! The endpoints of a Service: which pods are listed, in which state, and which of them get traffic.
//!
//! Mirrors `podToEndpoint` of the EndpointSlice controller and kube-proxy's choice among endpoints (Kubernetes 1.36).
//! Topology hints and the division into slices are not here.

pub mod controller;

use crate::api::{Labels, PodPhase, Service, ServiceType};

/// `maxEndpointsPerSlice`: endpoints in one EndpointSlice.
pub const MAX_ENDPOINTS_PER_SLICE: usize = 100;

/// What the controller sees of a pod that the Service selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointPod {
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether the pod has an address, which it gets when the kubelet has started its sandbox.
    pub has_ip: bool,
    /// Condition `Ready`.
    pub is_ready: bool,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
}

/// `conditions` of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndpointConditions {
    /// Gets traffic.
    pub ready: bool,
    /// Passes its readiness checks, terminating or not.
    pub serving: bool,
    /// Is being deleted.
    pub terminating: bool,
}

/// Whether the EndpointSlice controller lists pods with these labels for a Service of the same namespace.
pub fn selects(service: &Service, pod_labels: &Labels) -> bool {
    service.service_type != ServiceType::ExternalName
        && service.selector.as_ref().is_some_and(|selector| selector.matches(pod_labels))
}

/// The endpoint of a selected pod; `None` where the pod is not listed (`ShouldPodBeInEndpoints`: it has ended or has no
/// address yet).
pub fn endpoint(pod: EndpointPod, publish_not_ready_addresses: bool) -> Option<EndpointConditions> {
    if pod.phase.is_terminal() || !pod.has_ip {
        return None;
    }
    Some(EndpointConditions {
        ready: publish_not_ready_addresses || (pod.is_ready && !pod.is_deleting),
        serving: pod.is_ready,
        terminating: pod.is_deleting,
    })
}

/// Positions of the endpoints that a proxy sends traffic to: the ready ones, or, if there is none, those that terminate
/// but still serve (`CategorizeEndpoints` of kube-proxy).
pub fn traffic_endpoints(endpoints: &[EndpointConditions]) -> Vec<usize> {
    let pick = |wanted: fn(&EndpointConditions) -> bool| -> Vec<usize> {
        (0..endpoints.len()).filter(|index| wanted(&endpoints[*index])).collect()
    };
    let ready = pick(|own| own.ready);
    if ready.is_empty() { pick(|own| own.serving && own.terminating) } else { ready }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::LabelSelector;

    #[test]
    fn pods_become_endpoints() {
        let running = EndpointPod { phase: PodPhase::Running, has_ip: true, is_ready: true, is_deleting: false };
        // Conditions as a text: Ready, Serving, Terminating.
        let cases = [
            (running, false, "RS-", "ready"),
            (EndpointPod { is_ready: false, ..running }, false, "---", "not ready"),
            (EndpointPod { is_ready: false, ..running }, true, "R--", "published although not ready"),
            (EndpointPod { is_deleting: true, ..running }, false, "-ST", "terminating, still serving"),
            (EndpointPod { is_deleting: true, ..running }, true, "RST", "terminating and published"),
            (EndpointPod { has_ip: false, ..running }, true, "", "no address yet"),
            (EndpointPod { phase: PodPhase::Failed, ..running }, true, "", "ended"),
        ];
        for (pod, publish, expected, why) in cases {
            let letter = |set, letter| if set { letter } else { '-' };
            let text: String = endpoint(pod, publish).map_or_else(String::new, |own| {
                [letter(own.ready, 'R'), letter(own.serving, 'S'), letter(own.terminating, 'T')].iter().collect()
            });
            assert_eq!(text, expected, "{why}");
        }
    }

    #[test]
    fn terminating_endpoints_serve_when_nobody_else_does() {
        let own = |ready, serving, terminating| EndpointConditions { ready, serving, terminating };
        let [ready, leaving, sick] = [own(true, true, false), own(false, true, true), own(false, false, false)];
        assert_eq!(traffic_endpoints(&[leaving, ready, sick]), [1]);
        assert_eq!(traffic_endpoints(&[leaving, sick]), [0]);
        assert!(traffic_endpoints(&[sick]).is_empty());
    }

    #[test]
    fn services_without_selector_select_nothing() {
        let labels: Labels = [("app", "web")].into_iter().collect();
        let mut service = Service { selector: Some(LabelSelector::from_match_labels(&labels)), ..Service::default() };
        assert!(selects(&service, &labels) && !selects(&service, &Labels::default()));
        service.service_type = ServiceType::ExternalName;
        assert!(!selects(&service, &labels));
        assert!(!selects(&Service::default(), &labels));
    }
}
