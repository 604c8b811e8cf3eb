//! The formulas against closed forms, and against the same pod played request by request.

use super::*;
use crate::engine::RandomStreams;
use crate::input::scenario::{Distribution, Duration, Exponential, Gamma, LogNormal, Rate, Uniform};
use crate::network::calls::Graph;
use crate::network::clients::{Clients, OpenLoop, Spacing};
use crate::network::place::Place;
use crate::network::proxies::{Balancing, Proxies};
use crate::network::routing::usable::Known;
use crate::network::service::{Calls, Ledger, Outcome, Rules, Service, Streams};
use crate::network::station::Shape;
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};

fn millis(value: i64) -> Duration {
    Duration::from_millis(value)
}

fn fixed(mean: i64) -> Distribution<Duration> {
    Distribution::Fixed(millis(mean))
}

fn exponential(mean: i64) -> Distribution<Duration> {
    Distribution::Exponential(Exponential { mean: millis(mean) })
}

fn log_normal(mean: i64, sigma: f64) -> Distribution<Duration> {
    Distribution::LogNormal(LogNormal { median: None, mean: Some(millis(mean)), sigma })
}

fn gamma(mean: i64, shape: f64) -> Distribution<Duration> {
    Distribution::Gamma(Gamma { mean: millis(mean), shape })
}

/// A pod without limits.
fn pod(cpu: &Distribution<Duration>, cores: f64) -> PodServer {
    PodServer {
        cpu: Demand::new(cpu),
        wait: Demand::new(&fixed(0)),
        cores,
        quota: None,
        workers: None,
        queue: None,
        timeout: None,
    }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    let rank = (share * float(sorted.len())).ceil().max(1.0) as usize;
    sorted[rank - 1]
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// What a pod did to requests.
#[derive(Default)]
struct Book {
    sent: usize,
    latencies: Vec<f64>,
    failed: usize,
}

impl Ledger for Book {
    fn sent(&mut self, _: SimTime) {
        self.sent += 1;
    }
    fn attempted(&mut self, _: SimTime) {}
    fn left(&mut self, _: Place, _: Outcome, _: SimTime, _: SimDuration) {}

    fn ended(&mut self, outcome: Outcome, _: SimTime, after: SimDuration) {
        if outcome == Outcome::Served {
            self.latencies.push(after.as_secs_f64());
        } else {
            self.failed += 1;
        }
    }
}

/// Plays a pod of the given demands for a number of requests, at a constant rate.
fn play(
    cpu: &Distribution<Duration>,
    wait: &Distribution<Duration>,
    pod: &PodServer,
    rate: f64,
    requests: f64,
) -> Book {
    let end = SimTime::ZERO + SimDuration::from_secs_f64(requests / rate);
    let streams = RandomStreams::new(5);
    let mut streams = Streams {
        clients: streams.stream("clients"),
        cpu: streams.stream("cpu"),
        wait: streams.stream("wait"),
        routes: streams.stream("routes"),
        propagation: streams.stream("propagation"),
        calls: streams.stream("calls"),
        retries: streams.stream("retries"),
        mesh: streams.stream("mesh"),
        backends: streams.stream("backends"),
    };
    let rules = Rules {
        cpu: Sampler::new(cpu),
        wait: Sampler::new(wait),
        timeout: pod.timeout.map(SimDuration::from_secs_f64),
        error_rate: 0.0,
        backends: Vec::new(),
        propagation: Sampler::new(&fixed(0)),
        dns_ttl: SimDuration::ZERO,
        end,
        reach: SimDuration::from_secs(60),
        calls: Calls::None,
        clients_retry: false,
        mesh_latency: None,
        mesh_cpu: 0.0,
    };
    let curve = RateCurve::new(&Rate::Constant(rate), SimTime::ZERO);
    let clients = Clients::Open(OpenLoop::new(curve, Spacing::Poisson, SimTime::ZERO, end, &mut streams.clients));
    let service = Service::new(rules, streams, clients, Proxies::new(Balancing::Random, 1));
    let mut graph = Graph::new(vec![(service, 0)], Vec::new(), &[Vec::new()]);
    let shape = Shape {
        cores: pod.cores,
        quota: pod.quota,
        workers: pod.workers.unwrap_or(usize::MAX),
        queue: pod.queue.unwrap_or(usize::MAX),
    };
    let number = graph.begin(0, 0, shape, SimTime::ZERO);
    graph.announce(0, 0, number, Some(Known::READY), SimTime::ZERO);
    let mut book = Book::default();
    graph.play(end, u64::MAX, std::slice::from_mut(&mut book));
    book.latencies.sort_by(f64::total_cmp);
    book
}

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-9), "{what}: {found}, expected {expected}");
}

fn mean(profile: &LatencyProfile) -> f64 {
    profile.latencies.iter().sum::<f64>() / float(profile.latencies.len())
}

fn steady(pod: &PodServer, rate: f64) -> LatencyProfile {
    LatencyProfile::new(pod, QueueState::Steady { rate })
}

/// Probability of waiting (Erlang C).
fn erlang_c(servers: usize, load: f64) -> f64 {
    let mut blocked = 1.0;
    for count in 1..=servers {
        blocked = load * blocked / (float(count) + load * blocked);
    }
    let used = load / float(servers);
    blocked / (1.0 - used * (1.0 - blocked))
}

#[test]
fn demands_have_the_moments_of_their_distributions() {
    let uniform = Distribution::Uniform(Uniform { min: millis(2), max: millis(8) });
    let cases = [
        (fixed(10), 0.01, 0.0, "fixed"),
        (uniform, 0.005, 3.0 / 25.0, "uniform"),
        (exponential(10), 0.01, 1.0, "exponential"),
        (gamma(10, 0.5), 0.01, 2.0, "gamma"),
        (log_normal(10, 0.8), 0.01, 0.64_f64.exp() - 1.0, "log-normal"),
    ];
    for (distribution, mean, variation, what) in cases {
        let demand = Demand::new(&distribution);
        assert_near(demand.mean(), mean, 1e-9, what);
        assert!(
            (demand.squared_variation() - variation).abs() < 0.02 * variation + 1e-9,
            "{what}: {}",
            demand.squared_variation()
        );
        assert!(demand.quantile(0.5) <= demand.quantile(0.99), "{what}");
    }
}

#[test]
fn means_are_those_of_closed_forms() {
    for load in [0.1, 0.5, 0.8, 0.9, 0.95] {
        for (cpu, what) in [(exponential(10), "M/M/1-PS"), (fixed(10), "M/D/1-PS"), (gamma(10, 0.5), "M/G/1-PS")] {
            let mean = mean(&steady(&pod(&cpu, 1.0), load * 100.0));
            assert_near(mean, 0.01 / (1.0 - load), 0.02, &format!("{what} at {load}"));
        }
        for servers in [2, 4, 16] {
            let cores = float(servers);
            let expected = 0.01 + erlang_c(servers, load * cores) * 0.01 / (cores * (1.0 - load));
            let shared = mean(&steady(&pod(&exponential(10), cores), load * cores * 100.0));
            assert_near(shared, expected, 0.02, &format!("M/M/{servers}-PS at {load}"));
            let queued = PodServer { workers: Some(servers), ..pod(&exponential(10), cores) };
            let queued = mean(&steady(&queued, load * cores * 100.0));
            assert_near(queued, expected, 0.02, &format!("M/M/{servers} at {load}"));
        }
        let cases = [(fixed(10), 0.0, "M/D/1"), (gamma(10, 0.5), 2.0, "M/G/1")];
        for (cpu, variation, what) in cases {
            let one = PodServer { workers: Some(1), ..pod(&cpu, 1.0) };
            let mean = mean(&steady(&one, load * 100.0));
            let expected = 0.01 + load * 0.01 * (1.0 + variation) / 2.0 / (1.0 - load);
            assert_near(mean, expected, 0.02, &format!("{what} at {load}"));
        }
    }
}

#[test]
fn percentiles_of_one_worker_are_those_of_m_m_1() {
    for load in [0.3, 0.7, 0.9] {
        let one = PodServer { workers: Some(1), ..pod(&exponential(10), 1.0) };
        let profile = steady(&one, load * 100.0);
        for share in [0.5, 0.9, 0.99] {
            let expected = -0.01 / (1.0 - load) * (1.0_f64 - share).ln();
            assert_near(quantile(&profile.latencies, share), expected, 0.04, &format!("p{share} at {load}"));
        }
    }
}

#[test]
fn a_queue_with_an_end_loses_what_erlang_says() {
    for (rate, workers, queue) in [(180.0, 2, 3), (90.0, 1, 0), (300.0, 2, 8), (2000.0, 2, 5)] {
        let pod = PodServer { workers: Some(workers), queue: Some(queue), ..pod(&exponential(10), float(workers)) };
        let load = rate / 100.0;
        let mut weights = vec![1.0];
        for count in 1..=workers + queue {
            weights.push(weights[count - 1] * load / float(count.min(workers)));
        }
        let expected = weights[workers + queue] / weights.iter().sum::<f64>();
        assert_near(steady(&pod, rate).full, expected, 1e-9, &format!("{rate}/s, {workers} workers, {queue} places"));
    }
}

/// The formulas and the play of the same pod: mean, median, 99th percentile and losses within the tolerances of a row.
#[test]
fn the_formulas_agree_with_requests_that_are_played() {
    struct Case {
        what: &'static str,
        cpu: Distribution<Duration>,
        wait: i64,
        change: fn(PodServer) -> PodServer,
        cores: f64,
        /// Of the mean and the median; of the 99th percentile.
        tolerance: (f64, f64),
    }
    let same: fn(PodServer) -> PodServer = |pod| pod;
    let cases = [
        Case { what: "M/M/1-PS", cpu: exponential(10), wait: 0, change: same, cores: 1.0, tolerance: (0.06, 0.1) },
        Case { what: "M/D/1-PS", cpu: fixed(10), wait: 0, change: same, cores: 1.0, tolerance: (0.15, 0.12) },
        Case {
            what: "log-normal",
            cpu: log_normal(10, 0.8),
            wait: 0,
            change: same,
            cores: 2.0,
            tolerance: (0.06, 0.1),
        },
        Case { what: "four cores", cpu: exponential(10), wait: 20, change: same, cores: 4.0, tolerance: (0.05, 0.1) },
        Case {
            what: "M/M/4",
            cpu: exponential(10),
            wait: 0,
            change: |pod| PodServer { workers: Some(4), ..pod },
            cores: 4.0,
            tolerance: (0.06, 0.1),
        },
        Case {
            what: "M/D/3",
            cpu: fixed(10),
            wait: 0,
            change: |pod| PodServer { workers: Some(3), ..pod },
            cores: 4.0,
            tolerance: (0.06, 0.15),
        },
        Case {
            what: "threads that wait",
            cpu: exponential(10),
            wait: 30,
            change: |pod| PodServer { workers: Some(16), ..pod },
            cores: 2.0,
            tolerance: (0.08, 0.15),
        },
        Case {
            what: "a queue with an end",
            cpu: exponential(10),
            wait: 0,
            change: |pod| PodServer { workers: Some(2), queue: Some(6), ..pod },
            cores: 2.0,
            tolerance: (0.05, 0.1),
        },
        Case {
            what: "a limit of 1.5 on four cores",
            cpu: exponential(10),
            wait: 0,
            change: |pod| PodServer { quota: Some(1.5), ..pod },
            cores: 4.0,
            tolerance: (0.3, 0.55),
        },
    ];
    for Case { what, cpu, wait, change, cores, tolerance } in cases {
        let wait = exponential_or_none(wait);
        let pod = change(PodServer { wait: Demand::new(&wait), ..pod(&cpu, cores) });
        for load in [0.3, 0.6, 0.8, 0.9] {
            let rate = load * pod.capacity();
            let profile = steady(&pod, rate);
            let book = play(&cpu, &wait, &pod, rate, 200_000.0);
            let played = book.latencies.iter().sum::<f64>() / float(book.latencies.len());
            let what = format!("{what} at {load}");
            let of = |share| (quantile(&profile.latencies, share), quantile(&book.latencies, share));
            assert_near(mean(&profile), played, tolerance.0, &format!("{what}, mean"));
            assert_near(of(0.5).0, of(0.5).1, tolerance.0, &format!("{what}, median"));
            assert_near(of(0.99).0, of(0.99).1, tolerance.1, &format!("{what}, p99"));
            let failed = float(book.failed) / float(book.sent);
            assert!((profile.full - failed).abs() < 0.01, "{what}: {} lost, {failed} when played", profile.full);
        }
    }
}

fn exponential_or_none(mean: i64) -> Distribution<Duration> {
    if mean > 0 { exponential(mean) } else { fixed(0) }
}
