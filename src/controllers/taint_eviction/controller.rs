//! The running taint eviction controller: deletes pods whose tolerations of `NoExecute` taints run out.

use crate::api::{Taint, TaintEffect};
use crate::cluster::{Change, ChangeKind, Cluster, Disruption, Interest, NodeId, PodId, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::taint_eviction::{EvictionTime, reschedule};
use crate::engine::{Agenda, Latency};
use crate::units::SimTime;
use rustc_hash::FxHashMap;

/// `source` of the controller's Events.
const SOURCE: &str = "taint-eviction-controller";

/// The running taint eviction controller.
#[derive(Debug)]
pub struct TaintEvictionController {
    /// Planned deletions: number of the plan and its time. Only looked up, never iterated.
    plans: FxHashMap<PodId, (u32, SimTime)>,
    next_plan: u32,
    /// The `NoExecute` taints of each node that has some, as they were seen last. Only looked up, never iterated.
    seen: FxHashMap<NodeId, Vec<Taint>>,
    limiter: TokenBucket,
    /// Time of a call.
    latency: Latency,
}

impl TaintEvictionController {
    /// A controller without plans.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            plans: FxHashMap::default(),
            next_plan: 0,
            seen: FxHashMap::default(),
            limiter: settings.client(),
            latency: settings.sync_latency("taint-eviction-controller"),
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest =
        Interest::of(&[ChangeKind::NodeUpdated, ChangeKind::NodeAdded, ChangeKind::PodBound, ChangeKind::PodRemoved]);

    /// A node's taints or a pod's binding changed.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::NodeUpdated(node) | Change::NodeAdded(node) => {
                if !self.have_taints_changed(node, cluster) {
                    return;
                }
                let mut pods = cluster.node(node).pods.clone();
                pods.sort_unstable();
                for pod in pods {
                    self.consider(pod, node, cluster, agenda);
                }
            }
            Change::PodBound(pod) => {
                if let Some(node) = cluster.pod(pod).node
                    && has_no_execute_taint(cluster, node)
                {
                    self.consider(pod, node, cluster, agenda);
                }
            }
            Change::PodRemoved(pod) => {
                self.plans.remove(&pod);
            }
            _ => {}
        }
    }

    /// Whether the `NoExecute` taints of a node are others than before: other changes of nodes do not matter (`NodeUpdated`).
    fn have_taints_changed(&mut self, node: NodeId, cluster: &Cluster) -> bool {
        let taints: Vec<Taint> = no_execute_taints(cluster, node).cloned().collect();
        let before = if taints.is_empty() { self.seen.remove(&node) } else { self.seen.insert(node, taints) };
        before.as_ref() != self.seen.get(&node)
    }

    fn consider<A: Agenda<ControllerEvent>>(
        &mut self,
        pod: PodId,
        node: NodeId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let state = cluster.pod(pod);
        if !state.occupies_node() {
            return;
        }
        let planned = self.plans.get(&pod).copied();
        let template = &cluster.template(state.template).template;
        let taints = &cluster.node(node).object.taints;
        match reschedule(planned.map(|(_, at)| at), &template.spec.tolerations, taints, now) {
            EvictionTime::Never => {
                if self.plans.remove(&pod).is_some() && state.deletion.is_none() {
                    eviction_event(cluster, pod, "Cancelling deletion of Pod");
                }
            }
            EvictionTime::At(at) => {
                if planned.is_some_and(|(_, planned)| planned == at) {
                    return;
                }
                self.next_plan += 1;
                let plan = self.next_plan;
                self.plans.insert(pod, (plan, at));
                // It sees a change, and a timer that has run out, a little later.
                agenda.schedule(at + self.latency.draw(), ControllerEvent::EvictPod { pod, plan });
            }
        }
    }

    /// The time of a plan has come.
    pub fn evict<A: Agenda<ControllerEvent>>(&mut self, pod: PodId, plan: u32, cluster: &mut Cluster, agenda: &mut A) {
        if self.plans.get(&pod).is_none_or(|(current, _)| *current != plan) {
            return;
        }
        self.plans.remove(&pod);
        if !cluster.pod(pod).exists() {
            return;
        }
        // A pod that is being deleted already is told of once more.
        eviction_event(cluster, pod, "Marking for deletion Pod");
        // One call marks the pod (condition DisruptionTarget), the next one deletes it.
        let marked = self.limiter.take(agenda.now()) + self.latency.draw();
        let at = self.limiter.take(marked) + self.latency.draw();
        agenda.schedule(at, ControllerEvent::DeletePod(pod, Disruption::TaintManager));
    }
}

/// Whether a node has a `NoExecute` taint.
fn has_no_execute_taint(cluster: &Cluster, node: NodeId) -> bool {
    no_execute_taints(cluster, node).next().is_some()
}

fn no_execute_taints(cluster: &Cluster, node: NodeId) -> impl Iterator<Item = &Taint> {
    cluster.node(node).object.taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute)
}

/// The event `TaintManagerEviction`.
fn eviction_event(cluster: &mut Cluster, pod: PodId, what: &str) {
    let (namespace, name) = (cluster.namespace_name(cluster.pod(pod).namespace).clone(), cluster.pod(pod).name.clone());
    let message = format!("{what} {namespace}/{name}");
    emit(cluster, SOURCE, pod, (Severity::Normal, "TaintManagerEviction"), message);
}
