//! How requests leave a service: refused, given up, answered or lost, and who is told.

use super::{Effect, Ledger, Outcome, REFUSAL, Service};
use crate::network::arena::{NONE, Origin, Request, Ticket};
use crate::network::outcome::Reply;
use crate::network::place::Place;
use crate::network::rules::Calls;
use crate::units::SimTime;

impl Service {
    /// A request is refused as soon as it comes.
    pub(super) fn refuse(
        &mut self,
        slot: u32,
        endpoint: u32,
        outcome: Outcome,
        now: SimTime,
        ledger: &mut impl Ledger,
    ) -> (u32, Outcome) {
        self.failed += 1;
        self.note_failure(endpoint);
        let request = *self.arena.get(slot);
        self.arena.free(slot);
        ledger.left(self.place(&request, endpoint), outcome, now, now - request.sent);
        match request.origin {
            Origin::User(user) => {
                ledger.ended(outcome, now, now - request.sent);
                self.clients.answered(user, now + REFUSAL, &mut self.streams.clients);
            }
            Origin::Call { by_user: false, .. } => ledger.ended(outcome, now, now - request.sent),
            Origin::Call { by_user: true, .. } => {}
        }
        (endpoint, outcome)
    }

    /// Whoever sent a request does not wait for it any more, unless it has ended.
    pub fn give_up(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        now: SimTime,
        ledger: &mut impl Ledger,
    ) -> Option<Request> {
        let request = self.arena.give_up(ticket)?;
        if outcome != Outcome::Abandoned {
            self.failed += 1;
            self.note_failure(request.endpoint);
        }
        ledger.left(self.place(&request, request.endpoint), outcome, now, now - request.sent);
        if !matches!(request.origin, Origin::Call { by_user: true, .. }) {
            ledger.ended(outcome, now, now - request.sent);
        }
        Some(request)
    }

    /// A request whose calls are over leaves its pod.
    pub fn leave(&mut self, slot: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) -> Effect {
        let number = self.arena.get(slot).endpoint;
        let endpoint = &mut self.endpoints[number as usize];
        if self.rules.calls == Calls::Synchronous {
            endpoint.station.release(&mut self.arena, now);
            endpoint.note_demand(&mut self.demands, now);
            self.next.set(number, endpoint.station.next_at());
        } else {
            endpoint.calling -= 1;
        }
        self.over(slot, outcome, now, ledger)
    }

    /// A request has left its pod.
    pub fn over(&mut self, slot: u32, outcome: Outcome, now: SimTime, ledger: &mut impl Ledger) -> Effect {
        let request = *self.arena.get(slot);
        let is_given_up = self.arena.is_given_up(slot);
        self.arena.free(slot);
        if is_given_up {
            return Effect::Nothing;
        }
        let outcome = if outcome == Outcome::Served && request.is_error { Outcome::Error } else { outcome };
        if outcome != Outcome::Served {
            self.failed += 1;
            self.note_failure(request.endpoint);
        }
        ledger.left(self.place(&request, request.endpoint), outcome, now, now - request.sent);
        match request.origin {
            Origin::User(user) => {
                ledger.ended(outcome, now, now - request.sent);
                self.clients.answered(user, now, &mut self.streams.clients);
                Effect::Nothing
            }
            Origin::Call { call, attempt, by_user } => {
                if !by_user {
                    ledger.ended(outcome, now, now - request.sent);
                }
                Effect::Reply(Reply { call, attempt, endpoint: request.endpoint, outcome })
            }
        }
    }

    /// How far a request got that an endpoint had, or none.
    fn place(&self, request: &Request, endpoint: u32) -> Place {
        let (route, crossing) = (request.route, request.crossing);
        Place { route, crossing, group: self.endpoints.get(endpoint as usize).map_or(NONE, |state| state.group) }
    }

    /// A request that an endpoint had, or none, has failed.
    fn note_failure(&mut self, endpoint: u32) {
        if let Some(state) = self.endpoints.get(endpoint as usize) {
            visits_of(&mut self.visits, state.backend)[1] += 1;
        }
    }

    /// Requests that reached each backend, and those that failed there, since the last call.
    pub fn take_visits(&mut self) -> Vec<[u64; 2]> {
        std::mem::take(&mut self.visits)
    }
}

/// The counts of a backend.
pub(super) fn visits_of(visits: &mut Vec<[u64; 2]>, backend: u32) -> &mut [u64; 2] {
    let backend = backend as usize;
    if visits.len() <= backend {
        visits.resize(backend + 1, [0; 2]);
    }
    &mut visits[backend]
}
