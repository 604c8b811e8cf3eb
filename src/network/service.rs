//! The requests of one traffic entry, each played: sent, routed, served or lost.
//!
//! Between two changes of the cluster nothing but its own clients, proxies and pods concerns it, so it plays whole spans
//! at once.

use super::arena::{Arena, Ticket};
use super::clients::Clients;
use super::earliest::Earliest;
use super::proxies::{Learned, Missing, Proxies, Sender};
use super::routing::usable::Known;
use super::station::{Job, Offer, Shape, Station};
use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered in time.
    Served,
    /// There was no endpoint.
    NoEndpoint,
    /// The endpoint that it was sent to does not take requests any more.
    DeadEndpoint,
    /// The queue of its endpoint was full.
    QueueFull,
    /// Its client gave up.
    Timeout,
    /// Its pod ended before it was answered.
    Cut,
    /// It was answered with an error.
    Error,
    /// No rule leads anywhere.
    NoRoute,
    /// The name that it was sent to resolves to nothing.
    NoName,
}

/// Who is told what becomes of requests.
pub trait Ledger {
    /// A request is sent.
    fn sent(&mut self, now: SimTime);
    /// A request ends, so long after it was sent.
    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration);
    /// A request that a backend got ends: told beside [`Ledger::ended`].
    fn ended_at(&mut self, _backend: u32, _outcome: Outcome, _now: SimTime, _after: SimDuration) {}
}

/// What requests cost the pods of one backend, where that is not what the others cost.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// CPU time of a request, in seconds.
    pub cpu: Option<Sampler>,
    /// How long a request waits for others.
    pub wait: Option<Sampler>,
    /// The share of the requests that are answered with an error.
    pub error_rate: Option<f64>,
}

/// What a traffic entry's requests are, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Rules {
    /// CPU time of a request, in seconds.
    pub cpu: Sampler,
    /// How long a request waits for others.
    pub wait: Sampler,
    /// When clients give up.
    pub timeout: Option<SimDuration>,
    /// The share of the requests that are answered with an error.
    pub error_rate: f64,
    /// What is different at each backend.
    pub backends: Vec<Work>,
    /// From an endpoint's change until a proxy knows of it.
    pub propagation: Sampler,
    /// End of the run.
    pub end: SimTime,
    /// How far back anybody asks for what a pod used.
    pub reach: SimDuration,
}

/// The random streams of a traffic entry, one per purpose.
#[derive(Clone, Debug)]
pub struct Streams {
    /// When requests are sent.
    pub clients: RandomStream,
    /// What they cost.
    pub cpu: RandomStream,
    /// How long they wait for others.
    pub wait: RandomStream,
    /// Which endpoint they go to.
    pub routes: RandomStream,
    /// When proxies know of changes.
    pub propagation: RandomStream,
    /// What is different at single backends: what requests cost there, and which of them are errors.
    pub backends: RandomStream,
}

/// What an endpoint does with a request that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Serves,
    /// It works on what it has, and takes nothing more.
    Refuses,
    /// It is gone; proxies may still send requests there.
    Gone,
}

#[derive(Clone, Debug)]
struct Endpoint {
    station: Station,
    state: State,
    /// The backend that it belongs to.
    backend: u32,
    /// Proxies that know it, and news of it on their way.
    mentions: u32,
    /// Requests that it took.
    taken: u64,
}

/// What is known later than it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    /// A proxy learns what an endpoint of a Service is, or that it is none any more.
    Endpoint { route: u32, proxy: u32, endpoint: u32, known: Option<Known> },
    /// A pod takes no more requests.
    Refuses { endpoint: u32 },
}

/// The requests of a traffic entry.
#[derive(Clone, Debug)]
pub struct Service {
    rules: Rules,
    streams: Streams,
    clients: Clients,
    proxies: Proxies,
    endpoints: Vec<Endpoint>,
    /// Endpoints whose number may be used again.
    unused: Vec<u32>,
    next: Earliest,
    arena: Arena,
    deadlines: VecDeque<(SimTime, Ticket)>,
    news: BinaryHeap<Reverse<(SimTime, u64, News)>>,
    news_count: u64,
    /// The last news of each proxy: it learns of changes in their order.
    latest: Vec<SimTime>,
    /// Requests sent, and failed, since somebody asked.
    sent: u64,
    failed: u64,
    /// The same for each backend.
    visits: Vec<[u64; 2]>,
}

/// What it takes to find out that a request is refused: a round trip.
const REFUSAL: SimDuration = SimDuration::from_millis(1);

impl Service {
    /// A service without endpoints.
    pub fn new(rules: Rules, streams: Streams, clients: Clients, proxies: Proxies) -> Self {
        let latest = vec![SimTime::ZERO; proxies.count()];
        Self {
            rules,
            streams,
            clients,
            proxies,
            endpoints: Vec::new(),
            unused: Vec::new(),
            next: Earliest::default(),
            arena: Arena::default(),
            deadlines: VecDeque::new(),
            news: BinaryHeap::new(),
            news_count: 0,
            latest,
            sent: 0,
            failed: 0,
            visits: Vec::new(),
        }
    }

    /// A pod begins to serve whoever finds it. Gives its number.
    pub fn begin(&mut self, backend: u32, shape: Shape, now: SimTime) -> u32 {
        let station = Station::new(shape, self.rules.reach, now);
        let endpoint = Endpoint { station, state: State::Serves, backend, mentions: 0, taken: 0 };
        if let Some(number) = self.unused.pop() {
            self.endpoints[number as usize] = endpoint;
            number
        } else {
            self.endpoints.push(endpoint);
            u32::try_from(self.endpoints.len() - 1).unwrap_or(u32::MAX)
        }
    }

    /// A pod is, or is no longer, among the endpoints of a Service from `now` on: each proxy learns of it in its own time.
    pub fn announce(&mut self, route: usize, endpoint: u32, known: Option<Known>, now: SimTime) {
        let route = u32::try_from(route).unwrap_or(u32::MAX);
        for proxy in 0..self.latest.len() {
            let at = now + self.rules.propagation.sample_duration(&mut self.streams.propagation);
            let at = at.max(self.latest[proxy]);
            self.latest[proxy] = at;
            let proxy = u32::try_from(proxy).unwrap_or(u32::MAX);
            self.tell(at, News::Endpoint { route, proxy, endpoint, known }, endpoint);
        }
    }

    /// The proxies.
    pub const fn proxies(&mut self) -> &mut Proxies {
        &mut self.proxies
    }

    /// A pod takes no more requests from an instant on.
    pub fn refuse_from(&mut self, endpoint: u32, at: SimTime) {
        self.tell(at, News::Refuses { endpoint }, endpoint);
    }

    fn tell(&mut self, at: SimTime, news: News, endpoint: u32) {
        self.endpoints[endpoint as usize].mentions += 1;
        self.news_count += 1;
        self.news.push(Reverse((at, self.news_count, news)));
    }

    /// A pod is gone, with all requests that it has.
    pub fn end(&mut self, endpoint: u32, now: SimTime, ledger: &mut impl Ledger) {
        let state = &mut self.endpoints[endpoint as usize];
        state.state = State::Gone;
        for slot in state.station.cut(now) {
            self.over(slot, Outcome::Cut, now, ledger);
        }
        self.next.set(endpoint, SimTime::MAX);
        self.forget(endpoint);
    }

    /// Requests that were sent, and those that failed, since the last call.
    pub fn take_counts(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.failed))
    }

    /// Requests that a pod took since the last call.
    pub fn take_taken(&mut self, endpoint: u32) -> u64 {
        std::mem::take(&mut self.endpoints[endpoint as usize].taken)
    }

    /// CPU time that a pod has used for requests, in nanoseconds.
    pub fn used(&mut self, endpoint: u32, now: SimTime) -> f64 {
        self.endpoints[endpoint as usize].station.used(now)
    }

    /// CPU time that a pod used for requests between two instants of the recent past, in nanoseconds.
    pub fn used_between(&self, endpoint: u32, from: SimTime, to: SimTime) -> f64 {
        self.endpoints[endpoint as usize].station.used_between(from, to)
    }

    /// When something happens next.
    pub fn next_at(&self) -> SimTime {
        let news = self.news.peek().map_or(SimTime::MAX, |Reverse((at, ..))| *at);
        let deadline = self.deadlines.front().map_or(SimTime::MAX, |(at, _)| *at);
        self.next.first().0.min(self.clients.next_at()).min(news).min(deadline)
    }

    /// Plays what happens before `until`, at most `most` steps. Gives the number of steps.
    pub fn play(&mut self, until: SimTime, most: u64, ledger: &mut impl Ledger) -> u64 {
        let mut steps = 0;
        while steps < most {
            while let Some((_, ticket)) = self.deadlines.front()
                && !self.arena.is_waited_for(*ticket)
            {
                self.deadlines.pop_front();
            }
            let at = self.next_at();
            if at >= until {
                break;
            }
            steps += 1;
            let (station_at, endpoint) = self.next.first();
            if let Some(Reverse((news_at, _, news))) = self.news.peek().copied()
                && news_at == at
            {
                self.news.pop();
                self.learn(news);
            } else if station_at == at {
                let station = &mut self.endpoints[endpoint as usize].station;
                let done = station.step(&mut self.arena);
                self.next.set(endpoint, station.next_at());
                if let Some(slot) = done {
                    self.over(slot, Outcome::Served, at, ledger);
                }
            } else if let Some((deadline, ticket)) = self.deadlines.front().copied()
                && deadline == at
            {
                self.deadlines.pop_front();
                if let Some(request) = self.arena.give_up(ticket) {
                    self.failed += 1;
                    self.note_at(request.backend, Outcome::Timeout, at, at - request.sent, ledger);
                    ledger.ended(Outcome::Timeout, at, at - request.sent);
                    self.clients.answered(request.user, at, &mut self.streams.clients);
                }
            } else if let Some(user) = self.clients.step(self.rules.end, &mut self.streams.clients) {
                self.send(user, at, ledger);
            }
        }
        steps
    }

    /// A request is sent.
    fn send(&mut self, user: u32, now: SimTime, ledger: &mut impl Ledger) {
        ledger.sent(now);
        self.sent += 1;
        // Drawn also for requests that are lost, so that the others are the same ones whatever is lost.
        let cpu = self.rules.cpu.sample(&mut self.streams.cpu) * 1e9;
        let wait = self.rules.wait.sample_duration(&mut self.streams.wait);
        let endpoints = &self.endpoints;
        let sender = Sender { client: user, now };
        let chosen = self
            .proxies
            .choose(sender, &mut self.streams.routes, |number| endpoints[number as usize].station.in_flight());
        let number = match chosen {
            Ok(number) => number,
            Err(missing) => return self.fail(user, outcome_without(missing), now, ledger),
        };
        let endpoint = &mut self.endpoints[number as usize];
        let backend = endpoint.backend;
        count(&mut self.visits, backend)[0] += 1;
        if endpoint.state != State::Serves {
            self.note_at(backend, Outcome::DeadEndpoint, now, SimDuration::ZERO, ledger);
            return self.fail(user, Outcome::DeadEndpoint, now, ledger);
        }
        let slot = self.arena.add(now, user);
        let work = self.rules.backends.get(backend as usize);
        let job = at_backend(work, Job { slot, cpu, wait }, &mut self.streams.backends);
        let error_rate = work.and_then(|work| work.error_rate).unwrap_or(self.rules.error_rate);
        let is_error = error_rate > 0.0 && self.streams.backends.random::<f64>() < error_rate;
        self.arena.set_backend(slot, backend, is_error);
        if endpoint.station.offer(job, now) == Offer::Full {
            self.arena.free(slot);
            self.note_at(backend, Outcome::QueueFull, now, SimDuration::ZERO, ledger);
            return self.fail(user, Outcome::QueueFull, now, ledger);
        }
        endpoint.taken += 1;
        self.next.set(number, endpoint.station.next_at());
        if let Some(timeout) = self.rules.timeout {
            self.deadlines.push_back((now + timeout, self.arena.ticket(slot)));
        }
    }

    /// A request is refused as soon as it is sent.
    fn fail(&mut self, user: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) {
        self.failed += 1;
        ledger.ended(outcome, now, SimDuration::ZERO);
        self.clients.answered(user, now + REFUSAL, &mut self.streams.clients);
    }

    /// A request that a backend got ends.
    fn note_at(&mut self, backend: u32, outcome: Outcome, now: SimTime, after: SimDuration, ledger: &mut impl Ledger) {
        count(&mut self.visits, backend)[1] += u64::from(outcome != Outcome::Served);
        ledger.ended_at(backend, outcome, now, after);
    }

    /// Requests that each backend got, and those of them that failed, since the last call.
    pub fn take_visits(&mut self) -> Vec<[u64; 2]> {
        std::mem::take(&mut self.visits)
    }

    /// A request leaves its pod.
    fn over(&mut self, slot: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) {
        if !self.arena.is_given_up(slot) {
            let request = self.arena.get(slot);
            let outcome = if outcome == Outcome::Served && request.is_error { Outcome::Error } else { outcome };
            self.failed += u64::from(outcome != Outcome::Served);
            self.note_at(request.backend, outcome, now, now - request.sent, ledger);
            ledger.ended(outcome, now, now - request.sent);
            self.clients.answered(request.user, now, &mut self.streams.clients);
        }
        self.arena.free(slot);
    }

    fn learn(&mut self, news: News) {
        let endpoint = match news {
            News::Endpoint { route, proxy, endpoint, known } => {
                match self.proxies.learn(route as usize, proxy as usize, endpoint, known) {
                    Learned::New => self.endpoints[endpoint as usize].mentions += 1,
                    Learned::Gone => self.endpoints[endpoint as usize].mentions -= 1,
                    Learned::Same => {}
                }
                endpoint
            }
            News::Refuses { endpoint } => {
                let state = &mut self.endpoints[endpoint as usize].state;
                if *state == State::Serves {
                    *state = State::Refuses;
                }
                endpoint
            }
        };
        self.endpoints[endpoint as usize].mentions -= 1;
        self.forget(endpoint);
    }

    /// An endpoint that is gone and that nobody speaks of any more makes room for another.
    fn forget(&mut self, endpoint: u32) {
        let state = &self.endpoints[endpoint as usize];
        if state.state == State::Gone && state.mentions == 0 {
            self.unused.push(endpoint);
        }
    }
}

/// The counts of a backend.
fn count(visits: &mut Vec<[u64; 2]>, backend: u32) -> &mut [u64; 2] {
    let backend = backend as usize;
    if visits.len() <= backend {
        visits.resize(backend + 1, [0; 2]);
    }
    &mut visits[backend]
}

/// What becomes of a request for which something is missing.
const fn outcome_without(missing: Missing) -> Outcome {
    match missing {
        Missing::Endpoint => Outcome::NoEndpoint,
        Missing::Route => Outcome::NoRoute,
        Missing::Name => Outcome::NoName,
    }
}

/// A request as it is at a backend.
fn at_backend(work: Option<&Work>, mut job: Job, random: &mut RandomStream) -> Job {
    let Some(work) = work else { return job };
    if let Some(cpu) = &work.cpu {
        job.cpu = cpu.sample(random) * 1e9;
    }
    if let Some(wait) = &work.wait {
        job.wait = wait.sample_duration(random);
    }
    job
}
