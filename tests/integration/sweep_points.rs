//! Which points a sweep has: fields of manifests, fields that vary together, ranges, samples, and as many replications as a
//! metric needs. How they come out: against a baseline and against the objectives.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SCENARIO: &str = "\
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: points}
spec:
  duration: 30m
  seed: 1
  nodePools:
    - {name: general, count: 2, capacity: {cpu: 4, memory: 8Gi}, pricePerHour: 0.2}
  manifests: [web.yaml]
  arrivals:
    - name: jobs
      every: {exponential: {mean: 60s}}
      duration: {exponential: {mean: 5m}}
      template:
        spec:
          containers: [{name: main, image: busybox, resources: {requests: {cpu: 500m, memory: 256Mi}}}]
  objectives:
    - {metric: pods_pending_at_end, max: 0}
";

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: main, image: nginx, resources: {requests: {cpu: 500m, memory: 256Mi}}}
";

fn tank(sweep: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scenario.yaml"), format!("{SCENARIO}{sweep}")).unwrap();
    fs::write(folder.path().join("web.yaml"), WEB).unwrap();
    folder
}

/// Exit code, standard output, standard error.
fn wavetank(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::cargo_bin("wavetank").unwrap().current_dir(folder).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Plays the sweep and gives the rows of a table by the names of its columns.
fn rows(folder: &Path, file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("out").join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn sweep(folder: &Path) -> (Option<i32>, String, String) {
    wavetank(folder, &["sweep", ".", "--no-charts", "--out", "out", "-j", "2"])
}

#[test]
fn fields_of_manifests_can_be_set() {
    let folder = tank("");
    let created = |set: &[&str]| {
        let (code, _, told) = wavetank(folder.path(), &[&["run", ".", "--out", "out", "--no-charts"], set].concat());
        assert!(matches!(code, Some(0 | 3)), "{told}");
        let summary = fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        summary["metrics"]["pods_created"].as_u64().unwrap()
    };
    let three_more = ["--set", "deployment/shop/web:spec.replicas=5"];
    assert_eq!(created(&three_more), created(&[]) + 3);
    let cases = [
        ("deployment/shop/wbe:spec.replicas=5", "no manifest of the start has deployment/shop/wbe"),
        ("deployment/shop/web:spec.replicas.x=5", "`spec.replicas` is a single value"),
        ("deployment/shop/web:spec.replicas=many", "`Deployment shop/web`: spec.replicas: found string \"many\""),
        ("gadget/shop/web:spec.replicas=5", "kind `gadget` is not simulated"),
        ("deployment/shop/web:spec.replicas=[", "is not YAML"),
    ];
    for (set, expected) in cases {
        let (code, _, told) = wavetank(folder.path(), &["validate", ".", "--set", set]);
        assert_eq!(code, Some(2), "{set}");
        assert!(told.contains(expected), "{set}:\n{told}");
    }
}

#[test]
fn named_points_are_held_against_baseline_and_objectives() {
    let folder = tank(
        "  sweep:
    replications: 3
    parameters:
      - name: size
        baseline: today
        points:
          - {name: today}
          - {name: more pods, set: {\"deployment/shop/web:spec.replicas\": 30}}
          - name: larger
            set: {spec.nodePools.general.capacity: {cpu: 8, memory: 16Gi}, spec.nodePools.general.pricePerHour: 0.4}
",
    );
    let (code, table, told) = sweep(folder.path());
    assert_eq!(code, Some(0), "{told}");
    insta::assert_snapshot!("sweep_of_named_points", table);
    let runs = rows(folder.path(), "sweep.csv");
    let sizes: Vec<&str> = runs.iter().map(|row| row["size"].as_str()).collect();
    assert_eq!(sizes, ["today", "today", "today", "more pods", "more pods", "more pods", "larger", "larger", "larger"]);
    let summary = rows(folder.path(), "sweep_summary.csv");
    let find =
        |size: &str, metric: &str| summary.iter().find(|row| row["size"] == size && row["metric"] == metric).unwrap();
    assert_eq!(find("today", "cost_dollars")["difference"], "");
    let cost = |size: &str| find(size, "cost_dollars")["mean"].parse::<f64>().unwrap();
    let difference: f64 = find("larger", "cost_dollars")["difference"].parse().unwrap();
    assert!((difference - (cost("larger") - cost("today"))).abs() < 1e-9);
    // Replications share their seeds, so that the pods that arrive are the same and differences do not vary with them.
    let created = find("more pods", "pods_created");
    assert_eq!((created["difference"].as_str(), created["difference_ci95_low"].as_str()), ("28", "28"));
}

#[test]
fn a_sweep_without_a_good_point_says_so() {
    let folder = tank("  sweep: {parameters: [{path: \"deployment/shop/web:spec.replicas\", values: [30, 40]}]}\n");
    let (code, table, told) = sweep(folder.path());
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("no point meets every objective in every run"), "{told}");
    assert!(table.contains("missed: pods_pending_at_end"), "{table}");
}

#[test]
fn values_that_manifests_cannot_have_are_found_before_the_first_run() {
    let folder = tank("  sweep: {parameters: [{path: \"deployment/shop/web:spec.replicas\", values: [3, some]}]}\n");
    let (code, _, told) = sweep(folder.path());
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("scenario.yaml:19") && told.contains("spec.sweep.parameters[0].values[1]"), "{told}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn samples_have_as_many_points_as_asked_for() {
    let of = |method: &str| {
        let folder = tank(&format!(
            "  sweep:
    sampling: {{method: {method}, points: 8}}
    parameters:
      - {{path: spec.nodePools.general.count, range: {{from: 1, to: 4, step: 1}}}}
      - {{path: spec.arrivals.jobs.every.exponential.mean, range: {{from: 10, to: 1000, scale: logarithmic, unit: s}}}}
"
        ));
        let (code, _, told) = sweep(folder.path());
        assert_eq!(code, Some(0), "{told}");
        let runs = rows(folder.path(), "sweep.csv");
        let row = |row: &BTreeMap<String, String>| {
            (row["spec.nodePools.general.count"].clone(), row["spec.arrivals.jobs.every.exponential.mean"].clone())
        };
        runs.iter().map(row).collect::<Vec<_>>()
    };
    let sobol = of("sobol");
    assert_eq!(sobol.len(), 8);
    assert_eq!(
        sobol[..4],
        [("1", "10.0s"), ("3", "100.0s"), ("4", "31.6227766s"), ("2", "316.227766s")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    let drawn = of("latinHypercube");
    let mut counts: Vec<&str> = drawn.iter().map(|(count, _)| count.as_str()).collect();
    counts.sort_unstable();
    assert_eq!(counts, ["1", "1", "2", "2", "3", "3", "4", "4"]);
    assert_eq!(drawn, of("latinHypercube"), "the seed decides");
}

#[test]
fn a_stopping_rule_needs_a_metric_that_is_measured() {
    let folder = tank(
        "  sweep:
    replications: 3
    until: {metric: pods_crated, relative: 0.05, maxReplications: 40}
    parameters: [{path: spec.arrivals.jobs.every.exponential.mean, values: [60s, 5s]}]
",
    );
    let (code, _, told) = sweep(folder.path());
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("spec.sweep.until.metric") && told.contains("pods_created"), "{told}");
}

#[test]
fn replications_are_added_until_a_metric_is_known() {
    let folder = tank(
        "  sweep:
    replications: 3
    until: {metric: pods_created, relative: 0.05, maxReplications: 40}
    parameters: [{path: spec.arrivals.jobs.every.exponential.mean, values: [60s, 5s]}]
",
    );
    let (code, _, told) = sweep(folder.path());
    assert_eq!(code, Some(0), "{told}");
    let runs = rows(folder.path(), "sweep.csv");
    let of = |mean: &str| runs.iter().filter(|row| row["spec.arrivals.jobs.every.exponential.mean"] == mean).count();
    let (rare, frequent) = (of("60s"), of("5s"));
    // The relative spread of a Poisson count falls with the square root of its mean: 360 pods need fewer runs than 30.
    assert!(frequent < rare && rare <= 40 && frequent % 3 == 0, "{rare} and {frequent}");
    for row in rows(folder.path(), "sweep_summary.csv").iter().filter(|row| row["metric"] == "pods_created") {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let is_known = number("ci95_high") - number("mean") <= 0.05 * number("mean");
        assert!(is_known || row["n"] == "40", "{row:?}");
    }
}
