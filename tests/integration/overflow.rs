//! Numbers so large that sums of them could leave 64 bits are errors that name the object, never a wrong answer or a panic.

use assert_cmd::Command;
use std::fs;

/// Runs `wavetank validate` or `run` on a scenario with these parts; gives the exit code and what it says, on one line.
pub fn wavetank(command: &str, spec: &str, manifests: &str, trace: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let duration = if spec.starts_with("  duration:") { "" } else { "  duration: 1h\n" };
    let pools = if spec.contains("nodePools:") { "" } else { POOL };
    let text = format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: large}}\nspec:\n{duration}{pools}{spec}"
    );
    fs::write(folder.path().join("scenario.yaml"), text).unwrap();
    fs::write(folder.path().join("objects.yaml"), manifests).unwrap();
    fs::write(folder.path().join("pods.csv"), trace).unwrap();
    let mut process = Command::cargo_bin("wavetank").unwrap();
    process.current_dir(folder.path()).args([command, "scenario.yaml"]);
    if command == "run" {
        process.args(["--out", "out", "--no-charts"]);
    }
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

const POOL: &str = "  nodePools: [{name: n, count: 1, capacity: {cpu: 4, memory: 16Gi}}]\n";
pub const MANIFESTS: &str = "  manifests: [objects.yaml]\n";

fn pod(containers: &[&str], more: &str) -> String {
    let containers: Vec<String> = containers
        .iter()
        .enumerate()
        .map(|(index, requests)| format!("{{name: c{index}, image: x, resources: {{requests: {{{requests}}}}}}}"))
        .collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: big}}\nspec: {{containers: [{}]{more}}}\n---\n",
        containers.join(", ")
    )
}

fn node(name: &str, memory: &str) -> String {
    let status =
        format!("status: {{capacity: {{cpu: 4, memory: {memory}}}, allocatable: {{cpu: 4, memory: {memory}}}}}");
    format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n{status}\n---\n")
}

#[test]
fn large_numbers_are_named() {
    let trace = "  arrivals: [{name: t, trace: {format: generic, pods: pods.csv}}]\n";
    let trace_of = |cpu: &str, memory: &str| format!("name,arrival_s,cpu_milli,memory_bytes\na,0,{cpu},{memory}\n");
    let pool = |count: &str, cpu: &str, memory: &str| {
        format!("  nodePools: [{{name: n, count: {count}, capacity: {{cpu: {cpu}, memory: {memory}}}}}]\n")
    };
    let many_bound: String = (0..300).map(|_| pod(&["memory: 8Pi"], ", nodeName: n-0")).collect();
    let many_bound = many_bound
        .split("---\n")
        .enumerate()
        .map(|(index, text)| text.replace("name: big", &format!("name: big-{index}")) + "---\n")
        .collect::<String>();
    let many_nodes: String = (0..300).map(|index| node(&format!("m{index}"), "8Pi")).collect();
    let adds = "{at: 1s, addNodes: {pool: n, count: 900000}}, ".repeat(5000);
    let cases = [
        (
            MANIFESTS.to_owned(),
            pod(&["cpu: '9e18'"], ""),
            "",
            "containers[0].resources.requests.cpu: `9e18` is too large",
        ),
        (
            MANIFESTS.to_owned(),
            pod(&["memory: '9223372036854775807'"], ""),
            "",
            "containers[0].resources.requests.memory: `9223372036854775807` is too large",
        ),
        (
            MANIFESTS.to_owned(),
            pod(&["nvidia.com/gpu: '9e18'"], ""),
            "",
            "resources.requests[nvidia.com/gpu]: `9e18` is too large",
        ),
        (
            MANIFESTS.to_owned(),
            pod(&["memory: 8Pi", "memory: 8Pi"], ""),
            "",
            "the pod's requests of `memory` are too large together",
        ),
        (MANIFESTS.to_owned(), many_bound, "", "more `memory` than can be counted"),
        (MANIFESTS.to_owned(), node("m", "8Ei"), "", "status.allocatable.memory: `8Ei` is too large"),
        (MANIFESTS.to_owned(), many_nodes, "", "node `m255`: with it there is more `memory` than can be counted"),
        (pool("1", "'9e18'", "1Gi"), String::new(), "", "spec.nodePools[0].capacity.cpu: `9e18` is too large"),
        (pool("1", "4", "9Pi"), String::new(), "", "spec.nodePools[0].capacity.memory: `9Pi` is too large"),
        (pool("1000", "4", "8Pi"), String::new(), "", "spec.nodePools[0]: with it there is more `memory`"),
        (pool("1000", "'9e12'", "1Gi"), String::new(), "", "spec.nodePools[0]: with it there is more `cpu`"),
        (
            format!("  actions: [{adds}]\n"),
            String::new(),
            "",
            "spec.nodePools[0]: with the nodes that actions add there",
        ),
        ("  duration: 109500d\n".to_owned(), String::new(), "", "spec.duration: `109500d` is too long"),
        ("  duration: 36501d\n".to_owned(), String::new(), "", "spec.duration: `876024h` is too long"),
        ("  duration: 99999999999999999999h\n".to_owned(), String::new(), "", "spec.duration: `99999999999999999999h`"),
        (trace.to_owned(), String::new(), &trace_of("9223372036854775807", "1"), "`9223372036854775807` is too large"),
        (trace.to_owned(), String::new(), &trace_of("1", "92233720368547758070"), "is not a whole number"),
        (
            "  nodePools: [{name: n, count: 1, pricePerHour: 1e300, capacity: {cpu: 4, memory: 16Gi}}]\n".to_owned(),
            String::new(),
            "",
            "spec.nodePools[0].pricePerHour: may be at most 1000000 dollars an hour",
        ),
    ];
    let mut wrong = Vec::new();
    for (spec, manifests, trace, expected) in cases {
        for command in ["validate", "run"] {
            let (code, said) = wavetank(command, &spec, &manifests, trace);
            if code != Some(2) || !said.contains(expected) {
                wrong.push(format!("{command}, expected `{expected}`: exit {code:?}: {said:.400}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Spans are as long as one likes: what lies after the end of the run does not happen.
#[test]
fn long_spans_end_after_the_run() {
    let manifests = "apiVersion: v1\nkind: Pod\nmetadata: {name: slow, annotations: {wavetank.dev/stop-delay: 200000h}}\n\
        spec:\n  terminationGracePeriodSeconds: 9223372036854775807\n  containers:\n  - name: c\n    image: x\n    \
        lifecycle: {preStop: {sleep: {seconds: 9223372036854775807}}}\n  tolerations:\n  - {key: a, operator: Exists, \
        effect: NoExecute, tolerationSeconds: 9223372036854775807}\n";
    let spec = "  manifests: [objects.yaml]\n  startup: {containerStart: {fixed: 100000d}}\n  \
        faults: [{kind: nodeCrash, node: n-0, at: 106000d, duration: 106000d}]\n  \
        actions: [{at: 106000d, drain: n-0}]\n";
    let (code, said) = wavetank("run", spec, manifests, "");
    assert_eq!(code, Some(0), "{said}");
}
