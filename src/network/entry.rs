//! From a traffic entry of the scenario to the service that plays it.

use super::clients::{Clients, ClosedLoop, OpenLoop, Recorded, Sessions, Spacing};
use super::proxies::{Balancing, Proxies};
use super::service::{Rules, Service, Streams};
use crate::engine::RandomStreams;
use crate::input::scenario::{self, ProxyMode, Rate, RequestSpacing};
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};

/// The service of an entry, without endpoints. `midnight` is an instant at which a day begins, `end` that of the run; what a
/// pod used is asked for `reach` back at most.
pub fn service(
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
        propagation: Sampler::new(&entry.routing.endpoint_propagation),
        end,
        reach,
    };
    let mut streams = Streams {
        clients: stream("clients"),
        cpu: stream("cpu"),
        wait: stream("wait"),
        routes: stream("routes"),
        propagation: stream("propagation"),
    };
    let start = SimTime::ZERO;
    let mut chance = stream("rate");
    let mut drawn = |rate: &Rate| RateCurve::drawn(rate, midnight, end, &mut chance);
    let clients = match (&entry.users, &entry.rate) {
        (_, Some(rate)) if let Some(times) = rate.recorded() => Clients::Recorded(Recorded::new(times)),
        (Some(users), _) => {
            let think_time = Sampler::new(&users.think_time);
            Clients::Closed(ClosedLoop::new(RateCurve::new(&users.count, midnight), think_time, start))
        }
        (None, None) if let Some(sessions) = &entry.sessions => {
            let curve = drawn(&sessions.rate);
            let arrivals = OpenLoop::new(curve, Spacing::Poisson, start, end, &mut streams.clients);
            let (requests, think_time) = (Sampler::new(&sessions.requests), Sampler::new(&sessions.think_time));
            Clients::Sessions(Sessions::new(arrivals, requests, think_time))
        }
        (None, rate) => {
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
