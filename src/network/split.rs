//! How the requests of an entry are split among Services.

use crate::engine::RandomStream;
use rand::RngExt;

/// Why there is no endpoint for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The proxy knows of none.
    Endpoint,
    /// The name resolves to nothing.
    Name,
    /// No rule matches the host and path.
    Route,
    /// The node by which it comes is dead.
    Node,
}

/// A part of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To a Service, by its number among those of the entry.
    Route(u32),
    /// Nowhere.
    Nowhere(Missing),
}

/// Ways with their weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    ways: Vec<(Way, u32)>,
    total: u64,
    /// Whether the first way takes the requests of a Service without endpoints.
    falls_back: bool,
}

impl Split {
    /// Ways with their weights, whose sum is above zero.
    pub fn new(ways: Vec<(Way, u32)>, falls_back: bool) -> Self {
        let total = ways.iter().map(|(_, weight)| u64::from(*weight)).sum();
        Self { ways, total, falls_back }
    }

    /// All to one.
    pub fn all(way: Way) -> Self {
        Self::new(vec![(way, 1)], false)
    }

    /// The way of a request. Nothing is drawn where there is no choice.
    pub fn draw(&self, random: &mut RandomStream) -> Way {
        let mut draw = if self.ways.len() > 1 && self.total > 0 { random.random_range(0..self.total) } else { 0 };
        for (way, weight) in &self.ways {
            match draw.checked_sub(u64::from(*weight)) {
                Some(rest) => draw = rest,
                None => return *way,
            }
        }
        self.ways.last().map_or(Way::Nowhere(Missing::Route), |(way, _)| *way)
    }

    /// The way of requests to a Service that has no endpoint, if there is another one.
    pub fn instead_of(&self, route: u32) -> Option<Way> {
        let first = self.ways.first().map(|(way, _)| *way).filter(|_| self.falls_back)?;
        (first != Way::Route(route)).then_some(first)
    }
}
