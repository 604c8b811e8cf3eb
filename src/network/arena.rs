//! Requests that are on their way, each in a slot that is used again when it is done: memory depends on how many there
//! are at once, not on how many there were.

use crate::units::SimTime;

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When its client sent it.
    pub sent: SimTime,
    /// The user that waits for it, in a closed loop.
    pub user: u32,
    /// The backend that got it.
    pub backend: u32,
    /// Whether it is answered with an error.
    pub is_error: bool,
    /// Grows when the slot is used again, so that a deadline of the request before is known to be stale.
    generation: u32,
    /// Its client does not wait for it any more.
    given_up: bool,
}

/// A request of a slot at a time: stale once the slot is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    slot: u32,
    generation: u32,
}

/// All requests on their way.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    requests: Vec<Request>,
    free: Vec<u32>,
}

impl Arena {
    /// A new request.
    pub fn add(&mut self, sent: SimTime, user: u32) -> u32 {
        if let Some(slot) = self.free.pop() {
            let request = &mut self.requests[slot as usize];
            let generation = request.generation;
            *request = Request { sent, user, backend: 0, is_error: false, generation, given_up: false };
            slot
        } else {
            self.requests.push(Request { sent, user, backend: 0, is_error: false, generation: 0, given_up: false });
            u32::try_from(self.requests.len() - 1).unwrap_or(u32::MAX)
        }
    }

    /// The backend that gets a request, and whether it answers with an error.
    pub fn set_backend(&mut self, slot: u32, backend: u32, is_error: bool) {
        let request = &mut self.requests[slot as usize];
        (request.backend, request.is_error) = (backend, is_error);
    }

    /// A request.
    pub fn get(&self, slot: u32) -> Request {
        self.requests[slot as usize]
    }

    /// The request that a slot has now.
    pub fn ticket(&self, slot: u32) -> Ticket {
        Ticket { slot, generation: self.requests[slot as usize].generation }
    }

    /// Its slot is used no more.
    pub fn free(&mut self, slot: u32) {
        let request = &mut self.requests[slot as usize];
        request.generation = request.generation.wrapping_add(1);
        self.free.push(slot);
    }

    /// Whether its client does not wait for it any more.
    pub fn is_given_up(&self, slot: u32) -> bool {
        self.requests[slot as usize].given_up
    }

    /// Its client does not wait for it any more. Gives the request, unless it is done or given up already.
    pub fn give_up(&mut self, ticket: Ticket) -> Option<Request> {
        let request = self.requests.get_mut(ticket.slot as usize)?;
        if request.generation != ticket.generation || request.given_up {
            return None;
        }
        request.given_up = true;
        Some(*request)
    }

    /// Whether a ticket's request is still waited for.
    pub fn is_waited_for(&self, ticket: Ticket) -> bool {
        self.requests
            .get(ticket.slot as usize)
            .is_some_and(|request| request.generation == ticket.generation && !request.given_up)
    }
}
