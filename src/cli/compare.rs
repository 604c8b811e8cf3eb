//! `wavetank compare`.

use super::options::{InputArgs, parse_override, refuse};
use super::progress::SweepProgress;
use super::{Exit, interrupt, stdio};
use crate::study::compare::{self, CompareError, CompareOptions, Comparison, FailOn, Tolerance};
use clap::{Args, ValueEnum};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Compare scenarios, finished runs and sweeps: what is different in B
///
/// Each of A, B and so on is a scenario (a file, or a folder with a scenario.yaml), which is run; or the folder of a run
/// or of a sweep, which is read back. Each is compared with A. Runs make pairs by their seed: scenarios run with the same
/// seeds, those of the folders if there are any. Every metric gets a verdict: better, worse, changed (neither is better),
/// same, or no evidence if the 95 % interval of the difference reaches zero. The exit code is 3 if a tolerance is exceeded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank compare main/scenario.yaml change/scenario.yaml
  wavetank compare scenarios/quickstart scenarios/quickstart \\
    --change spec.nodePools.general.count=3
  wavetank compare output/before output/after --tolerance cost_dollars=5%
  wavetank compare old new -o markdown --fail-on worse > comment.md")]
pub struct CompareArgs {
    /// A, B and so on; `DIR@3` is the point 3 of a sweep
    #[arg(value_name = "PATH", num_args = 2.., required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Set a field in all scenarios but A. May be given again
    #[arg(long = "change", value_name = "PATH=VALUE", value_parser = parse_override)]
    changes: Vec<(String, String)>,
    /// Runs of each scenario; with the folder of a run or sweep its seeds count
    #[arg(long, value_name = "N", default_value = "5")]
    replications: NonZeroU32,
    /// Compare runs of different seeds, as independent ones
    #[arg(long)]
    unpaired: bool,
    /// How much worse a metric may become: METRIC=5% of A, or METRIC=VALUE in
    /// its unit; METRIC@ENTRY for a traffic entry. May be given again
    #[arg(long = "tolerance", value_name = "METRIC=BOUND")]
    tolerances: Vec<Tolerance>,
    /// What ends with exit code 3
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = FailOnArg::Tolerance)]
    fail_on: FailOnArg,
    /// Show also what is the same or may be chance
    #[arg(long)]
    all: bool,
    /// Pods to name of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 5)]
    examples: usize,
    /// Runs at one time [default: one for each CPU]
    #[arg(short = 'j', long = "threads", value_name = "THREADS")]
    threads: Option<NonZeroUsize>,
    /// What standard output looks like
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t = CompareFormat::Table)]
    output: CompareFormat,
}

/// What makes a comparison fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOnArg {
    /// A tolerance is exceeded, or cannot be judged
    Tolerance,
    /// Also a metric without a tolerance, or an objective, is worse
    Worse,
    /// Anything differs, if only by chance
    Different,
    /// Nothing
    Never,
}

/// The forms of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompareFormat {
    /// Columns for people
    Table,
    /// One document with everything
    Json,
    /// A row for each metric and objective
    Csv,
    /// A comment on a change
    Markdown,
}

/// Compares.
pub fn run(args: &CompareArgs) -> Exit {
    let prepare = match args.input.prepare_options() {
        Ok(prepare) => prepare,
        Err(problems) => return refuse(&problems),
    };
    let progress = SweepProgress::new(0);
    let options = CompareOptions {
        prepare,
        changes: args.changes.clone(),
        replications: args.replications.get(),
        tolerances: args.tolerances.clone(),
        unpaired: args.unpaired,
        examples: args.examples,
        threads: args.threads.map_or(0, NonZeroUsize::get),
        interrupt: interrupt::handle(),
        progress: &|done| progress.at(done),
    };
    let outcome = compare::compare(&args.paths, &options);
    progress.finish();
    match outcome {
        Ok(comparison) => print(args, &comparison),
        Err(CompareError::Input(problems)) => refuse(&problems),
        Err(error @ CompareError::Interrupted) => {
            stdio::print_error(&error);
            Exit::Interrupted
        }
        Err(error) => {
            stdio::print_error(&error);
            Exit::Internal
        }
    }
}

fn print(args: &CompareArgs, comparison: &Comparison) -> Exit {
    stdio::print_diagnostics(comparison.diagnostics.iter());
    for warning in &comparison.warnings {
        stdio::print_warning(warning);
    }
    let text = match args.output {
        CompareFormat::Table => compare::text(comparison, args.all),
        CompareFormat::Json => compare::json(comparison),
        CompareFormat::Csv => compare::csv(comparison),
        CompareFormat::Markdown => compare::markdown(comparison, args.all),
    };
    let on = match args.fail_on {
        FailOnArg::Tolerance => FailOn::Tolerance,
        FailOnArg::Worse => FailOn::Worse,
        FailOnArg::Different => FailOn::Different,
        FailOnArg::Never => FailOn::Never,
    };
    stdio::print_data(&text, if comparison.fails(on) { Exit::Failed } else { Exit::Success })
}
