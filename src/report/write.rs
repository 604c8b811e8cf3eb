//! The output folder of a run.

use super::charts;
use super::files::ReportError;
use super::objectives::ObjectiveResult;
use super::staged_folder::StagedFolder;
use super::summary::Summary;
use super::{summary_file, tables};
use crate::record::{Facts, InstanceRecord};
use std::fs;
use std::path::{Path, PathBuf};

/// What goes into the output folder beside `summary.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputOptions {
    /// The question that the scenario asks; the charts' title. Empty for the scenario's name.
    pub question: String,
    /// The tables as CSV.
    pub tables: bool,
    /// Charts as SVG.
    pub svg: bool,
    /// Charts as PNG.
    pub png: bool,
    /// How the objectives came out, for `summary.json`.
    pub objectives: Vec<ObjectiveResult>,
}

impl Default for OutputOptions {
    /// Everything, without objectives.
    fn default() -> Self {
        Self { question: String::new(), tables: true, svg: true, png: true, objectives: Vec::new() }
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
        tables::write_timeline(&stage.join("timeline.csv"), facts)?;
        tables::write_workloads(&stage.join("workloads.csv"), facts)?;
        tables::write_pods(&stage.join("pods.csv"), facts)?;
        tables::write_nodes(&stage.join("nodes.csv"), facts)?;
        tables::write_events(&stage.join("events.csv"), facts)?;
        type Writer = fn(&Path, &Facts) -> Result<PathBuf, ReportError>;
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
                write(&stage.join(name), facts)?;
            } else {
                obsolete.push(PathBuf::from(name));
            }
        }
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

fn make_folder(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { file: folder.to_owned(), source })
}
