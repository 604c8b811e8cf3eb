//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Fidelity};
use crate::network::{Ledger, Outcome};
use crate::record::{RequestLog, TrafficRecord};
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
        self.0.counts_at(now).offered += 1;
    }

    fn attempted(&mut self, now: SimTime) {
        self.0.counts_at(now).attempts += 1;
    }

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        let count = match outcome {
            Outcome::Served => return self.0.served(now, after),
            Outcome::NoEndpoint => &mut self.0.counts_at(now).no_endpoint,
            Outcome::DeadEndpoint => &mut self.0.counts_at(now).dead_endpoint,
            Outcome::QueueFull => &mut self.0.counts_at(now).queue_full,
            Outcome::Timeout => &mut self.0.counts_at(now).timeout,
            Outcome::Cut => &mut self.0.counts_at(now).cut,
            Outcome::Dependency => &mut self.0.counts_at(now).dependency,
            Outcome::RetryExhausted => &mut self.0.counts_at(now).retry_exhausted,
            Outcome::Abandoned => &mut self.0.counts_at(now).abandoned,
        };
        *count += 1;
    }
}
