//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Fidelity};
use crate::network::requests::Requests;
use crate::network::{CallCounts, Ledger, Outcome};
use crate::record::{CallRecord, FluidLog, RequestCount, RequestLog, ServiceLevel, TrafficIdentity, TrafficRecord};
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
        let slo = &entry.slo;
        let identity = TrafficIdentity {
            name: entry.title().into(),
            namespace: target.namespace.as_str().into(),
            target: format!("{}/{}", target.kind.as_str(), target.name).into(),
            is_fluid: entry.fidelity == Fidelity::Fluid,
            has_senders: entry.has_senders(),
            service_level: ServiceLevel {
                latency: slo.latency.map(scenario::Duration::get),
                target: slo.target,
                apdex: slo.apdex.get(),
            },
        };
        match entry.fidelity {
            Fidelity::Requests => EntryLog::Requests(Box::new(RequestLog::new(identity, interval))),
            Fidelity::Fluid => EntryLog::Fluid(Box::new(FluidLog::new(identity, interval))),
        }
    };
    entries.iter().map(log).collect()
}

/// What the books say at the end of the run.
pub fn traffic_records(logs: Vec<EntryLog>, end: SimTime) -> Vec<TrafficRecord> {
    let finish = |log| match log {
        EntryLog::Requests(log) => log.finish(end),
        EntryLog::Fluid(log) => log.finish(end),
    };
    logs.into_iter().map(finish).collect()
}

impl EntryLog {
    /// A quantile of the latency of the requests of late; `None` of a fluid, or if none was served.
    pub fn recent_latency(&self, quantile: f64, now: SimTime) -> Option<SimDuration> {
        match self {
            Self::Requests(log) => log.recent_latency(quantile, now),
            Self::Fluid(_) => None,
        }
    }
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
            (RequestCount::Attempts, span.offered),
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

/// What became of the calls of a run.
pub fn call_records(requests: &Requests, entries: &[scenario::Traffic]) -> Vec<CallRecord> {
    let title = |index: usize| entries.get(index).map(|entry| entry.title().into()).unwrap_or_default();
    let record = |(caller, callee, by_users, counts): (usize, usize, bool, CallCounts)| {
        let CallCounts { calls, attempts, retries, hedges, served, failed, .. } = counts;
        let CallCounts { abandoned, timeouts, circuit_open, over_budget, ejections, .. } = counts;
        CallRecord {
            caller: title(caller),
            callee: title(callee),
            by_users,
            calls,
            served,
            failed,
            abandoned,
            attempts,
            retries,
            hedges,
            timeouts,
            circuit_open,
            over_budget,
            ejections,
        }
    };
    requests.calls().map(record).collect()
}

impl Ledger for EntryLog {
    fn sent(&mut self, now: SimTime) {
        if let Self::Requests(log) = self {
            log.count(RequestCount::Offered, 1, now);
        }
    }

    fn attempted(&mut self, now: SimTime) {
        if let Self::Requests(log) = self {
            log.count(RequestCount::Attempts, 1, now);
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
            Outcome::Error => RequestCount::Error,
            Outcome::NoName => RequestCount::NoName,
            Outcome::Dependency => RequestCount::Dependency,
            Outcome::RetryExhausted => RequestCount::RetryExhausted,
            Outcome::Abandoned => RequestCount::Abandoned,
        };
        log.count(cause, 1, now);
    }
}
