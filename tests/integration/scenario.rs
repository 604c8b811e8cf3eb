//! Scenario files are read, checked and described by a schema.

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use wavetank::input::scenario::{
    ActionVerb, AnyValue, ArrivalSource, Distribution, FaultScope, FaultTiming, LoadOptions, json_schema, load,
    load_text,
};
use wavetank::units::{MilliCpu, SimDuration, SimTime};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scenarios").join(name)
}

fn yaml_as_json(text: &str) -> serde_json::Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The committed schema, which editors read, is the one of the types. `WAVETANK_UPDATE=1 cargo test schema` writes it.
#[test]
fn the_committed_schema_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/scenario.schema.json");
    #[expect(clippy::disallowed_methods, reason = "the way to write the file anew")]
    if std::env::var("WAVETANK_UPDATE").is_ok() {
        std::fs::write(&file, json_schema()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == json_schema(),
        "{} is stale: write it anew with `WAVETANK_UPDATE=1 cargo test --test integration schema`",
        file.display()
    );
}

#[test]
fn good_scenarios_fit_the_schema_and_are_read() {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for name in ["minimal.yaml", "full/scenario.yaml"] {
        let file = golden(name);
        let document = yaml_as_json(&std::fs::read_to_string(&file).unwrap());
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, [] as [String; 0], "{name}");
        let scenario = load(&file, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
        assert_eq!(scenario.warnings, [], "{name}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for (body, why) in [
        ("  seed: -1\n", "negative"),
        ("  sead: 1\n", "unknown field"),
        ("  start: 5\n", "number for a time"),
        ("  kubernetesVersion: '1.33'\n", "other version"),
        ("  output: {timelineInterval: 5}\n", "duration without unit"),
        ("  nodePools: [{name: a, capacity: {cpu: 1, memory: 1Gi}}]\n", "missing count"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1 core}}]\n", "no quantity"),
        ("  startup: {containerStart: {fixed: 1s, uniform: {min: 1s, max: 2s}}}\n", "two forms"),
    ] {
        let text = format!("{HEAD}{body}");
        assert!(!validator.is_valid(&yaml_as_json(&text)), "schema: {why}");
        assert!(load_text(&text, Path::new("x.yaml"), &LoadOptions::default()).is_err(), "reader: {why}");
    }
}

#[test]
fn values_are_as_written() {
    let scenario = load(&golden("full"), &LoadOptions::default()).unwrap();
    assert_eq!(scenario.metadata.name, "full");
    assert_eq!(scenario.spec.seed, 42);
    assert_eq!(scenario.spec.start.unwrap().to_string(), "2026-11-27T00:00:00Z");
    let pool = &scenario.spec.node_pools[0];
    assert_eq!((pool.name.as_str(), &pool.zones[..2]), ("general", &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(pool.capacity["cpu"].milli_cpu(), MilliCpu::new(4000));
    assert_eq!(pool.allocatable_list().cpu, Some(MilliCpu::new(3920)));
    assert_eq!(pool.allocatable_list().pods, Some(58), "what allocatable does not name is the capacity");
    let gpu = &scenario.spec.node_pools[1];
    let capacity = gpu.allocatable_list();
    assert_eq!((capacity.pods, capacity.scalar("nvidia.com/gpu")), (Some(110), Some(8)));
    let ArrivalSource::Generated(batch) = &scenario.arrivals[0].source else { panic!("{:?}", scenario.arrivals[0]) };
    assert_eq!((batch.count, scenario.arrivals[0].end), (2, SimTime::from_secs(23 * 3600)));
    assert_eq!(batch.template.0["spec"]["containers"][0]["resources"]["requests"]["cpu"], "500m");
    let ArrivalSource::Trace(replay) = &scenario.arrivals[1].source else { panic!("{:?}", scenario.arrivals[1]) };
    assert_eq!(replay.pods, golden("full/pods.csv"));
    assert_eq!(scenario.spec.traffic[0].cpu_per_request.0.mean().to_string(), "0.012");
    let latency = &scenario.spec.control_plane.latency;
    assert_eq!(latency.create_to_bound.percentiles(), [20, 20].map(SimDuration::from_millis));
    assert_eq!(latency.controller_sync.percentiles(), [8, 27].map(SimDuration::from_millis), "a default");
    assert_eq!(scenario.faults.len(), 6);
    assert_eq!(scenario.faults[1].name, "nodeCrash-1");
    assert_eq!(
        scenario.faults[2].timing,
        FaultTiming::Scheduled { at: SimTime::from_secs(36_000), duration: Some(SimDuration::from_minutes(30)) }
    );
    assert_eq!(scenario.faults[2].scope, FaultScope::Zone("a".to_owned()));
    assert!(
        matches!(&scenario.actions[0].verb, ActionVerb::Scale(scale) if scale.replicas == 5),
        "actions are sorted by time"
    );
    assert_eq!(scenario.actions[1].verb, ActionVerb::Apply(golden("full/manifests/v2.yaml")));
    let Distribution::Empirical(start) = &scenario.spec.startup.container_start else { panic!() };
    assert_eq!(start.values.to_vec(), [1.5, 2.0]);
}

#[test]
fn overrides_and_sweep_points_change_values() {
    let set = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let options = LoadOptions {
        overrides: vec![
            set("spec.seed", "7"),
            set("spec.nodePools.general.count", "12"),
            set("spec.controlPlane.latency.scale", "0"),
            set(r"spec.nodePools.gpu.capacity.nvidia\.com/gpu", "4"),
            set("spec.nodePools.1.labels", "{a: b}"),
        ],
        traces: None,
    };
    let scenario = load(&golden("full"), &options).unwrap();
    assert_eq!((scenario.spec.seed, scenario.spec.node_pools[0].count), (7, 12));
    assert!(scenario.spec.control_plane.latency.scale.abs() < f64::EPSILON);
    assert_eq!(scenario.spec.node_pools[1].allocatable_list().scalar("nvidia.com/gpu"), Some(4));
    assert_eq!(scenario.spec.node_pools[1].labels["a"], "b");
    let sweep = scenario.spec.sweep.clone().unwrap();
    let point: Vec<_> = sweep.parameters.iter().map(|one| (one.title(), &one.values[1])).collect();
    let point = scenario.with_values(&point).unwrap();
    assert_eq!((point.spec.node_pools[0].count, point.spec.seed), (8, 7), "overrides stay in place at a point");
    let bad = AnyValue("many".into());
    let error = scenario.with_values(&[("spec.nodePools.general.count", &bad)]).unwrap_err().to_string();
    assert!(error.contains("sweep point") && error.contains("not a whole number"), "{error}");
}

#[test]
fn traces_are_found_below_the_given_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/pods.csv"), "name,arrival_s,cpu_milli,memory_bytes\n").unwrap();
    let text =
        format!("{HEAD}  arrivals: [{{name: a, trace: {{format: generic, directory: mine, pods: pods.csv}}}}]\n");
    let options = LoadOptions { overrides: Vec::new(), traces: Some(folder.path().to_owned()) };
    let scenario = load_text(&text, Path::new("s.yaml"), &options).unwrap();
    let ArrivalSource::Trace(files) = &scenario.arrivals[0].source else { panic!() };
    assert_eq!(files.pods, folder.path().join("mine/pods.csv"));
    let without = load_text(&text, Path::new("s.yaml"), &LoadOptions::default()).unwrap_err().to_string();
    assert!(without.contains("./mine/pods.csv` does not exist") && without.contains("--traces DIR"), "{without}");
}

#[test]
fn wrong_overrides_are_named() {
    let deep = "a.".repeat(100_000) + "b";
    for (path, value, fragments) in [
        ("spec.nodePools.none.count", "1", ["--set spec.nodePools.none.count", "no element `none`"]),
        ("spec.sead", "1", ["--set spec.sead", "unknown field `sead`"]),
        ("spec.seed", "x", ["--set spec.seed", "not a whole number"]),
        ("spec.seed", "[1", ["--set spec.seed", "not YAML"]),
        ("spec.duration", "0s", ["--set spec.duration", "is zero"]),
        ("", "1", ["--set", "is not a path"]),
        ("spec", "5", ["--set spec", "not a mapping"]),
        (deep.as_str(), "1", ["--set", "expected at most 64"]),
        ("metadata.name.x", "5", ["--set metadata.name.x", "single value"]),
    ] {
        let options = LoadOptions { overrides: vec![(path.to_owned(), value.to_owned())], traces: None };
        let errors = load(&golden("full"), &options).unwrap_err().to_string();
        for fragment in fragments {
            assert!(errors.contains(fragment), "{path}={value}: no `{fragment}` in\n{errors}");
        }
    }
}

#[test]
fn files_that_are_no_scenario_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let cases = [
        (folder.path().join("missing.yaml"), "missing.yaml: does not exist"),
        (folder.path().to_owned(), "scenario.yaml: does not exist"),
        (write("empty.yaml", b""), "is empty"),
        (write("comment.yaml", b"# nothing\n"), "is empty"),
        (write("text.yaml", b"just text"), "is not a scenario"),
        (write("list.yaml", b"- 1\n- 2\n"), "is not a scenario"),
        (write("binary.yaml", &[0xff, 0xfe, 0x00, 0x80]), "not UTF-8"),
        (write("nul.yaml", b"a: \0\n"), "nul.yaml:1"),
        (write("broken.yaml", b"spec:\n  a: [1\n"), "broken.yaml:2"),
        (write("tab.yaml", b"spec:\n\ta: 1\n"), "tab.yaml:2"),
        (write("twice.yaml", b"kind: Scenario\nkind: Scenario\n"), "twice.yaml:2:1: key `kind` is given twice"),
        (write("two.yaml", b"kind: Scenario\n---\nkind: Scenario\n"), "more than one YAML document"),
        (write("bomb.yaml", bomb().as_bytes()), "bomb.yaml"),
    ];
    for (file, fragment) in cases {
        let errors = load(&file, &LoadOptions::default()).unwrap_err().to_string();
        assert!(errors.contains(fragment), "no `{fragment}` in\n{errors}");
    }
}

/// Aliases that expand to a billion elements.
fn bomb() -> String {
    let mut lines = vec!["a0: &a0 [x,x,x,x,x,x,x,x,x,x]".to_owned()];
    for level in 1..10 {
        let before = vec![format!("*a{}", level - 1); 10].join(",");
        lines.push(format!("a{level}: &a{level} [{before}]"));
    }
    lines.join("\n")
}

/// Five lines; what follows is indented by two blanks and starts at line 6.
const HEAD: &str = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: x}\nspec:\n  duration: 10h\n";
/// A pool of two nodes in one zone, on line 6.
const POOL: &str = "  nodePools: [{name: p, count: 2, zones: [a], capacity: {cpu: 4, memory: 8Gi}}]\n";

/// The errors of a text as (line, whole message).
fn errors(text: &str) -> Vec<(usize, String)> {
    match load_text(text, Path::new("s.yaml"), &LoadOptions::default()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| (error.line.unwrap_or(0), error.to_string())).collect(),
    }
}

/// Each mistake is reported at its line, with its words, and alone.
#[test]
fn every_mistake_is_reported_where_it_is() {
    let pods = "template: {spec: {containers: []}}";
    let after_head: Vec<(String, usize, &str)> = [
        // Types and shapes.
        ("  seed: -1", 6, "spec.seed: `-1` is negative"),
        ("  seed: 1.5", 6, "spec.seed: `1.5` is not a whole number"),
        ("  seed: many", 6, "spec.seed: `many` is not a whole number"),
        ("  seed: 99999999999999999999999", 6, "spec.seed: `99999999999999999999999` is too large"),
        ("  seed: [1]", 6, "spec.seed: a list is not a whole number"),
        ("  description: 12", 6, "spec.description: `12` is not text"),
        ("  description: {a: b}", 6, "spec.description: a mapping is not text"),
        ("  sead: 1", 6, "did you mean `seed`?"),
        ("  zzz: 1", 6, "spec.zzz: unknown field `zzz`"),
        ("  start: yesterday", 6, "not an RFC 3339 time"),
        ("  start: 2026-13-01T00:00:00Z", 6, "not an RFC 3339 time"),
        ("  kubernetesVersion: 1.33", 6, "Kubernetes `1.33` is not simulated"),
        ("  kubernetesVersion: latest", 6, "Kubernetes `latest` is not simulated"),
        ("  nodePools: {a: 1}", 6, "spec.nodePools: a mapping is not a list"),
        ("  nodePools: [7]", 6, "spec.nodePools[0]: `7` is not a mapping"),
        ("  output: {charts: maybe}", 6, "spec.output.charts: `maybe` is not `true` or `false`"),
        ("  output: {print: [cats]}", 6, "`cats` is unknown (expected one of `pods`"),
        ("  output: {timelineInterval: 5}", 6, "`5` has no unit"),
        ("  output: {timelineInterval: -5s}", 6, "`-5s` is negative"),
        ("  output: {timelineInterval: 0s}", 6, "spec.output.timelineInterval: is zero"),
        ("  output: {timelineInterval: 999999999999h}", 6, "too long"),
        // Files.
        ("  manifests: [no/such/folder]", 6, "no/such/folder` does not exist"),
        ("  manifests: [\"no/*.yaml\"]", 6, "matches no file"),
        ("  manifests: [\"[\"]", 6, "is not a glob"),
        ("  manifests: [\"\"]", 6, "spec.manifests[0]: is empty"),
        ("  scheduler: no.yaml", 6, "no.yaml` does not exist"),
        // Node pools.
        ("  nodePools: [{count: 1, capacity: {cpu: 1, memory: 1}}]", 6, "spec.nodePools[0].name: `name` is missing"),
        ("  nodePools: [{name: a, count: -1, capacity: {cpu: 1, memory: 1}}]", 6, "`-1` is negative"),
        ("  nodePools: [{name: a, count: 5000000000, capacity: {cpu: 1, memory: 1}}]", 6, "a whole number from 0 to 4294967295"),
        ("  nodePools: [{name: a, count: 4000000000, capacity: {cpu: 1, memory: 1}}]", 6, "expected at most 1000000"),
        ("  nodePools: [{name: A_b, count: 1, capacity: {cpu: 1, memory: 1}}]", 6, "`A_b` is not a name"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1}}]", 6, "spec.nodePools[0].capacity: `memory` is missing"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1x, memory: 1}}]", 6, "capacity.cpu: `1x` is not a quantity"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: -1Gi}}]", 6, "`-1Gi` is negative"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1, pods: 1500m}}]", 6, "not a whole number of units"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, allocatable: {cpu: 2}}]", 6, "above the capacity"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, allocatable: {x/y: 2}}]", 6, "not in `capacity`"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, zones: [a, a]}]", 6, "zone `a` is given twice"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, pricePerHour: -1}]", 6, "pricePerHour: `-1` is negative"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, pricePerHour: .nan}]", 6, "not a finite number"),
        ("  nodePools: [{name: a, count: 1, capacity: {cpu: 1, memory: 1}, taints: [{key: a, effect: noschedule}]}]", 6, "did you mean `NoSchedule`?"),
        ("  nodePools:\n    - {name: a, count: 1, capacity: {cpu: 1, memory: 1}}\n    - {name: a, count: 1, capacity: {cpu: 1, memory: 1}}", 8, "pool `a` is given twice"),
        // Arrivals.
        ("  arrivals: [{name: a}]", 6, "spec.arrivals[0]: has no source"),
        ("  arrivals: [{name: a, every: {fixed: 1s}}]", 6, "`template` is missing"),
        ("  arrivals: [{name: a, PODS}]", 6, "`every` is missing"),
        ("  arrivals: [{name: a, every: {fixed: 0s}, PODS}]", 6, "mean of zero"),
        ("  arrivals: [{name: a, every: {fixed: 1ns}, PODS}]", 6, "would bring about"),
        ("  arrivals: [{name: a, every: {exponential: {mean: 0s}}, PODS}]", 6, "exponential.mean: `0` is not above zero"),
        ("  arrivals: [{name: a, every: {fixd: 1s}, PODS}]", 6, "did you mean `fixed`?"),
        ("  arrivals: [{name: a, every: 5s, PODS}]", 6, "`5s` is unknown (expected one of `fixed`"),
        ("  arrivals: [{name: a, every: fixed, PODS}]", 6, "`fixed` needs a value"),
        ("  arrivals: [{name: a, every: {}, PODS}]", 6, "is empty (expected one of `fixed`"),
        ("  arrivals: [{name: a, every: {fixed: 1s, uniform: {min: 1s, max: 2s}}, PODS}]", 6, "has 2 keys (expected exactly one"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, duration: {logNormal: {sigma: 1}}, PODS}]", 6, "exactly one of `median` and `mean`"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, duration: {logNormal: {mean: 5s, sigma: -1}}, PODS}]", 6, "sigma: `-1` is negative"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, duration: {uniform: {min: 2s, max: 1s}}, PODS}]", 6, "`max` is below `min`"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, duration: {weibull: {scale: 2s, shape: 0}}, PODS}]", 6, "shape: `0` is out of range"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, duration: {empirical: {file: no.csv, column: x}}, PODS}]", 6, "no.csv: cannot be opened"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, end: 0s, PODS}]", 6, "end: is not after `start`"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, limit: 0, PODS}]", 6, "limit: is zero"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, template: x}]", 6, "template: `x` is not a mapping"),
        ("  arrivals: [{name: a, every: {fixed: 1m}, template: {metadata: {}}}]", 6, "template: has no `spec`"),
        ("  arrivals: [{name: a, count: 1, trace: {format: generic, pods: Cargo.toml}}]", 6, "`count` has no meaning beside `trace`"),
        ("  arrivals: [{name: a, trace: {format: openb, pods: no.csv}}]", 6, "alibaba/clusterdata"),
        ("  arrivals: [{name: a, trace: {format: borg, pods: Cargo.toml}}]", 6, "`borg` is unknown (expected one of `openb`, `generic`)"),
        // Traffic.
        ("  traffic: [{target: web, rate: {constant: 1}, cpuPerRequest: 1ms}]", 6, "`web` is not a reference"),
        ("  traffic: [{target: cat/web, rate: {constant: 1}, cpuPerRequest: 1ms}]", 6, "kind `cat`"),
        ("  traffic: [{target: pod/web, rate: {constant: 1}, cpuPerRequest: 1ms}]", 6, "a Pod takes no traffic"),
        ("  traffic: [{target: deployment//web, rate: {constant: 1}, cpuPerRequest: 1ms}]", 6, "empty part"),
        ("  traffic: [{target: deploy/web, rate: {constant: -1}, cpuPerRequest: 1ms}]", 6, "rate.constant: `-1` is negative"),
        ("  traffic: [{target: deploy/web, rate: {steps: []}, cpuPerRequest: 1ms}]", 6, "rate.steps: is empty"),
        ("  traffic: [{target: deploy/web, rate: {steps: [{at: 2s, rate: 1}, {at: 1s, rate: 1}]}, cpuPerRequest: 1ms}]", 6, "steps[1].at: is not after"),
        ("  traffic: [{target: deploy/web, rate: {sine: {mean: 1, amplitude: 2, period: 1h}}, cpuPerRequest: 1ms}]", 6, "rate would be negative"),
        ("  traffic: [{target: deploy/web, rate: {diurnal: {low: 2, high: 1}}, cpuPerRequest: 1ms}]", 6, "high: is below `low`"),
        ("  traffic: [{target: deploy/web, rate: {diurnal: {low: 1, high: 2, peakAt: 25h}}, cpuPerRequest: 1ms}]", 6, "not within a day"),
        ("  traffic: [{target: deploy/web, rate: {sum: [{constant: x}]}, cpuPerRequest: 1ms}]", 6, "sum[0].constant: `x` is not a number"),
        ("  traffic:\n    - {target: deploy/web, rate: {constant: 1}, cpuPerRequest: 1ms}\n    - {target: deployment/default/web, rate: {constant: 1}, cpuPerRequest: 1ms}", 8, "is given twice"),
        // Control plane and startup.
        ("  controlPlane: {latency: {scale: -1}}", 6, "latency.scale: `-1` is negative"),
        ("  controlPlane: {controllerManager: {nodeMonitorPeriod: 0s}}", 6, "nodeMonitorPeriod: is zero"),
        ("  controlPlane: {controllerManager: {unhealthyZoneThreshold: 55}}", 6, "not a share"),
        ("  controlPlane: {scheduler: {qps: 0}}", 6, "qps: `0` is not above zero"),
        ("  controlPlane: {kubelet: {nodeLeaseDurationSeconds: 200}}", 6, "healthy nodes would become Unknown"),
        ("  startup: {imagePull: {transfer: {bandwidth: 0}}}", 6, "bandwidth: `0` is not above zero"),
    ]
    .into_iter()
    .map(|(body, line, fragment)| (format!("{HEAD}{}\n", body.replace("PODS", pods)), line, fragment))
    .collect();
    let after_pool: Vec<(String, usize, &str)> = [
        ("  faults: [{kind: nodeCrash, at: 1h}]", 7, "needs one of `node`, `pool`"),
        ("  faults: [{kind: nodeCrash, node: p-0, pool: p, at: 1h}]", 7, "needs exactly one of"),
        ("  faults: [{kind: nodeCrash, pool: q, at: 1h}]", 7, "pool `q` does not exist"),
        ("  faults: [{kind: zoneOutage, node: p-0, at: 1h}]", 7, "`node` has no meaning for `zoneOutage`"),
        ("  faults: [{kind: nodeCrsh, node: p-0, at: 1h}]", 7, "did you mean `nodeCrash`?"),
        ("  faults: [{kind: nodeCrash, node: p-0}]", 7, "says not when it happens"),
        ("  faults: [{kind: nodeCrash, node: p-0, at: 1h, mtbf: {fixed: 1h}}]", 7, "both `at` and `mtbf`"),
        ("  faults: [{kind: nodeCrash, node: p-0, at: 1h, duration: 0s}]", 7, "nothing would happen"),
        ("  faults: [{kind: nodeCrash, node: p-0, at: 1h, mttr: {fixed: 1h}}]", 7, "goes with `mtbf`"),
        ("  faults: [{kind: nodeCrash, node: p-0, mtbf: {fixed: 0s}}]", 7, "mtbf: has a mean of zero"),
        ("  faults: [{kind: podCrash, target: node/p-0, at: 1h}]", 7, "a Node cannot stand here"),
        ("  faults: [{kind: podCrash, target: pod/x, at: 1h, duration: 1m}]", 7, "has no meaning for `podCrash`"),
        ("  faults:\n    - {name: f, kind: zoneOutage, zone: a, at: 1h}\n    - {name: f, kind: zoneOutage, zone: a, at: 2h}", 9, "fault `f` is given twice"),
        ("  actions: [{at: 1h}]", 7, "says not what is done"),
        ("  actions: [{at: 1h, cordon: p-0, uncordon: p-0}]", 7, "has 2 verbs"),
        ("  actions: [{cordon: p-0}]", 7, "spec.actions[0].at: `at` is missing"),
        ("  actions: [{at: 1h, drain: {node: p-0, tmeout: 5m}}]", 7, "did you mean `timeout`?"),
        ("  actions: [{at: 1h, drain: 5}]", 7, "spec.actions[0].drain: `5` is not the name of a node"),
        ("  actions: [{at: 1h, delete: node/ns/p-0}]", 7, "a node has no namespace"),
        ("  actions: [{at: 1h, scale: {target: ds/x, replicas: 1}}]", 7, "a DaemonSet cannot stand here"),
        ("  actions: [{at: 1h, scale: {target: deploy/x, replicas: 3000000000}}]", 7, "too large"),
        ("  actions: [{at: 1h, rolloutUndo: pod/x}]", 7, "a Pod cannot stand here"),
        ("  actions: [{at: 1h, rolloutUndo: {target: deploy/x, toRevision: -1}}]", 7, "toRevision: `-1` is negative"),
        ("  actions: [{at: 1h, rolloutPause: sts/x}]", 7, "a StatefulSet cannot stand here"),
        ("  actions: [{at: 1h, evict: deploy/x}]", 7, "a Deployment cannot stand here (expected pod)"),
        ("  actions: [{at: 1h, evict: {of: node/p-0}}]", 7, "evict.of: a Node cannot stand here"),
        ("  actions: [{at: 1h, evict: x}]", 7, "`x` is not a reference to an object"),
        ("  actions: [{at: 1h, delete: {target: deploy/x, force: true}}]", 7, "force: has no meaning for an object that is no pod"),
        ("  actions: [{at: 1h, delete: {target: pod/x, gracePeriod: 1500ms}}]", 7, "is not a whole number of seconds"),
        ("  actions: [{at: 1h, delete: {target: pod/x, gracePeriod: 5s, force: true}}]", 7, "does not go with `force`"),
        ("  actions: [{at: 1h, taint: {node: p-0, taints: []}}]", 7, "nothing would be done"),
        ("  actions: [{at: 1h, taint: {node: p-0, taints: [maint]}}]", 7, "taints[0]: `maint` has no effect"),
        ("  actions: [{at: 1h, taint: {node: p-0, taints: ['a:NoSchedule', 'a=b:NoSchedule']}}]", 7, "taint `a:NoSchedule` is given twice"),
        ("  actions: [{at: 1h, patch: {target: {of: sts/x}, patch: {}, subresource: scale}}]", 7, "is a pod, which cannot stand here"),
        ("  actions: [{at: 1h, patch: {target: ds/x, patch: {}, subresource: scale}}]", 7, "a DaemonSet cannot stand here"),
        ("  actions: [{at: 1h, patch: {target: deploy/x, patch: 5}}]", 7, "patch: is no patch"),
        ("  actions: [{at: 1h, patch: {target: deploy/x, patch: [], type: merge}}]", 7, "`merge` does not go with a list"),
        ("  actions: [{at: 1h, patch: {target: deploy/x, patch: {}, type: json}}]", 7, "`json` does not go with a mapping"),
        ("  actions: [{at: 1h, addNodes: {pool: q, count: 1}}]", 7, "pool `q` does not exist"),
        ("  actions: [{at: 1h, addNodes: {pool: p, count: 0}}]", 7, "no node would join"),
        ("  actions: [{at: 1h, apply: no.yaml}]", 7, "no.yaml` does not exist"),
        ("  objectives: [{metric: x}]", 7, "has no bound"),
        ("  objectives: [{metric: \"\", max: 1}]", 7, "metric: is empty"),
        ("  objectives: [{metric: x, max: 1, min: 2}]", 7, "`2` is above `max`"),
        ("  sweep: {parameters: []}", 7, "parameters: is empty"),
        ("  sweep: {parameters: [{path: spec.seed, values: []}]}", 7, "values: is empty"),
        ("  sweep: {parameters: [{path: spec.seed, values: [1]}], replications: 0}", 7, "nothing would run"),
        ("  sweep: {parameters: [{path: spec.seed, values: [1]}], replications: 2000000}", 7, "expected at most 1000000"),
        ("  sweep: {parameters: [{path: spec.nodePools.q.count, values: [1]}]}", 7, "elements of the list: p"),
        ("  sweep: {parameters: [{path: spec.nodePools.p.cuont, values: [1]}]}", 7, "unknown field `cuont`"),
        ("  sweep:\n    parameters:\n      - path: spec.nodePools.p.count\n        values:\n          - 1\n          - -1", 12, "with this value, spec.nodePools[0].count: `-1` is negative"),
        ("  sweep: {parameters: [{path: spec.sweep.replications, values: [1]}]}", 7, "cannot change itself"),
    ]
    .into_iter()
    .map(|(body, line, fragment)| (format!("{HEAD}{POOL}{body}\n"), line, fragment))
    .collect();
    let whole: Vec<(String, usize, &str)> = vec![
        (HEAD.replace("v1alpha1", "v2"), 1, "apiVersion: `wavetank.dev/v2` is unknown"),
        (
            HEAD.replace("kind: Scenario", "kind: Deployment"),
            2,
            "kind: `Deployment` is unknown (expected one of `Scenario`)",
        ),
        (HEAD.replace("{name: x}", "{}"), 3, "metadata.name: `name` is missing"),
        (HEAD.replace("{name: x}", "{name: \"../x\"}"), 3, "is not a name"),
        (HEAD.replace("10h", "0s"), 5, "spec.duration: is zero"),
        (HEAD.replace("10h", "10"), 5, "spec.duration: `10` has no unit"),
        (HEAD.replace("  duration: 10h", "  seed: 1"), 5, "spec.duration: `duration` is missing"),
        (HEAD.replace("kind: Scenario\n", ""), 1, "kind: `kind` is missing"),
    ];
    let cases: Vec<_> = after_head.into_iter().chain(after_pool).chain(whole).collect();
    assert!(cases.len() >= 90, "{}", cases.len());
    let mut wrong = Vec::new();
    for (text, line, fragment) in cases {
        let found = errors(&text);
        if found.len() != 1 || found[0].0 != line || !found[0].1.contains(fragment) {
            wrong.push(format!("expected line {line}, `{fragment}`\nfound {found:#?}\nin\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn mistakes_of_all_sections_are_reported_together() {
    let text = format!(
        "{HEAD}{POOL}  seed: x\n  faults:\n    - {{kind: nodeCrash, pool: q, at: 1h}}\n    - {{kind: zoneOutage, at: later}}\n  \
         actions: [{{at: 1h, addNodes: {{pool: p, count: 0}}}}]\n  objectives: [{{metric: x}}]\n  sweep: {{parameters: [{{path: spec.none.x, values: [1]}}]}}\n"
    );
    let lines: Vec<usize> = errors(&text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [7, 9, 10, 11, 12, 13], "{:#?}", errors(&text));
}

#[test]
fn a_flood_of_mistakes_is_cut() {
    let pools: Vec<String> = (0..300).map(|index| format!("{{name: p{index}, count: x}}")).collect();
    let found = errors(&format!("{HEAD}  nodePools: [{}]\n", pools.join(", ")));
    assert_eq!(found.len(), 101);
    assert!(found[0].1.contains("more mistakes than the 100"), "{}", found[0].1);
}

#[test]
fn paths_are_relative_to_the_scenario() {
    let relative = Path::new("tests/golden/scenarios/full");
    let scenario = load(relative, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.folder, relative);
    assert_eq!(scenario.actions[1].verb, ActionVerb::Apply(relative.join("manifests/v2.yaml")));
}

#[test]
fn unlikely_but_allowed_values_are_warned_of() {
    let text = format!(
        "{HEAD}{POOL}  faults: [{{kind: nodeCrash, node: p-0, at: 11h}}]\n  actions: [{{at: 12h, cordon: p-0}}]\n"
    );
    let scenario = load_text(&text, Path::new("s.yaml"), &LoadOptions::default()).unwrap();
    let warnings: Vec<(Option<usize>, &str)> =
        scenario.warnings.iter().map(|warning| (warning.line, warning.message.as_str())).collect();
    assert_eq!(
        warnings,
        [
            (Some(7), "is after the end of the run: the fault does not happen"),
            (Some(8), "is after the end of the run: the action is not done")
        ]
    );
}

#[test]
fn later_problems_find_their_place() {
    let scenario = load(&golden("full"), &LoadOptions::default()).unwrap();
    let diagnostic = scenario.error_at("spec.arrivals[0].template.spec.containers[0].image", "is unknown");
    let text = std::fs::read_to_string(golden("full/scenario.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("image: ")).unwrap() + 1;
    assert!(diagnostic.to_string().contains(&format!("scenario.yaml:{line}:35: ")), "{diagnostic}");
}

/// Texts that replace parts of a good scenario.
fn junk() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("-1".to_owned()),
        Just("99999999999999999999999999999999999999999".to_owned()),
        Just("1e308".to_owned()),
        Just(".inf".to_owned()),
        Just("~".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("{fixed: 1s}".to_owned()),
        Just("\"\"".to_owned()),
        Just("9223372036854775807ns".to_owned()),
        Just("&a [*a]".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the file, reading it ends with a scenario or with errors.
    #[test]
    fn no_text_makes_the_reader_panic(edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..12, junk()), 1..6)) {
        let mut text: Vec<char> = std::fs::read_to_string(golden("full/scenario.yaml")).unwrap().chars().collect();
        for (place, length, junk) in edits {
            let start = place.index(text.len().max(1)).min(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, junk.chars());
        }
        let text: String = text.into_iter().collect();
        let outcome = load_text(&text, &golden("full/scenario.yaml"), &LoadOptions::default());
        if let Err(errors) = outcome {
            prop_assert!(errors.has_errors());
        }
    }

    /// The same for values of known fields, which get further than broken YAML.
    #[test]
    fn no_value_makes_the_reader_panic(edits in proptest::collection::vec((any::<prop::sample::Index>(), junk()), 1..5)) {
        let text = std::fs::read_to_string(golden("full/scenario.yaml")).unwrap();
        let ends: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
        let mut places: Vec<(usize, String)> = edits.into_iter().map(|(place, junk)| (*place.get(&ends), junk)).collect();
        places.sort();
        let mut text = text;
        for (start, junk) in places.into_iter().rev() {
            let rest = text.get(start..).unwrap_or("");
            let length = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
            if text.is_char_boundary(start) && text.is_char_boundary(start + length) {
                text.replace_range(start..start + length, &junk);
            }
        }
        let _ = load_text(&text, &golden("full/scenario.yaml"), &LoadOptions::default());
    }

    #[test]
    fn no_override_makes_the_reader_panic(path in "(spec|metadata|[a-z.\\\\0-9]{0,9})(\\.[a-zA-Z0-9\\\\.]{0,9}){0,4}", value in junk()) {
        let options = LoadOptions { overrides: vec![(path, value)], traces: None };
        let _ = load(&golden("full"), &options);
    }
}
