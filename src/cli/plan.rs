//! `wavetank plan`.

use super::options::{OutArgs, ScenarioArgs, refuse};
use super::progress::SweepProgress;
use super::{Exit, interrupt, stdio};
use crate::input::{Diagnostic, Diagnostics};
use crate::report::{Objective, is_metric, suggest_metrics};
use crate::sim::Prepared;
use crate::study::plan::{self, PlanOptions, PlanOutcome, Rules};
use crate::study::scenario_sweep::{self, ScenarioModel};
use crate::study::single;
use crate::study::sweep::SweepOptions;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;

/// Find the cheapest point of a sweep that meets the objectives
///
/// Reads the parameters of `spec.sweep` and the objectives of the scenario. A point meets them if, with the confidence that
/// is asked for, the share of its runs that meet every objective is at least the reliability. Along a parameter of numbers
/// the search is by bisection where cost and reliability rise together; otherwise the cheapest points come first. Finished
/// runs are kept: after an interrupt, or with a larger budget, the same command goes on. The exit code is 3 if no point is
/// known to meet the objectives, or a cheaper one is not decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank plan scenarios/hpa-peak
  wavetank plan scenarios/hpa-peak --reliability 0.8 --budget 100 -j 2
  wavetank plan scenarios/quickstart --minimize node_hours -o json")]
pub struct PlanArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// How sure each decision has to be
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = parse_share)]
    confidence: f64,
    /// Share of the runs that have to meet every objective
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = parse_share)]
    reliability: f64,
    /// Runs at most
    #[arg(long, value_name = "RUNS", default_value = "1000")]
    budget: NonZeroUsize,
    /// The metric to minimise [default: cost_dollars; node_hours where a price
    /// is not known]
    #[arg(long, value_name = "METRIC", value_parser = parse_metric)]
    minimize: Option<String>,
    /// Runs at one time [default: one for each CPU]
    #[arg(short = 'j', long = "threads", value_name = "THREADS")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    out: OutArgs,
    /// What standard output looks like
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Table)]
    output: PlanFormat,
}

/// The forms of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// Sentences and columns for people
    Table,
    /// What plan.json says
    Json,
    /// What plan.csv says
    Csv,
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "expected a number between 0 and 1, for example 0.95".to_owned())
}

fn parse_metric(text: &str) -> Result<String, String> {
    if is_metric(text) {
        return Ok(text.to_owned());
    }
    let near = suggest_metrics(text);
    let hint = if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(", ")) };
    Err(format!("it is no metric of summary.json{hint}"))
}

/// Searches.
pub fn run(args: &PlanArgs) -> Exit {
    let planned = args.scenario.prepare().and_then(|prepared| {
        let plan = scenario_sweep::plan(&prepared)?;
        let objectives = objectives(&prepared)?;
        let folder = args.out.of_plan(&prepared.scenario.metadata.name)?;
        Ok((prepared, plan, objectives, folder))
    });
    let (prepared, sweep, objectives, folder) = match planned {
        Ok(planned) => planned,
        Err(problems) => return refuse(&problems),
    };
    let interrupt = interrupt::handle();
    let progress = SweepProgress::new(0);
    let rules = Rules { confidence: args.confidence, reliability: args.reliability };
    let options = PlanOptions {
        rules,
        budget: args.budget.get(),
        minimize: args.minimize.clone(),
        sweep: SweepOptions {
            threads: args.threads.map_or(0, NonZeroUsize::get),
            interrupt,
            progress: &|done| progress.at(done),
        },
    };
    let found = plan::find(&ScenarioModel::new(&prepared, interrupt), &sweep, &objectives, &folder, &options);
    progress.finish();
    let written = found.and_then(|found| {
        let Some(outcome) = found else { return Ok(None) };
        let table = plan::write_csv(&sweep, &objectives, &outcome, &folder)?;
        let document = plan::write_json(&sweep, &objectives, &rules, &outcome, &folder)?;
        Ok(Some((outcome, table, document)))
    });
    match written {
        Ok(Some((outcome, table, document))) => {
            let exit = tell(&outcome);
            stdio::say(&format!("files: {}", folder.display()));
            let file = match args.output {
                PlanFormat::Table => None,
                PlanFormat::Json => Some(document),
                PlanFormat::Csv => Some(table),
            };
            match file.map(std::fs::read_to_string).transpose() {
                Ok(text) => {
                    let text = text.unwrap_or_else(|| plan::text(&sweep, &objectives, &rules, &outcome));
                    stdio::print_data(&text, exit)
                }
                Err(error) => {
                    stdio::print_error(&error);
                    Exit::Internal
                }
            }
        }
        Ok(None) => {
            stdio::say("the search was interrupted: the same command goes on with it");
            Exit::Interrupted
        }
        Err(error) => {
            stdio::print_error(&error);
            Exit::Internal
        }
    }
}

/// The objectives; without one there is nothing to meet.
fn objectives(prepared: &Prepared) -> Result<Vec<Objective>, Diagnostics> {
    let objectives = single::objectives(&prepared.scenario);
    if !objectives.is_empty() {
        return Ok(objectives);
    }
    let problem = Diagnostic::error(
        prepared.scenario.file.display().to_string(),
        "is missing (expected what the cheapest point has to meet)",
    );
    Err(Diagnostics::from(problem.in_field("spec.objectives")))
}

/// Says which runs failed or were taken over, and gives the exit code.
fn tell(outcome: &PlanOutcome) -> Exit {
    if outcome.resumed > 0 {
        stdio::say(&format!("{} of {} runs were finished before", outcome.resumed, outcome.spent));
    }
    for failure in &outcome.failures {
        stdio::print_error(&format_args!("run failed ({failure})"));
    }
    match outcome.answer {
        _ if !outcome.failures.is_empty() => Exit::Internal,
        Some(_) if outcome.undecided.is_empty() && !outcome.is_budget_spent => Exit::Success,
        _ => Exit::Failed,
    }
}
