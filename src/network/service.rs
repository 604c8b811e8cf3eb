//! The requests of one traffic entry, each played: sent, routed, served or lost.
//!
//! Between two changes of the cluster nothing but its own clients, proxies and pods concerns it, so it plays whole spans
//! at once.

use super::arena::{Arena, Ticket};
use super::clients::Clients;
use super::earliest::Earliest;
use super::node_cpus::{NOBODY, NewDemand};
use super::proxies::Proxies;
use super::request_memory::RequestMemory;
use super::station::{Job, Offer, Pace, Shape, Station};
use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
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
}

/// Who is told what becomes of requests.
pub trait Ledger {
    /// A request is sent.
    fn sent(&mut self, now: SimTime);
    /// A request ends, so long after it was sent.
    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration);
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
    /// Proxies that know it, and news of it on their way.
    mentions: u32,
    /// Requests that it took.
    taken: u64,
    /// Which of those that had its number it is.
    begun: u64,
    /// The memory of its requests, if that depends on them.
    memory: Option<RequestMemory>,
    /// Its number among the pods of its node, and what was said there that it wants.
    member: u32,
    wants: f64,
}

impl Endpoint {
    /// Notes for its node what it wants, if that changed.
    fn note_demand(&mut self, demands: &mut Vec<NewDemand>, now: SimTime) {
        if self.member != NOBODY {
            let wants = self.station.wants();
            if wants.total_cmp(&self.wants).is_ne() {
                self.wants = wants;
                demands.push(NewDemand { member: self.member, wants, since: now });
            }
        }
    }
}

/// What is known later than it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    /// A proxy learns of an endpoint.
    Added { proxy: u32, endpoint: u32 },
    /// A proxy learns that an endpoint is gone.
    Removed { proxy: u32, endpoint: u32 },
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
    demands: Vec<NewDemand>,
    /// By user who keeps its connection: the endpoint, and which of those that had its number.
    connections: Vec<(u32, u64)>,
    /// Pods that began so far.
    begun: u64,
    /// Pods that ran out of memory, since somebody asked.
    out_of_memory: Vec<(u32, SimTime)>,
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
            demands: Vec::new(),
            connections: Vec::new(),
            begun: 0,
            out_of_memory: Vec::new(),
        }
    }

    /// A pod begins to serve whoever finds it. Gives its number.
    pub fn begin(&mut self, shape: Shape, now: SimTime) -> u32 {
        let station = Station::new(shape, self.rules.reach, now);
        self.begun += 1;
        let endpoint = Endpoint {
            station,
            state: State::Serves,
            mentions: 0,
            begun: self.begun,
            taken: 0,
            member: NOBODY,
            wants: 0.0,
            memory: None,
        };
        if let Some(number) = self.unused.pop() {
            self.endpoints[number as usize] = endpoint;
            number
        } else {
            self.endpoints.push(endpoint);
            u32::try_from(self.endpoints.len() - 1).unwrap_or(u32::MAX)
        }
    }

    /// A pod is faster or slower than others, or becomes so.
    pub fn set_pace(&mut self, endpoint: u32, pace: Pace) {
        self.endpoints[endpoint as usize].station.set_pace(pace);
    }

    /// A pod's memory depends on its requests; those that it had are kept in mind.
    pub fn set_memory(&mut self, endpoint: u32, memory: RequestMemory) {
        let known = &mut self.endpoints[endpoint as usize].memory;
        let had = known.map_or(0.0, |known| known.had);
        *known = Some(RequestMemory { had, ..memory });
    }

    /// Bytes that the requests of a pod take, those that it has and those that it had.
    pub fn memory(&self, endpoint: u32) -> f64 {
        let endpoint = &self.endpoints[endpoint as usize];
        endpoint.memory.map_or(0.0, |memory| memory.of_requests(endpoint.station.in_flight()))
    }

    /// Pods that ran out of memory since the last call, and when. They take no more requests.
    pub fn take_out_of_memory(&mut self) -> Vec<(u32, SimTime)> {
        std::mem::take(&mut self.out_of_memory)
    }

    /// Whether a pod has run out of memory that nobody has been told of.
    pub const fn is_out_of_memory(&self) -> bool {
        !self.out_of_memory.is_empty()
    }

    /// A pod is a member of its node, which it tells from now on what CPU it wants.
    pub fn join(&mut self, endpoint: u32, member: u32) {
        self.endpoints[endpoint as usize].member = member;
    }

    /// From `now` on a pod gets so many cores of its node.
    pub fn set_gets(&mut self, endpoint: u32, gets: f64, now: SimTime) {
        let station = &mut self.endpoints[endpoint as usize].station;
        station.set_gets(gets, now);
        self.next.set(endpoint, station.next_at());
    }

    /// From `now` on a pod uses so many cores without requests.
    pub fn set_beside(&mut self, endpoint: u32, beside: f64, now: SimTime) {
        let state = &mut self.endpoints[endpoint as usize];
        state.station.set_beside(beside, now);
        state.note_demand(&mut self.demands, now);
        self.next.set(endpoint, state.station.next_at());
    }

    /// A pod is, or is no longer, among the endpoints from `now` on: each proxy learns of it in its own time.
    pub fn announce(&mut self, endpoint: u32, is_ready: bool, now: SimTime) {
        for proxy in 0..self.latest.len() {
            let at = now + self.rules.propagation.sample_duration(&mut self.streams.propagation);
            let at = at.max(self.latest[proxy]);
            self.latest[proxy] = at;
            let proxy = u32::try_from(proxy).unwrap_or(u32::MAX);
            let news = if is_ready { News::Added { proxy, endpoint } } else { News::Removed { proxy, endpoint } };
            self.tell(at, news, endpoint);
        }
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

    /// What pods want of their nodes' CPU, of those that want another amount than when they were asked last.
    pub const fn demands(&mut self) -> &mut Vec<NewDemand> {
        &mut self.demands
    }

    /// Plays what happens before `until`, at most `most` steps, and only until a pod wants another amount of its node's CPU.
    /// Gives the number of steps.
    pub fn play(&mut self, until: SimTime, most: u64, ledger: &mut impl Ledger) -> u64 {
        let mut steps = 0;
        while steps < most && self.demands.is_empty() && self.out_of_memory.is_empty() {
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
                let state = &mut self.endpoints[endpoint as usize];
                let done = state.station.step(&mut self.arena);
                state.note_demand(&mut self.demands, at);
                self.next.set(endpoint, state.station.next_at());
                if let Some(slot) = done {
                    self.over(slot, Outcome::Served, at, ledger);
                }
            } else if let Some((deadline, ticket)) = self.deadlines.front().copied()
                && deadline == at
            {
                self.deadlines.pop_front();
                if let Some(request) = self.arena.give_up(ticket) {
                    self.failed += 1;
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
        let Some(number) = self.choose(user) else { return self.fail(user, Outcome::NoEndpoint, now, ledger) };
        let endpoint = &mut self.endpoints[number as usize];
        if endpoint.state != State::Serves {
            return self.fail(user, Outcome::DeadEndpoint, now, ledger);
        }
        let slot = self.arena.add(now, user);
        if endpoint.station.offer(Job { slot, cpu, wait }, now) == Offer::Full {
            self.arena.free(slot);
            return self.fail(user, Outcome::QueueFull, now, ledger);
        }
        endpoint.taken += 1;
        if let Some(memory) = &mut endpoint.memory
            && memory.is_full_with(endpoint.station.in_flight())
        {
            endpoint.state = State::Refuses;
            self.out_of_memory.push((number, now));
        }
        endpoint.note_demand(&mut self.demands, now);
        self.next.set(number, endpoint.station.next_at());
        if let Some(timeout) = self.rules.timeout {
            self.deadlines.push_back((now + timeout, self.arena.ticket(slot)));
        }
    }

    /// The endpoint for a request: that of the user's connection, if it keeps one and its pod takes requests, or that of a
    /// new one.
    fn choose(&mut self, user: u32) -> Option<u32> {
        let endpoints = &self.endpoints;
        let keeps_alive = self.clients.keeps_alive();
        let kept = self.connections.get(user as usize).filter(|_| keeps_alive);
        if let Some((number, begun)) = kept.copied()
            && let Some(endpoint) = endpoints.get(number as usize)
            && endpoint.begun == begun
            && endpoint.state == State::Serves
        {
            return Some(number);
        }
        let chosen =
            self.proxies.choose(&mut self.streams.routes, |number| endpoints[number as usize].station.in_flight());
        if keeps_alive && let Some(number) = chosen {
            let place = user as usize;
            if self.connections.len() <= place {
                self.connections.resize(place + 1, (NOBODY, 0));
            }
            self.connections[place] = (number, endpoints[number as usize].begun);
        }
        chosen
    }

    /// A request is refused as soon as it is sent.
    fn fail(&mut self, user: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) {
        self.failed += 1;
        ledger.ended(outcome, now, SimDuration::ZERO);
        self.clients.answered(user, now + REFUSAL, &mut self.streams.clients);
    }

    /// A request leaves its pod.
    fn over(&mut self, slot: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) {
        if !self.arena.is_given_up(slot) {
            let request = self.arena.get(slot);
            self.failed += u64::from(outcome != Outcome::Served);
            ledger.ended(outcome, now, now - request.sent);
            self.clients.answered(request.user, now, &mut self.streams.clients);
        }
        self.arena.free(slot);
    }

    fn learn(&mut self, news: News) {
        let endpoint = match news {
            News::Added { proxy, endpoint } => {
                if self.proxies.add(proxy as usize, endpoint) {
                    self.endpoints[endpoint as usize].mentions += 1;
                }
                endpoint
            }
            News::Removed { proxy, endpoint } => {
                if self.proxies.remove(proxy as usize, endpoint) {
                    self.endpoints[endpoint as usize].mentions -= 1;
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
