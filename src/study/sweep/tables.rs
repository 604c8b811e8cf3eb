//! `sweep.csv` and `sweep_summary.csv`.
//!
//! `sweep.csv` has one row per run: `point`, one column per parameter (named by its path), `replication`, `seed`, `status`
//! (`finished` or `failed`), `error`, then every metric of `summary.json`; a metric that a run does not have is empty.
//! `sweep_summary.csv` has one row per point and metric: `point`, the parameters, `metric`, `n` (runs that have it), `mean`,
//! `ci95_low`, `ci95_high` (empty with fewer than two runs), `min`, `p5`, `p50`, `p95`, `max`, `difference` from the point with
//! the baseline values and its interval over the pairs of runs with the same seed (`difference_ci95_low`,
//! `difference_ci95_high`); empty at that point and without one.

use super::SweepError;
use super::metric_columns::metric_columns;
use super::plan::{Plan, Point};
use super::point_summary::PointSummary;
use super::run::{RunOutcome, SweepResult};
use crate::stats::Interval;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the table with one row per run.
pub const SWEEP_FILE: &str = "sweep.csv";
/// Name of the table with one row per point and metric.
pub const SUMMARY_FILE: &str = "sweep_summary.csv";

/// Writes both tables into `folder` and gives their paths. Each file is whole or not there.
///
/// # Errors
/// [`SweepError::Output`] names the file that cannot be written.
pub fn write_tables(
    plan: &Plan,
    result: &SweepResult,
    summaries: &[PointSummary],
    folder: &Path,
) -> Result<[PathBuf; 2], SweepError> {
    Ok([
        write_whole(&folder.join(SWEEP_FILE), &runs_table(plan, result))?,
        write_whole(&folder.join(SUMMARY_FILE), &summary_table(plan, summaries))?,
    ])
}

fn runs_table(plan: &Plan, result: &SweepResult) -> io::Result<Vec<u8>> {
    let columns = metric_columns(&result.runs);
    let mut table = csv::Writer::from_writer(Vec::new());
    let parameters = plan.parameters().iter().map(|parameter| parameter.name.as_str());
    table.write_record(
        ["point"]
            .into_iter()
            .chain(parameters)
            .chain(["replication", "seed", "status", "error"])
            .chain(columns.iter().copied()),
    )?;
    for run in &result.runs {
        let Some(point) = plan.points().get(run.point) else { continue };
        write_point(&mut table, point)?;
        table.write_field(run.replication.to_string())?;
        table.write_field(run.seed.map(|seed| seed.to_string()).unwrap_or_default())?;
        let metrics = match &run.outcome {
            RunOutcome::Finished(metrics) => {
                table.write_field("finished")?;
                table.write_field("")?;
                metrics.as_slice()
            }
            RunOutcome::Failed(error) => {
                table.write_field("failed")?;
                table.write_field(error)?;
                &[]
            }
        };
        for column in &columns {
            let value = metrics.iter().find(|(name, _)| name == column).map(|(_, value)| number(*value));
            table.write_field(value.unwrap_or_default())?;
        }
        table.write_record(None::<&[u8]>)?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn summary_table(plan: &Plan, summaries: &[PointSummary]) -> io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let parameters = plan.parameters().iter().map(|parameter| parameter.name.as_str());
    let statistics = ["metric", "n", "mean", "ci95_low", "ci95_high", "min", "p5", "p50", "p95", "max"];
    let differences = ["difference", "difference_ci95_low", "difference_ci95_high"];
    table.write_record(["point"].into_iter().chain(parameters).chain(statistics).chain(differences))?;
    for summary in summaries {
        let Some(point) = plan.points().get(summary.point) else { continue };
        for metric in &summary.metrics {
            write_point(&mut table, point)?;
            table.write_field(&metric.metric)?;
            table.write_field(metric.n.to_string())?;
            table.write_field(number(metric.mean))?;
            for end in [metric.ci95.map(|ends| ends.0), metric.ci95.map(|ends| ends.1)] {
                table.write_field(end.map(number).unwrap_or_default())?;
            }
            for value in [metric.min, metric.p5, metric.p50, metric.p95, metric.max] {
                table.write_field(number(value))?;
            }
            let difference = metric.difference.as_ref();
            let bounds = difference.filter(|found| found.half_width.is_some()).map(Interval::bounds);
            for value in [difference.map(|found| found.mean), bounds.map(|ends| ends.0), bounds.map(|ends| ends.1)] {
                table.write_field(value.map(number).unwrap_or_default())?;
            }
            table.write_record(None::<&[u8]>)?;
        }
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn write_point(table: &mut csv::Writer<Vec<u8>>, point: &Point) -> io::Result<()> {
    table.write_field(point.index.to_string())?;
    for value in point.texts() {
        table.write_field(value)?;
    }
    Ok(())
}

/// The shortest text that reads back as the same number, without an exponent.
fn number(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// Writes a file under a temporary name and puts it in its place.
pub(crate) fn write_whole(path: &Path, content: &io::Result<Vec<u8>>) -> Result<PathBuf, SweepError> {
    let write = || {
        let content = content.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
        let temporary = path.with_extension("part");
        fs::write(&temporary, content)?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| SweepError::Output { file: path.to_owned(), source })?;
    Ok(path.to_owned())
}
