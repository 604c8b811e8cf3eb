//! The pod that a file stands for: a Pod itself, or the pods of the one workload in the file.

use super::load::{LoadedObject, Loader};
use crate::api::{LabelSelector, Labels, Name, Object, ObjectMeta, OwnerReference, PodTemplate};
use crate::input::document::{ManifestSource, read_documents, read_sources};
use crate::input::kinds::table::KINDS;
use crate::input::{Diagnostic, Diagnostics};
use jiff::Timestamp;
use std::sync::Arc;

/// The pod that a file stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedPod {
    /// `Pod`, or the workload's kind.
    pub kind: &'static str,
    /// Identity of the Pod or workload.
    pub meta: ObjectMeta,
    /// What its pods are made from.
    pub template: Arc<PodTemplate>,
    /// The workload's selector.
    pub selector: Option<LabelSelector>,
    /// The controlling owner of a Pod; of a workload's pods it is the workload.
    pub owner: Option<OwnerReference>,
    /// `spec.nodeName` of a Pod.
    pub node_name: Option<Name>,
    /// The file's name.
    pub file: Arc<str>,
    /// The line on which the object begins, from 1.
    pub line: usize,
}

/// What a file with a pod holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSource {
    /// The pod; `None` where something is wrong.
    pub pod: Option<LoadedPod>,
    /// What stands beside it, for example a Service or a claim.
    pub others: Vec<LoadedObject>,
}

/// Reads the one Pod or workload (Deployment, ReplicaSet, ReplicationController, StatefulSet, Job, CronJob) of a file, and what else the file
/// holds. What is wrong goes to `diagnostics`.
pub fn load_pod(source: &ManifestSource, start: Timestamp, diagnostics: &mut Diagnostics) -> PodSource {
    let before = diagnostics.errors().count();
    let files = read_sources(std::slice::from_ref(source), diagnostics);
    let name = files.first().map(|file| file.name.clone());
    let mut loader = Loader::new(start, diagnostics);
    let mut pods = Vec::new();
    for file in &files {
        for document in read_documents(file, loader.diagnostics) {
            loader.load(&document.value, None, &document.place());
        }
    }
    let Loader { objects, unused, diagnostics, .. } = loader;
    unused.report(diagnostics);
    let mut others = Vec::new();
    for loaded in objects {
        match LoadedPod::of_object(&loaded.object, loaded.file.clone(), loaded.line) {
            Some(pod) => pods.push(pod),
            None => others.push(loaded),
        }
    }
    if diagnostics.errors().count() > before {
        return PodSource { pod: None, others };
    }
    let [_] = pods.as_slice() else {
        let found: Vec<String> = pods.iter().map(|pod| format!("{} {}", pod.kind, pod.meta.name)).collect();
        let found = if found.is_empty() { "no pod and no workload".to_owned() } else { found.join(", ") };
        let message = format!("holds {found} (expected one {})", kinds_with_pods());
        let second = pods.get(1).map(|pod| (pod.line, 1));
        let error = Diagnostic::error(name.unwrap_or_else(|| "".into()), message);
        diagnostics.push(match second {
            Some(place) => error.at(place),
            None => error,
        });
        return PodSource { pod: None, others };
    };
    PodSource { pod: pods.pop(), others }
}

/// The kinds that stand for pods, for messages: `Pod, Deployment or Job`.
fn kinds_with_pods() -> String {
    let mut names: Vec<&str> = KINDS.iter().filter(|kind| kind.runs_pods).map(|kind| kind.kind).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} or {last}", names.join(", ")),
        last => last.unwrap_or_default().to_owned(),
    }
}

impl LoadedPod {
    /// The pods of an object that has any; `file` and `line` are where it was read. Those of a DaemonSet are not placed by
    /// choice: one stands on each node.
    #[must_use]
    pub fn of_object(object: &Object, file: Arc<str>, line: usize) -> Option<Self> {
        KINDS.iter().find(|kind| kind.kind == object.kind().as_str()).filter(|kind| kind.runs_pods)?;
        let template = object.pod_template()?;
        let (owner, node_name) = match object {
            Object::Pod(pod) => (pod.meta.owner.clone(), pod.node_name.clone()),
            _ => (None, None),
        };
        Some(Self {
            kind: object.kind().as_str(),
            meta: ObjectMeta { labels: Labels::default(), ..object.meta().clone() },
            template: Arc::clone(template),
            selector: object.selector().cloned(),
            owner,
            node_name,
            file,
            line,
        })
    }
}
