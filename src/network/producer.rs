//! A sender that is slowed down by those it sends to.
//!
//! It sends evenly as long as one of its connections is free. When none is, it waits for an answer, and goes on from there: what it
//! could not send meanwhile it does not send later. So nothing is lost, and pods that are behind get what they can do.

use crate::units::{SimDuration, SimTime};
use crate::workload::RateCurve;

/// A sender with a pace and a number of connections.
#[derive(Clone, Debug)]
pub struct Producer {
    curve: RateCurve,
    /// Requests per second until `change`.
    rate: f64,
    change: Option<SimTime>,
    /// Connections that wait for no answer.
    free: u32,
    /// When the next request is due by the pace.
    due: SimTime,
    end: SimTime,
}

impl Producer {
    /// A sender from `now` on; it sends nothing after `end`.
    pub fn new(curve: RateCurve, connections: u32, now: SimTime, end: SimTime) -> Self {
        let (rate, change) = (curve.value(now), curve.next_change(now));
        let mut producer = Self { curve, rate, change, free: connections, due: now, end };
        producer.plan(now);
        producer
    }

    /// When it sends next; never while it waits for an answer.
    pub fn next_at(&self) -> SimTime {
        if self.free > 0 { self.due } else { SimTime::MAX }
    }

    /// It sends a request.
    pub fn send(&mut self) {
        self.free -= 1;
        self.plan(self.due);
    }

    /// An answer comes, or the request has failed.
    pub fn answered(&mut self, now: SimTime) {
        if self.free == 0 {
            self.due = self.due.max(now);
        }
        self.free += 1;
    }

    /// Finds when the next request is due after `now`: the rate integrated until then is 1.
    fn plan(&mut self, now: SimTime) {
        let (mut at, mut left) = (now, 1.0);
        // While it waited the rate may have changed.
        while let Some(change) = self.change.filter(|change| *change <= at) {
            (self.rate, self.change) = (self.curve.value(change), self.curve.next_change(change));
        }
        self.due = SimTime::MAX;
        while at <= self.end {
            if self.rate > 0.0 {
                let next = at + SimDuration::from_secs_f64(left / self.rate);
                if self.change.is_none_or(|change| next < change) {
                    self.due = next;
                    return;
                }
            }
            let Some(change) = self.change else { return };
            left = (left - self.rate * (change - at).as_secs_f64()).max(0.0);
            at = change;
            (self.rate, self.change) = (self.curve.value(at), self.curve.next_change(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::Rate;

    fn at(millis: i64) -> SimTime {
        SimTime::from_millis(millis)
    }

    #[test]
    fn it_waits_for_a_free_connection_and_sends_nothing_later() {
        let curve = RateCurve::new(&Rate::Constant(10.0), SimTime::ZERO);
        let mut producer = Producer::new(curve, 2, SimTime::ZERO, at(10_000));
        assert_eq!(producer.next_at(), at(100));
        producer.send();
        assert_eq!(producer.next_at(), at(200));
        producer.send();
        assert_eq!(producer.next_at(), SimTime::MAX, "both connections wait");
        producer.answered(at(950));
        assert_eq!(producer.next_at(), at(950), "at once");
        producer.send();
        producer.answered(at(960));
        assert_eq!(producer.next_at(), at(1050), "at its pace again, without what was not sent");
    }
}
