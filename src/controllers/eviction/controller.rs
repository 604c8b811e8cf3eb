//! The running half of eviction: a pod is evicted through the API, and a node is drained by evicting its pods.

use super::{EvictionAnswer, EvictionBudget, evict};
use crate::api::Kind;
use crate::cluster::{
    Cluster, Disruption, DisruptionBudget, DisruptionBudgetId, DisruptionBudgetStatus, NodeId, PodId,
};
use crate::controllers::common::event::ControllerEvent;
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};

/// Time between two tries of `kubectl drain` to evict a pod (`evictPods` of kubectl 1.36).
const DRAIN_RETRY: SimDuration = SimDuration::from_secs(5);

/// `kubectl drain` of a node, with `--ignore-daemonsets`, `--delete-emptydir-data` and `--force`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// The node.
    pub node: NodeId,
    /// `--timeout`: how long to try; `None` is without end.
    pub timeout: Option<SimDuration>,
    /// `--grace-period`: overrides the pods' termination grace period.
    pub grace_period: Option<SimDuration>,
}

/// The drains that go on.
#[derive(Clone, Debug, Default)]
pub struct EvictionController {
    /// Every drain that was started, and when.
    drains: Vec<(Drain, SimTime)>,
    abandoned: Vec<Drain>,
}

impl EvictionController {
    /// Starts a drain: cordons the node and evicts what may go at once.
    pub fn start<A: Agenda<ControllerEvent>>(&mut self, drain: Drain, cluster: &mut Cluster, agenda: &mut A) {
        cluster.update_node(drain.node, |node| node.unschedulable = true);
        let index = u32::try_from(self.drains.len()).unwrap_or(u32::MAX);
        self.drains.push((drain, agenda.now()));
        self.drain(index, cluster, agenda);
    }

    /// One round of a drain: evicts what the budgets allow, and tries again as long as pods are left.
    pub fn drain<A: Agenda<ControllerEvent>>(&mut self, index: u32, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let Some((drain, started)) = self.drains.get(index as usize) else { return };
        if drain.timeout.is_some_and(|timeout| now - *started > timeout) {
            self.abandoned.push(*drain);
        } else if cluster.node(drain.node).exists() && evict_pods(drain, cluster, now) {
            agenda.schedule(now + DRAIN_RETRY, ControllerEvent::Drain { index });
        }
    }

    /// Takes the drains that gave up after their timeout since the last call.
    pub fn take_abandoned(&mut self) -> Vec<Drain> {
        std::mem::take(&mut self.abandoned)
    }
}

/// The pods of a node that a drain has still to evict or to see go, in order of their ids, each with the first budget that
/// allows no disruption of it.
pub fn remaining_pods(node: NodeId, cluster: &Cluster) -> Vec<(PodId, Option<DisruptionBudgetId>)> {
    let mut pods = cluster.node(node).pods.clone();
    pods.retain(|pod| !is_of_daemon_set(*pod, cluster));
    pods.sort_unstable();
    let held_by = |pod: PodId| {
        let mut budgets = selecting(pod, cluster).filter(|(_, budget)| budget.status.disruptions_allowed <= 0);
        budgets.next().map(|(id, _)| id).filter(|_| cluster.pod(pod).deletion.is_none())
    };
    pods.into_iter().map(|pod| (pod, held_by(pod))).collect()
}

fn is_of_daemon_set(pod: PodId, cluster: &Cluster) -> bool {
    let workload = cluster.pod(pod).workload;
    workload.is_some_and(|workload| cluster.workload(workload).kind == Kind::DaemonSet)
}

/// Evicts the pods of a node that may go; whether some have to wait for their budget.
fn evict_pods(drain: &Drain, cluster: &mut Cluster, now: SimTime) -> bool {
    let mut pods = cluster.node(drain.node).pods.clone();
    pods.sort_unstable();
    let mut some_wait = false;
    for id in pods {
        if cluster.pod(id).deletion.is_none() && !is_of_daemon_set(id, cluster) {
            some_wait |= !matches!(evict_pod(id, drain.grace_period, cluster, now), EvictionAnswer::Evict { .. });
        }
    }
    some_wait
}

/// One call of the eviction API for a pod. `grace_period` overrides the pod's.
pub fn evict_pod(id: PodId, grace_period: Option<SimDuration>, cluster: &mut Cluster, now: SimTime) -> EvictionAnswer {
    let budgets: Vec<DisruptionBudgetId> = selecting(id, cluster).map(|(id, _)| id).collect();
    let seen: Vec<EvictionBudget> =
        budgets.iter().map(|id| EvictionBudget::of(cluster.disruption_budget(*id))).collect();
    let pod = cluster.pod(id);
    let answer = evict(pod.phase, pod.deletion.is_some(), pod.ready, &seen);
    if let EvictionAnswer::Evict { uses_budget } = answer {
        if let (true, Some(budget)) = (uses_budget, budgets.first()) {
            let status = cluster.disruption_budget(*budget).status;
            let disruptions_allowed = status.disruptions_allowed - 1;
            cluster.set_disruption_budget_status(*budget, DisruptionBudgetStatus { disruptions_allowed, ..status });
        }
        let grace = grace_period.unwrap_or(cluster.template_of(id).template.spec.termination_grace_period);
        cluster.delete_pod(id, grace, Disruption::Eviction, now);
    }
    answer
}

/// The budgets that select a pod.
fn selecting(id: PodId, cluster: &Cluster) -> impl Iterator<Item = (DisruptionBudgetId, &DisruptionBudget)> {
    let pod = cluster.pod(id);
    let labels = &cluster.template(pod.template).template.labels;
    cluster.disruption_budgets().filter(|(_, budget)| {
        budget.namespace == pod.namespace
            && budget.object.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{self, IntOrPercent, LabelSelector, ObjectMeta, PodManagementPolicy, PodSpec};
    use crate::controllers::test_cluster::TestCluster;

    /// A cluster of two nodes with a StatefulSet of four pods, a DaemonSet, and a budget for the pods of both.
    fn protected(max_unavailable: i32) -> TestCluster {
        let mut test = TestCluster::new(2);
        test.stateful_set(4, PodManagementPolicy::Parallel);
        test.daemon_set(PodSpec::default());
        test.cluster.apply_disruption_budget(
            api::PodDisruptionBudget {
                meta: ObjectMeta { name: "db".into(), namespace: "default".into(), ..ObjectMeta::default() },
                selector: Some(LabelSelector::default()),
                max_unavailable: Some(IntOrPercent::Int(max_unavailable)),
                ..api::PodDisruptionBudget::default()
            },
            SimTime::ZERO,
        );
        test.run_until(20_000);
        test
    }

    fn on_node(test: &TestCluster, node: &str) -> Vec<String> {
        test.pods().into_iter().filter(|(_, name)| name == node).map(|(pod, _)| pod).collect()
    }

    fn drain(timeout: Option<i64>) -> Drain {
        let timeout = timeout.map(SimDuration::from_secs);
        Drain { node: NodeId::from_index(0), timeout, grace_period: None }
    }

    #[test]
    fn a_drain_waits_for_its_budget_and_leaves_daemons() {
        let mut test = protected(1);
        let started = test.now();
        let stateful = |test: &TestCluster| on_node(test, "node-0").iter().filter(|pod| pod.starts_with("db")).count();
        assert_eq!(stateful(&test), 2);
        test.drain(drain(None));
        let budget = |test: &TestCluster| test.cluster.disruption_budgets().next().map(|(_, budget)| budget.status);
        assert_eq!(budget(&test).map(|status| (status.current_healthy, status.disruptions_allowed)), Some((5, 0)));
        assert_eq!(test.milestones[2].len(), 1, "the budget lets one pod go");
        test.run_until(60_000);
        // A replacement is ready after some 6 s: the try after 5 s finds no room, the one after 10 s does.
        let deleted: Vec<i64> = test.milestones[2].iter().map(|at| at - started.as_nanos() / 1_000_000).collect();
        assert_eq!(deleted, [0, 10_000]);
        assert_eq!(stateful(&test), 0);
        assert_eq!(on_node(&test, "node-0").len(), 1, "the pod of the DaemonSet stays");
        test.check_quiet();
    }

    #[test]
    fn a_drain_gives_up_after_its_timeout() {
        let mut test = protected(0);
        test.drain(drain(Some(12)));
        test.run_until(60_000);
        assert!(test.milestones[2].is_empty());
        assert_eq!(test.controllers.take_abandoned_drains(), [drain(Some(12))]);
        assert!(test.cluster.node(NodeId::from_index(0)).object.unschedulable, "it stays cordoned");
        test.check_quiet();
    }

    #[test]
    fn each_eviction_of_a_round_uses_the_budget() {
        let mut test = protected(2);
        test.drain(drain(None));
        assert_eq!(test.milestones[2].len(), 2);
        let mut test = protected(1);
        let now = test.now();
        let pods = test.cluster.node(NodeId::from_index(0)).pods.clone();
        let answers: Vec<_> = pods.into_iter().map(|pod| evict_pod(pod, None, &mut test.cluster, now)).collect();
        let used = EvictionAnswer::Evict { uses_budget: true };
        assert_eq!(answers.iter().filter(|answer| **answer == used).count(), 1, "{answers:?}");
    }
}
