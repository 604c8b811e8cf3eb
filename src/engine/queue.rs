//! The event queue: a binary heap on packed keys for what comes soon, a wheel for what comes later, and the clock that they
//! drive.

use super::wheel::{Tick, Wheel};
use crate::units::SimTime;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Order among events of the same instant; a smaller value comes first, equal ones keep their order of scheduling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Causes from outside, such as faults: they strike before anything of the same instant reacts.
    First,
    /// Everything that has no reason to be elsewhere.
    #[default]
    Normal,
}

/// Where future events are noted. A component is generic over the agenda, so that it schedules its own kind of event
/// without knowing the others.
pub trait Agenda<E> {
    /// The current instant.
    fn now(&self) -> SimTime;
    /// Notes `event` for `at`, after what is already noted for that instant. An instant that has passed means now.
    fn schedule(&mut self, at: SimTime, event: E);
}

/// A noted event. Its key is one number of 128 bits, in two parts because those are aligned to 8 bytes: the tick, and below
/// it the priority and the sequence number, so that one comparison decides.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    tick: Tick,
    order: u64,
    event: E,
}

impl<E> Entry<E> {
    fn key(&self) -> u128 {
        u128::from(self.tick) << 64 | u128::from(self.order)
    }

    fn time(&self) -> SimTime {
        SimTime::from_nanos((self.tick ^ SIGN).cast_signed())
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    /// Reversed, because `BinaryHeap` gives the greatest entry first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

/// Bits of the order that hold the sequence number; above them stands the priority.
const SEQUENCE_BITS: u32 = 60;
/// Flips the sign of a time, so that negative times sort first as unsigned numbers.
const SIGN: u64 = 1 << 63;

/// A heap of more events than this leaves those that come later to the wheel.
const MAX_HEAP: usize = 512;
/// With fewer events than this the heap holds all of them again.
const MIN_WHEEL: usize = 128;

/// A queue of future events with a clock that stands at the last event taken.
#[derive(Debug)]
pub struct EventQueue<E> {
    /// Everything before the horizon. It is empty only if the queue is.
    near: BinaryHeap<Entry<E>>,
    /// Everything from the horizon on.
    far: Wheel<Entry<E>>,
    /// `None`: the heap holds everything.
    horizon: Option<Tick>,
    now: SimTime,
    sequence: u64,
    /// Number of the event taken last.
    taken: u64,
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self { near: BinaryHeap::new(), far: Wheel::new(0), horizon: None, now: SimTime::ZERO, sequence: 0, taken: 0 }
    }
}

impl<E: Copy> EventQueue<E> {
    /// The current instant: that of the last event taken.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// The number that the event scheduled next will have: each has a greater one than those that were scheduled before it.
    pub const fn next_number(&self) -> u64 {
        self.sequence
    }

    /// The number of the event taken last.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Notes `event` for `at`. An instant that has passed means now: the clock never runs backwards.
    pub fn schedule_with(&mut self, at: SimTime, priority: Priority, event: E) {
        let tick = at.max(self.now).as_nanos().cast_unsigned() ^ SIGN;
        let order = u64::from(priority as u8) << SEQUENCE_BITS | self.sequence;
        self.sequence += 1;
        let entry = Entry { tick, order, event };
        match self.horizon {
            Some(horizon) if tick >= horizon => self.far.push(tick, entry),
            Some(_) => self.near.push(entry),
            None => {
                self.near.push(entry);
                if self.near.len() > MAX_HEAP {
                    self.spread();
                }
            }
        }
    }

    /// Gives all events to the wheel and takes the first back.
    fn spread(&mut self) {
        let first = self.near.peek().map_or(0, |entry| entry.tick);
        self.far = Wheel::new(first);
        for entry in self.near.drain() {
            self.far.push(entry.tick, entry);
        }
        self.advance();
    }

    /// Fills the empty heap.
    fn advance(&mut self) {
        let Self { near, far, .. } = self;
        if far.len() < MIN_WHEEL {
            far.empty(|entry| near.push(entry));
            self.horizon = None;
        } else {
            self.horizon = far.open(|entry| near.push(entry));
        }
    }

    /// The instant of the next event.
    pub fn next_time(&self) -> Option<SimTime> {
        self.near.peek().map(Entry::time)
    }

    /// Takes the next event and sets the clock to it.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let entry = self.near.pop()?;
        if self.near.is_empty() && self.horizon.is_some() {
            self.advance();
        }
        self.now = entry.time();
        self.taken = entry.order & ((1 << SEQUENCE_BITS) - 1);
        Some((self.now, entry.event))
    }

    /// Sets the clock forward to `time` without taking an event, for events that come from elsewhere in time order.
    pub fn advance_to(&mut self, time: SimTime) {
        self.now = self.now.max(time);
    }
}

impl<E: Copy, T: Into<E>> Agenda<T> for EventQueue<E> {
    fn now(&self) -> SimTime {
        self.now
    }

    fn schedule(&mut self, at: SimTime, event: T) {
        self.schedule_with(at, Priority::Normal, event.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_times_keep_priority_then_order() {
        let mut queue = EventQueue::default();
        let at = SimTime::from_secs(5);
        queue.schedule_with(at, Priority::Normal, 'b');
        queue.schedule_with(at, Priority::Normal, 'c');
        queue.schedule_with(at, Priority::First, 'a');
        queue.schedule_with(SimTime::from_secs(-1), Priority::Normal, 'z');
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, "zabc");
    }

    #[test]
    fn the_past_means_now() {
        let mut queue = EventQueue::default();
        queue.schedule_with(SimTime::from_secs(9), Priority::Normal, 1);
        queue.pop();
        queue.schedule_with(SimTime::from_secs(3), Priority::Normal, 2);
        assert_eq!(queue.pop(), Some((SimTime::from_secs(9), 2)));
    }

    #[test]
    fn many_events_come_in_order_while_others_are_noted() {
        // Against the sorted list of all keys.
        let mut queue = EventQueue::default();
        let mut random = 1_u64;
        let mut draw = |most: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            SimTime::from_nanos((random >> 33).cast_signed() % most)
        };
        let mut noted = Vec::new();
        let mut taken = Vec::new();
        for round in 0..60_000_i64 {
            // Grows to 20,000 events, and shrinks to none.
            for _ in 0..if round < 20_000 { 2 } else { i64::from(round < 40_000) } {
                let delay = draw(if round % 3 == 0 { 10 } else { 1_000_000_000_000 });
                let at = queue.now() + (delay - SimTime::ZERO);
                noted.push((at, noted.len()));
                queue.schedule_with(at, Priority::Normal, noted.len() - 1);
            }
            taken.extend(queue.pop());
        }
        taken.extend(std::iter::from_fn(|| queue.pop()));
        noted.sort_unstable();
        assert_eq!(taken, noted);
        assert_eq!(queue.pop(), None);
    }

    proptest! {
        #[test]
        fn the_clock_is_monotone_and_ties_are_first_in_first_out(times in prop::collection::vec(-20_i64..20, 0..200)) {
            let mut queue = EventQueue { now: SimTime::from_secs(-100), ..EventQueue::default() };
            for (index, time) in times.iter().enumerate() {
                queue.schedule_with(SimTime::from_secs(*time), Priority::Normal, index);
            }
            let taken: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            let mut expected: Vec<_> = times.iter().enumerate().map(|(index, time)| (SimTime::from_secs(*time), index)).collect();
            expected.sort();
            prop_assert_eq!(taken, expected);
        }
    }
}
