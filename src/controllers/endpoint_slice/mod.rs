//! The EndpointSlice controller: which pods a Service selects, and which of them are ready endpoints.
//!
//! Mirrors `podToEndpoint` of the EndpointSlice controller (Kubernetes 1.36).
//!
//! Known deviations: topology hints and the division into slices are not here; `publishNotReadyAddresses` is not looked
//! at; endpoints that terminate but still serve get no traffic when there is no ready one.

pub mod controller;

use crate::api::{Labels, PodPhase, Service, ServiceType};

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

/// Whether the EndpointSlice controller lists pods with these labels for a Service of the same namespace.
pub fn selects(service: &Service, pod_labels: &Labels) -> bool {
    service.service_type != ServiceType::ExternalName
        && service.selector.as_ref().is_some_and(|selector| selector.matches(pod_labels))
}

/// Whether a selected pod is an endpoint with condition `ready`. One that has ended or has no address yet is not listed at
/// all (`ShouldPodBeInEndpoints`).
pub const fn is_ready_endpoint(pod: EndpointPod) -> bool {
    !pod.phase.is_terminal() && pod.has_ip && pod.is_ready && !pod.is_deleting
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::LabelSelector;

    #[test]
    fn pods_become_endpoints() {
        let running = EndpointPod { phase: PodPhase::Running, has_ip: true, is_ready: true, is_deleting: false };
        let cases = [
            (running, true, "ready"),
            (EndpointPod { is_ready: false, ..running }, false, "not ready"),
            (EndpointPod { is_deleting: true, ..running }, false, "terminating, still serving"),
            (EndpointPod { has_ip: false, ..running }, false, "no address yet"),
            (EndpointPod { phase: PodPhase::Failed, ..running }, false, "ended"),
        ];
        for (pod, expected, why) in cases {
            assert_eq!(is_ready_endpoint(pod), expected, "{why}");
        }
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
