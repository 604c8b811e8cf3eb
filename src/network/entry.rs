//! From the traffic entries of the scenario to the services that play them and the calls among them.

use super::calls::{Graph, Rule, Site};
use super::clients::{Clients, ClosedLoop, OpenLoop, Recorded, Sessions, Spacing};
use super::producer::Producer;
use super::proxies::{Balancing, Proxies};
use super::service::{Calls, Rules, Service, Streams, Work};
use crate::engine::RandomStreams;
use crate::input::scenario::{self, Fidelity, ProxyMode, Rate, RequestSpacing};
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};

/// The services of the entries that are played request by request, in their order. `midnight` is an instant at which a day
/// begins, `end` that of the run; what a pod used is asked for `reach` back at most.
pub fn graph(
    entries: &[scenario::Traffic],
    midnight: SimTime,
    end: SimTime,
    reach: SimDuration,
    streams: RandomStreams,
) -> Graph {
    let played = || entries.iter().enumerate().filter(|(_, entry)| entry.fidelity == Fidelity::Requests);
    let services = played().map(|(index, entry)| (service(entry, midnight, end, reach, streams), index)).collect();
    let titles: Vec<String> = played().map(|(_, entry)| entry.title()).collect();
    let (mut sites, mut stages) = (Vec::new(), Vec::new());
    for (caller, (_, entry)) in played().enumerate() {
        if entry.retries.attempts > 0 {
            let rule = Rule::of_users(&entry.retries, entry.server.timeout.map(Into::into));
            sites.push(Site::new(caller, caller, true, rule));
        }
        let mut calls_by_stage: Vec<usize> = Vec::new();
        for call in &entry.server.calls {
            let Some(callee) = titles.iter().position(|title| *title == call.to) else { continue };
            sites.push(Site::new(caller, callee, false, Rule::of_call(call)));
            match calls_by_stage.last_mut() {
                Some(size) if call.parallel => *size += 1,
                _ => calls_by_stage.push(1),
            }
        }
        stages.push(calls_by_stage);
    }
    Graph::new(services, sites, &stages)
}

/// The service of an entry, without endpoints.
fn service(
    entry: &scenario::Traffic,
    midnight: SimTime,
    end: SimTime,
    reach: SimDuration,
    streams: RandomStreams,
) -> Service {
    let title = entry.title();
    let stream = |purpose: &str| streams.stream(&format!("traffic/{title}/{purpose}"));
    let rules = Rules {
        cpu: Sampler::new(&entry.cpu_per_request.0),
        wait: Sampler::new(&entry.server.wait),
        timeout: entry.server.timeout.map(Into::into),
        error_rate: entry.error_rate.unwrap_or(0.0),
        backends: entry.backends.iter().map(work).collect(),
        propagation: Sampler::new(&entry.routing.endpoint_propagation),
        dns_ttl: entry.routing.dns_ttl.get(),
        end,
        reach,
        calls: match (entry.server.calls.is_empty(), entry.server.asynchronous) {
            (true, _) => Calls::None,
            (false, false) => Calls::Synchronous,
            (false, true) => Calls::Asynchronous,
        },
        clients_retry: entry.retries.attempts > 0,
        mesh_latency: entry.mesh.as_ref().map(|mesh| Sampler::new(&mesh.latency)),
        mesh_cpu: entry.mesh.as_ref().map_or(0.0, |mesh| {
            let calls: f64 = entry.server.calls.iter().map(|call| Rule::of_call(call).mean_calls()).sum();
            mesh.cpu.get().as_secs_f64() * 1e9 * (1.0 + calls)
        }),
    };
    let mut streams = Streams {
        clients: stream("clients"),
        cpu: stream("cpu"),
        wait: stream("wait"),
        routes: stream("routes"),
        propagation: stream("propagation"),
        backends: stream("backends"),
        calls: stream("calls"),
        retries: stream("retries"),
        mesh: stream("mesh"),
    };
    let start = SimTime::ZERO;
    let mut chance = stream("rate");
    let mut drawn = |rate: &Rate| RateCurve::drawn(rate, midnight, end, &mut chance);
    let clients = match (&entry.users, &entry.producer, &entry.rate) {
        (_, _, Some(rate)) if let Some(times) = rate.recorded() => Clients::Recorded(Recorded::new(times)),
        (Some(users), _, _) => {
            let think_time = Sampler::new(&users.think_time);
            let users_over_time = RateCurve::new(&users.count, midnight);
            Clients::Closed(ClosedLoop::new(users_over_time, think_time, start).keep_alive(users.keep_alive))
        }
        (None, Some(producer), _) => {
            Clients::Producer(Producer::new(RateCurve::new(&producer.rate, midnight), producer.connections, start, end))
        }
        (None, None, None) if let Some(sessions) = &entry.sessions => {
            let curve = drawn(&sessions.rate);
            let arrivals = OpenLoop::new(curve, Spacing::Poisson, start, end, &mut streams.clients);
            let (requests, think_time) = (Sampler::new(&sessions.requests), Sampler::new(&sessions.think_time));
            Clients::Sessions(Sessions::new(arrivals, requests, think_time))
        }
        (None, None, rate) => {
            let rate = rate.as_ref().map_or(RateCurve::none(), drawn);
            let spacing = match entry.spacing {
                RequestSpacing::Poisson => Spacing::Poisson,
                RequestSpacing::Even => Spacing::Even,
            };
            Clients::Open(OpenLoop::new(rate, spacing, start, end, &mut streams.clients))
        }
    };
    let balancing = match entry.routing.mode {
        ProxyMode::Iptables => Balancing::Random,
        ProxyMode::RoundRobin => Balancing::RoundRobin,
        ProxyMode::LeastConnection => Balancing::LeastConnection,
    };
    let proxies = usize::try_from(entry.routing.proxies).unwrap_or(1);
    Service::new(rules, streams, clients, Proxies::new(balancing, proxies))
}

/// What is different at a backend.
fn work(backend: &scenario::Backend) -> Work {
    Work {
        cpu: backend.cpu_per_request.as_ref().map(|cpu| Sampler::new(&cpu.0)),
        wait: backend.server.wait.as_ref().map(Sampler::new),
        error_rate: backend.error_rate,
    }
}
