//! The PodDisruptionBudgets that preemption looks at.

use super::{RateLimit, Scheduler};
use crate::cluster::{Cluster, DisruptionBudgetId};
use crate::scheduler::view::{DisruptionBudget, ListerChange};

impl<L: RateLimit> Scheduler<L> {
    /// A budget was created, changed or removed.
    pub(super) fn observe_disruption_budget(&mut self, id: DisruptionBudgetId, cluster: &Cluster) {
        let budget = cluster.disruption_budget(id);
        // Ids grow with each creation: the list is in order of creation, as the API server's.
        let place = self.disruption_budget_ids.binary_search(&id);
        let mut budgets = self.view.listers().disruption_budgets.clone();
        if budget.removed {
            let Ok(index) = place else { return };
            self.disruption_budget_ids.remove(index);
            budgets.remove(index);
        } else {
            self.note_selector(budget.object.selector.as_ref(), cluster);
            let seen = DisruptionBudget {
                namespace: budget.object.meta.namespace.clone(),
                selector: budget.object.selector.clone(),
                disruptions_allowed: budget.status.disruptions_allowed,
                disrupted_pods: Vec::new(),
            };
            match place {
                Ok(index) => budgets[index] = seen,
                Err(index) => {
                    self.disruption_budget_ids.insert(index, id);
                    budgets.insert(index, seen);
                }
            }
        }
        self.view.apply(ListerChange::DisruptionBudgets(budgets));
    }

    /// The status of a budget was written.
    pub(super) fn observe_disruption_budget_status(&mut self, id: DisruptionBudgetId, cluster: &Cluster) {
        if let Ok(index) = self.disruption_budget_ids.binary_search(&id) {
            let allowed = cluster.disruption_budget(id).status.disruptions_allowed;
            self.view.apply(ListerChange::DisruptionsAllowed(index, allowed));
        }
    }
}
