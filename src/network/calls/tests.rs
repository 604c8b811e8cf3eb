//! What theory says of services that call each other, each figure within the 99.9 % confidence interval of the run, and that
//! no request is lost.

use super::super::entry::graph;
use super::super::outcome::Outcome;
use super::super::routing::usable::Known;
use super::super::station::Shape;
use super::super::tests::{Book, ONE, OPEN, check, erlang_c, float, in_flight};
use super::Graph;
use crate::engine::RandomStreams;
use crate::input::scenario::Traffic;
use crate::units::{SimDuration, SimTime};
use serde_json::{Value, json};

/// Entries that are played, and what is noted of each.
struct Play {
    graph: Graph,
    books: Vec<Book>,
}

impl Play {
    /// Entries with their pods, which every proxy knows at once.
    fn new(entries: Value, pods: &[(usize, Shape)], seconds: i64) -> Self {
        let mut entries: Vec<Traffic> = serde_json::from_value(entries).expect("entries of a scenario");
        for entry in &mut entries {
            entry.fidelity = crate::input::scenario::Fidelity::Requests;
            entry.routing =
                serde_json::from_value(json!({"endpointPropagation": {"fixed": "0s"}, "proxies": 1})).unwrap();
        }
        let reach = SimDuration::from_secs(60);
        let mut graph = graph(&entries, SimTime::ZERO, SimTime::from_secs(seconds), reach, RandomStreams::new(5));
        for (service, (count, shape)) in pods.iter().enumerate() {
            for _ in 0..*count {
                let pod = graph.begin(service, 0, *shape, SimTime::ZERO);
                graph.announce(service, 0, pod, Some(Known::READY), SimTime::ZERO);
            }
        }
        let books = entries.iter().map(|_| Book::default()).collect();
        Self { graph, books }
    }

    fn until(&mut self, seconds: f64) -> &mut Self {
        let until = SimTime::ZERO + SimDuration::from_secs_f64(seconds);
        self.graph.play(until, u64::MAX, &mut self.books);
        self
    }
}

fn entry(name: &str, cpu: &str, more: &Value) -> Value {
    let mut entry = json!({"name": name, "target": format!("deployment/{name}")});
    entry["cpuPerRequest"] = if cpu == "0ms" { json!(cpu) } else { json!({"exponential": {"mean": cpu}}) };
    for (key, value) in more.as_object().expect("fields") {
        entry[key] = if value.is_number() { json!({"constant": value}) } else { value.clone() };
    }
    entry
}

#[test]
fn queues_in_a_row_are_independent() {
    // Jackson: three M/M/1 queues, each as if it were alone.
    let next = |to: &str| json!({"async": true, "calls": [{"to": to}]});
    let entries = json!([
        entry("front", "10ms", &json!({"rate": 60, "server": next("middle")})),
        entry("middle", "8ms", &json!({"server": next("back")})),
        entry("back", "12ms", &json!({})),
    ]);
    let mut play = Play::new(entries, &[(1, ONE), (1, ONE), (1, ONE)], 3000);
    play.until(3000.0);
    let alone = |mean: f64| 1.0 / (1.0 / mean - 60.0);
    let back = alone(0.012);
    check(&play.books[2].latencies, back, "back");
    check(&play.books[1].latencies, alone(0.008) + back, "middle");
    check(&play.books[0].latencies, alone(0.01) + alone(0.008) + back, "front");
}

#[test]
fn the_slower_of_two_calls_counts() {
    // Two M/M/1 queues that get the same requests (Flatto and Hahn 1984, Nelson and Tantawi 1988).
    let calls = json!([{"to": "left"}, {"to": "right", "parallel": true}]);
    let entries = json!([
        entry("front", "0ms", &json!({"rate": 60, "server": {"calls": calls}})),
        entry("left", "10ms", &json!({})),
        entry("right", "10ms", &json!({})),
    ]);
    let mut play = Play::new(entries, &[(1, OPEN), (1, ONE), (1, ONE)], 3000);
    play.until(3000.0);
    let alone = 1.0 / 40.0;
    check(&play.books[1].latencies, alone, "one of the two");
    check(&play.books[0].latencies, (12.0 - 0.6) / 8.0 * alone, "fork and join");
}

#[test]
fn a_worker_waits_for_its_calls() {
    // Three workers that are held while a backend with a thread for everybody takes 20 ms: M/M/3.
    let entries = json!([
        entry("front", "0ms", &json!({"rate": 120, "server": {"calls": [{"to": "back"}]}})),
        entry("back", "0ms", &json!({"server": {"wait": {"exponential": {"mean": "20ms"}}}})),
    ]);
    let mut play = Play::new(entries, &[(1, Shape { workers: 3, ..OPEN }), (1, OPEN)], 2000);
    play.until(2000.0);
    let waits = erlang_c(3, 2.4) / (3.0 / 0.02 - 120.0);
    check(&play.books[0].latencies, 0.02 + waits, "M/M/3 of held workers");
}

#[test]
fn shares_and_caches_thin_the_calls() {
    let calls = json!([{"to": "back", "share": 0.5, "cacheHitRatio": 0.4, "count": 3}]);
    let entries = json!([
        entry("front", "0ms", &json!({"rate": 100, "server": {"calls": calls}})),
        entry("back", "1ms", &json!({})),
    ]);
    let mut play = Play::new(entries, &[(1, OPEN), (1, OPEN)], 1000);
    play.until(1000.0);
    let per_request = float(play.books[1].sent) / float(play.books[0].sent);
    // Three calls of a probability of 0.3 each; four standard errors.
    assert!((per_request - 0.9).abs() < 4.0 * (0.63_f64 / 1e5).sqrt(), "{per_request}");
}

#[test]
fn the_first_answer_of_a_hedge_counts() {
    let wait = json!({"server": {"wait": {"exponential": {"mean": "20ms"}}}});
    let entries = json!([
        entry("front", "0ms", &json!({"rate": 100, "server": {"calls": [{"to": "back", "hedgeAfter": "10ms"}]}})),
        entry("back", "0ms", &wait),
    ]);
    let mut play = Play::new(entries, &[(1, OPEN), (1, OPEN)], 500);
    play.until(500.0);
    // After 10 ms the lesser of two exponential times is left, if anything.
    let left = (-0.5_f64).exp();
    check(&play.books[0].latencies, 0.02 * (1.0 - left) + left * 0.01, "hedged");
    let hedged = float(play.books[1].sent) / float(play.books[0].sent) - 1.0;
    assert!((hedged - left).abs() < 0.01, "{hedged} is not {left}");
    assert!(play.books[1].count(Outcome::Abandoned) > 10_000, "losers");
}

#[test]
fn a_call_that_times_out_fails_its_request_unless_it_is_optional() {
    for (optional, outcome) in [(false, Outcome::Dependency), (true, Outcome::Served)] {
        let calls = json!([{"to": "back", "timeout": "30ms", "optional": optional}]);
        let entries = json!([
            entry("front", "0ms", &json!({"rate": 50, "server": {"calls": calls}})),
            entry("back", "0ms", &json!({"server": {"wait": {"exponential": {"mean": "20ms"}}}})),
        ]);
        let mut play = Play::new(entries, &[(1, OPEN), (1, OPEN)], 400);
        play.until(401.0);
        let late = play.books[1].count(Outcome::Timeout);
        let share = float(late) / float(play.books[1].sent);
        assert!((share - (-1.5_f64).exp()).abs() < 0.02, "{share}");
        let others = if optional { play.books[0].sent } else { late };
        assert_eq!(play.books[0].count(outcome), others);
        assert_eq!(in_flight(&play.books[0]), 0);
    }
}

/// Attempts per request at a service that answers nobody, whose users retry twice.
fn attempts_at_a_dead_service(budget: &Value) -> f64 {
    let retries = json!({"attempts": 2, "backOff": {"base": "10ms"}, "budget": budget});
    let entries = json!([entry("front", "1ms", &json!({"rate": 100, "retries": retries}))]);
    let mut play = Play::new(entries, &[(0, OPEN)], 400);
    play.until(401.0);
    let book = &play.books[0];
    assert_eq!(book.outcomes.len(), book.sent, "all have failed");
    assert_eq!(book.count(Outcome::RetryExhausted) + book.count(Outcome::NoEndpoint), book.sent);
    float(book.attempts) / float(book.sent)
}

#[test]
fn a_budget_bounds_what_retries_add() {
    let free = attempts_at_a_dead_service(&Value::Null);
    assert!((free - 3.0).abs() < 1e-9, "{free}");
    let bounded = attempts_at_a_dead_service(&json!({"ratio": 0.2, "minPerSecond": 0}));
    assert!((1.15..=1.2).contains(&bounded), "{bounded}");
    let more = attempts_at_a_dead_service(&json!({"ratio": 0.2, "minPerSecond": 10}));
    assert!((1.25..=1.31).contains(&more), "{more}");
}

/// Attempts in the last 50 s, per request, of users who retry at a service that was overloaded for 20 s at its 40th second and
/// could serve all of them without retries.
fn attempts_after_an_overload(retries: &Value) -> f64 {
    let rate = json!({"steps": [{"at": "0s", "rate": 70}, {"at": "40s", "rate": 160}, {"at": "60s", "rate": 70}]});
    let server = json!({"timeout": "500ms"});
    let front = entry("front", "10ms", &json!({"rate": rate, "retries": retries, "server": server}));
    let mut play = Play::new(json!([front]), &[(1, OPEN)], 200);
    play.until(150.0);
    let before = (play.books[0].attempts, play.books[0].sent);
    play.until(200.0);
    float(play.books[0].attempts - before.0) / float(play.books[0].sent - before.1)
}

#[test]
fn retries_keep_a_service_down_unless_a_budget_bounds_them() {
    // Without retries, and with few of them, the overload is over soon after its cause.
    assert!(attempts_after_an_overload(&json!({"attempts": 0})) <= 1.0 + 1e-9);
    let naive = json!({"attempts": 3, "backOff": {"base": "50ms"}});
    let stormy = attempts_after_an_overload(&naive);
    assert!(stormy > 3.0, "every request is tried four times: {stormy}");
    let bounded = json!({"attempts": 3, "backOff": {"base": "50ms"}, "budget": {"ratio": 0.1, "minPerSecond": 0}});
    let calm = attempts_after_an_overload(&bounded);
    assert!(calm < 1.02, "{calm}");
}

#[test]
fn no_more_than_the_limit_is_in_flight() {
    let back = json!({"server": {"wait": {"fixed": "100ms"}}});
    let calls = json!([{"to": "back", "maxRequests": 3}]);
    let entries =
        json!([entry("front", "0ms", &json!({"rate": 100, "server": {"calls": calls}})), entry("back", "0ms", &back),]);
    let mut play = Play::new(entries, &[(1, OPEN), (1, OPEN)], 400);
    for second in 1..400 {
        play.until(f64::from(second));
        assert!(in_flight(&play.books[1]) <= 3);
    }
    play.until(402.0);
    // Erlang's loss of 10 erlangs on three lines.
    let lost = (1000.0 / 6.0) / (1.0 + 10.0 + 50.0 + 1000.0 / 6.0);
    let found = float(play.books[0].count(Outcome::Dependency)) / float(play.books[0].sent);
    assert!((found - lost).abs() < 0.01, "{found} is not {lost}");
    assert_eq!(play.graph.sites()[0].counts.circuit_open, play.graph.sites()[0].counts.failed);
}

#[test]
fn a_pod_that_fails_is_left_out() {
    let detection = json!({"consecutiveErrors": 3, "baseEjectionTime": "20s", "maxEjectionPercent": 50});
    let failures = |detection: Value| {
        let calls = json!([{"to": "back", "timeout": "50ms", "outlierDetection": detection}]);
        let entries = json!([
            entry("front", "0ms", &json!({"rate": 100, "server": {"calls": calls}})),
            entry("back", "1ms", &json!({})),
        ]);
        let mut play = Play::new(entries, &[(1, OPEN), (3, OPEN)], 200);
        // A fourth pod that serves nobody in time.
        let slow = play.graph.begin(1, 0, Shape { cores: 1e-3, ..OPEN }, SimTime::ZERO);
        play.graph.announce(1, 0, slow, Some(Known::READY), SimTime::ZERO);
        play.until(201.0);
        float(play.books[0].count(Outcome::Dependency)) / float(play.books[0].sent)
    };
    let (without, with) = (failures(Value::Null), failures(detection));
    assert!((without - 0.25).abs() < 0.02, "{without}");
    assert!(with < 0.01, "{with}");
}

#[test]
fn sidecars_add_their_latency_on_both_sides() {
    let mesh = json!({"latency": {"fixed": "2ms"}, "cpu": "1ms"});
    let entries = json!([
        entry(
            "front",
            "0ms",
            &json!({"rate": 1, "spacing": "even", "mesh": mesh, "server": {"calls": [{"to": "back"}]}})
        ),
        entry("back", "0ms", &json!({"mesh": mesh, "server": {"wait": {"fixed": "5ms"}}})),
    ]);
    let mut play = Play::new(entries, &[(1, OPEN), (1, OPEN)], 100);
    play.until(101.0);
    // In, 1 ms for it and 1 ms for its call, out and in, 1 ms and 5 ms at the backend.
    for latency in &play.books[0].latencies {
        assert!((latency - 0.014).abs() < 1e-6, "{latency}");
    }
    assert!(play.books[0].latencies.len() > 90);
}

/// Entries, their pods, and when a pod of which entry ends.
type RandomGraph = (Value, Vec<(usize, Shape)>, Vec<(f64, usize)>);

/// Entries that call later ones at random, with pods that end at random.
fn random_graph(seed: u64) -> RandomGraph {
    use rand::{RngExt as _, SeedableRng as _};
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
    let count = random.random_range(2..6_usize);
    let mut entries = Vec::new();
    for index in 0..count {
        let mut calls = Vec::new();
        for callee in index + 1..count {
            if random.random_range(0..3) == 0 {
                continue;
            }
            let mut call = json!({
                "to": format!("s{callee}"),
                "share": random.random_range(0.3..1.0),
                "parallel": !calls.is_empty() && random.random_range(0..2) == 0,
                "count": random.random_range(1..3),
                "optional": random.random_range(0..3) == 0,
                "retries": {"attempts": random.random_range(0..3), "backOff": {"base": "5ms"}},
            });
            if random.random_range(0..3) > 0 {
                call["timeout"] = json!(format!("{}ms", random.random_range(20..200)));
            }
            if random.random_range(0..3) == 0 {
                call["hedgeAfter"] = json!("15ms");
            }
            if random.random_range(0..3) == 0 {
                call["maxRequests"] = json!(random.random_range(1..20));
            }
            if random.random_range(0..3) == 0 {
                call["outlierDetection"] = json!({"consecutiveErrors": 2, "baseEjectionTime": "1s"});
            }
            if random.random_range(0..3) == 0 {
                call["retries"]["budget"] = json!({"ratio": 0.2, "minPerSecond": 1});
            }
            calls.push(call);
        }
        let asynchronous = !calls.is_empty() && random.random_range(0..2) == 0;
        let mut more = json!({"server": {"calls": calls, "async": asynchronous}});
        if index == 0 || random.random_range(0..4) == 0 {
            more["rate"] = json!(random.random_range(20..120));
            more["server"]["timeout"] = json!("150ms");
            if random.random_range(0..2) == 0 {
                more["retries"] = json!({"attempts": 2});
            }
        }
        if random.random_range(0..3) == 0 {
            more["mesh"] = json!({"latency": {"exponential": {"mean": "2ms"}}});
        }
        entries.push(entry(&format!("s{index}"), "8ms", &more));
    }
    let shape = |random: &mut rand_xoshiro::Xoshiro256PlusPlus| Shape {
        workers: random.random_range(1..6),
        queue: random.random_range(0..10),
        ..OPEN
    };
    let pods = (0..count).map(|_| (random.random_range(1..4), shape(&mut random))).collect();
    let mut ends: Vec<(f64, usize)> =
        (0..6).map(|_| (random.random_range(1.0..19.0), random.random_range(0..count))).collect();
    ends.sort_by(|left, right| left.0.total_cmp(&right.0));
    (Value::Array(entries), pods, ends)
}

#[test]
fn every_request_of_a_graph_is_accounted_for() {
    for seed in 0..150 {
        let (entries, pods, ends) = random_graph(seed);
        let play = |turns: bool| {
            let mut play = Play::new(entries.clone(), &pods, 20);
            let mut next: Vec<u32> = vec![0; pods.len()];
            for (at, service) in &ends {
                if turns {
                    while play.graph.play(SimTime::from_millis(500), 7, &mut play.books) > 0 {}
                }
                play.until(*at);
                let now = SimTime::ZERO + SimDuration::from_secs_f64(*at);
                let pod = next[*service];
                if (pod as usize) < pods[*service].0 {
                    next[*service] += 1;
                    play.graph.end(*service, pod, now, &mut play.books);
                    play.graph.announce(*service, 0, pod, None, now + SimDuration::from_millis(300));
                }
            }
            play.until(1000.0);
            play
        };
        let played = play(false);
        for (index, book) in played.books.iter().enumerate() {
            assert_eq!(in_flight(book), 0, "seed {seed}, service {index}: none is on its way for ever");
        }
        for site in played.graph.sites() {
            let counts = site.counts;
            assert_eq!(counts.calls, counts.served + counts.failed + counts.abandoned, "seed {seed}: {counts:?}");
            assert!(site.clients.iter().all(|client| client.in_flight == 0), "seed {seed}");
            let first = counts.attempts + counts.circuit_open - counts.retries - counts.hedges;
            assert!(first <= counts.calls && counts.attempts + counts.circuit_open + counts.abandoned >= counts.calls);
        }
        // What calls send is what arrives, beside what users send themselves.
        let sites = played.graph.sites();
        for (index, book) in played.books.iter().enumerate() {
            let into = sites.iter().filter(|site| site.callee == index && !site.by_user);
            let called: u64 = into.map(|site| site.counts.attempts).sum();
            let by_users = sites.iter().find(|site| site.by_user && site.callee == index);
            let retried = by_users.map_or(0, |site| site.counts.attempts - site.counts.calls);
            assert_eq!(book.attempts as u64, book.sent as u64 + retried, "seed {seed}, service {index}");
            assert!(book.sent as u64 >= called);
        }
        let outcomes = |play: &Play| play.books.iter().map(|book| book.outcomes.clone()).collect::<Vec<_>>();
        assert!(outcomes(&played) == outcomes(&play(true)), "seed {seed}: the same however it is cut into turns");
    }
}
