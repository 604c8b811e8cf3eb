//! `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1): plain values, with the defaults of each plugin's
//! arguments filled in. Which plugins a profile runs in the end is the scheduler's business.

use super::document::{ManifestSource, read_documents, read_sources};
use super::manifest::{TypedNotes, convert_node_affinity, convert_spread_constraints, read_typed};
use super::{Diagnostic, Diagnostics, FieldErrors, FieldPath};
use crate::api::{Name, NodeAffinity, TopologySpreadConstraint};
use crate::units::SimDuration;
use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
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

/// The file's shape.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawConfig {
    api_version: Option<String>,
    kind: Option<String>,
    parallelism: Option<i32>,
    percentage_of_nodes_to_score: Option<i32>,
    pod_initial_backoff_seconds: Option<i64>,
    pod_max_backoff_seconds: Option<i64>,
    profiles: Vec<RawProfile>,
    leader_election: Option<Value>,
    client_connection: Option<Value>,
    healthz_bind_address: Option<Value>,
    metrics_bind_address: Option<Value>,
    enable_profiling: Option<Value>,
    enable_contention_profiling: Option<Value>,
    delay_cache_until_active: Option<Value>,
    extenders: Option<Value>,
}

/// One of `profiles`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawProfile {
    scheduler_name: Option<String>,
    percentage_of_nodes_to_score: Option<i32>,
    plugins: RawPlugins,
    plugin_config: Vec<RawPluginConfig>,
}

/// `plugins`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawPlugins {
    pre_enqueue: RawPluginSet,
    queue_sort: RawPluginSet,
    pre_filter: RawPluginSet,
    filter: RawPluginSet,
    post_filter: RawPluginSet,
    pre_score: RawPluginSet,
    score: RawPluginSet,
    reserve: RawPluginSet,
    permit: RawPluginSet,
    pre_bind: RawPluginSet,
    bind: RawPluginSet,
    post_bind: RawPluginSet,
    multi_point: RawPluginSet,
}

/// Plugins of one extension point.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPluginSet {
    enabled: Vec<RawPlugin>,
    disabled: Vec<RawPlugin>,
}

/// A plugin by name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPlugin {
    name: String,
    weight: Option<i32>,
}

/// One of `pluginConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPluginConfig {
    name: String,
    args: Value,
}

/// A resource and its weight.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawResource {
    name: String,
    weight: Option<i64>,
}

/// Arguments of NodeResourcesFit.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawFitArgs {
    api_version: Option<String>,
    kind: Option<String>,
    ignored_resources: Vec<String>,
    ignored_resource_groups: Vec<String>,
    scoring_strategy: Option<RawScoringStrategy>,
}

/// `scoringStrategy`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawScoringStrategy {
    r#type: Option<String>,
    resources: Vec<RawResource>,
    requested_to_capacity_ratio: Option<RawRatio>,
}

/// `requestedToCapacityRatio`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawRatio {
    shape: Vec<RawShapePoint>,
}

/// A point of `shape`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawShapePoint {
    utilization: i32,
    score: i32,
}

/// Arguments of NodeResourcesBalancedAllocation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawBalancedArgs {
    api_version: Option<String>,
    kind: Option<String>,
    resources: Vec<RawResource>,
}

/// Arguments of NodeAffinity.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawNodeAffinityArgs {
    api_version: Option<String>,
    kind: Option<String>,
    added_affinity: Option<core::NodeAffinity>,
}

/// Arguments of PodTopologySpread.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawSpreadArgs {
    api_version: Option<String>,
    kind: Option<String>,
    default_constraints: Vec<core::TopologySpreadConstraint>,
    defaulting_type: Option<String>,
}

/// Arguments of InterPodAffinity.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawInterPodAffinityArgs {
    api_version: Option<String>,
    kind: Option<String>,
    hard_pod_affinity_weight: Option<i32>,
    ignore_preferred_terms_of_existing_pods: Option<bool>,
}

/// Arguments of DefaultPreemption.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawPreemptionArgs {
    api_version: Option<String>,
    kind: Option<String>,
    min_candidate_nodes_percentage: Option<i32>,
    min_candidate_nodes_absolute: Option<i32>,
}

/// Arguments of VolumeBinding.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawVolumeBindingArgs {
    api_version: Option<String>,
    kind: Option<String>,
    bind_timeout_seconds: Option<i64>,
    shape: Vec<RawShapePoint>,
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

/// Reads a value whose type refuses unknown fields; `path` leads to it. With errors the default takes its place.
fn read<T: DeserializeOwned + Default>(value: &Value, path: FieldPath<'_>, errors: &mut FieldErrors) -> T {
    let (mut notes, mut type_errors) = (TypedNotes::default(), Vec::new());
    let read = read_typed(value, &mut notes, &mut type_errors);
    let prefix = path.to_string();
    let full = |own: &str| match (prefix.is_empty(), own.is_empty() || own.starts_with('[')) {
        (true, _) => own.to_owned(),
        (false, true) => format!("{prefix}{own}"),
        (false, false) => format!("{prefix}.{own}"),
    };
    for error in &type_errors {
        errors.push(full(error.path()), error.problem());
    }
    for key in &notes.unknown {
        match key.similar {
            Some(similar) => errors.push(full(&key.path), format_args!("unknown field (did you mean `{similar}`?)")),
            None => errors.push(full(&key.path), "unknown field"),
        }
    }
    read.unwrap_or_default()
}

/// Checks a number against its bounds.
fn in_range(number: Option<i64>, range: std::ops::RangeInclusive<i64>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    let Some(number) = number.filter(|number| !range.contains(number)) else { return };
    if *range.end() >= i64::from(i32::MAX) {
        errors.push(path, format_args!("{number} is too small (expected {} or more)", range.start()));
    } else {
        errors.push(path, format_args!("{number} is out of range (expected {} to {})", range.start(), range.end()));
    }
}

/// Converts a profile.
fn convert_profile(
    raw: &RawProfile,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
    without_effect: &mut Vec<String>,
) -> SchedulerProfile {
    let percentage = raw.percentage_of_nodes_to_score;
    in_range(percentage.map(Into::into), 0..=100, path.key("percentageOfNodesToScore"), errors);
    let plugins_path = path.key("plugins");
    let mut plugins = BTreeMap::new();
    use ExtensionPoint as Point;
    for (set, point, field) in [
        (&raw.plugins.pre_enqueue, Point::PreEnqueue, "preEnqueue"),
        (&raw.plugins.queue_sort, Point::QueueSort, "queueSort"),
        (&raw.plugins.pre_filter, Point::PreFilter, "preFilter"),
        (&raw.plugins.filter, Point::Filter, "filter"),
        (&raw.plugins.post_filter, Point::PostFilter, "postFilter"),
        (&raw.plugins.pre_score, Point::PreScore, "preScore"),
        (&raw.plugins.score, Point::Score, "score"),
        (&raw.plugins.reserve, Point::Reserve, "reserve"),
        (&raw.plugins.permit, Point::Permit, "permit"),
        (&raw.plugins.pre_bind, Point::PreBind, "preBind"),
        (&raw.plugins.bind, Point::Bind, "bind"),
        (&raw.plugins.post_bind, Point::PostBind, "postBind"),
        (&raw.plugins.multi_point, Point::MultiPoint, "multiPoint"),
    ] {
        let set = convert_plugin_set(set, plugins_path.key(field), errors);
        if set != PluginSet::default() {
            plugins.insert(point, set);
        }
    }
    let scheduler_name = raw.scheduler_name.as_deref().unwrap_or(DEFAULT_SCHEDULER_NAME);
    if scheduler_name.is_empty() {
        errors.push(path.key("schedulerName"), "is empty (expected a name)");
    }
    let mut args = PluginArgs::default();
    let mut seen = BTreeSet::new();
    let config_path = path.key("pluginConfig");
    for (index, config) in raw.plugin_config.iter().enumerate() {
        let own_path = config_path.index(index);
        if !seen.insert(config.name.as_str()) {
            errors.push(own_path.key("name"), format_args!("`{}` is given twice (expected once)", config.name));
        }
        if config.args.is_null() {
            continue;
        }
        let args_path = own_path.key("args");
        read_args(&config.name, &config.args, &mut args, args_path, own_path, errors, without_effect);
    }
    SchedulerProfile {
        scheduler_name: Name::from(scheduler_name),
        percentage_of_nodes_to_score: percentage,
        plugins,
        args,
    }
}

/// Converts the plugins of one extension point.
fn convert_plugin_set(raw: &RawPluginSet, path: FieldPath<'_>, errors: &mut FieldErrors) -> PluginSet {
    let mut names = BTreeSet::new();
    for (list, field) in [(&raw.enabled, "enabled"), (&raw.disabled, "disabled")] {
        let list_path = path.key(field);
        for (index, plugin) in list.iter().enumerate() {
            let own_path = list_path.index(index);
            if plugin.name.is_empty() {
                errors.push(own_path.key("name"), "missing (expected a plugin's name)");
            }
            in_range(plugin.weight.map(Into::into), 0..=i64::from(i32::MAX), own_path.key("weight"), errors);
            if field == "enabled" && !names.insert(plugin.name.as_str()) {
                errors.push(own_path.key("name"), format_args!("`{}` is enabled twice (expected once)", plugin.name));
            }
        }
    }
    let enabled = raw.enabled.iter().map(|plugin| EnabledPlugin {
        name: Name::from(plugin.name.as_str()),
        // Weight 0 stands for "not given".
        weight: plugin.weight.filter(|weight| *weight != 0),
    });
    PluginSet {
        enabled: enabled.collect(),
        disabled: raw.disabled.iter().map(|plugin| Name::from(plugin.name.as_str())).collect(),
    }
}

/// Reads the arguments of one plugin.
fn read_args(
    plugin: &str,
    value: &Value,
    args: &mut PluginArgs,
    path: FieldPath<'_>,
    config_path: FieldPath<'_>,
    errors: &mut FieldErrors,
    without_effect: &mut Vec<String>,
) {
    let check_type = |api_version: &Option<String>, kind: &Option<String>, errors: &mut FieldErrors| {
        let expected = format!("{plugin}Args");
        if let Some(version) = api_version.as_deref().filter(|version| *version != API_VERSION) {
            errors
                .push(path.key("apiVersion"), format_args!("`{version}` is not supported (expected `{API_VERSION}`)"));
        }
        if let Some(kind) = kind.as_deref().filter(|kind| *kind != expected) {
            errors.push(path.key("kind"), format_args!("`{kind}` is not this plugin's (expected `{expected}`)"));
        }
    };
    match plugin {
        "NodeResourcesFit" => {
            let raw: RawFitArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            args.node_resources_fit = convert_fit(&raw, path, errors);
        }
        "NodeResourcesBalancedAllocation" => {
            let raw: RawBalancedArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            args.balanced_allocation_resources = convert_resources(&raw.resources, path.key("resources"), errors);
        }
        "NodeAffinity" => {
            let raw: RawNodeAffinityArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            let added = raw.added_affinity.as_ref();
            args.added_affinity = added.map(|own| convert_node_affinity(own, path.key("addedAffinity"), errors));
        }
        "PodTopologySpread" => {
            let raw: RawSpreadArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            args.pod_topology_spread = convert_spread(&raw, path, errors);
        }
        "InterPodAffinity" => {
            let raw: RawInterPodAffinityArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            let weight = raw.hard_pod_affinity_weight;
            in_range(weight.map(Into::into), 0..=100, path.key("hardPodAffinityWeight"), errors);
            let default = InterPodAffinityArgs::default();
            args.inter_pod_affinity = InterPodAffinityArgs {
                hard_pod_affinity_weight: weight.unwrap_or(default.hard_pod_affinity_weight),
                ignore_preferred_terms_of_existing_pods: raw.ignore_preferred_terms_of_existing_pods == Some(true),
            };
        }
        "DefaultPreemption" => {
            let raw: RawPreemptionArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            let default = DefaultPreemptionArgs::default();
            let percentage = raw.min_candidate_nodes_percentage;
            let absolute = raw.min_candidate_nodes_absolute;
            in_range(percentage.map(Into::into), 0..=100, path.key("minCandidateNodesPercentage"), errors);
            in_range(absolute.map(Into::into), 0..=i64::from(i32::MAX), path.key("minCandidateNodesAbsolute"), errors);
            if percentage == Some(0) && absolute == Some(0) {
                errors.push(
                    path,
                    "minCandidateNodesPercentage and minCandidateNodesAbsolute are both 0 (expected one above 0)",
                );
            }
            args.default_preemption = DefaultPreemptionArgs {
                min_candidate_nodes_percentage: percentage.unwrap_or(default.min_candidate_nodes_percentage),
                min_candidate_nodes_absolute: absolute.unwrap_or(default.min_candidate_nodes_absolute),
            };
        }
        "VolumeBinding" => {
            let raw: RawVolumeBindingArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            in_range(raw.bind_timeout_seconds, 0..=i64::MAX, path.key("bindTimeoutSeconds"), errors);
            if raw.bind_timeout_seconds.is_some() {
                without_effect.push(path.key("bindTimeoutSeconds").to_string());
            }
            if !raw.shape.is_empty() {
                without_effect.push(path.key("shape").to_string());
            }
        }
        "DynamicResources" => without_effect.push(path.to_string()),
        _ => errors.push(
            config_path.key("name"),
            format_args!("`{plugin}` has no arguments that are known (expected a plugin of kube-scheduler 1.36)"),
        ),
    }
}

/// Converts the arguments of NodeResourcesFit.
fn convert_fit(raw: &RawFitArgs, path: FieldPath<'_>, errors: &mut FieldErrors) -> NodeResourcesFitArgs {
    let names = |list: &[String]| list.iter().map(|own| Name::from(own.as_str())).collect();
    let strategy_path = path.key("scoringStrategy");
    let empty = RawScoringStrategy::default();
    let raw_strategy = raw.scoring_strategy.as_ref().unwrap_or(&empty);
    let groups_path = path.key("ignoredResourceGroups");
    for (index, group) in raw.ignored_resource_groups.iter().enumerate() {
        if group.contains('/') {
            errors.push(
                groups_path.index(index),
                format_args!("`{group}` holds a slash (expected a prefix such as `example.com`)"),
            );
        }
    }
    let strategy = match raw_strategy.r#type.as_deref() {
        None | Some("LeastAllocated") => ScoringStrategyType::LeastAllocated,
        Some("MostAllocated") => ScoringStrategyType::MostAllocated,
        Some("RequestedToCapacityRatio") => {
            let ratio_path = strategy_path.key("requestedToCapacityRatio");
            let shape = raw_strategy.requested_to_capacity_ratio.as_ref().map_or(&[][..], |ratio| &ratio.shape);
            ScoringStrategyType::RequestedToCapacityRatio(convert_shape(shape, ratio_path.key("shape"), errors))
        }
        Some(other) => {
            errors.push(
                strategy_path.key("type"),
                format_args!(
                    "unknown value `{other}` (expected one of `LeastAllocated`, `MostAllocated`, `RequestedToCapacityRatio`)"
                ),
            );
            ScoringStrategyType::LeastAllocated
        }
    };
    NodeResourcesFitArgs {
        strategy,
        resources: convert_resources(&raw_strategy.resources, strategy_path.key("resources"), errors),
        ignored_resources: names(&raw.ignored_resources),
        ignored_resource_groups: names(&raw.ignored_resource_groups),
    }
}

/// Converts weights of resources: cpu and memory where none are given, weight 1 where it is absent or 0.
fn convert_resources(raw: &[RawResource], path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<ResourceWeight> {
    if raw.is_empty() {
        return default_resources();
    }
    let convert = |(index, resource): (usize, &RawResource)| {
        let own_path = path.index(index);
        if resource.name.is_empty() {
            errors.push(own_path.key("name"), "missing (expected a resource's name)");
        }
        let weight = resource.weight.filter(|weight| *weight != 0).unwrap_or(1);
        in_range(Some(weight), 1..=100, own_path.key("weight"), errors);
        ResourceWeight { name: Name::from(resource.name.as_str()), weight }
    };
    raw.iter().enumerate().map(convert).collect()
}

/// Converts the points of a score function, whose utilizations must rise.
fn convert_shape(raw: &[RawShapePoint], path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<UtilizationShapePoint> {
    if raw.is_empty() {
        errors.push(path, "missing (expected at least one point)");
    }
    let mut before = None;
    for (index, point) in raw.iter().enumerate() {
        let own_path = path.index(index);
        in_range(Some(point.utilization.into()), 0..=100, own_path.key("utilization"), errors);
        in_range(Some(point.score.into()), 0..=10, own_path.key("score"), errors);
        if before.is_some_and(|before| point.utilization <= before) {
            errors.push(
                own_path.key("utilization"),
                format_args!("{} is not above the one before it (expected rising values)", point.utilization),
            );
        }
        before = Some(point.utilization);
    }
    raw.iter().map(|point| UtilizationShapePoint { utilization: point.utilization, score: point.score }).collect()
}

/// Converts the arguments of PodTopologySpread.
fn convert_spread(raw: &RawSpreadArgs, path: FieldPath<'_>, errors: &mut FieldErrors) -> PodTopologySpreadDefaults {
    let constraints_path = path.key("defaultConstraints");
    for (index, constraint) in raw.default_constraints.iter().enumerate() {
        let own_path = constraints_path.index(index);
        in_range(Some(constraint.max_skew.into()), 1..=i64::from(i32::MAX), own_path.key("maxSkew"), errors);
        if constraint.topology_key.is_empty() {
            errors.push(own_path.key("topologyKey"), "missing (expected a node label's key)");
        }
        if constraint.label_selector.is_some() {
            errors.push(
                own_path.key("labelSelector"),
                "is not allowed here (expected none: it is deduced from the pod's owners)",
            );
        }
    }
    let constraints = convert_spread_constraints(&raw.default_constraints, constraints_path, errors);
    match raw.defaulting_type.as_deref() {
        None | Some("" | "System") => {
            if !constraints.is_empty() {
                errors.push(constraints_path, "is given with defaultingType System (expected defaultingType List)");
            }
            PodTopologySpreadDefaults::System
        }
        Some("List") => PodTopologySpreadDefaults::List(constraints),
        Some(other) => {
            errors.push(
                path.key("defaultingType"),
                format_args!("unknown value `{other}` (expected `System` or `List`)"),
            );
            PodTopologySpreadDefaults::System
        }
    }
}
