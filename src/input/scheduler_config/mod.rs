//! `KubeSchedulerConfiguration` (kubescheduler.config.k8s.io/v1): from the file to the values of
//! [`crate::api::scheduler_config`], checked as kube-scheduler checks them.

mod profile;
mod shape;

use super::document::{ManifestSource, read_documents, read_sources};
use super::{Diagnostic, Diagnostics, FieldErrors, FieldPath};
use crate::api::scheduler_config::KubeSchedulerConfiguration;
use crate::units::SimDuration;
use profile::{API_VERSION, convert_profile, in_range, read};
use serde_json::Value;
use shape::RawConfig;
use std::collections::BTreeSet;

/// The kind that is read.
const KIND: &str = "KubeSchedulerConfiguration";

/// Reads a configuration from a file. What is wrong, and which fields have no effect, goes to `diagnostics`; `None` with
/// errors.
pub fn load_scheduler_config(
    source: ManifestSource,
    diagnostics: &mut Diagnostics,
) -> Option<KubeSchedulerConfiguration> {
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
) -> KubeSchedulerConfiguration {
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
    let default = KubeSchedulerConfiguration::default();
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
    KubeSchedulerConfiguration {
        percentage_of_nodes_to_score: raw.percentage_of_nodes_to_score,
        pod_initial_backoff: initial,
        pod_max_backoff: max,
        parallelism: raw.parallelism.unwrap_or(default.parallelism),
        profiles: if profiles.is_empty() { default.profiles } else { profiles },
    }
}
