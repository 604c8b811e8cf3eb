//! PodDisruptionBudgets.

use super::{Change, Cluster, DisruptionBudgetId, NamespaceId};
use crate::api;

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct DisruptionBudget {
    /// Spec.
    pub object: api::PodDisruptionBudget,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Status, as the disruption controller last wrote it and evictions have used it since.
    pub status: DisruptionBudgetStatus,
    /// Whether the object was removed.
    pub removed: bool,
}

/// `status` of a PodDisruptionBudget; numbers of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisruptionBudgetStatus {
    /// `expectedPods`.
    pub expected_pods: i32,
    /// `desiredHealthy`.
    pub desired_healthy: i32,
    /// `currentHealthy`.
    pub current_healthy: i32,
    /// `disruptionsAllowed`.
    pub disruptions_allowed: i32,
}

impl Cluster {
    /// A PodDisruptionBudget.
    pub fn disruption_budget(&self, id: DisruptionBudgetId) -> &DisruptionBudget {
        &self.disruption_budgets[id.index()]
    }

    /// Every PodDisruptionBudget that exists, in order of creation.
    pub fn disruption_budgets(&self) -> impl Iterator<Item = (DisruptionBudgetId, &DisruptionBudget)> {
        let budgets = self.disruption_budgets.iter().enumerate().filter(|(_, budget)| !budget.removed);
        budgets.map(|(index, budget)| (DisruptionBudgetId::from_index(index), budget))
    }

    /// Creates a PodDisruptionBudget, or replaces the spec of the one with its name.
    pub fn apply_disruption_budget(&mut self, object: api::PodDisruptionBudget) -> DisruptionBudgetId {
        let namespace = self.namespace(&object.meta.namespace);
        let id = if let Some(id) = self.find::<DisruptionBudgetId>(namespace, &object.meta.name) {
            self.disruption_budgets[id.index()].object = object;
            id
        } else {
            let id = DisruptionBudgetId::from_index(self.disruption_budgets.len());
            self.index.add(id, Some(namespace), &object.meta.name);
            let status = DisruptionBudgetStatus::default();
            self.disruption_budgets.push(DisruptionBudget { object, namespace, status, removed: false });
            id
        };
        self.changes.push(Change::DisruptionBudgetSpec(id));
        id
    }

    /// Writes a PodDisruptionBudget's status.
    pub fn set_disruption_budget_status(&mut self, id: DisruptionBudgetId, status: DisruptionBudgetStatus) {
        let budget = &mut self.disruption_budgets[id.index()];
        if budget.status != status && !budget.removed {
            budget.status = status;
            self.changes.push(Change::DisruptionBudgetStatus(id));
        }
    }

    /// Removes a PodDisruptionBudget.
    pub fn remove_disruption_budget(&mut self, id: DisruptionBudgetId) {
        let budget = &mut self.disruption_budgets[id.index()];
        if !budget.removed {
            budget.removed = true;
            self.index.remove(id, Some(budget.namespace), &budget.object.meta.name);
            self.changes.push(Change::DisruptionBudgetRemoved(id));
        }
    }
}
