//! How a pod starts to serve: what it has to serve with, how fast it is, and how much memory its requests may take.

use super::{Entry, RequestEvent, Requests, Server, cpu};
use crate::cluster::{Cluster, NodeId, PodId};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::input::scenario::{self, Distribution, DistributionUnit};
use crate::network::calls::Graph;
use crate::network::node_cpus::NOBODY;
use crate::network::outcome::Ledger;
use crate::network::request_memory::RequestMemory;
use crate::network::routing::usable::ZoneId;
use crate::network::service::Service;
use crate::network::station::{Pace, Shape, WarmAfter, WarmUp};
use crate::units::{Bytes, SimTime};
use crate::workload::Sampler;
use std::collections::BTreeMap;

/// A container that has run out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// The pod.
    pub pod: PodId,
    /// The index of the container.
    pub container: usize,
}

/// What the pods of an entry are as servers.
#[derive(Clone, Debug)]
pub struct ServerRules {
    /// Cores that the program can use at once.
    cores: f64,
    /// How fast a pod is, drawn for each; `None` if all are equal.
    speed: Option<(Sampler, RandomStream)>,
    warm_up: Option<WarmUp>,
    per_request: f64,
    leak: f64,
}

impl ServerRules {
    /// The rules of an entry of the scenario.
    pub fn new(entry: &scenario::Traffic, streams: RandomStreams) -> Self {
        let server = &entry.server;
        let varies = !matches!(&server.speed, Distribution::Fixed(speed) if speed.to_f64().total_cmp(&1.0).is_eq());
        let stream = || streams.stream(&format!("traffic/{}/speed", entry.title()));
        let warm_up = server.warm_up.as_ref().and_then(|warm_up| {
            let time = warm_up.duration.map(|duration| WarmAfter::Time(duration.get()));
            let until = time.or_else(|| warm_up.requests.map(|requests| WarmAfter::Requests(f64::from(requests))))?;
            Some(WarmUp { factor: warm_up.factor, until })
        });
        Self {
            cores: server.cores.map_or(f64::INFINITY, DistributionUnit::to_f64),
            speed: varies.then(|| (Sampler::new(&server.speed), stream())),
            warm_up,
            per_request: server.memory.per_request.bytes().as_f64(),
            leak: server.memory.leak_per_request.bytes().as_f64(),
        }
    }

    /// How fast a new pod is.
    pub fn draw_speed(&mut self) -> f64 {
        // A pod that stands still would hold its requests for ever.
        self.speed.as_mut().map_or(1.0, |(speed, stream)| speed.sample(stream).max(1e-3))
    }

    fn has_memory(&self) -> bool {
        self.per_request > 0.0 || self.leak > 0.0
    }
}

impl Entry {
    /// A pod begins to serve.
    #[expect(clippy::too_many_arguments, reason = "parts of one state that are borrowed one by one")]
    pub(super) fn begin(
        &mut self,
        index: usize,
        id: PodId,
        server: &mut Server,
        cluster: &Cluster,
        graph: &mut Graph,
        zone: Option<ZoneId>,
        now: SimTime,
    ) {
        let rules = &self.rules;
        let backend = &self.backends[server.backend];
        let node = cluster.pod(id).node.map(|node| cluster.node(node));
        let cores = node.and_then(|node| node.object.capacity.cpu.or(node.object.allocatable.cpu));
        let cores = cores.map_or(f64::INFINITY, |cores| cores.as_f64() / 1000.0);
        let shape = Shape {
            cores: cores.min(rules.cores),
            quota: server.limit.is_finite().then_some(server.limit),
            workers: backend.workers,
            queue: backend.queue,
        };
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let endpoint = graph.begin(index, number(server.backend), shape, now);
        graph.service_mut(index).set_group(endpoint, number(server.group));
        graph.service_mut(index).set_zone(endpoint, zone);
        if rules.warm_up.is_some() || rules.speed.is_some() {
            graph.service_mut(index).set_pace(endpoint, Pace { speed: server.speed, warm_up: rules.warm_up });
        }
        server.endpoint = Some(endpoint);
        self.note_memory(graph.service_mut(index), id, server, cluster);
        server.member = cpu::join((index, endpoint), cores, id, cluster, graph);
        graph.service_mut(index).set_beside(endpoint, self.beside(server), now);
        graph.touch(index);
        self.pods.insert(id);
    }

    /// A pod serves no more: what it used stays, and the requests that it has are lost.
    #[expect(clippy::too_many_arguments, reason = "parts of one state that are borrowed one by one")]
    pub(super) fn end<L: Ledger>(
        &mut self,
        index: usize,
        endpoint: u32,
        id: PodId,
        server: &mut Server,
        (graph, used_before): (&mut Graph, &mut BTreeMap<NodeId, f64>),
        ledgers: &mut [L],
        now: SimTime,
    ) {
        let used = graph.service_mut(index).used(endpoint, now);
        if let Some(node) = server.node {
            *used_before.entry(node).or_default() += used;
        }
        graph.cpus.leave(std::mem::replace(&mut server.member, NOBODY), now);
        graph.end(index, endpoint, now, ledgers);
        graph.share_cpu();
        (server.endpoint, server.used) = (None, 0.0);
        self.pods.remove(&id);
    }

    /// What else its pods use may have changed.
    pub(super) fn note_memories(&self, service: &mut Service, servers: &[Option<Box<Server>>], cluster: &Cluster) {
        if self.rules.has_memory() {
            for pod in &self.pods {
                if let Some(server) = servers.get(pod.index()).and_then(Option::as_deref) {
                    self.note_memory(service, *pod, server, cluster);
                }
            }
        }
    }

    /// What the requests of a pod may take of its memory depends on what it uses besides.
    pub(super) fn note_memory(&self, service: &mut Service, id: PodId, server: &Server, cluster: &Cluster) {
        let Some(endpoint) = server.endpoint.filter(|_| self.rules.has_memory()) else { return };
        let limit = cluster.container_limits(id, server.container).and_then(|limits| limits.memory);
        let used = self.memory_per_pod + self.memory_per_request * server.rate;
        let room = limit.map_or(f64::INFINITY, |limit| Bytes::as_f64(limit) - used);
        let (per_request, leak) = (self.rules.per_request, self.rules.leak);
        service.set_memory(endpoint, RequestMemory { per_request, leak, room, had: 0.0 });
    }
}

impl Requests {
    /// The container that serves in a pod has ended, and serves nobody until it is started again.
    pub fn container_ended<A: Agenda<RequestEvent>, L: Ledger>(
        &mut self,
        pod: PodId,
        ledgers: &mut [L],
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(server) = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut) else { return };
        let Some(endpoint) = server.endpoint else { return };
        let index = server.entry;
        (server.is_down, server.ended) = (true, Some(now));
        let entry = &mut self.entries[index];
        entry.end(index, endpoint, pod, server, (&mut self.graph, &mut self.used_before), ledgers, now);
        self.plan(agenda);
    }

    /// Plans that pods end which have run out of memory.
    pub(super) fn plan_out_of_memory<A: Agenda<RequestEvent>>(&mut self, agenda: &mut A) {
        for (entry, endpoint, at) in self.graph.take_out_of_memory() {
            let of_endpoint = |pod: &&PodId| {
                let server = self.pods.get(pod.index()).and_then(Option::as_deref);
                server.is_some_and(|server| server.endpoint == Some(endpoint))
            };
            let pods = self.entries.get(entry).map(|entry| &entry.pods);
            if let Some(pod) = pods.and_then(|pods| pods.iter().find(of_endpoint)) {
                agenda.schedule(at, RequestEvent::OutOfMemory { pod: *pod });
            }
        }
    }
}
