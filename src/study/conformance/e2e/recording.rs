//! A recorded timeline: its files, parsed.

use crate::study::conformance::ConformanceError;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Times in seconds by stage by group: group `web#2` is the second ReplicaSet of Deployment `web`.
pub type Milestones = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

/// Conditions over time by object (`Deployment/web`): each entry has all conditions as `Type=Status/Reason`.
pub type Conditions = BTreeMap<String, Vec<(f64, Vec<String>)>>;

/// What `summary.json` says of one run.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RunSummary {
    /// Times of each stage of each group, shifted so that the actions fall on those of the first run.
    pub milestones: Milestones,
    /// Sizes of each ReplicaSet over time.
    #[serde(default)]
    pub rs_spec: BTreeMap<String, Vec<(f64, i64)>>,
    /// Ready condition, reason, and taints of each node over time.
    #[serde(default)]
    pub nodes: BTreeMap<String, Vec<(f64, String, Value, Value)>>,
    /// Events by `reason|kind|source`.
    #[serde(default)]
    pub events: BTreeMap<String, usize>,
    /// Conditions over time; absent where they were not recorded.
    pub conds: Option<Conditions>,
}

/// One line of `actions.jsonl`.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedAction {
    /// Seconds since the start, just before the request was sent.
    pub t: f64,
    /// What was done.
    pub action: String,
    /// The other fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl RecordedAction {
    /// A field that is text; empty if there is none.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace; `default` if none is given.
    pub fn namespace(&self) -> &str {
        self.fields.get("ns").and_then(Value::as_str).unwrap_or("default")
    }
}

/// One line of `timeline.jsonl.gz`, as far as it is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct TimelineLine {
    /// Seconds since the start.
    pub t: f64,
    /// Kind of the object.
    #[serde(rename = "k")]
    pub kind: String,
    /// Name of the object.
    #[serde(rename = "n", default)]
    pub name: String,
    /// Its namespace.
    #[serde(default)]
    pub ns: String,
    /// `add`, `mod` or `del`.
    #[serde(default)]
    pub op: String,
    /// `Kind/name` of its controller.
    #[serde(default)]
    pub owner: String,
    /// Reason of an Event.
    #[serde(default)]
    pub reason: String,
    /// Node of a pod.
    #[serde(default)]
    pub node: String,
    /// Whether it has a deletion timestamp.
    #[serde(default)]
    pub deleting: Value,
}

/// A recorded timeline: one scenario, played one or more times.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Name of its folder.
    pub name: String,
    /// Every object that was created, in order, without the prefix `sim/` of the annotations for the kubelet.
    pub manifests: Vec<Value>,
    /// The actions of the first run.
    pub actions: Vec<RecordedAction>,
    /// What the first run looked like.
    pub timeline: Vec<TimelineLine>,
    /// All runs.
    pub runs: Vec<RunSummary>,
    /// Where in a second the recording begins, if that is known.
    pub fraction: Option<f64>,
    /// Feature gates that were not at their defaults.
    pub feature_gates: BTreeMap<String, bool>,
}

/// The prefix under which wavetank reads what the recorded kubelets read under `sim/`.
const ANNOTATIONS: &str = "wavetank.dev/";

#[derive(Deserialize)]
struct Summary {
    runs: Vec<RunSummary>,
}

impl Recording {
    /// Reads the recording of a folder.
    ///
    /// # Errors
    /// [`ConformanceError`] if a file is missing or has another form.
    pub fn read(folder: &Path) -> Result<Self, ConformanceError> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let manifests_file = folder.join("manifests.yaml");
        let text = text_of(&manifests_file)?.replace("sim/", ANNOTATIONS);
        let documents = text.split("\n---\n").filter(|document| !document.trim().is_empty());
        let manifests = documents.map(|document| {
            serde_saphyr::from_str(document).map_err(|error| malformed(&manifests_file, 1, &error.to_string()))
        });
        let summary_file = folder.join("summary.json");
        let summary: Summary = serde_json::from_str(&text_of(&summary_file)?)
            .map_err(|error| malformed(&summary_file, error.line(), &error.to_string()))?;
        if summary.runs.is_empty() {
            return Err(malformed(&summary_file, 1, "has no run"));
        }
        let fraction = match text_of(&folder.join("objects.json")) {
            Ok(text) => serde_json::from_str::<Value>(&text).ok().and_then(|objects| objects["t0_fraction"].as_f64()),
            Err(_) => None,
        };
        Ok(Self {
            name,
            manifests: manifests.collect::<Result<_, _>>()?,
            actions: lines(&folder.join("actions.jsonl"))?,
            timeline: lines(&folder.join("timeline.jsonl.gz"))?,
            runs: summary.runs,
            fraction,
            feature_gates: feature_gates(&text_of(&folder.join("notes.md")).unwrap_or_default()),
        })
    }

    /// The actions of one kind.
    pub fn actions_called<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a RecordedAction> {
        self.actions.iter().filter(move |own| own.action == action)
    }
}

/// The feature gates that the notes of a recording name among the flags of its components.
fn feature_gates(notes: &str) -> BTreeMap<String, bool> {
    let flags = notes.lines().filter_map(|line| line.strip_prefix("Flags besides the defaults:"));
    let gates = flags.flat_map(str::split_whitespace).filter_map(|flag| flag.strip_prefix("--feature-gates="));
    let settings = gates.flat_map(|gates| gates.split(',')).filter_map(|gate| gate.split_once('='));
    settings.filter_map(|(gate, value)| Some((gate.to_owned(), value.parse().ok()?))).collect()
}

fn malformed(file: &Path, line: usize, problem: &str) -> ConformanceError {
    ConformanceError::Malformed { file: file.to_owned(), line, problem: problem.to_owned() }
}

/// Text of a file, which may be gzipped.
fn text_of(file: &Path) -> Result<String, ConformanceError> {
    let read_error = |source| ConformanceError::Read { file: file.to_owned(), source };
    let mut text = String::new();
    let mut opened = File::open(file).map_err(read_error)?;
    if file.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(opened).read_to_string(&mut text).map_err(read_error)?;
    } else {
        opened.read_to_string(&mut text).map_err(read_error)?;
    }
    Ok(text)
}

fn lines<T: DeserializeOwned>(file: &Path) -> Result<Vec<T>, ConformanceError> {
    let text = text_of(file)?;
    let rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    rows.map(|(index, line)| serde_json::from_str(line).map_err(|error| malformed(file, index + 1, &error.to_string())))
        .collect()
}
