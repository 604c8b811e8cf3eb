//! Pods that take CPU from each other: who runs on which node, and what they use there beside requests.

use super::{Entry, Requests};
use crate::api::{QosClass, qos_class};
use crate::cluster::{Cluster, NodeId, PodId};
use crate::network::calls::Graph;
use crate::network::node_cpus::{Claim, NOBODY};
use crate::units::{MilliCpu, SimTime};

/// A pod that serves begins to run: its place among the pods of its node. `cores` are those of the node.
pub fn join((index, endpoint): (usize, u32), cores: f64, pod: PodId, cluster: &Cluster, graph: &mut Graph) -> u32 {
    let Some(node) = cluster.pod(pod).node else { return NOBODY };
    let template = cluster.template_of(pod);
    let class = qos_class(&template.template.spec);
    let member = graph.cpus.join(
        node,
        Some(cores),
        Claim { class, requests: template.requests.cpu, endpoint: Some((index, endpoint)) },
    );
    graph.service_mut(index).join(endpoint, member);
    member
}

/// What the Burstable pods of a node request together.
fn burstable_requests(node: NodeId, cluster: &Cluster) -> MilliCpu {
    let of_pod = |pod: &PodId| {
        let template = cluster.template_of(*pod);
        let counts =
            !cluster.pod(*pod).phase.is_terminal() && qos_class(&template.template.spec) == QosClass::Burstable;
        if counts { template.requests.cpu.get() } else { 0 }
    };
    MilliCpu::new(cluster.node(node).pods.iter().map(of_pod).fold(0, i64::saturating_add))
}

impl Requests {
    /// The pods of a node are others than before.
    pub(super) fn note_pods_of(&mut self, node: NodeId, cluster: &Cluster, now: SimTime) {
        if self.graph.cpus.has(node) {
            self.graph.cpus.set_burstable(node, burstable_requests(node, cluster), now);
        }
        self.graph.share_cpu();
    }

    /// Says what pods use that nobody sends requests to, and what those with requests use beside them: cores, by pod. It
    /// is taken from what their nodes have until it is said anew.
    pub fn note_usage(&mut self, cluster: &Cluster, now: SimTime, cores_of: impl Fn(PodId) -> f64) {
        let gone = |node: NodeId, pod: PodId| cluster.pod(pod).node != Some(node) || !cluster.pod(pod).exists();
        let ended: Vec<PodId> = self
            .others
            .iter()
            .filter(|(pod, (node, _))| !self.graph.cpus.has(*node) || gone(*node, **pod))
            .map(|(pod, _)| *pod)
            .collect();
        for pod in ended {
            if let Some((_, member)) = self.others.remove(&pod) {
                self.graph.cpus.leave(member, now);
            }
        }
        let nodes: Vec<NodeId> = self.graph.cpus.nodes_with_endpoints().collect();
        for node in nodes {
            for pod in &cluster.node(node).pods {
                self.note_usage_of(*pod, node, cores_of(*pod), cluster, now);
            }
        }
        self.graph.share_cpu();
    }

    fn note_usage_of(&mut self, pod: PodId, node: NodeId, cores: f64, cluster: &Cluster, now: SimTime) {
        let server = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut);
        if let Some(server) = server {
            if let Some(endpoint) = server.endpoint
                && server.beside.total_cmp(&cores).is_ne()
            {
                server.beside = cores;
                let beside = self.entries[server.entry].beside(server);
                self.graph.service_mut(server.entry).set_beside(endpoint, beside, now);
                self.graph.touch(server.entry);
            }
            return;
        }
        let member = match self.others.get(&pod) {
            Some((_, member)) => *member,
            None if cores <= 0.0 => return,
            None => {
                let template = cluster.template_of(pod);
                let class = qos_class(&template.template.spec);
                let member =
                    self.graph.cpus.join(node, None, Claim { class, requests: template.requests.cpu, endpoint: None });
                self.others.insert(pod, (node, member));
                member
            }
        };
        self.graph.cpus.want(member, cores, now);
    }
}

impl Entry {
    /// Cores that a pod uses without requests now.
    pub(super) fn beside(&self, server: &super::Server) -> f64 {
        let unloaded = if server.first_served.is_some() { self.idle } else { self.until_ready };
        unloaded.min(server.limit) + server.beside
    }
}
