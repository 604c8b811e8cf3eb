//! `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1): plain values, with the defaults of each plugin's
//! arguments filled in. Which plugins a profile runs in the end is the scheduler's business.

mod profile;
mod shape;

use super::document::{ManifestSource, read_documents, read_sources};
use super::{Diagnostic, Diagnostics, FieldErrors, FieldPath};
use crate::api::{Name, NodeAffinity, TopologySpreadConstraint};
use crate::units::SimDuration;
use profile::{convert_profile, in_range, read};
use serde_json::Value;
use shape::RawConfig;
use std::collections::{BTreeMap, BTreeSet};

/// The API version that is read.
const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
/// The kind that is read.
const KIND: &str = "KubeSchedulerConfiguration";
/// The profile's name where it is absent.
const DEFAULT_SCHEDULER_NAME: &str = "default-scheduler";

/// Where a plugin takes part in scheduling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the extension point of its name")]
pub enum ExtensionPoint {
    PreEnqueue,
    QueueSort,
    PreFilter,
    Filter,
    PostFilter,
    PreScore,
    Score,
    Reserve,
    Permit,
    PreBind,
    Bind,
    PostBind,
    /// All points that the plugin implements.
    MultiPoint,
}

/// A plugin that a profile enables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnabledPlugin {
    /// Its name.
    pub name: Name,
    /// Its weight in Score; `None` is the default's.
    pub weight: Option<i32>,
}

/// Changes to the default plugins of one extension point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginSet {
    /// Plugins to add, in order.
    pub enabled: Vec<EnabledPlugin>,
    /// Plugins to take away; `*` is all.
    pub disabled: Vec<Name>,
}

/// A resource and its weight in a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceWeight {
    /// Resource name.
    pub name: Name,
    /// Weight, 1 to 100.
    pub weight: i64,
}

/// A point of the `RequestedToCapacityRatio` function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtilizationShapePoint {
    /// Utilization in percent.
    pub utilization: i32,
    /// Score, 0 to 10.
    pub score: i32,
}

/// How NodeResourcesFit scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategyType {
    /// Empty nodes first; the default.
    LeastAllocated,
    /// Full nodes first.
    MostAllocated,
    /// By a function of the utilization.
    RequestedToCapacityRatio(Vec<UtilizationShapePoint>),
}

/// Arguments of NodeResourcesFit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeResourcesFitArgs {
    /// `scoringStrategy.type` and its parameters.
    pub strategy: ScoringStrategyType,
    /// `scoringStrategy.resources`.
    pub resources: Vec<ResourceWeight>,
    /// Extended resources that the filter leaves out.
    pub ignored_resources: Vec<Name>,
    /// Prefixes of extended resources that the filter leaves out.
    pub ignored_resource_groups: Vec<Name>,
}

impl Default for NodeResourcesFitArgs {
    fn default() -> Self {
        Self {
            strategy: ScoringStrategyType::LeastAllocated,
            resources: default_resources(),
            ignored_resources: Vec::new(),
            ignored_resource_groups: Vec::new(),
        }
    }
}

/// Cpu and memory with weight 1, which both resource plugins score by default.
fn default_resources() -> Vec<ResourceWeight> {
    ["cpu", "memory"].into_iter().map(|name| ResourceWeight { name: name.into(), weight: 1 }).collect()
}

/// Which constraints pods without their own get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PodTopologySpreadDefaults {
    /// `defaultingType: System`: the scheduler's built-in soft constraints.
    #[default]
    System,
    /// `defaultingType: List`: these.
    List(Vec<TopologySpreadConstraint>),
}

/// Arguments of InterPodAffinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterPodAffinityArgs {
    /// Score for a required affinity term of an existing pod that matches, 0 to 100.
    pub hard_pod_affinity_weight: i32,
    /// Whether preferred terms of existing pods are left out for pods without terms of their own.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_pod_affinity_weight: 1, ignore_preferred_terms_of_existing_pods: false }
    }
}

/// Arguments of DefaultPreemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPreemptionArgs {
    /// Candidates to look at, in percent of the nodes.
    pub min_candidate_nodes_percentage: i32,
    /// Candidates to look at, at least.
    pub min_candidate_nodes_absolute: i32,
}

impl Default for DefaultPreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_nodes_percentage: 10, min_candidate_nodes_absolute: 100 }
    }
}

/// Arguments of all plugins of a profile, defaults where the file is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginArgs {
    /// NodeResourcesFit.
    pub node_resources_fit: NodeResourcesFitArgs,
    /// `resources` of NodeResourcesBalancedAllocation.
    pub balanced_allocation_resources: Vec<ResourceWeight>,
    /// `addedAffinity` of NodeAffinity.
    pub added_affinity: Option<NodeAffinity>,
    /// `defaultConstraints` and `defaultingType` of PodTopologySpread.
    pub pod_topology_spread: PodTopologySpreadDefaults,
    /// InterPodAffinity.
    pub inter_pod_affinity: InterPodAffinityArgs,
    /// DefaultPreemption.
    pub default_preemption: DefaultPreemptionArgs,
}

impl Default for PluginArgs {
    fn default() -> Self {
        Self {
            node_resources_fit: NodeResourcesFitArgs::default(),
            balanced_allocation_resources: default_resources(),
            added_affinity: None,
            pod_topology_spread: PodTopologySpreadDefaults::default(),
            inter_pod_affinity: InterPodAffinityArgs::default(),
            default_preemption: DefaultPreemptionArgs::default(),
        }
    }
}

/// One of `profiles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerProfile {
    /// `schedulerName`: which pods it schedules.
    pub scheduler_name: Name,
    /// `percentageOfNodesToScore` of the profile.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// Changes to the default plugins.
    pub plugins: BTreeMap<ExtensionPoint, PluginSet>,
    /// Arguments of the plugins.
    pub args: PluginArgs,
}

impl Default for SchedulerProfile {
    fn default() -> Self {
        Self {
            scheduler_name: DEFAULT_SCHEDULER_NAME.into(),
            percentage_of_nodes_to_score: None,
            plugins: BTreeMap::new(),
            args: PluginArgs::default(),
        }
    }
}

/// A scheduler's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// `percentageOfNodesToScore`; `None` and 0 are adaptive.
    pub percentage_of_nodes_to_score: Option<i32>,
    /// `podInitialBackoffSeconds`.
    pub pod_initial_backoff: SimDuration,
    /// `podMaxBackoffSeconds`.
    pub pod_max_backoff: SimDuration,
    /// `parallelism`: nodes that are filtered at a time.
    pub parallelism: i32,
    /// `profiles`, at least one.
    pub profiles: Vec<SchedulerProfile>,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            percentage_of_nodes_to_score: None,
            pod_initial_backoff: SimDuration::from_secs(1),
            pod_max_backoff: SimDuration::from_secs(10),
            parallelism: 16,
            profiles: vec![SchedulerProfile::default()],
        }
    }
}

/// Reads a configuration from a file. What is wrong, and which fields have no effect, goes to `diagnostics`; `None` with
/// errors.
pub fn load_scheduler_config(source: ManifestSource, diagnostics: &mut Diagnostics) -> Option<SchedulerConfig> {
    let had_errors = diagnostics.errors().count();
    let files = read_sources(&[source], diagnostics);
    let documents: Vec<_> = files.iter().flat_map(|file| read_documents(file, diagnostics)).collect();
    let [document] = documents.as_slice() else {
        if let (Some(file), true) = (files.first(), diagnostics.errors().count() == had_errors) {
            let message = format!("holds {} documents (expected one {KIND})", documents.len());
            diagnostics.push(Diagnostic::error(file.name.clone(), message));
        }
        return None;
    };
    let place = document.place();
    let (mut errors, mut without_effect) = (FieldErrors::default(), Vec::new());
    for (field, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if document.value.get(field).is_none() {
            errors.push(field, format_args!("missing (expected `{expected}`)"));
        }
    }
    let config = parse_scheduler_config(&document.value, &mut errors, &mut without_effect);
    for error in errors.into_vec() {
        diagnostics.push(
            Diagnostic::error(place.file(), error.problem).at(place.position(&error.field)).in_field(error.field),
        );
    }
    for field in without_effect {
        let message = "is not simulated and has no effect";
        diagnostics.push(Diagnostic::warning(place.file(), message).at(place.position(&field)).in_field(field));
    }
    (diagnostics.errors().count() == had_errors).then_some(config)
}

/// Reads a configuration from a value, which need not have `apiVersion` and `kind`. Paths of fields that are known and
/// have no effect are added to `without_effect`.
pub fn parse_scheduler_config(
    value: &Value,
    errors: &mut FieldErrors,
    without_effect: &mut Vec<String>,
) -> SchedulerConfig {
    let root = FieldPath::Root;
    let raw: RawConfig = read(value, root, errors);
    for (text, field, expected) in [(&raw.api_version, "apiVersion", API_VERSION), (&raw.kind, "kind", KIND)] {
        if let Some(text) = text.as_deref().filter(|text| *text != expected) {
            errors.push(field, format_args!("`{text}` is not supported (expected `{expected}`)"));
        }
    }
    for (given, field) in [
        (&raw.leader_election, "leaderElection"),
        (&raw.client_connection, "clientConnection"),
        (&raw.healthz_bind_address, "healthzBindAddress"),
        (&raw.metrics_bind_address, "metricsBindAddress"),
        (&raw.enable_profiling, "enableProfiling"),
        (&raw.enable_contention_profiling, "enableContentionProfiling"),
        (&raw.delay_cache_until_active, "delayCacheUntilActive"),
        (&raw.extenders, "extenders"),
    ] {
        if given.is_some() {
            without_effect.push(field.to_owned());
        }
    }
    // One node is looked at after the other, as with one worker: only then is a decision reproducible.
    if raw.parallelism.is_some() {
        without_effect.push("parallelism".to_owned());
    }
    let default = SchedulerConfig::default();
    let mut bounded = |number: Option<i64>, range: std::ops::RangeInclusive<i64>, field| {
        in_range(number, range, root.key(field), errors);
    };
    bounded(raw.percentage_of_nodes_to_score.map(Into::into), 0..=100, "percentageOfNodesToScore");
    bounded(raw.pod_initial_backoff_seconds, 1..=i64::MAX, "podInitialBackoffSeconds");
    bounded(raw.parallelism.map(Into::into), 1..=i64::from(i32::MAX), "parallelism");
    let initial = raw.pod_initial_backoff_seconds.map_or(default.pod_initial_backoff, SimDuration::from_secs);
    let max = raw.pod_max_backoff_seconds.map_or(default.pod_max_backoff, SimDuration::from_secs);
    if max < initial {
        errors.push(
            "podMaxBackoffSeconds",
            format_args!("{max} is below podInitialBackoffSeconds of {initial} (expected at least that)"),
        );
    }
    let mut names = BTreeSet::new();
    let profiles_path = root.key("profiles");
    let mut profiles = Vec::new();
    for (index, profile) in raw.profiles.iter().enumerate() {
        let path = profiles_path.index(index);
        let profile = convert_profile(profile, path, errors, without_effect);
        if !names.insert(profile.scheduler_name.clone()) {
            errors.push(
                path.key("schedulerName"),
                format_args!("`{}` is given twice (expected distinct names)", profile.scheduler_name),
            );
        }
        profiles.push(profile);
    }
    SchedulerConfig {
        percentage_of_nodes_to_score: raw.percentage_of_nodes_to_score,
        pod_initial_backoff: initial,
        pod_max_backoff: max,
        parallelism: raw.parallelism.unwrap_or(default.parallelism),
        profiles: if profiles.is_empty() { default.profiles } else { profiles },
    }
}
