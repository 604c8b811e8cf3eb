//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Fidelity};
use crate::network::requests::Requests;
use crate::network::{CallCounts, Ledger, Outcome};
use crate::record::{CallRecord, Flow, RequestCount, RequestLog, ServiceLevel, TrafficIdentity, TrafficRecord};
use crate::units::{SimDuration, SimTime};
use crate::workload::traffic::Load;

/// The books of one traffic entry.
#[derive(Clone, Debug)]
pub struct EntryLog(RequestLog);

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
        EntryLog(RequestLog::new(identity, interval))
    };
    entries.iter().map(log).collect()
}

/// What the books say at the end of the run.
pub fn traffic_records(logs: Vec<EntryLog>, end: SimTime) -> Vec<TrafficRecord> {
    logs.into_iter().map(|log| log.0.finish(end)).collect()
}

impl EntryLog {
    /// A quantile of the latency of the requests of late; `None` if none was served.
    pub fn recent_latency(&self, quantile: f64, now: SimTime) -> Option<SimDuration> {
        self.0.recent_latency(quantile, now)
    }

    /// A fluid has flown as a load says, up to `now`.
    pub fn flow(&mut self, load: &Load, now: SimTime) {
        let beyond = (load.unserved - load.no_endpoint - load.dead_endpoint).max(0.0);
        let failed = [
            (RequestCount::NoEndpoint, load.no_endpoint),
            (RequestCount::DeadEndpoint, load.dead_endpoint),
            (RequestCount::QueueFull, beyond),
        ];
        self.0.flow(now, &Flow { offered: load.rate, failed: &failed, latencies: &[] });
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
        self.0.count(RequestCount::Offered, 1, now);
    }

    fn attempted(&mut self, now: SimTime) {
        self.0.count(RequestCount::Attempts, 1, now);
    }

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        let cause = match outcome {
            Outcome::Served => return self.0.served(now, after),
            Outcome::NoEndpoint => RequestCount::NoEndpoint,
            Outcome::DeadEndpoint => RequestCount::DeadEndpoint,
            Outcome::QueueFull => RequestCount::QueueFull,
            Outcome::Timeout => RequestCount::Timeout,
            Outcome::Cut => RequestCount::Cut,
            Outcome::Dependency => RequestCount::Dependency,
            Outcome::RetryExhausted => RequestCount::RetryExhausted,
            Outcome::Abandoned => RequestCount::Abandoned,
        };
        self.0.count(cause, 1, now);
    }
}
