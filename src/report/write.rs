//! The output folder of a run.

use super::charts;
use super::files::ReportError;
use super::objectives::ObjectiveResult;
use super::summary::Summary;
use super::{summary_file, tables};
use crate::record::Facts;
use std::fs;
use std::io::ErrorKind;
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
/// row is written with its header, except `autoscaling.csv`, `actions.csv`, `recovery.csv` and `cost.csv`, which belong only to
/// runs with an autoscaler, an action, a fault or a price; a chart without data is left out. Files of these names that an earlier run left in the
/// folder are removed where this run has none.
///
/// # Errors
/// [`ReportError`] names the file that cannot be written. Files that were finished before it stay; none is half
/// written.
pub fn write_all(
    facts: &Facts,
    summary: &Summary,
    out: &Path,
    options: &OutputOptions,
) -> Result<Vec<PathBuf>, ReportError> {
    make_folder(out)?;
    let mut written =
        vec![summary_file::write(&out.join(summary_file::SUMMARY_FILE), facts, summary, &options.objectives)?];
    if options.tables {
        written.push(tables::write_timeline(&out.join("timeline.csv"), facts)?);
        written.push(tables::write_workloads(&out.join("workloads.csv"), facts)?);
        written.push(tables::write_pods(&out.join("pods.csv"), facts)?);
        written.push(tables::write_nodes(&out.join("nodes.csv"), facts)?);
        written.push(tables::write_events(&out.join("events.csv"), facts)?);
        type Writer = fn(&Path, &Facts) -> Result<PathBuf, ReportError>;
        let sometimes: [(&str, bool, Writer); 4] = [
            ("autoscaling.csv", summary.get("autoscaling_decisions").is_some(), tables::write_autoscaling),
            ("actions.csv", !facts.actions.is_empty(), tables::write_actions),
            ("recovery.csv", !facts.recoveries.is_empty(), tables::write_recovery),
            ("cost.csv", summary.get("cost_dollars").is_some(), tables::write_cost),
        ];
        for (name, applies, write) in sometimes {
            let path = out.join(name);
            if applies {
                written.push(write(&path, facts)?);
            } else {
                forget(&path)?;
            }
        }
    }
    if options.svg || options.png {
        let folder = out.join("charts");
        make_folder(&folder)?;
        let figures = charts::of_run(facts, &options.question);
        for name in charts::RUN_CHARTS {
            let figure = figures.iter().find(|(drawn, _)| *drawn == name).map(|(_, figure)| figure);
            let (svg, png) = (folder.join(format!("{name}.svg")), folder.join(format!("{name}.png")));
            match figure.filter(|_| options.svg) {
                Some(figure) => written.push(charts::write_svg(figure, &svg)?),
                None => forget(&svg)?,
            }
            match figure.filter(|_| options.png) {
                Some(figure) => written.push(charts::write_png(figure, &png)?),
                None => forget(&png)?,
            }
        }
    }
    Ok(written)
}

/// Removes a file that an earlier run left and that does not belong to this one.
fn forget(path: &Path) -> Result<(), ReportError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(ReportError::Write { file: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { file: folder.to_owned(), source })
}
