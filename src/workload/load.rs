//! What traffic tells others: the load on a workload, and when the queues of a fluid change by themselves.

/// The queues of a traffic entry come to another state by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueTurn {
    /// Index of the entry in the scenario.
    pub traffic: u32,
    /// Number of the turn: another one planned in the meantime makes it stale.
    pub turn: u32,
}

/// The load on a workload as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Offered requests per second.
    pub rate: f64,
    /// Requests per second beyond what the serving pods can take.
    pub unserved: f64,
    /// CPU used by the pods together, in millicores.
    pub cpu: f64,
    /// Memory used by the pods together, in bytes.
    pub memory: f64,
}
