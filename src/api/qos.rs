//! The quality of service class of a pod (`ComputePodQOS` of `pkg/apis/core/v1/helper/qos`, Kubernetes 1.36).

use super::{PodSpec, ResourceList};
use crate::units::{Bytes, MilliCpu};

/// `status.qosClass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QosClass {
    /// Every container is limited in cpu and memory, and requests as much.
    Guaranteed,
    /// Something is requested or limited.
    Burstable,
    /// Nothing is.
    BestEffort,
}

impl QosClass {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

/// Cpu and memory of a list, where there is any of them.
fn compute(list: &ResourceList) -> [Option<i64>; 2] {
    [list.cpu.map(MilliCpu::get), list.memory.map(Bytes::get)].map(|amount| amount.filter(|amount| *amount > 0))
}

/// Whether the pod level states cpu, memory or huge pages (`IsPodLevelResourcesSet`).
#[must_use]
pub fn states_pod_level_resources(spec: &PodSpec) -> bool {
    [&spec.pod_requests, &spec.pod_limits].into_iter().any(|list| {
        list.cpu.is_some()
            || list.memory.is_some()
            || list.scalar.iter().any(|(name, _)| name.starts_with("hugepages-"))
    })
}

/// The class of a pod. Where the pod level states resources, only those count.
#[must_use]
pub fn qos_class(spec: &PodSpec) -> QosClass {
    let of_containers = spec.containers.iter().chain(&spec.init_containers).map(|one| (&one.requests, &one.limits));
    let stated: Vec<(&ResourceList, &ResourceList)> = if states_pod_level_resources(spec) {
        vec![(&spec.pod_requests, &spec.pod_limits)]
    } else {
        of_containers.collect()
    };
    let (mut requests, mut limits) = ([None; 2], [None; 2]);
    let mut is_limited = true;
    for (requested, limited) in stated {
        let [requested, limited] = [requested, limited].map(compute);
        is_limited &= limited.iter().all(Option::is_some);
        for index in 0..2 {
            let sum = |total: Option<i64>, more: Option<i64>| match (total, more) {
                (Some(total), Some(more)) => Some(total.saturating_add(more)),
                (total, more) => total.or(more),
            };
            requests[index] = sum(requests[index], requested[index]);
            limits[index] = sum(limits[index], limited[index]);
        }
    }
    if requests.iter().chain(&limits).all(Option::is_none) {
        QosClass::BestEffort
    } else if is_limited && requests == limits {
        QosClass::Guaranteed
    } else {
        QosClass::Burstable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Container;

    #[test]
    fn classes() {
        let list = |cpu: i64, memory: i64| ResourceList {
            cpu: (cpu >= 0).then_some(MilliCpu::new(cpu)),
            memory: (memory >= 0).then_some(Bytes::new(memory)),
            ..ResourceList::default()
        };
        let cases = [
            (vec![(list(-1, -1), list(-1, -1))], QosClass::BestEffort, "nothing"),
            (vec![(list(0, 0), list(-1, -1))], QosClass::BestEffort, "nothing of each"),
            (vec![(list(1, 1), list(1, 1))], QosClass::Guaranteed, "requests as limits"),
            (vec![(list(1, 1), list(2, 1))], QosClass::Burstable, "a limit above the request"),
            (vec![(list(1, -1), list(1, -1))], QosClass::Burstable, "memory is not limited"),
            (vec![(list(1, 1), list(1, 1)), (list(-1, -1), list(-1, -1))], QosClass::Burstable, "one of two"),
        ];
        for (containers, expected, why) in cases {
            let of = |(requests, limits): (ResourceList, ResourceList)| Container {
                requests,
                limits,
                ..Container::default()
            };
            let spec = PodSpec { containers: containers.into_iter().map(of).collect(), ..PodSpec::default() };
            assert_eq!(qos_class(&spec), expected, "{why}");
        }
        let spec = PodSpec { pod_requests: list(1, 1), pod_limits: list(1, 1), ..PodSpec::default() };
        assert_eq!(qos_class(&spec), QosClass::Guaranteed, "of the pod level");
    }
}
