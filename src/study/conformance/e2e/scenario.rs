//! A recording as a scenario: its objects become manifests, its actions those of an operator or faults.

use super::nodes::{NODE_MONITOR_PERIOD, csi_node, has_volumes, joined_before, node};
use super::pods::{PodReference, RecordedPod, reference};
use super::recording::{RecordedAction, Recording, TimelineLine};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Seconds between two resyncs of the volume controller.
const RESYNC_PERIOD: f64 = 15.0;
/// Whole seconds that a run is ahead of its recording at least.
const LEAD: f64 = 7.0;

/// What a recording asks for that no scenario can say.
pub struct Unsupported(pub String);

/// A recording as a scenario on disk.
pub struct Played {
    /// The scenario file.
    pub file: PathBuf,
    /// Seconds of simulated time at the recording's time zero.
    pub lead: f64,
}

struct Writer<'a> {
    recording: &'a Recording,
    pods: &'a [RecordedPod],
    folder: &'a Path,
    lead: f64,
    /// By kind, namespace and name: how many of its documents were created so far.
    created: BTreeMap<(String, String, String), usize>,
    actions: Vec<Value>,
    faults: Vec<Value>,
    /// By label `app`: load over time in millicores, and what a pod uses until it is ready.
    load: BTreeMap<String, Vec<(f64, f64)>>,
    starting_cpu: BTreeMap<String, f64>,
    memory: BTreeMap<String, (f64, f64)>,
    /// Nodes to which no volume is ever attached.
    attach_outages: Vec<Value>,
}

/// Writes a recording as a scenario to a folder.
///
/// # Errors
/// [`Unsupported`] if it asks for something that is not simulated; an I/O error otherwise.
pub fn write(
    recording: &Recording,
    pods: &[RecordedPod],
    folder: &Path,
) -> std::io::Result<Result<Played, Unsupported>> {
    let wall_clock = recording.actions_called("wallclock").next();
    let second = wall_clock.and_then(|action| action.fields.get("second_in_minute")).and_then(Value::as_f64);
    let fraction = second.or(recording.fraction).unwrap_or(0.0).rem_euclid(1.0);
    let joined_before = joined_before(recording);
    let lead = LEAD.max(joined_before.ceil()) + fraction;
    let mut writer = Writer {
        recording,
        pods,
        folder,
        lead,
        created: BTreeMap::new(),
        actions: Vec::new(),
        faults: Vec::new(),
        load: BTreeMap::new(),
        starting_cpu: BTreeMap::new(),
        memory: BTreeMap::new(),
        attach_outages: Vec::new(),
    };
    let mut duration = 0.0_f64;
    for (index, action) in recording.actions.iter().enumerate() {
        if action.action == "end" {
            duration = action.t;
        } else if let Err(unsupported) = writer.action(index, action)? {
            return Ok(Err(unsupported));
        }
    }
    let start = second.map(|second| calendar_start(recording, second, lead));
    let scenario = writer.scenario(duration, start);
    let file = folder.join("scenario.yaml");
    std::fs::write(&file, serde_json::to_string_pretty(&scenario)?)?;
    Ok(Ok(Played { file, lead }))
}

/// The calendar time at which the simulation of a recording with CronJobs starts: the name of a CronJob's Job ends with the
/// minute that it was planned for.
fn calendar_start(recording: &Recording, second: f64, lead: f64) -> String {
    let planned = recording.timeline.iter().find_map(|line| {
        let minutes: f64 = line.name.rsplit_once('-')?.1.parse().ok()?;
        (line.kind == "Job" && line.owner.starts_with("CronJob/")).then_some((line.t, minutes * 60.0))
    });
    // Time zero of the recording is `second` seconds after a full minute, and no run comes before its time.
    let zero = planned.map_or(second, |(t, planned)| {
        let earliest = planned - t;
        let minutes = ((earliest - second) / 60.0).ceil();
        minutes.mul_add(60.0, second)
    });
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds of this century")]
    let start = Timestamp::from_second((zero - lead).round() as i64).unwrap_or(Timestamp::UNIX_EPOCH);
    start.to_string()
}

/// Kinds that a namespace does not hold.
fn is_cluster_scoped(kind: &str) -> bool {
    matches!(kind, "Node" | "Namespace" | "PriorityClass" | "StorageClass" | "PersistentVolume" | "CSINode")
}

impl Writer<'_> {
    /// The simulated time of a recorded one.
    fn at(&self, t: f64) -> String {
        format!("{:.0}ms", (t + self.lead) * 1000.0)
    }

    fn push(&mut self, t: f64, verb: &str, value: impl Into<Value>) {
        let at = self.at(t);
        self.actions.push(json!({"at": at, verb: value.into()}));
    }

    /// Applies a document at a time.
    fn apply(&mut self, index: usize, t: f64, document: &Value) -> std::io::Result<()> {
        let file = format!("{index:04}.json");
        std::fs::write(self.folder.join(&file), serde_json::to_string_pretty(document)?)?;
        self.push(t, "apply", file);
        Ok(())
    }

    /// The document of the next object that is created under this name.
    fn document(&mut self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let count = self.created.entry((kind.to_owned(), namespace.to_owned(), name.to_owned())).or_default();
        let mut own = self.recording.manifests.iter().filter(|object| {
            let meta = &object["metadata"];
            object["kind"] == kind
                && meta["name"] == name
                && meta["namespace"].as_str().is_none_or(|own| own == namespace)
        });
        let mut object = own.nth(*count)?.clone();
        *count += 1;
        let version = match kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
            "Job" | "CronJob" => "batch/v1",
            "HorizontalPodAutoscaler" => "autoscaling/v2",
            "PodDisruptionBudget" => "policy/v1",
            "PriorityClass" => "scheduling.k8s.io/v1",
            "StorageClass" | "CSINode" => "storage.k8s.io/v1",
            _ => "v1",
        };
        if object.get("apiVersion").is_none() {
            object["apiVersion"] = version.into();
        }
        if !is_cluster_scoped(kind) {
            object["metadata"]["namespace"] = namespace.into();
        }
        Some(object)
    }

    fn target(action: &RecordedAction) -> String {
        let kind = action.text("kind");
        let name = action.text("name");
        match kind {
            _ if is_cluster_scoped(kind) => format!("{}/{name}", kind.to_lowercase()),
            _ => format!("{}/{}/{name}", kind.to_lowercase(), action.namespace()),
        }
    }

    /// A recorded pod as a scenario's action refers to it.
    fn pod(&self, namespace: &str, name: &str, t: f64) -> Value {
        match reference(self.pods, namespace, name, t) {
            PodReference::Named(name) => name.into(),
            PodReference::OfWorkload { workload, index } => json!({"of": workload, "index": index}),
        }
    }

    /// When kubectl had its first answer, or the time of its start.
    fn answered(&self, index: usize) -> f64 {
        let later = self.recording.actions.iter().skip(index);
        let mut answers = later.filter(|action| matches!(action.action.as_str(), "kubectl_output" | "kubectl_exit"));
        let started = self.recording.actions.get(index).map_or(0.0, |action| action.t);
        answers.next().map_or(started, |answer| answer.t)
    }

    /// Turns an action of the recording into one of the scenario.
    fn action(&mut self, index: usize, action: &RecordedAction) -> std::io::Result<Result<(), Unsupported>> {
        let t = action.t;
        match action.action.as_str() {
            "nodes" => {
                let nodes = action.fields.get("nodes").and_then(Value::as_array);
                let nodes: Vec<Value> = nodes.into_iter().flatten().map(node).collect();
                let before = joined_before(self.recording);
                let entries = action.fields.get("nodes").and_then(Value::as_array);
                let csi_nodes = entries.into_iter().flatten().filter(|_| has_volumes(self.recording)).map(csi_node);
                let items: Vec<Value> = nodes.into_iter().chain(csi_nodes).collect();
                self.apply(index, -before, &json!({"apiVersion": "v1", "kind": "List", "items": items}))?;
            }
            "addnode" => {
                let entry = Value::Object(action.fields.clone());
                let mut items = vec![node(&entry)];
                items.extend(has_volumes(self.recording).then(|| csi_node(&entry)));
                self.apply(index, t, &json!({"apiVersion": "v1", "kind": "List", "items": items}))?;
            }
            "attach_never" => self.attach_outages.push(json!({"node": action.text("node")})),
            "create" => {
                let (kind, name) = (action.text("kind"), action.text("name"));
                let Some(document) = self.document(kind, action.namespace(), name) else {
                    return Ok(Err(Unsupported(format!("{kind} {name}, which no manifest holds"))));
                };
                self.apply(index, t, &document)?;
            }
            "burst_create" => self.burst(index, action)?,
            "patch" => {
                let patch = action.fields.get("patch").cloned().unwrap_or_default();
                let patch = patch.to_string().replace("sim/", "wavetank.dev/");
                let patch: Value = serde_json::from_str(&patch)?;
                if action.text("sub") == "scale" {
                    let scale = json!({"target": Self::target(action), "replicas": patch["spec"]["replicas"]});
                    self.push(t, "scale", scale);
                } else {
                    self.push(t, "patch", json!({"target": Self::target(action), "patch": patch}));
                }
            }
            "delete" if action.text("kind") == "Pod" => {
                let pod = self.pod(action.namespace(), action.text("name"), t);
                self.push(t, "delete", json!({"target": pod}));
            }
            "delete" => self.push(t, "delete", Self::target(action)),
            "delete_node" => self.push(t, "delete", format!("node/{}", action.text("node"))),
            "evict" => {
                let pod = self.pod(action.namespace(), action.text("name"), t);
                self.push(t, "evict", pod);
            }
            "kubectl" => return Ok(self.kubectl(index, action)),
            "kill_node" => self.fault("networkPartition", "revive_node", index, action),
            "kubelet_notready" => self.fault("kubeletNotReady", "kubelet_ready", index, action),
            "kcm_stop" => self.fault("controllerManagerOutage", "kcm_start", index, action),
            "total_load" | "start_cpu" => {
                let milli = action.fields.get("milli").and_then(Value::as_f64).unwrap_or_default();
                let app = action.text("app").to_owned();
                if action.action == "start_cpu" {
                    self.starting_cpu.insert(app, milli);
                } else {
                    self.load.entry(app).or_default().push((t, milli));
                }
            }
            "memory_metric" => {
                let mebibytes = action.fields.get("mi").and_then(Value::as_f64).unwrap_or_default();
                self.memory.insert(action.text("app").to_owned(), (t, mebibytes));
            }
            // What the driver saw, not what it did.
            "revive_node"
            | "kubelet_ready"
            | "kcm_start"
            | "kubectl_output"
            | "kubectl_exit"
            | "response"
            | "wallclock"
            | "wait_timeout"
            | "burst_done"
            | "provisioned"
            | "pv_delete_by_provisioner" => {}
            other => return Ok(Err(Unsupported(format!("the action {other}")))),
        }
        Ok(Ok(()))
    }

    /// Creates each pod of a burst when the recorded API server had it: copies of one manifest under other names.
    fn burst(&mut self, index: usize, action: &RecordedAction) -> std::io::Result<()> {
        let Some(pattern) = self.recording.manifests.iter().find(|object| object["kind"] == "Pod") else {
            return Ok(());
        };
        let is_of_burst = |pod: &&RecordedPod| pod.created >= action.t && pod.group == pod.name;
        for (number, pod) in self.pods.iter().filter(is_of_burst).enumerate() {
            let mut document = pattern.clone();
            document["apiVersion"] = "v1".into();
            document["metadata"]["name"] = pod.name.as_str().into();
            self.apply(index * 10_000 + number, pod.created, &document)?;
        }
        Ok(())
    }

    /// A fault that lasts until the action that ends it.
    fn fault(&mut self, kind: &str, end: &str, index: usize, action: &RecordedAction) {
        let later = &self.recording.actions[index..];
        let ended = later.iter().find(|later| later.action == end && later.text("node") == action.text("node"));
        let mut fault = json!({"kind": kind, "at": self.at(action.t)});
        if !action.text("node").is_empty() {
            fault["node"] = action.text("node").into();
        }
        if let Some(ended) = ended {
            fault["duration"] = format!("{:.0}ms", (ended.t - action.t) * 1000.0).into();
        }
        self.faults.push(fault);
    }

    fn kubectl(&mut self, index: usize, action: &RecordedAction) -> Result<(), Unsupported> {
        let arguments = action.fields.get("args").and_then(Value::as_array);
        let arguments: Vec<&str> = arguments.into_iter().flatten().filter_map(Value::as_str).collect();
        let has = |flag: &str| arguments.iter().any(|own| *own == flag || *own == format!("{flag}=true"));
        let value = |flag: &str| arguments.iter().find_map(|own| own.strip_prefix(flag)?.strip_prefix('='));
        let t = self.answered(index);
        match arguments.as_slice() {
            ["drain", node, ..] => {
                let drain = json!({
                    "node": node,
                    "timeout": value("--timeout").unwrap_or("0s"),
                    "ignoreDaemonSets": has("--ignore-daemonsets"),
                    "deleteEmptyDirData": has("--delete-emptydir-data"),
                    "force": has("--force"),
                });
                self.push(t, "drain", drain);
            }
            [verb @ ("cordon" | "uncordon"), node, ..] => self.push(t, verb, *node),
            ["taint", "node" | "nodes", node, taints @ ..] => {
                let taints: Vec<&&str> = taints.iter().filter(|taint| !taint.starts_with("--")).collect();
                self.push(t, "taint", json!({"node": node, "taints": taints}));
            }
            ["rollout", "history" | "status", ..] => {}
            ["rollout", "undo", target, ..] => {
                let mut undo = json!({"target": target});
                if let Some(revision) = value("--to-revision").and_then(|text| text.parse::<i64>().ok()) {
                    undo["toRevision"] = revision.into();
                }
                self.push(t, "rolloutUndo", undo);
            }
            ["rollout", "pause", target, ..] => self.push(t, "rolloutPause", *target),
            ["rollout", "resume", target, ..] => self.push(t, "rolloutResume", *target),
            ["rollout", "restart", target, ..] => self.push(t, "rolloutRestart", *target),
            ["scale", target, ..] => {
                let replicas: Option<u32> = value("--replicas").and_then(|text| text.parse().ok());
                self.push(t, "scale", json!({"target": target, "replicas": replicas}));
            }
            ["set", "image", target, images @ ..] => {
                let images = images.iter().filter_map(|image| image.split_once('='));
                let containers: Vec<Value> =
                    images.map(|(name, image)| json!({"name": name, "image": image})).collect();
                let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
                self.push(t, "patch", json!({"target": target, "patch": patch}));
            }
            ["delete", "pod", rest @ ..] => {
                for name in rest.iter().filter(|word| !word.starts_with("--")) {
                    let pod = self.pod("default", name, action.t);
                    self.push(t, "delete", json!({"target": pod, "force": has("--force")}));
                }
            }
            [verb @ ("label" | "annotate"), kind, name, pairs @ ..] => {
                let mut values = Map::new();
                for pair in pairs.iter().filter(|word| !word.starts_with("--")) {
                    match pair.split_once('=') {
                        Some((key, value)) => values.insert(key.to_owned(), value.into()),
                        None => values.insert(pair.trim_end_matches('-').to_owned(), Value::Null),
                    };
                }
                let field = if *verb == "label" { "labels" } else { "annotations" };
                let patch = json!({"metadata": {field: values}});
                self.push(t, "patch", json!({"target": format!("{kind}/{name}"), "patch": patch}));
            }
            ["delete", kind, name, ..] => self.push(t, "delete", format!("{kind}/{name}")),
            ["patch", "pod", name, rest @ ..] => {
                let after = |flag: &str| rest.iter().skip_while(|word| **word != flag).nth(1).copied();
                let patch = after("--patch").or_else(|| after("-p")).unwrap_or("{}");
                let patch: Value = serde_json::from_str(patch)
                    .map_err(|error| Unsupported(format!("a patch that is not JSON: {error}")))?;
                let pod = self.pod("default", name, action.t);
                let mut entry = json!({"target": pod, "patch": patch});
                if let Some(subresource) = after("--subresource") {
                    entry["subresource"] = subresource.into();
                }
                self.push(t, "patch", entry);
            }
            other => return Err(Unsupported(format!("kubectl {}", other.join(" ")))),
        }
        Ok(())
    }

    /// The load on each Deployment whose pods have the label `app`.
    fn traffic(&self) -> Vec<Value> {
        let mut entries = Vec::new();
        for (app, points) in &self.load {
            let steps: Vec<Value> =
                points.iter().map(|(t, milli)| json!({"at": self.at(t.max(0.0)), "rate": milli})).collect();
            let mut entry: Map<String, Value> = Map::new();
            entry.insert("target".to_owned(), format!("deployment/default/{app}").into());
            entry.insert("rate".to_owned(), json!({"steps": steps}));
            // A request per second that costs a millisecond uses a millicore.
            entry.insert("cpuPerRequest".to_owned(), "1ms".into());
            if let Some((_, mebibytes)) = self.memory.get(app) {
                entry.insert("memoryPerPod".to_owned(), format!("{mebibytes}Mi").into());
            }
            if let Some(milli) = self.starting_cpu.get(app) {
                entry.insert("cpuUntilReady".to_owned(), format!("{milli}m").into());
            }
            entries.push(Value::Object(entry));
        }
        entries
    }

    /// When the recorded controller manager began to work: its node monitor, whose passes tell of nodes, begins then, within
    /// the five seconds before time zero. `None` if no pass shows.
    fn first_pass(&self) -> Option<f64> {
        let tells = |reason: &str| matches!(reason, "RegisteredNode" | "NodeNotReady");
        let outage = self.recording.actions_called("kcm_stop").next().map_or(f64::INFINITY, |action| action.t);
        let mut told = self.recording.timeline.iter().filter(|line| line.kind == "Event" && tells(&line.reason));
        let pass = told.next().map(|line| line.t).filter(|t| *t < outage);
        // The volume controller tells again in each of its resyncs why a claim waits.
        let again = |line: &&TimelineLine| line.op == "mod" && line.reason == "ProvisioningFailed";
        let resync = || self.recording.timeline.iter().find(again).map(|line| line.t.rem_euclid(RESYNC_PERIOD));
        pass.map(|t| t.rem_euclid(NODE_MONITOR_PERIOD) - NODE_MONITOR_PERIOD)
            .or_else(|| resync().map(|t| t - RESYNC_PERIOD))
    }

    fn scenario(&self, duration: f64, start: Option<String>) -> Value {
        let mut scenario = json!({
            "apiVersion": "wavetank.dev/v1alpha1",
            "kind": "Scenario",
            "metadata": {"name": self.recording.name},
            "spec": {
                "duration": self.at(duration),
                // The recorded kubelets run a pod 2 s after they saw it.
                "startup": {"imagePull": {"duration": {"fixed": "0s"}}, "containerStart": {"fixed": "2s"}},
                "controlPlane": self.control_plane(),
                "faults": self.faults,
                "actions": self.actions,
                "traffic": self.traffic(),
            },
        });
        if has_volumes(self.recording) {
            // The recorded driver.
            let (provision, second) = (json!({"fixed": "2s"}), json!({"fixed": "1s"}));
            scenario["spec"]["storage"] = json!({
                "provision": provision, "attach": second, "detach": second, "delete": second,
                "attachOutages": self.attach_outages,
            });
            // The recorded kubelets say at once which volumes they use.
            scenario["spec"]["controlPlane"]["kubelet"] = json!({"nodeStatusUpdateFrequency": "0s"});
        }
        if let Some(start) = start {
            scenario["spec"]["start"] = start.into();
        }
        if let Some(pass) = self.first_pass() {
            // The loops of the controller manager have periods that 60 s is a multiple of.
            let before = (-(pass + self.lead)).rem_euclid(60.0);
            let before = format!("{:.0}ms", before * 1000.0);
            scenario["spec"]["controlPlane"]["controllerManager"] = json!({"startedBefore": before});
        }
        scenario
    }

    /// The control plane that was recorded, with delays between those measured on an idle machine and on two cores that up to
    /// fourteen control planes shared: nearly all recordings were made there.
    fn control_plane(&self) -> Value {
        // The recorded driver answers with the load of the moment, and about memory from a certain action on.
        let mut unknown = json!({"at": "0s", "resource": "memory"});
        if let Some((served_from, _)) = self.memory.values().next() {
            unknown["duration"] = self.at(*served_from).into();
        }
        let mut control_plane = json!({
            "metricsServer": {"instantaneous": true, "outages": [unknown]},
            "featureGates": self.recording.feature_gates,
        });
        control_plane["latency"] = json!({
            "createToBound": {"p50": "14ms", "p99": "100ms"},
            "boundToRunning": {"p50": "14ms", "p99": "80ms"},
            "controllerSync": {"p50": "10ms", "p99": "60ms"},
            "deploymentSync": {"p50": "14ms", "p99": "50ms"},
            "nextWrite": {"p50": "20ms", "p99": "90ms"},
            "horizontalPodAutoscalerSync": {"p50": "28ms", "p99": "120ms"},
        });
        control_plane
    }
}
