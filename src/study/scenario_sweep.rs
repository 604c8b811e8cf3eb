//! The sweep of a scenario: its points are scenarios with other values, its runs are simulations.

use super::single;
use super::sweep::{
    Attempt, HalfWidth, Method, Metrics, Model, OBJECTIVES_MET, Parameter, Placement, Plan, Point, PointSummary,
    Precision, PreparedPoint, Replications, RunError, Sample, Step,
};
use crate::engine::Checksum;
use crate::input::manifest::ManifestField;
use crate::input::scenario::{AnyValue, ArrivalSource, SamplingMethod, Scenario, Sweep, SweepParameter, SweepStep};
use crate::input::{Diagnostic, Diagnostics};
use crate::record::Facts;
use crate::report::{self, Objective};
use crate::sim::{self, Prepared, RunOptions};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

/// What is charted if neither the sweep nor an objective names a metric: of these, the ones that the runs have.
const USUAL_METRICS: [&str; 5] = [
    "pod_pending_seconds_p99",
    "pods_pending_at_end",
    "node_cpu_requested_ratio_mean",
    "recovery_seconds_mean",
    "cost_dollars",
];

/// The runs that `spec.sweep` asks for. Values for fields of manifests are tried here, those for the scenario were when it
/// was read.
///
/// # Errors
/// [`Diagnostics`] if the scenario has no sweep, one of an impossible size, or a value that a manifest cannot have.
pub fn plan(base: &Prepared) -> Result<Plan, Diagnostics> {
    let scenario = &base.scenario;
    let Some(sweep) = &scenario.spec.sweep else {
        let hint = "give `parameters` with their `values`, or `replications`; or use `wavetank run`".to_owned();
        let problem =
            Diagnostic::error(scenario.file.display().to_string(), "is missing (expected the parameters to vary)");
        return Err(Diagnostics::from(problem.in_field("spec.sweep").with_hint(Some(hint))));
    };
    try_manifests(base, sweep)?;
    let replications = Replications {
        least: sweep.replications,
        until: sweep.until.as_ref().map(|rule| Precision {
            metric: rule.metric.clone(),
            bound: match rule.relative {
                Some(share) => HalfWidth::Relative(share),
                None => HalfWidth::Absolute(rule.half_width.unwrap_or(0.0)),
            },
            most: rule.max_replications,
        }),
    };
    let planned = match &sweep.sampling {
        None => {
            let parameters: Vec<Parameter> = sweep
                .parameters
                .iter()
                .map(|parameter| Parameter {
                    name: parameter.title().to_owned(),
                    steps: parameter.steps().into_iter().map(step).collect(),
                    baseline: parameter.baseline_step(),
                })
                .collect();
            Plan::new(&parameters, replications)
        }
        Some(sampling) => {
            let step_at = |parameter: &SweepParameter| {
                let parameter = parameter.clone();
                (parameter.title().to_owned(), move |place| step(parameter.step_at(place)))
            };
            let parameters: Vec<_> = sweep.parameters.iter().map(step_at).collect();
            let parameters: Vec<(String, &dyn Fn(f64) -> Step)> =
                parameters.iter().map(|(name, step_at)| (name.clone(), step_at as &dyn Fn(f64) -> Step)).collect();
            let method = match sampling.method {
                SamplingMethod::LatinHypercube => Method::LatinHypercube,
                SamplingMethod::Sobol => Method::Sobol,
            };
            let sample = Sample { method, points: sampling.points, seed: scenario.spec.seed };
            Plan::sample(&parameters, sample, replications)
        }
    };
    planned.map_err(|error| Diagnostics::from(scenario.error_at("spec.sweep", error.to_string())))
}

fn step(SweepStep { name, set }: SweepStep) -> Step {
    Step { name, set: set.into_iter().map(|(path, value)| (path, value.0)).collect() }
}

/// Tries each step that sets a field of a manifest by itself.
fn try_manifests(base: &Prepared, sweep: &Sweep) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    for (index, parameter) in sweep.parameters.iter().enumerate() {
        for (place, step) in parameter.steps().iter().enumerate() {
            let of_manifests = |path: &str| ManifestField::parse(path).is_some();
            if !step.set.iter().any(|(path, _)| of_manifests(path)) {
                continue;
            }
            let values: Vec<(&str, &AnyValue)> = step.set.iter().map(|(path, value)| (path.as_str(), value)).collect();
            let Err(found) = base.with_values(&values) else { continue };
            let list = if !parameter.points.is_empty() {
                format!("points[{place}]")
            } else if parameter.range.is_some() {
                "range".to_owned()
            } else {
                format!("values[{place}]")
            };
            let field = format!("spec.sweep.parameters[{index}].{list}");
            problems.extend(found.errors().map(|error| {
                let error_field = error.field.as_ref().map_or_else(String::new, |field| format!("{field}: "));
                let message = format!("with this value, {error_field}{}", error.message);
                base.scenario.error_at(&field, message).with_hint(error.hint.clone())
            }));
            break;
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(()) }
}

/// The metrics to chart and print: those that the sweep names, else those with objectives, else usual ones.
#[must_use]
pub fn headline_metrics(scenario: &Scenario, summaries: &[PointSummary]) -> Vec<String> {
    let named = scenario.spec.sweep.iter().flat_map(|sweep| sweep.metrics.clone());
    let objectives = single::objectives(scenario);
    let usual = || {
        let measured = |name: &&str| summaries.iter().any(|point| point.metric(name).is_some());
        USUAL_METRICS.into_iter().filter(measured).map(str::to_owned)
    };
    let mut metrics: Vec<String> = named.collect();
    if metrics.is_empty() {
        metrics = objectives.iter().map(Objective::column).collect();
    }
    if metrics.is_empty() {
        metrics = usual().collect();
    }
    // Two objectives may bound the same metric.
    let mut unique: Vec<String> = Vec::new();
    for metric in metrics {
        if !unique.contains(&metric) {
            unique.push(metric);
        }
    }
    unique
}

#[expect(clippy::cast_precision_loss, reason = "a number of objectives")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Points of a scenario.
pub struct ScenarioModel<'a> {
    base: &'a Prepared,
    interrupt: &'a AtomicBool,
    /// Checksums of files that are read while a run goes on.
    files: Mutex<BTreeMap<PathBuf, u64>>,
    /// Placements are kept: runs are compared.
    compares: bool,
}

impl<'a> ScenarioModel<'a> {
    /// Points that differ from `base`; a run ends early when `interrupt` becomes true.
    #[must_use]
    pub fn new(base: &'a Prepared, interrupt: &'a AtomicBool) -> Self {
        let sweep = base.scenario.spec.sweep.as_ref();
        let compares = sweep.is_some_and(|sweep| sweep.parameters.iter().any(|parameter| parameter.baseline.is_some()));
        Self { base, interrupt, files: Mutex::new(BTreeMap::new()), compares }
    }

    /// A checksum over everything that a run of `prepared` depends on, except the version of the program and the seed.
    fn fingerprint(&self, prepared: &Prepared) -> Result<u64, RunError> {
        let mut digest = Digest::default();
        // The sweep decides which runs there are, not how they go: a further value or replication keeps finished runs.
        let mut spec = prepared.scenario.spec.clone();
        spec.sweep = None;
        let written = write!(
            digest,
            "{:?}\n{spec:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            prepared.scenario.metadata,
            prepared.objects,
            prepared.applied,
            prepared.documents,
            prepared.arrivals,
            prepared.scheduler
        );
        written.map_err(|error| RunError(error.to_string()))?;
        for stream in &prepared.scenario.arrivals {
            if let ArrivalSource::Trace(trace) = &stream.source {
                for file in [Some(&trace.pods), trace.nodes.as_ref()].into_iter().flatten() {
                    digest.0.write_u64(self.file_checksum(file)?);
                }
            }
        }
        Ok(digest.0.finish())
    }

    fn file_checksum(&self, file: &Path) -> Result<u64, RunError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checksum) = files.get(file) {
            return Ok(*checksum);
        }
        let checksum =
            checksum_of(file).map_err(|error| RunError(format!("{}: cannot be read: {error}", file.display())))?;
        files.insert(file.to_owned(), checksum);
        Ok(checksum)
    }
}

impl Model for ScenarioModel<'_> {
    type Prepared = Prepared;

    fn prepare(&self, point: &Point) -> Result<PreparedPoint<Prepared>, RunError> {
        let values: Vec<(&str, AnyValue)> =
            point.values.iter().map(|(path, value)| (path.as_str(), AnyValue(value.clone()))).collect();
        let values: Vec<(&str, &AnyValue)> = values.iter().map(|(path, value)| (*path, value)).collect();
        let prepared = self.base.with_values(&values).map_err(|problems| {
            let errors: Vec<String> = problems.errors().map(ToString::to_string).collect();
            RunError(errors.join("; "))
        })?;
        let fingerprint = self.fingerprint(&prepared)?;
        Ok(PreparedPoint { fingerprint, first_seed: prepared.scenario.spec.seed, prepared })
    }

    fn run(&self, prepared: &Prepared, seed: u64) -> Result<Attempt, RunError> {
        let options = RunOptions { seed: Some(seed), interrupt: Some(self.interrupt), ..RunOptions::default() };
        let facts = sim::simulate(prepared, &options).map_err(|error| RunError(error.to_string()))?;
        if facts.interrupted {
            return Ok(Attempt::Interrupted);
        }
        let summary = report::summarize(&facts);
        let mut metrics: Metrics = summary.iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let results = report::check(&facts, &summary, &single::objectives(&prepared.scenario));
        for result in results.iter().filter(|result| result.objective.traffic.is_some()) {
            let column = result.objective.column();
            if let Some(value) = result.value
                && !metrics.iter().any(|(name, _)| *name == column)
            {
                metrics.push((column, value));
            }
        }
        if !results.is_empty() {
            let passed = results.iter().filter(|result| result.passed()).count();
            metrics.push((OBJECTIVES_MET.to_owned(), share(passed, results.len())));
        }
        Ok(Attempt::Finished(
            metrics,
            if self.compares { placements_of(&facts, &prepared.scenario) } else { Vec::new() },
        ))
    }
}

/// How many pods of each workload were bound to each node during the run.
fn placements_of(facts: &Facts, scenario: &Scenario) -> Vec<Placement> {
    // Pods of a trace are the same in every run; those of other streams are drawn.
    let is_trace = |stream: &crate::input::scenario::Arrivals| matches!(stream.source, ArrivalSource::Trace(_));
    let traces: Vec<&str> =
        scenario.arrivals.iter().filter(|stream| is_trace(stream)).map(|stream| &*stream.name).collect();
    let mut counts: BTreeMap<(String, u32), u32> = BTreeMap::new();
    for pod in &facts.pods {
        let Some(node) = pod.node else { continue };
        let workload = if !pod.workload.is_empty() {
            format!("{}/{}", pod.namespace, pod.workload)
        } else if pod.arrival.is_empty() || traces.contains(&&*pod.arrival) {
            format!("{}/Pod/{}", pod.namespace, pod.name)
        } else {
            format!("{}/arrivals/{}", pod.namespace, pod.arrival)
        };
        *counts.entry((workload, node)).or_default() += 1;
    }
    let placement = |((workload, node), pods): ((String, u32), u32)| {
        let node = facts.nodes.get(node as usize)?;
        let pool = facts.pools.get(node.pool as usize).map(|pool| pool.name.to_string()).unwrap_or_default();
        Some(Placement { workload, pool_and_zone: (pool, node.zone.to_string()), node: node.name.to_string(), pods })
    };
    counts.into_iter().filter_map(placement).collect()
}

/// Text that is only summed up.
#[derive(Default)]
struct Digest(Checksum);

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

fn checksum_of(file: &Path) -> io::Result<u64> {
    let mut checksum = Checksum::default();
    let mut reader = File::open(file)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = reader.read(&mut buffer)?;
        match buffer.get(..length) {
            None | Some([]) => return Ok(checksum.finish()),
            Some(bytes) => checksum.write(bytes),
        }
    }
}
