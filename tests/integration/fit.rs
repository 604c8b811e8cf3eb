//! `wavetank fit` on a kubectl dump: seven nodes in three zones, one of them cordoned and one the control plane.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fit").join(file)
}

/// Runs `wavetank fit` in the folder of the dump.
fn fit(args: &[&str]) -> Output {
    fit_in(&golden(""), args, "")
}

fn fit_in(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut command = Command::cargo_bin("wavetank").unwrap();
    command.current_dir(folder).arg("fit").args(args).write_stdin(input);
    for variable in ["COLUMNS", "RUST_BACKTRACE", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The answer in its JSON form.
fn answer(args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["-o", "json"]).collect();
    serde_json::from_slice(&fit(&args).stdout).unwrap()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

const CLUSTER: [&str; 2] = ["-f", "cluster.yaml"];

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    CLUSTER.iter().copied().chain(args.iter().copied()).collect()
}

#[test]
fn tables_answer_first() {
    let cases: [(&str, &[&str]); 4] = [
        ("web", &["--pod", "web.yaml"]),
        (
            "nodes_for",
            &["--pod", "web.yaml", "--nodes-for", "40", "--pool", "like=worker-a1,zones=eu-west-1a+eu-west-1b"],
        ),
        ("compress", &["--compress"]),
        ("compress_wide", &["--compress", "--evict-bare-pods", "-o", "wide"]),
    ];
    for (name, args) in cases {
        let output = fit(&with(args));
        let text = format!("exit code: {:?}\n{}", output.status.code(), String::from_utf8_lossy(&output.stdout));
        insta::assert_snapshot!(format!("fit_{name}"), text);
        let again = fit(&with(args));
        assert_eq!(output.stdout, again.stdout, "{name}: the same question has the same answer");
    }
}

/// What cpu leaves on each worker, in pods of 500m, by hand: the sums of the dump's requests.
#[test]
fn a_plain_pod_fills_what_is_left() {
    let dump: Value = dump();
    let mut expected = 0;
    for node in items(&dump, "Node") {
        let tainted = node["spec"]["taints"].as_array().is_some_and(|taints| !taints.is_empty());
        if tainted {
            continue;
        }
        let requested: i64 = items(&dump, "Pod")
            .filter(|pod| pod["spec"]["nodeName"] == node["metadata"]["name"] && pod["status"]["phase"] != "Succeeded")
            .map(|pod| millis(&pod["spec"]["containers"][0]["resources"]["requests"]["cpu"]))
            .sum();
        expected += (3920 - requested) / 500;
    }
    assert!(expected > 10);
    let answer = answer(&with(&["--pod", "plain.yaml"]));
    assert_eq!(answer["fits"], expected);
    assert_eq!(answer["stopped_at_max"], false);
    let by_node: i64 = answer["nodes"].as_array().unwrap().iter().map(|node| node["fits"].as_i64().unwrap()).sum();
    assert_eq!(by_node, expected);
    // The default PriorityClass and the limits count.
    assert_eq!(answer["pod"]["priority"], 100);
    assert_eq!(answer["pod"]["request_cpu_cores"], 0.5);
    // The cordoned node and the control plane say why.
    let reasons: Vec<&str> =
        answer["next"]["reasons"].as_array().unwrap().iter().filter_map(|own| own["reason"].as_str()).collect();
    assert_eq!(reasons, ["Insufficient cpu", "node(s) had untolerated taint(s)", "node(s) were unschedulable"]);
}

fn dump() -> Value {
    // The dump as JSON, by the yaml reader of the tests.
    let text = fs::read_to_string(golden("cluster.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn items<'v>(dump: &'v Value, kind: &'v str) -> impl Iterator<Item = &'v Value> {
    dump["items"].as_array().unwrap().iter().filter(move |item| item["kind"] == kind)
}

fn millis(quantity: &Value) -> i64 {
    let text = quantity.as_str().unwrap();
    text.strip_suffix('m').map_or_else(|| text.parse::<i64>().unwrap() * 1000, |digits| digits.parse().unwrap())
}

#[test]
fn max_ends_the_search_and_says_so() {
    let all = answer(&with(&["--pod", "plain.yaml"]));
    let some = answer(&with(&["--pod", "plain.yaml", "--max", "3"]));
    assert_eq!((&some["fits"], &some["stopped_at_max"], &some["next"]), (&json!(3), &json!(true), &Value::Null));
    assert!(some["answer"].as_str().unwrap().contains("--max 3"));
    assert!(all["fits"].as_i64().unwrap() > 3);
    let open = some["nodes"].as_array().unwrap().iter().filter(|node| node["rejected_by"].is_null()).count();
    assert!(open > 0, "a node without a reason takes one more");
}

#[test]
fn spread_binds_where_resources_would_not() {
    let answer = answer(&with(&["--pod", "web.yaml"]));
    let zones = answer["zones"].as_array().unwrap();
    // The siblings that run already count too: two in each zone.
    let fits: Vec<i64> = zones.iter().map(|zone| zone["fits"].as_i64().unwrap()).collect();
    assert_eq!(zones.len(), 3);
    assert!(fits.iter().max().unwrap() - fits.iter().min().unwrap() <= 1, "{fits:?}");
    assert!(answer["next"]["message"].as_str().unwrap().contains("didn't match pod topology spread constraints"));
    let plain = self::answer(&with(&["--pod", "plain.yaml"]));
    assert!(answer["fits"].as_i64() < plain["fits"].as_i64());
}

#[test]
fn the_scheduler_config_and_the_release_are_heeded() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["cluster.yaml", "plain.yaml"] {
        fs::copy(golden(file), folder.path().join(file)).unwrap();
    }
    let config = "\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: default-scheduler
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 100}]}}
    plugins:
      multiPoint:
        disabled: [{name: TaintToleration}, {name: PodTopologySpread}, {name: NodeResourcesBalancedAllocation}]
";
    fs::write(folder.path().join("config.yaml"), config).unwrap();
    let base = ["-f", "cluster.yaml", "--pod", "plain.yaml", "--max", "4", "-o", "json"];
    let run = |more: &[&str]| -> Value {
        let args: Vec<&str> = base.iter().chain(more).copied().collect();
        serde_json::from_slice(&fit_in(folder.path(), &args, "").stdout).unwrap()
    };
    let used = |answer: &Value| {
        answer["nodes"].as_array().unwrap().iter().filter(|node| node["fits"].as_i64() > Some(0)).count()
    };
    let (default, packed) = (run(&[]), run(&["--scheduler-config", "config.yaml"]));
    assert!(used(&default) > used(&packed), "MostAllocated packs");
    let old = run(&["--kubernetes-version", "1.34"]);
    assert_eq!((&default["kubernetes_version"], &old["kubernetes_version"]), (&json!("1.36"), &json!("1.34")));
}

#[test]
fn nodes_are_found_by_search() {
    let pool = "cpu=4,memory=16Gi,zones=a+b+c";
    let search = |wanted: &str| answer(&["--pod", "plain.yaml", "--nodes-for", wanted, "--pool", pool]);
    // Eight pods of 500m to a node.
    for (wanted, nodes, fewer) in [("1", 1, 0), ("8", 1, 0), ("9", 2, 8), ("100", 13, 96)] {
        let answer = search(wanted);
        assert_eq!(answer["nodes_needed"], nodes, "{wanted}");
        assert_eq!(answer["fits_with_one_fewer"], fewer, "{wanted}");
        assert_eq!(answer["nodes"].as_array().unwrap().len(), nodes, "{wanted}");
    }
    // On the cluster what is free counts first, and DaemonSets take their part of each new node.
    let present = answer(&with(&["--pod", "plain.yaml"]))["fits"].as_i64().unwrap();
    let enough = present.to_string();
    let none = answer(&with(&["--pod", "plain.yaml", "--nodes-for", &enough, "--pool", pool]));
    assert_eq!(none["nodes_needed"], 0);
    let more = (present + 8).to_string();
    let two = answer(&with(&["--pod", "plain.yaml", "--nodes-for", &more, "--pool", pool]));
    assert_eq!(two["nodes_needed"], 2, "kube-proxy leaves 3880m of 4 cores, which is seven pods");
}

#[test]
fn what_no_number_of_nodes_can_do_is_a_no() {
    let cases = [
        ("plain.yaml", "cpu=400m,memory=16Gi", "Insufficient cpu", "the pod is larger than the node"),
        ("plain.yaml", "cpu=4,memory=16Gi,taint:gpu=yes:NoSchedule", "untolerated taint", "no toleration"),
        ("web.yaml", "cpu=4,memory=16Gi", "missing required label", "no zone to spread over"),
    ];
    for (pod, pool, reason, why) in cases {
        let output = fit(&["--pod", pod, "--nodes-for", "20", "--pool", pool]);
        assert_eq!(output.status.code(), Some(3), "{why}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(first_line(&text).starts_with("no number of nodes is enough: 0 of 20 fit on"), "{why}: {text}");
        assert!(text.contains(reason), "{why}: {text}");
    }
}

#[test]
fn nodes_go_only_if_every_pod_finds_a_place() {
    let answer = answer(&with(&["--compress", "--evict-bare-pods"]));
    let dropped = answer["dropped"].as_array().unwrap();
    let kept = answer["kept"].as_array().unwrap();
    assert!(!dropped.is_empty());
    assert_eq!(dropped.len() + kept.len(), 7);
    let gone: Vec<&str> = dropped.iter().map(|node| node["node"].as_str().unwrap()).collect();
    // Follow every pod to where it ends up, and add up what it needs there.
    let dump = dump();
    let mut places: Vec<(String, String, i64)> = items(&dump, "Pod")
        .filter(|pod| pod["status"]["phase"] == "Running")
        .map(|pod| {
            let meta = &pod["metadata"];
            let name = format!("{}/{}", meta["namespace"].as_str().unwrap(), meta["name"].as_str().unwrap());
            let cpu = millis(&pod["spec"]["containers"][0]["resources"]["requests"]["cpu"]);
            (name, pod["spec"]["nodeName"].as_str().unwrap().to_owned(), cpu)
        })
        .collect();
    let mut evictions = 0;
    for node in dropped {
        for own in node["moves"].as_array().unwrap() {
            let place = places.iter_mut().find(|(name, ..)| *name == own["pod"].as_str().unwrap()).unwrap();
            assert_eq!(place.1, node["node"].as_str().unwrap(), "{own}");
            own["to"].as_str().unwrap().clone_into(&mut place.1);
            evictions += 1;
        }
    }
    assert_eq!(answer["evictions"], evictions);
    for node in kept {
        let name = node["node"].as_str().unwrap();
        let sum: i64 = places.iter().filter(|(_, on, _)| on == name).map(|(_, _, cpu)| cpu).sum();
        assert!(sum <= 3920, "{name}: {sum}m");
    }
    for (name, on, _) in &places {
        assert!(!gone.contains(&on.as_str()) || name.starts_with("kube-system/kube-proxy"), "{name} is on {on} still");
    }
    // The cordoned node may go, but takes nothing.
    assert!(dropped.iter().flat_map(|node| node["moves"].as_array().unwrap()).all(|own| own["to"] != "worker-c2"));
}

#[test]
fn what_keeps_a_node_is_named() {
    let blocked = |args: &[&str]| -> Vec<(String, String)> {
        let answer = answer(&with(args));
        let kept = answer["kept"].as_array().unwrap().iter();
        kept.map(|own| (own["node"].as_str().unwrap().to_owned(), own["blocked_by"].as_str().unwrap().to_owned()))
            .collect()
    };
    let has = |found: &[(String, String)], node: &str, by: &str| found.contains(&(node.to_owned(), by.to_owned()));
    let default = blocked(&["--compress"]);
    assert!(has(&default, "control-plane-1", "control-plane"));
    assert!(has(&default, "worker-b2", "no-controller"), "{default:?}");
    for node in ["worker-a1", "worker-b1", "worker-c1"] {
        assert!(has(&default, node, "disruption-budget"), "the budget of cache allows nothing: {default:?}");
    }
    let strict = blocked(&["--compress", "--keep-system-pods"]);
    assert!(has(&strict, "worker-a2", "system-pod"), "coredns: {strict:?}");
}

#[test]
fn json_is_as_its_schema_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/fit.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let answers = [
        answer(&with(&["--pod", "plain.yaml"])),
        answer(&with(&["--pod", "web.yaml", "--max", "2"])),
        answer(&["--pod", "web.yaml", "--nodes-for", "9", "--pool", "cpu=4,memory=16Gi,zones=a+b"]),
        serde_json::from_slice(
            &fit(&["--pod", "plain.yaml", "--nodes-for", "9", "--pool", "cpu=0,memory=1Gi", "-o", "json"]).stdout,
        )
        .unwrap(),
        answer(&with(&["--compress"])),
    ];
    for answer in &answers {
        let problems: Vec<String> =
            validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(problems.is_empty(), "{}:\n{}", answer["question"], problems.join("\n"));
        let mut wrong = answer.clone();
        wrong["surplus"] = json!(1);
        assert!(!validator.is_valid(&wrong), "the schema is closed");
    }
    // YAML says the same.
    let yaml = stdout(&fit(&with(&["--compress", "-o", "yaml"])));
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), answers[4]);
}

#[test]
fn csv_and_markdown_are_tables() {
    let csv = stdout(&fit(&with(&["--pod", "plain.yaml", "-o", "csv"])));
    assert_eq!(csv.lines().count(), 8, "a header and seven nodes:\n{csv}");
    assert!(csv.starts_with("node,zone,fits,"), "{csv}");
    let csv = stdout(&fit(&with(&["--compress", "-o", "csv"])));
    assert_eq!(csv.lines().count(), 8, "{csv}");
    let markdown = stdout(&fit(&with(&["--pod", "plain.yaml", "-o", "markdown"])));
    assert!(markdown.contains("| NODE |"), "{markdown}");
}

#[test]
fn the_pod_may_be_any_workload_and_the_cluster_standard_input() {
    let cluster = fs::read_to_string(golden("cluster.yaml")).unwrap();
    let container = "containers: [{name: main, image: x, resources: {requests: {cpu: 500m}}}]";
    let pods = [
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: j}}, spec: {{template: {{spec: {{restartPolicy: Never, {container}}}}}}}}}"
        ),
        format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: c}}, spec: {{schedule: '* * * * *', jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, {container}}}}}}}}}}}}}"
        ),
        format!(
            "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: s}}, spec: {{serviceName: s, selector: {{matchLabels: {{app: s}}}}, template: {{metadata: {{labels: {{app: s}}}}, spec: {{{container}}}}}}}}}"
        ),
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{nodeName: worker-a1, {container}}}}}"),
    ];
    let expected = answer(&with(&["--pod", "plain.yaml"]))["fits"].clone();
    for pod in pods {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pod.yaml"), &pod).unwrap();
        let output = fit_in(folder.path(), &["-f", "-", "--pod", "pod.yaml", "-o", "json"], &cluster);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        assert_eq!(answer["fits"], expected, "{pod}");
    }
}

/// A node in each of two zones, and a claim that is bound to a volume in the second.
const ZONAL: &str = "\
{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {topology.kubernetes.io/zone: a}}, status: {capacity: {cpu: 4, memory: 8Gi, pods: 10}}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2, labels: {topology.kubernetes.io/zone: b}}, status: {capacity: {cpu: 4, memory: 8Gi, pods: 10}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1}
spec:
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  claimRef: {namespace: default, name: data, uid: u1}
  csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}
  nodeAffinity:
    required:
      nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [b]}]}]
status: {phase: Bound}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default, uid: u1, annotations: {pv.kubernetes.io/bind-completed: 'yes'}}
spec: {accessModes: [ReadWriteOnce], volumeName: pv-1, resources: {requests: {storage: 10Gi}}}
status: {phase: Bound}
";

#[test]
fn volumes_bind_pods_to_their_zone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
    let pod = |claim: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: x, resources: {{requests: {{cpu: 1}}}}}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: {claim}}}}}]}}}}"
        )
    };
    write("cluster.yaml", ZONAL);
    write("pod.yaml", &pod("data"));
    write("lost.yaml", &pod("gone"));
    let output = fit_in(folder.path(), &["-f", "cluster.yaml", "--pod", "pod.yaml", "-o", "json"], "");
    assert_eq!(stderr(&output), "", "volumes are simulated here");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fits: Vec<&Value> = answer["nodes"].as_array().unwrap().iter().map(|node| &node["fits"]).collect();
    assert_eq!(fits, [&json!(0), &json!(4)]);
    assert_eq!(answer["nodes"][0]["rejected_by"], "VolumeBinding");
    let output = fit_in(folder.path(), &["-f", "cluster.yaml", "--pod", "lost.yaml"], "");
    assert_eq!(first_line(&stdout(&output)), "0 fit; then: persistentvolumeclaim \"gone\" not found");
    write("cluster.yaml", &ZONAL.replace("storage: 10Gi}\n  acc", "storage: ten}\n  acc"));
    let output = fit_in(folder.path(), &["-f", "cluster.yaml", "--pod", "pod.yaml"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cluster.yaml:9:14:"), "{}", stderr(&output));
    assert!(stderr(&output).contains("`PersistentVolume pv-1`: spec.capacity.storage"), "{}", stderr(&output));
}

#[test]
fn claims_that_a_stateful_set_makes_for_its_pods_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let set = r"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {serviceName: db, selector: {matchLabels: {a: b}},
      template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x, resources: {requests: {cpu: 1}}, volumeMounts: [{name: d, mountPath: /d}]}]}},
      volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}";
    fs::write(folder.path().join("cluster.yaml"), ZONAL).unwrap();
    fs::write(folder.path().join("set.yaml"), set).unwrap();
    let text = stdout(&fit_in(folder.path(), &["-f", "cluster.yaml", "--pod", "set.yaml"], ""));
    assert!(first_line(&text).starts_with("8 fit; then: "), "{text}");
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = "StatefulSet default/db: volumes whose claims are made for each pod are left out";
    assert!(unwrapped.contains(note), "{text}");
}

#[test]
fn a_scenario_is_a_cluster_with_its_workloads_placed() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/quickstart");
    let scenario = scenario.to_str().unwrap();
    let full = answer(&["--scenario", scenario, "--pod", "plain.yaml"]);
    let nodes = full["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 4);
    // What is left after the last pod, and the pods themselves, are what the workloads left.
    let left: f64 = nodes.iter().map(|node| node["free_cpu_cores"].as_f64().unwrap()).sum();
    let taken = 4.0 * 3.92 - left - full["fits"].as_f64().unwrap() * 0.5;
    assert!(taken > 0.4, "the workloads take {taken} cores");
    assert!(nodes.iter().all(|node| node["reasons"] == json!(["Insufficient cpu"])));
    let spare = answer(&["--scenario", scenario, "--compress"]);
    assert!(spare["droppable"].as_u64() > Some(0), "four nodes are there for the peak: {}", spare["answer"]);
}

#[test]
fn bad_input_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(golden("cluster.yaml"), folder.path().join("cluster.yaml")).unwrap();
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n{spec}");
    write(
        "bad.yaml",
        &pod(
            "  containers:\n    - name: main\n      image: x\n      resources:\n        requests:\n          cpu: 1.5x\n",
        ),
    );
    write("other.yaml", &pod("  schedulerName: mine\n  containers:\n    - {name: main, image: x}\n"));
    write("good.yaml", &pod("  containers:\n    - {name: main, image: x}\n"));
    write(
        "two.yaml",
        &format!(
            "{}---\n{}",
            pod("  containers: [{name: a, image: x}]\n"),
            pod("  containers: [{name: a, image: x}]\n").replace("name: p", "name: q")
        ),
    );
    write("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n");
    write(
        "config.yaml",
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\npercentageOfNodesToScore: 200\n",
    );
    let cases: [(&[&str], &[&str]); 11] = [
        (&["-f", "cluster.yaml", "--pod", "bad.yaml"], &["bad.yaml:11:11", "requests.cpu", "1.5x"]),
        (
            &["-f", "cluster.yaml", "--pod", "other.yaml"],
            &["other.yaml:1", "spec.schedulerName", "`mine`", "default-scheduler"],
        ),
        (&["-f", "cluster.yaml", "--pod", "two.yaml"], &["two.yaml", "Pod p, Pod q", "expected one"]),
        (&["-f", "cluster.yaml", "--pod", "service.yaml"], &["service.yaml", "no pod and no workload"]),
        (&["-f", "cluster.yaml", "--pod", "absent.yaml"], &["absent.yaml", "No such file"]),
        (&["-f", "good.yaml", "--pod", "good.yaml"], &["good.yaml", "holds no Node", "kubectl get nodes"]),
        (&["-f", "-", "--pod", "-"], &["standard input can be read once only"]),
        (
            &["-f", "cluster.yaml", "--pod", "good.yaml", "--scheduler-config", "config.yaml"],
            &["config.yaml:3", "percentageOfNodesToScore"],
        ),
        (&["-f", "cluster.yaml", "--pod", "good.yaml", "--nodes-for", "2", "--pool", "like=gone"], &["--pool", "gone"]),
        (&["--pod", "good.yaml", "--nodes-for", "2", "--pool", "cpu=1"], &["--pool", "memory is missing"]),
        (&["-f", "cluster.yaml", "--pod", "good.yaml", "--compress"], &["cannot be used with"]),
    ];
    for (args, expected) in cases {
        let output = fit_in(folder.path(), args, "");
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(output.stdout.is_empty(), "{args:?}");
        for part in expected {
            assert!(told.contains(part), "{args:?}: {part}: {told}");
        }
    }
}
