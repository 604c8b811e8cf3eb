//! Whether the pods of a node can be moved: the drainability rules, in their order (`simulator/drainability/rules`).

use super::budgets::RemainingBudgets;
use super::environment::PodFacts;
use super::options::DeleteOptions;
use super::pods;
use crate::api::Name;
use crate::scheduler::PodInfo;
use crate::units::SimTime;
use std::sync::Arc;

/// The namespace of the system's pods.
const SYSTEM_NAMESPACE: &str = "kube-system";
/// Controllers that are known to create a pod again.
const REPLICATED_KINDS: [&str; 4] = ["ReplicationController", "Job", "ReplicaSet", "StatefulSet"];

/// Why a pod keeps its node (`BlockingPodReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockingReason {
    /// Its controller does not exist.
    ControllerNotFound,
    /// Its controller has too few replicas.
    MinReplicasReached,
    /// Nobody would create it again.
    NotReplicated,
    /// It has a volume on the node's disk.
    LocalStorageRequested,
    /// It says that it is not safe to evict.
    NotSafeToEvictAnnotation,
    /// It is a young pod of the system without a budget.
    UnmovableKubeSystemPod,
    /// Its budget allows no disruption.
    NotEnoughPdb,
}

impl BlockingReason {
    /// The name in the real program.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControllerNotFound => "ControllerNotFound",
            Self::MinReplicasReached => "MinReplicasReached",
            Self::NotReplicated => "NotReplicated",
            Self::LocalStorageRequested => "LocalStorageRequested",
            Self::NotSafeToEvictAnnotation => "NotSafeToEvictAnnotation",
            Self::UnmovableKubeSystemPod => "UnmovableKubeSystemPod",
            Self::NotEnoughPdb => "NotEnoughPdb",
        }
    }
}

/// A pod that keeps its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockingPod {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Why.
    pub reason: BlockingReason,
}

/// What happens to the pods of a node that goes (`PodMoveInfo`); up to the pod that blocks, if one does.
#[derive(Clone, Debug, Default)]
pub struct PodsToMove {
    /// Pods that must find another place.
    pub moving: Vec<Arc<PodInfo>>,
    /// Pods of DaemonSets.
    pub daemons: Vec<Arc<PodInfo>>,
    /// Pods whose end is waited for.
    pub on_completion: Vec<Arc<PodInfo>>,
    /// The pod that keeps the node.
    pub blocking: Option<BlockingPod>,
}

/// Tells the replicas of a pod's controller.
pub type ReplicasOf<'a> = &'a dyn Fn(&PodInfo) -> Option<i32>;

/// What the rules look at besides the pod.
pub struct DrainContext<'a> {
    /// Which rules apply.
    pub options: &'a DeleteOptions,
    /// Now.
    pub now: SimTime,
    /// What is left of the budgets.
    pub budgets: &'a RemainingBudgets,
    /// What else is known of a pod; `None` if it does not exist.
    pub facts: &'a dyn Fn(&PodInfo) -> Option<PodFacts>,
    /// Replicas of a pod's controller, or that there is none; `None` where controllers are not looked up.
    pub controller: Option<ReplicasOf<'a>>,
}

/// Whether a node is as good as empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emptiness {
    /// No pod must find another place.
    Empty,
    /// The same, but the end of pods is waited for.
    WaitsForPods,
    /// A pod must find another place, or keeps the node.
    HasPods,
}

enum Outcome {
    Drain,
    Skip,
    Wait,
    Block(BlockingReason),
}

impl DrainContext<'_> {
    /// Judges the pods of a node, which are given in its order.
    pub fn pods_to_move(&self, pods: &[Arc<PodInfo>]) -> PodsToMove {
        let mut result = PodsToMove::default();
        for pod in pods {
            match self.judge(pod) {
                Outcome::Drain if pods::is_daemon(pod) => result.daemons.push(Arc::clone(pod)),
                Outcome::Drain => result.moving.push(Arc::clone(pod)),
                Outcome::Skip => {}
                Outcome::Wait => result.on_completion.push(Arc::clone(pod)),
                Outcome::Block(reason) => {
                    let (namespace, name) = (pod.namespace.clone(), pod.name.clone());
                    result.blocking = Some(BlockingPod { namespace, name, reason });
                    break;
                }
            }
        }
        result
    }

    /// Judges the pods of a node, in any order, as far as is needed to tell whether it is as good as empty.
    pub fn emptiness<'p>(&self, pods: impl IntoIterator<Item = &'p Arc<PodInfo>>) -> Emptiness {
        let mut emptiness = Emptiness::Empty;
        for pod in pods {
            match self.judge(pod) {
                Outcome::Drain if pods::is_daemon(pod) => {}
                Outcome::Skip => {}
                Outcome::Wait => emptiness = Emptiness::WaitsForPods,
                Outcome::Drain | Outcome::Block(_) => return Emptiness::HasPods,
            }
        }
        emptiness
    }

    fn judge(&self, pod: &PodInfo) -> Outcome {
        let facts = (self.facts)(pod);
        if pods::is_mirror(pod) || facts.is_some_and(|facts| pods::is_long_terminating(pod, &facts, self.now)) {
            return Outcome::Skip;
        }
        let skips_custom = self.options.skip_nodes_with_custom_controller_pods;
        if skips_custom && let Some(reason) = self.controller_blocks(pod) {
            return Outcome::Block(reason);
        }
        let safe = pods::safe_to_evict(pod);
        if pods::is_daemon(pod)
            || safe == Some("true")
            || facts.is_some_and(|facts| pods::is_terminal(pod, facts.phase))
        {
            return Outcome::Drain;
        }
        if safe == Some("on-completion") {
            return Outcome::Wait;
        }
        let is_replicated =
            pod.owner.as_ref().is_some_and(|owner| !skips_custom || REPLICATED_KINDS.contains(&&*owner.kind));
        if !is_replicated {
            return Outcome::Block(BlockingReason::NotReplicated);
        }
        let is_blocking_system_pod = self.options.skip_nodes_with_system_pods
            && &*pod.namespace == SYSTEM_NAMESPACE
            && self.budgets.of(pod).next().is_none();
        if is_blocking_system_pod {
            let timeout = self.options.blocking_system_pod_disruption_timeout;
            let is_old = facts.is_some_and(|facts| self.now > facts.created + timeout);
            return if is_old { Outcome::Drain } else { Outcome::Block(BlockingReason::UnmovableKubeSystemPod) };
        }
        if safe == Some("false") {
            return Outcome::Block(BlockingReason::NotSafeToEvictAnnotation);
        }
        if self.options.skip_nodes_with_local_storage && pods::has_blocking_local_storage(pod) {
            return Outcome::Block(BlockingReason::LocalStorageRequested);
        }
        if self.budgets.of(pod).any(|budget| budget.disruptions_allowed < 1) {
            return Outcome::Block(BlockingReason::NotEnoughPdb);
        }
        Outcome::Drain
    }

    /// Whether the pod's controller keeps it: it is gone, or has too few replicas.
    fn controller_blocks(&self, pod: &PodInfo) -> Option<BlockingReason> {
        let owner = pod.owner.as_ref()?;
        let counts_replicas = matches!(&*owner.kind, "ReplicationController" | "ReplicaSet");
        if !counts_replicas && !matches!(&*owner.kind, "Job" | "StatefulSet" | "DaemonSet") {
            return None;
        }
        match self.controller?(pod) {
            None => Some(BlockingReason::ControllerNotFound),
            Some(replicas) if counts_replicas && replicas < self.options.min_replica_count => {
                Some(BlockingReason::MinReplicasReached)
            }
            Some(_) => None,
        }
    }
}
