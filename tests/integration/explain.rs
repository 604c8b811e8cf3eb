//! `wavetank explain`: placed pods, pending ones, preemption, and questions that have no answer.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;
use wavetank::sim::{PrepareOptions, RunOptions, simulate};
use wavetank::study::explain::{PodReference, Question, explain};
use wavetank::study::single;
use wavetank::units::SimTime;

fn quickstart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/quickstart")
}

fn wavetank(scenario: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.arg("explain").arg(scenario).args(args);
    for variable in ["COLUMNS", "RUST_BACKTRACE", "WAVETANK_TRACES", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What is printed after success.
#[track_caller]
fn said(scenario: &Path, args: &[&str]) -> String {
    let output = wavetank(scenario, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The answer in its JSON form, which its schema allows.
#[track_caller]
fn answer(scenario: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["-o", "json"]).collect();
    let answer: Value = serde_json::from_str(&said(scenario, &args)).unwrap();
    let validator = validator();
    let problems: Vec<String> =
        validator.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(problems.is_empty(), "{args:?}:\n{}", problems.join("\n"));
    answer
}

fn validator() -> jsonschema::Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/explain.schema.json");
    jsonschema::validator_for(&serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).unwrap()
}

/// What is said on standard error about a question that has no answer.
#[track_caller]
fn refused(scenario: &Path, args: &[&str]) -> String {
    let output = wavetank(scenario, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stdout));
    assert!(output.stdout.is_empty(), "{args:?}");
    text(&output.stderr)
}

/// A pod of the namespace default.
fn pod(name: &str, cpu: &str, labels: &str, spec: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{{labels}}}}}
spec:
  containers: [{{name: c, image: app:v1, resources: {{requests: {{cpu: {cpu}}}}}}}]
  {spec}
"
    )
}

/// Three nodes of 4 cores, with these manifests at the start, and `later.yaml` at 60 s.
fn scenario(nodes: u32, manifests: &str, later: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let actions = if later.is_empty() { "" } else { "actions: [{at: 60s, apply: later.yaml}]" };
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: question}}
spec:
  duration: 3m
  manifests: [manifests.yaml]
  nodePools: [{{name: n, count: {nodes}, zones: [a, b], capacity: {{cpu: 4, memory: 16Gi, pods: 110}}}}]
  {actions}
"
    );
    fs::write(folder.path().join("scenario.yaml"), text).unwrap();
    fs::write(folder.path().join("manifests.yaml"), manifests).unwrap();
    fs::write(folder.path().join("later.yaml"), later).unwrap();
    folder
}

/// Low-priority pods fill three nodes; n-0's is protected, n-1 has two, n-2 one. A pod of high priority comes at 60 s.
fn preemption() -> TempDir {
    let class = |name: &str, value: i32| {
        format!(
            "---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {{name: {name}}}
value: {value}
"
        )
    };
    let on = |node: u32| format!("priorityClassName: low\n  nodeSelector: {{kubernetes.io/hostname: n-{node}}}");
    let manifests = [
        class("low", 10),
        class("high", 1000),
        pod("guarded", "3", "app: guarded", &on(0)),
        pod("left", "1500m", "app: batch", &on(1)),
        pod("right", "1500m", "app: batch", &on(1)),
        pod("lone", "3", "app: batch", &on(2)),
        "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guarded}
spec: {minAvailable: 1, selector: {matchLabels: {app: guarded}}}
"
        .to_owned(),
    ];
    scenario(3, &manifests.concat(), &pod("urgent", "3", "app: urgent", "priorityClassName: high"))
}

#[test]
fn a_placed_pod() {
    let table = said(&quickstart(), &["--pod", "deployment/shop/web"]);
    for line in table.lines().skip(1) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("explain_placed", table);
    for (format, name) in [("wide", "explain_placed_wide"), ("markdown", "explain_placed_markdown")] {
        insta::assert_snapshot!(name, said(&quickstart(), &["--pod", "deployment/shop/web", "-o", format]));
    }
    insta::assert_snapshot!("explain_placed_csv", said(&quickstart(), &["--pod", "deploy/shop/web", "-o", "csv"]));
}

#[test]
fn every_pod_is_explained_as_it_was_placed() {
    let (prepared, _) = single::prepare(&quickstart(), &PrepareOptions::default()).unwrap();
    let options = RunOptions::default();
    let facts = simulate(&prepared, &options).unwrap();
    assert!(facts.pods.len() >= 10, "enough pods to ask about");
    for pod in &facts.pods {
        let name = format!("{}/{}", pod.namespace, pod.name);
        let question = Question { pod: name.parse::<PodReference>().unwrap(), at: None };
        let answer = explain(&prepared, &question, &options).unwrap();
        assert!(answer.is_reproduced(), "{name}");
        let explanation = answer.explanation;
        assert_eq!((&*explanation.pod.namespace, &*explanation.pod.name), (&*pod.namespace, &*pod.name));
        assert_eq!(explanation.pod.attempts, pod.scheduling_attempts, "{name}");
        let attempt = explanation.attempt.unwrap();
        let node = pod.node.map(|node| facts.nodes[node as usize].name.to_string());
        assert_eq!(attempt.node, node, "{name}");
        assert_eq!(
            attempt.feasible.len() + attempt.rejected.len() + attempt.nodes_not_visited,
            attempt.nodes,
            "{name}"
        );
        for own in &attempt.feasible {
            let sum: i64 = own.scores.iter().map(|score| score.weighted).sum();
            assert_eq!(own.total.unwrap_or(0), sum, "{name} on {}", own.node);
        }
        let best = attempt.feasible.iter().filter_map(|own| own.total).max();
        assert!(attempt.feasible.iter().all(|own| own.is_best == (own.total == best)), "{name}");
        for own in &attempt.comparisons {
            let sum: i64 = own.differences.iter().map(|one| one.difference).sum();
            assert_eq!(sum, own.margin, "{name}: {}", own.sentence);
            assert!(own.margin >= 0, "{name}: the chosen node has the highest total");
        }
    }
}

#[test]
fn watching_changes_nothing() {
    let (prepared, _) = single::prepare(&quickstart(), &PrepareOptions::default()).unwrap();
    let facts = simulate(&prepared, &RunOptions { seed: Some(7), ..RunOptions::default() }).unwrap();
    let pod = facts.pods.last().unwrap();
    let node = pod.node.map(|node| facts.nodes[node as usize].name.to_string());
    let answer = answer(&quickstart(), &["--pod", &format!("{}/{}", pod.namespace, pod.name), "--seed", "7"]);
    assert_eq!(answer["pod"]["node"], json!(node));
    assert_eq!(answer["seed"], 7);
}

#[test]
fn a_pending_pod() {
    let folder = scenario(3, &(pod("small", "1", "", "") + &pod("huge", "3500m", "", "nodeSelector: {zone: x}")), "");
    let huge = answer(folder.path(), &["--pod", "huge"]);
    let attempt = &huge["attempt"];
    assert_eq!(attempt["result"], "unschedulable");
    assert_eq!(attempt["node"], Value::Null);
    let (prepared, _) = single::prepare(folder.path(), &PrepareOptions::default()).unwrap();
    let facts = simulate(&prepared, &RunOptions::default()).unwrap();
    let failed = facts.events().find(|event| event.reason == "FailedScheduling").unwrap();
    assert_eq!(attempt["message"], *failed.message(), "as `kubectl get events` shows it");
    assert_eq!(
        attempt["rejections"][0],
        json!({"plugin": "NodeAffinity", "reason": "node(s) didn't match Pod's node affinity/selector", "nodes": 3})
    );

    let folder = scenario(3, &pod("huge", "5", "", ""), "");
    let table = said(folder.path(), &["--pod", "pod/huge"]);
    assert_eq!(table.lines().next(), Some("default/huge fits none of 3 nodes: 3 Insufficient cpu"));
    assert!(table.contains("FailedScheduling: 0/3 nodes are available: 3 Insufficient cpu."), "{table}");
    insta::assert_snapshot!("explain_pending", table);
}

#[test]
fn preemption_says_why_a_candidate_won() {
    let folder = preemption();
    let last = answer(folder.path(), &["--pod", "urgent"]);
    assert_eq!(last["attempt"]["result"], "placed");
    assert_eq!(last["attempt"]["nominated_node"], "n-2");
    assert_eq!(last["attempt"]["node"], "n-2");
    assert_eq!(last["pod"]["attempts"], 2);
    assert!(last["answer"].as_str().unwrap().ends_with("where preemption had made room for it"), "{last:#}");
    // The note leads to the attempt before.
    let previous = last["attempt"]["previous_at"].as_str().unwrap();
    assert!(last["notes"].to_string().contains(&format!("--at {previous}")), "{last:#}");

    let first = answer(folder.path(), &["--pod", "urgent", "--at", previous]);
    let attempt = &first["attempt"];
    assert_eq!((&attempt["number"], &attempt["result"]), (&json!(1), &json!("preempting")));
    assert_eq!(attempt["node"], "n-2");
    let preemption = &attempt["preemption"];
    // One victim of priority 10 against two of them; the budget's pod goes last of all.
    assert_eq!(preemption["decided_by"], "sum-of-priorities");
    let candidates: Vec<(&str, &Value, u64)> = preemption["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["node"].as_str().unwrap(), &own["lost_by"], own["pdb_violations"].as_u64().unwrap()))
        .collect();
    let expected =
        [("n-2", Value::Null, 0), ("n-1", json!("sum-of-priorities"), 0), ("n-0", json!("pdb-violations"), 1)];
    assert_eq!(candidates, expected.each_ref().map(|(node, lost, violations)| (*node, lost, *violations)));
    assert_eq!(
        preemption["candidates"][0]["victims"],
        json!([{"namespace": "default", "name": "lone", "priority": 10}])
    );
    insta::assert_snapshot!("explain_preemption", said(folder.path(), &["--pod", "urgent", "--at", previous]));
}

#[test]
fn at_ends_the_story() {
    let folder = preemption();
    let at = |time: &str| answer(folder.path(), &["--pod", "urgent", "--at", time]);
    let first = answer(folder.path(), &["--pod", "urgent"])["attempt"]["previous_at"].as_str().unwrap().to_owned();
    assert_eq!(at(&first)["attempt"]["number"], 1, "the moment itself counts");
    assert_eq!(at("3m")["attempt"]["number"], 2);
    let beyond = at("1h");
    assert_eq!(beyond["attempt"]["number"], 2);
    assert!(beyond["notes"].to_string().contains("the run ends at 3m"), "{beyond:#}");
    // Just before its first attempt it exists and waits; before that there is nothing.
    let moment: SimTime = SimTime::from_secs(60) + wavetank::units::SimDuration::from_nanos(1);
    let moment = wavetank::units::format_go_duration(moment.since_start());
    assert_eq!(at(&moment)["answer"], "default/urgent was never tried: its turn has not come yet");
    let early = refused(folder.path(), &["--pod", "urgent", "--at", "59s"]);
    assert!(early.contains("there was no pod `default/urgent` up to 59s"), "{early}");
}

#[test]
fn pods_that_nobody_tries() {
    let manifests = [
        pod("gated", "1", "", "schedulingGates: [{name: example.com/quota}]"),
        pod("foreign", "1", "", "schedulerName: volcano"),
        pod("fixed", "1", "", "nodeName: n-0"),
    ];
    let folder = scenario(1, &manifests.concat(), "");
    let cases = [
        ("gated", "its schedulingGates `example.com/quota` keep it out of the scheduling queue"),
        ("foreign", "its schedulerName is `volcano`, and the scheduler has no profile of that name"),
        ("fixed", "it was created with spec.nodeName `n-0`"),
    ];
    for (name, why) in cases {
        let answer = answer(folder.path(), &["--pod", name]);
        assert_eq!(answer["answer"], format!("default/{name} was never tried: {why}"));
        assert_eq!(answer["attempt"], Value::Null);
    }
}

#[test]
fn names_may_be_short() {
    let folder =
        scenario(2, &(pod("web-1", "1", "", "") + &pod("web-10", "1", "", "") + &pod("db-0", "1", "", "")), "");
    assert_eq!(answer(folder.path(), &["--pod", "web-1"])["pod"]["name"], "web-1", "the whole name goes first");
    let short = answer(folder.path(), &["--pod", "default/d"]);
    assert_eq!(short["pod"]["name"], "db-0");
    assert!(short["notes"].to_string().contains("beginning of this pod's name"), "{short:#}");

    let several = refused(folder.path(), &["--pod", "web-"]);
    assert!(several.contains("is the beginning of 2 pods' names"), "{several}");
    assert!(several.contains("`default/web-1`, `default/web-10`"), "{several}");
    let near = refused(folder.path(), &["--pod", "wed-1"]);
    assert!(near.contains("did you mean `default/web-1`"), "{near}");
    let elsewhere = refused(folder.path(), &["--pod", "shop/db-0"]);
    assert!(elsewhere.contains("did you mean `default/db-0`?"), "{elsewhere}");
    let nothing = refused(folder.path(), &["--pod", "zzz"]);
    assert!(nothing.contains("namespaces with pods: `default`"), "{nothing}");
    let workload = refused(&quickstart(), &["--pod", "deployment/shop/nosuch"]);
    assert!(workload.contains("there was no pod of Deployment `shop/nosuch`"), "{workload}");
    let generated = refused(&quickstart(), &["--pod", "shop/web-"]);
    assert!(generated.contains("`deployment/shop/web` is the pod that was tried last"), "{generated}");
    assert!(refused(folder.path(), &["--pod", "a/b/c/d"]).contains("names no pod and no workload"));
    assert!(refused(folder.path(), &["--pod", "web-1", "--at=-5s"]).contains("before the start of the run"));
    assert!(refused(folder.path(), &["--pod", "web-1", "--at", "soon"]).contains("is not a duration"));
}

#[test]
fn people_see_a_bounded_number_of_rows() {
    let folder = scenario(150, &pod("solo", "1", "", ""), "");
    let table = said(folder.path(), &["--pod", "solo"]);
    assert!(table.lines().count() < 45, "{table}");
    assert!(table.contains("and 80 more feasible nodes (--all shows them)"), "{table}");
    assert!(table.contains("50 of 150 nodes were not looked at"), "{table}");
    let all = said(folder.path(), &["--pod", "solo", "--all"]);
    assert_eq!(all.lines().filter(|line| line.get(1..5) == Some("  n-")).count(), 100);
    let json = answer(folder.path(), &["--pod", "solo"]);
    assert_eq!(json["attempt"]["feasible"].as_array().unwrap().len(), 100);

    let folder = scenario(150, &pod("huge", "9", "", ""), "");
    let table = said(folder.path(), &["--pod", "huge"]);
    assert!(table.contains("     150  NodeResourcesFit  Insufficient cpu\n"), "{table}");
    assert!(table.lines().count() < 12, "{table}");
}

#[test]
fn the_schema_is_closed_and_yaml_says_the_same() {
    let folder = preemption();
    let json = answer(folder.path(), &["--pod", "urgent"]);
    let mut wrong = json.clone();
    wrong["attempt"]["surplus"] = json!(1);
    assert!(!validator().is_valid(&wrong));
    let yaml = said(folder.path(), &["--pod", "urgent", "-o", "yaml"]);
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), json);
}
