//! How requests end, and who is told.

use super::arena::Ticket;
use super::place::Place;
use crate::units::{SimDuration, SimTime};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was answered in time.
    Served,
    /// There was no endpoint.
    NoEndpoint,
    /// The endpoint that it was sent to does not take requests any more.
    DeadEndpoint,
    /// The queue of its endpoint was full.
    QueueFull,
    /// Its client gave up.
    Timeout,
    /// Its pod ended before it was answered.
    Cut,
    /// A call of its pod failed.
    Dependency,
    /// It was sent several times, and the last attempt failed as well.
    RetryExhausted,
    /// Whoever sent it needed no answer any more: another attempt won, or the caller failed.
    Abandoned,
    /// It was answered with an error.
    Error,
    /// The name that it was sent to resolves to nothing.
    NoName,
    /// No rule of an Ingress or HTTPRoute matches it.
    NoRoute,
}

/// Who is told what becomes of requests.
pub trait Ledger {
    /// A request is sent; one that is sent several times counts once.
    fn sent(&mut self, now: SimTime);
    /// An attempt of a request is sent: a part of the load that is offered to the pods.
    fn attempted(&mut self, now: SimTime);
    /// A request ends, so long after it was sent.
    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration);
    /// An attempt of a request ends, having come so far.
    fn left(&mut self, place: Place, outcome: Outcome, now: SimTime, after: SimDuration);
}

/// What a step has for others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// A user whose requests are tried again sends one.
    Sends(u32),
    /// A request without calls is sent, and is on its way through a sidecar.
    OnItsWay {
        /// Its place in the arena.
        slot: u32,
        /// How long that takes.
        takes: SimDuration,
    },
    /// A request has done its own work and makes its calls.
    Calls(u32),
    /// An attempt of a call has ended.
    Reply(Reply),
}

/// An attempt of a call has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reply {
    /// The call.
    pub call: Ticket,
    /// Which of the attempts in flight.
    pub attempt: u8,
    /// The endpoint that had it, or `NONE`.
    pub endpoint: u32,
    /// How.
    pub outcome: Outcome,
}
