//! The running half: it follows the pods of each traffic entry that is played request by request, plays the requests
//! between two changes of the cluster, and says what pods use.
//!
//! Known deviations: a container that ends by itself ends at its planned time, not when its last request is answered; what
//! pods use without requests is taken from a node's CPU as it was at the last measurement, and is never less itself.

mod cpu;
mod load;
mod of_pods;
mod start;

pub use self::load::{MeasuredLoad, Measurement};
pub use self::start::OutOfMemory;
use self::start::ServerRules;
use super::calls::{CallCounts, Graph};
use super::entry::graph;
use super::node_cpus::NOBODY;
use super::outcome::Ledger;
use super::service::Service;
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, PodId, WorkloadId};
use crate::engine::{Agenda, RandomStreams};
use crate::input::scenario::{self, AfterSignal, Fidelity};
use crate::units::{Bytes, SimDuration, SimTime};
use rustc_hash::FxHashMap;
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
#[derive(Clone, Copy, Debug)]
struct Server {
    /// Index of its entry among those that are played.
    entry: usize,
    /// Its number there, as long as it runs.
    endpoint: Option<u32>,
    /// The number under which it is among the endpoints.
    announced: Option<u32>,
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
    target: scenario::Target,
    container: Option<String>,
    workload: Option<WorkloadId>,
    rules: ServerRules,
    refuses: bool,
    /// Cores.
    idle: f64,
    until_ready: f64,
    memory_per_pod: f64,
    memory_per_request: f64,
    /// Pods that run.
    pods: BTreeSet<PodId>,
    load: MeasuredLoad,
    rate: f64,
}

/// The traffic entries of a scenario that are played request by request.
#[derive(Debug, Default)]
pub struct Requests {
    entries: Vec<Entry>,
    /// What each of them is, in their order, and the calls among them.
    graph: Graph,
    /// The entry of each target. Only looked up, never iterated.
    by_target: FxHashMap<(&'static str, String, String), usize>,
    /// Only looked up, never iterated.
    by_workload: FxHashMap<WorkloadId, Option<usize>>,
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
            let scenario::Target { kind, namespace, name } = &entry.target;
            let key = (kind.as_str(), namespace.clone(), name.clone());
            requests.by_target.entry(key).or_insert(requests.entries.len());
            requests.entries.push(Entry {
                traffic,
                target: entry.target.clone(),
                container: entry.container.clone(),
                workload: None,
                rules: ServerRules::new(entry, streams),
                refuses: entry.server.after_signal == AfterSignal::Refuse,
                idle: entry.cpu_idle.milli_cpu().as_f64() / 1000.0,
                until_ready: entry.cpu_until_ready.unwrap_or(entry.cpu_idle).milli_cpu().as_f64() / 1000.0,
                memory_per_pod: entry.memory_per_pod.bytes().as_f64(),
                memory_per_request: entry.memory_per_request.bytes().as_f64(),
                pods: BTreeSet::new(),
                load: MeasuredLoad::default(),
                rate: 0.0,
            });
        }
        requests
    }

    /// Plans the first turn.
    pub fn start<A: Agenda<RequestEvent>>(&mut self, agenda: &mut A) {
        if !self.entries.is_empty() {
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
        }
        self.plan(agenda);
    }

    fn entry_of(&mut self, pod: PodId, cluster: &Cluster) -> Option<usize> {
        let workload = cluster.pod(pod).workload?;
        if let Some(found) = self.by_workload.get(&workload) {
            return *found;
        }
        let state = cluster.workload(workload);
        let namespace = cluster.namespace_name(state.namespace);
        let key = (state.kind.as_str(), namespace.to_string(), state.name.to_string());
        let found = self.by_target.get(&key).copied();
        if let Some(entry) = found.and_then(|index| self.entries.get_mut(index)) {
            entry.workload = Some(workload);
        }
        self.by_workload.insert(workload, found);
        found
    }

    fn update_pod<L: Ledger>(&mut self, id: PodId, cluster: &Cluster, ledgers: &mut [L], now: SimTime) {
        let Some(index) = self.entry_of(id, cluster) else { return };
        let pod = cluster.pod(id);
        let machine_up = pod.node.is_some_and(|node| cluster.node(node).machine != Machine::Down);
        let runs = pod.exists() && pod.running.is_some() && !pod.phase.is_terminal() && machine_up;
        let is_endpoint = pod.exists() && pod.in_endpoints;
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
            Box::new(Server {
                entry: index,
                endpoint: None,
                announced: None,
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
            entry.begin(index, id, server, cluster, &mut self.graph, now);
        }
        if let Some(endpoint) = server.endpoint
            && let Some(deletion) = pod.deletion
            && !server.has_signal
            && entry.refuses
        {
            server.has_signal = true;
            let hook = template.template.spec.containers.get(container).map(|container| container.pre_stop_sleep);
            let hook = hook.unwrap_or_default().min(deletion.grace.max_zero());
            self.graph.refuse_from(index, endpoint, (deletion.requested + hook).max(now));
        }
        let wanted = if is_endpoint { server.endpoint.or(server.announced) } else { None };
        if server.announced != wanted {
            if let Some(old) = server.announced {
                self.graph.announce(index, old, false, now);
            }
            if let Some(new) = wanted {
                self.graph.announce(index, new, true, now);
                if server.first_served.is_none() {
                    server.first_served = Some(now);
                    self.graph.service_mut(index).set_beside(new, entry.beside(server), now);
                    self.graph.touch(index);
                }
            }
            server.announced = wanted;
        }
    }

    /// A pod is gone: what it used stays.
    fn forget(&mut self, id: PodId) {
        let Some(server) = self.pods.get_mut(id.index()).and_then(Option::take) else { return };
        let entry = &self.entries[server.entry];
        if let (Some(node), Some(ended)) = (server.node, server.ended) {
            *self.used_before.entry(node).or_default() += entry.unloaded(&server, server.running, ended);
        }
    }

    /// When the load was measured last, if any entry is played request by request.
    pub fn last_measured(&self) -> Option<SimTime> {
        (!self.entries.is_empty()).then_some(self.measured)
    }

    /// Measures the load since the last time.
    fn measure(&mut self, cluster: &Cluster, now: SimTime) {
        let span = (now - self.measured).as_secs_f64();
        if span <= 0.0 {
            return;
        }
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let service = self.graph.service_mut(index);
            let (sent, failed) = service.take_counts();
            entry.rate = float(sent) / span;
            let mut load = MeasuredLoad { rate: entry.rate, failed: float(failed) / span, ..MeasuredLoad::default() };
            for pod in &entry.pods {
                let Some(server) = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut) else { continue };
                let Some(endpoint) = server.endpoint else { continue };
                let used = service.used(endpoint, now);
                let unloaded = unloaded(entry.idle, entry.until_ready, server, self.measured, now);
                load.cpu += (used - server.used + unloaded) / (span * 1e9) * 1000.0;
                server.used = used;
                server.rate = float(service.take_taken(endpoint)) / span;
                load.memory += entry.memory(server, service);
            }
            entry.note_memories(service, &self.pods, cluster);
            if entry.workload.is_none() {
                // No pod was seen yet.
                let scenario::Target { kind, namespace, name } = &entry.target;
                entry.workload = cluster.find_workload(kind.as_str(), namespace, name);
            }
            if let Some(workload) = entry.workload
                && load != entry.load
            {
                self.measurements.push(Measurement { workload, since: self.measured, before: entry.load, load });
            }
            entry.load = load;
        }
        self.measured = now;
    }

    /// Measurements since the last call, of loads that are not as before.
    pub fn take_measurements(&mut self) -> std::vec::Drain<'_, Measurement> {
        self.measurements.drain(..)
    }

    fn server(&self, pod: PodId) -> Option<(&Entry, &Server)> {
        let server = self.pods.get(pod.index())?.as_deref()?;
        Some((self.entries.get(server.entry)?, server))
    }

    /// Requests per second that were sent of late, of a traffic entry by its index in the scenario; `None` of one that is a
    /// fluid.
    pub fn rate(&self, traffic: usize) -> Option<f64> {
        self.entries.iter().find(|entry| entry.traffic == traffic).map(|entry| entry.rate)
    }

    /// Requests per second that a pod got of late; `None` of a pod without requests.
    pub fn rate_of(&self, pod: PodId) -> Option<f64> {
        self.server(pod).map(|(_, server)| server.rate)
    }

    /// The index of the container that uses what a pod uses; `None` for pods without requests.
    pub fn loaded_container(&self, pod: PodId) -> Option<usize> {
        self.server(pod).map(|(_, server)| server.container)
    }

    /// CPU time that a pod has used between two times of the recent past, in nanoseconds; `None` for pods without requests.
    pub fn cpu_used(&self, pod: PodId, from: SimTime, to: SimTime) -> Option<f64> {
        let (entry, server) = self.server(pod)?;
        let by_requests =
            server.endpoint.map_or(0.0, |endpoint| self.graph.service(server.entry).used_between(endpoint, from, to));
        Some(by_requests + entry.unloaded(server, from, to))
    }

    /// Memory that a pod uses; `None` for pods without requests.
    pub fn memory(&self, pod: PodId) -> Option<Bytes> {
        let (entry, server) = self.server(pod)?;
        let bytes = entry.memory(server, self.graph.service(server.entry));
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        Some(Bytes::new(bytes.round() as i64))
    }

    /// The calls so far: indexes of the calling and the called entry in the scenario, whether users call, and the counts.
    pub fn calls(&self) -> impl Iterator<Item = (usize, usize, bool, CallCounts)> {
        let index = |entry: usize| self.entries[entry].traffic;
        self.graph.sites().iter().map(move |site| (index(site.caller), index(site.callee), site.by_user, site.counts))
    }

    /// What pods have used on each node by `end`, in millicore-nanoseconds.
    pub fn usage_by_node(&mut self, end: SimTime) -> BTreeMap<NodeId, i128> {
        let mut used = self.used_before.clone();
        for server in self.pods.iter().flatten() {
            let Some(node) = server.node else { continue };
            let entry = &self.entries[server.entry];
            let service = self.graph.service_mut(server.entry);
            let served = server.endpoint.map_or(0.0, |endpoint| service.used(endpoint, end));
            *used.entry(node).or_default() += served + entry.unloaded(server, server.running, end);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        used.into_iter().map(|(node, nanos)| (node, (nanos * 1000.0).round() as i128)).collect()
    }
}

impl Entry {
    /// Bytes that a pod uses now.
    fn memory(&self, server: &Server, service: &Service) -> f64 {
        let used = self.memory_per_pod + self.memory_per_request * server.rate;
        server.endpoint.map_or(0.0, |endpoint| used + service.memory(endpoint))
    }

    fn unloaded(&self, server: &Server, from: SimTime, to: SimTime) -> f64 {
        unloaded(self.idle, self.until_ready, server, from, to)
    }
}

/// What a pod uses without requests between two instants, in CPU nanoseconds.
fn unloaded(idle: f64, until_ready: f64, server: &Server, from: SimTime, to: SimTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
    let nanos = |span: SimDuration| span.max_zero().as_nanos() as f64;
    let (from, to) = (from.max(server.running), server.ended.map_or(to, |ended| ended.min(to)));
    let ready = server.first_served.map_or(to, |ready| ready.min(to)).max(from);
    nanos(ready - from) * until_ready.min(server.limit) + nanos(to - ready) * idle.min(server.limit)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
