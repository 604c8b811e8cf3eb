//! The decision, taken again from what the scheduler knew.

use crate::cluster::NodeId;
use crate::scheduler::{
    Attempt, AttemptOutcome, CycleState, Decision, Diagnosis, Failure, PreFilterRejection, Preemption, Scratch,
    post_filter, schedule,
};
use crate::scheduler::{run_filters_with_nominated_pods, run_pre_filter};

/// A decision with everything that led to it.
#[derive(Debug)]
pub struct Redecided {
    /// What came out.
    pub outcome: AttemptOutcome,
    /// Feasible nodes, scores and best nodes; empty if there is none.
    pub scratch: Scratch,
    /// Rejected nodes in search order.
    pub rejected: Vec<(NodeId, Failure)>,
    /// A PreFilter plugin rejected the pod as a whole.
    pub pre_filter: Option<PreFilterRejection>,
    /// What preemption found.
    pub preemption: Preemption,
}

/// Takes the decision of an attempt again.
#[must_use]
pub fn decide_again(attempt: &Attempt) -> Redecided {
    let context = attempt.context();
    let mut search = attempt.search;
    let mut scratch = Scratch::default();
    let decision = schedule(&context, &attempt.pod, &mut search, attempt.tie_break, &mut scratch);
    match decision {
        Decision::Placed(placement) => Redecided {
            outcome: AttemptOutcome::Placed(placement.node),
            rejected: std::mem::take(&mut scratch.failures),
            scratch,
            pre_filter: None,
            preemption: Preemption::default(),
        },
        Decision::Unschedulable(diagnosis) => unschedulable(attempt, &diagnosis, scratch),
        Decision::NoNodes => Redecided {
            outcome: AttemptOutcome::Rejected {
                message: "no nodes available to schedule pods".to_owned(),
                nominated: None,
            },
            scratch: Scratch::default(),
            rejected: Vec::new(),
            pre_filter: None,
            preemption: Preemption::default(),
        },
    }
}

fn unschedulable(attempt: &Attempt, diagnosis: &Diagnosis, mut scratch: Scratch) -> Redecided {
    let context = attempt.context();
    let rejected = if diagnosis.pre_filter.is_some() { Vec::new() } else { failures(attempt) };
    let found = post_filter(&context, &attempt.pod, diagnosis, &mut scratch.state, attempt.preemption_tie_break);
    let mut message = diagnosis.message(attempt.view.snapshot(), &attempt.pod, attempt.profile.version);
    found.append_to(&mut message);
    Redecided {
        outcome: AttemptOutcome::Rejected { message, nominated: found.preemption.nominated },
        scratch: Scratch::default(),
        rejected,
        pre_filter: diagnosis.pre_filter.clone(),
        preemption: found.preemption,
    }
}

/// Why each node was rejected, where every node was.
fn failures(attempt: &Attempt) -> Vec<(NodeId, Failure)> {
    let context = attempt.context();
    let mut state = CycleState::default();
    let narrowed = run_pre_filter(&context, &attempt.pod, &mut state).nodes;
    let failure = |id: NodeId| {
        if narrowed.as_ref().is_some_and(|nodes| nodes.binary_search(&id).is_err()) {
            return Some(Failure::OUTSIDE_PRE_FILTER_NODES);
        }
        let node = context.snapshot.node(id)?;
        run_filters_with_nominated_pods(&context, &attempt.pod, &state, node).err()
    };
    attempt.view.snapshot().search_order().iter().filter_map(|id| Some((*id, failure(*id)?))).collect()
}
