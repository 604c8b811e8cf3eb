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

    /// Cores that are in use now.
    fn speed(&self) -> f64 {
        if self.quota.is_some_and(|quota| quota.is_throttled) {
            return 0.0;
        }
        float(self.running.len()).min(self.shape.cores)
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

    fn begin(&mut self, job: Job, now: SimTime) {
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
mod tests {
    use super::*;

    /// Ends of jobs that come at given times, in milliseconds: (comes, CPU, wait).
    fn ends(shape: Shape, jobs: &[(i64, f64, i64)]) -> Vec<Option<f64>> {
        let mut station = Station::new(shape, SimDuration::from_secs(60), SimTime::ZERO);
        let mut arena = Arena::default();
        let mut ends = vec![None; jobs.len()];
        let note = |slot: Option<u32>, at: SimTime, ends: &mut Vec<Option<f64>>| {
            if let Some(slot) = slot {
                ends[slot as usize] = Some(at.as_secs_f64() * 1e3);
            }
        };
        for (index, (at, cpu, wait)) in jobs.iter().enumerate() {
            let now = SimTime::from_millis(*at);
            while station.next_at() <= now {
                let at = station.next_at();
                note(station.step(&mut arena), at, &mut ends);
            }
            let slot = arena.add(now, 0);
            assert_eq!(slot as usize, index);
            let job = Job { slot, cpu: cpu * 1e6, wait: SimDuration::from_millis(*wait) };
            station.offer(job, now);
        }
        while station.next_at() < SimTime::MAX {
            let at = station.next_at();
            note(station.step(&mut arena), at, &mut ends);
        }
        ends
    }

    const OPEN: Shape = Shape { cores: 1.0, quota: None, workers: usize::MAX, queue: 0 };

    #[test]
    fn requests_share_the_cpu() {
        let one_by_one = Shape { workers: 1, queue: 1, ..OPEN };
        let half = Shape { cores: 4.0, quota: Some(0.5), ..OPEN };
        type Case<'a> = (Shape, &'a [(i64, f64, i64)], &'a [Option<f64>], &'a str);
        let cases: [Case<'_>; 8] = [
            (OPEN, &[(0, 10.0, 0)], &[Some(10.0)], "alone at full speed"),
            (OPEN, &[(0, 10.0, 0), (0, 10.0, 0)], &[Some(20.0), Some(20.0)], "two at half speed"),
            (OPEN, &[(0, 10.0, 0), (5, 2.0, 0)], &[Some(12.0), Some(9.0)], "a short one overtakes"),
            (Shape { cores: 2.0, ..OPEN }, &[(0, 10.0, 0), (0, 10.0, 0)], &[Some(10.0), Some(10.0)], "a core each"),
            (one_by_one, &[(0, 10.0, 0), (1, 10.0, 0), (2, 10.0, 0)], &[Some(10.0), Some(20.0), None], "full"),
            (one_by_one, &[(0, 10.0, 5), (1, 10.0, 0)], &[Some(15.0), Some(25.0)], "waiting keeps the worker"),
            (half, &[(0, 40.0, 0)], &[Some(40.0)], "within the quota at full speed"),
            // 50 ms in each period of 100 ms; four at once use them up in 12.5 ms.
            (
                half,
                &[(0, 20.0, 0), (0, 20.0, 0), (0, 20.0, 0), (0, 20.0, 0)],
                &[Some(107.5), Some(107.5), Some(107.5), Some(107.5)],
                "throttled until the next period",
            ),
        ];
        for (shape, jobs, expected, why) in cases {
            let found = ends(shape, jobs);
            let same = found.iter().zip(expected).all(|pair| match pair {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-4,
                (found, expected) => found.is_none() && expected.is_none(),
            });
            assert!(same, "{why}: {found:?} is not {expected:?}");
        }
    }

    #[test]
    fn a_quota_holds_over_time() {
        // Ten at once that want ten seconds of CPU on four cores with a limit of 1.5: 66 2/3 s.
        let shape = Shape { cores: 4.0, quota: Some(1.5), workers: usize::MAX, queue: 0 };
        let jobs: Vec<_> = (0..10).map(|_| (0, 10_000.0, 0)).collect();
        for end in ends(shape, &jobs) {
            let seconds = end.unwrap() / 1e3;
            assert!((66.5..66.7).contains(&seconds), "{seconds}");
        }
    }

    #[test]
    fn what_was_used_is_known_for_a_while() {
        let mut station = Station::new(OPEN, SimDuration::from_secs(60), SimTime::ZERO);
        let mut arena = Arena::default();
        for second in 0..200 {
            let slot = arena.add(SimTime::from_secs(second), 0);
            station.offer(Job { slot, cpu: 250e6, wait: SimDuration::ZERO }, SimTime::from_secs(second));
            assert_eq!(station.step(&mut arena), Some(slot));
            arena.free(slot);
        }
        assert!(station.notes.len() < 65, "{}", station.notes.len());
        let used = station.used_between(SimTime::from_secs(150), SimTime::from_secs(170)) / 1e9;
        assert!((used - 5.0).abs() < 1e-6, "{used}");
    }
}
