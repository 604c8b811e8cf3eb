//! When clients send requests: an open loop, in which they come however long the answers take, a closed one, in which
//! each user waits for the answer and thinks before the next request, and sessions of users that leave after some.

use super::producer::Producer;
use crate::engine::RandomStream;
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};
use rand_distr::{Distribution as _, Exp1};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How the requests of an open loop follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// A Poisson process: independent of each other.
    Poisson,
    /// Evenly.
    Even,
}

/// An open loop.
#[derive(Clone, Debug)]
pub struct OpenLoop {
    curve: RateCurve,
    spacing: Spacing,
    /// Requests per second until `change`.
    rate: f64,
    change: Option<SimTime>,
    next: SimTime,
}

impl OpenLoop {
    /// The requests of a rate from `now` on; none comes after `end`.
    pub fn new(curve: RateCurve, spacing: Spacing, now: SimTime, end: SimTime, random: &mut RandomStream) -> Self {
        let (rate, change) = (curve.value(now), curve.next_change(now));
        let mut open = Self { curve, spacing, rate, change, next: SimTime::MAX };
        open.plan(now, end, random);
        open
    }

    /// Draws when the next one comes: the rate integrated until then is exponentially distributed, or 1.
    fn plan(&mut self, now: SimTime, end: SimTime, random: &mut RandomStream) {
        let mut left: f64 = match self.spacing {
            Spacing::Poisson => Exp1.sample(random),
            Spacing::Even => 1.0,
        };
        let mut at = now;
        self.next = SimTime::MAX;
        while at <= end {
            if self.rate > 0.0 {
                let next = at + SimDuration::from_secs_f64(left / self.rate);
                if self.change.is_none_or(|change| next < change) {
                    self.next = next;
                    return;
                }
            }
            let Some(change) = self.change else { return };
            left -= self.rate * (change - at).as_secs_f64();
            left = left.max(0.0);
            at = change;
            (self.rate, self.change) = (self.curve.value(at), self.curve.next_change(at));
        }
    }
}

/// A closed loop.
#[derive(Clone, Debug)]
pub struct ClosedLoop {
    /// Users over time.
    curve: RateCurve,
    think_time: Sampler,
    /// Whether users keep their connections.
    keeps_alive: bool,
    change: Option<SimTime>,
    /// Users that there shall be, and those that there are.
    wanted: u32,
    present: u32,
    /// Number of the next user.
    users: u32,
    thinking: BinaryHeap<Reverse<(SimTime, u32)>>,
}

impl ClosedLoop {
    /// Users over time. A user begins with a think time, and leaves when it would think.
    pub fn new(curve: RateCurve, think_time: Sampler, now: SimTime) -> Self {
        let thinking = BinaryHeap::new();
        Self { curve, think_time, keeps_alive: false, change: Some(now), wanted: 0, present: 0, users: 0, thinking }
    }

    /// The same users, who keep their connections from one request to the next, or do not.
    pub fn keep_alive(self, keeps_alive: bool) -> Self {
        Self { keeps_alive, ..self }
    }

    /// The number of users changes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    fn change(&mut self, now: SimTime, random: &mut RandomStream) {
        self.wanted = self.curve.value(now).round() as u32;
        self.change = self.curve.next_change(now);
        while self.present < self.wanted {
            self.present += 1;
            self.users += 1;
            self.think(self.users, now, random);
        }
    }

    fn think(&mut self, user: u32, now: SimTime, random: &mut RandomStream) {
        self.thinking.push(Reverse((now + self.think_time.sample_duration(random), user)));
    }
}

/// Sessions.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// When users come.
    arrivals: OpenLoop,
    requests: Sampler,
    think_time: Sampler,
    /// Requests that each user still sends, by its number.
    left: Vec<u32>,
    /// Numbers of users that left.
    unused: Vec<u32>,
    thinking: BinaryHeap<Reverse<(SimTime, u32)>>,
}

impl Sessions {
    /// Users that come as `arrivals` says, with so many requests each.
    pub fn new(arrivals: OpenLoop, requests: Sampler, think_time: Sampler) -> Self {
        Self { arrivals, requests, think_time, left: Vec::new(), unused: Vec::new(), thinking: BinaryHeap::new() }
    }

    fn next_at(&self) -> SimTime {
        self.thinking.peek().map_or(SimTime::MAX, |Reverse((at, _))| *at).min(self.arrivals.next)
    }

    /// A user comes, or sends another request.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
    fn step(&mut self, end: SimTime, random: &mut RandomStream) -> Option<u32> {
        let now = self.next_at();
        if self.arrivals.next > now {
            let Reverse((_, user)) = self.thinking.pop()?;
            return Some(user);
        }
        self.arrivals.plan(now, end, random);
        let requests = self.requests.sample(random).ceil().max(1.0) as u32;
        let user = self.unused.pop().unwrap_or_else(|| {
            self.left.push(0);
            u32::try_from(self.left.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(left) = self.left.get_mut(user as usize) {
            *left = requests;
        }
        Some(user)
    }

    fn answered(&mut self, user: u32, now: SimTime, random: &mut RandomStream) {
        let Some(left) = self.left.get_mut(user as usize) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.unused.push(user);
        } else {
            self.thinking.push(Reverse((now + self.think_time.sample_duration(random), user)));
        }
    }
}

/// Requests that were recorded, at the instants of the record.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Seconds since the start, ascending.
    times: Arc<[f64]>,
    next: usize,
}

impl Recorded {
    /// Requests at so many seconds since the start, ascending.
    pub const fn new(times: Arc<[f64]>) -> Self {
        Self { times, next: 0 }
    }

    fn next_at(&self) -> SimTime {
        self.times.get(self.next).map_or(SimTime::MAX, |seconds| SimTime::from_secs_f64(*seconds))
    }
}

/// Who sends.
#[derive(Clone, Debug)]
pub enum Clients {
    /// An open loop.
    Open(OpenLoop),
    /// A closed loop.
    Closed(ClosedLoop),
    /// Sessions.
    Sessions(Sessions),
    /// A record of requests.
    Recorded(Recorded),
    /// A sender that is slowed down.
    Producer(Producer),
}

impl Clients {
    /// When the next request is sent, or the number of users changes.
    pub fn next_at(&self) -> SimTime {
        match self {
            Self::Open(open) => open.next,
            Self::Sessions(sessions) => sessions.next_at(),
            Self::Recorded(recorded) => recorded.next_at(),
            Self::Closed(closed) => {
                let thinking = closed.thinking.peek().map_or(SimTime::MAX, |Reverse((at, _))| *at);
                closed.change.map_or(thinking, |change| change.min(thinking))
            }
            Self::Producer(producer) => producer.next_at(),
        }
    }

    /// Does what comes next: the user that sends a request (0 in an open loop), if one is sent.
    pub fn step(&mut self, end: SimTime, random: &mut RandomStream) -> Option<u32> {
        let now = self.next_at();
        match self {
            Self::Open(open) => {
                open.plan(now, end, random);
                Some(0)
            }
            Self::Sessions(sessions) => sessions.step(end, random),
            Self::Recorded(recorded) => {
                recorded.next += 1;
                Some(0)
            }
            Self::Producer(producer) => {
                producer.send();
                Some(0)
            }
            Self::Closed(closed) if closed.change == Some(now) => {
                closed.change(now, random);
                None
            }
            Self::Closed(closed) => {
                let Reverse((_, user)) = closed.thinking.pop()?;
                if closed.present > closed.wanted {
                    closed.present -= 1;
                    return None;
                }
                Some(user)
            }
        }
    }

    /// A user's request is over at `now`.
    pub fn answered(&mut self, user: u32, now: SimTime, random: &mut RandomStream) {
        match self {
            Self::Open(_) | Self::Recorded(_) => {}
            Self::Sessions(sessions) => sessions.answered(user, now, random),
            Self::Closed(closed) if closed.present > closed.wanted => closed.present -= 1,
            Self::Closed(closed) => closed.think(user, now, random),
            Self::Producer(producer) => producer.answered(now),
        }
    }

    /// Whether users keep their connections.
    pub const fn keeps_alive(&self) -> bool {
        matches!(self, Self::Closed(ClosedLoop { keeps_alive: true, .. }))
    }
}
