//! From files to a question: the cluster, the pod, the scheduler's profiles, or every error at once.

use super::placer::profile_of;
use super::pod::PodToFit;
use super::workloads::place_workloads;
use crate::api::{KubernetesVersion, Object};
use crate::input::manifest::{LoadedPod, PodSource, load_objects, load_pod};
use crate::input::scenario;
use crate::input::{Diagnostic, Diagnostics, ManifestSource};
use crate::scheduler::{Profile, SchedulerConfig};
use crate::sim::{read_scheduler_config, starting_nodes};
use crate::study::cluster_view::{ClusterView, ViewedPod};
use jiff::Timestamp;
use std::path::PathBuf;

/// How many names a note gives before it counts the rest.
const NAMED: usize = 3;

/// Where a question's objects are read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Manifests or dumps of the cluster.
    pub cluster: Vec<ManifestSource>,
    /// A scenario, whose nodes and manifests come first. The pods of its workloads are placed before anything is asked.
    pub scenario: Option<PathBuf>,
    /// The pod or workload that is asked about.
    pub pod: Option<ManifestSource>,
    /// A KubeSchedulerConfiguration.
    pub scheduler_config: Option<PathBuf>,
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// Whether the cluster must have a node.
    pub needs_nodes: bool,
}

/// A cluster and who is asked about it.
#[derive(Clone, Debug)]
pub struct Study {
    /// All objects as they were read.
    pub objects: Vec<Object>,
    /// The cluster as the scheduler sees it.
    pub view: ClusterView,
    /// The pod, if one is asked about.
    pub pod: Option<PodToFit>,
    /// The scheduler's profiles.
    pub profiles: Vec<Profile>,
    /// What is to be known about the cluster and the pod.
    pub notes: Vec<String>,
}

/// Reads everything. Warnings come with the result.
///
/// # Errors
/// Every error of every file.
pub fn prepare(sources: &Sources) -> Result<(Study, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // The times of a dump bear on no decision that is asked for here.
    let start = Timestamp::UNIX_EPOCH;
    let scenario = match &sources.scenario {
        Some(path) => Some(scenario::load(path, &scenario::LoadOptions::default())?),
        None => None,
    };
    diagnostics.extend(scenario.iter().flat_map(|scenario| scenario.warnings.iter().cloned()));
    let relative = |path: &String| {
        ManifestSource::Path(scenario.as_ref().map_or_else(|| path.into(), |scenario| scenario.folder.join(path)))
    };
    let manifests = scenario.iter().flat_map(|scenario| &scenario.spec.manifests).map(relative);
    let cluster: Vec<ManifestSource> = manifests.chain(sources.cluster.iter().cloned()).collect();
    let loaded = load_objects(&cluster, start, &mut diagnostics);
    let mut objects: Vec<Object> = scenario.iter().flat_map(starting_nodes).map(Object::Node).collect();
    objects.extend(loaded.into_iter().map(|loaded| loaded.object));
    let pod = sources.pod.as_ref().and_then(|source| {
        let PodSource { pod, others } = load_pod(source, start, &mut diagnostics);
        for loaded in others {
            // What stands beside the pod is applied with it, unless the cluster has it already.
            let (kind, meta) = (loaded.object.kind(), loaded.object.meta());
            let is_there = |known: &Object| {
                known.kind() == kind && known.meta().name == meta.name && known.meta().namespace == meta.namespace
            };
            if !matches!(loaded.object, Object::Node(_)) && !objects.iter().any(is_there) {
                objects.push(loaded.object);
            }
        }
        pod
    });
    let of_scenario =
        scenario.as_ref().and_then(|scenario| Some(scenario.folder.join(scenario.spec.scheduler.as_ref()?)));
    let config = match sources.scheduler_config.as_ref().or(of_scenario.as_ref()) {
        Some(file) => read_scheduler_config(file, sources.version, &mut diagnostics),
        None => SchedulerConfig::default_of(sources.version),
    };
    if sources.needs_nodes
        && !diagnostics.has_errors()
        && !objects.iter().any(|object| matches!(object, Object::Node(_)))
    {
        let scenario = sources.scenario.iter().map(|path| path.display().to_string());
        let names: Vec<String> = scenario.chain(sources.cluster.iter().map(source_name)).collect();
        let error = Diagnostic::error(names.join(", "), "holds no Node (expected the cluster's nodes)");
        let hint = "kubectl get nodes,pods -A -o yaml prints nodes and pods in one list";
        diagnostics.push(error.with_hint(Some(hint.to_owned())));
    }
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let profiles = config.profiles;
    let mut view = ClusterView::new(&objects, sources.version);
    let mut notes = Vec::new();
    if !view.stray.is_empty() {
        let count = view.stray.len();
        notes.push(format!("{} on nodes that are not among the objects: left out", listed(count, &view.stray)));
    }
    let pending: Vec<String> = view.pending().map(ViewedPod::full_name).collect();
    if !pending.is_empty() {
        notes.push(format!("{} waiting for a node: left out", listed(pending.len(), &pending)));
    }
    if scenario.is_some() {
        place_workloads(&objects, &mut view, &profiles, &mut notes);
    }
    let asked = match &pod {
        Some(loaded) => Some(ask(loaded, &objects, &mut view, &profiles, &mut notes)?),
        None => None,
    };
    Ok((Study { objects, view, pod: asked, profiles, notes }, diagnostics))
}

/// The pod that is asked about.
///
/// # Errors
/// The API server refuses the pod, or no profile serves it.
fn ask(
    loaded: &LoadedPod,
    objects: &[Object],
    view: &mut ClusterView,
    profiles: &[Profile],
    notes: &mut Vec<String>,
) -> Result<PodToFit, Diagnostics> {
    let name = format!("{} {}/{}", loaded.kind, loaded.meta.namespace, loaded.meta.name);
    let error =
        |message: String| Diagnostic::error(loaded.file.clone(), message).at((loaded.line, 1)).of_object(name.clone());
    let asked = PodToFit::new(loaded, objects, view, notes)
        .map_err(|refusal| Diagnostics::from(error(format!("the API server would refuse its pod: {refusal}"))))?;
    if profile_of(profiles, asked.info()).is_some() {
        return Ok(asked);
    }
    let names: Vec<&str> = profiles.iter().map(|profile| &*profile.scheduler_name).collect();
    let scheduler = &asked.info().spec().scheduler_name;
    let field = match loaded.kind {
        "Pod" => "spec.schedulerName",
        "CronJob" => "spec.jobTemplate.spec.template.spec.schedulerName",
        _ => "spec.template.spec.schedulerName",
    };
    let message = format!("`{scheduler}` is no profile of the scheduler (expected {})", names.join(" or "));
    Err(error(message).in_field(field).into())
}

/// `3 pods (a/b, a/c, a/d)`, with at most a few names.
fn listed(count: usize, names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if count > NAMED { ", ..." } else { "" };
    let (noun, verb) = if count == 1 { ("pod", "is") } else { ("pods", "are") };
    format!("{count} {noun} ({shown}{more}) {verb}")
}

fn source_name(source: &ManifestSource) -> String {
    match source {
        ManifestSource::Path(path) => path.display().to_string(),
        ManifestSource::Text { name, .. } => name.to_string(),
    }
}
