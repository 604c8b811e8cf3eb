//! The cheapest point of a sweep that meets the objectives with a stated confidence, found without running all of them.

mod csv_table;
mod document;
mod evaluator;
mod find;
mod lines;
mod outcome;
mod search;
mod text;

pub use csv_table::write_csv;
pub use document::write_json;
pub use find::{PlanOptions, find};
pub use outcome::{EvaluatedPoint, ObjectiveOutcome, PlanOutcome};
pub use search::{Rules, State, Tally};
pub use text::text;

/// Name of the table with every point that was run.
pub const PLAN_FILE: &str = "plan.csv";
/// Name of the document with the answer.
pub const PLAN_DOCUMENT: &str = "plan.json";
/// Name of the journal. It exists only while the search has not ended.
pub const PLAN_JOURNAL: &str = "plan.partial.jsonl";
