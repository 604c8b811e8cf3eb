//! From a scenario file to everything that a run needs, or to every error at once.

use super::applied_object::{AppliedObject, ObjectKey, key_of};
use super::cluster_autoscaler::{self, FromManifests, PreparedAutoscaler};
use super::prepared_arrivals::PreparedArrivals;
use crate::api::{Kind, KubernetesVersion, Name, Object, PodTemplate};
use crate::autoscaler::capacity_buffer::BufferRules;
use crate::input::kinds::common::pod_template;
use crate::input::kinds::common::pod_validation::validate_bare_template;
use crate::input::manifest::{LoadedObject, ManifestField, ManifestValue, load_documents};
use crate::input::scenario::{ActionVerb, AnyValue, ArrivalSource, LoadOptions, Scenario, load};
use crate::input::scheduler_config::load_scheduler_config;
use crate::input::trace::{self, TraceFile};
use crate::input::{Diagnostic, Diagnostics, FieldErrors, FieldPath, ManifestSource};
use crate::patch::last_applied;
use crate::scheduler::SchedulerConfig;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What changes how a scenario is prepared.
#[derive(Clone, Debug, Default)]
pub struct PrepareOptions {
    /// `--set PATH=VALUE`, of fields of the scenario and of manifests.
    pub overrides: Vec<(String, String)>,
    /// `-f`: manifests besides those of the scenario.
    pub manifests: Vec<ManifestSource>,
    /// `--traces`: the folder below which traces lie.
    pub traces: Option<PathBuf>,
}

/// A scenario with everything that it refers to.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The scenario.
    pub scenario: Scenario,
    /// Objects that exist at the start.
    pub objects: Vec<Object>,
    /// By action: the objects that it applies.
    pub applied: Vec<Vec<AppliedObject>>,
    /// The documents of those objects that exist at the start and that an action applies again or patches.
    pub documents: BTreeMap<ObjectKey, Map<String, Value>>,
    /// By arrival stream: its pods.
    pub arrivals: Vec<PreparedArrivals>,
    /// Configuration of the scheduler.
    pub scheduler: SchedulerConfig,
    /// The Cluster Autoscaler; `None` if nobody asks for it.
    pub(super) cluster_autoscaler: Option<PreparedAutoscaler>,
    manifests: Vec<ManifestSource>,
    /// What takes the place of fields in manifests.
    values: Vec<ManifestValue>,
}

/// Reads a scenario and everything that it refers to. Warnings come with the result.
///
/// # Errors
/// Every error of every file.
pub fn prepare(path: &Path, options: &PrepareOptions) -> Result<(Prepared, Diagnostics), Diagnostics> {
    let (mut overrides, mut values, mut problems) = (Vec::new(), Vec::new(), Diagnostics::default());
    for (path, text) in &options.overrides {
        match ManifestField::parse(path) {
            None => overrides.push((path.clone(), text.clone())),
            Some(field) => match ManifestValue::from_text(field, path, text) {
                Ok(value) => values.push(value),
                Err(found) => problems.extend(found.iter().cloned()),
            },
        }
    }
    let scenario = load(path, &LoadOptions { overrides, traces: options.traces.clone() });
    match scenario {
        Ok(scenario) if !problems.has_errors() => complete(scenario, &options.manifests, &values),
        Ok(_) => Err(problems),
        Err(mut found) => {
            found.extend(problems.iter().cloned());
            Err(found)
        }
    }
}

/// Reads everything that a scenario refers to, with `values` in the place of fields of manifests.
///
/// # Errors
/// Every error of every file.
pub fn complete(
    scenario: Scenario,
    manifests: &[ManifestSource],
    values: &[ManifestValue],
) -> Result<(Prepared, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let start = start_of(&scenario);
    let relative = |path: &str| ManifestSource::Path(scenario.folder.join(path));
    let mut sources: Vec<ManifestSource> = scenario.spec.manifests.iter().map(|path| relative(path)).collect();
    sources.extend(manifests.iter().cloned());
    let mut diagnostics_of_actions = Diagnostics::default();
    let applied = scenario.actions.iter().map(|action| match &action.verb {
        ActionVerb::Apply(path) => {
            let source = ManifestSource::Path(path.clone());
            let loaded = load_documents(&[source], start, &|_| true, &[], &mut diagnostics_of_actions);
            let applied = |LoadedObject { object, document, .. }| Some(AppliedObject { object, manifest: document? });
            loaded.into_iter().filter_map(applied).collect()
        }
        _ => Vec::new(),
    });
    let applied: Vec<Vec<AppliedObject>> = applied.collect();
    let patched = scenario
        .actions
        .iter()
        .filter_map(|action| action.verb.patched())
        .map(|target| (target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str())));
    let again: BTreeSet<ObjectKey> =
        applied.iter().flatten().map(|applied| key_of(&applied.object)).chain(patched).collect();
    let is_kept = |object: &Object| again.contains(&key_of(object)) || cluster_autoscaler::is_of_interest(object);
    let loaded = load_documents(&sources, start, &is_kept, values, &mut diagnostics);
    diagnostics.extend(diagnostics_of_actions.iter().cloned());
    let mut documents = BTreeMap::new();
    let mut objects = Vec::new();
    let mut autoscaler = FromManifests::default();
    for LoadedObject { object, document, .. } in loaded {
        if let Some(document) = document {
            if cluster_autoscaler::is_of_interest(&object) {
                autoscaler.note(&object, &document);
            }
            let key = key_of(&object);
            if again.contains(&key) {
                documents.insert(key, live_document(document));
            }
        }
        objects.push(object);
    }
    let cluster_autoscaler = cluster_autoscaler::prepare(&scenario, &autoscaler, &mut diagnostics);
    let mut arrivals = Vec::new();
    for (index, stream) in scenario.arrivals.iter().enumerate() {
        match &stream.source {
            ArrivalSource::Generated(generated) => {
                let field = format!("spec.arrivals[{index}].template");
                let mut text = generated.template.0.clone();
                if generated.duration.is_some()
                    && let Some(spec) = text.get_mut("spec").and_then(Value::as_object_mut)
                {
                    // A pod that ends by itself is a task: it is not started again unless the template says so.
                    spec.entry("restartPolicy").or_insert_with(|| "Never".into());
                }
                let template = pod_template(&text, &field, &scenario, &mut diagnostics);
                arrivals.push(PreparedArrivals::Template(Arc::new(template)));
            }
            ArrivalSource::Trace(files) => {
                let pods = TraceFile::read(files.format, &files.pods);
                let pods = pods.map_err(|error| diagnostics.push(table_diagnostic(error))).ok();
                let nodes = match &files.nodes {
                    Some(file) => trace::read_nodes(files.format, file),
                    None => Ok(Vec::new()),
                };
                let nodes = nodes.unwrap_or_else(|error| {
                    diagnostics.push(table_diagnostic(error));
                    Vec::new()
                });
                arrivals.push(PreparedArrivals::Trace { nodes, pods });
            }
        }
    }
    let version = scenario.spec.kubernetes_version;
    let scheduler = match &scenario.spec.scheduler {
        Some(file) => read_scheduler_config(&scenario.folder.join(file), version, &mut diagnostics),
        None => SchedulerConfig::default_of(version),
    };
    super::check::check(&scenario, &objects, &applied, &arrivals, &scheduler, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok((
        Prepared {
            scenario,
            objects,
            applied,
            documents,
            arrivals,
            scheduler,
            cluster_autoscaler,
            manifests: manifests.to_vec(),
            values: values.to_vec(),
        },
        diagnostics,
    ))
}

/// An object at the start as it is live. A manifest was just applied, and so is its own last applied configuration; what
/// kubectl printed of a real cluster is as it is.
fn live_document(document: Map<String, Value>) -> Map<String, Value> {
    let has_uid = document.get("metadata").and_then(|metadata| metadata.get("uid")).is_some_and(Value::is_string);
    let was_applied = last_applied::of(&document).map_or(true, |original| !original.is_empty());
    if has_uid || was_applied { document } else { last_applied::annotated(&document) }
}

impl Prepared {
    /// The calendar time of the scenario's start.
    pub(super) fn start(&self) -> Timestamp {
        start_of(&self.scenario)
    }

    /// Whether there is ever a HorizontalPodAutoscaler, that of a ScaledObject included.
    pub(super) fn has_autoscalers(&self) -> bool {
        self.has_objects_of(Kind::HorizontalPodAutoscaler) || self.has_objects_of(Kind::ScaledObject)
    }

    /// Whether there is ever an object of a kind.
    pub(super) fn has_objects_of(&self, kind: Kind) -> bool {
        let applied = self.applied.iter().flatten().map(|applied| &applied.object);
        self.objects.iter().chain(applied).any(|object| object.kind() == kind)
    }

    /// Whose rules CapacityBuffers follow: those of the autoscaler that keeps them; `None` if none does.
    pub(super) fn buffer_rules(&self) -> Option<BufferRules> {
        let options = self.cluster_autoscaler.as_ref().map(|autoscaler| &autoscaler.options);
        let given = self.scenario.spec.karpenter.as_ref();
        if options.is_some_and(|options| options.capacity_buffer_controller_enabled) {
            Some(BufferRules::ClusterAutoscaler)
        } else if given.is_some_and(|karpenter| karpenter.feature_gates.capacity_buffer) {
            Some(BufferRules::Karpenter)
        } else {
            None
        }
    }

    /// Whether Karpenter runs.
    pub(super) fn has_karpenter(&self) -> bool {
        let applied = self.applied.iter().flatten().map(|applied| &applied.object);
        self.scenario.spec.karpenter.is_some()
            || self.objects.iter().chain(applied).any(|object| matches!(object, Object::NodePool(_)))
    }

    /// The same scenario with other values at some paths, also of manifests: a point of a sweep. Files are read again, since
    /// the paths may lead to other ones.
    ///
    /// # Errors
    /// Every error of the changed scenario.
    pub fn with_values(&self, values: &[(&str, &AnyValue)]) -> Result<Self, Diagnostics> {
        let mut of_scenario = Vec::new();
        let mut of_manifests = self.values.clone();
        for (path, value) in values {
            match ManifestField::parse(path) {
                None => of_scenario.push((*path, *value)),
                Some(field) => {
                    let origin: Arc<str> = format!("sweep point {path}={}", value.0).into();
                    let refused = |message| Diagnostics::from(Diagnostic::error(origin.clone(), message));
                    let field = field.map_err(refused)?;
                    of_manifests.push(ManifestValue { field, value: value.0.clone(), origin });
                }
            }
        }
        let scenario = self.scenario.with_values(&of_scenario)?;
        complete(scenario, &self.manifests, &of_manifests).map(|(prepared, _)| prepared)
    }
}

/// Reads a `KubeSchedulerConfiguration` for the rules of `version`. What is wrong goes to `diagnostics`; the result then is the default.
pub fn read_scheduler_config(
    file: &Path,
    version: KubernetesVersion,
    diagnostics: &mut Diagnostics,
) -> SchedulerConfig {
    let source = ManifestSource::Path(file.to_owned());
    let Some(read) = load_scheduler_config(source, diagnostics) else { return SchedulerConfig::default() };
    SchedulerConfig::new(&read, version).unwrap_or_else(|error| {
        diagnostics.push(Diagnostic::error(file.display().to_string(), error).in_field("profiles"));
        SchedulerConfig::default()
    })
}

fn start_of(scenario: &Scenario) -> Timestamp {
    super::settings::calendar_start(&scenario.spec)
}

/// Converts the pod template of an arrival stream.
fn pod_template(
    text: &Map<String, Value>,
    field: &str,
    scenario: &Scenario,
    diagnostics: &mut Diagnostics,
) -> PodTemplate {
    let parsed: Result<PodTemplateSpec, _> = serde_json::from_value(Value::Object(text.clone()));
    let mut template = match parsed {
        Ok(template) => template,
        Err(error) => {
            diagnostics.push(scenario.error_at(field, format!("is not a pod template: {error}")));
            return PodTemplate::default();
        }
    };
    if let Some(spec) = &mut template.spec {
        pod_template::set_defaults(spec);
    }
    let mut errors = FieldErrors::default();
    validate_bare_template(&template, FieldPath::Root, &mut errors);
    let converted = pod_template::convert_template(&template, FieldPath::Root, &mut errors);
    for error in errors.into_vec() {
        diagnostics.push(scenario.error_at(&format!("{field}.{}", error.field), error.problem));
    }
    converted
}

/// A problem of a trace or other table.
fn table_diagnostic(error: crate::input::TableError) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Name::from(error.file.display().to_string()), error.message);
    if error.line > 0 {
        diagnostic.line = usize::try_from(error.line).ok();
    }
    if !error.column.is_empty() {
        diagnostic.field = Some(error.column);
    }
    diagnostic.hint = error.hint;
    diagnostic
}
