//! A call that waits for its answer.

use super::super::arena::Ticket;
use crate::units::SimTime;

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// A user.
    User(u32),
    /// A request at a pod of the calling service.
    Request {
        /// Its place in the arena of that service.
        slot: u32,
        /// The pod's number there.
        endpoint: u32,
    },
}

impl Parent {
    /// The client in whose name it calls: limits, budgets and outliers are kept for each.
    pub const fn client(self) -> usize {
        match self {
            Self::User(_) => 0,
            Self::Request { endpoint, .. } => endpoint as usize,
        }
    }
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Where in the code of its service it stands.
    pub site: u32,
    pub parent: Parent,
    pub started: SimTime,
    /// Attempts after the first, hedges left out.
    pub retries: u32,
    /// The attempts in flight, as requests of the service that is called.
    pub attempts: [Option<Ticket>; 2],
    /// Neighbours in the list of its request's calls.
    pub next: u32,
    /// See `next`.
    pub previous: u32,
}
