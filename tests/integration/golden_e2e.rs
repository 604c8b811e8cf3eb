//! Recorded timelines of a real control plane (Kubernetes 1.36.2, fake kubelets), against the same scenarios simulated.
//!
//! `tests/golden/e2e/<name>/`: the manifests as they were created, the actions of the first run, `summary.json` with the
//! times of each kind of milestone of every run (shifted so that the actions fall together), and `notes.md` with what
//! was the same in all runs. The simulation has to have the same counts, and its times may differ from those of at least
//! one run by a tolerance: at most twice the difference between the runs, which were made beside others on two cores.
//! What follows the finding of a lost node is compared from there on, since the monitor's phase is not the same.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use wavetank::record::Facts;
use wavetank::sim::{PrepareOptions, RunOptions, prepare, simulate};

/// Period of the node monitor in seconds: its phase is not that of the recording.
const MONITOR_PERIOD: f64 = 5.0;
/// When the nodes join in simulated seconds: the recorded monitor passes come 3.6 s, 8.6 s .. after the nodes.
const JOINED: f64 = 1.4;
/// The simulated time at which the recordings begin: the nodes had been there for about two seconds, from which on
/// leases are renewed every 10 s.
const LEAD: f64 = JOINED + 2.0;
/// Events of one object that a client sends at once before it drops some (`defaultSpamBurst` of client-go).
const SPAM_BURST: usize = 25;

/// Sorted times by stage by group: `web#2` is the second ReplicaSet of Deployment `web`.
type Milestones = BTreeMap<String, BTreeMap<&'static str, Vec<f64>>>;

const STAGES: [&str; 7] = ["created", "scheduled", "running", "ready", "unready", "deleting", "gone"];

/// A recording: its files, parsed.
struct Recording {
    name: &'static str,
    manifests: Vec<Value>,
    actions: Vec<Value>,
    runs: Vec<Value>,
}

impl Recording {
    fn read(name: &'static str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/e2e").join(name);
        let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let manifests = text("manifests.yaml").replace("sim/", "wavetank.dev/");
        let summary: Value = serde_json::from_str(&text("summary.json")).unwrap();
        Self {
            name,
            manifests: manifests.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect(),
            actions: text("actions.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            runs: summary["runs"].as_array().unwrap().clone(),
        }
    }

    fn actions_called<'a>(&'a self, verb: &'a str) -> impl Iterator<Item = &'a Value> {
        self.actions.iter().filter(move |action| action["action"] == verb)
    }

    fn object(&self, action: &Value) -> Value {
        let is_it = |object: &&Value| object["kind"] == action["kind"] && object["metadata"]["name"] == action["name"];
        self.manifests.iter().find(is_it).unwrap().clone()
    }

    /// Nodes that die, in the recording's names.
    fn dead(&self) -> BTreeSet<&str> {
        self.actions_called("kill_node").map(|action| action["node"].as_str().unwrap()).collect()
    }

    /// Milestones of one run, as the summary has them.
    fn milestones(run: &Value) -> Milestones {
        let groups = run["milestones"].as_object().unwrap();
        let of_group = |stages: &Value| {
            STAGES.iter().filter_map(|stage| Some((*stage, times(stages.get(stage)?)))).collect::<BTreeMap<_, _>>()
        };
        groups.iter().map(|(group, stages)| (group.clone(), of_group(stages))).collect()
    }
}

fn times(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect()
}

/// `patch` on top of `object`: lists of named elements are merged by name, other lists are replaced, null deletes.
fn merge(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(own), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    own.remove(key);
                } else {
                    merge(own.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(own), Value::Array(patch)) if patch.iter().all(|element| element.get("name").is_some()) => {
            for element in patch {
                match own.iter_mut().find(|own| own["name"] == element["name"]) {
                    Some(own) => merge(own, element),
                    None => own.push(element.clone()),
                }
            }
        }
        (own, patch) => *own = patch.clone(),
    }
}

fn node(entry: &Value) -> Value {
    let resources = json!({"cpu": entry["cpu"], "memory": entry["memory"], "pods": entry["pods"]});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": entry["name"],
            "labels": {"kubernetes.io/hostname": entry["name"], "topology.kubernetes.io/zone": entry["zone"]},
        },
        "status": {"capacity": resources, "allocatable": resources},
    })
}

/// The simulated time of an action.
fn at(action: &Value) -> String {
    format!("{:.0}ms", (action["t"].as_f64().unwrap() + LEAD) * 1000.0)
}

/// A simulated time in seconds of the recording.
fn recorded_time(time: wavetank::units::SimTime) -> f64 {
    time.as_secs_f64() - LEAD
}

/// Writes the scenario of a recording to a folder. `dead` maps the recorded names of nodes that die to simulated ones.
fn write_scenario(recording: &Recording, seed: u64, dead: &BTreeMap<String, String>, folder: &Path) -> PathBuf {
    let mut objects: Map<String, Value> = Map::new();
    let (mut actions, mut faults) = (Vec::new(), Vec::new());
    let mut duration = String::new();
    let write = |name: &str, value: &Value| std::fs::write(folder.join(name), value.to_string()).unwrap();
    for (index, action) in recording.actions.iter().enumerate() {
        let file = format!("{index}.json");
        let key = format!("{}/{}", action["kind"], action["name"]);
        match action["action"].as_str().unwrap() {
            "nodes" => {
                let nodes: Vec<Value> = action["nodes"].as_array().unwrap().iter().map(node).collect();
                for own in &nodes {
                    objects.insert(format!("\"Node\"/{}", own["metadata"]["name"]), own.clone());
                }
                write(&file, &json!({"apiVersion": "v1", "kind": "List", "items": nodes}));
                actions.push(json!({"at": format!("{:.0}ms", JOINED * 1000.0), "apply": file}));
            }
            "addnode" => {
                write(&file, &node(action));
                actions.push(json!({"at": at(action), "apply": file}));
            }
            "create" => {
                let object = recording.object(action);
                write(&file, &object);
                objects.insert(key, object);
                actions.push(json!({"at": at(action), "apply": file}));
            }
            "patch" => {
                let patch = action["patch"].to_string().replace("sim/", "wavetank.dev/");
                let object = objects.get_mut(&key).unwrap();
                merge(object, &serde_json::from_str(&patch).unwrap());
                write(&file, object);
                if action["sub"] == "scale" {
                    let target = key.replace('"', "").to_lowercase();
                    let replicas = &action["patch"]["spec"]["replicas"];
                    actions.push(json!({"at": at(action), "scale": {"target": target, "replicas": replicas}}));
                } else {
                    actions.push(json!({"at": at(action), "apply": file}));
                }
            }
            "kubectl" => {
                assert_eq!(action["args"][1], "undo");
                // The server has the request when the client prints its answer.
                let done = recording.actions_called("kubectl_output").next().unwrap();
                actions.push(json!({"at": at(done), "rolloutUndo": action["args"][2]}));
            }
            "kill_node" => {
                let name = action["node"].as_str().unwrap();
                let Some(name) = dead.get(name) else { continue };
                let revival = recording.actions[index..]
                    .iter()
                    .find(|later| later["action"] == "revive_node" && later["node"] == action["node"]);
                let mut fault = json!({"kind": "networkPartition", "node": name, "at": at(action)});
                if let Some(revival) = revival {
                    let span = revival["t"].as_f64().unwrap() - action["t"].as_f64().unwrap();
                    fault["duration"] = json!(format!("{:.0}ms", span * 1000.0));
                }
                faults.push(fault);
            }
            "end" => duration = at(action),
            _ => {}
        }
    }
    let scenario = json!({
        "apiVersion": "wavetank.dev/v1alpha1",
        "kind": "Scenario",
        "metadata": {"name": recording.name},
        "spec": {
            "seed": seed,
            "duration": duration,
            // The fake kubelet runs a pod 2 s after it saw it.
            "startup": {"imagePull": {"duration": {"fixed": "0s"}}, "containerStart": {"fixed": "2s"}},
            "faults": faults,
            "actions": actions,
        },
    });
    let file = folder.join("scenario.yaml");
    std::fs::write(&file, scenario.to_string()).unwrap();
    file
}

fn run(recording: &Recording, seed: u64, dead: &BTreeMap<String, String>) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let file = write_scenario(recording, seed, dead, folder.path());
    let (prepared, _) = prepare(&file, &PrepareOptions::default())
        .unwrap_or_else(|errors| panic!("{}: {}", recording.name, errors.iter().next().unwrap()));
    simulate(&prepared, &RunOptions { check_invariants: true, ..RunOptions::default() }).unwrap()
}

/// The group that a pod belongs to; `sets` are the names of the ReplicaSets in order of their first pods.
fn group(pod: &wavetank::record::PodRecord, sets: &mut Vec<String>) -> String {
    match pod.workload.split_once('/') {
        Some(("Deployment", workload)) => {
            let (set, _) = pod.name.rsplit_once('-').unwrap();
            if !sets.iter().any(|own| own == set) {
                sets.push(set.to_owned());
            }
            let of_workload = sets.iter().filter(|own| own.starts_with(&format!("{workload}-")));
            format!("{workload}#{}", of_workload.take_while(|own| *own != set).count() + 1)
        }
        Some(("DaemonSet", workload)) => workload.to_owned(),
        _ => pod.name.to_string(),
    }
}

fn simulated_milestones(facts: &Facts) -> Milestones {
    let mut milestones = Milestones::new();
    let mut sets = Vec::new();
    for pod in &facts.pods {
        let stages = milestones.entry(group(pod, &mut sets)).or_default();
        let lost = facts.events().find(|event| {
            (event.reason, event.kind) == ("NodeNotReady", "Pod")
                && event.name == pod.name
                && pod.ready.is_some_and(|ready| ready <= event.first)
                && pod.ended.is_none_or(|ended| event.first <= ended)
        });
        let reached = [
            Some(pod.created),
            pod.scheduled,
            pod.running,
            pod.ready,
            lost.map(|event| event.first),
            pod.deletion_requested,
            pod.ended.filter(|_| pod.deletion_requested.is_some()),
        ];
        for (stage, time) in STAGES.iter().zip(reached) {
            stages.entry(*stage).or_default().extend(time.map(recorded_time));
        }
    }
    for stages in milestones.values_mut() {
        stages.retain(|_, times| !times.is_empty());
        for times in stages.values_mut() {
            times.sort_by(f64::total_cmp);
        }
    }
    milestones
}

/// `spec.replicas` of each ReplicaSet over time, from the events of the Deployment controller.
fn simulated_replicas(facts: &Facts) -> BTreeMap<String, Vec<(f64, i64)>> {
    let mut sets: Vec<String> = Vec::new();
    let mut replicas: BTreeMap<String, Vec<(f64, i64)>> = BTreeMap::new();
    for event in facts.events().filter(|event| event.reason == "ScalingReplicaSet") {
        let message = event.message();
        let words: Vec<&str> = message.split(' ').collect();
        let (set, to) = (words[4].to_owned(), words[8].parse().unwrap());
        if !sets.contains(&set) {
            sets.push(set.clone());
        }
        let of_workload = sets.iter().filter(|own| own.starts_with(&format!("{}-", event.name)));
        let index = of_workload.take_while(|own| **own != set).count() + 1;
        replicas.entry(format!("{}#{index}", event.name)).or_default().push((recorded_time(event.first), to));
    }
    replicas
}

fn recorded_replicas(run: &Value) -> BTreeMap<String, Vec<(f64, i64)>> {
    let point = |point: &Value| (point[0].as_f64().unwrap(), point[1].as_i64().unwrap());
    let groups = run["rs_spec"].as_object().unwrap();
    // Nobody tells of a ReplicaSet that is created with no replicas.
    let series = |points: &Value| {
        let mut points: Vec<_> = points.as_array().unwrap().iter().map(point).collect();
        points.dedup_by_key(|point| point.1);
        if points[0].1 == 0 { points.split_off(1) } else { points }
    };
    groups.iter().map(|(group, points)| (group.clone(), series(points))).collect()
}

/// Occurrences of events by reason, kind and source, as the client's spam filter lets them through.
fn simulated_events(facts: &Facts) -> BTreeMap<String, usize> {
    let mut by_object: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    let events: Vec<_> = facts.events().collect();
    for event in &events {
        let key = format!("{}|{}|{}", event.reason, event.kind, event.source);
        let sent = by_object.entry((format!("{}/{}", event.source, event.kind), &event.name)).or_default();
        let passed = (event.count as usize).min(SPAM_BURST - *sent);
        *sent += passed;
        *counts.entry(key).or_default() += passed;
    }
    counts
}

/// When the first node was found to be lost.
fn first_loss(facts: &Facts) -> Option<f64> {
    let found = facts.events().find(|event| (event.reason, event.kind) == ("NodeNotReady", "Node"))?;
    Some(recorded_time(found.first))
}

fn recorded_first_loss(run: &Value) -> Option<f64> {
    let nodes = run["nodes"].as_object()?.values();
    let unknown = nodes.flat_map(|points| points.as_array().unwrap()).filter(|point| point[1] == "Unknown");
    unknown.map(|point| point[0].as_f64().unwrap()).min_by(f64::total_cmp)
}

/// What differs between a simulated run and a recorded one by more than `tolerance` seconds.
fn differences(recording: &Recording, run: &Value, facts: &Facts, tolerance: f64) -> String {
    let mut found = String::new();
    let mut milestones = simulated_milestones(facts);
    if let (Some(own), Some(recorded)) = (first_loss(facts), recorded_first_loss(run)) {
        if (own - recorded).abs() > MONITOR_PERIOD {
            writeln!(found, "  first node lost at {own:.3}, recorded at {recorded:.3}").unwrap();
        }
        // What follows the finding moves with it, up to the revival.
        let revival = recording.actions_called("revive_node").filter_map(|action| action["t"].as_f64());
        let until = revival.filter(|revival| *revival > own).fold(f64::INFINITY, f64::min);
        let all = milestones.values_mut().flat_map(BTreeMap::values_mut).flatten();
        all.filter(|time| (own..until).contains(*time)).for_each(|time| *time += recorded - own);
    }
    let recorded = Recording::milestones(run);
    let groups: BTreeSet<&String> = recorded.keys().chain(milestones.keys()).collect();
    for group in groups {
        for stage in STAGES {
            let of = |milestones: &Milestones| milestones.get(group).and_then(|own| own.get(stage)).cloned();
            let (own, recorded) = (of(&milestones).unwrap_or_default(), of(&recorded).unwrap_or_default());
            if own.len() != recorded.len() {
                writeln!(found, "  {group} {stage}: {} times, recorded {}", own.len(), recorded.len()).unwrap();
                continue;
            }
            let worst = own.iter().zip(&recorded).map(|(own, recorded)| own - recorded);
            let worst = worst.max_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or(0.0);
            if worst.abs() > tolerance {
                writeln!(found, "  {group} {stage}: off by {worst:.3} s").unwrap();
                writeln!(found, "    simulated {own:.3?}\n    recorded  {recorded:.3?}").unwrap();
            }
        }
    }
    found
}

/// ReplicaSet sizes and events, where all recorded runs agree.
fn common_differences(recording: &Recording, facts: &Facts) -> String {
    let mut found = String::new();
    let own = simulated_replicas(facts);
    let runs: Vec<_> = recording.runs.iter().map(recorded_replicas).collect();
    let sizes = |points: Option<&Vec<(f64, i64)>>| {
        points.map(|points| points.iter().map(|point| point.1).collect::<Vec<_>>()).unwrap_or_default()
    };
    for group in runs[0].keys() {
        let recorded: BTreeSet<Vec<i64>> = runs.iter().map(|run| sizes(run.get(group))).collect();
        let own = sizes(own.get(group));
        if recorded.len() == 1 && !recorded.contains(&own) {
            writeln!(found, "  sizes of {group}: {own:?}, recorded {recorded:?}").unwrap();
        }
    }
    let own = simulated_events(facts);
    let count =
        |run: &Value, key: &str| run["events"].get(key).map(|count| usize::try_from(count.as_u64().unwrap()).unwrap());
    let mut keys: BTreeSet<&str> = own.keys().map(String::as_str).collect();
    for run in &recording.runs {
        keys.extend(run["events"].as_object().unwrap().keys().map(String::as_str));
    }
    for key in keys {
        let recorded: Vec<usize> = recording.runs.iter().filter_map(|run| count(run, key)).collect();
        let own = own.get(key).copied().unwrap_or(0);
        // A key that some run lacks is one that the recording missed the start of.
        let is_same = recorded.len() == recording.runs.len() && recorded.iter().all(|count| *count == recorded[0]);
        if is_same && own != recorded[0] || recorded.is_empty() {
            writeln!(found, "  events {key}: {own}, recorded {recorded:?}").unwrap();
        }
    }
    found
}

/// Bounds of a rolling update: never more than `replicas + maxSurge` in the specs, never fewer than `replicas -
/// maxUnavailable` ready once all were.
fn check_bounds(recording: &Recording, facts: &Facts) {
    let Some(deployment) = recording.manifests.iter().find(|object| object["kind"] == "Deployment") else { return };
    let replicas = deployment["spec"]["replicas"].as_i64().unwrap();
    let bound = |field: &str, round_up: bool| match &deployment["spec"]["strategy"]["rollingUpdate"][field] {
        Value::String(percent) => {
            let percent: i64 = percent.trim_end_matches('%').parse().unwrap();
            (replicas * percent + if round_up { 99 } else { 0 }) / 100
        }
        number => number.as_i64().unwrap(),
    };
    let (surge, unavailable) = (bound("maxSurge", true), bound("maxUnavailable", false));
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    let mut steps: Vec<(f64, String, i64)> = Vec::new();
    for (group, points) in simulated_replicas(facts) {
        steps.extend(points.into_iter().map(|(time, size)| (time, group.clone(), size)));
    }
    steps.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (time, group, size) in steps {
        sizes.insert(group, size);
        // Events of one instant are in no order here; the sum is looked at where it must hold.
        let total: i64 = sizes.values().sum();
        assert!(total <= replicas + surge, "{}: {total} replicas at {time}", recording.name);
    }
    let ready = facts.workloads[0].ready.points();
    let complete = ready.iter().position(|(_, ready)| *ready == replicas).unwrap();
    let least = ready[complete..].iter().map(|(_, ready)| *ready).min().unwrap();
    assert!(least >= replicas - unavailable, "{}: only {least} ready", recording.name);
}

/// How a simulated run differs from the nearest recorded one by more than it may.
fn compare(recording: &Recording, facts: &Facts, tolerance: f64) -> Result<(), String> {
    let common = common_differences(recording, facts);
    if !common.is_empty() {
        return Err(common);
    }
    let all: Vec<String> = recording.runs.iter().map(|run| differences(recording, run, facts, tolerance)).collect();
    if all.iter().any(String::is_empty) { Ok(()) } else { Err(all.join("or\n")) }
}

/// A simulated run that differs from the nearest recorded one by no more than it may.
fn check(recording: &Recording, facts: &Facts, tolerance: f64) {
    let compared = compare(recording, facts, tolerance);
    assert!(compared.is_ok(), "{}: no recorded run is near enough\n{}", recording.name, compared.unwrap_err());
}

/// A recording without dead nodes.
fn check_recording(name: &'static str, tolerance: f64) {
    let recording = Recording::read(name);
    check(&recording, &run(&recording, 1, &BTreeMap::new()), tolerance);
}

/// A rolling update, whose bounds hold besides.
fn check_rollout(name: &'static str, tolerance: f64) {
    let recording = Recording::read(name);
    let facts = run(&recording, 1, &BTreeMap::new());
    check_bounds(&recording, &facts);
    check(&recording, &facts, tolerance);
}

#[test]
fn rollout_25_25() {
    check_rollout("rollout-25-25-m0", 0.8);
}

#[test]
fn rollout_surge_1() {
    check_rollout("rollout-s1-u0-m0", 0.3);
}

#[test]
fn rollout_unavailable_1() {
    check_rollout("rollout-s0-u1-m0", 0.4);
}

#[test]
fn rollout_min_ready_seconds() {
    check_rollout("rollout-s1-u0-m5", 0.6);
}

#[test]
fn rollout_recreate() {
    check_recording("rollout-recreate", 0.6);
}

#[test]
fn rollout_paused() {
    check_rollout("rollout-paused", 0.6);
}

#[test]
fn rollout_scaled_up_on_the_way() {
    check_recording("rollout-scale-up-mid", 0.6);
}

#[test]
fn rollout_scaled_down_on_the_way() {
    check_recording("rollout-scale-down-mid", 0.4);
}

#[test]
fn rollout_stuck_and_undone() {
    check_recording("rollout-stuck-undo", 0.3);
}

#[test]
fn stateful_set_in_order() {
    check_recording("sts-ordered", 0.3);
}

#[test]
fn limit_range_defaults_and_refusals() {
    check_recording("limitrange", 0.3);
}

#[test]
fn daemon_set_rolling() {
    check_recording("ds-rolling", 0.3);
}

/// Recordings in which node-01, which hosts the bare pod, or another node, which hosts db-1, dies, or both do.
fn check_node_death(name: &'static str, tolerance: f64) {
    let recording = Recording::read(name);
    let dead = recording.dead();
    let first_death = recording.actions_called("kill_node").filter_map(|action| action["t"].as_f64());
    let death = first_death.fold(f64::INFINITY, f64::min);
    let recorded = Recording::milestones(&recording.runs[0]);
    let affected = |group: &str| recorded[group].get("unready").map_or(0, Vec::len);
    let all_affected: usize = recorded.keys().map(|group| affected(group)).sum();
    // Where db-1 and the pods of web come to be is random: seeds under which the recorded numbers of pods are affected. Random
    // is too whether the new db-1 is on its node before the pass that takes the taint away: of such seeds one has to agree,
    // with both in one zone and in two.
    let mut zones: BTreeMap<bool, Result<(), String>> = BTreeMap::new();
    for seed in 1..=30 {
        let undisturbed = run(&recording, seed, &BTreeMap::new());
        let on = |name: &str| {
            let mut pods = undisturbed.pods.iter().filter(|pod| *pod.name == *name);
            let node = &undisturbed.nodes[pods.next().unwrap().node.unwrap() as usize];
            (node.name.to_string(), node.zone.to_string())
        };
        let ((bare, bare_zone), (db, db_zone)) = (on("bare"), on("db-1"));
        let killed = |recorded: &str| if recorded == bare { bare.clone() } else { db.clone() };
        let map: BTreeMap<String, String> = dead.iter().map(|own| ((*own).to_owned(), killed(own))).collect();
        let nodes: BTreeSet<&String> = map.values().collect();
        let on_dead = undisturbed.pods.iter().filter(|pod| {
            let node = pod.node.map(|node| undisturbed.nodes[node as usize].name.to_string());
            recorded_time(pod.created) < death && node.is_some_and(|node| nodes.contains(&node))
        });
        let on_dead: Vec<&str> = on_dead.map(|pod| &*pod.workload).collect();
        let web = on_dead.iter().filter(|workload| **workload == "Deployment/web").count();
        let is_as_recorded = bare != db && on_dead.len() == all_affected && web == affected("web#1");
        let in_one_zone = bare_zone == db_zone;
        if is_as_recorded && zones.get(&in_one_zone).is_none_or(Result::is_err) {
            zones.insert(in_one_zone, compare(&recording, &run(&recording, seed, &map), tolerance));
        }
    }
    assert!(!zones.is_empty(), "{name}: no seed gives the recorded placement");
    for compared in zones.values() {
        assert_eq!(*compared, Ok(()), "{name}");
    }
}

#[test]
fn node_death_with_short_tolerations() {
    check_node_death("node-death-tol10", 0.6);
}

#[test]
fn node_death_with_defaults() {
    check_node_death("node-death-default", 1.2);
}

#[test]
fn node_death_too_short_to_matter() {
    check_node_death("node-death-short", 0.4);
}

/// Recordings in which all or some nodes of a zone die.
fn check_outage(name: &'static str, tolerance: f64) {
    let recording = Recording::read(name);
    let dead = recording.dead().into_iter().map(|node| (node.to_owned(), node.to_owned())).collect();
    check(&recording, &run(&recording, 1, &dead), tolerance);
}

#[test]
fn zone_outage() {
    check_outage("zone-full-outage", 0.7);
}

#[test]
fn half_zone_outage() {
    check_outage("zone-half-outage", 0.4);
}
