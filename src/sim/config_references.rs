//! Which references of pods to ConfigMaps and the like are waited for.
//!
//! A real kubelet waits for every object that a pod needs. Manifests often leave these objects out, since tools and
//! people make them elsewhere. As long as no manifest of a scenario holds any object of a kind, all objects of that kind
//! are taken as existing, and a warning counts the references to them.

use super::prepared_arrivals::PreparedArrivals;
use crate::api::{ConfigKind, Object, PodTemplate};
use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The kinds of which the manifests hold an object.
pub fn given_kinds<'o>(objects: impl Iterator<Item = &'o Object>) -> BTreeSet<ConfigKind> {
    objects.filter_map(|object| if let Object::Config(config) = object { Some(config.kind) } else { None }).collect()
}

/// Warns of references to objects that are taken as existing.
pub fn check(scenario: &Scenario, all: &[&Object], arrivals: &[PreparedArrivals], diagnostics: &mut Diagnostics) {
    let given = given_kinds(all.iter().copied());
    let of_objects = all.iter().filter_map(|object| object.pod_template());
    let of_arrivals = arrivals.iter().filter_map(|stream| match stream {
        PreparedArrivals::Template(template) => Some(template),
        PreparedArrivals::Trace { .. } => None,
    });
    let templates: Vec<&Arc<PodTemplate>> = of_objects.chain(of_arrivals).collect();
    let count = |kind: &ConfigKind| {
        let references = templates.iter().flat_map(|template| &template.spec.config_references.0);
        references.filter(|reference| reference.kind == *kind).count()
    };
    let assumed: Vec<(ConfigKind, usize)> = ConfigKind::ALL
        .iter()
        .filter(|kind| !given.contains(kind))
        .map(|kind| (*kind, count(kind)))
        .filter(|(_, count)| *count > 0)
        .collect();
    if assumed.is_empty() {
        return;
    }
    let counts: Vec<String> = assumed.iter().map(|(kind, count)| format!("{count} to {}s", kind.as_str())).collect();
    let message = format!(
        "references of pods are taken as existing, because no manifest holds an object of that kind: {}",
        counts.join(", ")
    );
    diagnostics.push(Diagnostic::warning(scenario.file.display().to_string(), message));
}
