//! `wavetank explain`.

use super::options::{FormatArgs, ScenarioArgs, refuse};
use super::progress::RunProgress;
use super::{Exit, interrupt, stdio};
use crate::input::Diagnostic;
use crate::sim::RunOptions;
use crate::study::explain::{ExplainError, PodReference, Question, explain};
use crate::units::{SimTime, parse_go_duration};
use clap::Args;

/// Say why a pod was placed where it is, or nowhere
///
/// Runs the scenario and takes the pod's last scheduling attempt apart: which
/// plugin rejected which node and why, what each plugin scored the others, which
/// plugins were outvoted, and why preemption made room where it did. The answer
/// is the first line. Writes no files.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank explain scenarios/quickstart --pod deployment/shop/web
  wavetank explain scenarios/quickstart --pod shop/web-64b45f59cd-xw2ns --at 40m
  wavetank explain scenarios/quickstart --pod deploy/shop/web -o json

Pod (--pod):
  shop/web-64b45f59cd-xw2ns  namespace and name
  web-64b45f59cd-xw2ns       the same in the namespace default; also pod/NAME
  shop/web-64b45f59cd-x      the beginning of a name, if one pod's begins so
  deployment/shop/web        of a workload's pods the one that was tried last")]
pub struct ExplainArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The pod, or a workload (below)
    #[arg(long, value_name = "POD")]
    pod: PodReference,
    /// Explain the last attempt up to this time of the run, for example 31m5s
    /// [default: the end]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<SimTime>,
    /// The seed of all random streams, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show every node, not the best 20
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// A time of the run.
fn parse_time(text: &str) -> Result<SimTime, String> {
    let span = parse_go_duration(text).map_err(|error| error.to_string())?;
    if span.is_negative() {
        return Err("lies before the start of the run (expected 0 or more)".to_owned());
    }
    Ok(SimTime::ZERO + span)
}

/// Runs the scenario and explains.
pub fn run(args: &ExplainArgs) -> Exit {
    let prepared = match args.scenario.prepare() {
        Ok(prepared) => prepared,
        Err(problems) => return refuse(&problems),
    };
    let progress = RunProgress::new(prepared.scenario.spec.duration.get());
    let report_progress = |now| progress.at(now);
    let options = RunOptions {
        seed: args.seed,
        interrupt: Some(interrupt::handle()),
        progress: Some(&report_progress),
        ..RunOptions::default()
    };
    let outcome = explain(&prepared, &Question { pod: args.pod.clone(), at: args.at }, &options);
    progress.finish();
    match outcome {
        Ok(answer) => {
            let exit = match (answer.is_reproduced(), answer.interrupted) {
                (false, _) => Exit::Internal,
                (true, true) => Exit::Interrupted,
                (true, false) => Exit::Success,
            };
            stdio::print_data(&answer.explanation.render(args.format.output.into(), args.all), exit)
        }
        Err(ExplainError::Pod(problem)) => refuse(&(*problem).into()),
        Err(error) => refuse(&Diagnostic::error("", error).into()),
    }
}
