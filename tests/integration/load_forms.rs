//! Forms of load in whole scenarios: what is refused, what both fidelities make of a form, and published traces where they are.

use super::behaviour::run;
use std::path::{Path, PathBuf};
use wavetank::record::Facts;
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: app, resources: {requests: {cpu: 100m}}}]}
";

/// Writes a scenario with one traffic entry into a folder.
fn scenario(folder: &Path, duration: &str, traffic: &str) -> PathBuf {
    std::fs::write(folder.join("manifests.yaml"), WEB).unwrap();
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: load}}
spec:
  duration: {duration}
  manifests: [manifests.yaml]
  nodePools: [{{name: n, count: 1, capacity: {{cpu: 4, memory: 16Gi, pods: 110}}}}]
  traffic: [{{name: web, target: deployment/web, cpuPerRequest: 1ms, {traffic}}}]
"
    );
    let file = folder.join("scenario.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

fn errors(traffic: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("times.csv"), "t\n3\n1\n").unwrap();
    std::fs::write(folder.path().join("nasa.txt"), "12\nmany\n").unwrap();
    let file = scenario(folder.path(), "1h", traffic);
    match prepare(&file, &PrepareOptions::default()) {
        Ok(_) => String::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn what_is_wrong_with_a_load_is_named() {
    let cases = [
        (
            "rate: {modulated: {states: [{rate: 1, meanDuration: 1s}]}}",
            "rate.modulated.states: has fewer than two states",
        ),
        (
            "rate: {modulated: {states: [{rate: 1, meanDuration: 0s}, {rate: 1, meanDuration: 1s}]}}",
            "states[0].meanDuration: is too short",
        ),
        ("rate: {selfSimilar: {mean: 1, stddev: 1, hurst: 1}}", "hurst: `1` is out of range (expected 0.5 to 0.99)"),
        ("rate: {selfSimilar: {mean: 1, stddev: 1, interval: 0s}}", "interval: is below 1ms"),
        ("rate: {sum: [{selfSimilar: {mean: 1, stddev: 1, interval: 500us}}]}", "interval: is below 1ms"),
        ("rate: {flashCrowds: {base: 1, crowds: [{at: 0s, height: 1, halfLife: 0s}]}}", "crowds[0].halfLife: is zero"),
        ("rate: {times: {file: times.csv, column: t}}", "times.column: column `t` does not ascend"),
        ("rate: {trace: {name: nasa-http-1995, file: nasa.txt}}", "2: `many` is not a count"),
        ("rate: {trace: {name: worldcup98, file: none.csv}}", "hint: counts per minute are in"),
        ("rate: {trace: {name: worldcup98, file: none.csv, function: f}}", "function: names a function"),
        ("sessions: {rate: {constant: 1}, requests: {fixed: 3}}", "sessions: has no effect on a fluid"),
        (
            "fidelity: requests, rate: {constant: 1}, sessions: {rate: {constant: 1}, requests: {fixed: 3}}",
            "sessions: stands beside `rate` or `users`",
        ),
        (
            "fidelity: requests, users: {thinkTime: {fixed: 1s}, count: {selfSimilar: {mean: 1, stddev: 1}}}",
            "users.count: has a part that chance shapes",
        ),
    ];
    for (traffic, expected) in cases {
        let found = errors(traffic);
        assert!(found.contains(expected), "{traffic}:\n{found}\ndoes not say: {expected}");
    }
}

fn offered(facts: &Facts) -> f64 {
    f64::from(u32::try_from(facts.traffic[0].counts.offered()).unwrap())
}

#[test]
fn both_fidelities_get_the_same_load() {
    let forms = [
        "rate: {modulated: {states: [{rate: 20, meanDuration: 2m}, {rate: 300, meanDuration: 30s}]}}",
        "rate: {selfSimilar: {mean: 100, stddev: 60, hurst: 0.9, interval: 10s}}",
        "rate: {flashCrowds: {base: 10, crowds: [{at: 5m, rise: 1m, height: 300, hold: 2m, halfLife: 5m}]}}",
    ];
    for form in forms {
        let spec = |fidelity| {
            format!(
                "duration: 30m\ntraffic: [{{target: deployment/web, cpuPerRequest: 1ms, fidelity: {fidelity}, {form}}}]"
            )
        };
        let [fluid, played] = ["fluid", "requests"].map(|fidelity| run(1, "a", WEB, &spec(fidelity)));
        let (expected, found) = (offered(&fluid), offered(&played));
        assert!((found - expected).abs() < 5.0 * expected.sqrt(), "{form}: {found} played of {expected}");
        assert!(expected > 20_000.0, "{form}: {expected}");
    }
}

#[test]
fn sessions_send_what_their_users_do() {
    let spec = "duration: 60m
traffic: [{target: deployment/web, cpuPerRequest: 1ms, fidelity: requests, sessions: {rate: {constant: 2}, requests: {uniform: {min: 1, max: 9}}, thinkTime: {exponential: {mean: 3s}}}}]";
    let found = offered(&run(1, "a", WEB, spec));
    // Rounded up, 2 to 9 requests are equally likely: 5.5 on average, of 7,200 users.
    assert!((found - 39_600.0).abs() < 1_500.0, "{found}");
}

#[test]
fn published_traces_are_read_where_they_are() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let named = std::env::var_os("WAVETANK_TRACES").map(PathBuf::from);
    let Some(traces) = named.or(Some(beside)).filter(|folder| folder.is_dir()) else { return };
    // Requests of the first hour, as the files have them.
    let cases = [
        ("nasa-http-1995, file: nasa-http-1995/requests_per_second.txt.gz", 3_567.0, 3_569.0),
        ("worldcup98, file: worldcup98-per-minute/invocation_count.csv.gz, from: 61d", 100_000.0, 20_000_000.0),
        ("azure-functions-2019, file: azure-functions-samples/invocations.csv", 1.0, 1e9),
        (
            "azure-llm-inference-2023, file: azure-llm-inference-2023/AzureLLMInferenceTrace_code.csv.gz",
            8_819.0,
            8_819.0,
        ),
    ];
    for (trace, least, most) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = scenario(folder.path(), "1h", &format!("rate: {{trace: {{name: {trace}}}}}"));
        let options = PrepareOptions { traces: Some(traces.clone()), ..PrepareOptions::default() };
        let (prepared, _) = prepare(&file, &options).unwrap_or_else(|_| panic!("{trace} is read"));
        let found = offered(&simulate(&prepared, &RunOptions::default()).unwrap());
        assert!((least..=most).contains(&found), "{trace}: {found}");
    }
}
