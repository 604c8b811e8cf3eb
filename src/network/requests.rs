//! The running half: it follows the pods of each traffic entry that is played request by request, plays the requests
//! between two changes of the cluster, and says what pods use.
//!
//! Known deviations: a container that ends by itself ends at its planned time, not when its last request is answered; what
//! pods use without requests is taken from a node's CPU as it was at the last measurement, and is never less itself.

mod cpu;
mod doors;
mod fronts;
mod measure;
mod of_pods;
mod start;

use self::doors::UsersWay;
pub use self::start::OutOfMemory;
use self::start::ServerRules;
use super::backend::{Announced, Backend, Group, announce, backend_of, follow_service, group_of};
use super::calls::Graph;
use super::destinations::Destinations;
use super::entry::graph;
use super::front::{Front, Fronts};
pub use super::measured::{MeasuredLoad, Measurement};
use super::node_cpus::NOBODY;
use super::outcome::Ledger;
use super::routing::usable::Known;
use crate::api::Kind;
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, PodId};
use crate::engine::{Agenda, RandomStreams};
use crate::input::scenario::{self, Fidelity};
use crate::units::{SimDuration, SimTime};
use rand::Rng as _;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// Steps after which others have a look, at the latest.
const STEPS_PER_TURN: u64 = 1 << 14;
/// Longest time between two measurements of the load.
const LONGEST_MEASURE: SimDuration = SimDuration::from_secs(5);
/// Shortest one.
const SHORTEST_MEASURE: SimDuration = SimDuration::from_millis(100);

/// Something about requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestEvent {
    /// Requests are played up to the next event of anybody else.
    Play {
        /// Number of the turn: another one planned in the meantime makes it stale.
        turn: u64,
    },
    /// The load of the last seconds is measured.
    Measure,
    /// The container that serves has run out of memory.
    OutOfMemory {
        /// Its pod.
        pod: PodId,
    },
}

/// A pod that runs, or has run.
#[derive(Clone, Debug)]
struct Server {
    /// Index of its entry among those that are played.
    entry: usize,
    /// Its number there, as long as it runs.
    endpoint: Option<u32>,
    /// Index of the backend that it belongs to, and of its group.
    backend: usize,
    group: usize,
    /// What the proxies were told of it last.
    announced: SmallVec<[Announced; 1]>,
    container: usize,
    node: Option<NodeId>,
    restarts: u32,
    running: SimTime,
    ended: Option<SimTime>,
    first_served: Option<SimTime>,
    has_signal: bool,
    /// Its container has ended and is not started again yet.
    is_down: bool,
    /// Cores that it may use at most until it serves.
    limit: f64,
    /// Its number among the pods of its node.
    member: u32,
    /// Factor on the speed at which it works.
    speed: f64,
    /// Cores that it uses beside its requests by what the scenario says of its usage.
    beside: f64,
    /// CPU nanoseconds at the last measurement.
    used: f64,
    /// Requests per second since the last measurement but one.
    rate: f64,
}

/// A traffic entry that is played.
#[derive(Debug)]
struct Entry {
    /// Index in the scenario.
    traffic: usize,
    container: Option<String>,
    /// The zones of its clients.
    zones: Vec<String>,
    /// How its users come.
    way: UsersWay,
    /// How pods serve of which no backend says more.
    server: scenario::Server,
    backends: Vec<Backend>,
    groups: Vec<Group>,
    rules: ServerRules,
    /// Cores.
    idle: f64,
    until_ready: f64,
    memory_per_pod: f64,
    memory_per_request: f64,
    /// Pods that run.
    pods: BTreeSet<PodId>,
    rate: f64,
}

/// The traffic entries of a scenario that are played request by request.
#[derive(Debug, Default)]
pub struct Requests {
    entries: Vec<Entry>,
    destinations: Destinations,
    fronts: Fronts,
    /// What each of them is, in their order, and the calls among them.
    graph: Graph,
    /// By index of the pod.
    pods: Vec<Option<Box<Server>>>,
    /// CPU nanoseconds used by what has ended, by node.
    used_before: BTreeMap<NodeId, f64>,
    end: SimTime,
    measure_every: SimDuration,
    measured: SimTime,
    /// When the next turn is planned for.
    planned: Option<SimTime>,
    turn: u64,
    measurements: Vec<Measurement>,
    /// Pods without requests that use CPU on nodes of pods with requests, and their numbers there.
    others: BTreeMap<PodId, (NodeId, u32)>,
}

impl Requests {
    /// The entries of a scenario. `midnight` is an instant at which a day begins, `end` that of the run; what a pod used is
    /// asked for `reach` back at most; the timeline has rows of `interval`.
    pub fn new(
        entries: &[scenario::Traffic],
        midnight: SimTime,
        end: SimTime,
        reach: SimDuration,
        interval: SimDuration,
        streams: RandomStreams,
    ) -> Self {
        let measure_every = interval.min(LONGEST_MEASURE).max(SHORTEST_MEASURE);
        let graph = graph(entries, midnight, end, reach + measure_every, streams);
        let mut requests = Self { graph, end, measure_every, ..Self::default() };
        for (traffic, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.fidelity == Fidelity::Requests) {
            let number = requests.entries.len();
            let mut backends: Vec<Backend> = entry
                .backends
                .iter()
                .map(|backend| Backend::new(&backend.target, &entry.server, Some(&backend.server)))
                .collect();
            match &entry.target {
                Some(target) if target.kind == Kind::Service => requests.destinations.add_service(number, 0, target),
                Some(target) if target.kind.has_scale() => backends.push(Backend::new(target, &entry.server, None)),
                _ => requests.fronts.extend(Front::new(entry).map(|front| (number, front))),
            }
            for backend in &backends {
                requests.destinations.add_workload(number, &backend.target);
            }
            requests.entries.push(Entry {
                traffic,
                container: entry.container.clone(),
                zones: entry.routing.zones.clone(),
                way: UsersWay::new(&entry.routing, streams.stream(&health_checks_of(entry)).next_u64()),
                server: entry.server.clone(),
                backends,
                groups: Vec::new(),
                rules: ServerRules::new(entry, streams),
                idle: entry.cpu_idle.milli_cpu().as_f64() / 1000.0,
                until_ready: entry.cpu_until_ready.unwrap_or(entry.cpu_idle).milli_cpu().as_f64() / 1000.0,
                memory_per_pod: entry.memory_per_pod.bytes().as_f64(),
                memory_per_request: entry.memory_per_request.bytes().as_f64(),
                pods: BTreeSet::new(),
                rate: 0.0,
            });
        }
        requests
    }

    /// Plans the first turn.
    pub fn start<A: Agenda<RequestEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        if !self.entries.is_empty() {
            for (index, entry) in self.entries.iter().enumerate() {
                let stands = self.destinations.stands(&entry.zones, cluster);
                self.graph.service_mut(index).proxies().set_stands(&stands);
                for route in self.destinations.routes_of(index) {
                    follow_service(self.graph.service_mut(index).proxies(), route, cluster);
                }
                if let Some(front) = self.fronts.get_mut(&index) {
                    let proxies = self.graph.service_mut(index).proxies();
                    if let Some(split) = front.follow(index, &mut self.destinations, proxies, cluster) {
                        proxies.split_all(&split);
                    }
                }
            }
            self.follow_doors(None, cluster, agenda.now());
            self.measured = agenda.now();
            agenda.schedule(agenda.now() + self.measure_every, RequestEvent::Measure);
            self.plan(agenda);
        }
    }

    /// Plans a turn for when something happens next, unless one is planned for then or earlier.
    fn plan<A: Agenda<RequestEvent>>(&mut self, agenda: &mut A) {
        let next = self.graph.next_at();
        if next <= self.end && self.planned.is_none_or(|planned| next < planned) {
            let at = next.max(agenda.now());
            self.planned = Some(at);
            self.turn += 1;
            agenda.schedule(at, RequestEvent::Play { turn: self.turn });
        }
    }

    /// Plays requests up to `until`, the time of the next event of anybody else, or measures the load. `ledgers` has one for
    /// each traffic entry of the scenario. A container that has run out of memory comes back.
    pub fn handle<A: Agenda<RequestEvent>, L: Ledger>(
        &mut self,
        event: RequestEvent,
        until: Option<SimTime>,
        cluster: &Cluster,
        ledgers: &mut [L],
        agenda: &mut A,
    ) -> Option<OutOfMemory> {
        match event {
            RequestEvent::Play { turn } => {
                if turn != self.turn {
                    return None;
                }
                self.planned = None;
                let after_end = self.end + SimDuration::from_nanos(1);
                self.graph.play(until.unwrap_or(after_end).min(after_end), STEPS_PER_TURN, ledgers);
                self.plan_out_of_memory(agenda);
                self.plan(agenda);
            }
            RequestEvent::OutOfMemory { pod } => {
                self.container_ended(pod, ledgers, agenda);
                return self.server(pod).map(|(_, server)| OutOfMemory { pod, container: server.container });
            }
            RequestEvent::Measure => {
                self.measure(cluster, agenda.now());
                if agenda.now() < self.end {
                    let next = (agenda.now() + self.measure_every).min(self.end);
                    agenda.schedule(next, RequestEvent::Measure);
                }
            }
        }
        None
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodRunning,
        ChangeKind::PodReadiness,
        ChangeKind::PodRestarted,
        ChangeKind::PodTerminating,
        ChangeKind::PodEndpoint,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::Machine,
        ChangeKind::NodeAdded,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeRemoved,
        ChangeKind::ServiceChanged,
        ChangeKind::ServiceRemoved,
        ChangeKind::ServiceEndpoint,
        ChangeKind::HttpRouteChanged,
        ChangeKind::PlainObjectRemoved,
    ])
    .without_bare_pods();

    /// A pod started, became an endpoint, is told to end, ended, or its machine changed.
    pub fn observe<A: Agenda<RequestEvent>, L: Ledger>(
        &mut self,
        change: Change,
        cluster: &Cluster,
        ledgers: &mut [L],
        agenda: &mut A,
    ) {
        if let Some(pod) = change.pod() {
            self.update_pod(pod, cluster, ledgers, agenda.now());
            if let Some(node) = cluster.pod(pod).node {
                self.note_pods_of(node, cluster, agenda.now());
            }
            if matches!(change, Change::PodRemoved(_)) {
                self.forget(pod);
            }
        } else if let Change::Machine { node, .. } = change {
            for pod in &cluster.node(node).pods {
                self.update_pod(*pod, cluster, ledgers, agenda.now());
            }
            self.note_pods_of(node, cluster, agenda.now());
            self.follow_node(node, cluster, agenda.now());
        } else if let Change::NodeAdded(node) | Change::NodeUpdated(node) | Change::NodeRemoved(node) = change {
            self.follow_node(node, cluster, agenda.now());
        } else if let Change::ServiceEndpoint { service, pod } = change {
            if self.destinations.routes_to(service, cluster).next().is_some() {
                self.update_pod(pod, cluster, ledgers, agenda.now());
                if !cluster.pod(pod).exists() {
                    self.forget(pod);
                }
            }
        } else if let Change::ServiceChanged(service) | Change::ServiceRemoved(service) = change {
            for route in self.destinations.routes_to(service, cluster).filter(|route| !route.is_behind_front) {
                follow_service(self.graph.service_mut(route.entry).proxies(), route, cluster);
            }
            self.follow_doors(Some(service), cluster, agenda.now());
            self.follow_alias(service, cluster, ledgers, agenda.now());
            self.follow_fronts(cluster, ledgers, agenda.now());
        } else if let Change::HttpRouteChanged(_) | Change::PlainObjectRemoved(_) = change {
            self.follow_fronts(cluster, ledgers, agenda.now());
        }
        self.plan(agenda);
    }

    fn entry_of(&mut self, pod: PodId, cluster: &Cluster) -> Option<usize> {
        let served = self.pods.get(pod.index()).and_then(Option::as_deref).map(|server| server.entry);
        served.or_else(|| self.destinations.entry_of(pod, cluster))
    }

    fn update_pod<L: Ledger>(&mut self, id: PodId, cluster: &Cluster, ledgers: &mut [L], now: SimTime) {
        let Some(index) = self.entry_of(id, cluster) else { return };
        let pod = cluster.pod(id);
        let machine_up = pod.node.is_some_and(|node| cluster.node(node).machine != Machine::Down);
        let runs = pod.exists() && pod.running.is_some() && !pod.phase.is_terminal() && machine_up;
        if self.pods.len() <= id.index() {
            if !runs {
                return;
            }
            self.pods.resize(id.index() + 1, None);
        }
        let entry = &mut self.entries[index];
        let slot = &mut self.pods[id.index()];
        if slot.is_none() && !runs {
            return;
        }
        let template = cluster.template_of(id);
        let container = template.container(entry.container.as_deref()).unwrap_or_default();
        let limit = template.cpu_limit(container).map(|limit| limit.as_f64() / 1000.0);
        let server = slot.get_or_insert_with(|| {
            let backend = backend_of(id, &mut entry.backends, &entry.server, cluster);
            Box::new(Server {
                entry: index,
                endpoint: None,
                backend,
                group: group_of(id, backend, &mut entry.groups, cluster),
                announced: SmallVec::new(),
                container,
                node: pod.node,
                restarts: pod.restarts,
                running: now,
                ended: None,
                first_served: None,
                has_signal: false,
                is_down: false,
                limit: limit.unwrap_or(f64::INFINITY),
                member: NOBODY,
                speed: entry.rules.draw_speed(),
                beside: 0.0,
                used: 0.0,
                rate: 0.0,
            })
        });
        let restarted = server.restarts != pod.restarts;
        server.restarts = pod.restarts;
        server.is_down &= !restarted;
        let runs = runs && !server.is_down;
        if let Some(endpoint) = server.endpoint
            && (!runs || restarted)
        {
            entry.end(index, endpoint, id, server, (&mut self.graph, &mut self.used_before), ledgers, now);
        }
        server.ended = if runs { None } else { server.ended.or(Some(now)) };
        if runs && server.endpoint.is_none() {
            let zone = pod.node.and_then(|node| cluster.node(node).object.zone().cloned());
            let zone = zone.map(|zone| self.destinations.zone(&zone));
            entry.begin(index, id, server, cluster, &mut self.graph, zone, now);
        }
        if let Some(endpoint) = server.endpoint
            && let Some(deletion) = pod.deletion
            && !server.has_signal
            && entry.backends[server.backend].refuses
        {
            server.has_signal = true;
            let hook = template.template.spec.containers.get(container).map(|container| container.pre_stop_sleep);
            let hook = hook.unwrap_or_default().min(deletion.grace.max_zero());
            self.graph.refuse_from(index, endpoint, (deletion.requested + hook).max(now));
        }
        let routes: SmallVec<[_; 2]> = self
            .destinations
            .routes_of(index)
            .map(|route| (route.number, route.service(cluster), route.is_behind_front))
            .collect();
        if routes.is_empty() && !self.fronts.contains_key(&index) {
            let known = (pod.exists() && pod.in_endpoints).then_some(Known::READY);
            tell(&mut self.graph, entry, server, 0, known, now);
        }
        for (route, service, is_behind_front) in routes {
            let known = service.and_then(|service| self.destinations.known(service, id, is_behind_front, cluster));
            tell(&mut self.graph, entry, server, route, known, now);
        }
    }

    /// A pod is gone, and no EndpointSlice lists it any more: what it used stays.
    fn forget(&mut self, id: PodId) {
        if self.server(id).is_some_and(|(_, server)| !server.announced.is_empty()) {
            return;
        }
        let Some(server) = self.pods.get_mut(id.index()).and_then(Option::take) else { return };
        let entry = &self.entries[server.entry];
        if let (Some(node), Some(ended)) = (server.node, server.ended) {
            *self.used_before.entry(node).or_default() += entry.unloaded(&server, server.running, ended);
        }
    }
}

/// The name of the stream of an entry that says when its load balancer checks nodes.
fn health_checks_of(entry: &scenario::Traffic) -> String {
    format!("traffic/{}/health-checks", entry.title())
}

/// Tells the proxies of a Service what they do not know of a pod yet.
fn tell(graph: &mut Graph, entry: &Entry, server: &mut Server, route: usize, known: Option<Known>, now: SimTime) {
    let index = server.entry;
    let tell = |endpoint, known| graph.announce(index, route, endpoint, known, now);
    let is_ready = announce(&mut server.announced, server.endpoint, route, known, tell);
    if is_ready && server.first_served.is_none() {
        server.first_served = Some(now);
        if let Some(endpoint) = server.endpoint {
            graph.service_mut(index).set_beside(endpoint, entry.beside(server), now);
            graph.touch(index);
        }
    }
}
