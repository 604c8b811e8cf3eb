//! Whether a pod may preempt others at all (`PodEligibleToPreemptOthers`).

use crate::api::PreemptionPolicy;
use crate::cluster::NodeId;
use crate::scheduler::framework::{
    Code, Context, CycleState, Diagnosis, Failure, Failures, run_filters_with_nominated_pods, run_pre_filter,
};
use crate::scheduler::view::PodInfo;
use std::sync::Arc;

/// Whether a pod of lower priority is on some node.
fn has_victims(context: &Context<'_>, pod: &PodInfo) -> bool {
    context.snapshot.lowest_priority().is_some_and(|lowest| lowest < pod.priority())
}

/// Whether a pod that found no node could preempt others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// Nobody, whatever the nodes' failures are.
    Nobody,
    /// Nobody, because victims are still leaving the node that it is nominated to.
    RoomIsMade,
    /// The nodes' failures decide.
    Open,
}

/// Whether a pod that found no node could preempt others. `on_nominated`: why the node that it is nominated to is not
/// feasible, if that is known.
pub fn prospect(context: &Context<'_>, pod: &PodInfo, on_nominated: Option<Failure>) -> Prospect {
    if !has_victims(context, pod) || pod.spec().preemption_policy == PreemptionPolicy::Never {
        return Prospect::Nobody;
    }
    let nominated = pod.nominated_node_name.as_deref().and_then(|name| context.snapshot.node_by_name(name));
    if let Some(node) = nominated.filter(|node| is_making_room(context, pod, *node)) {
        let failure = on_nominated.or_else(|| failure_on(context, pod, node));
        if failure.is_none_or(|failure| failure.code() != Code::UnschedulableAndUnresolvable) {
            return Prospect::RoomIsMade;
        }
    }
    Prospect::Open
}

/// Why one node is not feasible.
fn failure_on(context: &Context<'_>, pod: &PodInfo, node: NodeId) -> Option<Failure> {
    let mut state = CycleState::default();
    let result = run_pre_filter(context, pod, &mut state);
    if result.nodes.is_some_and(|nodes| !nodes.contains(&node)) {
        return Some(Failure::OUTSIDE_PRE_FILTER_NODES);
    }
    run_filters_with_nominated_pods(context, pod, &state, context.snapshot.node(node)?).err()
}

/// Whether a victim of the preemption is still leaving the node.
fn is_making_room(context: &Context<'_>, pod: &PodInfo, node: NodeId) -> bool {
    let is_leaving = |placed: &Arc<PodInfo>| {
        placed.priority() < pod.priority() && placed.terminating && placed.preempted_by_scheduler
    };
    context.snapshot.node(node).is_some_and(|node| node.pods().iter().any(is_leaving))
}

/// Why the pod must not preempt (`PodEligibleToPreemptOthers`).
pub fn ineligibility(context: &Context<'_>, pod: &PodInfo, diagnosis: &Diagnosis) -> Option<&'static str> {
    if pod.spec().preemption_policy == PreemptionPolicy::Never {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let nominated = context.snapshot.node_by_name(pod.nominated_node_name.as_deref()?)?;
    let code = match &diagnosis.pre_filter {
        Some(rejection) => Some(rejection.code),
        None => match &diagnosis.failures {
            Failures::ByNode(failures) => {
                failures.iter().find(|(node, _)| *node == nominated).map(|(_, failure)| failure.code())
            }
            // Only the one node matters, and it can be asked again.
            Failures::Counted { .. } => failure_on(context, pod, nominated).map(Failure::code),
        },
    };
    if code == Some(Code::UnschedulableAndUnresolvable) {
        return None;
    }
    is_making_room(context, pod, nominated).then_some("not eligible due to a terminating pod on the nominated node.")
}
