//! Pods that take CPU from each other: who runs on which node, and requests played in the order of time where pods of
//! several entries share one.

use super::{Entry, Requests, STEPS_PER_TURN};
use crate::api::{QosClass, qos_class};
use crate::cluster::{Cluster, NodeId, PodId};
use crate::network::node_cpus::{Claim, NOBODY, NodeCpus};
use crate::network::service::Ledger;
use crate::units::{MilliCpu, SimDuration, SimTime};

/// A pod that serves begins to run: its place among the pods of its node. `cores` are those of the node.
pub fn join(
    (index, endpoint): (usize, u32),
    cores: f64,
    pod: PodId,
    cluster: &Cluster,
    entry: &mut Entry,
    cpus: &mut NodeCpus,
) -> u32 {
    let Some(node) = cluster.pod(pod).node else { return NOBODY };
    let template = cluster.template_of(pod);
    let class = qos_class(&template.template.spec);
    let member = cpus.join(
        node,
        Some(cores),
        Claim { class, requests: template.requests.cpu, endpoint: Some((index, endpoint)) },
    );
    entry.service.join(endpoint, member);
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
        if self.cpus.has(node) {
            self.cpus.set_burstable(node, burstable_requests(node, cluster), now);
        }
        self.settle_cpu();
    }

    /// Tells nodes what pods want, and pods what they get.
    pub(super) fn settle_cpu(&mut self) {
        for entry in &mut self.entries {
            self.cpus.note(entry.service.demands());
        }
        self.apply_shares();
    }

    /// Gives stations what their nodes give them from now on.
    fn apply_shares(&mut self) {
        for new in self.cpus.take_new_shares() {
            if let Some(entry) = self.entries.get_mut(new.entry) {
                entry.service.set_gets(new.endpoint, new.gets, new.since);
                self.order.set(u32::try_from(new.entry).unwrap_or(u32::MAX), entry.service.next_at());
            }
        }
    }

    /// Plays all entries, in the order of time if pods of one may take CPU from those of another.
    pub(super) fn play<L: Ledger>(&mut self, until: SimTime, ledgers: &mut [L]) {
        if self.cpus.has_shared_nodes() {
            self.play_in_order(until, ledgers);
            return;
        }
        for index in 0..self.entries.len() {
            let mut steps = 0;
            while steps < STEPS_PER_TURN {
                let played = self.play_entry(index, until, STEPS_PER_TURN - steps, ledgers);
                if played == 0 {
                    break;
                }
                steps += played;
            }
        }
    }

    fn play_entry<L: Ledger>(&mut self, index: usize, until: SimTime, most: u64, ledgers: &mut [L]) -> u64 {
        let Some(entry) = self.entries.get_mut(index) else { return 0 };
        let Some(ledger) = ledgers.get_mut(entry.traffic) else { return 0 };
        let played = entry.service.play(until, most, ledger);
        if self.cpus.note(entry.service.demands()) {
            self.apply_shares();
        }
        played
    }

    fn play_in_order<L: Ledger>(&mut self, until: SimTime, ledgers: &mut [L]) {
        for (index, entry) in (0..).zip(&self.entries) {
            self.order.set(index, entry.service.next_at());
        }
        let mut steps = 0;
        while steps < STEPS_PER_TURN {
            let (at, index) = self.order.first();
            if at >= until {
                break;
            }
            let instant = at + SimDuration::from_nanos(1);
            steps += self.play_entry(index as usize, instant, STEPS_PER_TURN, ledgers);
            let next = self.entries.get(index as usize).map_or(SimTime::MAX, |entry| entry.service.next_at());
            self.order.set(index, next);
            if self.entries.iter().any(|entry| entry.service.is_out_of_memory()) {
                break;
            }
        }
    }

    /// Says what pods use that nobody sends requests to, and what those with requests use beside them: cores, by pod. It
    /// is taken from what their nodes have until it is said anew.
    pub fn note_usage(&mut self, cluster: &Cluster, now: SimTime, cores_of: impl Fn(PodId) -> f64) {
        let gone = |node: NodeId, pod: PodId| cluster.pod(pod).node != Some(node) || !cluster.pod(pod).exists();
        let ended: Vec<PodId> = self
            .others
            .iter()
            .filter(|(pod, (node, _))| !self.cpus.has(*node) || gone(*node, **pod))
            .map(|(pod, _)| *pod)
            .collect();
        for pod in ended {
            if let Some((_, member)) = self.others.remove(&pod) {
                self.cpus.leave(member, now);
            }
        }
        let nodes: Vec<NodeId> = self.cpus.nodes_with_endpoints().collect();
        for node in nodes {
            for pod in &cluster.node(node).pods {
                self.note_usage_of(*pod, node, cores_of(*pod), cluster, now);
            }
        }
        self.settle_cpu();
    }

    fn note_usage_of(&mut self, pod: PodId, node: NodeId, cores: f64, cluster: &Cluster, now: SimTime) {
        let server = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut);
        if let Some(server) = server {
            if let Some(endpoint) = server.endpoint
                && server.beside.total_cmp(&cores).is_ne()
            {
                server.beside = cores;
                let entry = &mut self.entries[server.entry];
                let beside = entry.beside(server);
                entry.service.set_beside(endpoint, beside, now);
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
                    self.cpus.join(node, None, Claim { class, requests: template.requests.cpu, endpoint: None });
                self.others.insert(pod, (node, member));
                member
            }
        };
        self.cpus.want(member, cores, now);
    }
}

impl Entry {
    /// Cores that a pod uses without requests now.
    pub(super) fn beside(&self, server: &super::Server) -> f64 {
        let unloaded = if server.first_served.is_some() { self.idle } else { self.until_ready };
        unloaded.min(server.limit) + server.beside
    }
}
