//! What the recommendation of a VerticalPodAutoscaler makes of a pod: held within the LimitRanges of its namespace and the
//! resource policy, and the limits in proportion (Vertical Pod Autoscaler 1.6 `pkg/utils/vpa/capping.go`,
//! `limit_and_request_scaling.go` and `pkg/utils/limitrange`).
//!
//! The admission controller and the updater ask the same functions.

use super::{
    Container, ControlledValues, CpuAndMemory, LimitRange, LimitType, Name, RecommendedContainerResources,
    ResourceList, VerticalPodAutoscaler, container_policy,
};
use crate::units::{Bytes, MilliCpu};

/// One of the two resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VpaResource {
    /// `cpu`, in millicores.
    Cpu,
    /// `memory`, in bytes.
    Memory,
}

impl VpaResource {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];
}

impl CpuAndMemory {
    /// What a list has of the two resources.
    #[must_use]
    pub const fn of(list: &ResourceList) -> Self {
        Self { cpu: list.cpu, memory: list.memory }
    }

    /// The amount of a resource in millicores or bytes.
    #[must_use]
    pub fn get(self, resource: VpaResource) -> Option<i64> {
        match resource {
            VpaResource::Cpu => self.cpu.map(MilliCpu::get),
            VpaResource::Memory => self.memory.map(Bytes::get),
        }
    }

    /// Sets the amount of a resource in millicores or bytes.
    pub fn set(&mut self, resource: VpaResource, amount: Option<i64>) {
        match resource {
            VpaResource::Cpu => self.cpu = amount.map(MilliCpu::new),
            VpaResource::Memory => self.memory = amount.map(Bytes::new),
        }
    }

    /// Writes the amounts that are given into a list.
    pub fn write_to(self, list: &mut ResourceList) {
        if self.cpu.is_some() && list.cpu != self.cpu {
            (list.cpu, list.formats.cpu) = (self.cpu, super::QuantityFormat::default());
        }
        if self.memory.is_some() && list.memory != self.memory {
            (list.memory, list.formats.memory) = (self.memory, super::QuantityFormat::default());
        }
    }
}

/// What the LimitRanges of a namespace say together of containers, or of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitBounds {
    /// The highest minimum.
    pub min: CpuAndMemory,
    /// The lowest maximum.
    pub max: CpuAndMemory,
    /// The default limit; that of the last range.
    pub default: CpuAndMemory,
}

/// What a namespace says of the sizes of pods and containers; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamespaceLimits {
    /// Of a container.
    pub container: Option<LimitBounds>,
    /// Of a pod.
    pub pod: Option<LimitBounds>,
}

impl NamespaceLimits {
    /// What these LimitRanges say together.
    pub fn of(ranges: &[&LimitRange]) -> Self {
        let bounds = |limit_type| {
            let mut together: Option<LimitBounds> = None;
            for item in ranges.iter().flat_map(|range| &range.limits).filter(|item| item.limit_type == limit_type) {
                if item.min.is_empty() && item.max.is_empty() && item.default.is_empty() {
                    continue;
                }
                let bounds = together.get_or_insert_default();
                let (min, max) = (CpuAndMemory::of(&item.min), CpuAndMemory::of(&item.max));
                if !item.default.is_empty() {
                    bounds.default = CpuAndMemory::of(&item.default);
                }
                for resource in VpaResource::ALL {
                    bounds.min.set(resource, bounds.min.get(resource).max(min.get(resource)));
                    let lowest = [bounds.max.get(resource), max.get(resource)].into_iter().flatten().min();
                    bounds.max.set(resource, lowest);
                }
            }
            together
        };
        Self { container: bounds(LimitType::Container), pod: bounds(LimitType::Pod) }
    }
}

/// A container of a pod with the requests and limits that it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizedContainer {
    /// Its name.
    pub name: Name,
    /// Its requests.
    pub requests: CpuAndMemory,
    /// Its limits.
    pub limits: CpuAndMemory,
}

impl SizedContainer {
    /// A container as its spec has it.
    #[must_use]
    pub fn of(container: &Container) -> Self {
        Self {
            name: container.name.clone(),
            requests: CpuAndMemory::of(&container.requests),
            limits: CpuAndMemory::of(&container.limits),
        }
    }
}

/// A part of a recommendation.
type Part = fn(&mut RecommendedContainerResources) -> &mut CpuAndMemory;

const PARTS: [Part; 3] = [|one| &mut one.upper_bound, |one| &mut one.target, |one| &mut one.lower_bound];

/// A recommendation as it applies to a pod: first within what the namespace allows of pods, then of containers, then within
/// the resource policy, and below the container's limits where those stay. Containers without a recommendation are left out.
#[must_use]
pub fn recommendation_for_pod(
    vpa: &VerticalPodAutoscaler,
    recommendation: &[RecommendedContainerResources],
    containers: &[SizedContainer],
    namespace: &NamespaceLimits,
) -> Vec<RecommendedContainerResources> {
    let mut adjusted = recommendation.to_vec();
    if let Some(bounds) = &namespace.pod {
        for container in containers {
            let is_missing = !adjusted.iter().any(|one| one.container_name == container.name);
            if is_missing && container.requests != CpuAndMemory::default() {
                adjusted.push(RecommendedContainerResources {
                    container_name: container.name.clone(),
                    target: container.requests,
                    lower_bound: CpuAndMemory::default(),
                    upper_bound: CpuAndMemory::default(),
                    uncapped_target: CpuAndMemory::default(),
                });
            }
        }
        for part in PARTS {
            for resource in VpaResource::ALL {
                fit_pod(&mut adjusted, containers, bounds, resource, part);
            }
        }
    }
    let mut result = Vec::new();
    for mut one in adjusted {
        let Some(container) = containers.iter().find(|container| container.name == one.container_name) else {
            continue;
        };
        let policy = container_policy(&vpa.container_policies, &container.name);
        let keeps_limits = policy.is_some_and(|policy| policy.controlled_values == ControlledValues::RequestsOnly);
        for part in PARTS {
            let amounts = part(&mut one);
            for resource in VpaResource::ALL {
                let Some(mut amount) = amounts.get(resource) else { continue };
                if let Some(bounds) = &namespace.container {
                    amount = fit_container(amount, container, bounds, resource);
                }
                if let Some(policy) = policy {
                    amount = bounded(amount, policy.min_allowed.get(resource), policy.max_allowed.get(resource));
                }
                if keeps_limits && let Some(limit) = container.limits.get(resource) {
                    amount = amount.min(limit);
                }
                amounts.set(resource, Some(amount));
            }
        }
        result.push(one);
    }
    result
}

/// The requests and limits that a pod's containers get, in their order: the targets, and limits in proportion. What is not
/// named stays as it is.
#[must_use]
pub fn resources_for_pod(
    vpa: &VerticalPodAutoscaler,
    recommendation: &[RecommendedContainerResources],
    containers: &[SizedContainer],
    namespace: &NamespaceLimits,
) -> Vec<(CpuAndMemory, CpuAndMemory)> {
    let applied = recommendation_for_pod(vpa, recommendation, containers, namespace);
    let default = namespace.container.unwrap_or_default().default;
    let of_container = |container: &SizedContainer| {
        let Some(one) = applied.iter().find(|one| one.container_name == container.name) else {
            return (CpuAndMemory::default(), CpuAndMemory::default());
        };
        let mut limits = CpuAndMemory::default();
        let policy = container_policy(&vpa.container_policies, &container.name);
        if policy.is_none_or(|policy| policy.controlled_values == ControlledValues::RequestsAndLimits) {
            for resource in VpaResource::ALL {
                let request = container.requests.get(resource);
                let limit = container.limits.get(resource);
                let target = one.target.get(resource);
                limits.set(resource, proportional_limit(limit, request, target, default.get(resource)));
            }
        }
        (one.target, limits)
    };
    containers.iter().map(of_container).collect()
}

/// An amount that is given and not zero.
fn given(amount: Option<i64>) -> Option<i64> {
    amount.filter(|amount| *amount != 0)
}

/// An amount raised to a minimum, then lowered to a maximum, where they are given and not zero.
fn bounded(amount: i64, min: Option<i64>, max: Option<i64>) -> i64 {
    let raised = given(min).map_or(amount, |min| amount.max(min));
    given(max).map_or(raised, |max| raised.min(max))
}

/// `amount * numerator / denominator`, rounded down; capped at what 64 bits hold.
fn in_proportion(amount: i64, numerator: i64, denominator: i64) -> i64 {
    let product = i128::from(amount) * i128::from(numerator);
    product
        .checked_div_euclid(i128::from(denominator))
        .map_or(amount, |result| i64::try_from(result).unwrap_or(i64::MAX))
}

/// The limit that is to a recommended request as the old limit was to the old request (`getProportionalResourceLimit`).
fn proportional_limit(
    limit: Option<i64>,
    request: Option<i64>,
    recommended: Option<i64>,
    default_limit: Option<i64>,
) -> Option<i64> {
    let limit = given(limit).or_else(|| given(default_limit))?;
    let recommended = given(recommended)?;
    match given(request) {
        Some(request) if request != limit => Some(in_proportion(limit, recommended, request)),
        _ => Some(recommended),
    }
}

/// The request at which the limit, in proportion, is at a bound (`GetBoundaryRequest`).
fn boundary_request(container: &SizedContainer, bound: i64, default_limit: Option<i64>, resource: VpaResource) -> i64 {
    let Some(limit) = given(container.limits.get(resource)).or_else(|| given(default_limit)) else { return 0 };
    given(container.requests.get(resource)).map_or(bound, |request| in_proportion(request, bound, limit))
}

/// An amount within what the namespace allows of a container (`applyContainerLimitRange`).
fn fit_container(amount: i64, container: &SizedContainer, bounds: &LimitBounds, resource: VpaResource) -> i64 {
    let default = bounds.default.get(resource);
    let boundary = |bound: Option<i64>| boundary_request(container, bound.unwrap_or(0), default, resource);
    let min = bounds.min.get(resource).map(|min| boundary(Some(min)).max(min));
    bounded(amount, min, Some(boundary(bounds.max.get(resource))))
}

/// Scales a part of the recommendations so that the pod is within what the namespace allows of it (`applyPodLimitRange`).
fn fit_pod(
    recommendations: &mut [RecommendedContainerResources],
    containers: &[SizedContainer],
    bounds: &LimitBounds,
    resource: VpaResource,
    part: Part,
) {
    let [min, max] = [bounds.min, bounds.max].map(|bound| bound.get(resource).unwrap_or(0));
    let default = bounds.default.get(resource);
    let (mut sum_limit, mut sum) = (0_i64, 0_i64);
    for container in containers {
        let one = recommendations.iter_mut().find(|one| one.container_name == container.name);
        let request = container.requests.get(resource);
        let amount = match one {
            Some(one) => part(one).get(resource).unwrap_or(0),
            None => request.unwrap_or(0),
        };
        let limit = proportional_limit(container.limits.get(resource), request, Some(amount), default);
        sum_limit = sum_limit.saturating_add(limit.unwrap_or(0));
        sum = sum.saturating_add(amount);
    }
    if min <= sum_limit && min <= sum && (max == 0 || max >= sum_limit) || sum_limit == 0 {
        return;
    }
    let raises = min > sum;
    let total = if max != 0 && max < sum_limit { max } else { min };
    for container in containers {
        let Some(one) = recommendations.iter_mut().find(|one| one.container_name == container.name) else { continue };
        let amounts = part(one);
        let amount = amounts.get(resource).unwrap_or(0);
        let fitted = if raises {
            let exact = in_proportion(amount, min, sum);
            let has_rest = i128::from(amount) * i128::from(min) != i128::from(exact) * i128::from(sum);
            exact + i64::from(has_rest && resource == VpaResource::Cpu)
        } else {
            in_proportion(amount, total, sum_limit)
        };
        amounts.set(resource, Some(fitted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ContainerResourcePolicy, LimitRangeItem, VpaUpdateMode};

    fn amounts(cpu: i64, mebibytes: i64) -> CpuAndMemory {
        let some = |amount: i64| (amount > 0).then_some(amount);
        CpuAndMemory { cpu: some(cpu).map(MilliCpu::new), memory: some(mebibytes).map(|count| Bytes::new(count << 20)) }
    }

    fn vpa(policies: Vec<ContainerResourcePolicy>) -> VerticalPodAutoscaler {
        VerticalPodAutoscaler {
            meta: crate::api::ObjectMeta::default(),
            target: crate::api::CrossVersionObjectReference { kind: "Deployment".into(), name: "web".into() },
            update_mode: VpaUpdateMode::Recreate,
            is_auto: false,
            min_replicas: None,
            eviction_requirements: Vec::new(),
            evict_after_oom: None,
            container_policies: policies,
        }
    }

    fn policy(values: ControlledValues, min: CpuAndMemory, max: CpuAndMemory) -> ContainerResourcePolicy {
        ContainerResourcePolicy {
            container_name: "*".into(),
            is_off: false,
            min_allowed: min,
            max_allowed: max,
            controls_cpu: true,
            controls_memory: true,
            controlled_values: values,
            oom_bump_up_ratio_milli: None,
            oom_min_bump_up: None,
        }
    }

    fn recommended(target: CpuAndMemory) -> RecommendedContainerResources {
        RecommendedContainerResources {
            container_name: "app".into(),
            target,
            lower_bound: target,
            upper_bound: target,
            uncapped_target: target,
        }
    }

    fn limits(limit_type: LimitType, min: CpuAndMemory, max: CpuAndMemory) -> NamespaceLimits {
        let list = |amounts: CpuAndMemory| ResourceList {
            cpu: amounts.cpu,
            memory: amounts.memory,
            ..ResourceList::default()
        };
        let item = LimitRangeItem {
            limit_type,
            min: list(min),
            max: list(max),
            default: ResourceList::default(),
            default_request: ResourceList::default(),
            max_limit_request_ratio: Vec::new(),
        };
        let range = LimitRange { limits: vec![item], ..LimitRange::default() };
        NamespaceLimits::of(&[&range])
    }

    #[test]
    fn what_a_container_gets() {
        use ControlledValues::{RequestsAndLimits, RequestsOnly};
        let none = CpuAndMemory::default();
        let free = NamespaceLimits::default();
        let container = |requests, limits| SizedContainer { name: "app".into(), requests, limits };
        let usual = container(amounts(100, 100), amounts(200, 400));
        let cases = [
            (usual.clone(), vec![], free, (amounts(300, 200), amounts(600, 800)), "limits in proportion"),
            (
                container(amounts(100, 100), none),
                vec![],
                free,
                (amounts(300, 200), none),
                "without a limit there is none afterwards",
            ),
            (
                container(none, amounts(200, 400)),
                vec![],
                free,
                (amounts(300, 200), amounts(300, 200)),
                "a limit without a request counts as the request",
            ),
            (
                usual.clone(),
                vec![policy(RequestsOnly, none, none)],
                free,
                (amounts(200, 200), none),
                "limits that stay cap the requests",
            ),
            (
                usual.clone(),
                vec![policy(RequestsAndLimits, amounts(400, 0), amounts(0, 150))],
                free,
                (amounts(400, 150), amounts(800, 600)),
                "within the policy",
            ),
            (
                usual.clone(),
                vec![],
                limits(LimitType::Container, none, amounts(400, 0)),
                (amounts(200, 200), amounts(400, 800)),
                "the limit may not be above the maximum",
            ),
            (
                usual.clone(),
                vec![],
                limits(LimitType::Container, amounts(350, 0), none),
                (amounts(350, 200), amounts(700, 800)),
                "the request may not be below the minimum",
            ),
            (
                usual,
                vec![],
                limits(LimitType::Pod, none, amounts(300, 0)),
                (amounts(150, 200), amounts(300, 800)),
                "the limits of all containers may not be above the maximum",
            ),
        ];
        for (container, policies, namespace, expected, why) in cases {
            let found = resources_for_pod(&vpa(policies), &[recommended(amounts(300, 200))], &[container], &namespace);
            assert_eq!(found, [expected], "{why}");
        }
    }
}
