//! The queueing theory that requests must obey, each figure within the 99.9 % confidence interval of the run.

use super::calls::Graph;
use super::clients::{Clients, ClosedLoop, OpenLoop, Recorded, Sessions, Spacing};
use super::place::Place;
use super::proxies::{Balancing, Proxies};
use super::routing::usable::Known;
use super::service::{Calls, Ledger, Outcome, Rules, Service, Streams};
use super::station::Shape;
use crate::engine::RandomStreams;
use crate::input::scenario::{Distribution, Duration, Exponential, Gamma, LogNormal, Rate};
use crate::units::{SimDuration, SimTime};
use crate::workload::{RateCurve, Sampler};

/// Batches of a run, and Student's t for their number at 99.9 %.
const BATCHES: usize = 20;
const STUDENT: f64 = 3.883;

/// A pod on one core without limits.
pub(super) const OPEN: Shape = Shape { cores: 1.0, quota: None, workers: usize::MAX, queue: usize::MAX };
/// A pod that works on one request at a time.
pub(super) const ONE: Shape = Shape { workers: 1, ..OPEN };

/// What is noted of a run.
#[derive(Default)]
pub(super) struct Book {
    pub sent: usize,
    pub attempts: usize,
    /// Seconds of each request that was served.
    pub latencies: Vec<f64>,
    pub outcomes: Vec<Outcome>,
    /// Requests on their way, and their integral over time in seconds.
    here: f64,
    integral: f64,
    updated: SimTime,
}

impl Book {
    fn advance(&mut self, now: SimTime) {
        self.integral += self.here * (now - self.updated).as_secs_f64();
        self.updated = now;
    }

    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|found| **found == outcome).count()
    }
}

impl Ledger for Book {
    fn sent(&mut self, now: SimTime) {
        self.advance(now);
        self.sent += 1;
        self.here += 1.0;
    }

    fn attempted(&mut self, _: SimTime) {
        self.attempts += 1;
    }

    fn left(&mut self, _: Place, _: Outcome, _: SimTime, _: SimDuration) {}

    fn ended(&mut self, outcome: Outcome, now: SimTime, after: SimDuration) {
        self.advance(now);
        self.here -= 1.0;
        self.outcomes.push(outcome);
        if outcome == Outcome::Served {
            self.latencies.push(after.as_secs_f64());
        }
    }
}

pub(super) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn exponential(mean_millis: i64) -> Distribution<Duration> {
    Distribution::Exponential(Exponential { mean: Duration::from_millis(mean_millis) })
}

fn fixed(millis: i64) -> Distribution<Duration> {
    Distribution::Fixed(Duration::from_millis(millis))
}

/// Who sends: so many requests per second, or users who think 100 ms on average.
#[derive(Clone, Copy)]
enum Sender {
    Rate(f64),
    Users(f64),
}

/// A service with proxies that know of everything at once.
fn service(sender: Sender, cpu: &Distribution<Duration>, timeout: Option<i64>, end: SimTime) -> Alone {
    let streams = RandomStreams::new(11);
    let mut streams = Streams {
        clients: streams.stream("clients"),
        cpu: streams.stream("cpu"),
        wait: streams.stream("wait"),
        routes: streams.stream("routes"),
        propagation: streams.stream("propagation"),
        backends: streams.stream("backends"),
        calls: streams.stream("calls"),
        retries: streams.stream("retries"),
        mesh: streams.stream("mesh"),
    };
    let rules = Rules {
        cpu: Sampler::new(cpu),
        wait: Sampler::new(&fixed(0)),
        timeout: timeout.map(SimDuration::from_millis),
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
    let curve = |value| RateCurve::new(&Rate::Constant(value), SimTime::ZERO);
    let clients = match sender {
        Sender::Rate(rate) => {
            Clients::Open(OpenLoop::new(curve(rate), Spacing::Poisson, SimTime::ZERO, end, &mut streams.clients))
        }
        Sender::Users(users) => {
            Clients::Closed(ClosedLoop::new(curve(users), Sampler::new(&exponential(100)), SimTime::ZERO))
        }
    };
    let service = Service::new(rules, streams, clients, Proxies::new(Balancing::Random, 1));
    Alone(Graph::new(vec![(service, 0)], Vec::new(), &[Vec::new()]))
}

/// A service that nobody calls and that calls nobody.
struct Alone(Graph);

impl Alone {
    fn begin(&mut self, shape: Shape, now: SimTime) -> u32 {
        self.0.begin(0, 0, shape, now)
    }

    fn announce(&mut self, pod: u32, is_ready: bool, now: SimTime) {
        self.0.announce(0, 0, pod, is_ready.then_some(Known::READY), now);
    }

    fn refuse_from(&mut self, pod: u32, at: SimTime) {
        self.0.refuse_from(0, pod, at);
    }

    fn end(&mut self, pod: u32, now: SimTime, book: &mut Book) {
        self.0.end(0, pod, now, std::slice::from_mut(book));
    }

    fn play(&mut self, until: SimTime, most: u64, book: &mut Book) -> u64 {
        self.0.play(until, most, std::slice::from_mut(book))
    }

    fn take_counts(&mut self) -> (u64, u64) {
        self.0.service_mut(0).take_counts()
    }
}

/// One pod that serves for so many seconds.
fn run(sender: Sender, cpu: &Distribution<Duration>, shape: Shape, seconds: i64) -> Book {
    let end = SimTime::from_secs(seconds);
    let mut service = service(sender, cpu, None, end);
    let mut book = Book::default();
    let pod = service.begin(shape, SimTime::ZERO);
    service.announce(pod, true, SimTime::ZERO);
    service.play(end, u64::MAX, &mut book);
    book
}

/// The mean of a sequence must be `expected` within the confidence interval of its batches.
pub(super) fn check(values: &[f64], expected: f64, what: &str) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / float(values.len());
    // The first twentieth is the way from an empty system to what lasts.
    let settled = &values[values.len() / 20..];
    let batches: Vec<f64> = settled.chunks_exact(settled.len() / BATCHES).map(mean).collect();
    let middle = mean(&batches);
    let variance = batches.iter().map(|batch| (batch - middle).powi(2)).sum::<f64>() / float(batches.len() - 1);
    let bound = STUDENT * (variance / float(batches.len())).sqrt();
    assert!((middle - expected).abs() <= bound, "{what}: {middle} is not {expected} within {bound}");
    assert!(bound < 0.25 * expected, "{what}: {middle} within {bound} says nothing about {expected}");
}

/// The share of values above a bound.
fn check_share_above(values: &[f64], bound: f64, expected: f64, what: &str) {
    let above: Vec<f64> = values.iter().map(|value| f64::from(u8::from(*value > bound))).collect();
    check(&above, expected, &format!("{what}, share above {bound} s"));
}

/// Little's law: what is there on average is what comes per second times how long it stays.
fn check_little(book: &Book, seconds: i64) {
    let span = SimTime::from_secs(seconds).as_secs_f64();
    let stayed = book.latencies.iter().sum::<f64>();
    let here = book.integral / span;
    assert!((here - stayed / span).abs() < 1e-3 * here, "{here} requests, {} by Little's law", stayed / span);
}

/// Probability of waiting (Erlang C) of `servers` with a load of `load` erlangs.
pub(super) fn erlang_c(servers: usize, load: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 0.0;
    for count in 0..servers {
        sum += term;
        term *= load / float(count + 1);
    }
    let waiting = term / (1.0 - load / float(servers));
    waiting / (sum + waiting)
}

#[test]
fn one_worker_is_an_m_m_1_queue() {
    let book = run(Sender::Rate(70.0), &exponential(10), ONE, 20_000);
    check(&book.latencies, 1.0 / 30.0, "M/M/1 mean");
    // The time in the system is exponentially distributed.
    for percentile in [0.5_f64, 0.9, 0.95] {
        let bound = -(1.0 - percentile).ln() / 30.0;
        check_share_above(&book.latencies, bound, 1.0 - percentile, "M/M/1");
    }
    check_little(&book, 20_000);
}

#[test]
fn several_workers_are_an_m_m_c_queue() {
    let (rate, service) = (240.0, 100.0);
    let shape = Shape { cores: 3.0, workers: 3, ..OPEN };
    let book = run(Sender::Rate(rate), &exponential(10), shape, 6_000);
    let wait = erlang_c(3, rate / service);
    let drain = 3.0 * service - rate;
    check(&book.latencies, 1.0 / service + wait / drain, "M/M/3 mean");
    for bound in [0.01, 0.03, 0.06_f64] {
        let both = (drain * (-service * bound).exp() - service * (-drain * bound).exp()) / (drain - service);
        check_share_above(&book.latencies, bound, (1.0 - wait) * (-service * bound).exp() + wait * both, "M/M/3");
    }
    check_little(&book, 6_000);
}

#[test]
fn pollaczek_and_khinchine_hold() {
    let gamma = Distribution::Gamma(Gamma { mean: Duration::from_millis(10), shape: 0.5 });
    let log_normal = LogNormal { median: None, mean: Some(Duration::from_millis(10)), sigma: 0.8 };
    // Distribution, its squared coefficient of variation.
    let cases = [
        (fixed(10), 0.0, "M/D/1"),
        (gamma, 2.0, "M/G/1, gamma"),
        (Distribution::LogNormal(log_normal), 0.64_f64.exp() - 1.0, "M/G/1, log-normal"),
    ];
    for (cpu, variation, what) in cases {
        let book = run(Sender::Rate(60.0), &cpu, ONE, 2000);
        let wait = 0.6 * 0.01 * (1.0 + variation) / 2.0 / 0.4;
        check(&book.latencies, 0.01 + wait, what);
        check_little(&book, 2000);
    }
}

#[test]
fn processor_sharing_does_not_ask_for_the_distribution() {
    let gamma = Distribution::Gamma(Gamma { mean: Duration::from_millis(10), shape: 0.3 });
    for (cpu, what) in [(exponential(10), "M/M/1-PS"), (fixed(10), "M/D/1-PS"), (gamma, "M/G/1-PS")] {
        let book = run(Sender::Rate(60.0), &cpu, OPEN, 2000);
        check(&book.latencies, 0.01 / 0.4, what);
        check_little(&book, 2000);
    }
    // On three cores each request gets one at most: as many are there as in M/M/3.
    let shape = Shape { cores: 3.0, ..OPEN };
    let book = run(Sender::Rate(240.0), &fixed(10), shape, 6_000);
    check(&book.latencies, 0.01 + erlang_c(3, 2.4) / 60.0, "M/D/3-PS");
}

#[test]
fn a_full_queue_loses_what_erlang_says() {
    // Two workers and three places: M/M/2/5 at 1.8 erlangs.
    let shape = Shape { cores: 2.0, workers: 2, queue: 3, ..OPEN };
    let book = run(Sender::Rate(180.0), &exponential(10), shape, 1000);
    let mut weights = vec![1.0];
    for count in 1..=5 {
        weights.push(weights[count - 1] * 1.8 / float(count.min(2)));
    }
    let lost = weights[5] / weights.iter().sum::<f64>();
    let losses: Vec<f64> = book.outcomes.iter().map(|end| f64::from(u8::from(*end == Outcome::QueueFull))).collect();
    check(&losses, lost, "M/M/2/5 loss");
    assert!(in_flight(&book) <= 5, "each request is somewhere");
}

/// Requests of a book that have not ended.
pub(super) fn in_flight(book: &Book) -> usize {
    book.sent - book.outcomes.len()
}

#[test]
fn users_that_think_are_a_closed_network() {
    // Mean value analysis: 100 ms of thinking and a pod of 10 ms, shared.
    for users in [3_u32, 10, 25] {
        let (mut length, mut response) = (0.0, 0.0);
        for count in 1..=users {
            response = 0.01 * (1.0 + length);
            length = f64::from(count) / (0.1 + response) * response;
        }
        let book = run(Sender::Users(f64::from(users)), &exponential(10), OPEN, 1500);
        check(&book.latencies, response, &format!("{users} users"));
        // Never more than there are users, and no more throughput than the pod or the users allow.
        assert!(in_flight(&book) <= usize::try_from(users).unwrap());
        let throughput = float(book.latencies.len()) / 1500.0;
        assert!(throughput <= 100.5 && throughput <= f64::from(users) / 0.11 * 1.01, "{throughput}");
    }
}

#[test]
fn every_request_is_accounted_for() {
    let end = SimTime::from_secs(300);
    let mut service = service(Sender::Rate(250.0), &exponential(10), Some(80), end);
    let mut book = Book::default();
    let shape = Shape { cores: 1.0, quota: Some(0.9), workers: 4, queue: 6 };
    let pods: Vec<u32> = (0..3).map(|_| service.begin(shape, SimTime::ZERO)).collect();
    for pod in &pods {
        service.announce(*pod, true, SimTime::from_secs(10));
    }
    service.play(SimTime::from_secs(100), u64::MAX, &mut book);
    assert_eq!(
        book.count(Outcome::NoEndpoint),
        book.outcomes.iter().take_while(|end| **end == Outcome::NoEndpoint).count()
    );
    assert!(book.count(Outcome::NoEndpoint) > 2000, "ten seconds without an endpoint");
    // One pod refuses for five seconds, then ends; the proxies learn of it when it ends.
    service.refuse_from(pods[0], SimTime::from_secs(100));
    service.play(SimTime::from_secs(105), u64::MAX, &mut book);
    service.end(pods[0], SimTime::from_secs(105), &mut book);
    service.announce(pods[0], false, SimTime::from_secs(105));
    let dead = book.count(Outcome::DeadEndpoint);
    assert!((300..550).contains(&dead), "a third of five seconds: {dead}");
    // Another one ends with all that it has.
    service.play(SimTime::from_secs(200), u64::MAX, &mut book);
    assert_eq!(book.count(Outcome::DeadEndpoint), dead);
    let before = book.count(Outcome::Cut);
    service.end(pods[1], SimTime::from_secs(200), &mut book);
    let cut = book.count(Outcome::Cut) - before;
    assert!((1..=10).contains(&cut), "{cut}");
    service.play(end, u64::MAX, &mut book);
    assert!(book.count(Outcome::Timeout) > 100 && book.count(Outcome::QueueFull) > 100);
    assert!(book.latencies.iter().all(|latency| *latency <= 0.08), "later answers are timeouts");
    assert!(in_flight(&book) <= 10, "{}", in_flight(&book));
    let (sent, failed) = service.take_counts();
    assert_eq!(usize::try_from(sent).unwrap(), book.sent);
    assert_eq!(usize::try_from(failed).unwrap(), book.outcomes.len() - book.latencies.len());
    // The number of a pod that is gone and that nobody knows is used again; the other is still known.
    assert_eq!(service.begin(shape, end), pods[0]);
    assert_eq!(service.begin(shape, end), 3);
}

#[test]
fn a_run_is_the_same_however_it_is_cut_into_turns() {
    let cpu = exponential(10);
    let end = SimTime::from_secs(60);
    let play = |turn: u64| {
        let mut service = service(Sender::Rate(150.0), &cpu, Some(200), end);
        let mut book = Book::default();
        for _ in 0..2 {
            let pod = service.begin(OPEN, SimTime::ZERO);
            service.announce(pod, true, SimTime::ZERO);
        }
        while service.play(end, turn, &mut book) > 0 {}
        book.latencies
    };
    assert_eq!(play(u64::MAX), play(7));
}

#[test]
fn users_of_sessions_come_send_and_leave() {
    let end = SimTime::from_secs(20_000);
    let mut random = RandomStreams::new(2).stream("clients");
    let curve = RateCurve::new(&Rate::Constant(0.5), SimTime::ZERO);
    let arrivals = OpenLoop::new(curve, Spacing::Poisson, SimTime::ZERO, end, &mut random);
    let requests = Sampler::new(&Distribution::Fixed(Duration::from_secs(4)));
    let mut clients = Clients::Sessions(Sessions::new(arrivals, requests, Sampler::new(&fixed(3000))));
    let mut sent: Vec<(u32, SimTime)> = Vec::new();
    while clients.next_at() <= end {
        let now = clients.next_at();
        let user = clients.step(end, &mut random).expect("each step sends");
        // The answer takes two seconds.
        clients.answered(user, now + SimDuration::from_secs(2), &mut random);
        sent.push((user, now));
    }
    // 10,000 users with four requests each.
    assert!((38_000..42_000).contains(&sent.len()), "{} requests", sent.len());
    let first = sent[0].0;
    let of_first: Vec<f64> = sent.iter().filter(|(user, _)| *user == first).map(|(_, at)| at.as_secs_f64()).collect();
    for pair in of_first[..4].windows(2) {
        assert!((pair[1] - pair[0] - 5.0).abs() < 1e-9, "an answer of two seconds and three of thinking: {pair:?}");
    }
    let users = sent.iter().map(|(user, _)| *user).max().unwrap();
    assert!(users < 60, "numbers of users that left are used again: {users}");
}

#[test]
fn recorded_requests_come_at_their_times() {
    let mut random = RandomStreams::new(2).stream("clients");
    let mut clients = Clients::Recorded(Recorded::new([0.5, 0.5, 2.25].into()));
    let mut times = Vec::new();
    while clients.next_at() < SimTime::MAX {
        times.push(clients.next_at().as_secs_f64());
        clients.step(SimTime::MAX, &mut random);
    }
    assert_eq!(times, [0.5, 0.5, 2.25]);
}
