//! The form of `run.json`: what a finished run is, how it came out, and which tables lie beside it.

use super::objectives::{Objective, ObjectiveResult, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Name of the file.
pub const RUN_FILE: &str = "run.json";

/// Name of the file that says that a folder is of two runs: the later one was stopped while it put its files there.
pub(super) const NOTE: &str = "INCOMPLETE";

/// Version of the form of a run's folder: of `run.json`, and of the columns of the tables beside it. It grows when a field
/// or column changes its meaning or goes; new ones leave it.
pub(super) const RUN_FORMAT_VERSION: u32 = 1;

/// `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RunFile {
    /// Version of this form.
    pub(super) format_version: u32,
    /// Version of wavetank that ran it.
    pub(super) wavetank_version: String,
    /// `metadata.name` of the scenario.
    pub(super) scenario: String,
    /// The question that the scenario asks; may be empty.
    pub(super) question: String,
    /// Seed of the random streams.
    pub(super) seed: u64,
    /// The release of Kubernetes whose rules were followed; empty if it is not known.
    pub(super) kubernetes_version: String,
    /// Calendar time of the start in seconds since the Unix epoch, if the scenario pins it.
    pub(super) start_unix_seconds: Option<i64>,
    /// The same in RFC 3339.
    pub(super) start_time: Option<String>,
    /// The duration that the scenario asks for, in seconds.
    pub(super) planned_seconds: f64,
    /// How far the run came, in seconds.
    pub(super) end_seconds: f64,
    /// Whether it was interrupted.
    pub(super) interrupted: bool,
    /// Checksum over the events of the simulation, as 16 hexadecimal digits.
    pub(super) checksum: String,
    /// How all objectives together came out.
    pub(super) verdict: RunVerdict,
    /// The objectives, in the order of the scenario.
    pub(super) objectives: Vec<ObjectiveForm>,
    /// All metrics of the summary.
    pub(super) metrics: Map<String, Value>,
    /// Those of the requests of each traffic entry.
    pub(super) traffic: Map<String, Value>,
    /// What the terminal says of the run: label and sentence.
    pub(super) answers: Vec<(String, String)>,
    /// Remarks on the results.
    pub(super) remarks: Vec<String>,
    /// What of the input has no effect or is probably not meant.
    pub(super) warnings: Vec<String>,
    /// What the run takes for granted.
    pub(super) assumptions: Vec<String>,
    /// Where the prices come from and of which day they are.
    pub(super) prices: Vec<String>,
    /// The tables beside it.
    pub(super) tables: Vec<TableForm>,
}

/// How all objectives of a run together came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RunVerdict {
    /// The scenario has none.
    NoObjectives,
    /// All are met.
    Met,
    /// At least one is missed.
    Missed,
    /// None is missed, and at least one was not tested or has no value.
    NotTested,
}

impl RunVerdict {
    /// The verdict of a run with these objectives.
    pub(super) fn of(objectives: &[ObjectiveResult]) -> Self {
        let any = |verdicts: &[Verdict]| objectives.iter().any(|result| verdicts.contains(&result.verdict));
        match objectives {
            [] => Self::NoObjectives,
            _ if any(&[Verdict::Missed]) => Self::Missed,
            _ if any(&[Verdict::NotMeasured, Verdict::NotTested]) => Self::NotTested,
            _ => Self::Met,
        }
    }
}

/// An objective and how it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ObjectiveForm {
    /// Name of the metric.
    pub(super) metric: String,
    /// The traffic entry that it is about.
    pub(super) traffic: Option<String>,
    /// Share of the intervals in which the bounds shall hold.
    pub(super) of_intervals: Option<f64>,
    /// Least value.
    pub(super) min: Option<f64>,
    /// Largest value.
    pub(super) max: Option<f64>,
    /// The value, or the share of the intervals in which the bounds hold.
    pub(super) value: Option<f64>,
    /// `met`, `missed`, `not_measured` or `not_tested`.
    pub(super) verdict: Verdict,
}

impl From<&ObjectiveResult> for ObjectiveForm {
    fn from(result: &ObjectiveResult) -> Self {
        let Objective { metric, traffic, of_intervals, min, max } = result.objective.clone();
        Self { metric, traffic, of_intervals, min, max, value: result.value, verdict: result.verdict }
    }
}

impl From<&ObjectiveForm> for ObjectiveResult {
    fn from(form: &ObjectiveForm) -> Self {
        let ObjectiveForm { metric, traffic, of_intervals, min, max, value, verdict } = form.clone();
        Self { objective: Objective { metric, traffic, of_intervals, min, max }, value, verdict }
    }
}

/// A table of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableForm {
    /// Name of the file.
    pub(super) file: String,
    /// Rows, without the header line.
    pub(super) rows: u64,
    /// Length of the file.
    pub(super) bytes: u64,
    /// CRC-32 of the file, as eight hexadecimal digits.
    pub(super) crc32: String,
    /// The columns, in order.
    pub(super) columns: Vec<ColumnForm>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColumnForm {
    /// Name, with the unit in it.
    pub(super) name: String,
    /// What its cells hold.
    pub(super) cells: Cells,
}

/// What the cells of a column hold, where they are not empty. What comes later can hold what comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cells {
    /// The table has no row.
    None,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Text.
    Text,
}

/// What the facts of a run do not say of it, for `run.json` and the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The release of Kubernetes whose rules were followed, such as `1.36`.
    pub kubernetes_version: String,
    /// What of the input has no effect or is probably not meant.
    pub warnings: Vec<String>,
    /// What the run takes for granted.
    pub assumptions: Vec<String>,
    /// Where the prices of the machines come from and of which day they are.
    pub prices: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tested_is_not_met() {
        use Verdict::{Met, Missed, NotMeasured, NotTested};
        let cases: [(&[Verdict], RunVerdict, &str); 6] = [
            (&[], RunVerdict::NoObjectives, "nothing was asked for"),
            (&[Met, Met], RunVerdict::Met, "all are met"),
            (&[Met, NotTested], RunVerdict::NotTested, "no request was sent to one"),
            (&[NotMeasured], RunVerdict::NotTested, "the run has no value"),
            (&[NotTested, Missed], RunVerdict::Missed, "a missed one counts most"),
            (&[Missed, Met], RunVerdict::Missed, "one is missed"),
        ];
        for (verdicts, expected, why) in cases {
            let result =
                |verdict: &Verdict| ObjectiveResult { objective: Objective::default(), value: None, verdict: *verdict };
            assert_eq!(RunVerdict::of(&verdicts.iter().map(result).collect::<Vec<_>>()), expected, "{why}");
        }
    }
}
