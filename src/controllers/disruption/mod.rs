//! Disruption budgets: the status of a PodDisruptionBudget, and what the eviction API answers.
//!
//! Mirrors `pkg/controller/disruption` and the eviction subresource of kube-apiserver
//! (`pkg/registry/core/pod/storage/eviction.go`, Kubernetes 1.36).

use crate::api::{IntOrPercent, PodPhase};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// `DeletionTimeout`: how long an evicted pod is taken for lost before it is seen to be deleted.
pub const DELETION_TIMEOUT: SimDuration = SimDuration::from_secs(120);

/// `spec` of a PodDisruptionBudget; the API allows one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetSpec {
    /// `spec.minAvailable`.
    pub min_available: Option<IntOrPercent>,
    /// `spec.maxUnavailable`.
    pub max_unavailable: Option<IntOrPercent>,
}

/// A pod that the budget selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPod<Controller> {
    /// Condition `Ready`.
    pub is_ready: bool,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
    /// When an eviction used the budget for this pod (`status.disruptedPods`).
    pub disrupted_at: Option<SimTime>,
    /// Its controller, and that one's scale: `spec.replicas` of the Deployment, ReplicaSet or StatefulSet at the top.
    pub controller: Option<(Controller, i32)>,
}

/// `status` of a PodDisruptionBudget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetStatus {
    /// `expectedPods`.
    pub expected_pods: i32,
    /// `desiredHealthy`.
    pub desired_healthy: i32,
    /// `currentHealthy`.
    pub current_healthy: i32,
    /// `disruptionsAllowed`.
    pub disruptions_allowed: i32,
}

/// The status that the controller writes at `now` (`trySync`). Pods without a controller do not count where the scale
/// is asked (percentages and `maxUnavailable`).
pub fn budget_status<Controller: Ord + Copy>(
    spec: BudgetSpec,
    pods: &[BudgetPod<Controller>],
    now: SimTime,
) -> BudgetStatus {
    let scale = || {
        let controllers: BTreeMap<Controller, i32> = pods.iter().filter_map(|pod| pod.controller).collect();
        controllers.into_values().fold(0, i32::saturating_add)
    };
    let count = |matching: &dyn Fn(&BudgetPod<Controller>) -> bool| {
        i32::try_from(pods.iter().filter(|pod| matching(pod)).count()).unwrap_or(i32::MAX)
    };
    let (expected_pods, desired_healthy) = match (spec.max_unavailable, spec.min_available) {
        (Some(max_unavailable), _) => {
            let expected = scale();
            (expected, expected.saturating_sub(max_unavailable.resolve_up(expected)).max(0))
        }
        (None, Some(IntOrPercent::Int(number))) => (count(&|_| true), number),
        (None, Some(percent @ IntOrPercent::Percent(_))) => {
            let expected = scale();
            (expected, percent.resolve_up(expected))
        }
        (None, None) => (0, 0),
    };
    let current_healthy = count(&|pod| {
        let is_disrupted = pod.disrupted_at.is_some_and(|at| now <= at + DELETION_TIMEOUT);
        pod.is_ready && !pod.is_deleting && !is_disrupted
    });
    let surplus = current_healthy.saturating_sub(desired_healthy).max(0);
    let disruptions_allowed = if expected_pods > 0 { surplus } else { 0 };
    BudgetStatus { expected_pods, desired_healthy, current_healthy, disruptions_allowed }
}

/// `spec.unhealthyPodEvictionPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnhealthyPodEvictionPolicy {
    /// Pods that are not ready may go while enough others are healthy; the default.
    #[default]
    IfHealthyBudget,
    /// Pods that are not ready may always go.
    AlwaysAllow,
}

/// A budget as the eviction API sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvictionBudget {
    /// `status` as last written.
    pub status: BudgetStatus,
    /// Whether `status.observedGeneration` lags behind the generation.
    pub status_is_stale: bool,
    /// `spec.unhealthyPodEvictionPolicy`.
    pub unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy,
}

/// What the eviction API answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionAnswer {
    /// The pod is deleted. Where the budget is used, `disruptionsAllowed` goes down by one and the pod joins
    /// `disruptedPods`, until the controller writes the status anew.
    Evict {
        /// Whether the budget is used.
        uses_budget: bool,
    },
    /// 429: the budget does not allow it now.
    TooManyRequests,
    /// 500: more than one budget selects the pod.
    MoreThanOneBudget,
}

/// Decides one call of the eviction API; `budgets` are those that select the pod.
pub fn evict(phase: PodPhase, is_deleting: bool, is_ready: bool, budgets: &[EvictionBudget]) -> EvictionAnswer {
    const FREE: EvictionAnswer = EvictionAnswer::Evict { uses_budget: false };
    if phase.is_terminal() || phase == PodPhase::Pending || is_deleting {
        return FREE;
    }
    let budget = match budgets {
        [] => return FREE,
        [budget] => budget,
        _ => return EvictionAnswer::MoreThanOneBudget,
    };
    let status = budget.status;
    if !is_ready {
        let is_healthy_budget = status.current_healthy >= status.desired_healthy && status.desired_healthy > 0;
        if budget.unhealthy_pod_eviction_policy == UnhealthyPodEvictionPolicy::AlwaysAllow || is_healthy_budget {
            return FREE;
        }
    }
    if budget.status_is_stale || status.disruptions_allowed <= 0 {
        EvictionAnswer::TooManyRequests
    } else {
        EvictionAnswer::Evict { uses_budget: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IntOrPercent::{Int, Percent};

    /// Pods of controller 1 (scale 10): so many ready, so many not.
    fn pods(ready: usize, not_ready: usize) -> Vec<BudgetPod<u8>> {
        let pod = |is_ready| BudgetPod { is_ready, is_deleting: false, disrupted_at: None, controller: Some((1, 10)) };
        [vec![pod(true); ready], vec![pod(false); not_ready]].concat()
    }

    #[test]
    fn the_status_counts_what_may_go() {
        let min = |number| BudgetSpec { min_available: Some(number), max_unavailable: None };
        let max = |number| BudgetSpec { min_available: None, max_unavailable: Some(number) };
        let two_owners = [pods(4, 0), vec![BudgetPod { controller: Some((2, 4)), ..pods(1, 0)[0] }; 4]].concat();
        let deleting = [pods(8, 0), vec![BudgetPod { is_deleting: true, ..pods(1, 0)[0] }]].concat();
        let disrupted_at = |seconds| BudgetPod { disrupted_at: Some(SimTime::from_secs(seconds)), ..pods(1, 0)[0] };
        // (expected, desired, healthy, allowed)
        let cases = [
            (min(Int(8)), pods(10, 0), (10, 8, 10, 2), "a number of matching pods"),
            (min(Int(8)), pods(3, 0), (3, 8, 3, 0), "never below zero"),
            (min(Percent(25)), pods(10, 0), (10, 3, 10, 7), "a percentage rounds up"),
            (max(Percent(25)), pods(10, 0), (10, 7, 10, 3), "maxUnavailable rounds up too"),
            (max(Int(2)), pods(9, 1), (10, 8, 9, 1), "not ready pods count as gone"),
            (max(Int(12)), pods(9, 1), (10, 0, 9, 9), "more than there are"),
            (max(Int(1)), two_owners, (14, 13, 8, 0), "the scales of distinct controllers"),
            (min(Int(8)), deleting, (9, 8, 8, 0), "deleting pods are not healthy"),
            (min(Int(1)), vec![disrupted_at(0), disrupted_at(-30)], (2, 1, 1, 0), "an eviction holds for two minutes"),
            (max(Int(1)), vec![], (0, 0, 0, 0), "no pods"),
            (min(Int(0)), vec![], (0, 0, 0, 0), "no pods, no budget"),
        ];
        for (spec, pods, expected, why) in cases {
            let own = budget_status(spec, &pods, SimTime::from_secs(91));
            let actual = (own.expected_pods, own.desired_healthy, own.current_healthy, own.disruptions_allowed);
            assert_eq!(actual, expected, "{why}");
        }
    }

    #[test]
    fn the_eviction_api_answers() {
        use EvictionAnswer::{MoreThanOneBudget, TooManyRequests};
        let evict_free = EvictionAnswer::Evict { uses_budget: false };
        let evict_used = EvictionAnswer::Evict { uses_budget: true };
        let budget = |desired_healthy, current_healthy, disruptions_allowed| EvictionBudget {
            status: BudgetStatus { expected_pods: 10, desired_healthy, current_healthy, disruptions_allowed },
            status_is_stale: false,
            unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::IfHealthyBudget,
        };
        let stale = EvictionBudget { status_is_stale: true, ..budget(1, 3, 2) };
        let allow = EvictionBudget {
            unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::AlwaysAllow,
            ..budget(5, 3, 0)
        };
        use PodPhase::{Pending, Running, Succeeded};
        let cases = [
            (Running, false, true, vec![], evict_free, "no budget"),
            (Running, false, true, vec![budget(3, 4, 1)], evict_used, "room"),
            (Running, false, true, vec![budget(3, 3, 0)], TooManyRequests, "no room"),
            (Running, false, true, vec![stale], TooManyRequests, "the status is out of date"),
            (Running, false, false, vec![budget(3, 3, 0)], evict_free, "not ready, the others suffice"),
            (Running, false, false, vec![budget(3, 2, 0)], TooManyRequests, "not ready, the others do not suffice"),
            (Running, false, false, vec![budget(0, 0, 0)], TooManyRequests, "nothing desired: treated as healthy"),
            (Running, false, false, vec![budget(0, 2, 2)], evict_used, "nothing desired: uses the budget"),
            (Running, false, false, vec![allow], evict_free, "AlwaysAllow"),
            (Running, false, true, vec![allow], TooManyRequests, "AlwaysAllow is for pods that are not ready"),
            (Running, false, true, vec![budget(1, 3, 2); 2], MoreThanOneBudget, "two budgets"),
            (Pending, false, false, vec![budget(3, 0, 0); 2], evict_free, "pending pods are free"),
            (Succeeded, false, false, vec![budget(3, 0, 0)], evict_free, "ended pods are free"),
            (Running, true, true, vec![budget(3, 3, 0)], evict_free, "deleting pods are free"),
        ];
        for (phase, is_deleting, is_ready, budgets, expected, why) in cases {
            assert_eq!(evict(phase, is_deleting, is_ready, &budgets), expected, "{why}");
        }
    }
}
