//! The queues of a fluid: how long its requests take and which are lost, while its load stays as it is.
//!
//! The pods of a traffic entry with the same CPU limit and node size are one group, whose pods all get the same rate. A pod
//! that can serve its rate is in the long run at once, and `network::queueing` says the latencies. One that cannot
//! loses what is too much, unless its server says how many requests it keeps (`concurrency`, `queue`) or for how long clients
//! wait (`timeout`): then requests pile up at the rate of the excess, deterministically, up to what the queue or the timeout
//! allow, and the pod works at full speed until they are gone. Costs as much as the load changes: latencies of a state of a
//! pod are worked out once.
//!
//! Known deviations: see `docs/model/traffic.md`.

use crate::input::scenario;
use crate::network::queueing::{BUSIEST, Demand, LatencyProfile, PodServer, QueueState};
use crate::units::{MilliCpu, SimDuration, SimTime};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Width of a class of loads: the logarithm of how many times longer requests take by waiting.
const LOAD_STEP: f64 = 0.04;
/// Classes of loads in one capacity of a pod whose queue has an end, and of one with a backlog.
const SHORT_QUEUE_CLASSES: f64 = 100.0;
const BACKLOG_CLASSES: f64 = 20.0;
/// From one class of backlogs to the next.
const BACKLOG_STEP: f64 = 1.1;
/// A queue that passes within this many seconds fills and empties faster than loads change.
const SHORT_QUEUE_SECONDS: f64 = 1.0;

/// How long after a change of a backlog's class it is noted.
const AFTER: SimDuration = SimDuration::from_millis(10);

/// Requests of a traffic entry that are sent in a span of time, in requests per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FluidSpan {
    /// Index of the entry in the scenario.
    pub traffic: usize,
    /// Start of the span.
    pub from: SimTime,
    /// Its end; the start itself of requests that are lost at once.
    pub to: SimTime,
    /// All that are sent.
    pub offered: f64,
    /// Sent while there is no endpoint.
    pub no_endpoint: f64,
    /// Sent to an endpoint whose machine is down.
    pub dead_endpoint: f64,
    /// Beyond what the pods can serve or keep.
    pub queue_full: f64,
    /// Given up by their clients.
    pub timeout: f64,
    /// Requests, not per second, that were in the backlog of pods that ended at the start of the span.
    pub cut: f64,
    /// Those that are served: the number of their latencies among those of the entry, and requests per second.
    pub served: SmallVec<[(u32, f64); 4]>,
}

/// A state of a pod whose latencies are worked out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    /// In the long run, by load.
    Steady(u32),
    /// The same of a pod whose queue has an end.
    Short(u32),
    /// With a backlog: by load, and by backlog.
    Backlog(u32, u32),
    /// With as large a backlog as clients wait for, by load.
    AtTimeout(u32),
}

/// Pods that are alike.
#[derive(Clone, Debug)]
struct Group {
    limit: Option<MilliCpu>,
    cores: f64,
    server: PodServer,
    /// Requests per second of a pod.
    capacity: f64,
    /// Requests that a pod keeps at most beyond those at work.
    most: f64,
    /// Whether the queue is so short that it is always in the long run.
    is_short: bool,
    pods: i64,
    /// Requests piled up at a pod, at the start of the span, and how they change per second.
    backlog: f64,
    growth: f64,
    /// Requests per second that a pod works on.
    worked: f64,
}

/// What a pod of a group does with its requests, per second.
#[derive(Clone, Debug, Default)]
struct Flow {
    queue_full: f64,
    timeout: f64,
    worked: f64,
    served: SmallVec<[(u32, f64); 2]>,
    growth: f64,
    /// Seconds until it is another.
    lasts: Option<f64>,
}

/// What the pods of an entry get from an instant on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FluidLoad {
    /// Requests per second that are sent.
    pub offered: f64,
    /// Of them those that each pod gets.
    pub share: f64,
    /// Pods that serve, by group.
    pub serving: SmallVec<[i64; 4]>,
    /// Endpoints whose machines are down.
    pub dead: i64,
}

/// The queues of a traffic entry.
#[derive(Clone, Debug)]
pub struct FluidQueues {
    traffic: usize,
    server: PodServer,
    idle: f64,
    groups: Vec<Group>,
    load: FluidLoad,
    span: FluidSpan,
    profiles: Vec<LatencyProfile>,
    /// Only looked up, never iterated.
    known: FxHashMap<(usize, Class), u32>,
    /// Number of the last change that was planned.
    turn: u32,
}

impl FluidQueues {
    /// The queues of an entry, by its index in the scenario.
    pub fn new(traffic: usize, entry: &scenario::Traffic) -> Self {
        let server = &entry.server;
        let many = |limit: Option<u32>| limit.and_then(|limit| usize::try_from(limit).ok());
        Self {
            traffic,
            server: PodServer {
                cpu: Demand::new(&entry.cpu_per_request.0),
                wait: Demand::new(&server.wait),
                cores: f64::INFINITY,
                quota: None,
                workers: many(server.concurrency),
                queue: many(server.queue),
                timeout: server.timeout.map(|timeout| timeout.get().as_secs_f64()),
            },
            idle: entry.cpu_idle.milli_cpu().as_f64() / 1000.0,
            groups: Vec::new(),
            load: FluidLoad::default(),
            span: FluidSpan { traffic, ..FluidSpan::default() },
            profiles: Vec::new(),
            known: FxHashMap::default(),
            turn: 0,
        }
    }

    /// Whether pods keep requests that they cannot serve at once.
    pub const fn keep_backlog(&self) -> bool {
        self.server.keeps_backlog()
    }

    /// The group of pods with a CPU limit on nodes with so many cores, which may be infinite.
    pub fn group(&self, limit: Option<MilliCpu>, cores: f64) -> Option<usize> {
        self.groups.iter().position(|group| group.limit == limit && group.cores.total_cmp(&cores).is_eq())
    }

    /// Adds a group.
    pub fn add_group(&mut self, limit: Option<MilliCpu>, cores: f64) {
        let quota = limit.map(|limit| limit.as_f64() / 1000.0).filter(|limit| *limit < cores);
        let left = |cores: f64| (cores - self.idle).max(0.001);
        let server = PodServer { cores, quota: quota.map(left), ..self.server.clone() };
        let capacity = server.capacity();
        let queue = server.queue.map_or(f64::INFINITY, float);
        // Those that wait are served one after the other; of those that share the CPU each makes the others slower.
        let patience = server.workers.and(server.timeout).map_or(f64::INFINITY, |timeout| timeout * capacity);
        let is_short = server.quota.is_none() && queue <= SHORT_QUEUE_SECONDS * capacity && patience >= queue;
        let most = queue.min(patience);
        let (pods, backlog, growth, worked) = (0, 0.0, 0.0, 0.0);
        self.groups.push(Group { limit, cores, server, capacity, most, is_short, pods, backlog, growth, worked });
    }

    /// Latencies of requests, by number.
    pub fn profile(&self, number: u32) -> Option<&LatencyProfile> {
        self.profiles.get(usize::try_from(number).ok()?)
    }

    /// Whether a planned change is the last one.
    pub const fn is_current(&self, turn: u32) -> bool {
        self.turn == turn
    }

    /// Ends the span at `now`, if there is one.
    pub fn close(&mut self, now: SimTime, spans: &mut Vec<FluidSpan>) {
        let seconds = (now - self.span.from).as_secs_f64();
        for group in &mut self.groups {
            group.backlog = (group.backlog + group.growth * seconds).clamp(0.0, group.most);
            // What is left of a request is none.
            if group.growth < 0.0 && group.backlog < 1e-6 {
                group.backlog = 0.0;
            }
        }
        if now > self.span.from {
            self.span.to = now;
            if self.span.offered > 0.0 {
                spans.push(self.span.clone());
            }
            self.span.from = now;
        }
    }

    /// The pods have another load, or their queues another state, from `now` on. Gives when the state changes next by itself,
    /// and what to call that.
    pub fn set(&mut self, now: SimTime, load: FluidLoad, spans: &mut Vec<FluidSpan>) -> Option<(SimTime, u32)> {
        if load == self.load && self.groups.iter().all(|group| group.backlog <= 0.0 && group.growth <= 0.0) {
            return None;
        }
        self.close(now, spans);
        self.move_backlogs(now, &load, spans);
        let mut span =
            FluidSpan { traffic: self.traffic, from: now, to: now, offered: load.offered, ..FluidSpan::default() };
        let serving: i64 = load.serving.iter().sum();
        if serving == 0 {
            *(if load.dead > 0 { &mut span.dead_endpoint } else { &mut span.no_endpoint }) = load.offered;
        } else {
            span.dead_endpoint = load.share * count(load.dead);
        }
        let mut lasts: Option<f64> = None;
        for index in 0..self.groups.len() {
            let pods = load.serving.get(index).copied().unwrap_or(0);
            let flow = if pods > 0 { self.flow(index, load.share) } else { Flow::default() };
            let pods = count(pods);
            span.queue_full += flow.queue_full * pods;
            span.timeout += flow.timeout * pods;
            span.served.extend(flow.served.iter().map(|(profile, rate)| (*profile, rate * pods)));
            (self.groups[index].growth, self.groups[index].worked) = (flow.growth, flow.worked);
            lasts = flow.lasts.map_or(lasts, |flow| Some(lasts.map_or(flow, |lasts| lasts.min(flow))));
        }
        (self.load, self.span) = (load, span);
        self.turn += 1;
        // Not before the state has changed.
        let at = |seconds: f64| now + SimDuration::from_secs_f64(seconds) + AFTER;
        lasts.map(|seconds| (at(seconds), self.turn))
    }

    /// Pods that come share the backlog; those that leave lose theirs.
    fn move_backlogs(&mut self, now: SimTime, load: &FluidLoad, spans: &mut Vec<FluidSpan>) {
        let mut cut = 0.0;
        for (index, group) in self.groups.iter_mut().enumerate() {
            let pods = load.serving.get(index).copied().unwrap_or(0);
            if group.backlog > 0.0 && pods < group.pods {
                cut += group.backlog * count(group.pods - pods);
            } else if group.backlog > 0.0 && pods > group.pods {
                group.backlog *= count(group.pods) / count(pods);
            }
            if pods == 0 {
                group.backlog = 0.0;
            }
            group.pods = pods;
        }
        if cut > 0.0 {
            spans.push(FluidSpan { traffic: self.traffic, from: now, to: now, cut, ..FluidSpan::default() });
        }
    }

    /// Requests per second that are lost as queues are full and clients give up.
    pub fn lost(&self) -> f64 {
        self.span.queue_full + self.span.timeout
    }

    /// Requests per second that a pod of a group works on.
    pub fn worked(&self, group: usize) -> f64 {
        self.groups.get(group).map_or(0.0, |group| group.worked)
    }

    /// What a pod does with `rate` requests per second.
    fn flow(&mut self, index: usize, rate: f64) -> Flow {
        let group = &self.groups[index];
        let (capacity, backlog, most) = (group.capacity, group.backlog, group.most);
        if rate <= 0.0 && backlog <= 0.0 {
            return Flow::default();
        }
        let load = if capacity > 0.0 { rate / capacity } else { f64::INFINITY };
        if group.is_short {
            return self.short(index, rate, load);
        }
        if !self.keep_backlog() || (load <= 1.0 && backlog <= 0.0) {
            return self.steady(index, rate, load);
        }
        let growth = rate - capacity;
        if growth >= 0.0 && backlog >= most * (1.0 - 1e-9) {
            return self.at_bound(index, rate, load);
        }
        let service = group.server.cpu.mean() + group.server.wait.mean();
        let unit = (capacity * service * 10.0).max(0.01);
        let class = natural(((backlog / unit + 1.0).ln() / BACKLOG_STEP.ln() + 1e-9).floor());
        let edge = |class: u32| unit * (BACKLOG_STEP.powi(i32::try_from(class).unwrap_or(i32::MAX)) - 1.0);
        let middle = f64::midpoint(edge(class), edge(class + 1));
        let by_load = natural((load * BACKLOG_CLASSES).round());
        let state = QueueState::Backlog { requests: middle, rate: f64::from(by_load) / BACKLOG_CLASSES * capacity };
        let (number, profile) = self.known(index, Class::Backlog(by_load, class), state);
        let end = if growth > 0.0 { edge(class + 1).min(most) - backlog } else { backlog - edge(class) };
        // At the very edge to a smaller class it is on its way there.
        let end = if growth < 0.0 && end <= 1e-9 * unit { backlog - edge(class.saturating_sub(1)) } else { end };
        let timeout = rate * profile.late;
        Flow {
            timeout,
            worked: capacity,
            served: [(number, rate - timeout)].into_iter().collect(),
            growth,
            lasts: (growth.abs() > 1e-12).then(|| (end / growth.abs()).max(0.0)),
            ..Flow::default()
        }
    }

    /// A pod that serves what comes, or loses at once what is too much.
    fn steady(&mut self, index: usize, rate: f64, load: f64) -> Flow {
        let capacity = self.groups[index].capacity;
        let (used, served) = (load.min(BUSIEST), rate.min(capacity));
        let place = -(1.0 - used).ln() / LOAD_STEP;
        let class = natural(place.floor());
        let slowness = |class: u32| (f64::from(class) * LOAD_STEP).exp();
        // Between two classes: as much of each as gives the mean of M/M/1.
        let (low, high) = (slowness(class), slowness(class + 1));
        let upper = ((1.0 / (1.0 - used) - low) / (high - low)).clamp(0.0, 1.0);
        let mut flow = Flow { worked: served, ..Flow::default() };
        if !self.keep_backlog() {
            flow.queue_full = rate - served;
        }
        for (class, part) in [(class, 1.0 - upper), (class + 1, upper)] {
            if part > 1e-6 {
                let steady = if capacity.is_finite() { (1.0 - 1.0 / slowness(class)) * capacity } else { rate };
                let (number, profile) = self.known(index, Class::Steady(class), QueueState::Steady { rate: steady });
                let late = served * part * profile.late;
                flow.timeout += late;
                flow.served.push((number, served * part - late));
            }
        }
        flow
    }

    /// A pod with a short queue, also in overload.
    fn short(&mut self, index: usize, rate: f64, load: f64) -> Flow {
        let capacity = self.groups[index].capacity;
        let place = (load * SHORT_QUEUE_CLASSES).min(1e6);
        let class = natural(place.floor());
        let upper = place - place.floor();
        let mut flow = Flow::default();
        for (class, part) in [(class, 1.0 - upper), (class + 1, upper)] {
            if part > 1e-6 {
                let steady = (f64::from(class) / SHORT_QUEUE_CLASSES).max(1e-9) * capacity;
                let (number, profile) = self.known(index, Class::Short(class), QueueState::Steady { rate: steady });
                let (full, late) = (profile.full, profile.late);
                let admitted = rate * part * (1.0 - full);
                flow.queue_full += rate * part * full;
                flow.timeout += admitted * late;
                flow.worked += admitted;
                flow.served.push((number, admitted * (1.0 - late)));
            }
        }
        flow
    }

    /// A pod with as large a backlog as it may have.
    fn at_bound(&mut self, index: usize, rate: f64, load: f64) -> Flow {
        let group = &self.groups[index];
        let (capacity, most) = (group.capacity, group.most);
        let by_load = natural((load * BACKLOG_CLASSES).round());
        let rounded = f64::from(by_load) / BACKLOG_CLASSES * capacity;
        let is_by_queue = group.server.queue.is_some_and(|queue| float(queue) <= most);
        if is_by_queue {
            let state = QueueState::Backlog { requests: most, rate: rounded };
            let (number, profile) = self.known(index, Class::Backlog(by_load, u32::MAX), state);
            let timeout = capacity * profile.late;
            let served = [(number, capacity - timeout)].into_iter().collect();
            return Flow { queue_full: rate - capacity, timeout, worked: capacity, served, ..Flow::default() };
        }
        let (number, profile) =
            self.known(index, Class::AtTimeout(by_load), QueueState::AtTimeout { rate: rounded.max(capacity) });
        let served = ((1.0 - profile.late) * rounded.max(capacity)).min(rate);
        let timeout = rate - served;
        Flow { timeout, worked: capacity, served: [(number, served)].into_iter().collect(), ..Flow::default() }
    }

    /// The latencies of a state, worked out the first time.
    fn known(&mut self, index: usize, class: Class, state: QueueState) -> (u32, &LatencyProfile) {
        let next = u32::try_from(self.profiles.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry((index, class)).or_insert(next);
        if number == next {
            self.profiles.push(LatencyProfile::new(&self.groups[index].server, state));
        }
        (number, &self.profiles[number as usize])
    }
}

/// A whole number from zero on.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
fn natural(value: f64) -> u32 {
    value as u32
}

/// A count of pods as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^53")]
fn count(pods: i64) -> f64 {
    pods as f64
}

/// A count of requests as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of requests at a pod")]
fn float(count: usize) -> f64 {
    count as f64
}
