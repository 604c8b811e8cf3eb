//! What is different in B compared with A: metrics over pairs of runs with the same seed, objectives, placements and
//! timelines.
//!
//! A side is a scenario, which is run, or the folder of a run or of a sweep, which is read back. Runs make pairs by their
//! seed alone; runs of different seeds are compared only if that is asked for, and then as independent ones.

mod checks;
mod comparison;
mod csv_table;
mod document;
mod headline;
mod markdown;
mod pair;
mod play;
mod side;
mod source;
mod sweep_folder;
mod text;
mod tolerance;
mod verdict;
mod words;

pub use comparison::{CompareError, CompareOptions, Comparison, FailOn, PointComparison, compare};
pub use csv_table::csv;
pub use document::json;
pub use markdown::markdown;
pub use pair::{MetricRow, ObjectiveRow, Pair};
pub use side::{MetricKey, Side, SideKind, SidePoint, SideRun};
pub use text::text;
pub use tolerance::{Limit, Tolerance, ToleranceError, ToleranceState};
pub use verdict::Verdict;
