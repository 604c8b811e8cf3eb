//! The disruption controller: the status of a PodDisruptionBudget.
//!
//! Mirrors `pkg/controller/disruption` (Kubernetes 1.36). What the eviction API answers is in [`super::eviction`].
//!
//! Known deviation: `status.disruptedPods` is not kept. It bridges the time from an eviction to the moment when the
//! controller sees the pod's deletion, and here the controller sees it in the same instant.

pub mod controller;

use crate::api::{IntOrPercent, PodDisruptionBudget, PodPhase};
use crate::cluster::DisruptionBudgetStatus;
use std::collections::BTreeMap;

/// How a budget counts a pod that it selects (`countHealthyPods`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// Not at all: the pod has ended, or is gone.
    #[default]
    No,
    /// As expected, but not healthy: it is not ready, or is being deleted.
    Unhealthy,
    /// As expected and healthy.
    Healthy,
}

impl Counted {
    /// How a pod that exists is counted.
    pub const fn of(phase: PodPhase, is_ready: bool, is_deleting: bool) -> Self {
        if phase.is_terminal() {
            Self::No
        } else if is_ready && !is_deleting {
            Self::Healthy
        } else {
            Self::Unhealthy
        }
    }
}

/// The pods that a budget selects, as they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<Controller> {
    /// Healthy pods.
    pub healthy: i32,
    /// All pods.
    pub pods: i32,
    /// Pods by controller: the Deployment, ReplicaSet, StatefulSet or DaemonSet at the end of the chain of owners. Pods
    /// without a controller count for none.
    pub by_controller: BTreeMap<Controller, i32>,
}

impl<Controller> Default for Tally<Controller> {
    fn default() -> Self {
        Self { healthy: 0, pods: 0, by_controller: BTreeMap::new() }
    }
}

impl<Controller: Ord + Copy> Tally<Controller> {
    /// Counts a pod of a controller as `after` that was counted as `before`.
    pub fn recount(&mut self, controller: Option<Controller>, before: Counted, after: Counted) {
        self.healthy += i32::from(after == Counted::Healthy) - i32::from(before == Counted::Healthy);
        let change = i32::from(after != Counted::No) - i32::from(before != Counted::No);
        self.pods += change;
        if change != 0
            && let Some(controller) = controller
        {
            let pods = self.by_controller.entry(controller).or_default();
            *pods += change;
            if *pods == 0 {
                self.by_controller.remove(&controller);
            }
        }
    }
}

/// The status that the controller writes (`trySync`), given the scale of each controller: `spec.replicas`, or the nodes
/// that a DaemonSet wants pods on. Pods without a controller do not count where the scale is asked (percentages and
/// `maxUnavailable`).
pub fn budget_status<Controller: Copy>(
    budget: &PodDisruptionBudget,
    tally: &Tally<Controller>,
    scale_of: impl Fn(Controller) -> i32,
) -> DisruptionBudgetStatus {
    let scale = || tally.by_controller.keys().fold(0, |sum: i32, controller| sum.saturating_add(scale_of(*controller)));
    let (expected_pods, desired_healthy) = match (budget.max_unavailable, budget.min_available) {
        (Some(max_unavailable), _) => {
            let expected = scale();
            (expected, expected.saturating_sub(max_unavailable.resolve_up(expected)).max(0))
        }
        (None, Some(IntOrPercent::Int(number))) => (tally.pods, number),
        (None, Some(percent @ IntOrPercent::Percent(_))) => {
            let expected = scale();
            (expected, percent.resolve_up(expected))
        }
        (None, None) => (0, 0),
    };
    let surplus = tally.healthy.saturating_sub(desired_healthy).max(0);
    let disruptions_allowed = if expected_pods > 0 { surplus } else { 0 };
    DisruptionBudgetStatus { expected_pods, desired_healthy, current_healthy: tally.healthy, disruptions_allowed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IntOrPercent::{Int, Percent};

    /// Pods of controllers, each with how it is counted.
    fn tally(pods: &[(Option<u8>, Counted, usize)]) -> Tally<u8> {
        let mut tally = Tally::default();
        for (controller, counted, number) in pods {
            for _ in 0..*number {
                tally.recount(*controller, Counted::No, *counted);
            }
        }
        tally
    }

    #[test]
    fn pods_that_are_ready_and_stay_are_healthy() {
        let cases = [
            (PodPhase::Running, true, false, Counted::Healthy),
            (PodPhase::Running, false, false, Counted::Unhealthy),
            (PodPhase::Running, true, true, Counted::Unhealthy),
            (PodPhase::Pending, false, false, Counted::Unhealthy),
            (PodPhase::Succeeded, false, false, Counted::No),
            (PodPhase::Failed, false, true, Counted::No),
        ];
        for (phase, is_ready, is_deleting, expected) in cases {
            assert_eq!(Counted::of(phase, is_ready, is_deleting), expected, "{phase:?} {is_ready} {is_deleting}");
        }
    }

    #[test]
    fn a_tally_follows_each_pod() {
        use Counted::{Healthy, No, Unhealthy};
        let mut tally = Tally::default();
        // Controller, before, after; then healthy pods, all pods, controllers.
        let steps = [
            (Some(1), No, Unhealthy, (0, 1, 1)),
            (Some(1), Unhealthy, Healthy, (1, 1, 1)),
            (None, No, Healthy, (2, 2, 1)),
            (Some(2), No, Healthy, (3, 3, 2)),
            (Some(1), Healthy, No, (2, 2, 1)),
            (None, Healthy, Unhealthy, (1, 2, 1)),
        ];
        for (controller, before, after, expected) in steps {
            tally.recount(controller, before, after);
            assert_eq!((tally.healthy, tally.pods, tally.by_controller.len()), expected, "{controller:?}");
        }
    }

    #[test]
    fn the_status_counts_what_may_go() {
        let min = |number| PodDisruptionBudget { min_available: Some(number), ..PodDisruptionBudget::default() };
        let max = |number| PodDisruptionBudget { max_unavailable: Some(number), ..PodDisruptionBudget::default() };
        // Controller 1 has a scale of 10, controller 2 one of 4.
        let pods =
            |ready, not_ready| tally(&[(Some(1), Counted::Healthy, ready), (Some(1), Counted::Unhealthy, not_ready)]);
        let two_owners = tally(&[(Some(1), Counted::Healthy, 4), (Some(2), Counted::Healthy, 4)]);
        let bare = tally(&[(None, Counted::Healthy, 4), (Some(2), Counted::Healthy, 4)]);
        // (expected, desired, healthy, allowed)
        let cases = [
            (min(Int(8)), pods(10, 0), (10, 8, 10, 2), "a number of matching pods"),
            (min(Int(8)), pods(3, 0), (3, 8, 3, 0), "never below zero"),
            (min(Int(8)), pods(8, 1), (9, 8, 8, 0), "what is not healthy is expected all the same"),
            (min(Percent(25)), pods(10, 0), (10, 3, 10, 7), "a percentage rounds up"),
            (max(Percent(25)), pods(10, 0), (10, 7, 10, 3), "maxUnavailable rounds up too"),
            (max(Int(2)), pods(9, 1), (10, 8, 9, 1), "not ready pods count as gone"),
            (max(Int(12)), pods(9, 1), (10, 0, 9, 9), "more than there are"),
            (max(Int(1)), two_owners, (14, 13, 8, 0), "the scales of distinct controllers"),
            (max(Int(1)), bare.clone(), (4, 3, 8, 5), "bare pods have no scale"),
            (min(Int(1)), bare, (8, 1, 8, 7), "bare pods are pods"),
            (max(Int(1)), pods(0, 0), (0, 0, 0, 0), "no pods"),
            (min(Int(0)), pods(0, 0), (0, 0, 0, 0), "no pods, no budget"),
        ];
        for (budget, tally, expected, why) in cases {
            let status = budget_status(&budget, &tally, |controller| if controller == 1 { 10 } else { 4 });
            let DisruptionBudgetStatus { expected_pods, desired_healthy, current_healthy, disruptions_allowed } =
                status;
            assert_eq!((expected_pods, desired_healthy, current_healthy, disruptions_allowed), expected, "{why}");
        }
    }
}
