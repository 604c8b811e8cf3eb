//! `wavetank report`.

use super::{Exit, stdio};
use crate::report::{self, REPORT_FILE, ReportError};
use clap::Args;
use std::path::PathBuf;

/// Draw the report of a finished run, without running it again
///
/// Reads the folder that `wavetank run` has written, and writes one HTML file that needs nothing else: the verdict,
/// what users felt, timelines, recovery, costs, decisions, Events and pods. The bytes are those of `run --report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank run scenarios/quickstart --out out && wavetank report out
  wavetank report output/quickstart -o /tmp/quickstart.html")]
pub struct ReportArgs {
    /// The folder of the run
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The file to write [default: report.html in the folder]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Draws the report.
pub fn run(args: &ReportArgs) -> Exit {
    let file = args.output.clone().unwrap_or_else(|| args.folder.join(REPORT_FILE));
    match report::write_report(&args.folder, &file) {
        Ok(file) => stdio::print_data(&format!("{}\n", file.display()), Exit::Success),
        Err(error) => {
            stdio::print_error(&error);
            if matches!(error, ReportError::Read(_)) { Exit::BadInput } else { Exit::Internal }
        }
    }
}
