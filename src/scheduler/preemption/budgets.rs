//! Which victims a PodDisruptionBudget protects.

use crate::scheduler::view::{DisruptionBudget, PodInfo};
use std::sync::Arc;

/// Splits pods, in order of importance, into those whose loss a budget forbids and the others
/// (`filterPodsWithPDBViolation`).
pub fn split_by_budgets(pods: &[Arc<PodInfo>], budgets: &[DisruptionBudget]) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut allowed: Vec<i64> = budgets.iter().map(|budget| i64::from(budget.disruptions_allowed)).collect();
    pods.iter().cloned().partition(|pod| {
        let mut violated = false;
        if pod.labels.is_empty() {
            return violated;
        }
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            let selects = || {
                let selector = budget.selector.as_ref().filter(|selector| !selector.is_empty());
                selector.is_some_and(|selector| selector.matches(&pod.labels))
            };
            if budget.namespace != pod.namespace || budget.disrupted_pods.contains(&pod.name) || !selects() {
                continue;
            }
            *allowed -= 1;
            violated |= *allowed < 0;
        }
        violated
    })
}
