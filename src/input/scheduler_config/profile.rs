//! Profiles: plugins by extension point and the arguments of each plugin, checked as kube-scheduler checks them.

use super::shape::{
    RawBalancedArgs, RawFitArgs, RawInterPodAffinityArgs, RawNodeAffinityArgs, RawPluginSet, RawPreemptionArgs,
    RawProfile, RawResource, RawScoringStrategy, RawShapePoint, RawSpreadArgs, RawVolumeBindingArgs,
};
use crate::api::scheduler_config::{
    DEFAULT_SCHEDULER_NAME, DefaultPreemptionArgs, DefaultSpreadConstraints, EnabledPlugin, ExtensionPoint,
    InterPodAffinityArgs, KubeSchedulerProfile, NodeResourcesFitArgs, PluginArgs, PluginSet, ResourceWeight,
    ScoringStrategy,
};
use crate::api::{Name, ResourceKey};
use crate::input::document::typed::{Notes, read as read_typed};
use crate::input::kinds::common::scheduling::{convert_node_affinity, convert_spread_constraints};
use crate::input::{FieldErrors, FieldPath};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The API version that is read.
pub const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";

/// Reads a value whose type refuses unknown fields; `path` leads to it. With errors the default takes its place.
pub fn read<T: DeserializeOwned + Default>(value: &Value, path: FieldPath<'_>, errors: &mut FieldErrors) -> T {
    let (mut notes, mut type_errors) = (Notes::default(), Vec::new());
    let read = read_typed(value, |_| None, &mut notes, &mut type_errors);
    let prefix = path.to_string();
    let full = |inner: &str| match (prefix.is_empty(), inner.is_empty() || inner.starts_with('[')) {
        (true, _) => inner.to_owned(),
        (false, true) => format!("{prefix}{inner}"),
        (false, false) => format!("{prefix}.{inner}"),
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
pub fn in_range(
    number: Option<i64>,
    range: std::ops::RangeInclusive<i64>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let Some(number) = number.filter(|number| !range.contains(number)) else { return };
    if *range.end() >= i64::from(i32::MAX) {
        errors.push(path, format_args!("{number} is too small (expected {} or more)", range.start()));
    } else {
        errors.push(path, format_args!("{number} is out of range (expected {} to {})", range.start(), range.end()));
    }
}

/// Converts a profile.
pub fn convert_profile(
    raw: &RawProfile,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
    without_effect: &mut Vec<String>,
) -> KubeSchedulerProfile {
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
            // Pods are sorted and bound by the default plugins; the others of these points never refuse one here.
            if matches!(
                point,
                Point::QueueSort | Point::Reserve | Point::Permit | Point::PreBind | Point::Bind | Point::PostBind
            ) {
                without_effect.push(plugins_path.key(field).to_string());
            }
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
        let entry_path = config_path.index(index);
        if !seen.insert(config.name.as_str()) {
            errors.push(entry_path.key("name"), format_args!("`{}` is given twice (expected once)", config.name));
        }
        if config.args.is_null() {
            continue;
        }
        let args_path = entry_path.key("args");
        read_args(&config.name, &config.args, &mut args, args_path, entry_path, errors, without_effect);
    }
    KubeSchedulerProfile {
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
            let item_path = list_path.index(index);
            if plugin.name.is_empty() {
                errors.push(item_path.key("name"), "missing (expected a plugin's name)");
            }
            in_range(plugin.weight.map(Into::into), 0..=i64::from(i32::MAX), item_path.key("weight"), errors);
            if field == "enabled" && !names.insert(plugin.name.as_str()) {
                errors.push(item_path.key("name"), format_args!("`{}` is enabled twice (expected once)", plugin.name));
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
            args.fit = convert_fit(&raw, path, errors);
        }
        "NodeResourcesBalancedAllocation" => {
            let raw: RawBalancedArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            let resources = convert_resources(&raw.resources, path.key("resources"), errors);
            args.balanced_resources = resources.into_iter().map(|weighted| weighted.resource).collect();
        }
        "NodeAffinity" => {
            let raw: RawNodeAffinityArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            let added = raw.added_affinity.as_ref();
            args.added_affinity =
                added.map(|affinity| convert_node_affinity(affinity, path.key("addedAffinity"), errors));
        }
        "PodTopologySpread" => {
            let raw: RawSpreadArgs = read(value, path, errors);
            check_type(&raw.api_version, &raw.kind, errors);
            args.default_spread_constraints = convert_spread(&raw, path, errors);
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
            args.preemption = DefaultPreemptionArgs {
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
    let names = |list: &[String]| list.iter().map(|name| Name::from(name.as_str())).collect();
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
        None | Some("LeastAllocated") => ScoringStrategy::LeastAllocated,
        Some("MostAllocated") => ScoringStrategy::MostAllocated,
        Some("RequestedToCapacityRatio") => {
            let ratio_path = strategy_path.key("requestedToCapacityRatio");
            let shape = raw_strategy.requested_to_capacity_ratio.as_ref().map_or(&[][..], |ratio| &ratio.shape);
            ScoringStrategy::RequestedToCapacityRatio { shape: convert_shape(shape, ratio_path.key("shape"), errors) }
        }
        Some(unknown) => {
            errors.push(
                strategy_path.key("type"),
                format_args!(
                    "unknown value `{unknown}` (expected one of `LeastAllocated`, `MostAllocated`, `RequestedToCapacityRatio`)"
                ),
            );
            ScoringStrategy::LeastAllocated
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
        return NodeResourcesFitArgs::default().resources;
    }
    let convert = |(index, resource): (usize, &RawResource)| {
        let item_path = path.index(index);
        if resource.name.is_empty() {
            errors.push(item_path.key("name"), "missing (expected a resource's name)");
        }
        let weight = resource.weight.filter(|weight| *weight != 0).unwrap_or(1);
        in_range(Some(weight), 1..=100, item_path.key("weight"), errors);
        ResourceWeight { resource: ResourceKey::from_name(&resource.name), weight }
    };
    raw.iter().enumerate().map(convert).collect()
}

/// Converts the points of a score function, whose utilizations must rise.
fn convert_shape(raw: &[RawShapePoint], path: FieldPath<'_>, errors: &mut FieldErrors) -> Vec<(i64, i64)> {
    if raw.is_empty() {
        errors.push(path, "missing (expected at least one point)");
    }
    let mut before = None;
    for (index, point) in raw.iter().enumerate() {
        let item_path = path.index(index);
        in_range(Some(point.utilization.into()), 0..=100, item_path.key("utilization"), errors);
        in_range(Some(point.score.into()), 0..=10, item_path.key("score"), errors);
        if before.is_some_and(|before| point.utilization <= before) {
            errors.push(
                item_path.key("utilization"),
                format_args!("{} is not above the one before it (expected rising values)", point.utilization),
            );
        }
        before = Some(point.utilization);
    }
    raw.iter().map(|point| (point.utilization.into(), point.score.into())).collect()
}

/// Converts the arguments of PodTopologySpread.
fn convert_spread(raw: &RawSpreadArgs, path: FieldPath<'_>, errors: &mut FieldErrors) -> DefaultSpreadConstraints {
    let constraints_path = path.key("defaultConstraints");
    for (index, constraint) in raw.default_constraints.iter().enumerate() {
        let item_path = constraints_path.index(index);
        in_range(Some(constraint.max_skew.into()), 1..=i64::from(i32::MAX), item_path.key("maxSkew"), errors);
        if constraint.topology_key.is_empty() {
            errors.push(item_path.key("topologyKey"), "missing (expected a node label's key)");
        }
        if constraint.label_selector.is_some() {
            errors.push(
                item_path.key("labelSelector"),
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
            DefaultSpreadConstraints::System
        }
        Some("List") => DefaultSpreadConstraints::List(constraints),
        Some(unknown) => {
            errors.push(
                path.key("defaultingType"),
                format_args!("unknown value `{unknown}` (expected `System` or `List`)"),
            );
            DefaultSpreadConstraints::System
        }
    }
}
