//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Fidelity};
use crate::network::{Ledger, Outcome};
use crate::record::{FluidLog, RequestCount, RequestLog, TrafficRecord};
use crate::units::{SimDuration, SimTime};
use crate::workload::traffic::Traffic;

/// The books of one traffic entry.
#[derive(Clone, Debug)]
pub enum EntryLog {
    /// Of requests that are played.
    Requests(Box<RequestLog>),
    /// Of a fluid.
    Fluid(Box<FluidLog>),
}

/// The books of a scenario's traffic.
pub fn request_logs(entries: &[scenario::Traffic], interval: SimDuration) -> Vec<EntryLog> {
    let log = |entry: &scenario::Traffic| {
        let target = &entry.target;
        let workload = format!("{}/{}", target.kind.as_str(), target.name);
        match entry.fidelity {
            Fidelity::Requests => {
                EntryLog::Requests(Box::new(RequestLog::new(&entry.title(), &target.namespace, &workload, interval)))
            }
            Fidelity::Fluid => {
                EntryLog::Fluid(Box::new(FluidLog::new(&entry.title(), &target.namespace, &workload, interval)))
            }
        }
    };
    entries.iter().map(log).collect()
}

/// What the books say at the end.
pub fn traffic_records(logs: Vec<EntryLog>) -> Vec<TrafficRecord> {
    let finish = |log| match log {
        EntryLog::Requests(log) => log.finish(),
        EntryLog::Fluid(log) => log.finish(),
    };
    logs.into_iter().map(finish).collect()
}

/// Books what became of the requests of fluids.
pub fn note_spans(traffic: &mut Traffic, logs: &mut [EntryLog]) {
    for span in traffic.take_spans() {
        let Some(EntryLog::Fluid(log)) = logs.get_mut(span.traffic) else { continue };
        for (number, _) in &span.served {
            if !log.knows(*number)
                && let Some(profile) = traffic.profile(span.traffic, *number)
            {
                log.add_profile(*number, &profile.latencies);
            }
        }
        let rates = [
            (RequestCount::Offered, span.offered),
            (RequestCount::NoEndpoint, span.no_endpoint),
            (RequestCount::DeadEndpoint, span.dead_endpoint),
            (RequestCount::QueueFull, span.queue_full),
            (RequestCount::Timeout, span.timeout),
        ];
        log.add_span(span.from, span.to, &rates, &span.served);
        if span.cut > 0.0 {
            log.add_lost(RequestCount::Cut, span.cut, span.from);
        }
    }
}

impl Ledger for EntryLog {
    fn sent(&mut self, now: SimTime) {
        if let Self::Requests(log) = self {
            log.count(RequestCount::Offered, 1, now);
        }
    }

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        let Self::Requests(log) = self else { return };
        let cause = match outcome {
            Outcome::Served => return log.served(now, after),
            Outcome::NoEndpoint => RequestCount::NoEndpoint,
            Outcome::DeadEndpoint => RequestCount::DeadEndpoint,
            Outcome::QueueFull => RequestCount::QueueFull,
            Outcome::Timeout => RequestCount::Timeout,
            Outcome::Cut => RequestCount::Cut,
        };
        log.count(cause, 1, now);
    }
}
