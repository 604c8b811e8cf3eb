//! The fluid model of request load: a rate times a cost per request, shared evenly among the pods that serve.
//!
//! Requests go to the ready endpoints. A pod serves its share while its machine is not down; an endpoint whose machine is
//! down gets its share too until the control plane notices, and that part is unserved. One container of a
//! pod serves. Its CPU usage is its share plus an idle part, clipped at its CPU limit; what the limits cut off is unserved too.
//! The other containers use nothing. Usage is piecewise constant, so CPU time is
//! an exact integral that can be asked for at any instant of the recent past: scrapes of the metrics pipeline cost
//! nothing until somebody reads them.
//!
//! How long requests take, and what pods keep of those that they cannot serve at once, is `fluid_queue`.
//!
//! Not modelled here: load balancing that is not even.

use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, PodId, WorkloadId};
use crate::engine::{Agenda, RandomStreams};
use crate::input::scenario::{self, Fidelity};
use crate::network::queueing::LatencyProfile;
use crate::units::{Bytes, SimDuration, SimTime};
use crate::workload::RateCurve;
use crate::workload::fluid_queue::{FluidLoad, FluidQueues, FluidSpan};
pub use crate::workload::load::{Load, QueueTurn};
use crate::workload::pod_load::{PodLoad, UnloadedCpu};
use crate::workload::usage_curve::UsageCurve;
use rustc_hash::FxHashMap;

/// The request rate of a traffic entry changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateChange {
    /// Index of the entry in the scenario.
    pub traffic: u32,
}

/// What pods use that serve one traffic entry under one CPU limit: they use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Index of the entry in the scenario.
    pub traffic: u32,
    /// Index of the curve of the limit.
    pub curve: u32,
    /// Index of the container that serves.
    pub container: u32,
}

/// One traffic entry.
#[derive(Debug)]
struct Entry {
    target: Option<scenario::Target>,
    /// The container that serves; `None` is the first.
    container: Option<String>,
    workload: Option<WorkloadId>,
    rate: RateCurve,
    current_rate: f64,
    cpu_per_request: SimDuration,
    unloaded_cpu: UnloadedCpu,
    memory_per_pod: f64,
    memory_per_request: f64,
    /// Pods that serve, by curve.
    serving: Vec<i64>,
    /// Endpoints whose machines are down.
    dead: i64,
    /// Running pods, serving or not.
    running: i64,
    /// Running pods that have not served yet, by curve.
    starting: Vec<i64>,
    curves: Vec<UsageCurve>,
    /// One group for each curve.
    queues: FluidQueues,
    load: Load,
    /// How often a pod has ceased to serve.
    departures: u64,
}

/// The traffic of a scenario and the usage that it causes.
#[derive(Debug, Default)]
pub struct Traffic {
    entries: Vec<Entry>,
    /// The entry of each target, by [`target_key`]. Only looked up, never iterated.
    by_target: FxHashMap<String, usize>,
    /// How far back anybody asks for what a pod used.
    reach: SimDuration,
    /// The entry of each workload that a pod of it was seen of. Only looked up, never iterated.
    by_workload: FxHashMap<WorkloadId, Option<usize>>,
    /// By index of the pod; only pods of workloads with traffic have an entry, as long as they exist.
    pods: Vec<Option<Box<PodLoad>>>,
    /// CPU time of the pods that are gone, by index of their node, in millicore-nanoseconds.
    used_before: Vec<i128>,
    /// Workloads whose load changed, with the load before.
    changed: Vec<(WorkloadId, Load, Load)>,
    spans: Vec<FluidSpan>,
    turns: Vec<(SimTime, QueueTurn)>,
}

impl Traffic {
    /// Prepares the traffic of a scenario. `midnight` is an instant at which a day begins; what a pod used is asked for
    /// `reach` back at most, and only of pods that exist.
    /// Rates that chance shapes are drawn up to `end`.
    pub fn new(
        entries: &[scenario::Traffic],
        (midnight, end): (SimTime, SimTime),
        reach: SimDuration,
        streams: RandomStreams,
    ) -> Self {
        let prepare = |(index, entry): (usize, &scenario::Traffic)| Entry {
            target: entry.target.clone(),
            container: entry.container.clone(),
            workload: None,
            // What is played request by request is no fluid.
            rate: match &entry.rate {
                Some(rate) if entry.fidelity == Fidelity::Fluid => {
                    let mut chance = streams.stream(&format!("traffic/{}/rate", entry.title()));
                    RateCurve::drawn(rate, midnight, end, &mut chance)
                }
                _ => RateCurve::none(),
            },
            current_rate: 0.0,
            cpu_per_request: SimDuration::from_secs_f64(entry.cpu_per_request.0.mean()),
            unloaded_cpu: UnloadedCpu {
                until_ready: entry.cpu_until_ready.unwrap_or(entry.cpu_idle).milli_cpu().as_f64(),
                idle: entry.cpu_idle.milli_cpu().as_f64(),
            },
            memory_per_pod: entry.memory_per_pod.bytes().as_f64(),
            memory_per_request: entry.memory_per_request.bytes().as_f64(),
            serving: Vec::new(),
            dead: 0,
            running: 0,
            starting: Vec::new(),
            curves: Vec::new(),
            queues: FluidQueues::new(index, entry),
            load: Load::default(),
            departures: 0,
        };
        let mut by_target = FxHashMap::default();
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.fidelity == Fidelity::Fluid) {
            let Some(scenario::Target { kind, namespace, name }) = &entry.target else { continue };
            by_target.entry(target_key(kind.as_str(), namespace, name)).or_insert(index);
        }
        Self { entries: entries.iter().enumerate().map(prepare).collect(), by_target, reach, ..Self::default() }
    }

    /// Whether no entry is a fluid.
    pub fn is_empty(&self) -> bool {
        self.by_target.is_empty()
    }

    /// Plans the first change of each rate.
    pub fn start<A: Agenda<RateChange>>(&mut self, agenda: &mut A) {
        for traffic in 0..self.entries.len() {
            if self.entries[traffic].rate == RateCurve::none() {
                continue;
            }
            agenda.schedule(agenda.now(), RateChange { traffic: u32::try_from(traffic).unwrap_or(u32::MAX) });
        }
    }

    /// A rate changes.
    pub fn handle<A: Agenda<RateChange>>(&mut self, change: RateChange, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        let entry = &mut self.entries[change.traffic as usize];
        entry.current_rate = entry.rate.value(now);
        if let Some(next) = entry.rate.next_change(now) {
            agenda.schedule(next, change);
        }
        self.spread(change.traffic as usize, cluster, now);
    }

    /// The queues of an entry come to another state.
    pub fn turn(&mut self, QueueTurn { traffic, turn }: QueueTurn, cluster: &Cluster, now: SimTime) {
        let index = traffic as usize;
        if self.entries.get(index).is_some_and(|entry| entry.queues.is_current(turn)) {
            self.spread(index, cluster, now);
        }
    }

    /// Turns that are to come, since the last call.
    pub fn take_turns(&mut self) -> std::vec::Drain<'_, (SimTime, QueueTurn)> {
        self.turns.drain(..)
    }

    /// What became of requests in spans that are over, since the last call. The spans of an entry come in the order of
    /// time.
    pub fn take_spans(&mut self) -> Vec<FluidSpan> {
        std::mem::take(&mut self.spans)
    }

    /// Ends all spans.
    pub fn finish(&mut self, end: SimTime) {
        for entry in &mut self.entries {
            entry.queues.close(end, &mut self.spans);
        }
    }

    /// Latencies that a span names, by the index of the entry.
    pub fn profile(&self, traffic: usize, number: u32) -> Option<&LatencyProfile> {
        self.entries.get(traffic)?.queues.profile(number)
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodRunning,
        ChangeKind::PodReadiness,
        ChangeKind::PodEndpoint,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::Machine,
    ])
    .without_bare_pods();

    /// A pod started, became an endpoint, ended, or its machine changed.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        match change {
            Change::PodRunning(pod) | Change::PodReadiness(pod) | Change::PodEndpoint(pod) | Change::PodEnded(pod) => {
                self.update_pod(pod, cluster, now);
            }
            Change::PodRemoved(pod) => {
                self.update_pod(pod, cluster, now);
                self.forget(pod, now);
            }
            Change::Machine { node, .. } => {
                for pod in &cluster.node(node).pods {
                    self.update_pod(*pod, cluster, now);
                }
            }
            _ => {}
        }
    }

    /// Loads that changed since the last call: workload, load before, load now.
    pub fn take_changed(&mut self) -> std::vec::Drain<'_, (WorkloadId, Load, Load)> {
        self.changed.drain(..)
    }

    fn entry_of(&mut self, pod: PodId, cluster: &Cluster) -> Option<usize> {
        let workload = cluster.pod(pod).workload?;
        if let Some(found) = self.by_workload.get(&workload) {
            return *found;
        }
        let state = cluster.workload(workload);
        let namespace = cluster.namespace_name(state.namespace);
        let found = self.by_target.get(&target_key(state.kind.as_str(), namespace, &state.name)).copied();
        if let Some(index) = found {
            self.entries[index].workload = Some(workload);
        }
        self.by_workload.insert(workload, found);
        found
    }

    fn update_pod(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let Some(index) = self.entry_of(id, cluster) else { return };
        let pod = cluster.pod(id);
        let machine_up = pod.node.is_some_and(|node| cluster.node(node).machine != Machine::Down);
        let runs = pod.exists() && pod.running.is_some() && !pod.phase.is_terminal() && machine_up;
        let is_endpoint = pod.exists() && pod.in_endpoints && pod.ready;
        let serves = runs && is_endpoint;
        let is_dead = is_endpoint && !machine_up;
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
        let load = slot.get_or_insert_with(|| {
            let template = cluster.template_of(id);
            // Every version of the target has the container: that was checked when the scenario was read.
            let container = template.container(entry.container.as_deref()).unwrap_or_default();
            let limit = template.cpu_limit(container);
            let capacity = pod.node.and_then(|node| {
                let object = &cluster.node(node).object;
                object.capacity.cpu.or(object.allocatable.cpu)
            });
            let cores = capacity.map_or(f64::INFINITY, |cores| cores.as_f64() / 1000.0);
            let curve = entry.queues.group(limit, cores).unwrap_or_else(|| {
                entry.queues.add_group(limit, cores);
                entry.curves.push(UsageCurve::new(limit));
                entry.serving.push(0);
                entry.starting.push(0);
                entry.curves.len() - 1
            });
            entry.running += 1;
            entry.starting[curve] += 1;
            let number = |position| u32::try_from(position).unwrap_or(u32::MAX);
            Box::new(PodLoad::new(number(index), number(curve), number(container), pod.node, now))
        });
        let was_running = load.ended.is_none();
        let was_serving = load.serves();
        let was_starting = load.ended.is_none() && load.first_served.is_none();
        if runs && !was_running {
            load.ended = None;
            entry.running += 1;
        } else if !runs && was_running {
            load.ended = Some(now);
            entry.running -= 1;
        }
        if serves != was_serving {
            entry.serving[load.curve as usize] += if serves { 1 } else { -1 };
            entry.departures += u64::from(!serves);
            load.set_serving(serves, &entry.curves[load.curve as usize], now, now - self.reach);
        }
        let is_starting = load.ended.is_none() && load.first_served.is_none();
        entry.starting[load.curve as usize] += i64::from(is_starting) - i64::from(was_starting);
        let died = is_dead != load.is_dead;
        if died {
            load.is_dead = is_dead;
            entry.dead += if is_dead { 1 } else { -1 };
        }
        if serves != was_serving || runs != was_running || died || load.running == now {
            self.spread(index, cluster, now);
        }
    }

    /// A pod is gone: what it used stays.
    fn forget(&mut self, id: PodId, now: SimTime) {
        let Some(load) = self.pods.get_mut(id.index()).and_then(Option::take) else { return };
        let Some(node) = load.node else { return };
        if self.used_before.len() <= node.index() {
            self.used_before.resize(node.index() + 1, 0);
        }
        self.used_before[node.index()] += self.used(&load, now);
    }

    /// CPU time of a pod in whole millicore-nanoseconds.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    fn used(&self, load: &PodLoad, now: SimTime) -> i128 {
        let entry = &self.entries[load.traffic as usize];
        load.cpu_time(&entry.curves[load.curve as usize], entry.unloaded_cpu, now).round() as i128
    }

    /// Shares the rate of an entry among its serving pods.
    fn spread(&mut self, index: usize, cluster: &Cluster, now: SimTime) {
        let entry = &mut self.entries[index];
        if entry.workload.is_none()
            && let Some(target) = &entry.target
        {
            entry.workload = cluster.find_workload(target.kind.as_str(), &target.namespace, &target.name);
        }
        let serving: i64 = entry.serving.iter().sum();
        let before = entry.load;
        let mut load = Load { rate: entry.current_rate, unserved: entry.current_rate, ..Load::default() };
        let idle = float(entry.running - serving);
        let idle_cpu = entry.unloaded_cpu.idle;
        let starting = entry.starting.iter().zip(&entry.curves);
        let more = |(count, curve): (&i64, &UsageCurve)| {
            float(*count) * (entry.unloaded_cpu.within(curve.limit()).until_ready - idle_cpu)
        };
        load.cpu = idle * idle_cpu + starting.map(more).sum::<f64>();
        load.memory = idle * entry.memory_per_pod;
        let share = if serving > 0 { entry.current_rate / float(serving + entry.dead) } else { 0.0 };
        let fluid = FluidLoad {
            offered: entry.current_rate,
            share,
            serving: entry.serving.iter().copied().collect(),
            dead: entry.dead,
        };
        if let Some((at, turn)) = entry.queues.set(now, fluid, &mut self.spans) {
            let traffic = u32::try_from(index).unwrap_or(u32::MAX);
            self.turns.push((at, QueueTurn { traffic, turn }));
        }
        if serving > 0 {
            let cost = entry.cpu_per_request.as_secs_f64() * 1000.0;
            let memory = entry.memory_per_pod + share * entry.memory_per_request;
            let mut cut = 0.0;
            for (group, (curve, count)) in entry.curves.iter_mut().zip(&entry.serving).enumerate() {
                let kept = entry.queues.keep_backlog();
                let cpu = idle_cpu + if kept { entry.queues.worked(group) } else { share } * cost;
                curve.set(now, cpu, memory);
                let used = curve.last_cpu();
                load.cpu += float(*count) * used;
                load.memory += float(*count) * memory;
                cut += float(*count) * (cpu - used);
            }
            load.unserved = share * float(entry.dead)
                + if entry.queues.keep_backlog() {
                    entry.queues.lost()
                } else if cost > 0.0 {
                    cut / cost
                } else {
                    0.0
                };
        } else {
            for curve in &mut entry.curves {
                curve.set(now, idle_cpu, entry.memory_per_pod);
            }
        }
        for curve in &mut entry.curves {
            curve.forget_before(now - self.reach);
        }
        entry.load = load;
        if let Some(workload) = entry.workload
            && load != before
        {
            self.changed.push((workload, before, load));
        }
    }

    /// Requests per second of an entry, by its index in the scenario.
    pub fn rate(&self, entry: usize) -> f64 {
        self.entries.get(entry).map_or(0.0, |entry| entry.current_rate)
    }

    /// Requests per second that a pod gets; none unless it serves.
    pub fn rate_of(&self, pod: PodId) -> f64 {
        let load = self.pods.get(pod.index()).and_then(Option::as_deref).filter(|load| load.serves());
        load.and_then(|load| self.entries.get(load.traffic as usize))
            .map_or(0.0, |entry| entry.current_rate / float(entry.serving.iter().sum::<i64>() + entry.dead))
    }

    /// The index of the container that uses what a pod uses; `None` for pods without traffic.
    pub fn loaded_container(&self, pod: PodId) -> Option<usize> {
        let load = self.pods.get(pod.index())?.as_deref()?;
        usize::try_from(load.container).ok()
    }

    /// The share of a pod that has served without a break since an instant.
    pub fn share(&self, pod: PodId, since: SimTime) -> Option<Share> {
        let load = self.pods.get(pod.index())?.as_deref().filter(|load| load.serves_since(since))?;
        Some(Share { traffic: load.traffic, curve: load.curve, container: load.container })
    }

    /// How often a pod has ceased to serve the entry of a share: as long as that stays the same, so does who has the share.
    pub fn departures(&self, share: Share) -> u64 {
        self.entries[share.traffic as usize].departures
    }

    /// When the usage of the pods of a share changed last.
    pub fn steady_since(&self, share: Share) -> Option<SimTime> {
        self.curve(share).last_change()
    }

    /// CPU time that each pod of a share has used between two times of the recent past, in millicore-nanoseconds.
    pub fn cpu_used_by_each(&self, share: Share, from: SimTime, to: SimTime) -> f64 {
        self.curve(share).used(from, to)
    }

    /// Memory that each pod of a share uses at a time of the recent past.
    pub fn memory_of_each(&self, share: Share, time: SimTime) -> Bytes {
        let per_pod = self.entries[share.traffic as usize].memory_per_pod;
        whole_bytes(self.curve(share).at(time).map_or(per_pod, |point| point.memory))
    }

    fn curve(&self, share: Share) -> &UsageCurve {
        &self.entries[share.traffic as usize].curves[share.curve as usize]
    }

    /// CPU time that a pod has used between two times of the recent past, in millicore-nanoseconds; `None` for pods
    /// without traffic.
    pub fn cpu_used(&self, pod: PodId, from: SimTime, to: SimTime) -> Option<f64> {
        let load = self.pods.get(pod.index())?.as_deref()?;
        let entry = &self.entries[load.traffic as usize];
        Some(load.used(&entry.curves[load.curve as usize], entry.unloaded_cpu, from, to))
    }

    /// Memory that a pod uses at a `time` of the recent past; `None` for pods without traffic.
    pub fn memory(&self, pod: PodId, time: SimTime) -> Option<Bytes> {
        let load = self.pods.get(pod.index())?.as_deref()?;
        if time < load.running || load.ended.is_some_and(|end| end <= time) {
            return Some(Bytes::ZERO);
        }
        let entry = &self.entries[load.traffic as usize];
        let point = entry.curves[load.curve as usize].at(time).filter(|_| load.served_at(time));
        Some(whole_bytes(point.map_or(entry.memory_per_pod, |point| point.memory)))
    }

    /// What pods have used on each node by `end`, in millicore-nanoseconds.
    pub fn usage_by_node(&self, end: SimTime) -> impl Iterator<Item = (NodeId, i128)> + '_ {
        let gone = self.used_before.iter().enumerate().map(|(index, used)| (NodeId::from_index(index), *used));
        let loads = self.pods.iter().flatten();
        gone.chain(loads.filter_map(move |load| Some((load.node?, self.used(load, end)))))
    }
}

/// What identifies a target of traffic.
fn target_key(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind}/{namespace}/{name}")
}

/// An amount in whole bytes.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
fn whole_bytes(bytes: f64) -> Bytes {
    Bytes::new(bytes.round() as i64)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^53")]
fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
