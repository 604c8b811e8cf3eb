//! The victims on one node, found by trial with a copy of it (`SelectVictimsOnNode`).
//!
//! Where more than 12 potential victims of a node share priority and start time, kube-scheduler's order among them is
//! unspecified; here it is that of the node's pods.

use super::budgets::split_by_budgets;
use super::candidate::{Candidate, by_importance};
use crate::scheduler::framework::{Context, CycleState, Failure, add_pod, remove_pod, run_filters_with_nominated_pods};
use crate::scheduler::view::{NodeInfo, PodInfo};
use std::sync::Arc;

/// The pods that would have to go from one node, found by trial with a copy of it.
///
/// # Errors
/// `None` where no pod may go, else why the pod would not fit all the same.
pub fn select_victims(
    context: &Context<'_>,
    pod: &PodInfo,
    node: &NodeInfo,
    state: &mut CycleState,
) -> Result<Candidate, Option<Failure>> {
    let mut potential: Vec<Arc<PodInfo>> =
        node.pods().iter().filter(|victim| victim.priority() < pod.priority()).cloned().collect();
    if potential.is_empty() {
        return Err(None);
    }
    let mut node = node.clone();
    for victim in &potential {
        take(pod, &mut node, state, victim);
    }
    let fits = run_filters_with_nominated_pods(context, pod, state, &node);
    let mut victims = Vec::new();
    let mut pdb_violations = 0;
    if fits.is_ok() {
        potential.sort_by_key(|victim| by_importance(victim));
        let (violating, others) = split_by_budgets(&potential, &context.listers.disruption_budgets);
        let both = !violating.is_empty() && !others.is_empty();
        let protected = violating.len();
        for (index, victim) in violating.into_iter().chain(others).enumerate() {
            put(pod, &mut node, state, &victim);
            if run_filters_with_nominated_pods(context, pod, state, &node).is_err() {
                take(pod, &mut node, state, &victim);
                pdb_violations += usize::from(index < protected);
                victims.push(victim);
            }
        }
        if both {
            victims.sort_by_key(|victim| by_importance(victim));
        }
    } else {
        victims.clone_from(&potential);
    }
    // The plugins' state is used for the next node too: everybody who went comes back.
    for victim in &victims {
        put(pod, &mut node, state, victim);
    }
    fits.map_err(Some)?;
    Ok(Candidate { node: node.id(), victims, pdb_violations })
}

fn take(pod: &PodInfo, node: &mut NodeInfo, state: &mut CycleState, victim: &Arc<PodInfo>) {
    node.remove_pod(victim.id);
    remove_pod(pod, state, victim, node);
}

fn put(pod: &PodInfo, node: &mut NodeInfo, state: &mut CycleState, victim: &Arc<PodInfo>) {
    node.add_pod(Arc::clone(victim));
    add_pod(pod, state, victim, node);
}
