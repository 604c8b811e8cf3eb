//! Facts to files and text: summary, objectives, tables, charts, what a terminal shows; and a run's folder to its report.
//!
//! Nothing here simulates or decides, and nothing here prints: functions return text or write files into the folder that
//! they are given. Every file is written under a temporary name and renamed when it is whole, and the files of a run take
//! their places together. The same facts give the same bytes on every machine.

pub mod charts;
pub(crate) mod explain;
pub(crate) mod fit;
pub mod format;
pub mod kubectl;
pub mod terminal;

mod burn;
mod cost;
mod cost_split;
mod direction;
mod evictions;
mod files;
mod finished_run;
mod incidents;
mod metric;
mod metric_list;
mod metrics;
mod node_metrics;
mod node_price;
mod node_waits;
mod numbers;
mod objectives;
mod page;
mod read;
mod request_metrics;
mod requests;
mod run_difference;
mod run_file;
mod shortfall;
mod staged_folder;
mod summary;
mod summary_file;
mod tables;
mod unserved;
mod users;
mod write;

pub use direction::{Direction, direction};
pub use files::ReportError;
pub use finished_run::{FinishedRun, read_run};
pub use metric::{Metric, Unit};
pub use metric_list::METRICS;
pub use metrics::{is_metric, is_request_metric};
pub use objectives::{Objective, ObjectiveResult, Verdict, check};
pub use page::{REPORT_FILE, write as write_report};
pub use read::ReadError;
pub use requests::is_interval_metric;
pub use run_difference::{
    DifferingInterval, MovedPod, Parting, PodDifference, PodOfOne, RunDifference, TimelineDifference, run_difference,
};
pub use run_file::About;
pub use shortfall::{Shortfall, shortfalls};
pub use summary::{Summary, summarize};
pub use write::{OutputOptions, write_all};

pub(crate) use metrics::{find_metric, suggest_metrics};
pub(crate) use run_file::RUN_FILE;
pub(crate) use summary_file::SUMMARY_FILE;
