//! PodDisruptionBudgets.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{Change, Cluster, DisruptionBudgetId, NamespaceId, ObjectHead};
use crate::api::{self, Kind, Name};
use crate::units::SimTime;

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct DisruptionBudget {
    /// Spec.
    pub object: api::PodDisruptionBudget,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Status, as the disruption controller last wrote it and evictions have used it since.
    pub status: DisruptionBudgetStatus,
    /// `status.observedGeneration`: 0 until the controller has written a status.
    pub observed_generation: i64,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// Version and creation.
    pub head: ObjectHead,
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

impl DisruptionBudget {
    /// Whether the condition `DisruptionAllowed` is true, and its reason (`UpdateDisruptionAllowedCondition`); `None` before
    /// the controller has seen the budget.
    pub const fn disruption_allowed(&self) -> Option<(bool, &'static str)> {
        match (self.observed_generation, self.status.disruptions_allowed) {
            (0, _) => None,
            (_, 1..) => Some((true, "SufficientPods")),
            (_, _) => Some((false, "InsufficientPods")),
        }
    }
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
    pub fn apply_disruption_budget(&mut self, object: api::PodDisruptionBudget, now: SimTime) -> DisruptionBudgetId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let id = if let Some(id) =
            self.find::<DisruptionBudgetId>(Kind::PodDisruptionBudget, namespace, &object.meta.name)
        {
            let budget = &mut self.disruption_budgets[id.index()];
            let before = std::mem::replace(&mut budget.object, object);
            if before != budget.object {
                budget.head.change(&mut self.versions);
            }
            if (api::PodDisruptionBudget { meta: budget.object.meta.clone(), ..before }) != budget.object {
                budget.generation += 1;
            }
            id
        } else {
            let id = DisruptionBudgetId::from_index(self.disruption_budgets.len());
            self.index.add(Kind::PodDisruptionBudget, id, Some(namespace), &object.meta.name);
            self.disruption_budgets.push(DisruptionBudget {
                object,
                namespace,
                status: DisruptionBudgetStatus::default(),
                observed_generation: 0,
                generation: 1,
                head: ObjectHead::new(&mut self.versions, now),
                removed: false,
            });
            id
        };
        self.changes.push(Change::DisruptionBudgetSpec(id));
        id
    }

    /// Writes a PodDisruptionBudget's status, as of its current spec.
    pub fn set_disruption_budget_status(&mut self, id: DisruptionBudgetId, status: DisruptionBudgetStatus) {
        let budget = &mut self.disruption_budgets[id.index()];
        let is_seen = budget.observed_generation == budget.generation;
        if (budget.status != status || !is_seen) && !budget.removed {
            budget.status = status;
            budget.observed_generation = budget.generation;
            budget.head.change(&mut self.versions);
            self.changes.push(Change::DisruptionBudgetStatus(id));
        }
    }

    /// Removes a PodDisruptionBudget.
    pub fn remove_disruption_budget(&mut self, id: DisruptionBudgetId) {
        let budget = &mut self.disruption_budgets[id.index()];
        if !budget.removed {
            budget.removed = true;
            budget.head.change(&mut self.versions);
            self.index.remove(Kind::PodDisruptionBudget, id, Some(budget.namespace), &budget.object.meta.name);
            self.changes.push(Change::DisruptionBudgetRemoved(id));
        }
    }
}

impl Apply for api::PodDisruptionBudget {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_disruption_budget(self.clone(), now);
        None
    }
}

impl Resource for DisruptionBudgetId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::PodDisruptionBudget
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.disruption_budget(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.disruption_budget(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.disruption_budget(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.disruption_budgets[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_disruption_budget(self);
    }
}
