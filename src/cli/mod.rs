//! The command line: one file per subcommand, no logic of its own.
//!
//! Data goes to standard output, talk to standard error. Only here and in `main` is anything printed, is the environment
//! read, and are signals and panics handled.

mod compare;
mod completions;
mod conformance;
mod exit;
mod explain;
mod fit;
mod interrupt;
mod options;
mod panic;
mod plan;
mod progress;
mod recommend;
mod report;
mod run;
mod schema;
mod stdio;
mod sweep;
mod validate;

pub use exit::Exit;

use clap::{CommandFactory, Parser, Subcommand};
use std::panic::catch_unwind;

const EXAMPLES: &str = "\
Examples:
  wavetank run scenarios/quickstart
  wavetank run scenarios/quickstart --report
  wavetank sweep scenarios/quickstart -j 4
  wavetank plan scenarios/hpa-peak
  wavetank compare old/scenario.yaml new/scenario.yaml
  wavetank validate scenarios/quickstart
  wavetank explain scenarios/quickstart --pod deployment/shop/web
  kubectl get deployments -o yaml | wavetank run scenarios/quickstart -f -
  wavetank fit -f cluster.yaml --pod web.yaml

Exit codes:
  0  all went well
  1  an internal error, results that cannot be written, or a failed run
  2  wrong usage or input
  3  an objective or a comparison failed, or what is asked for cannot be had
  4  interrupted; what was done so far is written

Environment:
  WAVETANK_TRACES  the folder below which traces lie, unless --traces is given
  NO_COLOR         no colours";

/// Simulates a Kubernetes cluster: scheduling, autoscaling, faults, recovery.
///
/// wavetank reads manifests and a scenario (nodes, load, faults, operator actions), plays the control plane in virtual
/// time with the decisions of the real components, and writes tables, charts and a summary.
#[derive(Debug, Parser)]
#[command(name = "wavetank", version, max_term_width = 80, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Sweep(sweep::SweepArgs),
    Plan(plan::PlanArgs),
    Compare(compare::CompareArgs),
    Explain(explain::ExplainArgs),
    Validate(validate::ValidateArgs),
    Fit(fit::FitArgs),
    Recommend(recommend::RecommendArgs),
    Report(report::ReportArgs),
    Schema(schema::SchemaArgs),
    Conformance(conformance::ConformanceArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the command that the process was started with, and tells how it came out.
#[must_use]
pub fn main() -> Exit {
    panic::install_hook();
    // The hook has already said what happened.
    catch_unwind(|| {
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(error) => {
                // Help and version come as errors too; a reader that has gone away is no reason to complain.
                let _ = error.print();
                return if error.use_stderr() { Exit::BadInput } else { Exit::Success };
            }
        };
        match cli.command {
            Command::Run(args) => run::run(&args),
            Command::Sweep(args) => sweep::run(&args),
            Command::Plan(args) => plan::run(&args),
            Command::Compare(args) => compare::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Validate(args) => validate::run(&args),
            Command::Fit(args) => fit::run(&args),
            Command::Recommend(args) => recommend::run(&args),
            Command::Report(args) => report::run(&args),
            Command::Schema(args) => schema::run(&args),
            Command::Conformance(args) => conformance::run(&args),
            Command::Completions(args) => completions::run(&args, &mut Cli::command()),
        }
    })
    .unwrap_or(Exit::Internal)
}
