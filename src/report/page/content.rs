//! What the page says, as the template and the script take it.

use super::view::{Limits, Split, TableView};
use super::{
    capacity, chart, charts, decisions, heat, latency, lists, marks, nodes, pending, timeline, users, verdict,
};
use crate::report::read::{ReadError, RunFolder};
use serde::Serialize;

/// What the script draws.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Data {
    /// End of the run in seconds.
    pub(super) end: f64,
    /// Its start in seconds since the Unix epoch, if the scenario pins it.
    pub(super) start: Option<i64>,
    /// The timelines.
    pub(super) charts: Vec<chart::Chart>,
    /// Marks in them.
    pub(super) marks: Vec<marks::Mark>,
    /// The heat map.
    pub(super) heat: Option<heat::HeatMap>,
    /// Rows of the list of Events.
    pub(super) events: Vec<lists::EventRow>,
    /// Rows of the list of pods.
    pub(super) pods: Vec<lists::PodRow>,
}

/// The page.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Page {
    pub(super) scenario: String,
    pub(super) question: String,
    /// Simulated span and start.
    pub(super) simulated: String,
    pub(super) seed: String,
    pub(super) version: String,
    pub(super) kubernetes_version: String,
    pub(super) checksum: String,
    pub(super) verdict: verdict::VerdictView,
    pub(super) tiles: Vec<verdict::Tile>,
    pub(super) objectives: TableView,
    /// The sentences of the terminal.
    pub(super) answers: Vec<(String, String)>,
    pub(super) incidents: TableView,
    pub(super) requests: TableView,
    /// What the marks in the timelines leave out; may be empty.
    pub(super) marks_note: String,
    /// What the timelines leave out; may be empty.
    pub(super) charts_note: String,
    pub(super) recoveries: TableView,
    pub(super) actions: TableView,
    pub(super) pending: TableView,
    pub(super) node_waits: TableView,
    pub(super) splits: Vec<Split>,
    pub(super) cost: TableView,
    pub(super) decisions: TableView,
    pub(super) nodes: TableView,
    pub(super) heat_note: String,
    pub(super) events_note: String,
    pub(super) pods_note: String,
    pub(super) assumptions: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) remarks: Vec<String>,
    pub(super) prices: Vec<String>,
    /// Files of the folder: name, rows.
    pub(super) files: TableView,
    #[serde(skip)]
    pub(super) data: Data,
}

impl Page {
    /// Reads what a run's folder holds.
    ///
    /// # Errors
    /// A table is missing or damaged.
    pub(super) fn read(run: &RunFolder, limits: &Limits) -> Result<Self, ReadError> {
        let file = &run.run;
        let grid = timeline::Grid::read(run, limits.points)?;
        let (lines, charts_note) = charts::read(run, &grid, limits)?;
        let (marks, marks_note) = marks::read(run, limits.marks)?;
        let (heat, heat_note) = heat::read(run, limits.nodes)?;
        let (events, events_note) = lists::events(run, limits.events)?;
        let (pods, pods_note) = lists::pods(run, limits.pods)?;
        let harm = users::Harm::read(run)?;
        let (pending, node_waits) = (pending::by_cause(run)?, pending::by_stage(run)?);
        let mut files = TableView::new("Files of this run", &["file", "rows#"]);
        files.rows = file
            .tables
            .iter()
            .map(|table| vec![table.file.clone(), crate::report::numbers::grouped(super::words::float(table.rows))])
            .collect();
        Ok(Self {
            scenario: file.scenario.clone(),
            question: file.question.clone(),
            simulated: verdict::simulated(run),
            seed: file.seed.to_string(),
            version: file.wavetank_version.clone(),
            kubernetes_version: file.kubernetes_version.clone(),
            checksum: file.checksum.clone(),
            verdict: verdict::verdict(run, &harm, &pending)?,
            tiles: verdict::tiles(run),
            objectives: verdict::objectives(run),
            answers: file
                .answers
                .iter()
                .filter(|(label, _)| !["scenario", "question"].contains(&label.as_str()))
                .cloned()
                .collect(),
            incidents: users::incidents(run, limits.rows)?,
            requests: latency::requests(run, limits.rows)?,
            marks_note,
            charts_note,
            recoveries: decisions::recoveries(run, limits.rows)?,
            actions: decisions::actions(run, limits.rows)?,
            pending,
            node_waits,
            splits: capacity::splits(run, &grid),
            cost: capacity::cost(run, limits.rows)?,
            decisions: decisions::autoscaling(run, limits.rows)?,
            nodes: nodes::nodes(run, limits.rows)?,
            heat_note,
            events_note,
            pods_note,
            assumptions: file.assumptions.clone(),
            warnings: file.warnings.clone(),
            remarks: file.remarks.clone(),
            prices: file.prices.clone(),
            files,
            data: Data {
                end: file.end_seconds,
                start: file.start_unix_seconds,
                charts: lines,
                marks,
                heat,
                events,
                pods,
            },
        })
    }
}
