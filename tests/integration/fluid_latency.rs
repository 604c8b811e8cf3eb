//! The same service as a fluid and request by request: how near the formulas are where they hold, and where they do not.

use super::behaviour::run;
use wavetank::record::{Facts, RequestCount, TrafficRecord};
use wavetank::units::SimDuration;

/// Two pods with a CPU limit, ready after a second.
fn web(limit: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: app, resources: {{requests: {{cpu: 100m}}, {limit}}}}}]}}
"
    )
}

/// A run of both fidelities, each pod on a node of its own, with the rest of a traffic entry.
fn both(limit: &str, duration: &str, traffic: &str) -> [Facts; 2] {
    ["fluid", "requests"].map(|fidelity| {
        let spec = format!(
            "duration: {duration}
traffic: [{{name: web, target: deployment/web, fidelity: {fidelity}, {traffic}}}]"
        );
        run(2, "a", &web(limit), &spec)
    })
}

fn record(facts: &Facts) -> &TrafficRecord {
    &facts.traffic[0]
}

fn share(facts: &Facts, count: RequestCount) -> f64 {
    let counts = &record(facts).counts;
    let float = |count: u64| f64::from(u32::try_from(count).unwrap());
    float(counts.of(count)) / float(counts.offered())
}

/// Mean, median and 99th percentile in seconds.
fn latency(facts: &Facts) -> [f64; 3] {
    let figures = record(facts).latencies.figures().expect("requests were served");
    [figures.mean, figures.p50, figures.p99].map(SimDuration::as_secs_f64)
}

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    println!("{what}: {found:.4}, played {expected:.4}");
    assert!((found - expected).abs() <= tolerance * expected, "{what}: {found}, played {expected}");
}

const NO_LIMIT: &str = "limits: {memory: 1Gi}";

#[test]
fn steady_loads_agree_within_a_tenth() {
    let cases = [
        (NO_LIMIT, "rate: {constant: 500}, cpuPerRequest: {exponential: {mean: 10ms}}", "four cores at 63 %"),
        (NO_LIMIT, "rate: {constant: 700}, cpuPerRequest: {exponential: {mean: 10ms}}", "four cores at 88 %"),
        (
            NO_LIMIT,
            "rate: {constant: 500}, cpuPerRequest: 10ms, server: {wait: {fixed: 40ms}}",
            "a fixed cost and a wait",
        ),
        (
            NO_LIMIT,
            "rate: {constant: 120}, cpuPerRequest: {exponential: {mean: 10ms}}, server: {concurrency: 1}",
            "one request at a time",
        ),
        (
            NO_LIMIT,
            "rate: {constant: 450}, cpuPerRequest: {gamma: {mean: 10ms, shape: 2}}, server: {concurrency: 3, queue: 6}",
            "three at a time, six in the queue",
        ),
        (
            "limits: {cpu: 2}",
            "rate: {constant: 250}, cpuPerRequest: {exponential: {mean: 10ms}}",
            "a limit of 2 at 63 %",
        ),
    ];
    for (limit, traffic, what) in cases {
        let [fluid, played] = both(limit, "10m", traffic);
        for (name, (found, expected)) in ["mean", "p50", "p99"].iter().zip(latency(&fluid).iter().zip(latency(&played)))
        {
            let tolerance = if *name == "p99" { 0.15 } else { 0.1 };
            assert_near(*found, expected, tolerance, &format!("{what}, {name}"));
        }
        let failed = |facts: &Facts| 1.0 - share(facts, RequestCount::Served);
        assert!((failed(&fluid) - failed(&played)).abs() < 0.01, "{what}: {} and {}", failed(&fluid), failed(&played));
    }
}

/// Two minutes of twice what the pods can serve, then a quarter of it.
const OVERLOAD: &str = "rate: {steps: [{at: 0s, rate: 100}, {at: 60s, rate: 400}, {at: 180s, rate: 50}]}, \
     cpuPerRequest: {exponential: {mean: 10ms}}";

#[test]
fn an_overload_piles_up_and_drains() {
    // A worker each: 200 requests a second. 24,000 pile up in two minutes and take 160 s to drain.
    let [fluid, played] = both(NO_LIMIT, "10m", &format!("{OVERLOAD}, server: {{concurrency: 1}}"));
    for (name, (found, expected)) in ["mean", "p50", "p99"].iter().zip(latency(&fluid).iter().zip(latency(&played))) {
        assert_near(*found, expected, 0.05, &format!("no end of the queue, {name}"));
    }
    for lost in [RequestCount::QueueFull, RequestCount::Timeout, RequestCount::Cut] {
        assert_eq!(record(&fluid).counts.of(lost), 0, "nothing is lost but what comes before the pods");
        assert_eq!(record(&played).counts.of(lost), 0);
    }
    let busy = |facts: &Facts| facts.workloads.iter().map(|workload| workload.cpu_used.total()).sum::<i128>();
    #[expect(clippy::cast_precision_loss, reason = "compared within a hundredth")]
    let (found, expected) = (busy(&fluid) as f64, busy(&played) as f64);
    assert_near(found, expected, 0.01, "CPU time");
}

#[test]
fn queues_and_timeouts_bound_an_overload() {
    // A queue that passes in 10 s, and clients that wait for 3 s.
    let cases = [
        ("server: {concurrency: 1, queue: 1000}", RequestCount::QueueFull, 0.02),
        ("server: {concurrency: 1, timeout: 3s}", RequestCount::Timeout, 0.06),
    ];
    for (server, cause, tolerance) in cases {
        let [fluid, played] = both(NO_LIMIT, "10m", &format!("{OVERLOAD}, {server}"));
        assert_near(share(&fluid, cause), share(&played, cause), tolerance, &format!("{server}, lost"));
        assert_near(latency(&fluid)[2], latency(&played)[2], 0.05, &format!("{server}, p99"));
        assert_near(latency(&fluid)[0], latency(&played)[0], 0.1, &format!("{server}, mean"));
    }
}

#[test]
fn what_shares_the_cpu_past_its_timeout_is_lost() {
    // Without workers all are worked on, those that were given up too: hardly anything ends in time until it is over.
    let traffic = format!("{OVERLOAD}, server: {{timeout: 1s}}");
    let [fluid, played] = both("limits: {cpu: 1}", "10m", &traffic);
    assert_near(share(&fluid, RequestCount::Timeout), share(&played, RequestCount::Timeout), 0.1, "given up");
}

#[test]
fn the_formulas_do_not_know_bursts_within_a_rate() {
    // Each ten seconds one of 30 times the rate: the fluid without a bound loses at once what the pods would have caught up on.
    let spikes: Vec<String> =
        (3..60).map(|tens| format!("{{at: {}s, duration: 1s, height: 600}}", tens * 10)).collect();
    let traffic = format!(
        "rate: {{spikes: {{base: 20, spikes: [{}]}}}}, cpuPerRequest: {{exponential: {{mean: 10ms}}}}",
        spikes.join(", ")
    );
    let [fluid, played] = both("limits: {cpu: 1}", "10m", &traffic);
    let lost = |facts: &Facts| share(facts, RequestCount::QueueFull);
    assert!(lost(&fluid) > 0.3 && lost(&played) < 1e-9, "{} and {}", lost(&fluid), lost(&played));
    assert!(latency(&fluid)[0] < 0.5 * latency(&played)[0], "{:?} and {:?}", latency(&fluid), latency(&played));
}

#[test]
fn a_small_quota_is_only_roughly_right() {
    // A limit of a tenth of a core: 10 ms in each 100 ms, for requests of 8 ms.
    let [fluid, played] =
        both("limits: {cpu: 100m}", "30m", "rate: {constant: 12}, cpuPerRequest: {exponential: {mean: 8ms}}");
    let (found, expected) = (latency(&fluid)[0], latency(&played)[0]);
    assert_near(found, expected, 0.5, "a small quota, mean");
}
