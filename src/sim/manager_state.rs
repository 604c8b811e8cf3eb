//! Whether kube-controller-manager is up, and what it has forgotten.

use super::event::Event;
use crate::engine::{RandomStream, RandomStreams};
use crate::infra::faults::FaultEffect;
use crate::input::scenario::FaultKind;
use crate::units::{SimDuration, SimTime};
use rand::{Rng, RngExt};
use std::collections::BTreeSet;

/// From the start of the process to the first syncs and passes of its controllers, which wait for their caches: recorded with
/// 1.36.2 as 1.0 to 1.2 s.
const SHORTEST_START: SimDuration = SimDuration::from_millis(1000);
const LONGEST_START: SimDuration = SimDuration::from_millis(1200);

/// Whether the controller manager is up. While it is down nobody tells it of changes, and what it had planned is void when it
/// is back.
#[derive(Debug)]
pub(super) struct ManagerState {
    is_up: bool,
    /// Strikes that keep it down.
    strikes: BTreeSet<u64>,
    /// How many outages there were.
    outages: u32,
    /// Events of the controller manager with smaller numbers are those of a process that is no more.
    first_event: u64,
    stream: RandomStream,
}

impl ManagerState {
    /// A controller manager that is up.
    pub fn new(streams: RandomStreams) -> Self {
        let stream = streams.stream("phase/controller-manager-start");
        Self { is_up: true, strikes: BTreeSet::new(), outages: 0, first_event: 0, stream }
    }

    /// Whether its controllers work.
    pub const fn is_up(&self) -> bool {
        self.is_up
    }

    /// Whether an event of this number was planned by a process that is no more, or would be handled by none.
    pub fn has_forgotten(&self, event: &Event, number: u64) -> bool {
        let is_its = match event {
            Event::Controller(event) => event.is_of_manager(),
            Event::Hpa(_) => true,
            _ => false,
        };
        is_its && (!self.is_up || number < self.first_event)
    }

    /// A fault has struck or is repaired. When the process is up again: the instant at which its controllers begin to work, and
    /// the number of the outage.
    pub fn note_fault(&mut self, effect: &FaultEffect, now: SimTime) -> Option<(SimTime, u32)> {
        match effect {
            FaultEffect::Struck { kind: FaultKind::ControllerManagerOutage, strike, .. } => {
                self.strikes.insert(*strike);
                self.is_up = false;
                self.outages += 1;
                None
            }
            FaultEffect::Repaired { strike } if self.strikes.remove(strike) && self.strikes.is_empty() => {
                let share: f64 = self.stream.random();
                Some((now + SHORTEST_START + (LONGEST_START - SHORTEST_START).mul_f64(share), self.outages))
            }
            _ => None,
        }
    }

    /// The controllers begin to work after this outage, if no other has begun; `next_event` is the number of the next event.
    pub fn starts(&mut self, outage: u32, next_event: u64) -> bool {
        let is_current = outage == self.outages && self.strikes.is_empty();
        if is_current {
            self.is_up = true;
            self.first_event = next_event;
        }
        is_current
    }

    /// The random numbers of the new process.
    pub fn streams(&mut self) -> RandomStreams {
        RandomStreams::new(self.stream.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::common::event::ControllerEvent;

    fn struck(strike: u64) -> FaultEffect {
        let subject = "kube-controller-manager".to_owned();
        FaultEffect::Struck { kind: FaultKind::ControllerManagerOutage, strike, subject, nodes: Vec::new() }
    }

    #[test]
    fn it_forgets_what_it_had_planned() {
        let mut state = ManagerState::new(RandomStreams::new(1));
        let pass = Event::Controller(ControllerEvent::EndMonitorPass);
        let drain = Event::Controller(ControllerEvent::DrainTimeout { drain: 0 });
        let at = SimTime::from_secs;
        assert!(!state.has_forgotten(&pass, 7));
        assert_eq!(state.note_fault(&struck(1), at(10)), None);
        assert!(state.has_forgotten(&pass, 7) && !state.has_forgotten(&drain, 7), "kubectl is another process");
        let (starts, outage) = state.note_fault(&FaultEffect::Repaired { strike: 1 }, at(20)).unwrap();
        assert!(starts >= at(21) && starts <= at(20) + LONGEST_START);
        assert!(!state.is_up());
        assert!(state.starts(outage, 9) && state.is_up());
        assert!(state.has_forgotten(&pass, 8) && !state.has_forgotten(&pass, 9));
    }

    #[test]
    fn an_outage_that_follows_at_once_is_a_new_one() {
        let mut state = ManagerState::new(RandomStreams::new(1));
        state.note_fault(&struck(1), SimTime::ZERO);
        state.note_fault(&struck(2), SimTime::ZERO);
        assert_eq!(state.note_fault(&FaultEffect::Repaired { strike: 1 }, SimTime::ZERO), None, "the other one lasts");
        let (_, outage) = state.note_fault(&FaultEffect::Repaired { strike: 2 }, SimTime::ZERO).unwrap();
        state.note_fault(&struck(3), SimTime::ZERO);
        assert!(!state.starts(outage, 5), "it is down again");
    }
}
