//! The books on what becomes of requests, one for each traffic entry.

use crate::input::scenario::{self, Amount, Fidelity, ScenarioSpec};
use crate::network::requests::Requests;
use crate::network::{CallCounts, Crossing, Ledger, Outcome, Place};
use crate::record::{
    CallRecord, FluidLog, RequestCount, RequestLog, ServiceLevel, TrafficIdentity, TrafficRecord, Transfer,
};
use crate::units::{SimDuration, SimTime};
use crate::workload::traffic::Traffic;
use std::collections::BTreeMap;

/// The books of one traffic entry.
#[derive(Clone, Debug)]
pub enum EntryLog {
    /// Of requests that are played.
    Requests(Box<PlayedLog>),
    /// Of a fluid.
    Fluid(Box<FluidLog>),
}

/// The books of one traffic entry whose requests are played.
#[derive(Clone, Debug)]
pub struct PlayedLog {
    log: RequestLog,
    /// Those of each place to which attempts came, where Services decide on that.
    backends: Option<BTreeMap<(u32, u32), RequestLog>>,
    interval: SimDuration,
}

/// The books of a scenario's traffic.
pub fn request_logs(spec: &ScenarioSpec, interval: SimDuration) -> Vec<EntryLog> {
    let price = spec.cloud.as_ref().and_then(|cloud| cloud.pricing.cross_zone_per_gb);
    let log = |entry: &scenario::Traffic| {
        let slo = &entry.slo;
        let identity = TrafficIdentity {
            name: entry.title().into(),
            namespace: entry.target.as_ref().map(|target| target.namespace.as_str().into()).unwrap_or_default(),
            target: match &entry.target {
                Some(target) => format!("{}/{}", target.kind.as_str(), target.name).into(),
                None => entry.destination().into(),
            },
            is_behind_front: entry.is_behind_front(),
            transfer: Transfer {
                request_bytes: entry.request_bytes.map(Amount::bytes),
                response_bytes: entry.response_bytes.map(Amount::bytes),
                dollars_per_gb: price,
            },
            is_fluid: entry.fidelity == Fidelity::Fluid,
            has_senders: entry.has_senders(),
            service_level: ServiceLevel {
                latency: slo.latency.map(scenario::Duration::get),
                target: slo.target,
                apdex: slo.apdex.get(),
            },
        };
        match entry.fidelity {
            Fidelity::Requests => EntryLog::Requests(Box::new(PlayedLog {
                backends: entry.is_routed_by_services().then(BTreeMap::new),
                interval,
                log: RequestLog::new(identity, interval),
            })),
            Fidelity::Fluid => EntryLog::Fluid(Box::new(FluidLog::new(identity, interval))),
        }
    };
    spec.traffic.iter().map(log).collect()
}

/// What the books say at the end of the run.
pub fn traffic_records(logs: Vec<EntryLog>, requests: &Requests, end: SimTime) -> Vec<TrafficRecord> {
    let finish = |(index, log)| match log {
        EntryLog::Requests(played) => {
            let backend = |((route, group), log): ((u32, u32), RequestLog)| {
                let names = requests.backend_at(index, route, group);
                log.finish_backend(&names.service, &names.workload, &names.revision, end)
            };
            let backends = played.backends.into_iter().flatten().map(backend).collect();
            TrafficRecord { backends, ..played.log.finish(end) }
        }
        EntryLog::Fluid(log) => log.finish(end),
    };
    logs.into_iter().enumerate().map(finish).collect()
}

impl EntryLog {
    /// A quantile of the latency of the requests of late; `None` of a fluid, or if none was served.
    pub fn recent_latency(&self, quantile: f64, now: SimTime) -> Option<SimDuration> {
        match self {
            Self::Requests(played) => played.log.recent_latency(quantile, now),
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
        if let Self::Requests(played) = self {
            played.log.count(RequestCount::Offered, 1, now);
        }
    }

    fn attempted(&mut self, now: SimTime) {
        if let Self::Requests(played) = self {
            played.log.count(RequestCount::Attempts, 1, now);
        }
    }

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        if let Self::Requests(played) = self {
            note_end(&mut played.log, outcome, now, after);
        }
    }

    fn left(&mut self, place: Place, outcome: Outcome, now: SimTime, after: SimDuration) {
        let Self::Requests(played) = self else { return };
        note_zone(&mut played.log, place.crossing, outcome, now);
        if let Some(backends) = &mut played.backends {
            let interval = played.interval;
            let new = || RequestLog::new(played.log.identity().clone(), interval);
            let log = backends.entry((place.route, place.group)).or_insert_with(new);
            log.count(RequestCount::Attempts, 1, now);
            note_zone(log, place.crossing, outcome, now);
            note_end(log, outcome, now, after);
        }
    }
}

/// Counts an attempt that a pod took by where that is, and its answer if there was one.
fn note_zone(log: &mut RequestLog, crossing: Crossing, outcome: Outcome, now: SimTime) {
    match crossing {
        Crossing::Unknown => {}
        Crossing::Same => log.count(RequestCount::SameZone, 1, now),
        Crossing::Cross => {
            log.count(RequestCount::CrossZone, 1, now);
            if matches!(outcome, Outcome::Served | Outcome::Error) {
                log.count(RequestCount::CrossZoneAnswered, 1, now);
            }
        }
    }
}

fn note_end(log: &mut RequestLog, outcome: Outcome, now: SimTime, after: SimDuration) {
    let cause = match outcome {
        Outcome::Served => return log.served(now, after),
        Outcome::NoEndpoint => RequestCount::NoEndpoint,
        Outcome::DeadEndpoint => RequestCount::DeadEndpoint,
        Outcome::QueueFull => RequestCount::QueueFull,
        Outcome::Timeout => RequestCount::Timeout,
        Outcome::Cut => RequestCount::Cut,
        Outcome::Error => RequestCount::Error,
        Outcome::NoName => RequestCount::NoName,
        Outcome::NoRoute => RequestCount::NoRoute,
        Outcome::Dependency => RequestCount::Dependency,
        Outcome::RetryExhausted => RequestCount::RetryExhausted,
        Outcome::Abandoned => RequestCount::Abandoned,
    };
    log.count(cause, 1, now);
}
