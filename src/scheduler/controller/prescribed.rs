//! Placements that are given: a replay of a recording repeats what the real scheduler chose by chance among equally good
//! nodes. A node that is not feasible is not taken, recorded or not.

use super::{RateLimit, Scheduler};
use crate::cluster::{NodeId, PodId};
use crate::scheduler::framework::{Context, Decision, Scratch, run_filters_with_nominated_pods, run_pre_filter};
use crate::scheduler::view::PodInfo;

impl<L: RateLimit> Scheduler<L> {
    /// Places a pod on this node when its turn comes, if it is feasible then.
    pub fn prescribe(&mut self, pod: PodId, node: NodeId) {
        self.prescribed.insert(pod, node);
    }

    /// The decision with the node that is prescribed for the pod, if there is one and it is feasible.
    pub(super) fn as_prescribed(&self, decision: Decision, pod: &PodInfo, profile: usize) -> Decision {
        let (Decision::Placed(mut placement), Some(node)) = (decision.clone(), self.prescribed.get(&pod.id)) else {
            return decision;
        };
        let context = Context::new(&self.view, &self.profiles[profile]);
        let Some(info) = context.snapshot.node(*node) else { return decision };
        let mut scratch = Scratch::default();
        let result = run_pre_filter(&context, pod, &mut scratch.state);
        let is_searched = result.nodes.is_none_or(|nodes| nodes.contains(node));
        if is_searched
            && result.rejection.is_none()
            && run_filters_with_nominated_pods(&context, pod, &scratch.state, info).is_ok()
        {
            placement.node = *node;
        }
        Decision::Placed(placement)
    }
}
