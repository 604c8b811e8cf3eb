//! The output folder of a run.

use super::charts;
use super::files::{ReportError, write_whole};
use super::objectives::ObjectiveResult;
use super::page::{self, REPORT_FILE};
use super::run_file::{About, RUN_FILE, RUN_FORMAT_VERSION, RunFile, RunVerdict, TableForm};
use super::staged_folder::StagedFolder;
use super::summary::Summary;
use super::{numbers, summary_file, tables, terminal};
use crate::record::{Facts, InstanceRecord};
use crate::units::SimTime;
use std::fs;
use std::path::{Path, PathBuf};

/// What goes into the output folder beside `summary.json`.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a kind of file that is written or not, whatever the others are"
)]
pub struct OutputOptions {
    /// The question that the scenario asks; the charts' title. Empty for the scenario's name.
    pub question: String,
    /// The tables as CSV.
    pub tables: bool,
    /// Charts as SVG.
    pub svg: bool,
    /// Charts as PNG.
    pub png: bool,
    /// How the objectives came out, for `summary.json` and `run.json`.
    pub objectives: Vec<ObjectiveResult>,
    /// What the facts do not say of the run, for `run.json`.
    pub about: About,
    /// Whether `report.html` is drawn from the tables and `run.json`; only with [`tables`](Self::tables).
    pub report: bool,
}

impl Default for OutputOptions {
    /// Everything but the report, without objectives.
    fn default() -> Self {
        Self {
            question: String::new(),
            tables: true,
            svg: true,
            png: true,
            objectives: Vec::new(),
            about: About::default(),
            report: false,
        }
    }
}

/// Writes the output folder, which is made if it is missing, and gives the paths of the files in it. A table without a
/// row is written with its header, except `instances.csv`, `jobs.csv`, `requests.csv`, `latency.csv`, `backends.csv`, `backends_over_time.csv`, `calls.csv`, `incidents.csv`, `autoscaling.csv`, `actions.csv`, `recovery.csv` and `cost.csv`, which belong only to
/// runs with a machine that the cloud was asked for, a Job, requests, requests to a Service or route, calls, something that happened to those who serve requests, an autoscaler, an action, a fault or a price; a chart without data is left out. Files of these names that an earlier run left in the
/// folder are removed where this run has none.
///
/// # Errors
/// [`ReportError`] names the file that cannot be written. The files of the earlier run stay as they were.
pub fn write_all(
    facts: &Facts,
    summary: &Summary,
    out: &Path,
    options: &OutputOptions,
) -> Result<Vec<PathBuf>, ReportError> {
    let staged = StagedFolder::create(out)?;
    let stage = staged.stage();
    let mut obsolete = Vec::new();
    summary_file::write(&stage.join(summary_file::SUMMARY_FILE), facts, summary, &options.objectives)?;
    if options.tables {
        let written = write_tables(stage, facts, summary, &mut obsolete)?;
        let run = run_file(facts, summary, options, written);
        let text = serde_json::to_string_pretty(&run)
            .map_err(|error| ReportError::Write { file: stage.join(RUN_FILE), source: error.into() })?;
        write_whole(&stage.join(RUN_FILE), format!("{text}\n").as_bytes())?;
    }
    if options.tables && options.report {
        page::write(stage, &stage.join(REPORT_FILE))?;
    } else {
        obsolete.push(PathBuf::from(REPORT_FILE));
    }
    if options.svg || options.png {
        let folder = Path::new("charts");
        make_folder(&stage.join(folder))?;
        let figures = charts::of_run(facts, &options.question);
        for name in charts::RUN_CHARTS {
            let figure = figures.iter().find(|(drawn, _)| *drawn == name).map(|(_, figure)| figure);
            let (svg, png) = (folder.join(format!("{name}.svg")), folder.join(format!("{name}.png")));
            match figure.filter(|_| options.svg) {
                Some(figure) => _ = charts::write_svg(figure, &stage.join(svg))?,
                None => obsolete.push(svg),
            }
            match figure.filter(|_| options.png) {
                Some(figure) => _ = charts::write_png(figure, &stage.join(png))?,
                None => obsolete.push(png),
            }
        }
    }
    staged.finish(&obsolete)
}

/// Writes the tables, and notes those that this run has not.
fn write_tables(
    stage: &Path,
    facts: &Facts,
    summary: &Summary,
    obsolete: &mut Vec<PathBuf>,
) -> Result<Vec<TableForm>, ReportError> {
    let mut written = vec![tables::write_timeline(&stage.join("timeline.csv"), facts)?];
    written.push(tables::write_workloads(&stage.join("workloads.csv"), facts)?);
    written.push(tables::write_pods(&stage.join("pods.csv"), facts)?);
    written.push(tables::write_nodes(&stage.join("nodes.csv"), facts)?);
    written.push(tables::write_events(&stage.join("events.csv"), facts)?);
    type Writer = fn(&Path, &Facts) -> Result<TableForm, ReportError>;
    let has_requests = summary.get("requests_served").is_some();
    let has_backends = facts.traffic.iter().any(|record| !record.backends.is_empty());
    let is_priced = summary.get("cost_dollars").is_some();
    let sometimes: [(&str, bool, Writer); 15] = [
        ("jobs.csv", !facts.jobs.is_empty(), tables::write_jobs),
        ("requests.csv", has_requests, tables::write_requests),
        ("latency.csv", has_requests, tables::write_latency),
        ("backends.csv", has_backends, tables::write_backends),
        ("backends_over_time.csv", has_backends, tables::write_backends_over_time),
        ("calls.csv", !facts.calls.is_empty(), tables::write_calls),
        ("incidents.csv", summary.get("incidents").is_some(), tables::write_incidents),
        ("instances.csv", facts.instances.iter().any(InstanceRecord::is_launched_in_run), tables::write_instances),
        (
            "autoscaling.csv",
            summary.get("autoscaling_decisions").is_some() || !facts.decisions.is_empty(),
            tables::write_autoscaling,
        ),
        ("actions.csv", !facts.actions.is_empty(), tables::write_actions),
        ("recovery.csv", !facts.recoveries.is_empty(), tables::write_recovery),
        (
            "cost.csv",
            summary.get("cost_dollars").is_some() || summary.get("node_hours_of_unknown_price").is_some(),
            tables::write_cost,
        ),
        ("cost_by_workload.csv", is_priced, tables::write_cost_by_workload),
        ("cost_by_namespace.csv", is_priced, tables::write_cost_by_namespace),
        (
            "node_waits.csv",
            summary.get("pods_waited_for_node").is_some_and(|pods| pods > 0.0),
            tables::write_node_waits,
        ),
    ];
    for (name, applies, write) in sometimes {
        if applies {
            written.push(write(&stage.join(name), facts)?);
        } else {
            obsolete.push(PathBuf::from(name));
        }
    }
    Ok(written)
}

/// What `run.json` says of a run with these tables.
fn run_file(facts: &Facts, summary: &Summary, options: &OutputOptions, tables: Vec<TableForm>) -> RunFile {
    let answers = terminal::answers(facts, summary, &options.objectives, &options.question);
    let About { kubernetes_version, warnings, assumptions, prices } = options.about.clone();
    RunFile {
        format_version: RUN_FORMAT_VERSION,
        wavetank_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: facts.scenario.clone(),
        question: options.question.clone(),
        seed: facts.seed,
        kubernetes_version,
        start_unix_seconds: facts.start_unix_seconds,
        start_time: numbers::calendar_time(facts.start_unix_seconds, SimTime::ZERO),
        planned_seconds: facts.planned_duration.as_secs_f64(),
        end_seconds: facts.end.as_secs_f64(),
        interrupted: facts.interrupted,
        checksum: format!("{:016x}", facts.checksum),
        verdict: RunVerdict::of(&options.objectives),
        objectives: options.objectives.iter().map(Into::into).collect(),
        metrics: summary_file::metrics(summary.iter()),
        traffic: summary_file::traffic(summary),
        answers: answers.into_iter().map(|(label, text)| (label.to_owned(), text)).collect(),
        remarks: facts.remarks.clone(),
        warnings,
        assumptions,
        prices,
        tables,
    }
}

fn make_folder(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { file: folder.to_owned(), source })
}
