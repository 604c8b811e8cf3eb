//! The pods of a service one by one: what they use, what they get of their nodes, how fast they are, what memory their requests
//! take, and which users keep their connections to them.

use super::{Endpoint, Service, State};
use crate::network::arena::Origin;
use crate::network::node_cpus::{NOBODY, NewDemand};
use crate::network::proxies::{Chosen, Lost, Sender};
use crate::network::request_memory::RequestMemory;
use crate::network::routing::usable::ZoneId;
use crate::network::station::{Pace, Station};
use crate::units::SimTime;

impl Endpoint {
    /// A pod that serves, as one of so many that began.
    pub(super) const fn new(backend: u32, station: Station, begun: u64) -> Self {
        let (state, memory, member) = (State::Serves, None, NOBODY);
        Self {
            station,
            state,
            backend,
            group: 0,
            zone: None,
            mentions: 0,
            calling: 0,
            taken: 0,
            begun,
            memory,
            member,
            wants: 0.0,
        }
    }

    /// Notes for its node what it wants, if that changed.
    pub(super) fn note_demand(&mut self, demands: &mut Vec<NewDemand>, now: SimTime) {
        if self.member != NOBODY {
            let wants = self.station.wants();
            if wants.total_cmp(&self.wants).is_ne() {
                self.wants = wants;
                demands.push(NewDemand { member: self.member, wants, since: now });
            }
        }
    }

    /// A request has come. Says whether it is one too many for the pod's memory: it takes none any more then.
    pub(super) fn fills_memory(&mut self) -> bool {
        let in_flight = self.in_flight();
        let is_full = self.memory.as_mut().is_some_and(|memory| memory.is_full_with(in_flight));
        if is_full {
            self.state = State::Refuses;
        }
        is_full
    }
}

impl Service {
    /// Requests that a pod has, and those of them that wait for a worker.
    pub fn in_flight(&self, endpoint: u32) -> (usize, usize) {
        let state = &self.endpoints[endpoint as usize];
        (state.in_flight(), state.station.queued())
    }

    /// The group of pods that a pod belongs to: those of one revision of one workload.
    pub fn set_group(&mut self, endpoint: u32, group: u32) {
        self.endpoints[endpoint as usize].group = group;
    }

    /// The zone that a pod is in.
    pub fn set_zone(&mut self, endpoint: u32, zone: Option<ZoneId>) {
        self.endpoints[endpoint as usize].zone = zone;
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
        endpoint.memory.map_or(0.0, |memory| memory.of_requests(endpoint.in_flight()))
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

    /// What pods want of their nodes' CPU, of those that want another amount than when they were asked last.
    pub const fn demands(&mut self) -> &mut Vec<NewDemand> {
        &mut self.demands
    }

    /// The Service and the endpoint for a request: those of its user's connection, if it keeps one and its pod takes requests,
    /// or those of a new one.
    pub(super) fn kept_or_chosen(
        &mut self,
        slot: u32,
        now: SimTime,
        shuns: impl Fn(u32) -> bool,
    ) -> Result<Chosen, Lost> {
        let user = match self.arena.get(slot).origin {
            Origin::User(user) => user,
            Origin::Call { by_user, .. } => return self.choose(Sender { client: 0, now, is_user: by_user }, shuns),
        };
        let sender = Sender { client: user, now, is_user: true };
        if !self.clients.keeps_alive() {
            return self.choose(sender, shuns);
        }
        let place = user as usize;
        if let Some((kept, begun)) = self.connections.get(place).copied().flatten()
            && let Some(endpoint) = self.endpoints.get(kept.endpoint as usize)
            && endpoint.begun == begun
            && endpoint.state == State::Serves
        {
            return Ok(kept);
        }
        let chosen = self.choose(sender, shuns)?;
        if self.connections.len() <= place {
            self.connections.resize(place + 1, None);
        }
        self.connections[place] = Some((chosen, self.endpoints[chosen.endpoint as usize].begun));
        Ok(chosen)
    }
}
