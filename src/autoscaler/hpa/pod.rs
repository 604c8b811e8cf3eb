//! What the controller reads of a pod: its state and its requests.

use crate::api::{ConditionStatus, Container, MilliValue, Name, PodPhase, PodSpec, ResourceList};
use crate::units::{Bytes, MilliCpu, SimTime};

/// A pod's condition `Ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PodReadyCondition {
    /// `status`.
    pub status: ConditionStatus,
    /// `lastTransitionTime`.
    pub last_transition: SimTime,
}

/// A pod that the scale's selector matches. Cheap to copy: the spec is borrowed.
#[derive(Clone, Copy, Debug)]
pub struct HpaPod<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `status.startTime`.
    pub start_time: Option<SimTime>,
    /// Condition `Ready`; `None` where the pod has no such condition yet.
    pub ready: Option<PodReadyCondition>,
    /// The pod's spec, for its requests.
    pub spec: &'a PodSpec,
}

impl HpaPod<'_> {
    /// Whether the pod is Running and its condition `Ready` is True.
    #[must_use]
    pub fn is_running_and_ready(&self) -> bool {
        self.phase == PodPhase::Running && self.ready.is_some_and(|ready| ready.status == ConditionStatus::True)
    }
}

/// Pods that have one spec with whole requests, run and are ready, and have been for longer than any rule looks back:
/// each of them has a sample that counts, so all that is read of them are sums.
#[derive(Clone, Copy, Debug)]
pub struct AlikePods<'a> {
    /// How many there are.
    pub count: usize,
    /// `metadata.name` of one of them.
    pub name: &'a str,
    /// Their spec.
    pub spec: &'a PodSpec,
}

/// A request in thousandths of the resource's unit; `None` where the list does not name the resource.
fn request_of(requests: &ResourceList, resource: &str) -> Option<i64> {
    let units = match resource {
        "cpu" => return requests.cpu.map(MilliCpu::get),
        "memory" => requests.memory.map(Bytes::get),
        "ephemeral-storage" => requests.ephemeral_storage.map(Bytes::get),
        other => requests.scalar(other),
    };
    units.map(|units| units.saturating_mul(1000))
}

/// Why a pod has no request that its usage could be compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MissingRequest {
    /// This container does not request the resource.
    Container(Name),
    /// The pod-level requests do not name the resource.
    Pod,
    /// No container has the name that the metric asks for.
    NoSuchContainer,
}

/// What a pod requests of a resource, or one of its containers (`calculateRequests`, Kubernetes 1.36
/// `podautoscaler/replica_calculator.go`): pod-level requests where they are set and no container is named, else the
/// sum over containers and sidecars.
///
/// # Errors
/// [`MissingRequest`], with the first container that does not request the resource.
pub fn pod_request(
    spec: &PodSpec,
    resource: &str,
    container: Option<&str>,
    pod_level_resources: bool,
) -> Result<MilliValue, MissingRequest> {
    if pod_level_resources && container.is_none() && !spec.pod_requests.is_empty() {
        return request_of(&spec.pod_requests, resource).map(MilliValue::new).ok_or(MissingRequest::Pod);
    }
    let sidecars = spec.init_containers.iter().filter(|candidate| candidate.is_sidecar);
    let wanted = |candidate: &&Container| container.is_none_or(|name| *candidate.name == *name);
    let mut total: i64 = 0;
    let mut found = container.is_none();
    for candidate in spec.containers.iter().chain(sidecars).filter(wanted) {
        let request = request_of(&candidate.requests, resource);
        total = total.wrapping_add(request.ok_or_else(|| MissingRequest::Container(candidate.name.clone()))?);
        found = true;
    }
    if found { Ok(MilliValue::new(total)) } else { Err(MissingRequest::NoSuchContainer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, cpu: Option<i64>) -> Container {
        let requests = ResourceList { cpu: cpu.map(MilliCpu::new), ..ResourceList::default() };
        Container { name: name.into(), requests, ..Container::default() }
    }

    #[test]
    fn requests_of_a_pod() {
        let sidecar = Container { is_sidecar: true, ..container("proxy", Some(50)) };
        let spec = PodSpec {
            containers: vec![container("app", Some(200)), container("log", Some(30))],
            init_containers: vec![container("init", None), sidecar],
            ..PodSpec::default()
        };
        let incomplete =
            PodSpec { containers: vec![container("app", Some(1)), container("log", None)], ..spec.clone() };
        let pod_level = PodSpec {
            pod_requests: ResourceList { cpu: Some(MilliCpu::new(500)), ..ResourceList::default() },
            ..spec.clone()
        };
        let lacks = |name: &str| Err(MissingRequest::Container(name.into()));
        let cases = [
            (&spec, "cpu", None, true, Ok(280), "containers and sidecars, not plain init containers"),
            (&spec, "cpu", Some("log"), true, Ok(30), "one container"),
            (&spec, "cpu", Some("proxy"), true, Ok(50), "a sidecar can be named"),
            (&spec, "cpu", Some("init"), true, Err(MissingRequest::NoSuchContainer), "an init container cannot"),
            (&spec, "cpu", Some("none"), true, Err(MissingRequest::NoSuchContainer), "no such container"),
            (&spec, "memory", None, true, lacks("app"), "not requested"),
            (&incomplete, "cpu", None, true, lacks("log"), "one container without request fails the pod"),
            (&incomplete, "cpu", Some("app"), true, Ok(1), "the other container is not looked at"),
            (&pod_level, "cpu", None, true, Ok(500), "pod-level requests win"),
            (&pod_level, "memory", None, true, Err(MissingRequest::Pod), "pod-level requests without the resource"),
            (&pod_level, "cpu", Some("app"), true, Ok(200), "a named container wins over the pod level"),
            (&pod_level, "cpu", None, false, Ok(280), "gate off"),
        ];
        for (spec, resource, name, gate, expected, why) in cases {
            assert_eq!(pod_request(spec, resource, name, gate), expected.map(MilliValue::new), "{why}");
        }
    }
}
