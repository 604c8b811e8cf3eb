//! The requests of one traffic entry, each played: sent, routed, served or lost.
//!
//! It does what concerns its own clients, proxies and pods; what concerns other entries too (calls, attempts of calls) it
//! gives back as an [`Effect`] to `calls::graph`, which plays the entries in one order of time.

mod endings;
mod news;
mod servers;

use super::arena::{Arena, NONE, Origin, Ticket};
use super::clients::Clients;
use super::earliest::Earliest;
use super::node_cpus::NewDemand;
pub use super::outcome::{Effect, Ledger, Outcome};
use super::place::Crossing;
use super::proxies::{Chosen, Lost, Proxies, Sender};
use super::request_memory::RequestMemory;
use super::routing::usable::ZoneId;
pub use super::rules::{Calls, Rules, Streams, Work};
use super::split::{Missing, Split};
use super::station::{Job, Offer, Shape, Station};
use crate::units::{SimDuration, SimTime};
use endings::visits_of;
use news::News;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

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
    /// The backend that it belongs to, and the group of pods of one revision.
    backend: u32,
    group: u32,
    /// Its zone.
    zone: Option<ZoneId>,
    /// Proxies that know it, and news of it on their way.
    mentions: u32,
    /// Requests that wait for their calls without a worker.
    calling: usize,
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
    fn in_flight(&self) -> usize {
        self.station.in_flight() + self.calling
    }
}

/// The requests of a traffic entry.
#[derive(Clone, Debug)]
pub struct Service {
    rules: Rules,
    pub streams: Streams,
    pub clients: Clients,
    proxies: Proxies,
    endpoints: Vec<Endpoint>,
    /// Endpoints whose number may be used again.
    unused: Vec<u32>,
    next: Earliest,
    pub arena: Arena,
    deadlines: VecDeque<(SimTime, Ticket)>,
    news: BinaryHeap<Reverse<(SimTime, u64, News)>>,
    news_count: u64,
    /// How requests were split from some instant on.
    splits: Vec<Split>,
    /// The last news of each proxy: it learns of changes in their order.
    latest: Vec<SimTime>,
    /// Requests sent, and failed, since somebody asked.
    sent: u64,
    failed: u64,
    /// The same of those that reached each backend.
    visits: Vec<[u64; 2]>,
    demands: Vec<NewDemand>,
    /// By user who keeps its connection: where it goes, and which of those that had the endpoint's number it is.
    connections: Vec<Option<(Chosen, u64)>>,
    /// Pods that began so far.
    begun: u64,
    /// Pods that ran out of memory, since somebody asked.
    out_of_memory: Vec<(u32, SimTime)>,
}

/// Draws after which an endpoint that is shunned is taken.
const DRAWS: u32 = 16;
/// What it takes to find out that a request is refused: a round trip.
pub const REFUSAL: SimDuration = SimDuration::from_millis(1);

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
            splits: Vec::new(),
            latest,
            sent: 0,
            failed: 0,
            visits: Vec::new(),
            demands: Vec::new(),
            connections: Vec::new(),
            begun: 0,
            out_of_memory: Vec::new(),
        }
    }

    /// A pod begins to serve whoever finds it. Gives its number.
    pub fn begin(&mut self, backend: u32, shape: Shape, now: SimTime) -> u32 {
        let station = Station::new(shape, self.rules.reach, now);
        self.begun += 1;
        let endpoint = Endpoint::new(backend, station, self.begun);
        if let Some(number) = self.unused.pop() {
            self.endpoints[number as usize] = endpoint;
            number
        } else {
            self.endpoints.push(endpoint);
            u32::try_from(self.endpoints.len() - 1).unwrap_or(u32::MAX)
        }
    }

    /// The proxies.
    pub const fn proxies(&mut self) -> &mut Proxies {
        &mut self.proxies
    }

    /// A pod is gone. Gives all requests that it has.
    pub fn end(&mut self, endpoint: u32, now: SimTime) -> Vec<u32> {
        let state = &mut self.endpoints[endpoint as usize];
        state.state = State::Gone;
        let mut slots = state.station.cut(now);
        state.calling = 0;
        if self.rules.calls != Calls::None {
            slots.extend(self.arena.calling_at(endpoint));
        }
        self.next.set(endpoint, SimTime::MAX);
        self.forget(endpoint);
        slots
    }

    /// Pods that take requests.
    pub fn serving(&self) -> usize {
        self.endpoints.iter().filter(|endpoint| endpoint.state == State::Serves).count()
    }

    /// Requests that were sent, and those that failed, since the last call.
    pub fn take_counts(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.failed))
    }

    /// When something happens next.
    pub fn next_at(&self) -> SimTime {
        let news = self.news.peek().map_or(SimTime::MAX, |Reverse((at, ..))| *at);
        let deadline = self.deadlines.front().map_or(SimTime::MAX, |(at, _)| *at);
        self.next.first().0.min(self.clients.next_at()).min(news).min(deadline)
    }

    /// Forgets the deadlines of requests that have ended.
    pub fn drop_stale_deadlines(&mut self) {
        while let Some((_, ticket)) = self.deadlines.front()
            && !self.arena.is_waited_for(*ticket)
        {
            self.deadlines.pop_front();
        }
    }

    /// Does what happens next, at `at`.
    pub fn step(&mut self, at: SimTime, ledger: &mut impl Ledger) -> Effect {
        let (station_at, endpoint) = self.next.first();
        if let Some(Reverse((news_at, _, news))) = self.news.peek().copied()
            && news_at == at
        {
            self.news.pop();
            self.learn(news, at);
        } else if station_at == at {
            let state = &mut self.endpoints[endpoint as usize];
            let done = if self.rules.calls == Calls::Synchronous {
                state.station.step_and_hold(&mut self.arena)
            } else {
                state.station.step(&mut self.arena)
            };
            state.note_demand(&mut self.demands, at);
            self.next.set(endpoint, state.station.next_at());
            if let Some(slot) = done {
                if self.rules.calls == Calls::None {
                    return self.over(slot, Outcome::Served, at, ledger);
                }
                if self.rules.calls == Calls::Asynchronous {
                    self.endpoints[endpoint as usize].calling += 1;
                }
                self.arena.get_mut(slot).is_calling = true;
                return Effect::Calls(slot);
            }
        } else if let Some((deadline, ticket)) = self.deadlines.front().copied()
            && deadline == at
        {
            self.deadlines.pop_front();
            if let Some(request) = self.give_up(ticket, Outcome::Timeout, at, ledger)
                && let Origin::User(user) = request.origin
            {
                self.clients.answered(user, at, &mut self.streams.clients);
            }
        } else if self.clients.next_at() == at
            && let Some(user) = self.clients.step(self.rules.end, &mut self.streams.clients)
        {
            ledger.sent(at);
            if self.rules.clients_retry {
                return Effect::Sends(user);
            }
            return self.send(user, at, ledger);
        }
        Effect::Nothing
    }

    /// A user sends a request, and will not try again.
    fn send(&mut self, user: u32, now: SimTime, ledger: &mut impl Ledger) -> Effect {
        let slot = self.add(Origin::User(user), now, ledger);
        if let Some(timeout) = self.rules.timeout {
            self.deadlines.push_back((now + timeout, self.arena.ticket(slot)));
        }
        match self.delay() {
            Some(takes) => Effect::OnItsWay { slot, takes },
            None => {
                self.arrive(slot, now, ledger, |_| false);
                Effect::Nothing
            }
        }
    }

    /// A request or an attempt is sent here.
    pub fn add(&mut self, origin: Origin, now: SimTime, ledger: &mut impl Ledger) -> u32 {
        ledger.attempted(now);
        self.sent += 1;
        self.arena.add_from(now, origin)
    }

    /// How long a sidecar of its pods takes for a request and its answer.
    pub fn delay(&mut self) -> Option<SimDuration> {
        let latency = self.rules.mesh_latency.as_ref()?;
        Some(latency.sample_duration(&mut self.streams.mesh))
    }

    /// A request comes to a proxy, which shuns some of the endpoints. Gives the endpoint and the cause if it is refused.
    pub fn arrive(
        &mut self,
        slot: u32,
        now: SimTime,
        ledger: &mut impl Ledger,
        shuns: impl Fn(u32) -> bool,
    ) -> Option<(u32, Outcome)> {
        // Drawn also for requests that are lost, so that the others are the same ones whatever is lost.
        let cpu = self.rules.cpu.sample(&mut self.streams.cpu) * 1e9 + self.rules.mesh_cpu;
        let wait = self.rules.wait.sample_duration(&mut self.streams.wait);
        if self.arena.is_given_up(slot) {
            self.arena.free(slot);
            return None;
        }
        let chosen = match self.kept_or_chosen(slot, now, shuns) {
            Ok(chosen) => chosen,
            Err((missing, route)) => {
                self.arena.get_mut(slot).route = route.unwrap_or(NONE);
                return Some(self.refuse(slot, NONE, outcome_without(missing), now, ledger));
            }
        };
        let number = chosen.endpoint;
        self.arena.get_mut(slot).route = chosen.route;
        let endpoint = &mut self.endpoints[number as usize];
        let backend = endpoint.backend;
        visits_of(&mut self.visits, backend)[0] += 1;
        if endpoint.state != State::Serves {
            return Some(self.refuse(slot, number, Outcome::DeadEndpoint, now, ledger));
        }
        let work = self.rules.backends.get(backend as usize);
        let (cpu, wait) = match work {
            Some(work) => work.change(cpu, wait, &mut self.streams.backends),
            None => (cpu, wait),
        };
        let is_error = self.rules.is_error(work, &mut self.streams.backends);
        if endpoint.station.offer(Job { slot, cpu, wait }, now) == Offer::Full {
            return Some(self.refuse(slot, number, Outcome::QueueFull, now, ledger));
        }
        let request = self.arena.get_mut(slot);
        (request.endpoint, request.is_error) = (number, is_error);
        request.crossing = Crossing::between(chosen.zone, endpoint.zone);
        endpoint.taken += 1;
        if endpoint.fills_memory() {
            self.out_of_memory.push((number, now));
        }
        endpoint.note_demand(&mut self.demands, now);
        self.next.set(number, endpoint.station.next_at());
        None
    }

    /// The Service and the endpoint for a request; one that is shunned if there seems to be no other.
    fn choose(&mut self, sender: Sender, shuns: impl Fn(u32) -> bool) -> Result<Chosen, Lost> {
        let endpoints = &self.endpoints;
        let in_flight = |number: u32| {
            if shuns(number) { usize::MAX } else { endpoints[number as usize].in_flight() }
        };
        let mut chosen = self.proxies.choose(sender, &mut self.streams.routes, in_flight)?;
        for _ in 0..DRAWS {
            if !shuns(chosen.endpoint) {
                break;
            }
            chosen = self.proxies.choose(sender, &mut self.streams.routes, in_flight)?;
        }
        Ok(chosen)
    }
}

/// What becomes of a request for which something is missing.
const fn outcome_without(missing: Missing) -> Outcome {
    match missing {
        Missing::Endpoint => Outcome::NoEndpoint,
        Missing::Name => Outcome::NoName,
        Missing::Route => Outcome::NoRoute,
        Missing::Node => Outcome::DeadEndpoint,
    }
}
