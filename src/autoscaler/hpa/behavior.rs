//! From a proposal to the wanted replicas where the object has a `behavior` (`normalizeDesiredReplicasWithBehaviors`,
//! Kubernetes 1.36 `podautoscaler/horizontal.go`): a window and policies per direction, and the scale events that the
//! policies count.

use super::history::{HpaHistory, TimedReplicas, change_in_period, store_event};
use super::normalize::{Bounds, Normalized};
use crate::api::{
    HorizontalPodAutoscalerBehavior, HpaConditionReason, HpaScalingPolicy, HpaScalingPolicyType, HpaScalingRules,
    ScalingPolicySelect,
};
use crate::autoscaler::go_number::int32;
use crate::units::{SimDuration, SimTime};

/// Normalises a proposal and records it. `downscale_window` stands in for a scale-down window that is not given.
pub(super) fn normalize_with_behavior(
    proposal: i32,
    bounds: Bounds,
    behavior: &HorizontalPodAutoscalerBehavior,
    downscale_window: SimDuration,
    history: &mut HpaHistory,
    now: SimTime,
) -> Normalized {
    let stabilized = stabilize(proposal, bounds.current, behavior, downscale_window, history, now);
    let able_to_scale = if stabilized == proposal {
        HpaConditionReason::ReadyForNewScale
    } else if proposal >= bounds.current {
        HpaConditionReason::ScaleUpStabilized
    } else {
        HpaConditionReason::ScaleDownStabilized
    };
    let (replicas, scaling_limited) = limit(stabilized, bounds, behavior, history, now);
    Normalized { replicas, able_to_scale, scaling_limited, is_limited: replicas != stabilized }
}

/// Keeps the current number between the lowest recommendation of the scale-up window and the highest of the scale-down
/// window (`stabilizeRecommendationWithBehaviors`), and records the proposal. Unlike without `behavior`, a
/// recommendation exactly as old as a window no longer counts.
fn stabilize(
    proposal: i32,
    current: i32,
    behavior: &HorizontalPodAutoscalerBehavior,
    downscale_window: SimDuration,
    history: &mut HpaHistory,
    now: SimTime,
) -> i32 {
    let up_cutoff = now - behavior.scale_up.stabilization_window.unwrap_or(SimDuration::ZERO);
    let down_cutoff = now - behavior.scale_down.stabilization_window.unwrap_or(downscale_window);
    let (mut lowest, mut highest) = (proposal, proposal);
    let mut expired = None;
    for (slot, recommendation) in history.recommendations.iter().enumerate() {
        if recommendation.time > up_cutoff {
            lowest = lowest.min(recommendation.replicas);
        }
        if recommendation.time > down_cutoff {
            highest = highest.max(recommendation.replicas);
        }
        if recommendation.time < up_cutoff && recommendation.time < down_cutoff {
            expired = Some(slot);
        }
    }
    history.record_recommendation(expired, proposal, now);
    current.max(lowest).min(highest)
}

/// Applies bounds and policies (`convertDesiredReplicasWithBehaviorRate`). A number equal to the current one is not
/// held against `minReplicas` and `maxReplicas`.
fn limit(
    desired: i32,
    bounds: Bounds,
    behavior: &HorizontalPodAutoscalerBehavior,
    history: &HpaHistory,
    now: SimTime,
) -> (i32, HpaConditionReason) {
    let Bounds { current, min, max } = bounds;
    let period_start = |policy: &HpaScalingPolicy| {
        let added = change_in_period(&history.scale_up_events, policy.period, now);
        let removed = change_in_period(&history.scale_down_events, policy.period, now);
        current.wrapping_sub(added).wrapping_add(removed)
    };
    if desired > current {
        let proposal = |policy: &HpaScalingPolicy| scale_up_proposal(policy, period_start(policy));
        let limit = select(&behavior.scale_up, current, proposal, i32::max, i32::min).max(current);
        let (allowed, reason) = if max > limit {
            (limit, HpaConditionReason::ScaleUpLimit)
        } else {
            (max, HpaConditionReason::TooManyReplicas)
        };
        if desired > allowed {
            return (allowed, reason);
        }
    } else if desired < current {
        let proposal = |policy: &HpaScalingPolicy| scale_down_proposal(policy, period_start(policy));
        let limit = select(&behavior.scale_down, current, proposal, i32::min, i32::max).min(current);
        let (allowed, reason) = if min < limit {
            (limit, HpaConditionReason::ScaleDownLimit)
        } else {
            (min, HpaConditionReason::TooFewReplicas)
        };
        if desired < allowed {
            return (allowed, reason);
        }
    }
    (desired, HpaConditionReason::DesiredWithinRange)
}

/// The policies' limit: `Max` and `Min` choose by the functions given (the largest change is up the highest and down
/// the lowest number), `Disabled` is the current number.
fn select(
    rules: &HpaScalingRules,
    current: i32,
    proposal: impl Fn(&HpaScalingPolicy) -> i32,
    largest_change: fn(i32, i32) -> i32,
    smallest_change: fn(i32, i32) -> i32,
) -> i32 {
    let choose = match rules.select_policy {
        ScalingPolicySelect::Disabled => return current,
        ScalingPolicySelect::Max => largest_change,
        ScalingPolicySelect::Min => smallest_change,
    };
    rules.policies.iter().map(proposal).reduce(choose).unwrap_or(current)
}

/// The highest number that a policy allows; a percentage rounds up.
fn scale_up_proposal(policy: &HpaScalingPolicy, start: i32) -> i32 {
    match policy.policy_type {
        HpaScalingPolicyType::Pods => start.wrapping_add(policy.value),
        HpaScalingPolicyType::Percent => int32((f64::from(start) * (1.0 + f64::from(policy.value) / 100.0)).ceil()),
    }
}

/// The lowest number that a policy allows; a percentage is cut toward zero.
fn scale_down_proposal(policy: &HpaScalingPolicy, start: i32) -> i32 {
    match policy.policy_type {
        HpaScalingPolicyType::Pods => start.wrapping_sub(policy.value),
        HpaScalingPolicyType::Percent => int32(f64::from(start) * (1.0 - f64::from(policy.value) / 100.0)),
    }
}

/// Stores a change in the list of its direction (`storeScaleEvent`).
pub(super) fn store_scale_event(
    behavior: &HorizontalPodAutoscalerBehavior,
    previous: i32,
    new: i32,
    history: &mut HpaHistory,
    now: SimTime,
) {
    let (rules, events, change): (_, &mut Vec<TimedReplicas>, _) = if new > previous {
        (&behavior.scale_up, &mut history.scale_up_events, new.wrapping_sub(previous))
    } else {
        (&behavior.scale_down, &mut history.scale_down_events, previous.wrapping_sub(new))
    };
    let longest = rules.policies.iter().map(|policy| policy.period).max().unwrap_or(SimDuration::ZERO);
    store_event(events, change, longest, now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use HpaConditionReason as Reason;
    use HpaScalingPolicyType::{Percent, Pods};

    fn rules(
        window: i64,
        select_policy: ScalingPolicySelect,
        policies: &[(HpaScalingPolicyType, i32, i64)],
    ) -> HpaScalingRules {
        let policy = |&(policy_type, value, period)| HpaScalingPolicy {
            policy_type,
            value,
            period: SimDuration::from_secs(period),
        };
        HpaScalingRules {
            stabilization_window: Some(SimDuration::from_secs(window)),
            select_policy,
            policies: policies.iter().map(policy).collect(),
            tolerance: None,
        }
    }

    #[test]
    fn policies_limit_each_direction() {
        use ScalingPolicySelect::{Disabled, Max, Min};
        let events = |age: i64, replicas| vec![TimedReplicas { time: SimTime::from_secs(-age), replicas }];
        let both = [(Pods, 2, 60), (Percent, 50, 60)];
        let cases = [
            (30, 10, Max, &both[..], 0, 0, 15, Reason::ScaleUpLimit, "up: the larger of 12 and 15"),
            (30, 10, Min, &both, 0, 0, 12, Reason::ScaleUpLimit, "up: the smaller"),
            (30, 10, Disabled, &both, 0, 0, 10, Reason::ScaleUpLimit, "up: disabled"),
            (30, 10, Max, &[(Pods, 4, 60)], 3, 0, 11, Reason::ScaleUpLimit, "3 were added in the period"),
            (30, 10, Max, &[(Pods, 4, 60)], 0, 3, 17, Reason::ScaleUpLimit, "3 were removed in the period"),
            (30, 10, Max, &[(Pods, 4, 60)], 9, 0, 10, Reason::ScaleUpLimit, "never below the current number"),
            (99, 10, Max, &[(Pods, 90, 60)], 0, 0, 40, Reason::TooManyReplicas, "up: max"),
            (2, 10, Max, &both, 0, 0, 5, Reason::ScaleDownLimit, "down: the lower of 8 and 5"),
            (2, 10, Min, &both, 0, 0, 8, Reason::ScaleDownLimit, "down: the higher"),
            (2, 10, Disabled, &both, 0, 0, 10, Reason::ScaleDownLimit, "down: disabled"),
            (0, 10, Max, &[(Percent, 100, 60)], 0, 0, 1, Reason::TooFewReplicas, "down: min"),
            (2, 11, Max, &[(Percent, 50, 60)], 0, 0, 5, Reason::ScaleDownLimit, "down: 5.5 is cut to 5"),
            (10, 10, Disabled, &both, 0, 0, 10, Reason::DesiredWithinRange, "no change"),
        ];
        for (desired, current, select, policies, added, removed, expected, reason, why) in cases {
            let rules = rules(0, select, policies);
            let behavior = HorizontalPodAutoscalerBehavior { scale_up: rules.clone(), scale_down: rules };
            let history = HpaHistory {
                scale_up_events: events(59, added),
                scale_down_events: events(59, removed),
                ..HpaHistory::default()
            };
            let bounds = Bounds { current, min: 1, max: 40 };
            assert_eq!(limit(desired, bounds, &behavior, &history, SimTime::ZERO), (expected, reason), "{why}");
        }
    }

    #[test]
    fn windows_exclude_their_end() {
        let cases = [
            (8, 60, 2, 5, Reason::ScaleUpStabilized, "a low recommendation 60 s ago holds a window of 61 s"),
            (8, 61, 2, 8, Reason::ReadyForNewScale, "exactly as old as the window"),
            (2, 60, 9, 5, Reason::ScaleDownStabilized, "a high recommendation holds"),
            (2, 61, 9, 2, Reason::ReadyForNewScale, "exactly as old as the window"),
        ];
        for (proposal, age, earlier, expected, reason, why) in cases {
            let rules = rules(61, ScalingPolicySelect::Max, &[(Pods, 100, 15)]);
            let behavior = HorizontalPodAutoscalerBehavior { scale_up: rules.clone(), scale_down: rules };
            let recommendation = TimedReplicas { time: SimTime::from_secs(-age), replicas: earlier };
            let mut history = HpaHistory { recommendations: vec![recommendation], ..HpaHistory::default() };
            let bounds = Bounds { current: 5, min: 1, max: 40 };
            let window = SimDuration::from_secs(300);
            let result = normalize_with_behavior(proposal, bounds, &behavior, window, &mut history, SimTime::ZERO);
            assert_eq!((result.replicas, result.able_to_scale), (expected, reason), "{why}");
        }
    }
}
