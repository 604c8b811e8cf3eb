//! What is left of PodDisruptionBudgets while removals are simulated (`basicRemainingPdbTracker`).

use super::environment::Budget;
use crate::scheduler::PodInfo;
use std::sync::Arc;

/// What is left of each budget.
#[derive(Clone, Debug, Default)]
pub struct RemainingBudgets(Vec<Budget>);

/// Whether pods can be removed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removable {
    /// Each of them could go.
    pub can_remove: bool,
    /// All of them could go at once.
    pub in_parallel: bool,
}

fn protects(budget: &Budget, pod: &PodInfo) -> bool {
    budget.namespace == pod.namespace && budget.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
}

impl RemainingBudgets {
    /// Begins with what the budgets allow now.
    pub const fn new(budgets: Vec<Budget>) -> Self {
        Self(budgets)
    }

    /// The budgets that protect a pod.
    pub fn of<'a>(&'a self, pod: &'a PodInfo) -> impl Iterator<Item = &'a Budget> {
        self.0.iter().filter(move |budget| protects(budget, pod))
    }

    /// Whether pods can be removed.
    pub fn can_remove(&self, pods: &[Arc<PodInfo>]) -> Removable {
        let mut in_parallel = true;
        for budget in &self.0 {
            let matching = i64::try_from(pods.iter().filter(|pod| protects(budget, pod)).count()).unwrap_or(i64::MAX);
            if matching > 0 && budget.disruptions_allowed < 1 {
                return Removable { can_remove: false, in_parallel: false };
            }
            in_parallel &= budget.disruptions_allowed >= matching;
        }
        Removable { can_remove: true, in_parallel }
    }

    /// Counts pods as removed.
    pub fn remove(&mut self, pods: &[Arc<PodInfo>]) {
        for budget in &mut self.0 {
            let matching = pods.iter().filter(|pod| protects(budget, pod)).count();
            budget.disruptions_allowed -= i64::try_from(matching).unwrap_or(i64::MAX);
        }
    }
}
