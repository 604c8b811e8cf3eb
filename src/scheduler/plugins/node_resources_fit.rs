//! NodeResourcesFit: whether the requests fit, and the three scoring strategies.

use crate::api::Name;
use crate::scheduler::config::{NodeResourcesFitArgs, ScoringStrategy};
use crate::scheduler::framework::{Failure, MAX_NODE_SCORE, Shortage, scalar_bit};
use crate::scheduler::view::{NodeInfo, PodInfo, ResourceKey, Resources, is_extended_resource_name};
use crate::units::{Bytes, MilliCpu};

/// Points that a score of the shape function is multiplied by: `shape` scores run from 0 to 10.
const SHAPE_SCORE_FACTOR: i64 = MAX_NODE_SCORE / 10;

/// Rejects a node where the pod's requests do not fit. `is_served_elsewhere` says which extended resources, absent from
/// the node, DynamicResources decides about.
pub fn filter(
    args: &NodeResourcesFitArgs,
    pod: &PodInfo,
    node: &NodeInfo,
    is_served_elsewhere: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let pods = i64::try_from(node.pods().len()).unwrap_or(i64::MAX);
    let shortage = shortage(
        &args.ignored_resources,
        &args.ignored_resource_groups,
        &pod.requests().requests,
        node.allocatable(),
        node.requested(),
        node.allocatable_pods() - pods,
        is_served_elsewhere,
    );
    if shortage.is_empty() { Ok(()) } else { Err(Failure::Resources(shortage)) }
}

/// What is short when `requests` come to a node that offers `allocatable`, of which `requested` is taken, with room for
/// `free_pods` more pods (`fitsRequest`, kube-scheduler 1.36). Ignored resources and groups cover extended resources only.
pub fn shortage(
    ignored_resources: &[Name],
    ignored_groups: &[Name],
    requests: &Resources,
    allocatable: &Resources,
    requested: &Resources,
    free_pods: i64,
    is_served_elsewhere: impl Fn(&str) -> bool,
) -> Shortage {
    let mut shortage = Shortage { pods: free_pods < 1, ..Shortage::default() };
    if requests.cpu == MilliCpu::ZERO
        && requests.memory == Bytes::ZERO
        && requests.ephemeral_storage == Bytes::ZERO
        && requests.scalar.is_empty()
    {
        return shortage;
    }
    let mut is_short = |request: i64, allocatable: i64, requested: i64| {
        let short = request > 0 && request > allocatable.saturating_sub(requested);
        shortage.unresolvable |= short && request > allocatable;
        short
    };
    let cpu = is_short(requests.cpu.get(), allocatable.cpu.get(), requested.cpu.get());
    let memory = is_short(requests.memory.get(), allocatable.memory.get(), requested.memory.get());
    let ephemeral_storage = is_short(
        requests.ephemeral_storage.get(),
        allocatable.ephemeral_storage.get(),
        requested.ephemeral_storage.get(),
    );
    let mut scalars = 0;
    for (position, (name, request)) in requests.scalar.iter().enumerate() {
        if *request == 0 || is_ignored(ignored_resources, ignored_groups, name) {
            continue;
        }
        let offered = allocatable.scalar(name).unwrap_or(0);
        if offered == 0 && is_served_elsewhere(name) {
            continue;
        }
        if is_short(*request, offered, requested.scalar(name).unwrap_or(0)) {
            scalars |= scalar_bit(position);
        }
    }
    Shortage { cpu, memory, ephemeral_storage, scalars, ..shortage }
}

/// Whether the filter leaves a resource out.
fn is_ignored(resources: &[Name], groups: &[Name], name: &str) -> bool {
    if resources.is_empty() && groups.is_empty() {
        return false;
    }
    let group = name.split('/').next().unwrap_or(name);
    is_extended_resource_name(name)
        && (resources.iter().any(|ignored| **ignored == *name) || groups.iter().any(|ignored| **ignored == *group))
}

/// The node's score for the pod, from 0 to 100.
pub fn score(args: &NodeResourcesFitArgs, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let scored = &pod.requests().scored;
    let (mut sum, mut weights) = (0_i64, 0_i64);
    for own in &args.resources {
        let request = scored.amount(&own.resource);
        let (offered, taken) = match &own.resource {
            ResourceKey::Cpu => (node.allocatable().cpu.get(), node.non_zero_cpu().get()),
            ResourceKey::Memory => (node.allocatable().memory.get(), node.non_zero_memory().get()),
            // A scalar resource that the pod does not ask for plays no part.
            ResourceKey::Scalar(_) if request == 0 => continue,
            other => (node.allocatable().amount(other), node.requested().amount(other)),
        };
        if offered == 0 {
            continue;
        }
        let used = taken.saturating_add(request);
        let score = match &args.strategy {
            ScoringStrategy::LeastAllocated => allocation_score(true, used, offered),
            ScoringStrategy::MostAllocated => allocation_score(false, used, offered),
            ScoringStrategy::RequestedToCapacityRatio { shape } => {
                let utilization = if used > offered { 100 } else { percentage(used, offered) };
                let score = interpolate(shape, utilization);
                if score <= 0 {
                    continue;
                }
                score
            }
        };
        sum = sum.saturating_add(score.saturating_mul(own.weight));
        weights = weights.saturating_add(own.weight);
    }
    if weights == 0 {
        return 0;
    }
    match args.strategy {
        ScoringStrategy::RequestedToCapacityRatio { .. } => divide_rounded(sum, weights),
        _ => sum / weights,
    }
}

/// What one resource scores under LeastAllocated (`least`) or MostAllocated; `offered` is not zero.
#[inline]
pub fn allocation_score(least: bool, used: i64, offered: i64) -> i64 {
    match least {
        true if used > offered => 0,
        true => percentage(offered - used, offered),
        false => percentage(used.min(offered), offered),
    }
}

/// `part * 100 / whole`, truncated.
fn percentage(part: i64, whole: i64) -> i64 {
    if let Some(scaled) = part.checked_mul(MAX_NODE_SCORE) {
        return scaled / whole;
    }
    let scaled = i128::from(part) * i128::from(MAX_NODE_SCORE) / i128::from(whole);
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// Rounded half away from zero; both are positive.
fn divide_rounded(sum: i64, weights: i64) -> i64 {
    (sum.saturating_mul(2).saturating_add(weights)) / weights.saturating_mul(2)
}

/// The broken-line function through the points of `shape`, in whole numbers (`helper.BuildBrokenLinearFunction`).
fn interpolate(shape: &[(i64, i64)], utilization: i64) -> i64 {
    let Some(next) = shape.iter().position(|(x, _)| utilization <= *x) else {
        return shape.last().map_or(0, |(_, y)| y * SHAPE_SCORE_FACTOR);
    };
    let (x1, y1) = (shape[next].0, shape[next].1 * SHAPE_SCORE_FACTOR);
    if next == 0 {
        return y1;
    }
    let (x0, y0) = (shape[next - 1].0, shape[next - 1].1 * SHAPE_SCORE_FACTOR);
    y0 + (y1 - y0) * (utilization - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_are_listed_and_graded() {
        let resources = |cpu, gpu: Option<i64>| Resources {
            cpu: MilliCpu::new(cpu),
            scalar: gpu.map(|gpu| ("nvidia.com/gpu".into(), gpu)).into_iter().collect(),
            ..Resources::default()
        };
        let cases = [
            (resources(500, None), 0, 1, "", false, "fits"),
            (resources(700, None), 500, 1, "cpu ", false, "would fit an empty node"),
            (resources(1100, None), 0, 1, "cpu ", true, "never fits"),
            (resources(0, None), 2000, 1, "", false, "requests nothing"),
            (resources(0, None), 0, 0, "pods ", false, "too many pods, requests nothing"),
            (resources(700, Some(1)), 500, 0, "pods cpu gpu ", true, "everything is listed"),
            (resources(0, Some(0)), 2000, 1, "", false, "a request of zero fits anywhere"),
        ];
        for (requests, used, free_pods, expected, unresolvable, why) in cases {
            let found =
                shortage(&[], &[], &requests, &resources(1000, None), &resources(used, None), free_pods, |_| false);
            let mut listed = String::new();
            for (short, name) in
                [(found.pods, "pods "), (found.cpu, "cpu "), (found.memory, "memory "), (found.scalars != 0, "gpu ")]
            {
                listed += if short { name } else { "" };
            }
            assert_eq!((listed.as_str(), found.unresolvable), (expected, unresolvable), "{why}");
        }
    }

    #[test]
    fn ignored_resources_are_extended_ones() {
        let (resources, groups) = (["a.com/x".into(), "hugepages-2Mi".into()], ["b.com".into()]);
        let cases = [("a.com/x", true), ("a.com/y", false), ("b.com/y", true), ("hugepages-2Mi", false)];
        for (name, expected) in cases {
            assert_eq!(is_ignored(&resources, &groups, name), expected, "{name}");
        }
    }

    #[test]
    fn the_shape_is_a_broken_line() {
        let shape = [(0, 0), (40, 10), (100, 5)];
        let cases = [(0, 0), (20, 50), (40, 100), (70, 75), (100, 50), (41, 100), (43, 98)];
        for (utilization, expected) in cases {
            assert_eq!(interpolate(&shape, utilization), expected, "{utilization}");
        }
        assert_eq!(interpolate(&[(20, 3), (30, 4)], 10), 30, "before the first point");
        assert_eq!(interpolate(&[(20, 3), (30, 4)], 90), 40, "after the last point");
        assert_eq!(divide_rounded(5, 2), 3, "halves round up");
    }
}
