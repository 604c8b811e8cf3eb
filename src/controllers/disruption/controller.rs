//! The running disruption controller: writes the status of every PodDisruptionBudget in the instant in which it changes.
//!
//! The pods of a budget are counted as they change; all pods are looked at only when a budget is created, changed or
//! removed.

use super::{Counted, Tally, budget_status};
use crate::cluster::{
    Change, ChangeKind, Cluster, DisruptionBudgetId, Interest, NamespaceId, PodId, Severity, TemplateId, WorkloadId,
    asks_for_own_labels,
};
use crate::controllers::common::api_event::emit;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// `source` of the controller's Events.
const SOURCE: &str = "controllermanager";

/// The running disruption controller.
#[derive(Clone, Debug, Default)]
pub struct DisruptionController {
    /// Whether the pods have to be counted anew, because a budget was created, changed or removed.
    is_stale: bool,
    /// The pods of each budget, by its id; empty as long as there is no budget.
    tallies: Vec<Tally<WorkloadId>>,
    /// The budgets that select the pods of a template, or may select some of them; only looked up, never iterated.
    selecting: FxHashMap<(NamespaceId, TemplateId), Vec<DisruptionBudgetId>>,
    /// How each pod is counted by the budgets that select it.
    counted: Vec<Counted>,
    /// The budgets that count pods of a workload, and so its scale.
    scaled: BTreeMap<WorkloadId, BTreeSet<DisruptionBudgetId>>,
    /// Budgets whose status may have changed.
    to_sync: BTreeSet<DisruptionBudgetId>,
}

impl DisruptionController {
    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::DisruptionBudgetSpec,
        ChangeKind::DisruptionBudgetRemoved,
        ChangeKind::PodAdded,
        ChangeKind::PodReadiness,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::DesiredReplicas,
    ]);

    /// A change of the cluster.
    pub fn observe(&mut self, change: Change, cluster: &Cluster) {
        match change {
            Change::DisruptionBudgetSpec(_) | Change::DisruptionBudgetRemoved(_) => self.is_stale = true,
            _ if self.is_stale || self.tallies.is_empty() => {}
            Change::PodAdded(pod)
            | Change::PodReadiness(pod)
            | Change::PodTerminating(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => self.count(pod, cluster),
            Change::DesiredReplicas(workload) => {
                self.to_sync.extend(self.scaled.get(&workload).into_iter().flatten());
            }
            _ => {}
        }
    }

    /// Writes the status of the budgets whose pods or scale have changed.
    pub fn sync(&mut self, cluster: &mut Cluster) {
        if self.is_stale {
            self.count_anew(cluster);
        }
        while let Some(id) = self.to_sync.pop_first() {
            let budget = &cluster.disruption_budget(id).object;
            let status =
                budget_status(budget, &self.tallies[id.index()], |workload| cluster.workload(workload).desired);
            cluster.set_disruption_budget_status(id, status);
        }
    }

    /// Whether a budget counts no pod.
    pub fn has_no_pods(&self, id: DisruptionBudgetId) -> bool {
        self.tallies.get(id.index()).is_none_or(|tally| tally.pods == 0)
    }

    /// Tells of a budget that selects no pod, as each sync of it does.
    pub fn look_for_pods(&self, id: DisruptionBudgetId, cluster: &mut Cluster) {
        if !cluster.disruption_budget(id).removed && self.has_no_pods(id) {
            emit(cluster, SOURCE, id, (Severity::Normal, "NoPods"), "No matching pods found".to_owned());
        }
    }

    /// Counts all pods.
    fn count_anew(&mut self, cluster: &Cluster) {
        *self = Self::default();
        self.to_sync.extend(cluster.disruption_budgets().map(|(id, _)| id));
        let Some(last) = self.to_sync.last() else { return };
        self.tallies.resize_with(last.index() + 1, Tally::default);
        for (pod, _) in cluster.pods().filter(|(_, pod)| pod.exists()) {
            self.count(pod, cluster);
        }
    }

    /// Brings the tallies of the budgets that select a pod up to date.
    fn count(&mut self, id: PodId, cluster: &Cluster) {
        let pod = cluster.pod(id);
        let budgets = self.selecting.entry((pod.namespace, pod.template)).or_insert_with(|| {
            let labels = &cluster.template(pod.template).template.labels;
            let selecting = cluster.disruption_budgets().filter(|(_, budget)| {
                let selector = budget.object.selector.as_ref();
                let may_select = |selector| asks_for_own_labels(selector) || selector.matches(labels);
                budget.namespace == pod.namespace && selector.is_some_and(may_select)
            });
            selecting.map(|(id, _)| id).collect()
        });
        if budgets.is_empty() {
            return;
        }
        if self.counted.len() <= id.index() {
            self.counted.resize(id.index() + 1, Counted::No);
        }
        let after = if pod.exists() { Counted::of(pod.phase, pod.ready, pod.deletion.is_some()) } else { Counted::No };
        let before = std::mem::replace(&mut self.counted[id.index()], after);
        if before == after {
            return;
        }
        for budget in budgets {
            let selector = cluster.disruption_budget(*budget).object.selector.as_ref();
            if !selector.is_some_and(|selector| cluster.selects(selector, id)) {
                continue;
            }
            // A budget that has just been created: all pods are counted anew before its status is written.
            let Some(tally) = self.tallies.get_mut(budget.index()) else { continue };
            tally.recount(pod.workload, before, after);
            self.to_sync.insert(*budget);
            if let Some(workload) = pod.workload {
                let scaled = self.scaled.entry(workload).or_default();
                if tally.by_controller.contains_key(&workload) {
                    scaled.insert(*budget);
                } else {
                    scaled.remove(budget);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{self, IntOrPercent, Kind, LabelSelector, Labels, Name, ObjectMeta, PodPhase, PodTemplate};
    use crate::cluster::{Disruption, DisruptionBudgetStatus, NewPod, NewReplicaSet, ReplicaSetId};
    use crate::units::{SimDuration, SimTime};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// The budgets of the test, by number.
    fn budget(number: u8) -> api::PodDisruptionBudget {
        let of_app = |app: &str| LabelSelector::from_match_labels(&[("app", app)].into_iter().collect());
        let (selector, min_available, max_unavailable) = match number % 4 {
            0 => (of_app("a"), Some(IntOrPercent::Int(2)), None),
            1 => (of_app("a"), None, Some(IntOrPercent::Percent(30))),
            2 => (of_app("b"), Some(IntOrPercent::Percent(50)), None),
            _ => (LabelSelector::default(), None, Some(IntOrPercent::Int(1))),
        };
        let name = Name::from(format!("budget-{}", number % 4));
        let meta = ObjectMeta { name, namespace: "shop".into(), ..ObjectMeta::default() };
        let selector = Some(selector);
        api::PodDisruptionBudget { meta, selector, min_available, max_unavailable, ..Default::default() }
    }

    struct Shop {
        cluster: Cluster,
        controller: DisruptionController,
        sets: Vec<ReplicaSetId>,
        pods: Vec<PodId>,
    }

    impl Shop {
        /// Two ReplicaSets, one for each app, in the namespace of the budgets, and one of app `a` elsewhere.
        fn new() -> Self {
            let mut cluster = Cluster::default();
            let sets = [("a", "shop"), ("b", "shop"), ("a", "elsewhere")].map(|(app, namespace)| {
                let labels: Labels = [("app", app)].into_iter().collect();
                let template = cluster.intern_template(&Arc::new(PodTemplate { labels, ..PodTemplate::default() }));
                let new = NewReplicaSet {
                    kind: Kind::ReplicaSet,
                    name: app.into(),
                    namespace: cluster.namespace(&namespace.into(), SimTime::ZERO),
                    deployment: None,
                    template,
                    base_template: template,
                    replicas: 3,
                    selector: LabelSelector::default(),
                    min_ready: SimDuration::ZERO,
                    revision: 0,
                };
                cluster.add_replica_set(new, SimTime::ZERO)
            });
            Self { cluster, controller: DisruptionController::default(), sets: sets.to_vec(), pods: Vec::new() }
        }

        fn add_pod(&mut self, number: u8) {
            let id = self.sets[usize::from(number) % self.sets.len()];
            let set = self.cluster.replica_set(id);
            let is_bare = number.is_multiple_of(5);
            let new = NewPod {
                name: Name::from(format!("pod-{}", self.pods.len())),
                namespace: set.namespace,
                template: set.template,
                owner: (!is_bare).then_some(id.into()),
                workload: (!is_bare).then_some(set.workload),
                ordinal: 0,
                arrival: None,
                run_for: None,
            };
            self.pods.push(self.cluster.add_pod(new, SimTime::ZERO));
        }

        /// One of a number of things that can happen.
        fn act(&mut self, verb: u8, number: u8) {
            let pod = self.pods.get(usize::from(number) % self.pods.len().max(1)).copied();
            let now = SimTime::ZERO;
            match (verb % 9, pod) {
                (0, _) => _ = self.cluster.apply_disruption_budget(budget(number), SimTime::ZERO),
                (1, _) => {
                    let found = self.cluster.disruption_budgets().nth(usize::from(number % 4)).map(|(id, _)| id);
                    if let Some(id) = found {
                        self.cluster.remove_disruption_budget(id);
                    }
                }
                (2, _) => {
                    let set = self.sets[usize::from(number) % self.sets.len()];
                    self.cluster.update_replica_set(set, |set| set.spec_replicas = i32::from(number));
                }
                (3 | 4, _) | (_, None) => self.add_pod(number),
                (5, Some(pod)) => self.cluster.set_pod_ready(pod, !number.is_multiple_of(3), now),
                (6, Some(pod)) => self.cluster.delete_pod(pod, SimDuration::ZERO, Disruption::Deletion, now),
                (7, Some(pod)) => self.cluster.end_pod(pod, PodPhase::Failed, "", now),
                (_, Some(pod)) => self.cluster.remove_pod(pod, now),
            }
        }

        fn settle(&mut self) {
            let mut changes = Vec::new();
            self.cluster.take_changes(&mut changes);
            for change in changes {
                self.controller.observe(change, &self.cluster);
            }
            self.controller.sync(&mut self.cluster);
        }

        /// The status of a budget, from a look at every pod.
        fn expected(&self, id: DisruptionBudgetId) -> DisruptionBudgetStatus {
            let budget = self.cluster.disruption_budget(id);
            let mut tally = Tally::default();
            for (id, pod) in self.cluster.pods().filter(|(_, pod)| pod.exists() && pod.namespace == budget.namespace) {
                let labels = self.cluster.pod_labels(id);
                if budget.object.selector.as_ref().is_some_and(|selector| selector.matches(&labels)) {
                    let counted = Counted::of(pod.phase, pod.ready, pod.deletion.is_some());
                    tally.recount(pod.workload, Counted::No, counted);
                }
            }
            budget_status(&budget.object, &tally, |workload| self.cluster.workload(workload).desired)
        }
    }

    proptest! {
        #[test]
        fn what_is_counted_as_it_changes_is_what_a_look_at_every_pod_gives(
            rounds in prop::collection::vec(prop::collection::vec(any::<(u8, u8)>(), 1..6), 1..40),
        ) {
            let mut shop = Shop::new();
            for round in rounds {
                for (verb, number) in round {
                    shop.act(verb, number);
                }
                shop.settle();
                for (id, budget) in shop.cluster.disruption_budgets() {
                    prop_assert_eq!(budget.status, shop.expected(id), "{}", budget.object.meta.name);
                }
            }
        }
    }

    #[test]
    fn only_budgets_whose_status_changes_are_written() {
        let mut shop = Shop::new();
        shop.cluster.apply_disruption_budget(budget(0), SimTime::ZERO);
        shop.cluster.apply_disruption_budget(budget(2), SimTime::ZERO);
        // Pods 1 and 4 are of app b, pods 3 and 6 of app a.
        for number in [1, 4, 3, 6] {
            shop.add_pod(number);
        }
        shop.settle();
        let mut changes = Vec::new();
        shop.cluster.take_changes(&mut changes);
        shop.cluster.set_pod_ready(shop.pods[0], true, SimTime::ZERO);
        shop.settle();
        changes.clear();
        shop.cluster.take_changes(&mut changes);
        assert_eq!(changes, [Change::DisruptionBudgetStatus(DisruptionBudgetId::from_index(1))]);
    }
}
