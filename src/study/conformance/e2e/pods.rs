//! The pods of a recording: the group that each belongs to, and where it was placed.

use super::recording::{Recording, TimelineLine};
use std::collections::{BTreeMap, BTreeSet};

/// A recorded pod.
#[derive(Clone, Debug)]
pub struct RecordedPod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Its group, as the summary calls it.
    pub group: String,
    /// `kind/name` of the workload at the end of its chain of owners, in lower case; empty for bare pods.
    pub workload: String,
    /// When it was created.
    pub created: f64,
    /// When it had a deletion timestamp, had finished, or was gone.
    pub left: f64,
    /// Where it ran.
    pub node: Option<String>,
}

/// Groups of pods whose owners come one after the other: ReplicaSets of Deployments, Jobs of CronJobs.
#[derive(Default)]
struct Owners {
    /// By `Kind/name` of the owner: its own owner, and its number among that one's.
    parents: BTreeMap<String, (String, usize)>,
    counts: BTreeMap<String, usize>,
}

impl Owners {
    fn note(&mut self, line: &TimelineLine) {
        let key = format!("{}/{}/{}", line.ns, line.kind, line.name);
        if line.op == "add" && !line.owner.is_empty() && !self.parents.contains_key(&key) {
            let count = self.counts.entry(format!("{}/{}", line.ns, line.owner)).or_default();
            *count += 1;
            self.parents.insert(key, (line.owner.clone(), *count));
        }
    }

    /// The group of a pod, and its workload.
    fn group(&self, pod: &TimelineLine) -> (String, String) {
        let target = |owner: &str| match owner.split_once('/') {
            Some((kind, name)) => format!("{}/{}/{name}", kind.to_lowercase(), pod.ns),
            None => String::new(),
        };
        let name_of = |owner: &str| owner.split_once('/').map_or(owner, |(_, name)| name).to_owned();
        if let Some((parent, number)) = self.parents.get(&format!("{}/{}", pod.ns, pod.owner)) {
            return (format!("{}#{number}", name_of(parent)), target(parent));
        }
        match pod.owner.split_once('/') {
            Some(("StatefulSet", _)) | None => (pod.name.clone(), target(&pod.owner)),
            Some((_, name)) => (name.to_owned(), target(&pod.owner)),
        }
    }
}

/// Every pod of a recording, in order of creation.
pub fn recorded_pods(recording: &Recording) -> Vec<RecordedPod> {
    // Each kind was watched on a connection of its own: a pod may have been seen before its owner was.
    let mut owners = Owners::default();
    for line in recording.timeline.iter().filter(|line| line.kind != "Pod") {
        owners.note(line);
    }
    let mut pods: Vec<RecordedPod> = Vec::new();
    let mut living: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in recording.timeline.iter().filter(|line| line.kind == "Pod") {
        let key = (line.ns.clone(), line.name.clone());
        let index = *living.entry(key.clone()).or_insert_with(|| {
            let (group, workload) = owners.group(line);
            pods.push(RecordedPod {
                namespace: line.ns.clone(),
                name: line.name.clone(),
                group,
                workload,
                created: line.t,
                left: f64::INFINITY,
                node: None,
            });
            pods.len() - 1
        });
        let pod = &mut pods[index];
        if pod.node.is_none() && !line.node.is_empty() {
            pod.node = Some(line.node.clone());
        }
        let is_deleting = !matches!(line.deleting, serde_json::Value::Null | serde_json::Value::Bool(false));
        if is_deleting || line.op == "del" {
            pod.left = pod.left.min(line.t);
        }
        if line.op == "del" {
            living.remove(&key);
        }
    }
    pods
}

/// The nodes of the pods of each group, in order of creation; `None` for a pod that was never placed.
pub fn placement(pods: &[RecordedPod]) -> BTreeMap<String, Vec<Option<String>>> {
    let mut nodes: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for pod in pods {
        nodes.entry(pod.group.clone()).or_default().push(pod.node.clone());
    }
    nodes
}

/// How a scenario's action may refer to a recorded pod at a time: by its name, if that is given by its owner, or as one of
/// the living pods of its workload, oldest first.
pub enum PodReference {
    /// Bare pods, and pods of StatefulSets.
    Named(String),
    /// Others.
    OfWorkload {
        /// The workload.
        workload: String,
        /// Number among its living pods.
        index: usize,
    },
}

/// A reference to the recorded pod of this name at `t`.
pub fn reference(pods: &[RecordedPod], namespace: &str, name: &str, t: f64) -> PodReference {
    let found = pods.iter().rfind(|pod| pod.name == name && pod.namespace == namespace && pod.created <= t);
    match found {
        Some(pod) if !pod.workload.is_empty() && pod.group != pod.name => {
            let siblings = pods.iter().filter(|other| {
                other.workload == pod.workload
                    && other.namespace == pod.namespace
                    && other.created <= t
                    && (other.left > t || other.name == pod.name)
            });
            let index = siblings.take_while(|other| other.name != pod.name).count();
            PodReference::OfWorkload { workload: pod.workload.clone(), index }
        }
        _ => PodReference::Named(format!("pod/{namespace}/{name}")),
    }
}

/// The nodes on which the outcome depends on what was placed there.
pub fn nodes_that_matter(recording: &Recording) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for action in &recording.actions {
        let node = action.text("node");
        if matches!(action.action.as_str(), "kill_node" | "delete_node" | "kubelet_notready") {
            names.insert(node.to_owned());
        }
        if action.action == "patch" && action.text("kind") == "Node" {
            names.insert(action.text("name").to_owned());
        }
        if action.action == "kubectl" {
            let args = action.fields.get("args").and_then(serde_json::Value::as_array);
            let words = args.into_iter().flatten().filter_map(serde_json::Value::as_str);
            names.extend(words.filter(|word| word.starts_with("node-")).map(str::to_owned));
        }
    }
    names
}
