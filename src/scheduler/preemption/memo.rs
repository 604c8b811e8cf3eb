//! What preemption on a node is worth, remembered as long as nothing changes about the node: a storm of pods of one kind
//! asks the same question about the same nodes again and again.

use super::candidate::{Candidate, Worth};
use crate::cluster::NodeId;
use crate::scheduler::framework::Failure;
use crate::scheduler::view::{NodeInfo, PodInfo};
use std::sync::Arc;

/// How many kinds of preempting pods are remembered.
const MAX_KINDS: usize = 16;

/// What preemption on one node comes to.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It would make room.
    Helps(Worth),
    /// It would not: because no pod may go, or for this reason.
    Fails(Option<Failure>),
}

/// Outcomes of one kind of pods: by node id, with the version of the node.
type Outcomes = Vec<Option<(u64, Outcome)>>;

/// Outcomes by kind of pod and node.
#[derive(Clone, Debug, Default)]
pub struct PreemptionMemo {
    /// The pods keep the addresses of their origins from being used again.
    kinds: Vec<(Arc<PodInfo>, Outcomes)>,
}

impl PreemptionMemo {
    /// The kind of a pod, to [ask](Self::outcome) with.
    pub fn kind(&mut self, pod: &PodInfo) -> usize {
        let address = pod.origin_address();
        if let Some(known) = self.kinds.iter().position(|(kind, _)| kind.origin_address() == address) {
            return known;
        }
        if self.kinds.len() >= MAX_KINDS {
            self.kinds.clear();
        }
        self.kinds.push((Arc::new(pod.clone()), Vec::new()));
        self.kinds.len() - 1
    }

    /// The outcome on a node, by `find` if it is not known; that must depend on nothing but the pod's origin and the node.
    pub fn outcome(
        &mut self,
        kind: usize,
        node: &NodeInfo,
        find: impl FnOnce() -> Result<Candidate, Option<Failure>>,
    ) -> Outcome {
        let (outcomes, index) = (&mut self.kinds[kind].1, NodeId::index(node.id()));
        if outcomes.len() <= index {
            outcomes.resize(index + 1, None);
        }
        match outcomes[index] {
            Some((version, outcome)) if version == node.version() => outcome,
            _ => {
                let outcome = match find() {
                    Ok(candidate) => Outcome::Helps(Worth::of(&candidate)),
                    Err(failure) => Outcome::Fails(failure),
                };
                outcomes[index] = Some((node.version(), outcome));
                outcome
            }
        }
    }
}
