//! What Kubernetes and the format of scenarios allow and hardly anybody means: each is a warning.
//!
//! Looked at when everything is read, so that it does not matter which file a node, a pod or a budget comes from.

mod amounts;
mod budgets;
mod endless_jobs;
mod given;
mod placement;
mod requests;
mod routes;
mod vertical;

pub use given::Given;

use crate::api::{Kind, Name, Object};
use crate::input::Diagnostics;
use std::collections::BTreeMap;

/// Warns of likely slips.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    amounts::check(given, diagnostics);
    requests::check(given, diagnostics);
    placement::check(given, diagnostics);
    routes::check(given, diagnostics);
    budgets::check(given, diagnostics);
    endless_jobs::check(given, diagnostics);
    check_autoscalers(given, diagnostics);
    vertical::check(given, diagnostics);
}

/// Two autoscalers on one target stop each other (`AmbiguousSelector` of the HPA controller, Kubernetes 1.36).
fn check_autoscalers(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let mut scaled: BTreeMap<(&Name, &Name, &Name), &Name> = BTreeMap::new();
    for object in given.objects {
        let Object::HorizontalPodAutoscaler(hpa) = object else { continue };
        let (target, meta) = (&hpa.scale_target, &hpa.meta);
        let first = *scaled.entry((&meta.namespace, &target.kind, &target.name)).or_insert(&meta.name);
        if *first != meta.name {
            let kind = Kind::HorizontalPodAutoscaler.as_str();
            let message = format!(
                "scales {} `{}`, as {kind} `{first}` does: the controller lets neither scale it (AmbiguousSelector)",
                target.kind, target.name
            );
            diagnostics.push(given.warning_of(object, message));
        }
    }
}
