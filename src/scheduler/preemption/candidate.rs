//! Nodes where preemption would help, and which of them is the best (`pickOneNodeForPreemption`).

use crate::cluster::NodeId;
use crate::scheduler::view::PodInfo;
use crate::units::SimTime;
use std::cmp::Reverse;
use std::sync::Arc;

/// A node where the pod would fit if some pods went.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// The pods that would go, the most important first.
    pub victims: Vec<Arc<PodInfo>>,
    /// How many of them a disruption budget protects.
    pub pdb_violations: usize,
}

/// When a pod counts as started: one that has not started counts as starting now.
fn start_time(pod: &PodInfo) -> SimTime {
    pod.start_time.unwrap_or(SimTime::MAX)
}

/// The order in which pods are spared: high priority first, then early start (`MoreImportantPod`).
pub fn by_importance(pod: &PodInfo) -> (Reverse<i32>, SimTime) {
    (Reverse(pod.priority()), start_time(pod))
}

/// What candidates are compared by, the most important first (`pickOneNodeForPreemption`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// Fewest violations of PodDisruptionBudgets.
    PdbViolations,
    /// Lowest priority of the most important victim.
    HighestPriority,
    /// Smallest sum of the victims' priorities, each raised so that none is negative.
    SumOfPriorities,
    /// Fewest victims.
    Victims,
    /// Latest start of the earliest victim of the highest priority.
    Start,
}

impl Criterion {
    /// Every criterion in order.
    pub const ALL: [Self; 5] =
        [Self::PdbViolations, Self::HighestPriority, Self::SumOfPriorities, Self::Victims, Self::Start];

    /// What the criterion makes of a candidate: less is better.
    #[must_use]
    pub fn value(self, candidate: &Candidate) -> i64 {
        match self {
            Self::PdbViolations => i64::try_from(candidate.pdb_violations).unwrap_or(i64::MAX),
            Self::HighestPriority => candidate.victims.first().map_or(i64::MIN, |victim| i64::from(victim.priority())),
            Self::SumOfPriorities => {
                candidate.victims.iter().map(|victim| i64::from(victim.priority()) + (1 << 31)).sum()
            }
            Self::Victims => i64::try_from(candidate.victims.len()).unwrap_or(i64::MAX),
            Self::Start => -earliest_start_of_highest(candidate).as_nanos(),
        }
    }
}

/// The value of a candidate by each [`Criterion`], the most important first: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worth([i64; Criterion::ALL.len()]);

impl Worth {
    /// What a candidate is worth.
    pub fn of(candidate: &Candidate) -> Self {
        Self(Criterion::ALL.map(|criterion| criterion.value(candidate)))
    }
}

/// The candidates that are best by every criterion in turn, in order of their ids.
pub fn best_nodes(candidates: &[(NodeId, Worth)]) -> Vec<NodeId> {
    let least = candidates.iter().map(|(_, worth)| *worth).min();
    let best = candidates.iter().filter(|(_, worth)| Some(*worth) == least);
    let mut nodes: Vec<NodeId> = best.map(|(node, _)| *node).collect();
    nodes.sort_unstable();
    nodes
}

/// The earliest start among the victims of the highest priority (`GetEarliestPodStartTime`).
fn earliest_start_of_highest(candidate: &Candidate) -> SimTime {
    let highest = candidate.victims.iter().map(|victim| victim.priority()).max();
    let starts = candidate.victims.iter().filter(|victim| Some(victim.priority()) == highest);
    starts.map(|victim| start_time(victim)).min().unwrap_or(SimTime::MAX)
}
