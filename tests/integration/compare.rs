//! `wavetank compare`: equal runs differ in nothing, a change shows with its verdict, tolerances decide the exit code, and
//! what cannot be compared is refused.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// A web service with an autoscaler under a rising load, which loses a node.
const SCENARIO: &str = "
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: small}
spec:
  duration: 20m
  manifests: [web.yaml]
  nodePools:
    - {name: general, count: 3, zones: [a, b], capacity: {cpu: 4, memory: 8Gi}, pricePerHour: 0.1, instanceType: small}
  traffic:
    - name: shop
      target: deployment/shop/web
      rate: {ramps: [{at: 0s, rate: 20}, {at: 5m, rate: 20}, {at: 10m, rate: 120}]}
      cpuPerRequest: {exponential: {mean: 10ms}}
  faults:
    - {kind: nodeCrash, pool: general, mtbf: {exponential: {mean: 1h}}, mttr: {fixed: 2m}}
  objectives:
    - {metric: pod_pending_seconds_p99, max: 60}
  sweep:
    replications: 2
    parameters:
      - {path: spec.nodePools.general.count, values: [2, 3]}
";

const MANIFESTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, resources: {requests: {cpu: 500m, memory: 256Mi}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 12
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
";

/// What the second scenario has otherwise.
const TARGET: &str = "hpa/shop/web:spec.metrics.0.resource.target.averageUtilization";

fn tank(scenario: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scenario.yaml"), scenario).unwrap();
    fs::write(folder.path().join("web.yaml"), MANIFESTS).unwrap();
    folder
}

fn wavetank(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.current_dir(folder).args(args).env_remove("WAVETANK_TRACES").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs the scenario into a folder, with some fields set.
fn run(folder: &Path, out: &str, args: &[&str]) {
    let output = wavetank(folder, &[&["run", ".", "--no-charts", "--out", out], args].concat());
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", text(&output.stderr));
}

/// Compares; gives exit code, standard output and standard error.
fn compare(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = wavetank(folder, &[&["compare"], args].concat());
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let (_, stdout, stderr) = compare(folder, &[args, &["-o", "json"]].concat());
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}

/// The row of a metric.
fn metric<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rows = document["comparisons"][0]["metrics"].as_array().unwrap();
    rows.iter().find(|row| row["metric"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn equal_runs_differ_in_nothing() {
    let tank = tank(SCENARIO);
    run(tank.path(), "one", &["--seed", "7"]);
    run(tank.path(), "other", &["--seed", "7"]);
    for args in [["one", "other"], ["one", "."], [".", "one"], [".", "."]] {
        let (code, stdout, stderr) = compare(tank.path(), &[&args[..], &["--fail-on", "different"]].concat());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
        assert!(stdout.contains("B against A: no difference\n"), "{args:?}: {stdout}");
        assert!(stdout.contains("placed alike") && stdout.contains("timelines  the same"), "{args:?}: {stdout}");
        assert!(!stdout.contains("METRIC"), "what is the same is not shown: {stdout}");
    }
    let (_, stdout, _) = compare(tank.path(), &["one", "other", "--all"]);
    assert!(stdout.contains("cost_dollars"), "with --all it is: {stdout}");
    let (_, markdown, _) = compare(tank.path(), &["one", "other", "-o", "markdown"]);
    assert!(markdown.starts_with("**B against A: no difference**\n"), "{markdown}");
    assert!(!markdown.contains("| metric |"), "{markdown}");
}

#[test]
fn a_changed_target_shows_over_pairs_and_fails_by_its_tolerance() {
    let tank = tank(SCENARIO);
    let change = format!("{TARGET}=30");
    let base = [".", ".", "--change", &change, "--replications", "4"];
    let document = json(tank.path(), &base);
    let replicas = metric(&document, "replicas_desired_mean");
    assert_eq!((&replicas["verdict"], &replicas["pairs"]), (&Value::from("changed"), &Value::from(4)));
    let number = |row: &Value, field: &str| row[field].as_f64().unwrap();
    assert!(number(replicas, "ci95_low") > 0.0, "more replicas in every pair: {replicas}");
    let (a, b) = (number(replicas, "a"), number(replicas, "b"));
    assert!((b - a - number(replicas, "difference")).abs() < 1e-9, "means are over the pairs: {replicas}");
    assert_eq!(metric(&document, "cost_dollars")["verdict"], "same", "the nodes are paid for anyway");
    let comparison = &document["comparisons"][0];
    assert_eq!(comparison["seeds"], serde_json::json!([1, 2, 3, 4]), "the same seeds on both sides");
    let course = &comparison["course"];
    assert!(course["pods"]["only_b"].as_u64().unwrap() > 0, "the pods that were added: {course}");
    let parted = course["timeline"]["part_seconds"].as_f64().unwrap();
    assert!(parted > 0.0 && parted < 1200.0, "they part when the autoscaler first decides: {course}");

    let with = |more: &[&str]| compare(tank.path(), &[&base[..], more].concat());
    let (code, stdout, _) = with(&["--tolerance", "replicas_desired_mean=1000%"]);
    assert!(code == 0 && stdout.contains("changed, kept"), "{code}: {stdout}");
    let (code, stdout, _) = with(&["--tolerance", "replicas_desired_mean=5%"]);
    assert!(code == 3 && stdout.contains("1 tolerance exceeded"), "{code}: {stdout}");
    assert_eq!(with(&["--tolerance", "replicas_desired_mean=5%", "--fail-on", "never"]).0, 0);
    assert_eq!(with(&["--tolerance", "jobs_completed=5%"]).0, 3, "what nobody measured is not kept");
    assert_eq!(with(&["--fail-on", "different"]).0, 3);
    let one = json(tank.path(), &[&base[..], &["-j", "1"]].concat());
    assert!(one == json(tank.path(), &[&base[..], &["-j", "3"]].concat()), "whatever the number of threads");
}

#[test]
fn a_comment_shows_what_changed_and_folds_the_rest() {
    let tank = tank(SCENARIO);
    run(tank.path(), "before", &["--seed", "3"]);
    run(tank.path(), "after", &["--seed", "3", "--set", "spec.nodePools.general.count=1"]);
    let args = ["before", "after", "--tolerance", "cost_dollars=1%", "--fail-on", "worse"];
    let (code, comment, stderr) = compare(tank.path(), &[&args[..], &["-o", "markdown"]].concat());
    assert_eq!(code, 3, "{stderr}");
    insta::assert_snapshot!("compare_comment", comment);
    let (_, table, _) = compare(tank.path(), &args);
    insta::assert_snapshot!("compare_table", table);
    let widest = table.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?} columns");
    let (_, csv, _) = compare(tank.path(), &[&args[..], &["-o", "csv"]].concat());
    let row = csv.lines().find(|line| line.contains(",cost_dollars,")).unwrap();
    assert!(row.starts_with("B,,metric,cost_dollars,,dollars,0.1,0.0333"), "{row}");
    assert!(row.ends_with(",better,kept,false"), "{row}");
}

#[test]
fn a_scenario_runs_with_the_seed_of_the_folder() {
    let tank = tank(SCENARIO);
    run(tank.path(), "out", &["--seed", "11"]);
    let document = json(tank.path(), &["out", ".", "--change", &format!("{TARGET}=40")]);
    assert_eq!(document["comparisons"][0]["seeds"], serde_json::json!([11]));
    assert_eq!(metric(&document, "replicas_desired_mean")["verdict"], "changed");
    assert_eq!(document["sides"][0]["kind"], "run");
    assert_eq!(document["sides"][1]["kind"], "scenario");
}

#[test]
fn sweeps_are_compared_point_by_point() {
    let tank = tank(SCENARIO);
    for (out, target) in [("one", "80"), ("other", "40")] {
        let set = format!("{TARGET}={target}");
        let output = wavetank(tank.path(), &["sweep", ".", "--no-charts", "--out", out, "--set", &set]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let document = json(tank.path(), &["one", "other"]);
    let comparisons = document["comparisons"].as_array().unwrap();
    let points: Vec<&str> = comparisons.iter().map(|one| one["point"].as_str().unwrap()).collect();
    assert_eq!(points, ["spec.nodePools.general.count=2", "spec.nodePools.general.count=3"]);
    assert_eq!(comparisons[1]["seeds"], serde_json::json!([1, 2]));
    assert_eq!(metric(&document, "replicas_desired_mean")["verdict"], "changed");
    // The second point is the scenario as it is.
    let (code, stdout, stderr) = compare(tank.path(), &["one@1", ".", "--tolerance", "replicas_desired_mean=0"]);
    assert!(code == 0 && stdout.contains("B against A: no difference\n"), "{code}: {stdout}{stderr}");
    let (code, _, stderr) = compare(tank.path(), &["one", "."]);
    assert!(code == 2 && stderr.contains("`DIR@POINT` names one"), "{code}: {stderr}");
    let (code, _, stderr) = compare(tank.path(), &["one@9", "."]);
    assert!(code == 2 && stderr.contains("has no point `9`"), "{code}: {stderr}");
}

#[test]
fn an_unknown_price_is_no_cheaper_run() {
    let tank = tank(SCENARIO);
    run(tank.path(), "priced", &[]);
    fs::write(tank.path().join("scenario.yaml"), SCENARIO.replace("pricePerHour: 0.1, ", "")).unwrap();
    run(tank.path(), "unpriced", &[]);
    let document = json(tank.path(), &["priced", "unpriced", "--tolerance", "cost_dollars=5%"]);
    let cost = metric(&document, "cost_dollars");
    let told = (&cost["verdict"], &cost["difference"], &cost["tolerance"]);
    assert_eq!(told, (&"unknown".into(), &Value::Null, &"unknown".into()), "{cost}");
    assert_eq!(compare(tank.path(), &["priced", "unpriced", "--tolerance", "cost_dollars=5%"]).0, 3);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let tank = tank(SCENARIO);
    run(tank.path(), "out", &["--seed", "1"]);
    run(tank.path(), "seed", &["--seed", "2"]);
    run(tank.path(), "short", &["--seed", "1", "--set", "spec.duration=10m"]);
    fs::create_dir(tank.path().join("empty")).unwrap();
    for (copy, damage) in [("damaged", "{"), ("later", "{\"format_version\": 2}")] {
        fs::create_dir(tank.path().join(copy)).unwrap();
        fs::write(tank.path().join(copy).join("run.json"), damage).unwrap();
    }
    let cases: [(&[&str], &str, &str); 9] = [
        (&["out", "nowhere"], "nowhere", "no such file"),
        (&["out", "empty"], "neither a scenario nor the folder of a run or of a sweep", "nothing in it"),
        (&["out", "damaged"], "is damaged", "not JSON"),
        (&["out", "later"], "has format_version 2", "another format"),
        (&["out", "seed"], "no two runs make a pair", "other seeds are not taken for pairs"),
        (&["out", "short"], "their totals cannot be compared", "another length"),
        (&["out"], "2 values required", "nothing to compare with"),
        (&["out", "out", "--tolerance", "cost_dolars=5%"], "did you mean cost_dollars", "no such metric"),
        (&["out", ".", "--change", "spec.nodePools.general.cuont=1"], "cuont", "no such field"),
    ];
    for (args, part, why) in cases {
        let (code, stdout, stderr) = compare(tank.path(), args);
        assert!(code == 2 && stdout.is_empty() && stderr.contains(part), "{why}: {code}: {stdout}{stderr}");
    }
    let (code, stdout, _) = compare(tank.path(), &["out", "seed", "--unpaired"]);
    assert!(code == 0 && stdout.contains("not paired: 1 and 1 runs"), "{code}: {stdout}");
    assert!(!stdout.contains("pods  "), "runs of different seeds are not held pod by pod: {stdout}");
}

/// Text that ends what it stands in, wherever that is.
const HOSTILE: &str = "`` </details> | @team <script>alert(1)</script> [x](http://x.y) **b**";

#[test]
fn names_from_input_are_text_in_a_comment() {
    let scenario = SCENARIO
        .replace("name: shop\n", &format!("name: '{HOSTILE}'\n"))
        .replace(
            "  objectives:\n",
            &format!(
                "  objectives:\n    - {{metric: request_latency_seconds_p99, traffic: '{HOSTILE}', max: 0.001}}\n"
            ),
        )
        .replace("      cpuPerRequest", "      server: {timeout: 5s}\n      cpuPerRequest")
        .replace(
            "  faults:\n",
            "    - {name: second, target: deployment/shop/web, rate: {constant: 1}, cpuPerRequest: 1ms}\n  faults:\n",
        );
    let tank = tank(&scenario);
    let args =
        [".", ".", "--change", "spec.nodePools.general.count=1", "--replications", "1", "--all", "-o", "markdown"];
    let (code, comment, stderr) = compare(tank.path(), &args);
    assert_eq!(code, 0, "{stderr}");
    let lines: Vec<&str> = comment.lines().filter(|line| line.contains("@team")).collect();
    assert!(lines.len() > 10, "the entry's metrics and its objective are there: {comment}");
    for line in lines {
        // All of it stands between fences of three backticks, and no bar of it parts a cell.
        let code: Vec<&str> = line.split("```").collect();
        assert!(code.len() == 3 && code[1].contains("</details>") && code[1].contains("@team"), "{line}");
        assert!(!code[0].contains('<') && !code[2].contains('<') && code[1].contains("\\|"), "{line}");
    }
    assert_eq!(comment.matches("</details>\n").count(), 1, "its own alone ends a line");
}
