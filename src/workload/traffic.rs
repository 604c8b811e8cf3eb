//! The fluid model of request load: a rate times a cost per request, shared evenly among the pods that serve.
//!
//! Requests go to the ready endpoints. A pod serves its share while its machine is not down; an endpoint whose machine is
//! down gets its share too until the control plane notices, and that part is unserved. A pod's CPU usage is its share plus
//! an idle part, clipped at its CPU limit; what the limits cut off is unserved too. Usage is piecewise constant, so CPU time is
//! an exact integral that can be asked for at any instant of the recent past: scrapes of the metrics pipeline cost
//! nothing until somebody reads them.
//!
//! Not modelled here: queueing and latency, and load balancing that is not even.

use crate::cluster::{Change, Cluster, Machine, NodeId, PodId, WorkloadId};
use crate::engine::Agenda;
use crate::input::scenario;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use crate::workload::RateCurve;
use rustc_hash::FxHashMap;

/// The request rate of a traffic entry changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateChange {
    /// Index of the entry in the scenario.
    pub traffic: u32,
}

/// Usage of one serving pod from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    from: SimTime,
    /// CPU time before `from`, in millicore-nanoseconds.
    cumulative: f64,
    /// CPU usage in millicores.
    cpu: f64,
    /// Memory in bytes.
    memory: f64,
}

/// Usage of a serving pod with a given CPU limit over time.
#[derive(Clone, Debug)]
struct Curve {
    limit: Option<MilliCpu>,
    points: Vec<Point>,
}

impl Curve {
    fn set(&mut self, now: SimTime, cpu: f64, memory: f64) {
        let cpu = self.limit.map_or(cpu, |limit| cpu.min(limit.as_f64()));
        let cumulative = self.cpu_time(now);
        match self.points.last_mut() {
            Some(last) if last.from == now => (last.cpu, last.memory) = (cpu, memory),
            Some(last) if (last.cpu, last.memory) == (cpu, memory) => {}
            _ => self.points.push(Point { from: now, cumulative, cpu, memory }),
        }
    }

    fn at(&self, time: SimTime) -> Option<&Point> {
        // Scrapes ask for the recent past, which the last few points nearly always hold.
        const RECENT: usize = 4;
        let (earlier, recent) = self.points.split_at(self.points.len().saturating_sub(RECENT));
        let is_before = |point: &Point| point.from <= time;
        match recent.partition_point(is_before).checked_sub(1) {
            Some(index) => recent.get(index),
            None => earlier.get(earlier.partition_point(is_before).checked_sub(1)?),
        }
    }

    /// CPU time up to `time`, in millicore-nanoseconds.
    fn cpu_time(&self, time: SimTime) -> f64 {
        self.at(time).map_or(0.0, |point| point.cumulative + nanos(time - point.from) * point.cpu)
    }
}

/// A span in nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
fn nanos(span: SimDuration) -> f64 {
    span.as_nanos() as f64
}

/// A span in which a pod served.
#[derive(Clone, Copy, Debug)]
struct ServingSpan {
    start: SimTime,
    /// `None` as long as it serves.
    end: Option<SimTime>,
    /// CPU time of its curve up to `start`, in millicore-nanoseconds.
    cpu_time_before: f64,
}

/// A pod's part in the traffic.
#[derive(Clone, Debug)]
struct PodLoad {
    traffic: u32,
    curve: u32,
    node: Option<NodeId>,
    /// When its containers started and ended.
    running: SimTime,
    ended: Option<SimTime>,
    /// Spans in which it served; the last one may be open.
    serving: Vec<ServingSpan>,
    /// It is an endpoint on a machine that is down.
    is_dead: bool,
}

/// One traffic entry.
#[derive(Debug)]
struct Entry {
    target: scenario::Target,
    workload: Option<WorkloadId>,
    rate: RateCurve,
    current_rate: f64,
    cpu_per_request: SimDuration,
    idle_cpu: f64,
    memory_per_pod: f64,
    memory_per_request: f64,
    /// Pods that serve, by curve.
    serving: Vec<i64>,
    /// Endpoints whose machines are down.
    dead: i64,
    /// Running pods, serving or not.
    running: i64,
    curves: Vec<Curve>,
    load: Load,
}

/// The load on a workload as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Offered requests per second.
    pub rate: f64,
    /// Requests per second beyond what the serving pods can take.
    pub unserved: f64,
    /// CPU used by the pods together, in millicores.
    pub cpu: f64,
    /// Memory used by the pods together, in bytes.
    pub memory: f64,
}

/// The traffic of a scenario and the usage that it causes.
#[derive(Debug, Default)]
pub struct Traffic {
    entries: Vec<Entry>,
    /// The entry of each workload that a pod of it was seen of. Only looked up, never iterated.
    by_workload: FxHashMap<WorkloadId, Option<usize>>,
    /// By index of the pod; only pods of workloads with traffic have an entry.
    pods: Vec<Option<Box<PodLoad>>>,
    /// Workloads whose load changed, with the load before.
    changed: Vec<(WorkloadId, Load, Load)>,
}

impl Traffic {
    /// Prepares the traffic of a scenario. `midnight` is an instant at which a day begins.
    pub fn new(entries: &[scenario::Traffic], midnight: SimTime) -> Self {
        let prepare = |entry: &scenario::Traffic| Entry {
            target: entry.target.clone(),
            workload: None,
            rate: RateCurve::new(&entry.rate, midnight),
            current_rate: 0.0,
            cpu_per_request: entry.cpu_per_request.get(),
            idle_cpu: entry.cpu_idle.milli_cpu().as_f64(),
            memory_per_pod: entry.memory_per_pod.bytes().as_f64(),
            memory_per_request: entry.memory_per_request.bytes().as_f64(),
            serving: Vec::new(),
            dead: 0,
            running: 0,
            curves: Vec::new(),
            load: Load::default(),
        };
        Self { entries: entries.iter().map(prepare).collect(), ..Self::default() }
    }

    /// Plans the first change of each rate.
    pub fn start<A: Agenda<RateChange>>(&mut self, agenda: &mut A) {
        for traffic in 0..self.entries.len() {
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

    /// A pod started, became an endpoint, ended, or its machine changed.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        match change {
            Change::PodRunning(pod)
            | Change::PodReadiness(pod)
            | Change::PodEndpoint(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => self.update_pod(pod, cluster, now),
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
        let matches = |entry: &Entry| {
            entry.target.kind.as_str() == state.kind.as_str()
                && entry.target.name.as_str() == &*state.name
                && entry.target.namespace.as_str() == &**namespace
        };
        let found = self.entries.iter().position(matches);
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
            let limit = cluster.template_of(id).cpu_limit;
            let curve = entry.curves.iter().position(|curve| curve.limit == limit).unwrap_or_else(|| {
                entry.curves.push(Curve { limit, points: Vec::new() });
                entry.serving.push(0);
                entry.curves.len() - 1
            });
            entry.running += 1;
            Box::new(PodLoad {
                traffic: u32::try_from(index).unwrap_or(u32::MAX),
                curve: u32::try_from(curve).unwrap_or(u32::MAX),
                node: pod.node,
                running: now,
                ended: None,
                serving: Vec::new(),
                is_dead: false,
            })
        });
        let was_running = load.ended.is_none();
        let was_serving = load.serving.last().is_some_and(|span| span.end.is_none());
        if runs && !was_running {
            load.ended = None;
            entry.running += 1;
        } else if !runs && was_running {
            load.ended = Some(now);
            entry.running -= 1;
        }
        if serves != was_serving {
            entry.serving[load.curve as usize] += if serves { 1 } else { -1 };
            match load.serving.last_mut() {
                Some(span) if was_serving => span.end = Some(now),
                _ => load.serving.push(ServingSpan {
                    start: now,
                    end: None,
                    cpu_time_before: entry.curves[load.curve as usize].cpu_time(now),
                }),
            }
        }
        let died = is_dead != load.is_dead;
        if died {
            load.is_dead = is_dead;
            entry.dead += if is_dead { 1 } else { -1 };
        }
        if serves != was_serving || runs != was_running || died || load.running == now {
            self.spread(index, cluster, now);
        }
    }

    /// Shares the rate of an entry among its serving pods.
    fn spread(&mut self, index: usize, cluster: &Cluster, now: SimTime) {
        let entry = &mut self.entries[index];
        if entry.workload.is_none() {
            let target = &entry.target;
            entry.workload = cluster.find_workload(target.kind.as_str(), &target.namespace, &target.name);
        }
        let serving: i64 = entry.serving.iter().sum();
        let before = entry.load;
        let mut load = Load { rate: entry.current_rate, unserved: entry.current_rate, ..Load::default() };
        let idle = float(entry.running - serving);
        load.cpu = idle * entry.idle_cpu;
        load.memory = idle * entry.memory_per_pod;
        if serving > 0 {
            let share = entry.current_rate / float(serving + entry.dead);
            let cpu = entry.idle_cpu + share * entry.cpu_per_request.as_secs_f64() * 1000.0;
            let memory = entry.memory_per_pod + share * entry.memory_per_request;
            let mut cut = 0.0;
            for (curve, count) in entry.curves.iter_mut().zip(&entry.serving) {
                curve.set(now, cpu, memory);
                let used = curve.points.last().map_or(0.0, |point| point.cpu);
                load.cpu += float(*count) * used;
                load.memory += float(*count) * memory;
                cut += float(*count) * (cpu - used);
            }
            let cost = entry.cpu_per_request.as_secs_f64() * 1000.0;
            load.unserved = share * float(entry.dead) + if cost > 0.0 { cut / cost } else { 0.0 };
        } else {
            for curve in &mut entry.curves {
                curve.set(now, entry.idle_cpu, entry.memory_per_pod);
            }
        }
        entry.load = load;
        if let Some(workload) = entry.workload
            && load != before
        {
            self.changed.push((workload, before, load));
        }
    }

    /// CPU time that a pod has used up to `time`, in millicore-nanoseconds; `None` for pods without traffic.
    pub fn cpu_time(&self, pod: PodId, time: SimTime) -> Option<f64> {
        let load = self.pods.get(pod.index())?.as_deref()?;
        let entry = &self.entries[load.traffic as usize];
        let curve = &entry.curves[load.curve as usize];
        let mut total = 0.0;
        let mut served = SimDuration::ZERO;
        for span in &load.serving {
            let end = span.end.unwrap_or(time).min(time);
            if end > span.start {
                total += curve.cpu_time(end) - span.cpu_time_before;
                served += end - span.start;
            }
        }
        let alive = (load.ended.unwrap_or(time).min(time) - load.running).max_zero();
        Some(total + nanos((alive - served).max_zero()) * entry.idle_cpu)
    }

    /// Memory that a pod uses at `time`; `None` for pods without traffic.
    pub fn memory(&self, pod: PodId, time: SimTime) -> Option<Bytes> {
        let load = self.pods.get(pod.index())?.as_deref()?;
        if time < load.running || load.ended.is_some_and(|end| end <= time) {
            return Some(Bytes::ZERO);
        }
        let entry = &self.entries[load.traffic as usize];
        let serves = load.serving.iter().any(|span| span.start <= time && span.end.is_none_or(|end| end > time));
        let point = entry.curves[load.curve as usize].at(time).filter(|_| serves);
        let bytes = point.map_or(entry.memory_per_pod, |point| point.memory);
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        Some(Bytes::new(bytes.round() as i64))
    }

    /// What each pod has used on its node by `end`, in millicore-nanoseconds.
    pub fn usage_by_node(&self, end: SimTime) -> impl Iterator<Item = (NodeId, f64)> + '_ {
        let pods = self.pods.iter().enumerate().filter_map(|(index, load)| Some((index, load.as_deref()?.node?)));
        pods.filter_map(move |(index, node)| Some((node, self.cpu_time(PodId::from_index(index), end)?)))
    }
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^53")]
fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{self, Container, Kind, LabelSelector, Name, ObjectMeta, PodSpec, PodTemplate, ResourceList};
    use crate::cluster::{NewPod, Owner, WorkloadKind};
    use crate::engine::EventQueue;
    use crate::input::scenario::Rate;
    use std::sync::Arc;

    /// A Deployment `default/web` with two running pods on two nodes, each with a limit of `limit` millicores.
    fn cluster(limit: i64) -> (Cluster, Vec<PodId>) {
        let mut cluster = Cluster::default();
        let limits = ResourceList { cpu: Some(MilliCpu::new(limit)), ..ResourceList::default() };
        let spec = PodSpec { containers: vec![Container { limits, ..Container::default() }], ..PodSpec::default() };
        let template = Arc::new(PodTemplate { spec, ..PodTemplate::default() });
        let id = cluster.intern_template(&template);
        let meta = ObjectMeta { name: Name::from("web"), namespace: Name::from("default"), ..ObjectMeta::default() };
        let object = api::Deployment {
            meta,
            replicas: 2,
            selector: LabelSelector::default(),
            template,
            strategy: api::DeploymentStrategy::default(),
            min_ready: SimDuration::ZERO,
            progress_deadline: None,
            revision_history_limit: 10,
            paused: false,
        };
        let deployment = cluster.apply_deployment(object.with_template(id), SimTime::ZERO);
        let workload = cluster.deployment(deployment).workload;
        assert!(matches!(cluster.workload(workload).kind, WorkloadKind::Deployment(_)));
        let pods = (0..2)
            .map(|index| {
                let node = api::Node {
                    meta: ObjectMeta { name: Name::from(format!("n{index}")), ..ObjectMeta::default() },
                    ..api::Node::default()
                };
                let node = cluster.add_node(Arc::new(node), None, SimTime::ZERO);
                let new = NewPod {
                    name: Name::from(format!("web-{index}")),
                    namespace: cluster.deployment(deployment).namespace,
                    template: id,
                    owner: Owner::None,
                    workload: Some(workload),
                    ordinal: 0,
                    arrival: None,
                    run_for: None,
                };
                let pod = cluster.add_pod(new, SimTime::ZERO);
                cluster.bind(pod, node, SimTime::ZERO);
                cluster.set_pod_running(pod, SimTime::ZERO);
                cluster.set_pod_ready(pod, true, SimTime::ZERO);
                cluster.set_pod_in_endpoints(pod, true);
                pod
            })
            .collect();
        (cluster, pods)
    }

    /// Traffic of 100 requests/s that cost 10 ms each, on top of 50 millicores per pod.
    fn traffic(cluster: &Cluster, pods: &[PodId]) -> Traffic {
        let entry = scenario::Traffic {
            name: None,
            target: scenario::Target {
                kind: Kind::Deployment,
                namespace: "default".to_owned(),
                name: "web".to_owned(),
            },
            rate: Rate::Constant(100.0),
            cpu_per_request: scenario::Duration::from_millis(10),
            cpu_idle: serde_json::from_value("50m".into()).expect("an amount"),
            memory_per_pod: scenario::Amount::from_units(1000),
            memory_per_request: scenario::Amount::from_units(10),
        };
        let mut traffic = Traffic::new(&[entry], SimTime::ZERO);
        let mut queue: EventQueue<RateChange> = EventQueue::default();
        traffic.start(&mut queue);
        while let Some((_, change)) = queue.pop() {
            traffic.handle(change, cluster, &mut queue);
        }
        for pod in pods {
            traffic.observe(Change::PodEndpoint(*pod), cluster, SimTime::ZERO);
        }
        traffic
    }

    #[test]
    fn load_is_shared_and_cut_at_the_limits() {
        let cases = [
            (1000, 1100.0, 0.0, "each pod serves 50/s with 500 millicores on top of 50"),
            (300, 600.0, 50.0, "a limit of 300 leaves 250 of 500 millicores to requests"),
        ];
        for (limit, cpu, unserved, why) in cases {
            let (cluster, pods) = cluster(limit);
            let mut traffic = traffic(&cluster, &pods);
            let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
            assert!((load.cpu - cpu).abs() < 1e-9 && (load.unserved - unserved).abs() < 1e-9, "{why}: {load:?}");
            assert!((load.memory - 2.0 * 1500.0).abs() < 1e-9, "{why}: memory");
        }
    }

    #[test]
    fn an_endpoint_on_a_dead_machine_loses_its_share() {
        let (mut cluster, pods) = cluster(2000);
        let mut traffic = traffic(&cluster, &pods);
        let node = cluster.pod(pods[0]).node.expect("it is bound");
        cluster.set_machine(node, Machine::Down);
        traffic.observe(Change::Machine { node, was: Machine::Up }, &cluster, SimTime::from_secs(10));
        let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
        assert!((load.unserved - 50.0).abs() < 1e-9, "half of the requests go to the dead endpoint: {load:?}");
        cluster.set_pod_ready(pods[0], false, SimTime::from_secs(50));
        traffic.observe(Change::PodReadiness(pods[0]), &cluster, SimTime::from_secs(50));
        let (_, _, load) = traffic.take_changed().next_back().expect("the load changed");
        assert!(load.unserved.abs() < 1e-9, "once it is marked, the other pod gets everything: {load:?}");
        // 10 s at 550 millicores, 40 s at 550 and 10 s at 1,050.
        let used = traffic.cpu_time(pods[1], SimTime::from_secs(60)).expect("it has traffic");
        assert!((used / 1e9 - (50.0 * 550.0 + 10.0 * 1050.0)).abs() < 1e-3, "{used}");
        let dead = traffic.cpu_time(pods[0], SimTime::from_secs(60)).expect("it had traffic");
        assert!((dead / 1e9 - 10.0 * 550.0).abs() < 1e-3, "nothing is used on a dead machine: {dead}");
    }
}
