//! The running half of `kubectl drain`: a node is drained by evicting its pods through the API.

use super::drain::{DrainFlags, DrainPod, pods_to_evict};
use crate::cluster::{Cluster, DisruptionBudgetId, EvictionAnswer, NodeId, ObjectId, PodId};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::engine::{Agenda, RandomStream};
use crate::units::{SimDuration, SimTime};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// Time between two tries of `kubectl drain` to evict a pod (`evictPods` of kubectl 1.36).
const DRAIN_RETRY: SimDuration = SimDuration::from_secs(5);
/// Time after which the API server tries again to write a budget that another eviction has just written, and by what share
/// of it that may be later (`EvictionsRetry` in `pkg/registry/core/pod/storage/eviction.go`, Kubernetes 1.36).
const CONFLICT_RETRY: SimDuration = SimDuration::from_millis(500);
const CONFLICT_JITTER: f64 = 0.1;

/// `kubectl drain` of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// The node.
    pub node: NodeId,
    /// `--timeout`: how long to try; `None` is without end.
    pub timeout: Option<SimDuration>,
    /// `--grace-period`: overrides the pods' termination grace period.
    pub grace_period: Option<SimDuration>,
    /// `--ignore-daemonsets`.
    pub ignore_daemon_sets: bool,
    /// `--force`.
    pub force: bool,
    /// `--delete-emptydir-data`.
    pub delete_empty_dir_data: bool,
}

/// A drain that was started.
#[derive(Clone, Debug)]
struct RunningDrain {
    drain: Drain,
    started: SimTime,
    /// Pods that are not evicted yet: each is tried again on a clock of its own.
    waiting: BTreeSet<PodId>,
    /// Whether the time was over before a pod was evicted.
    is_too_late: bool,
    /// What the API server said that is no reason to try again.
    errors: Vec<String>,
    /// Whether it has ended without success.
    has_failed: bool,
}

/// The drains that go on.
#[derive(Debug)]
pub struct EvictionController {
    drains: Vec<RunningDrain>,
    /// Drains that have ended without success, with kubectl's error unless it is the timeout.
    failed: Vec<(Drain, Option<String>)>,
    /// When an eviction of a drain last wrote each budget.
    written: BTreeMap<DisruptionBudgetId, SimTime>,
    conflicts: RandomStream,
}

impl EvictionController {
    /// No drain was started yet.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            drains: Vec::new(),
            failed: Vec::new(),
            written: BTreeMap::new(),
            conflicts: settings.streams.stream("latency/eviction-conflict"),
        }
    }

    /// Starts a drain: cordons the node and evicts what may go at once.
    ///
    /// # Errors
    /// kubectl's words for why the node is not drained. It stays cordoned all the same.
    pub fn start<A: Agenda<ControllerEvent>>(
        &mut self,
        drain: Drain,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Result<(), String> {
        cluster.update_node(drain.node, |node| node.unschedulable = true);
        let flags = DrainFlags {
            ignore_daemon_sets: drain.ignore_daemon_sets,
            force: drain.force,
            delete_empty_dir_data: drain.delete_empty_dir_data,
        };
        let pods = pods_to_evict(&pods_of(drain.node, cluster), flags)?;
        let index = u32::try_from(self.drains.len()).unwrap_or(u32::MAX);
        self.drains.push(RunningDrain {
            drain,
            started: agenda.now(),
            waiting: pods.iter().copied().collect(),
            is_too_late: false,
            errors: Vec::new(),
            has_failed: false,
        });
        for pod in pods {
            self.evict_drained(index, pod, cluster, agenda);
        }
        if let Some(timeout) = drain.timeout {
            agenda.schedule(agenda.now() + timeout, ControllerEvent::DrainTimeout { drain: index });
        }
        Ok(())
    }

    /// A drain tries to evict one of its pods: it tries again after 5 s if a budget does not allow it.
    pub fn evict_drained<A: Agenda<ControllerEvent>>(
        &mut self,
        index: u32,
        pod: PodId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(running) = self.drains.get_mut(index as usize) else { return };
        let again = ControllerEvent::EvictDrainedPod { drain: index, pod };
        if !cluster.pod(pod).exists() {
            running.waiting.remove(&pod);
        } else if running.drain.timeout.is_some_and(|timeout| now - running.started >= timeout) {
            running.waiting.remove(&pod);
            running.is_too_late = true;
        } else {
            let (answer, budget) = cluster.eviction_answer(pod);
            // Whoever read the budget at the same time has seen what it allowed then, and cannot write it any more.
            if !matches!(answer, EvictionAnswer::Evict { uses_budget: false })
                && budget.is_some_and(|budget| self.written.get(&budget) == Some(&now))
            {
                let share: f64 = self.conflicts.random();
                let delay = CONFLICT_RETRY.mul_f64(1.0 + CONFLICT_JITTER * share);
                agenda.schedule(now + delay, again);
                return;
            }
            match answer {
                EvictionAnswer::Evict { uses_budget } => {
                    running.waiting.remove(&pod);
                    if let (true, Some(budget)) = (uses_budget, budget) {
                        self.written.insert(budget, now);
                    }
                    cluster.evict_pod(pod, running.drain.grace_period, now);
                }
                EvictionAnswer::TooManyRequests { .. } => agenda.schedule(now + DRAIN_RETRY, again),
                EvictionAnswer::MoreThanOneBudget => {
                    running.waiting.remove(&pod);
                    let state = cluster.pod(pod);
                    let (name, namespace) = (&state.name, cluster.namespace_name(state.namespace));
                    let text = format!("error when evicting pods/\"{name}\" -n \"{namespace}\": {}", answer.message());
                    running.errors.push(text);
                }
            }
        }
        let gives_up = running.is_too_late || !running.errors.is_empty();
        if running.waiting.is_empty() && gives_up {
            self.fail(index);
        }
    }

    /// The time of a drain is over: it gives up on pods that are evicted and have not gone. Those that wait for their
    /// budget find it when they are tried again.
    pub fn time_is_over(&mut self, index: u32, cluster: &Cluster) {
        let Some(running) = self.drains.get(index as usize) else { return };
        if running.waiting.is_empty() && !remaining_pods(running.drain.node, cluster).is_empty() {
            self.fail(index);
        }
    }

    /// A drain has ended without success.
    fn fail(&mut self, index: u32) {
        let Some(running) = self.drains.get_mut(index as usize) else { return };
        if !std::mem::replace(&mut running.has_failed, true) {
            let problem = (!running.errors.is_empty()).then(|| running.errors.join("; "));
            self.failed.push((running.drain, problem));
        }
    }

    /// Takes the drains that ended without success since the last call, with kubectl's error unless it is the timeout.
    pub fn take_failed(&mut self) -> Vec<(Drain, Option<String>)> {
        std::mem::take(&mut self.failed)
    }
}

/// The pods of a node in the order of the API: by namespace and name.
fn pods_of(node: NodeId, cluster: &Cluster) -> Vec<DrainPod<PodId>> {
    let mut pods: Vec<DrainPod<PodId>> = Vec::new();
    for id in &cluster.node(node).pods {
        let pod = cluster.pod(*id);
        let spec = &cluster.template_of(*id).template.spec;
        pods.push(DrainPod {
            pod: *id,
            name: format!("{}/{}", cluster.namespace_name(pod.namespace), pod.name),
            controller: pod.owner.map(|owner| cluster.kind_of(owner)),
            has_ended: pod.phase.is_terminal(),
            has_empty_dir: spec.has_empty_dir,
        });
    }
    let key = |pod: &DrainPod<PodId>| {
        let state = cluster.pod(pod.pod);
        (cluster.namespace_name(state.namespace).clone(), state.name.clone())
    };
    pods.sort_by_cached_key(key);
    pods
}

/// The pods of a node that a drain has still to evict or to see go, in order of their ids, each with the first budget that
/// allows no disruption of it.
pub fn remaining_pods(node: NodeId, cluster: &Cluster) -> Vec<(PodId, Option<DisruptionBudgetId>)> {
    let mut pods = cluster.node(node).pods.clone();
    pods.retain(|pod| !matches!(cluster.pod(*pod).owner, Some(ObjectId::DaemonSet(_))));
    pods.sort_unstable();
    let held_by = |pod: PodId| {
        let mut budgets = cluster.budgets_of_pod(pod).filter(|(_, budget)| budget.status.disruptions_allowed <= 0);
        budgets.next().map(|(id, _)| id).filter(|_| cluster.pod(pod).deletion.is_none())
    };
    pods.into_iter().map(|pod| (pod, held_by(pod))).collect()
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
        Drain {
            node: NodeId::from_index(0),
            timeout,
            grace_period: None,
            ignore_daemon_sets: true,
            force: true,
            delete_empty_dir_data: true,
        }
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
        // The other pod's eviction lost the race for the budget and was refused half a second later. A replacement is ready
        // after some 6 s: the next try finds no room, the one after it does.
        let deleted: Vec<i64> = test.milestones[2].iter().map(|at| at - started.as_nanos() / 1_000_000).collect();
        assert_eq!(deleted.len(), 2);
        assert!(deleted[0] == 0 && (10_500..=10_550).contains(&deleted[1]), "{deleted:?}");
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
        assert_eq!(test.controllers.take_failed_drains(), [(drain(Some(12)), None)]);
        assert!(test.cluster.node(NodeId::from_index(0)).object.unschedulable, "it stays cordoned");
        test.check_quiet();
    }

    #[test]
    fn a_budget_for_one_pod_of_a_stateful_set_holds_that_one() {
        let mut test = protected(5);
        let selector = LabelSelector::default().with_label("statefulset.kubernetes.io/pod-name", "db-2");
        test.cluster.remove_disruption_budget(DisruptionBudgetId::from_index(0));
        test.cluster.apply_disruption_budget(
            api::PodDisruptionBudget {
                meta: ObjectMeta { name: "leader".into(), namespace: "default".into(), ..ObjectMeta::default() },
                selector: Some(selector),
                max_unavailable: Some(IntOrPercent::Int(0)),
                ..api::PodDisruptionBudget::default()
            },
            test.now(),
        );
        test.react();
        let statuses = test.cluster.disruption_budgets().map(|(_, budget)| budget.status);
        assert_eq!(statuses.map(|status| status.current_healthy).collect::<Vec<_>>(), [1], "one of four");
        let now = test.now();
        let pods: Vec<PodId> = test.cluster.pods().filter(|(_, pod)| pod.exists()).map(|(id, _)| id).collect();
        let is_refused =
            |pod: &PodId| matches!(test.cluster.evict_pod(*pod, None, now), EvictionAnswer::TooManyRequests { .. });
        let refused: Vec<PodId> = pods.into_iter().filter(is_refused).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(&*test.cluster.pod(refused[0]).name, "db-2");
    }

    #[test]
    fn each_eviction_of_a_round_uses_the_budget() {
        let mut test = protected(2);
        let started = test.now();
        test.drain(drain(None));
        assert_eq!(test.milestones[2].len(), 1, "two that come at the same time cannot both write the budget");
        test.run_until(started.as_nanos() / 1_000_000 + 600);
        assert_eq!(test.milestones[2].len(), 2, "the other one is tried again by the API server");
        let mut test = protected(1);
        let now = test.now();
        let pods = test.cluster.node(NodeId::from_index(0)).pods.clone();
        let answers: Vec<_> = pods.into_iter().map(|pod| test.cluster.evict_pod(pod, None, now)).collect();
        let used = EvictionAnswer::Evict { uses_budget: true };
        assert_eq!(answers.iter().filter(|answer| **answer == used).count(), 1, "{answers:?}");
    }
}
