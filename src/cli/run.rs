//! `wavetank run`.

use super::options::{FormatArgs, OutArgs, OutputFormat, ScenarioArgs, join_sets, refuse};
use super::progress::RunProgress;
use super::{Exit, interrupt, stdio};
use crate::input::scenario::PrintKind;
use crate::record::Facts;
use crate::report::format::{Column, Format, ResultSet};
use crate::report::{self, OutputOptions, Summary, find_metric, kubectl, terminal};
use crate::sim::RunOptions;
use crate::study::about::about;
use crate::study::single;
use clap::Args;

/// Run a scenario once, and write tables, charts and a summary
///
/// The same scenario, seed and version give the same bytes on any machine. The exit code is 3 if an objective of the
/// scenario is not met. An interrupt (Ctrl-C) writes what was simulated so far and ends with 4.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank run scenarios/quickstart
  wavetank run scenarios/quickstart --set spec.nodePools.general.count=12
  wavetank run scenarios/quickstart --report
  wavetank run scenarios/quickstart --seed 7 --out /tmp/seven -o json
  kubectl get deploy,hpa -o yaml | wavetank run scenarios/quickstart -f -")]
pub struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The seed of all random streams, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Draw no charts
    #[arg(long)]
    no_charts: bool,
    /// Write report.html, which holds all of it in one file to pass on
    #[arg(long)]
    report: bool,
}

/// Runs the scenario.
pub fn run(args: &RunArgs) -> Exit {
    let (prepared, warnings) = match args.scenario.prepare_with_warnings() {
        Ok(prepared) => prepared,
        Err(problems) => return refuse(&problems),
    };
    let folder = match args.out.of_run(&prepared.scenario.metadata.name) {
        Ok(folder) => folder,
        Err(problems) => return refuse(&problems),
    };
    let spec = &prepared.scenario.spec;
    let progress = RunProgress::new(spec.duration.get());
    let report_progress = |now| progress.at(now);
    let options = RunOptions {
        seed: args.seed,
        interrupt: Some(interrupt::handle()),
        progress: Some(&report_progress),
        ..RunOptions::default()
    };
    let outcome = crate::sim::simulate(&prepared, &options);
    progress.finish();
    let facts = match outcome {
        Ok(facts) => facts,
        Err(error) => {
            stdio::print_error(&error);
            return Exit::BadInput;
        }
    };

    let summary = report::summarize(&facts);
    let objectives = report::check(&facts, &summary, &single::objectives(&prepared.scenario));
    let passed = objectives.iter().all(report::ObjectiveResult::passed);
    let charts = spec.output.charts && !args.no_charts;
    let output = OutputOptions {
        question: spec.description.clone(),
        svg: charts,
        png: charts,
        objectives: objectives.clone(),
        about: about(&prepared, &warnings, &facts),
        report: args.report,
        ..OutputOptions::default()
    };
    if let Err(error) = report::write_all(&facts, &summary, &folder, &output) {
        stdio::print_error(&error);
        return Exit::Internal;
    }

    let format = args.format.output;
    let mut sets = vec![match format {
        OutputFormat::Table | OutputFormat::Wide => {
            terminal::run_summary(&facts, &summary, &objectives, &spec.description, Some(&folder))
        }
        _ => metrics_table(&summary).render(format.into()),
    }];
    sets.extend(spec.output.print.iter().map(|kind| printed(*kind, &facts, format.into())));
    let exit = match (facts.interrupted, passed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Success,
        (false, false) => Exit::Failed,
    };
    stdio::print_data(&join_sets(&sets, format), exit)
}

fn metrics_table(summary: &Summary) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("metric", "METRIC"),
        Column::new("value", "VALUE"),
        Column::new("unit", "UNIT"),
    ]);
    for (name, value) in summary.iter() {
        let unit = find_metric(name).map_or("", |metric| metric.unit.name());
        set.push(vec![name.into(), value.into(), unit.into()]);
    }
    set
}

fn printed(kind: PrintKind, facts: &Facts, format: Format) -> String {
    let set = match kind {
        PrintKind::Pods => {
            return kubectl::pods(facts).render(if format == Format::Table { Format::Wide } else { format });
        }
        PrintKind::Nodes => kubectl::nodes(facts),
        PrintKind::Deployments => kubectl::deployments(facts),
        PrintKind::Jobs => kubectl::jobs(facts),
        PrintKind::Hpa => kubectl::horizontal_pod_autoscalers(facts),
        PrintKind::Events => kubectl::events(facts),
    };
    set.render(format)
}
