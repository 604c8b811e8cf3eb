//! The eviction API: whether a pod may be evicted, and its eviction.
//!
//! Mirrors the eviction subresource of kube-apiserver (`pkg/registry/core/pod/storage/eviction.go`, Kubernetes 1.36).
//!
//! The status of a budget lags behind its spec only while the controller manager is down: else the disruption controller writes
//! it in the instant in which the spec changes.

use super::{Cluster, Disruption, DisruptionBudget, DisruptionBudgetId, DisruptionBudgetStatus, PodId};
use crate::api::{Name, PodDisruptionBudget, PodPhase};
use crate::units::{SimDuration, SimTime};

/// `spec.unhealthyPodEvictionPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnhealthyPodEvictionPolicy {
    /// Pods that are not ready may go while enough others are healthy; the default.
    #[default]
    IfHealthyBudget,
    /// Pods that are not ready may always go.
    AlwaysAllow,
}

impl UnhealthyPodEvictionPolicy {
    /// The policy of a budget.
    pub const fn of(budget: &PodDisruptionBudget) -> Self {
        if budget.always_allow_unhealthy { Self::AlwaysAllow } else { Self::IfHealthyBudget }
    }
}

/// A budget as the eviction API sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvictionBudget {
    /// Name.
    pub name: Name,
    /// Whether the controller has seen the spec (`status.observedGeneration`).
    pub is_processed: bool,
    /// `status` as last written.
    pub status: DisruptionBudgetStatus,
    /// `spec.unhealthyPodEvictionPolicy`.
    pub unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy,
}

impl EvictionBudget {
    /// What the eviction API sees of a budget.
    pub fn of(budget: &DisruptionBudget) -> Self {
        Self {
            name: budget.object.meta.name.clone(),
            is_processed: budget.observed_generation >= budget.generation,
            status: budget.status,
            unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::of(&budget.object),
        }
    }
}

/// What the eviction API answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvictionAnswer {
    /// 201: the pod is deleted. Where the budget is used, `disruptionsAllowed` goes down by one, until the controller writes
    /// the status anew.
    Evict {
        /// Whether the budget is used.
        uses_budget: bool,
    },
    /// 429: the budget does not allow it now.
    TooManyRequests {
        /// The budget's name.
        budget: Name,
        /// Its `status`; `None` if the controller has not seen its spec yet.
        status: Option<DisruptionBudgetStatus>,
    },
    /// 500: more than one budget selects the pod.
    MoreThanOneBudget,
}

impl EvictionAnswer {
    /// Whether the pod is deleted.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Evict { .. })
    }

    /// The status code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Evict { .. } => 201,
            Self::TooManyRequests { .. } => 429,
            Self::MoreThanOneBudget => 500,
        }
    }

    /// The message, and the cause in parentheses.
    pub fn message(&self) -> String {
        match self {
            Self::Evict { .. } => String::new(),
            Self::TooManyRequests { budget, status } => {
                let cause = match status {
                    Some(status) => format!(
                        "The disruption budget {budget} needs {} healthy pods and has {} currently",
                        status.desired_healthy, status.current_healthy
                    ),
                    None => format!("The disruption budget {budget} is still being processed by the server."),
                };
                format!("Cannot evict pod as it would violate the pod's disruption budget. ({cause})")
            }
            Self::MoreThanOneBudget => {
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
                    .to_owned()
            }
        }
    }
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
    if !budget.is_processed {
        EvictionAnswer::TooManyRequests { budget: budget.name.clone(), status: None }
    } else if status.disruptions_allowed <= 0 {
        EvictionAnswer::TooManyRequests { budget: budget.name.clone(), status: Some(status) }
    } else {
        EvictionAnswer::Evict { uses_budget: true }
    }
}

impl Cluster {
    /// What the eviction API would answer for a pod now, and the budget that it asks if there is exactly one.
    pub fn eviction_answer(&self, id: PodId) -> (EvictionAnswer, Option<DisruptionBudgetId>) {
        let budgets: Vec<DisruptionBudgetId> = self.budgets_of_pod(id).map(|(id, _)| id).collect();
        let seen: Vec<EvictionBudget> =
            budgets.iter().map(|id| EvictionBudget::of(self.disruption_budget(*id))).collect();
        let pod = self.pod(id);
        let only = if let [only] = budgets.as_slice() { Some(*only) } else { None };
        (evict(pod.phase, pod.deletion.is_some(), pod.ready, &seen), only)
    }

    /// One call of the eviction API for a pod. `grace_period` overrides the pod's.
    pub fn evict_pod(&mut self, id: PodId, grace_period: Option<SimDuration>, now: SimTime) -> EvictionAnswer {
        let (answer, budget) = self.eviction_answer(id);
        if let EvictionAnswer::Evict { uses_budget } = answer {
            if let (true, Some(budget)) = (uses_budget, budget) {
                let status = self.disruption_budget(budget).status;
                let disruptions_allowed = status.disruptions_allowed - 1;
                self.set_disruption_budget_status(budget, DisruptionBudgetStatus { disruptions_allowed, ..status });
            }
            let grace = grace_period.unwrap_or(self.template_of(id).template.spec.termination_grace_period);
            self.delete_pod(id, grace, Disruption::Eviction, now);
        }
        answer
    }

    /// The budgets that select a pod.
    pub fn budgets_of_pod(&self, id: PodId) -> impl Iterator<Item = (DisruptionBudgetId, &DisruptionBudget)> {
        let pod = self.pod(id);
        self.disruption_budgets().filter(move |(_, budget)| {
            budget.namespace == pod.namespace
                && budget.object.selector.as_ref().is_some_and(|selector| self.selects(selector, id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eviction_api_answers() {
        use EvictionAnswer::MoreThanOneBudget;
        let evict_free = || EvictionAnswer::Evict { uses_budget: false };
        let evict_used = || EvictionAnswer::Evict { uses_budget: true };
        let refused = |expected_pods, desired_healthy, current_healthy| EvictionAnswer::TooManyRequests {
            budget: "db".into(),
            status: Some(DisruptionBudgetStatus {
                expected_pods,
                desired_healthy,
                current_healthy,
                disruptions_allowed: 0,
            }),
        };
        let budget = |desired_healthy, current_healthy, disruptions_allowed| EvictionBudget {
            name: "db".into(),
            is_processed: true,
            status: DisruptionBudgetStatus { expected_pods: 10, desired_healthy, current_healthy, disruptions_allowed },
            unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::IfHealthyBudget,
        };
        let allow = EvictionBudget {
            unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::AlwaysAllow,
            ..budget(5, 3, 0)
        };
        use PodPhase::{Pending, Running, Succeeded};
        let cases = [
            (Running, false, true, vec![], evict_free(), "no budget"),
            (Running, false, true, vec![budget(3, 4, 1)], evict_used(), "room"),
            (Running, false, true, vec![budget(3, 3, 0)], refused(10, 3, 3), "no room"),
            (Running, false, false, vec![budget(3, 3, 0)], evict_free(), "not ready, the others suffice"),
            (Running, false, false, vec![budget(3, 2, 0)], refused(10, 3, 2), "not ready, the others do not suffice"),
            (Running, false, false, vec![budget(0, 0, 0)], refused(10, 0, 0), "nothing desired: treated as healthy"),
            (Running, false, false, vec![budget(0, 2, 2)], evict_used(), "nothing desired: uses the budget"),
            (Running, false, false, vec![allow.clone()], evict_free(), "AlwaysAllow"),
            (Running, false, true, vec![allow], refused(10, 5, 3), "AlwaysAllow is for pods that are not ready"),
            (
                Running,
                false,
                true,
                vec![EvictionBudget { is_processed: false, ..budget(3, 4, 1) }],
                EvictionAnswer::TooManyRequests { budget: "db".into(), status: None },
                "the controller has not seen the budget",
            ),
            (Running, false, true, vec![budget(1, 3, 2); 2], MoreThanOneBudget, "two budgets"),
            (Pending, false, false, vec![budget(3, 0, 0); 2], evict_free(), "pending pods are free"),
            (Succeeded, false, false, vec![budget(3, 0, 0)], evict_free(), "ended pods are free"),
            (Running, true, true, vec![budget(3, 3, 0)], evict_free(), "deleting pods are free"),
        ];
        for (phase, is_deleting, is_ready, budgets, expected, why) in cases {
            assert_eq!(evict(phase, is_deleting, is_ready, &budgets), expected, "{why}");
        }
    }
}
