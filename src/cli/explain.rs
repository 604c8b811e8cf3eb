//! `wavetank explain`.

use super::options::{FormatArgs, ScenarioArgs, refuse};
use super::progress::RunProgress;
use super::{Exit, interrupt, stdio};
use crate::input::Diagnostic;
use crate::sim::RunOptions;
use crate::study::explain::{ExplainError, PodReference, Question, explain, explain_node};
use crate::units::{SimTime, parse_go_duration};
use clap::Args;

/// Say why a pod was placed where it is or nowhere, or why a node is there
///
/// Runs the scenario and takes the pod's last scheduling attempt apart: which
/// plugin rejected which node and why, what each plugin scored the others, which
/// plugins were outvoted, and why preemption made room where it did. The answer
/// is the first line. Of a node, shows what the autoscalers decided about it: why it
/// came, which rule keeps it with which numbers, why it went. Writes no files.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank explain scenarios/quickstart --pod deployment/shop/web
  wavetank explain scenarios/quickstart --pod shop/web-64b45f59cd-xw2ns --at 40m
  wavetank explain scenarios/quickstart --pod deploy/shop/web -o json
  wavetank explain scenarios/cluster-autoscaler --node general-4 --at 2h10m

Pod (--pod):
  shop/web-64b45f59cd-xw2ns  namespace and name
  web-64b45f59cd-xw2ns       the same in the namespace default; also pod/NAME
  shop/web-64b45f59cd-x      the beginning of a name, if one pod's begins so
  deployment/shop/web        of a workload's pods the one that was tried last")]
pub struct ExplainArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The pod, or a workload (below)
    #[arg(long, value_name = "POD", required_unless_present = "node", conflicts_with = "node")]
    pod: Option<PodReference>,
    /// The node, by its name
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
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
    let Some(pod) = args.pod.clone() else {
        let outcome = explain_node(&prepared, args.node.as_deref().unwrap_or_default(), args.at, &options);
        progress.finish();
        return match outcome {
            Ok(answer) => stdio::print_data(&answer.render(args.format.output.into()), Exit::Success),
            Err(error) => refused(error),
        };
    };
    let outcome = explain(&prepared, &Question { pod, at: args.at }, &options);
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
        Err(error) => refused(error),
    }
}

fn refused(error: ExplainError) -> Exit {
    match error {
        ExplainError::Pod(problem) => refuse(&(*problem).into()),
        error => refuse(&Diagnostic::error("", error).into()),
    }
}
