//! A pod as a server of requests: workers, a queue, and CPU that the requests at work share.
//!
//! A request that gets a worker uses CPU first and then waits for others (a database, a disk) without using any; both
//! keep its worker. Requests at work share the CPU evenly (processor sharing), each on one core at most. A CPU limit is a
//! quota for each period of the kernel's bandwidth control (`cpu.cfs_period_us`, 100 ms): until it is used up, requests
//! run as fast as the node's cores let them, and then none runs until the period is over.
//!
//! All requests at work have received the same service since one of them came, so what is kept is this attained service
//! and, for each request, the attained service at which it is done: a request costs its place in a heap, however many
//! others there are.

use super::arena::Arena;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// `cpu.cfs_period_us` of the kubelet (`quotaPeriod` in `pkg/kubelet/cm/helpers_linux.go`, Kubernetes 1.36).
pub const QUOTA_PERIOD: SimDuration = SimDuration::from_millis(100);
/// Time between two notes of what it has used.
const NOTE_EVERY: SimDuration = SimDuration::from_secs(1);

/// What a pod has to serve with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Cores that it can use at once: those of its node.
    pub cores: f64,
    /// Cores that it may use over a period: its CPU limit.
    pub quota: Option<f64>,
    /// Requests that are worked on at once.
    pub workers: usize,
    /// Requests that wait for a worker.
    pub queue: usize,
}

/// The work that a request is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    /// Its place in the arena.
    pub slot: u32,
    /// CPU time in nanoseconds.
    pub cpu: f64,
    /// How long it waits for others afterwards.
    pub wait: SimDuration,
}

/// What becomes of a request that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is worked on, or waits.
    Taken,
    /// The queue is full.
    Full,
}

/// A request that uses CPU. Ordered by the attained service at which it is done, then by when it came.
#[derive(Clone, Copy, Debug)]
struct Running {
    done_at: f64,
    number: u64,
    slot: u32,
    wait: SimDuration,
}

impl PartialEq for Running {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Running {}

impl PartialOrd for Running {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Running {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.done_at.total_cmp(&other.done_at).then(self.number.cmp(&other.number))
    }
}

/// What comes next at a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    /// The first request at work has all the CPU time that it needs.
    Computed,
    /// The first request that waits for others has waited long enough.
    Waited,
    /// The quota of the period is used up.
    Throttled,
    /// A new period begins after that.
    Resumed,
}

/// The quota of the current period.
#[derive(Clone, Copy, Debug)]
struct Quota {
    /// CPU nanoseconds of a whole period.
    whole: f64,
    /// CPU nanoseconds that are left of the current one.
    left: f64,
    /// End of the current period.
    end: SimTime,
    is_throttled: bool,
}

/// A pod that serves.
#[derive(Clone, Debug)]
pub struct Station {
    shape: Shape,
    running: BinaryHeap<Reverse<Running>>,
    waiting: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    queue: VecDeque<Job>,
    /// Workers of requests that have done their own work and wait for their calls.
    held: usize,
    /// CPU nanoseconds that each running request has received since the station was idle.
    attained: f64,
    updated: SimTime,
    quota: Option<Quota>,
    /// CPU nanoseconds used in all, and what they were at recent instants.
    used: f64,
    notes: VecDeque<(SimTime, f64)>,
    reach: SimDuration,
    numbers: u64,
    next: Next,
    next_at: SimTime,
    /// Cores that its node gives the pod; infinite unless the node is short of them.
    gets: f64,
    /// Cores that the pod uses without requests.
    beside: f64,
    pace: Option<Pace>,
    /// When the first request began.
    first: Option<SimTime>,
}

/// How fast a pod is, where that differs from one to the other or from one moment to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Factor on its speed; above zero.
    pub speed: f64,
    /// How it warms up.
    pub warm_up: Option<WarmUp>,
}

/// What a request costs a pod that has just started: `factor` times as much at first, then less in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// Factor on the first one.
    pub factor: f64,
    /// Until when it becomes less.
    pub until: WarmAfter,
}

/// When a pod is warm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WarmAfter {
    /// So long after its first request.
    Time(SimDuration),
    /// After so many requests.
    Requests(f64),
}

impl Pace {
    /// Factor on the CPU time of a request that begins `age` after the first one, as one of so many.
    fn cost(&self, age: SimDuration, requests: u64) -> f64 {
        let warm_up = self.warm_up.map_or(1.0, |warm_up| {
            #[expect(clippy::cast_precision_loss, reason = "counts of requests at a pod are far below 2^53")]
            let part = match warm_up.until {
                WarmAfter::Time(span) => nanos(age) / nanos(span),
                WarmAfter::Requests(count) => requests as f64 / count,
            };
            1.0 + (warm_up.factor - 1.0) * (1.0 - part).max(0.0)
        });
        warm_up / self.speed
    }
}

impl Station {
    /// An idle station from `now` on. What it used is asked for `reach` back at most.
    pub fn new(shape: Shape, reach: SimDuration, now: SimTime) -> Self {
        let whole = |cores: f64| cores * nanos(QUOTA_PERIOD);
        // Nothing is ever throttled that may use all cores of the node.
        let quota = shape.quota.filter(|quota| *quota < shape.cores).map(whole);
        Self {
            shape,
            running: BinaryHeap::new(),
            waiting: BinaryHeap::new(),
            queue: VecDeque::new(),
            held: 0,
            attained: 0.0,
            updated: now,
            quota: quota.map(|whole| Quota { whole, left: whole, end: now + QUOTA_PERIOD, is_throttled: false }),
            used: 0.0,
            notes: VecDeque::from([(now, 0.0)]),
            reach,
            numbers: 0,
            next: Next::Nothing,
            next_at: SimTime::MAX,
            gets: f64::INFINITY,
            beside: 0.0,
            pace: None,
            first: None,
        }
    }

    /// It is faster or slower than others, or becomes so.
    pub const fn set_pace(&mut self, pace: Pace) {
        self.pace = Some(pace);
    }

    /// Cores that the pod would use now if its node had enough.
    pub fn wants(&self) -> f64 {
        if self.quota.is_some_and(|quota| quota.is_throttled) {
            return 0.0;
        }
        (float(self.running.len()) + self.beside).min(self.shape.cores)
    }

    /// From `now` on its node gives it so many cores.
    pub fn set_gets(&mut self, gets: f64, now: SimTime) {
        self.advance(now);
        self.gets = gets;
        self.plan(now);
    }

    /// From `now` on the pod uses so many cores without requests.
    pub fn set_beside(&mut self, beside: f64, now: SimTime) {
        if beside.total_cmp(&self.beside).is_ne() {
            self.advance(now);
            self.beside = beside;
            self.plan(now);
        }
    }

    /// When it does something by itself.
    pub const fn next_at(&self) -> SimTime {
        self.next_at
    }

    /// Requests that have a worker.
    pub fn at_work(&self) -> usize {
        self.running.len() + self.waiting.len() + self.held
    }

    /// Requests that it has, those in its queue included.
    pub fn in_flight(&self) -> usize {
        self.at_work() + self.queue.len()
    }

    /// Requests that wait in its queue for a worker.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// A request comes.
    pub fn offer(&mut self, job: Job, now: SimTime) -> Offer {
        if self.at_work() < self.shape.workers {
            self.advance(now);
            self.begin(job, now);
            self.plan(now);
        } else if self.queue.len() < self.shape.queue {
            self.queue.push_back(job);
        } else {
            return Offer::Full;
        }
        Offer::Taken
    }

    /// Does what comes next. Gives the request that is done by it, if one is.
    pub fn step(&mut self, arena: &mut Arena) -> Option<u32> {
        self.do_next(arena, false)
    }

    /// The same, but the request that is done keeps its worker until `release`.
    pub fn step_and_hold(&mut self, arena: &mut Arena) -> Option<u32> {
        self.do_next(arena, true)
    }

    /// A request that kept its worker gives it back.
    pub fn release(&mut self, arena: &mut Arena, now: SimTime) {
        self.held = self.held.saturating_sub(1);
        if !self.queue.is_empty() {
            self.advance(now);
            self.take_from_queue(arena, now);
            self.plan(now);
        }
    }

    fn do_next(&mut self, arena: &mut Arena, keeps_worker: bool) -> Option<u32> {
        let now = self.next_at;
        self.advance(now);
        let mut done = None;
        match self.next {
            Next::Nothing => {}
            Next::Computed => {
                if let Some(Reverse(request)) = self.running.pop() {
                    self.attained = self.attained.max(request.done_at);
                    if request.wait > SimDuration::ZERO {
                        self.waiting.push(Reverse((now + request.wait, request.number, request.slot)));
                    } else {
                        done = Some(request.slot);
                    }
                }
            }
            Next::Waited => done = self.waiting.pop().map(|Reverse((_, _, slot))| slot),
            Next::Throttled => {
                if let Some(quota) = &mut self.quota {
                    quota.is_throttled = true;
                }
            }
            Next::Resumed => {
                if let Some(quota) = &mut self.quota {
                    quota.is_throttled = false;
                    (quota.left, quota.end) = (quota.whole, now + QUOTA_PERIOD);
                }
            }
        }
        if done.is_some() {
            if keeps_worker {
                self.held += 1;
            } else {
                self.take_from_queue(arena, now);
            }
        }
        self.plan(now);
        done
    }

    /// Ends it: all requests that it has but those that wait for their calls, in no particular but reproducible order.
    pub fn cut(&mut self, now: SimTime) -> Vec<u32> {
        self.advance(now);
        let running = self.running.drain().map(|Reverse(request)| request.slot);
        let waiting = self.waiting.drain().map(|Reverse((_, _, slot))| slot);
        let slots = running.chain(waiting).chain(self.queue.drain(..).map(|job| job.slot)).collect();
        self.held = 0;
        self.plan(now);
        slots
    }

    /// CPU time that it has used by `now`, in nanoseconds.
    pub fn used(&mut self, now: SimTime) -> f64 {
        self.advance(now);
        self.used
    }

    /// CPU time used between two instants of the recent past, in nanoseconds: exact at whole seconds, on straight lines
    /// between the changes that were noted.
    pub fn used_between(&self, from: SimTime, to: SimTime) -> f64 {
        self.used_until(to) - self.used_until(from)
    }

    fn used_until(&self, time: SimTime) -> f64 {
        let after = self.notes.partition_point(|(at, _)| *at <= time);
        let Some((from, before)) = after.checked_sub(1).and_then(|index| self.notes.get(index)) else {
            return self.notes.front().map_or(0.0, |(_, used)| *used);
        };
        let (to, used) = self.notes.get(after).copied().unwrap_or((self.updated, self.used));
        let (span, part) = (nanos(to - *from), nanos(time - *from));
        if span <= 0.0 { *before } else { before + (used - before) * (part / span).min(1.0) }
    }

    /// Cores that requests use now.
    fn speed(&self) -> f64 {
        if self.quota.is_some_and(|quota| quota.is_throttled) {
            return 0.0;
        }
        let cores = self.shape.cores.min(self.gets);
        float(self.running.len()).min(left_for_requests(cores, self.running.len(), self.beside))
    }

    /// Accounts for the time up to `now`, in which nothing came, ended or was throttled.
    fn advance(&mut self, now: SimTime) {
        let span = now - self.updated;
        let speed = self.speed();
        if span > SimDuration::ZERO && speed > 0.0 {
            let used = nanos(span) * speed;
            self.used += used;
            self.attained += used / float(self.running.len());
        }
        if let Some(quota) = &mut self.quota
            && !quota.is_throttled
        {
            let speed = speed + self.beside;
            if now < quota.end {
                quota.left -= nanos(span) * speed;
            } else {
                let periods = (now - quota.end).as_nanos() / QUOTA_PERIOD.as_nanos();
                let start = quota.end + QUOTA_PERIOD * periods;
                quota.left = quota.whole - nanos(now - start) * speed;
                quota.end = start + QUOTA_PERIOD;
            }
        }
        self.updated = now;
        if self.notes.back().is_none_or(|(at, _)| now - *at >= NOTE_EVERY) {
            self.notes.push_back((now, self.used));
            while self.notes.get(1).is_some_and(|(at, _)| now - *at >= self.reach) {
                self.notes.pop_front();
            }
        }
    }

    fn begin(&mut self, mut job: Job, now: SimTime) {
        if let Some(pace) = &self.pace {
            let first = *self.first.get_or_insert(now);
            job.cpu *= pace.cost(now - first, self.numbers);
        }
        self.numbers += 1;
        let number = self.numbers;
        if job.cpu > 0.0 {
            if self.running.is_empty() {
                self.attained = 0.0;
            }
            let done_at = self.attained + job.cpu;
            self.running.push(Reverse(Running { done_at, number, slot: job.slot, wait: job.wait }));
        } else {
            self.waiting.push(Reverse((now + job.wait, number, job.slot)));
        }
    }

    /// Gives a free worker to the first request of the queue whose client still waits.
    fn take_from_queue(&mut self, arena: &mut Arena, now: SimTime) {
        while self.at_work() < self.shape.workers {
            let Some(job) = self.queue.pop_front() else { return };
            if arena.is_given_up(job.slot) {
                arena.free(job.slot);
            } else {
                self.begin(job, now);
            }
        }
    }

    /// Finds out what comes next.
    fn plan(&mut self, now: SimTime) {
        (self.next, self.next_at) = (Next::Nothing, SimTime::MAX);
        if let Some(Reverse((at, _, _))) = self.waiting.peek() {
            (self.next, self.next_at) = (Next::Waited, *at);
        }
        let Some(Reverse(first)) = self.running.peek() else { return };
        let speed = self.speed();
        if speed > 0.0 {
            let left = (first.done_at - self.attained).max(0.0);
            self.consider(Next::Computed, now + span(left * float(self.running.len()) / speed));
        }
        let Some(quota) = self.quota else { return };
        let speed = speed + self.beside;
        if quota.is_throttled {
            self.consider(Next::Resumed, quota.end);
        } else if now + span(quota.left / speed) < quota.end {
            self.consider(Next::Throttled, now + span(quota.left / speed));
        } else if quota.whole < speed * nanos(QUOTA_PERIOD) {
            self.consider(Next::Throttled, quota.end + span(quota.whole / speed));
        }
    }

    fn consider(&mut self, next: Next, at: SimTime) {
        if at < self.next_at {
            (self.next, self.next_at) = (next, at);
        }
    }
}

/// Cores that are left for requests of those that a pod gets, beside so much that it uses without them: all threads are
/// equal, and none gets more than it wants.
fn left_for_requests(cores: f64, requests: usize, beside: f64) -> f64 {
    if beside <= 0.0 {
        return cores;
    }
    let (requests, threads) = (float(requests), beside.ceil());
    (cores - beside).max(cores * requests / (requests + threads).max(1.0))
}

/// A span in nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
fn nanos(span: SimDuration) -> f64 {
    span.as_nanos() as f64
}

/// A span of whole nanoseconds, rounded up: nothing is done before its time.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
fn span(nanos: f64) -> SimDuration {
    SimDuration::from_nanos(nanos.max(0.0).ceil() as i64)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of requests at a pod are far below 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
