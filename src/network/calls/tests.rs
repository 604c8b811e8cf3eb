//! What theory says of services that call each other, each figure within the 99.9 % confidence interval of the run, and that
//! no request is lost.

use super::super::entry::graph;
use super::super::outcome::Outcome;
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
                let pod = graph.begin(service, *shape, SimTime::ZERO);
                graph.announce(service, pod, true, SimTime::ZERO);
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

fn entry(name: &str, cpu: &str, more: Value) -> Value {
    let mut entry = json!({"name": name, "target": format!("deployment/{name}")});
    entry["cpuPerRequest"] = if cpu == "0ms" { json!(cpu) } else { json!({"exponential": {"mean": cpu}}) };
    for (key, value) in more.as_object().expect("fields") {
        entry[key] = value.clone();
    }
    entry
}

#[test]
fn queues_in_a_row_are_independent() {
    // Jackson: three M/M/1 queues, each as if it were alone.
    let next = |to: &str| json!({"async": true, "calls": [{"to": to}]});
    let entries = json!([
        entry("front", "10ms", json!({"rate": 60, "server": next("middle")})),
        entry("middle", "8ms", json!({"server": next("back")})),
        entry("back", "12ms", json!({})),
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
        entry("front", "0ms", json!({"rate": 60, "server": {"calls": calls}})),
        entry("left", "10ms", json!({})),
        entry("right", "10ms", json!({})),
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
        entry("front", "0ms", json!({"rate": 120, "server": {"calls": [{"to": "back"}]}})),
        entry("back", "0ms", json!({"server": {"wait": {"exponential": {"mean": "20ms"}}}})),
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
        entry("front", "0ms", json!({"rate": 100, "server": {"calls": calls}})),
        entry("back", "1ms", json!({})),
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
        entry("front", "0ms", json!({"rate": 100, "server": {"calls": [{"to": "back", "hedgeAfter": "10ms"}]}})),
        entry("back", "0ms", wait),
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
            entry("front", "0ms", json!({"rate": 50, "server": {"calls": calls}})),
            entry("back", "0ms", json!({"server": {"wait": {"exponential": {"mean": "20ms"}}}})),
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
fn attempts_at_a_dead_service(budget: Value) -> f64 {
    let retries = json!({"attempts": 2, "backOff": {"base": "10ms"}, "budget": budget});
    let entries = json!([entry("front", "1ms", json!({"rate": 100, "retries": retries}))]);
    let mut play = Play::new(entries, &[(0, OPEN)], 400);
    play.until(401.0);
    let book = &play.books[0];
    assert_eq!(book.outcomes.len(), book.sent, "all have failed");
    assert_eq!(book.count(Outcome::RetryExhausted) + book.count(Outcome::NoEndpoint), book.sent);
    float(book.attempts) / float(book.sent)
}

#[test]
fn a_budget_bounds_what_retries_add() {
    let free = attempts_at_a_dead_service(Value::Null);
    assert!((free - 3.0).abs() < 1e-9, "{free}");
    let bounded = attempts_at_a_dead_service(json!({"ratio": 0.2, "minPerSecond": 0}));
    assert!((1.15..=1.2).contains(&bounded), "{bounded}");
    let more = attempts_at_a_dead_service(json!({"ratio": 0.2, "minPerSecond": 10}));
    assert!((1.25..=1.31).contains(&more), "{more}");
}
