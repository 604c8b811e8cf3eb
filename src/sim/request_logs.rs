//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Fidelity};
use crate::network::{Ledger, Outcome};
use crate::record::{RequestCount, RequestLog, TrafficRecord};
use crate::units::{SimDuration, SimTime};

/// The books of one traffic entry.
#[derive(Clone, Debug)]
pub struct EntryLog(RequestLog);

/// The books of a scenario's traffic.
pub fn request_logs(entries: &[scenario::Traffic], interval: SimDuration) -> Vec<EntryLog> {
    let log = |entry: &scenario::Traffic| {
        let target = &entry.target;
        let workload = format!("{}/{}", target.kind.as_str(), target.name);
        let is_fluid = entry.fidelity == Fidelity::Fluid;
        EntryLog(RequestLog::new(&entry.title(), &target.namespace, &workload, is_fluid, interval))
    };
    entries.iter().map(log).collect()
}

/// What the books say at the end.
pub fn traffic_records(logs: Vec<EntryLog>) -> Vec<TrafficRecord> {
    logs.into_iter().map(|log| log.0.finish()).collect()
}

impl Ledger for EntryLog {
    fn sent(&mut self, now: SimTime) {
        self.0.count(RequestCount::Offered, 1, now);
    }

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        let cause = match outcome {
            Outcome::Served => return self.0.served(now, after),
            Outcome::NoEndpoint => RequestCount::NoEndpoint,
            Outcome::DeadEndpoint => RequestCount::DeadEndpoint,
            Outcome::QueueFull => RequestCount::QueueFull,
            Outcome::Timeout => RequestCount::Timeout,
            Outcome::Cut => RequestCount::Cut,
        };
        self.0.count(cause, 1, now);
    }
}
