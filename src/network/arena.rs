//! Requests that are on their way to a service or in one of its pods.

use super::place::Crossing;
use super::slots::Slots;
pub use super::slots::Ticket;
use crate::units::SimTime;

/// No slot, or no endpoint.
pub const NONE: u32 = u32::MAX;

/// Who sent a request and waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A user; 0 in an open loop. It does not try again.
    User(u32),
    /// It is an attempt of a call: by a user that tries again, or by the pod of another service.
    Call {
        /// The call.
        call: Ticket,
        /// Which of the attempts in flight: 0, or 1 of a hedge.
        attempt: u8,
        /// Whether a user calls.
        by_user: bool,
    },
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When it was sent.
    pub sent: SimTime,
    /// Who sent it.
    pub origin: Origin,
    /// The endpoint that has it.
    pub endpoint: u32,
    /// The Service that it went to, by its number among those of the entry.
    pub route: u32,
    /// Whether it left its zone.
    pub crossing: Crossing,
    /// Whether it is answered with an error.
    pub is_error: bool,
    /// The next stage of its calls.
    pub stage: u32,
    /// Its calls without an answer: how many, and the first of their list.
    pub open_calls: u32,
    /// See `open_calls`.
    pub first_call: u32,
    /// It has done its own work and is in the stages of its calls.
    pub is_calling: bool,
    /// Its sender does not wait for it any more.
    given_up: bool,
}

/// All requests on their way.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    requests: Slots<Request>,
}

impl Arena {
    /// A new request of a user.
    #[cfg(test)]
    pub fn add(&mut self, sent: SimTime, user: u32) -> u32 {
        self.add_from(sent, Origin::User(user))
    }

    /// A new request.
    pub fn add_from(&mut self, sent: SimTime, origin: Origin) -> u32 {
        self.requests.add(Request {
            sent,
            origin,
            endpoint: NONE,
            route: NONE,
            crossing: Crossing::Unknown,
            is_error: false,
            stage: 0,
            open_calls: 0,
            first_call: NONE,
            is_calling: false,
            given_up: false,
        })
    }

    /// A request.
    pub fn get(&self, slot: u32) -> &Request {
        self.requests.get(slot)
    }

    /// A request to change it.
    pub fn get_mut(&mut self, slot: u32) -> &mut Request {
        self.requests.get_mut(slot)
    }

    /// The request that a slot has now.
    pub fn ticket(&self, slot: u32) -> Ticket {
        self.requests.ticket(slot)
    }

    /// Its slot is used no more.
    pub fn free(&mut self, slot: u32) {
        // A slot that is free is not among those that call.
        self.requests.get_mut(slot).is_calling = false;
        self.requests.free(slot);
    }

    /// Whether its sender does not wait for it any more.
    pub fn is_given_up(&self, slot: u32) -> bool {
        self.requests.get(slot).given_up
    }

    /// Its sender does not wait for it any more. Gives the request, unless it is done or given up already.
    pub fn give_up(&mut self, ticket: Ticket) -> Option<Request> {
        if !self.is_waited_for(ticket) {
            return None;
        }
        let request = self.requests.get_mut(ticket.slot);
        request.given_up = true;
        Some(*request)
    }

    /// Whether a ticket's request is still waited for.
    pub fn is_waited_for(&self, ticket: Ticket) -> bool {
        self.requests.holds(ticket) && !self.requests.get(ticket.slot).given_up
    }

    /// The requests of an endpoint that wait for their calls.
    pub fn calling_at(&self, endpoint: u32) -> Vec<u32> {
        let is_there = |request: &Request| request.is_calling && request.endpoint == endpoint;
        self.requests.iter().filter(|(_, request)| is_there(request)).map(|(slot, _)| slot).collect()
    }
}
