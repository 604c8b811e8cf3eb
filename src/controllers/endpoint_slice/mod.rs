//! The EndpointSlice controller: which pods a Service selects, and which of them are ready endpoints.
//!
//! Mirrors `podToEndpoint` of the EndpointSlice controller (Kubernetes 1.36).
//!
//! Known deviations: the division into slices is not here; bare pods are no endpoints; the endpoints of single Services, with
//! their conditions and hints, are kept where a traffic entry goes to a Service.

pub mod controller;
pub mod topology;

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

/// The conditions of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// It gets new requests.
    pub ready: bool,
    /// It would answer, also while it terminates.
    pub serving: bool,
    /// Its pod is being deleted.
    pub terminating: bool,
}

/// The conditions of the endpoint that a selected pod is; `None` if it is not listed at all (`ShouldPodBeInEndpoints`,
/// `podToEndpoint`).
pub const fn conditions(pod: EndpointPod, publish_not_ready_addresses: bool) -> Option<Conditions> {
    if pod.phase.is_terminal() || !pod.has_ip {
        return None;
    }
    let (serving, terminating) = (pod.is_ready, pod.is_deleting);
    let ready = publish_not_ready_addresses || (serving && !terminating);
    Some(Conditions { ready, serving, terminating })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::LabelSelector;

    #[test]
    fn conditions_follow_the_pod() {
        let running = EndpointPod { phase: PodPhase::Running, has_ip: true, is_ready: true, is_deleting: false };
        let unready = EndpointPod { is_ready: false, ..running };
        let some = |ready, serving, terminating| Some(Conditions { ready, serving, terminating });
        let cases = [
            (running, false, some(true, true, false), "ready"),
            (unready, false, some(false, false, false), "listed, not ready"),
            (unready, true, some(true, false, false), "published all the same"),
            (EndpointPod { is_deleting: true, ..running }, false, some(false, true, true), "serves while it ends"),
            (EndpointPod { is_deleting: true, ..unready }, false, some(false, false, true), "ends and does not serve"),
            (EndpointPod { is_deleting: true, ..unready }, true, some(true, false, true), "published to the end"),
            (EndpointPod { has_ip: false, ..running }, true, None, "no address yet"),
            (EndpointPod { phase: PodPhase::Succeeded, ..running }, true, None, "ended"),
        ];
        for (pod, publishes, expected, why) in cases {
            assert_eq!(conditions(pod, publishes), expected, "{why}");
        }
    }

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
