//! One run: a scenario whose objectives and charts name metrics that exist.

use crate::input::scenario::Scenario;
use crate::input::{Diagnostic, Diagnostics};
use crate::report::{self, Objective};
use crate::sim::{self, PrepareOptions, Prepared};
use std::path::Path;

/// Reads a scenario with everything that it refers to, and checks the names of metrics in it. Warnings come with the
/// result.
///
/// # Errors
/// Every problem that was found, warnings included.
pub fn prepare(path: &Path, options: &PrepareOptions) -> Result<(Prepared, Diagnostics), Diagnostics> {
    let (prepared, found) = sim::prepare(path, options)?;
    let mut warnings = Diagnostics::default();
    // Warnings of the scenario stand before those of the manifests.
    warnings.extend(
        prepared.scenario.warnings.iter().filter(|warning| !found.iter().any(|other| other == *warning)).cloned(),
    );
    warnings.extend(found.iter().cloned());
    let mut unknown = unknown_metrics(&prepared.scenario).chain(misplaced_metrics(&prepared.scenario)).peekable();
    if unknown.peek().is_none() {
        drop(unknown);
        return Ok((prepared, warnings));
    }
    let mut problems = Diagnostics::default();
    problems.extend(unknown);
    problems.extend(warnings.iter().cloned());
    Err(problems)
}

/// The scenario's objectives as the report takes them.
#[must_use]
pub fn objectives(scenario: &Scenario) -> Vec<Objective> {
    let objective = |written: &crate::input::scenario::Objective| Objective {
        metric: written.metric.clone(),
        traffic: written.traffic.clone(),
        of_intervals: written.of_intervals,
        min: written.min,
        max: written.max,
    };
    scenario.spec.objectives.iter().map(objective).collect()
}

/// Metrics that an objective on a traffic entry, or on the intervals of one, cannot be about.
fn misplaced_metrics(scenario: &Scenario) -> impl Iterator<Item = Diagnostic> + '_ {
    scenario.spec.objectives.iter().enumerate().filter_map(|(index, objective)| {
        let metric = &objective.metric;
        let problem = if objective.traffic.is_none() || !report::is_metric(metric) {
            return None;
        } else if !report::is_request_metric(metric) {
            format!("`{metric}` is no metric of requests, which an objective with `traffic` is about")
        } else if objective.of_intervals.is_some() && !report::is_interval_metric(metric) {
            format!("`{metric}` is not known for each interval, which `ofIntervals` needs")
        } else {
            return None;
        };
        let hint = "such as request_latency_seconds_p99, requests_unserved_ratio, requests_good_ratio or apdex_ratio";
        let field = format!("spec.objectives[{index}].metric");
        Some(scenario.error_at(&field, problem).with_hint(Some(hint.to_owned())))
    })
}

/// Names of metrics that no summary ever holds.
fn unknown_metrics(scenario: &Scenario) -> impl Iterator<Item = Diagnostic> + '_ {
    let objectives = scenario
        .spec
        .objectives
        .iter()
        .enumerate()
        .map(|(index, objective)| (format!("spec.objectives[{index}].metric"), &objective.metric));
    let charted = scenario.spec.sweep.iter().flat_map(|sweep| &sweep.metrics);
    let charted = charted.enumerate().map(|(index, metric)| (format!("spec.sweep.metrics[{index}]"), metric));
    let until = scenario.spec.sweep.iter().filter_map(|sweep| sweep.until.as_ref());
    let until = until.map(|rule| ("spec.sweep.until.metric".to_owned(), &rule.metric));
    objectives.chain(charted).chain(until).filter(|(_, metric)| !report::is_metric(metric)).map(|(field, metric)| {
        let near = report::suggest_metrics(metric);
        let hint = if near.is_empty() {
            "summary.json of any run has the names of all metrics".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        scenario.error_at(&field, format!("`{metric}` is no metric of summary.json")).with_hint(Some(hint))
    })
}
