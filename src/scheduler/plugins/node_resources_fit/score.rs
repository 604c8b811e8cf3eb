//! What a node is worth by how much of it is allocated: the three scoring strategies.

use crate::api::scheduler_config::{NodeResourcesFitArgs, ScoringStrategy};
use crate::scheduler::framework::MAX_NODE_SCORE;
use crate::scheduler::view::{NodeInfo, PodInfo, ResourceKey};

/// Points that a score of the shape function is multiplied by: `shape` scores run from 0 to 10.
const SHAPE_SCORE_FACTOR: i64 = MAX_NODE_SCORE / 10;

/// The node's score for the pod, from 0 to 100.
pub fn score(args: &NodeResourcesFitArgs, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let scored = &pod.requests().scored;
    let (mut sum, mut weights) = (0_i64, 0_i64);
    for scored_resource in &args.resources {
        let request = scored.amount(&scored_resource.resource);
        let (offered, taken) = match &scored_resource.resource {
            ResourceKey::Cpu => (node.allocatable().cpu.get(), node.non_zero_cpu().get()),
            ResourceKey::Memory => (node.allocatable().memory.get(), node.non_zero_memory().get()),
            // A scalar resource that the pod does not ask for plays no part.
            ResourceKey::Scalar(_) if request == 0 => continue,
            resource => (node.allocatable().amount(resource), node.requested().amount(resource)),
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
        sum = sum.saturating_add(score.saturating_mul(scored_resource.weight));
        weights = weights.saturating_add(scored_resource.weight);
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
