//! The most that was asked for of late, which a scale down waits for (`pkg/autoscaler/aggregation/max`).

use crate::units::{SimDuration, SimTime};
use std::collections::VecDeque;

/// The length of a slot: that of a tick.
const SLOT: SimDuration = SimDuration::from_secs(2);

/// The maximum over the last slots of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DelayWindow {
    slots: i64,
    /// Slots and their maxima, falling.
    maxima: VecDeque<(i64, i32)>,
}

impl DelayWindow {
    /// A window of a length.
    pub(super) fn new(length: SimDuration) -> Self {
        let slots = (length.as_nanos() + SLOT.as_nanos() - 1) / SLOT.as_nanos();
        Self { slots: slots.max(1), maxima: VecDeque::new() }
    }

    /// Adds a value; gives the maximum of the window.
    pub(super) fn record(&mut self, now: SimTime, value: i32) -> i32 {
        let slot = (now - SimTime::ZERO).as_nanos().div_euclid(SLOT.as_nanos());
        while self.maxima.back().is_some_and(|(_, earlier)| *earlier <= value) {
            self.maxima.pop_back();
        }
        while self.maxima.front().is_some_and(|(earlier, _)| slot - earlier >= self.slots) {
            self.maxima.pop_front();
        }
        // Of several values in a slot the largest counts.
        if self.maxima.back().is_none_or(|(last, _)| *last != slot) {
            self.maxima.push_back((slot, value));
        }
        self.maxima.front().map_or(value, |(_, most)| *most)
    }
}
