//! All traffic entries that are played request by request, in one order of time.
//!
//! Of events at the same instant those of the first entry come first, then those of others in their order, then time-outs
//! of calls by the place of the call, then what is on its way.

use super::super::arena::NONE;
use super::super::earliest::Earliest;
use super::super::node_cpus::NodeCpus;
use super::super::outcome::{Effect, Ledger, Outcome};
use super::super::routing::usable::Known;
use super::super::service::Service;
use super::super::slots::{Slots, Ticket};
use super::super::station::Shape;
use super::call::Call;
use super::site::Site;
use crate::units::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// Something that happens to a call or an attempt after a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A request has come through the sidecars.
    Arrives { service: usize, slot: u32 },
    /// An attempt was refused; `None` if it was not even sent.
    Refused { call: Ticket, attempt: u8, endpoint: u32, outcome: Option<Outcome> },
    /// The back-off is over.
    Retries { call: Ticket },
    /// A call without an answer is sent a second time.
    Hedges { call: Ticket },
}

/// The traffic entries and the calls among them.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) services: Vec<Service>,
    /// Which ledger each service has.
    ledgers: Vec<usize>,
    pub(super) sites: Vec<Site>,
    /// The sites of each stage, service by service.
    pub(super) stages: Vec<Vec<Range<usize>>>,
    /// The site of each service's users, if they try again.
    user_sites: Vec<Option<usize>>,
    pub(super) calls: Slots<Call>,
    timers: BinaryHeap<Reverse<(SimTime, u64, Timer)>>,
    timer_count: u64,
    /// The services, then the sites, then the timers.
    next: Earliest,
    /// The CPU of the nodes of their pods.
    pub cpus: NodeCpus,
    /// Whether a pod has run out of memory that nobody has been told of.
    is_out_of_memory: bool,
}

impl Graph {
    /// Services with the index of their ledgers, the sites of their calls, those of a caller together in the order of its
    /// stages, and how many sites each stage of each service has.
    pub fn new(services: Vec<(Service, usize)>, sites: Vec<Site>, stages: &[Vec<usize>]) -> Self {
        let mut graph = Self { user_sites: vec![None; services.len()], ..Self::default() };
        (graph.services, graph.ledgers) = services.into_iter().unzip();
        let mut first = vec![None; graph.services.len()];
        for (index, site) in sites.iter().enumerate() {
            if site.by_user {
                graph.user_sites[site.caller] = Some(index);
            } else {
                first[site.caller].get_or_insert(index);
            }
        }
        for (service, sizes) in stages.iter().enumerate() {
            let mut from = first[service].unwrap_or(0);
            let range = |size: &usize| {
                let range = from..from + size;
                from += size;
                range
            };
            graph.stages.push(sizes.iter().map(range).collect());
        }
        graph.sites = sites;
        for service in 0..graph.services.len() {
            graph.touch(service);
        }
        graph
    }

    /// A service.
    pub fn service(&self, service: usize) -> &Service {
        &self.services[service]
    }

    /// A service, to ask it or to take what it counted.
    pub fn service_mut(&mut self, service: usize) -> &mut Service {
        &mut self.services[service]
    }

    /// The places at which calls are made.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// When something happens next.
    pub fn next_at(&self) -> SimTime {
        self.next.first().0
    }

    /// A pod of a backend begins to serve whoever finds it. Gives its number.
    pub fn begin(&mut self, service: usize, backend: u32, shape: Shape, now: SimTime) -> u32 {
        let endpoint = self.services[service].begin(backend, shape, now);
        // The number may be one that another pod had.
        for site in &mut self.sites {
            if site.callee == service {
                site.clients.iter_mut().for_each(|client| client.outliers.forget(endpoint));
            }
            if site.caller == service
                && !site.by_user
                && let Some(client) = site.clients.get_mut(endpoint as usize)
            {
                *client = super::site::Client { in_flight: client.in_flight, ..Default::default() };
            }
        }
        endpoint
    }

    /// A pod is, or is no longer, among the endpoints of a route from `now` on.
    pub fn announce(&mut self, service: usize, route: usize, endpoint: u32, known: Option<Known>, now: SimTime) {
        self.services[service].announce(route, endpoint, known, now);
        self.touch(service);
    }

    /// A pod takes no more requests from an instant on.
    pub fn refuse_from(&mut self, service: usize, endpoint: u32, at: SimTime) {
        self.services[service].refuse_from(endpoint, at);
        self.touch(service);
    }

    /// A pod is gone, with all requests that it has.
    pub fn end<L: Ledger>(&mut self, service: usize, endpoint: u32, now: SimTime, ledgers: &mut [L]) {
        for slot in self.services[service].end(endpoint, now) {
            self.abandon_calls(service, slot, now, ledgers);
            let ledger = &mut ledgers[self.ledgers[service]];
            let effect = self.services[service].over(slot, Outcome::Cut, now, ledger);
            self.act(service, effect, now, ledgers);
        }
        self.touch(service);
    }

    /// Plays what happens before `until`, at most `most` steps, and only until a pod runs out of memory. Gives the number of
    /// steps.
    pub fn play<L: Ledger>(&mut self, until: SimTime, most: u64, ledgers: &mut [L]) -> u64 {
        let mut steps = 0;
        while steps < most && !self.is_out_of_memory {
            let (at, leaf) = self.next.first();
            if at >= until {
                break;
            }
            steps += 1;
            let leaf = leaf as usize;
            if let Some(service) = self.services.get_mut(leaf) {
                let effect = service.step(at, &mut ledgers[self.ledgers[leaf]]);
                self.act(leaf, effect, at, ledgers);
                self.touch(leaf);
            } else if leaf - self.services.len() < self.sites.len() {
                self.time_out(leaf - self.services.len(), at, ledgers);
            } else {
                self.ring(at, ledgers);
            }
        }
        steps
    }

    /// The ledger of a service.
    pub(super) fn ledger<'a, L>(&self, service: usize, ledgers: &'a mut [L]) -> &'a mut L {
        &mut ledgers[self.ledgers[service]]
    }

    /// Finds out when a service does something next.
    pub fn touch(&mut self, service: usize) {
        let state = &mut self.services[service];
        self.is_out_of_memory |= state.is_out_of_memory();
        if self.cpus.note(state.demands()) {
            self.share_cpu();
        }
        let state = &mut self.services[service];
        state.drop_stale_deadlines();
        self.next.set(leaf(service), state.next_at());
    }

    /// Gives pods what their nodes give them from now on.
    pub fn share_cpu(&mut self) {
        for new in self.cpus.take_new_shares() {
            if let Some(service) = self.services.get_mut(new.service) {
                service.set_gets(new.endpoint, new.gets, new.since);
                self.next.set(leaf(new.service), service.next_at());
            }
        }
    }

    /// Pods that ran out of memory since the last call: service, endpoint, and when.
    pub fn take_out_of_memory(&mut self) -> Vec<(usize, u32, SimTime)> {
        if !std::mem::take(&mut self.is_out_of_memory) {
            return Vec::new();
        }
        let services = self.services.iter_mut().enumerate();
        let of_service = |(index, service): (usize, &mut Service)| {
            service.take_out_of_memory().into_iter().map(move |(endpoint, at)| (index, endpoint, at))
        };
        services.flat_map(of_service).collect()
    }

    /// What a step of a service has for others.
    pub(super) fn act<L: Ledger>(&mut self, service: usize, effect: Effect, now: SimTime, ledgers: &mut [L]) {
        match effect {
            Effect::Nothing => {}
            Effect::Sends(user) => {
                if let Some(site) = self.user_sites[service] {
                    self.call_by_user(site, user, now, ledgers);
                }
            }
            Effect::OnItsWay { slot, takes } => self.set_timer(now + takes, Timer::Arrives { service, slot }),
            Effect::Calls(slot) => self.next_stage(service, slot, now, ledgers),
            Effect::Reply(reply) => {
                self.attempt_ended(reply.call, reply.attempt, reply.endpoint, Some(reply.outcome), now, ledgers);
            }
        }
    }

    /// Something happens at `at`.
    pub(super) fn set_timer(&mut self, at: SimTime, timer: Timer) {
        self.timer_count += 1;
        self.timers.push(Reverse((at, self.timer_count, timer)));
        self.touch_timers();
    }

    fn touch_timers(&mut self) {
        let at = self.timers.peek().map_or(SimTime::MAX, |Reverse((at, ..))| *at);
        self.next.set(leaf(self.services.len() + self.sites.len()), at);
    }

    /// The first timer.
    fn ring<L: Ledger>(&mut self, now: SimTime, ledgers: &mut [L]) {
        let timer = self.timers.pop();
        self.touch_timers();
        let Some(Reverse((_, _, timer))) = timer else { return };
        match timer {
            Timer::Arrives { service, slot } => self.arrive(service, slot, now, ledgers),
            Timer::Refused { call, attempt, endpoint, outcome } => {
                self.attempt_ended(call, attempt, endpoint, outcome, now, ledgers);
            }
            Timer::Retries { call } if self.calls.holds(call) => self.send_attempt(call.slot, 0, now, ledgers),
            Timer::Hedges { call } if self.calls.holds(call) => self.hedge(call.slot, now, ledgers),
            Timer::Retries { .. } | Timer::Hedges { .. } => {}
        }
    }

    /// An attempt times out at a site.
    pub(super) fn set_deadline(&mut self, site: usize, at: SimTime, attempt: Ticket) {
        let deadlines = &mut self.sites[site].deadlines;
        deadlines.push_back((at, attempt));
        if deadlines.len() == 1 {
            self.next.set(leaf(self.services.len() + site), at);
        }
    }

    /// The first attempt of a site that still waits times out, if its time has come.
    fn time_out<L: Ledger>(&mut self, site: usize, now: SimTime, ledgers: &mut [L]) {
        let callee = self.sites[site].callee;
        self.drop_stale_deadlines(site);
        let first = self.sites[site].deadlines.front().copied();
        if let Some((at, attempt)) = first
            && at <= now
        {
            self.sites[site].deadlines.pop_front();
            self.sites[site].counts.timeouts += 1;
            let ledger = &mut ledgers[self.ledgers[callee]];
            let request = self.services[callee].give_up(attempt, Outcome::Timeout, now, ledger);
            if let Some(request) = request
                && let super::super::arena::Origin::Call { call, attempt, .. } = request.origin
            {
                self.attempt_ended(call, attempt, request.endpoint, Some(Outcome::Timeout), now, ledgers);
            }
            self.drop_stale_deadlines(site);
        }
        let next = self.sites[site].deadlines.front().map_or(SimTime::MAX, |(at, _)| *at);
        self.next.set(leaf(self.services.len() + site), next);
    }

    fn drop_stale_deadlines(&mut self, site: usize) {
        let site = &mut self.sites[site];
        let arena = &self.services[site.callee].arena;
        while site.deadlines.front().is_some_and(|(_, attempt)| !arena.is_waited_for(*attempt)) {
            site.deadlines.pop_front();
        }
    }

    /// A request comes to the service that it was sent to.
    pub(super) fn arrive<L: Ledger>(&mut self, service: usize, slot: u32, now: SimTime, ledgers: &mut [L]) {
        let origin = self.services[service].arena.get(slot).origin;
        let ledger = &mut ledgers[self.ledgers[service]];
        let state = &mut self.services[service];
        let super::super::arena::Origin::Call { call, attempt, .. } = origin else {
            state.arrive(slot, now, ledger, |_| false);
            return self.touch(service);
        };
        let outliers = if self.calls.holds(call) {
            let call = self.calls.get(call.slot);
            self.sites[call.site as usize].clients.get(call.parent.client()).map(|client| &client.outliers)
        } else {
            None
        };
        let shuns = |endpoint| outliers.is_some_and(|outliers| outliers.is_ejected(endpoint, now));
        let refused = state.arrive(slot, now, ledger, shuns);
        self.touch(service);
        if let Some((endpoint, outcome)) = refused {
            let refused = Timer::Refused { call, attempt, endpoint, outcome: Some(outcome) };
            self.set_timer(now + super::super::service::REFUSAL, refused);
        }
    }

    /// How long an attempt of a site takes through sidecars.
    pub(super) fn delay(&mut self, site: usize) -> SimDuration {
        let Site { caller, callee, by_user, .. } = self.sites[site];
        let out = if by_user { None } else { self.services[caller].delay() };
        let into = self.services[callee].delay();
        out.unwrap_or_default() + into.unwrap_or_default()
    }
}

/// A leaf of the tournament.
pub(super) fn leaf(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
