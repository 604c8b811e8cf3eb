//! Cases of input as people have it and of likely slips: what is read, what is refused, what is warned about.

use super::cases::Answer;

/// A text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_runtime_class_adds_to_its_pods_or_refuses_them() {
    let case = "s07-runtimeclass-overhead";
    let fits = [
        ("cluster-no-selector.yaml", "pod.yaml", "1", "the overhead leaves room for one"),
        ("cluster-no-selector.yaml", "pod-overhead.yaml", "1", "the pod may name the overhead itself"),
        ("cluster.yaml", "pod.yaml", "0", "no node has the label"),
    ];
    for (cluster, pod, expected, why) in fits {
        let answer = Answer::of(case, &["fit", "-f", cluster, "--pod", pod, "-o", "json"]);
        let report: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
        assert_eq!(report["fits"].to_string(), expected, "{why}: {}", answer.out);
        assert!(!answer.errors.contains("warning"), "{why}: {}", answer.errors);
    }
    let refused = [
        ("pod-other-overhead.yaml", "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
        ("pod-unknown-class.yaml", "pods \"p\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found"),
    ];
    for (pod, expected) in refused {
        let answer = Answer::of(case, &["fit", "-f", "cluster.yaml", "--pod", pod]);
        assert_eq!(answer.code, 2, "{pod}: {}", answer.out);
        assert!(answer.errors.contains(expected), "{pod}: {}", answer.errors);
    }
}

#[test]
fn pods_of_a_run_are_admitted_to_their_runtime_class() {
    let answer = Answer::run("s07-runtimeclass-overhead", &["scenario.yaml"]);
    let nodes: Vec<String> = answer.table("pods.csv").iter().map(|pod| pod["node"].clone()).collect();
    let on_vm = nodes.iter().filter(|node| node.starts_with("vm-")).count();
    assert_eq!((nodes.len(), on_vm), (3, 2), "one on each node with the label and the taint: {nodes:?}");
    let failed = answer.table("events.csv").into_iter().find(|event| event["reason"] == "FailedCreate").unwrap();
    let conflict = "conflict: runtimeClass.scheduling.nodeSelector[virt] = yes; pod.spec.nodeSelector[virt] = no";
    assert!(failed["message"].contains(conflict), "{failed:?}");
    let refused = "pods of the arrivals are not created; the first: pods \"jobs-0\" is forbidden: pod rejected: \
                   RuntimeClass \"gone\" not found";
    assert!(unwrapped(&answer.out).contains(refused), "{}", answer.out);
}

#[test]
fn folders_are_searched_whole_and_the_last_of_two_objects_counts() {
    let case = "input-in-folders";
    // The same by the scenario's `manifests` and by `-f`.
    for args in [&["scenario.yaml", "--set", "spec.manifests=[apps]"][..], &["scenario.yaml", "-f", "apps"]] {
        let answer = Answer::run(case, args);
        assert!(answer.out.contains("5 created, 5 placed"), "three of web, two of api: {}", answer.out);
        assert!(answer.errors.contains("apps/overlays/web.yaml:1:1: `Deployment default/web`: is given twice"));
        assert!(answer.errors.contains("hint: it replaces the one in "), "{}", answer.errors);
        assert!(answer.errors.contains("apps/base/web.yaml:1"), "{}", answer.errors);
    }
}

#[test]
fn empty_standard_input_is_an_error() {
    for text in ["", "# nothing\n---\n"] {
        let answer = Answer::with_input("input-in-folders", &["validate", "scenario.yaml", "-f", "-"], text);
        assert_eq!(answer.code, 2, "{}", answer.out);
        assert!(answer.errors.contains("error: <stdin>: is empty (expected manifests"), "{}", answer.errors);
    }
}

#[test]
fn a_key_that_is_given_twice_is_named_in_plain_words() {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n";
    let answer = Answer::with_input("input-in-folders", &["validate", "scenario.yaml", "-f", "-"], manifest);
    assert_eq!(answer.errors, "error: <stdin>:6:3: is not YAML: key `a` is given twice\n1 error\n");
}

#[test]
fn the_same_problem_of_many_objects_is_said_once() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {}\n";
    let manifest = service.repeat(55);
    let answer = Answer::with_input("input-in-folders", &["validate", "scenario.yaml", "-f", "-"], &manifest);
    let lines: Vec<&str> = answer.errors.lines().collect();
    assert!(lines[0].starts_with("error: <stdin>:5:1: "), "{}", answer.errors);
    let places = "and the same 54 times more: <stdin>:10:1, <stdin>:15:1, <stdin>:20:1, ...";
    assert!(lines[1].contains(places), "{}", answer.errors);
    assert_eq!(*lines.last().unwrap(), "55 errors", "{}", answer.errors);
}

#[test]
fn a_run_and_a_sweep_write_to_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: both}\nspec:\n  duration: 1m\n  \
                    nodePools: [{name: p, count: 1, capacity: {cpu: 4, memory: 8Gi}}]\n  \
                    sweep: {parameters: [{path: spec.nodePools.p.count, values: [1, 2]}]}\n";
    std::fs::write(folder.path().join("s.yaml"), scenario).unwrap();
    let wavetank = |args: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("wavetank").unwrap();
        let output = command.current_dir(folder.path()).args(args).arg("--no-charts").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(wavetank(&["run", "s.yaml"]).0, Some(0));
    assert_eq!(wavetank(&["sweep", "s.yaml"]).0, Some(0));
    assert!(folder.path().join("output/both/summary.json").exists());
    assert!(folder.path().join("output/both_sweep/sweep.csv").exists());
    for (command, out, of) in [("sweep", "output/both", "a run"), ("run", "output/both_sweep", "a sweep")] {
        let (code, errors) = wavetank(&[command, "s.yaml", "--out", out]);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(&format!("{out}: holds the results of {of}")), "{errors}");
    }
}

#[test]
fn likely_slips_are_warned_about() {
    let case = "likely-slips";
    let answer = Answer::of(case, &["validate", "scenario.yaml"]);
    assert_eq!((answer.code, answer.errors.as_str()), (0, ""), "nothing is odd about it");
    let cases: [(&[&str], &[&str]); 13] = [
        (
            &["--set", "spec.traffic.0.cpuPerRequest=12m"],
            &[
                "spec.traffic[0].cpuPerRequest: one request takes 720 seconds of CPU, more than the limit of 1 core gives",
                "hint: `12m` is 12 minutes: did you mean `12ms`?",
            ],
        ),
        (
            &["--set", "spec.traffic.0.memoryPerPod=100"],
            &["spec.traffic[0].memoryPerPod: is 100 bytes", "`16Mi` is 16 MiB"],
        ),
        (&["--set", "spec.nodePools.general.capacity.memory=16"], &["spec.nodePools[0].capacity.memory: is 16 bytes"]),
        (
            &["--set", "spec.nodePools.general.capacity.pod=20"],
            &["capacity.pod: `pod` is no resource that a pod can request", "hint: did you mean `pods`?"],
        ),
        (
            &["-f", "slips/node.yaml"],
            &[
                "`Node odd`: status.capacity: `cpus` is no resource that a pod can request",
                "hint: did you mean `cpu`?",
                "`Node odd`: status.capacity: is 16 bytes",
                "`Node odd`: status.capacity: `cpu` is missing: no pod that requests it fits",
                "3 warnings",
            ],
        ),
        (
            &["-f", "slips/autoscaler.yaml"],
            &[
                "`HorizontalPodAutoscaler default/web-too`: scales Deployment `web`, as HorizontalPodAutoscaler `web` does",
            ],
        ),
        (
            &["-f", "slips/budget.yaml"],
            &[
                "`PodDisruptionBudget default/api`: allows no disruption ever: minAvailable is 2, and it selects 2 pods",
                "`PodDisruptionBudget default/web-too`: allows no disruption ever: maxUnavailable is 0, and it selects 6",
            ],
        ),
        (
            &["-f", "slips/selector.yaml"],
            &[
                "`Deployment default/api`: no node has the label disktype=sdd of its nodeSelector: its pods wait for ever",
                "hint: did you mean `ssd`?",
            ],
        ),
        (
            &["-f", "slips/affinity.yaml"],
            &["`Deployment default/api`: no node has the labels that its required node affinity asks for"],
        ),
        (
            &["-f", "slips/scheduler.yaml"],
            &[
                "`Deployment default/api`: schedulerName `volcano` is no profile of the scheduler: its pods wait for ever",
                "hint: the scheduler has `default-scheduler`",
            ],
        ),
        (
            &["-f", "slips/memory.yaml"],
            &["`Deployment default/api`: container `api`: resources.requests.memory: is 64 bytes"],
        ),
        (
            &["-f", "slips/class.yaml"],
            &[
                "`Deployment default/api`: no pod is created: pods \"api\" is forbidden: no PriorityClass with name hihg",
            ],
        ),
        (
            &[
                "--set",
                "spec.arrivals=[{name: jobs, every: {fixed: 1m}, template: {spec: {schedulerName: kueue, containers: [{name: c, image: x}]}}}]",
            ],
            &["spec.arrivals[0].template: schedulerName `kueue` is no profile of the scheduler"],
        ),
    ];
    for (args, expected) in cases {
        let answer = Answer::of(case, &[&["validate", "scenario.yaml"], args].concat());
        assert_eq!(answer.code, 0, "{args:?}: {}", answer.errors);
        for text in expected {
            assert!(answer.errors.contains(text), "{args:?}: expected {text} in\n{}", answer.errors);
        }
    }
    let out = tempfile::tempdir().unwrap();
    for command in ["run", "sweep"] {
        let sweep = ["--no-charts", "--out", out.path().to_str().unwrap()];
        let own: &[&str] = if command == "sweep" { &sweep } else { &[] };
        let answer = Answer::of(case, &[&[command, "scenario.yaml", "-f", "slips/autoscaler.yaml"], own].concat());
        assert!(answer.errors.contains("AmbiguousSelector"), "{command}: {}", answer.errors);
    }
}

#[test]
fn a_capacity_under_a_wrong_name_says_which_is_meant() {
    let set = "spec.nodePools=[{name: general, count: 1, capacity: {cpus: 4, memory: 16Gi}}]";
    let answer = Answer::of("likely-slips", &["validate", "scenario.yaml", "--set", set]);
    assert_eq!(answer.code, 2);
    assert!(answer.errors.contains("capacity: `cpu` is missing"), "{}", answer.errors);
    assert!(answer.errors.contains("hint: did you mean `cpu` where it says `cpus`?"), "{}", answer.errors);
}

#[test]
fn a_timeline_of_too_many_rows_is_refused() {
    let cases = [
        ("1ns", Some("`1ns` gives 600000000000 rows (expected at most 8750000 with 1 workload)"), "the whole run"),
        ("60us", Some("`60us` gives 10000000 rows"), "a workload takes room too"),
        ("1s", None, "600 rows"),
    ];
    for (interval, refusal, why) in cases {
        let set = format!("spec.output.timelineInterval={interval}");
        let answer = Answer::of("likely-slips", &["validate", "scenario.yaml", "--set", &set]);
        assert_eq!(answer.code, if refusal.is_some() { 2 } else { 0 }, "{why}: {}", answer.errors);
        assert!(answer.errors.contains(refusal.unwrap_or_default()), "{why}: {}", answer.errors);
    }
}

#[test]
fn the_summary_says_whose_requests_are_lost() {
    // Four pods at one core each serve 333 requests a second.
    let args = ["scenario.yaml", "--set", "spec.traffic.0.rate.constant=1000"];
    let answer = Answer::run("likely-slips", &args);
    let [requests] = answer.lines("requests")[..] else { panic!("{}", answer.out) };
    let lost = requests.strip_prefix("requests    600,000 offered, ").and_then(|rest| rest.split_once(" unserved: "));
    let Some((lost, causes)) = lost else { panic!("{}", answer.out) };
    assert!(lost.contains(" (") && lost.ends_with(" %)"), "a count and a share: {}", answer.out);
    assert!(causes.contains("without an endpoint") && answer.out.contains("refused by full pods"), "{}", answer.out);
    assert!(answer.lines("unserved").is_empty(), "it is the only workload: {}", answer.out);
    let answer = Answer::run("likely-slips", &["scenario.yaml", "--set", "spec.traffic.0.rate.constant=0"]);
    assert!(answer.lines("unserved").is_empty(), "{}", answer.out);
}

#[test]
fn the_csv_of_fit_is_in_base_units() {
    let case = "s07-runtimeclass-overhead";
    let answer = Answer::of(case, &["fit", "-f", "cluster-no-selector.yaml", "--pod", "pod.yaml", "-o", "csv"]);
    let mut reader = csv::Reader::from_reader(answer.out.as_bytes());
    let row: std::collections::BTreeMap<String, String> = reader.deserialize().next().unwrap().unwrap();
    // 4 GiB without 2 GiB and 200 MiB.
    assert_eq!((row["free_cpu_cores"].as_str(), row["free_memory_bytes"].as_str()), ("62.95", "1937768448"));
    assert!(!row.contains_key("free_memory"));
    let people = Answer::of(case, &["fit", "-f", "cluster-no-selector.yaml", "--pod", "pod.yaml"]);
    assert!(people.out.contains("1.8Gi"), "{}", people.out);
}
