//! What pods use over time without requests (`spec.usage`): which containers, what their limits leave of it, when one runs
//! out of memory, and the sums for the records.
//!
//! An amount is a pure function of time ([`Shape`]), so that metrics-server and autoscalers cost nothing while nobody asks.
//! Events are planned only for containers with a memory limit that they can reach, and once a minute for the records of what
//! changes all the time.
//!
//! Not modelled: a node that runs out of memory; memory that a container does not give back.

mod shape;

use self::shape::{Run, Shape};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, PodId, WorkloadId};
use crate::engine::{Agenda, RandomStreams};
use crate::input::scenario;
use crate::units::{Bytes, SimDuration, SimTime};
use rand::Rng as _;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How often what changes all the time is put on record.
const SAMPLE_PERIOD: SimDuration = SimDuration::from_secs(60);
/// How far ahead it is calculated when a container reaches its memory limit.
const HORIZON: SimDuration = SimDuration::from_hours(6);

/// An event of what pods use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsageEvent {
    /// An entry is put on record.
    Sample {
        /// Index of the entry in the scenario.
        entry: u32,
    },
    /// A container may reach its memory limit.
    Memory {
        /// The pod.
        pod: PodId,
        /// The plan to which this belongs.
        generation: u32,
    },
}

/// A container that has run out of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// The pod.
    pub pod: PodId,
    /// The index of the container.
    pub container: usize,
}

/// What the pods of a workload use together: CPU in millicores, memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsedTogether {
    /// CPU.
    pub cpu: f64,
    /// Memory.
    pub memory: f64,
}

/// One entry of the scenario.
#[derive(Debug)]
struct Entry {
    target: scenario::Target,
    container: Option<String>,
    cpu: Option<Shape>,
    memory: Option<Shape>,
    /// Its pods that run, in order of their ids.
    pods: Vec<PodId>,
    /// Whether its next sample is planned.
    is_planned: bool,
    used: UsedTogether,
}

impl Entry {
    fn varies(&self) -> bool {
        [&self.cpu, &self.memory].into_iter().flatten().any(Shape::varies)
    }
}

/// A pod that runs.
#[derive(Clone, Debug)]
struct PodUsage {
    entries: SmallVec<[u32; 1]>,
    node: Option<NodeId>,
    since: SimTime,
    /// Up to when its CPU time is accounted for.
    accounted: SimTime,
    generation: u32,
}

/// The usage of a scenario.
#[derive(Debug, Default)]
pub struct UsageOverTime {
    entries: Vec<Entry>,
    /// The entries of each workload. Only looked up, never iterated.
    by_workload: FxHashMap<WorkloadId, SmallVec<[u32; 1]>>,
    /// By index of the pod; `None` of pods that do not run or have no entry.
    pods: Vec<Option<Box<PodUsage>>>,
    /// CPU time by index of the node, in millicore-nanoseconds.
    cpu_time: Vec<i128>,
    /// Workloads whose usage changed: before and now.
    changed: Vec<(WorkloadId, UsedTogether, UsedTogether)>,
}

impl UsageOverTime {
    /// Prepares the usage of a scenario. `midnight` is an instant at which a day begins.
    pub fn new(entries: &[scenario::Usage], midnight: SimTime, streams: RandomStreams) -> Self {
        let prepare = |entry: &scenario::Usage| {
            let target = format!("{}/{}", entry.target, entry.container.as_deref().unwrap_or_default());
            let seed = |resource: &str| streams.stream(&format!("usage/{target}/{resource}")).next_u64();
            Entry {
                target: entry.target.clone(),
                container: entry.container.clone(),
                cpu: entry.cpu.as_ref().map(|cpu| Shape::new(cpu, midnight, seed("cpu"))),
                memory: entry.memory.as_ref().map(|memory| Shape::new(memory, midnight, seed("memory"))),
                pods: Vec::new(),
                is_planned: false,
                used: UsedTogether::default(),
            }
        };
        Self { entries: entries.iter().map(prepare).collect(), ..Self::default() }
    }

    /// Whether the scenario says of no pod what it uses.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodRunning,
        ChangeKind::PodRestarted,
        ChangeKind::PodResizeStatus,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::Machine,
    ])
    .without_bare_pods();

    /// A pod started or ended, or has other limits.
    pub fn observe<A: Agenda<UsageEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::PodRunning(pod) | Change::PodRestarted(pod) => self.start(pod, cluster, agenda),
            Change::PodEnded(pod) | Change::PodRemoved(pod) => self.stop(pod, cluster, agenda.now()),
            Change::PodResizeStatus(pod) => {
                self.account(pod, cluster, agenda.now());
                self.plan_memory(pod, cluster, agenda);
            }
            Change::Machine { node, .. } if cluster.node(node).machine == Machine::Down => {
                for pod in cluster.node(node).pods.clone() {
                    self.stop(pod, cluster, agenda.now());
                }
            }
            _ => {}
        }
    }

    /// Handles an event; a container that has run out of memory comes back.
    pub fn handle<A: Agenda<UsageEvent>>(
        &mut self,
        event: UsageEvent,
        cluster: &Cluster,
        agenda: &mut A,
    ) -> Option<OutOfMemory> {
        let now = agenda.now();
        match event {
            UsageEvent::Sample { entry } => {
                if let Some(entry) = self.entries.get_mut(entry as usize) {
                    entry.is_planned = false;
                }
                self.sum_up(entry, cluster, now);
                self.plan_sample(entry, agenda);
                None
            }
            UsageEvent::Memory { pod, generation } => {
                self.pod(pod).filter(|usage| usage.generation == generation)?;
                let full = self.full_container(pod, cluster, now);
                match full {
                    Some(container) => {
                        self.stop(pod, cluster, now);
                        Some(OutOfMemory { pod, container })
                    }
                    None => {
                        self.plan_memory(pod, cluster, agenda);
                        None
                    }
                }
            }
        }
    }

    /// Workloads whose usage changed since the last call: usage before and now.
    pub fn take_changed(&mut self) -> std::vec::Drain<'_, (WorkloadId, UsedTogether, UsedTogether)> {
        self.changed.drain(..)
    }

    /// Whether what the pods of a workload use changes by itself.
    pub fn varies(&self, workload: WorkloadId) -> bool {
        let entries = self.by_workload.get(&workload);
        entries.into_iter().flatten().any(|entry| self.entries[*entry as usize].varies())
    }

    /// Whether a pod uses anything over time.
    pub fn has(&self, pod: PodId) -> bool {
        self.pod(pod).is_some()
    }

    /// CPU time that a container, or all of a pod's, used between two times, in millicore-nanoseconds.
    pub fn cpu_used(&self, pod: PodId, container: Option<usize>, from: SimTime, to: SimTime, cluster: &Cluster) -> f64 {
        let Some(usage) = self.pod(pod) else { return 0.0 };
        let entries = usage.entries.iter().map(|entry| &self.entries[*entry as usize]);
        entries.map(|entry| cpu_of(entry, usage, pod, container, (from, to), cluster)).sum()
    }

    /// Memory that a container, or all of a pod's, uses at a time.
    pub fn memory(&self, pod: PodId, container: Option<usize>, time: SimTime, cluster: &Cluster) -> Bytes {
        let Some(usage) = self.pod(pod).filter(|usage| usage.since <= time) else { return Bytes::ZERO };
        let entries = usage.entries.iter().map(|entry| &self.entries[*entry as usize]);
        let bytes: f64 = entries
            .filter(|entry| container.is_none_or(|wanted| wanted == container_of(entry, pod, cluster)))
            .filter_map(|entry| entry.memory.as_ref())
            .map(|memory| memory.value(run_of(pod, usage), time))
            .sum();
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        Bytes::new(bytes.round() as i64)
    }

    /// CPU time that pods have used on each node by `end`, in millicore-nanoseconds.
    pub fn usage_by_node(&mut self, cluster: &Cluster, end: SimTime) -> impl Iterator<Item = (NodeId, i128)> + '_ {
        for index in 0..self.pods.len() {
            self.account(PodId::from_index(index), cluster, end);
        }
        self.cpu_time.iter().enumerate().map(|(index, used)| (NodeId::from_index(index), *used))
    }

    fn pod(&self, pod: PodId) -> Option<&PodUsage> {
        self.pods.get(pod.index())?.as_deref()
    }

    /// The entries of a workload.
    fn entries_of(&mut self, pod: PodId, cluster: &Cluster) -> SmallVec<[u32; 1]> {
        let Some(workload) = cluster.pod(pod).workload else { return SmallVec::new() };
        if let Some(known) = self.by_workload.get(&workload) {
            return known.clone();
        }
        let state = cluster.workload(workload);
        let namespace = cluster.namespace_name(state.namespace);
        let is_of = |entry: &Entry| {
            let target = &entry.target;
            state.kind == target.kind && *state.name == *target.name && **namespace == *target.namespace
        };
        let numbers = (0_u32..).zip(&self.entries).filter(|(_, entry)| is_of(entry)).map(|(number, _)| number);
        let found: SmallVec<[u32; 1]> = numbers.collect();
        self.by_workload.insert(workload, found.clone());
        found
    }

    /// The containers of a pod start.
    fn start<A: Agenda<UsageEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        let entries = self.entries_of(pod, cluster);
        if entries.is_empty() {
            return;
        }
        self.account(pod, cluster, now);
        if self.pods.len() <= pod.index() {
            self.pods.resize(pod.index() + 1, None);
        }
        let generation = self.pod(pod).map_or(0, |usage| usage.generation) + 1;
        let node = cluster.pod(pod).node;
        let usage = PodUsage { entries: entries.clone(), node, since: now, accounted: now, generation };
        self.pods[pod.index()] = Some(Box::new(usage));
        for entry in entries {
            let pods = &mut self.entries[entry as usize].pods;
            if let Err(place) = pods.binary_search(&pod) {
                pods.insert(place, pod);
            }
            self.sum_up(entry, cluster, now);
            self.plan_sample(entry, agenda);
        }
        self.plan_memory(pod, cluster, agenda);
    }

    /// The containers of a pod end.
    fn stop(&mut self, pod: PodId, cluster: &Cluster, now: SimTime) {
        self.account(pod, cluster, now);
        let Some(usage) = self.pods.get_mut(pod.index()).and_then(Option::take) else { return };
        for entry in usage.entries {
            let pods = &mut self.entries[entry as usize].pods;
            if let Ok(place) = pods.binary_search(&pod) {
                pods.remove(place);
            }
            self.sum_up(entry, cluster, now);
        }
    }

    /// Adds a pod's CPU time to that of its node.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    fn account(&mut self, pod: PodId, cluster: &Cluster, now: SimTime) {
        let Some(usage) = self.pod(pod) else { return };
        let used = self.cpu_used(pod, None, usage.accounted, now, cluster).round() as i128;
        let node = usage.node;
        if let Some(usage) = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut) {
            usage.accounted = now;
        }
        if let Some(node) = node {
            if self.cpu_time.len() <= node.index() {
                self.cpu_time.resize(node.index() + 1, 0);
            }
            self.cpu_time[node.index()] += used;
        }
    }

    /// Notes what the pods of an entry use together now.
    fn sum_up(&mut self, index: u32, cluster: &Cluster, now: SimTime) {
        let entry = &self.entries[index as usize];
        let mut used = UsedTogether::default();
        for pod in &entry.pods {
            let Some(usage) = self.pod(*pod) else { continue };
            let run = run_of(*pod, usage);
            let cpu = entry.cpu.as_ref().map_or(0.0, |cpu| cpu.value(run, now) * 1000.0);
            used.cpu += cpu.min(cpu_limit(entry, *pod, cluster));
            used.memory += entry.memory.as_ref().map_or(0.0, |memory| memory.value(run, now));
        }
        let target = &entry.target;
        let before = entry.used;
        if before == used {
            return;
        }
        let workload = cluster.find_workload(target.kind.as_str(), &target.namespace, &target.name);
        self.entries[index as usize].used = used;
        self.changed.extend(workload.map(|workload| (workload, before, used)));
    }

    /// Plans the next sample of an entry that changes all the time and has pods.
    fn plan_sample<A: Agenda<UsageEvent>>(&mut self, index: u32, agenda: &mut A) {
        let entry = &mut self.entries[index as usize];
        if !entry.is_planned && !entry.pods.is_empty() && entry.varies() {
            entry.is_planned = true;
            let next = agenda.now() + SimDuration::from_nanos(1);
            agenda.schedule(next.next_tick(SimTime::ZERO, SAMPLE_PERIOD), UsageEvent::Sample { entry: index });
        }
    }

    /// Plans when a container of a pod reaches its memory limit.
    fn plan_memory<A: Agenda<UsageEvent>>(&mut self, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let Some(usage) = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut) else { return };
        usage.generation += 1;
        let generation = usage.generation;
        let Some(usage) = self.pod(pod) else { return };
        let (now, run) = (agenda.now(), run_of(pod, usage));
        let until = now + HORIZON;
        let mut next: Option<SimTime> = None;
        for entry in usage.entries.iter().map(|entry| &self.entries[*entry as usize]) {
            let (Some(memory), Some(limit)) = (&entry.memory, memory_limit(entry, pod, cluster)) else { continue };
            let at = memory.reaches(run, limit.as_f64(), now, until).or_else(|| memory.varies().then_some(until));
            next = [next, at].into_iter().flatten().min();
        }
        if let Some(at) = next {
            agenda.schedule(at, UsageEvent::Memory { pod, generation });
        }
    }

    /// The first container of a pod that is at its memory limit.
    fn full_container(&self, pod: PodId, cluster: &Cluster, now: SimTime) -> Option<usize> {
        let usage = self.pod(pod)?;
        let run = run_of(pod, usage);
        let mut entries = usage.entries.iter().map(|entry| &self.entries[*entry as usize]);
        let full = entries.find(|entry| {
            let limit = memory_limit(entry, pod, cluster);
            entry.memory.as_ref().zip(limit).is_some_and(|(memory, limit)| memory.value(run, now) >= limit.as_f64())
        })?;
        Some(container_of(full, pod, cluster))
    }
}

const fn run_of(pod: PodId, usage: &PodUsage) -> Run {
    Run { pod: pod.index() as u64, since: usage.since }
}

/// The index of the container that an entry is of.
fn container_of(entry: &Entry, pod: PodId, cluster: &Cluster) -> usize {
    // Every version of the target has the container: that was checked when the scenario was read.
    cluster.template_of(pod).container(entry.container.as_deref()).unwrap_or_default()
}

/// CPU that the container of an entry may use at most, in millicores.
fn cpu_limit(entry: &Entry, pod: PodId, cluster: &Cluster) -> f64 {
    let limits = cluster.container_limits(pod, container_of(entry, pod, cluster));
    limits.and_then(|limits| limits.cpu).map_or(f64::INFINITY, crate::units::MilliCpu::as_f64)
}

/// Memory at which the container of an entry is killed.
fn memory_limit(entry: &Entry, pod: PodId, cluster: &Cluster) -> Option<Bytes> {
    cluster.container_limits(pod, container_of(entry, pod, cluster))?.memory
}

/// CPU time that a container used of an entry, in millicore-nanoseconds.
fn cpu_of(
    entry: &Entry,
    usage: &PodUsage,
    pod: PodId,
    container: Option<usize>,
    (from, to): (SimTime, SimTime),
    cluster: &Cluster,
) -> f64 {
    let Some(cpu) = &entry.cpu else { return 0.0 };
    if container.is_some_and(|wanted| wanted != container_of(entry, pod, cluster)) {
        return 0.0;
    }
    let limit = cpu_limit(entry, pod, cluster) / 1000.0;
    cpu.integral(run_of(pod, usage), limit, from.max(usage.since), to) * 1000.0
}
