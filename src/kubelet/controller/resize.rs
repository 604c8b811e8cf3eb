//! In-place resize at the kubelets: a new size is allocated, actuated a little later, or waits for room.

use super::{KubeletEvent, Kubelets, machine_of};
use crate::api::{ResourceAmounts, pod_requests};
use crate::cluster::{Cluster, Machine, NodeId, PodId, ResizePending};
use crate::engine::Agenda;
use crate::kubelet::resize::{ResizeDecision, Size, decide_resize};
use crate::units::{Bytes, MilliCpu, SimDuration};

/// From the allocation of a new size to the containers having it, of a pod that does not say.
const ACTUATION: SimDuration = SimDuration::from_secs(1);

impl Kubelets {
    /// The spec of a pod asks for another size: its kubelet sees it soon.
    pub(super) fn plan_resize<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        if machine_of(cluster, pod) == Some(Machine::Up) {
            let at = agenda.now() + self.until_seen() + self.until_reported();
            agenda.schedule(at, KubeletEvent::Resize(pod));
        }
    }

    /// A pod has left its node, or has the size that it was allocated: the node looks again at what waits for room.
    pub(super) fn retry_resizes<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let Some(node) = cluster.pod(pod).node else { return };
        for waiting in cluster.deferred_resizes(node).into_iter().filter(|waiting| *waiting != pod) {
            self.plan_resize(waiting, cluster, agenda);
        }
    }

    /// A kubelet that can report again looks at every pod whose resize it may have missed.
    pub(super) fn look_at_resizes<A: Agenda<KubeletEvent>>(&mut self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        for pod in cluster.node(node).pods.clone() {
            if cluster.resize_of(pod).is_some() {
                self.plan_resize(pod, cluster, agenda);
            }
        }
    }

    /// Looks at a pod that wants to be of another size.
    pub(super) fn resize<A: Agenda<KubeletEvent>>(pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        let is_there = cluster.pod(pod).occupies_node() && machine_of(cluster, pod) == Some(Machine::Up);
        let (true, Some(node), Some(resize)) = (is_there, cluster.pod(pod).node, cluster.resize_of(pod)) else {
            return;
        };
        let template = cluster.template(resize.template).template.clone();
        let wanted = pod_requests(&template.spec);
        if wanted == cluster.allocated_to(pod) {
            cluster.set_resize_pending(pod, None);
            return;
        }
        let mut others = Size::default();
        for other in cluster.node(node).pods.iter().filter(|other| **other != pod) {
            if cluster.pod(*other).occupies_node() {
                let size = size_of(&cluster.allocated_to(*other));
                others.cpu += size.cpu;
                others.memory += size.memory;
            }
        }
        let offered = &cluster.node(node).object.allocatable;
        let allocatable = Size { cpu: offered.cpu.unwrap_or_default(), memory: offered.memory.unwrap_or_default() };
        match decide_resize(size_of(&wanted), others, allocatable, template.hints.resize_infeasible) {
            ResizeDecision::Allocate => {
                cluster.allocate_resize(pod);
                let allocation = cluster.resize_of(pod).map_or(0, |resize| resize.allocation);
                let at = agenda.now() + template.hints.resize_delay.unwrap_or(ACTUATION);
                agenda.schedule(at, KubeletEvent::Resized(pod, allocation));
            }
            ResizeDecision::Defer(message) => cluster.set_resize_pending(pod, Some(ResizePending::Deferred(message))),
            ResizeDecision::Infeasible(message) => {
                cluster.set_resize_pending(pod, Some(ResizePending::Infeasible(message)));
            }
        }
    }

    /// The containers of a pod have the size that was allocated, unless another was allocated meanwhile.
    pub(super) fn resized(pod: PodId, allocation: u32, cluster: &mut Cluster) {
        let is_current = cluster.resize_of(pod).is_some_and(|resize| resize.allocation == allocation);
        if is_current && cluster.pod(pod).occupies_node() && machine_of(cluster, pod) != Some(Machine::Down) {
            cluster.finish_resize(pod);
        }
    }
}

fn size_of(amounts: &ResourceAmounts) -> Size {
    Size { cpu: amounts.cpu.unwrap_or(MilliCpu::ZERO), memory: amounts.memory.unwrap_or(Bytes::ZERO) }
}
