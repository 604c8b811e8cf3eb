//! Small inputs after public reports whose answer was once wrong: `tests/cases/NAME`, each with what real Kubernetes does.

use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// What a command on a case gave.
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub errors: String,
    folder: tempfile::TempDir,
}

impl Answer {
    /// Runs `wavetank` with these arguments in the folder of a case; what it writes goes elsewhere.
    pub fn of(case: &str, args: &[&str]) -> Self {
        Self::with_input(case, args, "")
    }

    /// The same with a text on standard input.
    pub fn with_input(case: &str, args: &[&str], input: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
        let mut command = Command::cargo_bin("wavetank").unwrap();
        command.current_dir(home).env("NO_COLOR", "1").args(args).write_stdin(input);
        if args[0] == "run" {
            command.args(["--no-charts", "--out"]).arg(folder.path().join("run"));
        }
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
            folder,
        }
    }

    /// A run that succeeds.
    pub fn run(case: &str, args: &[&str]) -> Self {
        let answer = Self::of(case, &[&["run"], args].concat());
        assert!(matches!(answer.code, 0 | 3), "{}{}", answer.out, answer.errors);
        answer
    }

    /// The rows of a table that the run wrote, each by column.
    pub fn table(&self, name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
        let file: PathBuf = self.folder.path().join("run").join(name);
        csv::Reader::from_path(file).unwrap().deserialize().map(Result::unwrap).collect()
    }

    /// When events of this reason befell an object whose name begins so, in seconds.
    pub fn events(&self, reason: &str, object: &str) -> Vec<f64> {
        let rows = self.table("events.csv");
        let wanted = rows.iter().filter(|row| row["reason"] == reason && row["name"].starts_with(object));
        wanted.map(|row| row["first_seconds"].parse().unwrap()).collect()
    }

    /// The lines of the output that begin so.
    pub fn lines(&self, start: &str) -> Vec<&str> {
        self.out.lines().filter(|line| line.starts_with(start)).collect()
    }
}

#[test]
fn a_fault_on_an_unknown_zone_is_an_error() {
    let answer = Answer::of("n02-unknown-zone-fault-is-silent", &["run", "scenario.yaml"]);
    assert_eq!(answer.code, 2, "{}", answer.out);
    assert!(answer.errors.contains("scenario.yaml:9"), "{}", answer.errors);
    assert!(answer.errors.contains("spec.faults[0].zone: zone `z` does not exist"), "{}", answer.errors);
    assert!(answer.errors.contains("the zones are a, b"), "{}", answer.errors);
}

#[test]
fn names_are_held_against_every_input() {
    let case = "n02-unknown-zone-fault-is-silent";
    let wrong = [
        ("spec.faults=[{kind: nodeCrash, node: general-2, at: 1m}]", "the nodes are general-0 to general-1"),
        ("spec.faults=[{kind: nodeCrash, node: general-00, at: 1m}]", "node `general-00` does not exist"),
        ("spec.faults=[{kind: podCrash, target: deployment/wbe, at: 1m}]", "did you mean `default/web`?"),
        ("spec.actions=[{at: 1m, cordon: general-7}]", "spec.actions[0].cordon: node `general-7` does not exist"),
        ("spec.actions=[{at: 1m, drain: {node: node-1}}]", "spec.actions[0].drain: node `node-1` does not exist"),
        ("spec.actions=[{at: 1m, delete: node/general-9}]", "there is no Node `general-9`"),
        ("spec.actions=[{at: 1m, delete: hpa/web}]", "there is no HorizontalPodAutoscaler `default/web`"),
        (
            "spec.actions=[{at: 9m, cordon: general-0}, {at: 1m, rolloutUndo: deployment/api}]",
            "spec.actions[1].rolloutUndo",
        ),
        (
            "spec.traffic=[{target: deployment/api, rate: {constant: 1}, cpuPerRequest: 1ms}]",
            "no Deployment `default/api`",
        ),
    ];
    for (value, expected) in wrong {
        let answer = Answer::of(case, &["validate", "scenario.yaml", "--set", "spec.faults=[]", "--set", value]);
        assert_eq!(answer.code, 2, "{value}: {}", answer.out);
        assert!(answer.errors.contains(expected), "{value}: {}", answer.errors);
    }
    let right = [
        "spec.faults=[{kind: zoneOutage, zone: b, at: 1m}]",
        "spec.actions=[{at: 1m, addNodes: {pool: general, count: 2}}, {at: 2m, cordon: general-3}]",
    ];
    for value in right {
        let answer = Answer::of(case, &["validate", "scenario.yaml", "--set", "spec.faults=[]", "--set", value]);
        assert_eq!(answer.code, 0, "{value}: {}", answer.errors);
    }
}

#[test]
fn nodes_of_a_dump_given_beside_the_scenario_count() {
    let answer = Answer::run("n03-dump-by-f-fault-and-drain-refused", &["mine.yaml", "-f", "cluster.yaml"]);
    assert_eq!(answer.lines("fault").len(), 1, "{}", answer.out);
}

#[test]
fn the_labels_that_every_kubelet_sets_can_be_selected() {
    let answer = Answer::run("m01-beta-node-labels", &["scenario.yaml"]);
    assert!(answer.out.contains("2 created, 2 placed"), "{}", answer.out);
    let answer = Answer::run("m01-beta-node-labels", &["scenario.yaml", "--set", "spec.manifests=[zone.yaml]"]);
    assert!(answer.out.contains("3 created, 2 placed, 1 pending"), "{}", answer.out);
    let fit = ["fit", "--pod", "app.yaml", "--nodes-for", "5", "--pool", "cpu=4,memory=8Gi"];
    let answer = Answer::of("m01-beta-node-labels", &fit);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.errors);
}

#[test]
fn the_namespace_of_a_cluster_scoped_object_is_cleared() {
    let answer = Answer::of("m02-namespace-on-cluster-scoped", &["validate", "pool.yaml", "-f", "app.yaml"]);
    assert_eq!(answer.code, 0, "{}", answer.errors);
    let answer = Answer::run("m02-namespace-on-cluster-scoped", &["pool.yaml", "-f", "app.yaml"]);
    assert!(answer.out.contains("1 created, 1 placed"), "the class is found: {}", answer.out);
}

#[test]
fn a_term_with_a_namespace_selector_waits_for_the_flush() {
    let answer = Answer::run("s11-requeue", &["scenario.yaml"]);
    let [control] = answer.events("Scheduled", "control")[..] else { panic!("{}", answer.out) };
    let [follower] = answer.events("Scheduled", "follower")[..] else { panic!("{}", answer.out) };
    assert!((60.0..61.0).contains(&control), "{control}");
    assert!((300.0..=361.0).contains(&follower), "{follower}");
}

#[test]
fn updates_that_never_get_ready_leave_ready_pods() {
    let answer = Answer::run("t04-ds-broken-updates", &["scenario.yaml"]);
    assert_eq!(answer.lines("agent-").iter().filter(|line| line.contains("1/1")).count(), 2, "{}", answer.out);
}

#[test]
fn pods_without_their_controllers_are_missing_for_ever() {
    let answer = Answer::run("n05-dump-nodes-pods-only-restored-0-missing", &["mine2.yaml"]);
    assert!(answer.errors.contains("are owned by controllers that are not among the objects"), "{}", answer.errors);
    let [fault] = &answer.table("recovery.csv")[..] else { panic!("{}", answer.out) };
    assert_eq!(fault["restored_seconds"], "");
    assert_ne!(fault["pods_unreplaced"], "0");
    assert!(answer.out.contains("NOT RESTORED") && answer.out.contains("for ever"), "{}", answer.out);
}

#[test]
fn a_workload_without_pods_is_named_with_the_reason() {
    let answer = Answer::run("n06-workload-never-created-summary-silent", &["scenario.yaml", "-f", "ns.yaml"]);
    let lines = answer.out.replace('\n', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lines.contains("shpo/api 0/2 at the end: FailedCreate"), "{}", answer.out);
    assert!(lines.contains("default/db 0/2 at the end: 1 Pending"), "{}", answer.out);
    assert!(!lines.contains("default/web"), "{}", answer.out);
}

#[test]
fn a_drain_that_is_held_names_the_pod_and_the_budget() {
    let answer = Answer::run("n08-drain-blocked-no-reason", &["drain-blocked.yaml"]);
    let actions = answer.table("actions.csv");
    let held: Vec<_> = actions.iter().filter(|row| row["detail"].contains("is held by budget")).collect();
    assert!(!held.is_empty(), "{actions:?}\n{}", answer.out);
    assert!(answer.out.contains("is held by budget"), "{}", answer.out);
}

#[test]
fn a_terminating_pod_of_a_lost_node_is_listed_as_its_kubelet_left_it() {
    let case = "t01-sts-node-off";
    let answer = Answer::run(case, &["scenario.yaml", "-o", "wide"]);
    let [line] = answer.lines("web-0")[..] else { panic!("{}", answer.out) };
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1..3], ["1/1", "Terminating"], "{}", answer.out);
    let before = Answer::run(case, &["scenario.yaml", "-o", "wide", "--set", "spec.duration=13m"]);
    let [line] = before.lines("web-0")[..] else { panic!("{}", before.out) };
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1..3], ["1/1", "Running"], "{}", before.out);
}

#[test]
fn node_shapes_are_told_apart_by_what_differs() {
    let case = "n04-sweep-of-node-shapes";
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let sweep = |more: &[&str]| {
        let short =
            ["sweep", "size.yaml", "--set", "spec.duration=2h", "--set", "spec.sweep.replications=1", "--out", out];
        let answer = Answer::of(case, &[&short[..], more].concat());
        assert_eq!(answer.code, 0, "{}{}", answer.out, answer.errors);
        let chart = std::fs::read_to_string(folder.path().join("charts/sweep_cost_dollars.svg")).unwrap();
        (answer.out, chart)
    };
    let (table, chart) = sweep(&[]);
    assert!(table.contains("count 6, cpu 4") && !table.contains("[{"), "{table}");
    for text in ["count 6", "cpu 16", "manifests.1=hpa-50"] {
        assert!(chart.contains(text), "{text}: {chart}");
    }
    let (table, chart) = sweep(&["--set", "spec.sweep.parameters.0.names=[six small, three middle, two large]"]);
    assert!(table.contains("six small") && chart.contains("two large"), "{table}");
    let names = "spec.sweep.parameters.0.names=[one]";
    let answer = Answer::of(case, &["sweep", "size.yaml", "--set", names, "--out", out]);
    assert_eq!(answer.code, 2);
    assert!(answer.errors.contains("has 1 names for 3 values"), "{}", answer.errors);
}

#[test]
fn the_same_manifest_applied_again_keeps_the_replicas_of_the_autoscaler() {
    let answer = Answer::run("n01-apply-same-manifest-resets-hpa-replicas", &["scenario.yaml"]);
    let scaled = answer.events("ScalingReplicaSet", "web");
    assert!(scaled.iter().all(|at| !(1807.0..1830.0).contains(at)), "{scaled:?}");
    let actions = answer.table("actions.csv");
    assert!(actions.iter().all(|row| row["outcome"] == "Unchanged"), "{actions:?}");
}

#[test]
fn a_daemon_set_waits_for_another_as_long_as_its_version_makes_it() {
    let at = |version: &str| {
        let version = format!("spec.kubernetesVersion=\"{version}\"");
        let answer = Answer::run("s12-ds-antiaffinity", &["scenario.yaml", "--set", &version]);
        let [at] = answer.events("Scheduled", "two-")[..] else { panic!("{}", answer.out) };
        at
    };
    let (old, new) = (at("1.34"), at("1.36"));
    assert!((330.0..=391.0).contains(&old), "the flush of unschedulable pods: {old}");
    assert!((90.0..95.0).contains(&new), "{new}");
}

#[test]
fn a_stateful_set_that_is_stuck_waits_for_a_hand() {
    let answer = Answer::run("t03-sts-rollback", &["scenario.yaml"]);
    let actions = answer.table("actions.csv");
    let outcome = |at: &str| actions.iter().find(|row| row["at_seconds"] == at).map(|row| &*row["outcome"]);
    assert_eq!(outcome("300"), Some("Superseded"));
    let good = actions.iter().find(|row| row["at_seconds"] == "900").unwrap();
    let ended: f64 = good["ended_seconds"].parse().unwrap();
    assert!(ended > 2400.0, "only when the broken pod is deleted: {ended}");
    let crash = ["scenario.yaml", "--set", "spec.actions.0.apply=v2-crash.yaml"];
    let crash = Answer::run("t03-sts-rollback", &crash).table("actions.csv");
    let good = crash.iter().find(|row| row["at_seconds"] == "900").unwrap();
    assert!(good["ended_seconds"].parse::<f64>().unwrap() < 2400.0, "a crash loop recovers by itself: {good:?}");
}

#[test]
fn a_fault_that_does_not_happen_is_remarked_on() {
    let case = "n02-unknown-zone-fault-is-silent";
    let seldom = "spec.faults=[{kind: nodeCrash, pool: general, mtbf: {fixed: 100d}}]";
    let answer = Answer::run(case, &["scenario.yaml", "--set", seldom]);
    assert!(answer.out.contains("fault nodeCrash-0 did not happen"), "{}", answer.out);
    let often = "spec.faults=[{kind: zoneOutage, zone: a, at: 1m, duration: 2m}]";
    let answer = Answer::run(case, &["scenario.yaml", "--set", often]);
    assert!(!answer.out.contains("did not happen"), "{}", answer.out);
}

#[test]
fn match_label_keys_keep_a_rollout_spread() {
    let spread = |manifest: &str, seed: &str| {
        let manifest = format!("spec.manifests=[{manifest}]");
        let answer = Answer::run("s04-rollout-skew", &["scenario.yaml", "--set", &manifest, "--seed", seed]);
        let mut nodes = std::collections::BTreeMap::<String, usize>::new();
        for row in answer.table("pods.csv").iter().filter(|row| row["ended_seconds"].is_empty()) {
            *nodes.entry(row["node"].clone()).or_default() += 1;
        }
        let mut counts: Vec<usize> = nodes.into_values().collect();
        counts.sort_unstable();
        counts
    };
    for seed in 1..=8 {
        assert_eq!(spread("five-mlk.yaml", &seed.to_string()), [1, 2, 2], "seed {seed}");
        assert_eq!(spread("five.yaml", &seed.to_string()).iter().sum::<usize>(), 5, "seed {seed}");
    }
}

#[test]
fn a_drain_waits_for_its_budget_as_long_as_it_must() {
    let case = "t06-drain-budget";
    let node_of = |manifest: &str, pod: &str| {
        let manifest = format!("spec.manifests=[{manifest}]");
        let answer = Answer::run(case, &["scenario.yaml", "--set", &manifest, "--set", "spec.actions=[]"]);
        let pods = answer.table("pods.csv");
        pods.iter().find(|row| row["name"].starts_with(pod)).unwrap()["node"].clone()
    };
    let actions = format!("spec.actions=[{{at: 2m, drain: {{node: {}}}}}]", node_of("one.yaml", "solo"));
    let one = Answer::run(case, &["scenario.yaml", "--set", "spec.manifests=[one.yaml]", "--set", &actions]);
    let drain = &one.table("actions.csv")[0];
    assert_eq!(drain["outcome"], "Unfinished");
    assert!(drain["detail"].contains("is held by budget solo"), "{drain:?}");
    let node = node_of("pair.yaml", "dns-a");
    let actions = format!("spec.actions=[{{at: 2m, drain: {{node: {node}}}}}, {{at: 10m, apply: b-good.yaml}}]");
    let pair = Answer::run(case, &["scenario.yaml", "--set", "spec.manifests=[pair.yaml]", "--set", &actions]);
    let pods = pair.table("pods.csv");
    let healthy = pods.iter().find(|row| row["name"].starts_with("dns-a")).unwrap();
    let deleted: f64 = healthy["deletion_requested_seconds"].parse().unwrap();
    assert!((600.0..612.0).contains(&deleted), "once the other is ready, at the next try: {deleted}");
}

#[test]
fn an_apply_says_what_became_of_each_object() {
    let apply = "spec.actions=[{at: 1m, apply: ../n01-apply-same-manifest-resets-hpa-replicas/web.yaml}]";
    let answer =
        Answer::run("n02-unknown-zone-fault-is-silent", &["scenario.yaml", "--set", "spec.faults=[]", "--set", apply]);
    let actions = answer.table("actions.csv");
    let mut told: Vec<(&str, &str)> = actions.iter().map(|row| (&*row["target"], &*row["outcome"])).collect();
    told.sort_unstable();
    assert_eq!(told, [("Deployment default/web", "Done"), ("HorizontalPodAutoscaler default/web", "Done")]);
}
