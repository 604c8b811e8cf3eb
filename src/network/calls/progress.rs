//! A call from its start to its end: attempts, retries, hedges, and what its failure does to the request that made it.

use super::super::arena::{NONE, Origin};
use super::super::outcome::{Ledger, Outcome};
use super::super::slots::Ticket;
use super::call::{Call, Parent};
use super::graph::{Graph, Timer, leaf};
use crate::units::{SimDuration, SimTime};

impl Graph {
    /// A user whose requests are tried again sends one.
    pub(super) fn call_by_user<L: Ledger>(&mut self, site: usize, user: u32, now: SimTime, ledgers: &mut [L]) {
        self.start(site, Parent::User(user), NONE, now, ledgers);
    }

    /// A request has done its own work, or all calls of a stage are answered: makes those of the next stage.
    pub(super) fn next_stage<L: Ledger>(&mut self, service: usize, slot: u32, now: SimTime, ledgers: &mut [L]) {
        loop {
            let request = self.services[service].arena.get_mut(slot);
            let (stage, endpoint) = (request.stage as usize, request.endpoint);
            request.stage += 1;
            let Some(sites) = self.stages[service].get(stage).cloned() else {
                return self.finish(service, slot, Outcome::Served, now, ledgers);
            };
            for site in sites {
                for _ in 0..self.sites[site].rule.count {
                    if !self.sites[site].rule.is_made(&mut self.services[service].streams.calls) {
                        continue;
                    }
                    let first = self.services[service].arena.get(slot).first_call;
                    let call = self.start(site, Parent::Request { slot, endpoint }, first, now, ledgers);
                    let request = self.services[service].arena.get_mut(slot);
                    request.first_call = call;
                    request.open_calls += 1;
                }
            }
            if self.services[service].arena.get(slot).open_calls > 0 {
                return;
            }
        }
    }

    /// Makes a call and its first attempt. Nothing that it causes at once comes back to its request.
    fn start<L: Ledger>(&mut self, site: usize, parent: Parent, next: u32, now: SimTime, ledgers: &mut [L]) -> u32 {
        let call =
            Call { site: leaf(site), parent, started: now, retries: 0, attempts: [None; 2], next, previous: NONE };
        let slot = self.calls.add(call);
        if next != NONE {
            self.calls.get_mut(next).previous = slot;
        }
        let state = &mut self.sites[site];
        state.counts.calls += 1;
        if let Some(allowance) = state.rule.allowance {
            state.client(parent.client()).budget.deposit(&allowance, now);
        }
        if let Some(after) = state.rule.hedge_after {
            let call = self.calls.ticket(slot);
            self.set_timer(now + after, Timer::Hedges { call });
        }
        self.send_attempt(slot, 0, now, ledgers);
        slot
    }

    /// Sends an attempt of a call, unless its client has too many in flight.
    pub(super) fn send_attempt<L: Ledger>(&mut self, slot: u32, attempt: u8, now: SimTime, ledgers: &mut [L]) {
        let Call { site, parent, .. } = *self.calls.get(slot);
        let (call, site) = (self.calls.ticket(slot), site as usize);
        let state = &mut self.sites[site];
        let (callee, timeout, by_user) = (state.callee, state.rule.timeout, state.by_user);
        let limit = state.rule.max_requests;
        let client = state.client(parent.client());
        if limit.is_some_and(|limit| client.in_flight >= limit) {
            state.counts.circuit_open += 1;
            return self.set_timer(now, Timer::Refused { call, attempt, endpoint: NONE, outcome: None });
        }
        client.in_flight += 1;
        state.counts.attempts += 1;
        let ledger = self.ledger(callee, ledgers);
        if !by_user {
            ledger.sent(now);
        }
        let request = self.services[callee].add(Origin::Call { call, attempt, by_user }, now, ledger);
        let ticket = self.services[callee].arena.ticket(request);
        self.calls.get_mut(slot).attempts[usize::from(attempt)] = Some(ticket);
        if let Some(timeout) = timeout {
            self.set_deadline(site, now + timeout, ticket);
        }
        let delay = self.delay(site);
        if delay > SimDuration::ZERO {
            self.set_timer(now + delay, Timer::Arrives { service: callee, slot: request });
        } else {
            self.arrive(callee, request, now, ledgers);
        }
    }

    /// A call that has no answer yet is sent a second time.
    pub(super) fn hedge<L: Ledger>(&mut self, slot: u32, now: SimTime, ledgers: &mut [L]) {
        let Call { site, attempts, .. } = *self.calls.get(slot);
        // During a back-off there is nothing to hedge.
        if let [Some(_), None] = attempts {
            self.sites[site as usize].counts.hedges += 1;
            self.send_attempt(slot, 1, now, ledgers);
        }
    }

    /// An attempt has ended: with an outcome, or because it was not sent.
    pub(super) fn attempt_ended<L: Ledger>(
        &mut self,
        ticket: Ticket,
        attempt: u8,
        endpoint: u32,
        outcome: Option<Outcome>,
        now: SimTime,
        ledgers: &mut [L],
    ) {
        if !self.calls.holds(ticket) {
            return;
        }
        let call = self.calls.get_mut(ticket.slot);
        let was_sent = call.attempts[usize::from(attempt)].take().is_some();
        let other = call.attempts[usize::from(1 - attempt)].is_some();
        let (site, parent, retries) = (call.site as usize, call.parent, call.retries);
        let is_served = outcome == Some(Outcome::Served);
        let state = &mut self.sites[site];
        let (rule, detection) = (&state.rule, state.rule.detection);
        let (may_retry, allowance) =
            (retries < rule.retries && outcome.is_some_and(|o| rule.retries_after(o)), rule.allowance);
        let client = state.client(parent.client());
        if was_sent {
            client.in_flight -= 1;
            if let Some(detection) = detection
                && endpoint != NONE
            {
                if is_served {
                    client.outliers.succeeded(endpoint, now);
                } else {
                    let callee = &self.services[self.sites[site].callee];
                    let state = &mut self.sites[site];
                    let client = state.client(parent.client());
                    if client.outliers.failed(endpoint, &detection, || callee.serving(), now) {
                        state.counts.ejections += 1;
                    }
                }
            }
        }
        if is_served {
            return self.resolve(ticket.slot, Outcome::Served, now, ledgers);
        }
        if other {
            return;
        }
        let state = &mut self.sites[site];
        if may_retry {
            let budget = &mut state.client(parent.client()).budget;
            if allowance.is_none_or(|allowance| budget.withdraw(&allowance, now)) {
                state.counts.retries += 1;
                self.calls.get_mut(ticket.slot).retries += 1;
                let random = &mut self.services[state.caller].streams.retries;
                let after = state.rule.back_off(retries, random);
                return self.set_timer(now + after, Timer::Retries { call: ticket });
            }
            state.counts.over_budget += 1;
        }
        let outcome = if retries > 0 { Outcome::RetryExhausted } else { outcome.unwrap_or(Outcome::Dependency) };
        self.resolve(ticket.slot, outcome, now, ledgers);
    }

    /// A call is over: its request goes on, or fails.
    fn resolve<L: Ledger>(&mut self, slot: u32, outcome: Outcome, now: SimTime, ledgers: &mut [L]) {
        let Call { site, parent, started, next, previous, .. } = *self.calls.get(slot);
        self.drop_call(slot, now, ledgers);
        let state = &mut self.sites[site as usize];
        let (service, is_served) = (state.caller, outcome == Outcome::Served);
        if is_served {
            state.counts.served += 1;
        } else {
            state.counts.failed += 1;
        }
        let goes_on = is_served || state.rule.is_optional;
        let request = match parent {
            Parent::User(user) => {
                self.ledger(service, ledgers).ended(outcome, now, now - started);
                let state = &mut self.services[service];
                state.clients.answered(user, now, &mut state.streams.clients);
                return self.touch(service);
            }
            Parent::Request { slot, .. } => slot,
        };
        let state = self.services[service].arena.get_mut(request);
        state.open_calls -= 1;
        let is_last = state.open_calls == 0;
        if state.first_call == slot {
            state.first_call = next;
        }
        if next != NONE {
            self.calls.get_mut(next).previous = previous;
        }
        if previous != NONE {
            self.calls.get_mut(previous).next = next;
        }
        if !goes_on {
            self.abandon_calls(service, request, now, ledgers);
            self.finish(service, request, Outcome::Dependency, now, ledgers);
        } else if is_last {
            self.next_stage(service, request, now, ledgers);
        }
    }

    /// A request that has called, or need not call, leaves its pod.
    fn finish<L: Ledger>(&mut self, service: usize, slot: u32, outcome: Outcome, now: SimTime, ledgers: &mut [L]) {
        let ledger = self.ledger(service, ledgers);
        let effect = self.services[service].leave(slot, outcome, now, ledger);
        self.touch(service);
        self.act(service, effect, now, ledgers);
    }

    /// A request needs no answer of its calls any more.
    pub(super) fn abandon_calls<L: Ledger>(&mut self, service: usize, slot: u32, now: SimTime, ledgers: &mut [L]) {
        let request = self.services[service].arena.get_mut(slot);
        let mut call = std::mem::replace(&mut request.first_call, NONE);
        request.open_calls = 0;
        while call != NONE {
            let Call { site, next, .. } = *self.calls.get(call);
            self.sites[site as usize].counts.abandoned += 1;
            self.drop_call(call, now, ledgers);
            call = next;
        }
    }

    /// Nobody waits for a call any more: its attempts go on without it.
    fn drop_call<L: Ledger>(&mut self, slot: u32, now: SimTime, ledgers: &mut [L]) {
        let Call { site, parent, attempts, .. } = *self.calls.get(slot);
        self.calls.free(slot);
        for attempt in attempts.into_iter().flatten() {
            let state = &mut self.sites[site as usize];
            state.client(parent.client()).in_flight -= 1;
            let callee = state.callee;
            let ledger = self.ledger(callee, ledgers);
            self.services[callee].give_up(attempt, Outcome::Abandoned, now, ledger);
        }
    }
}
