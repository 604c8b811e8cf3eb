//! `wavetank sweep`.

use super::options::{FormatArgs, OutArgs, ScenarioArgs, refuse};
use super::progress::SweepProgress;
use super::{Exit, interrupt, stdio};
use crate::study::scenario_sweep::{self, ScenarioModel};
use crate::study::single;
use crate::study::sweep::{
    Plan, PointVerdict, SweepOptions, SweepResult, execute, headline_table, judge, summarize_points, write_charts,
    write_placements, write_tables,
};
use clap::Args;
use std::num::NonZeroUsize;

/// Run the points of a sweep, each with several seeds
///
/// Reads `spec.sweep` of the scenario. The results are the same for any number of threads. Finished runs are kept as they
/// end: after an interrupt (Ctrl-C), the same command goes on where it stopped. A run that fails is a row of sweep.csv with
/// its parameters and seed, and the others go on; the exit code is 1 then. Objectives do not change the exit code: the table
/// says in how many runs each point meets them, and which point that meets them all costs least.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank sweep scenarios/quickstart
  wavetank sweep scenarios/quickstart -j 2 --set spec.sweep.replications=30
  wavetank sweep scenarios/quickstart -o markdown > sweep.md")]
pub struct SweepArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Runs at one time [default: one for each CPU]
    #[arg(short = 'j', long = "threads", value_name = "THREADS")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
}

/// Runs the sweep.
pub fn run(args: &SweepArgs) -> Exit {
    let options = match args.scenario.prepare_options() {
        Ok(options) => options,
        Err(problems) => return refuse(&problems),
    };
    let planned = single::prepare(&args.scenario.path, &options).and_then(|(prepared, warnings)| {
        let plan = scenario_sweep::plan(&prepared)?;
        stdio::print_diagnostics(warnings.iter());
        Ok((prepared, plan))
    });
    let (prepared, plan) = match planned {
        Ok(planned) => planned,
        Err(problems) => return refuse(&problems),
    };
    let folder = match args.out.of_sweep(&prepared.scenario.metadata.name) {
        Ok(folder) => folder,
        Err(problems) => return refuse(&problems),
    };
    let interrupt = interrupt::handle();
    let progress = SweepProgress::new(plan.runs());
    let options = SweepOptions {
        threads: args.threads.map_or(0, NonZeroUsize::get),
        interrupt,
        progress: &|done| progress.at(done),
    };
    let outcome = execute(&ScenarioModel::new(&prepared, interrupt), &plan, &folder, &options);
    progress.finish();
    let written = outcome.and_then(|result| {
        let summaries = summarize_points(&plan, &result);
        let metrics = scenario_sweep::headline_metrics(&prepared.scenario, &summaries);
        write_tables(&plan, &result, &summaries, &folder)?;
        write_placements(&plan, &result.runs, &folder)?;
        let objectives = single::objectives(&prepared.scenario);
        if prepared.scenario.spec.output.charts && !args.no_charts {
            write_charts(&plan, &summaries, &metrics, &objectives, &prepared.scenario.spec.description, &folder)?;
        }
        let verdicts = judge(&plan, &result, &summaries, &objectives);
        let table = headline_table(&plan, &summaries, &metrics, &verdicts, &objectives);
        let is_met = objectives.is_empty() || verdicts.iter().any(PointVerdict::is_met);
        Ok((result, table, is_met))
    });
    match written {
        Ok((result, table, is_met)) => {
            let exit = report(&plan, &result);
            if !is_met {
                stdio::say("no point meets every objective in every run");
            }
            stdio::say(&format!("files: {}", folder.display()));
            stdio::print_data(&table.render(args.format.output.into()), exit)
        }
        Err(error) => {
            stdio::print_error(&error);
            Exit::Internal
        }
    }
}

/// Says which runs failed, were taken over or are missing.
fn report(plan: &Plan, result: &SweepResult) -> Exit {
    let all = result.runs.len() + result.missing;
    if result.resumed > 0 {
        stdio::say(&format!("{} of {all} runs were finished before", result.resumed));
    }
    let mut failures = 0;
    for (run, error) in result.failures() {
        failures += 1;
        let seed = run.seed.map(|seed| format!("seed {seed}"));
        let place: Vec<String> = plan
            .points()
            .get(run.point)
            .map(crate::study::sweep::Point::label)
            .into_iter()
            .chain(seed)
            .filter(|part| !part.is_empty())
            .collect();
        let place = place.join(", ");
        stdio::print_error(&format_args!("run failed ({place}): {error}"));
    }
    if failures > 0 {
        stdio::say(&format!("{failures} of {all} runs failed"));
    }
    if result.missing > 0 {
        let missing = result.missing;
        stdio::say(&format!("{missing} of {all} runs are missing: the same command goes on with them"));
        return Exit::Interrupted;
    }
    if failures > 0 { Exit::Internal } else { Exit::Success }
}
