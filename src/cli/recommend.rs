//! `wavetank recommend`.

use super::options::{FormatArgs, manifest_sources, parse_override, refuse};
use super::{Exit, stdio};
use crate::input::Diagnostics;
use crate::report::format::{Cell, Column, ResultSet};
use crate::sim::{PrepareOptions, RunOptions};
use crate::study::recommend::{self, Advice};
use crate::study::single;
use crate::units::{Bytes, MilliCpu};
use clap::Args;
use std::path::PathBuf;

/// Recommend requests, as the Vertical Pod Autoscaler's recommender does
///
/// For a scenario: plays it with today's requests, every workload watched by a
/// recommender that changes nothing. With --usage: from measured usage. A row for
/// each container: what it requests, what is recommended, what that saves over
/// all pods, and how much of the usage is above it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank recommend scenarios/vpa-rightsizing
  wavetank recommend --usage usage.csv -f manifests/ -o csv
  wavetank recommend --usage cpu.json --usage memory.json -o json")]
pub struct RecommendArgs {
    /// The scenario file, or a folder with a scenario.yaml
    #[arg(value_name = "PATH", required_unless_present = "usage", conflicts_with = "usage")]
    path: Option<PathBuf>,
    /// Set a field of the scenario. May be given again
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = parse_override, conflicts_with = "usage")]
    overrides: Vec<(String, String)>,
    /// Measured usage in place of a scenario: CSV with the columns time, pod,
    /// container, cpu_cores, memory_bytes and optionally namespace, or (.json) the
    /// answer of a range query of Prometheus. May be given again
    #[arg(long, value_name = "FILE")]
    usage: Vec<PathBuf>,
    /// Manifests: besides those of the scenario, or with what the containers of
    /// measured pods request today. May be given again
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Recommends and prints.
pub fn run(args: &RecommendArgs) -> Exit {
    let advices = match &args.path {
        Some(path) => of_scenario(args, path),
        None => of_usage(args),
    };
    match advices {
        Ok(advices) => stdio::print_data(&table(&advices).render(args.format.output.into()), Exit::Success),
        Err(problems) => refuse(&problems),
    }
}

fn of_scenario(args: &RecommendArgs, path: &std::path::Path) -> Result<Vec<Advice>, Diagnostics> {
    let options = PrepareOptions {
        overrides: args.overrides.clone(),
        manifests: manifest_sources(&args.manifests)?,
        ..PrepareOptions::default()
    };
    let (prepared, warnings) = single::prepare(path, &options)?;
    stdio::print_diagnostics(warnings.iter());
    recommend::of_scenario(&prepared, &RunOptions::default())
}

fn of_usage(args: &RecommendArgs) -> Result<Vec<Advice>, Diagnostics> {
    let (advices, warnings) = recommend::of_usage(&args.usage, &manifest_sources(&args.manifests)?)?;
    stdio::print_diagnostics(warnings.iter());
    Ok(advices)
}

fn table(advices: &[Advice]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("namespace", "NAMESPACE"),
        Column::new("workload", "WORKLOAD"),
        Column::new("container", "CONTAINER"),
        Column::new("pods", "PODS"),
        Column::new("cpu_request_cores", "CPU NOW"),
        Column::new("cpu_target_cores", "CPU TARGET"),
        Column::wide("cpu_lower_bound_cores", "CPU LOWER"),
        Column::wide("cpu_upper_bound_cores", "CPU UPPER"),
        Column::new("memory_request_bytes", "MEMORY NOW"),
        Column::new("memory_target_bytes", "MEMORY TARGET"),
        Column::wide("memory_lower_bound_bytes", "MEMORY LOWER"),
        Column::wide("memory_upper_bound_bytes", "MEMORY UPPER"),
        Column::new("cores_saved", "CORES SAVED"),
        Column::new("bytes_saved", "BYTES SAVED"),
        Column::new("dollars_saved_per_month", "$/MONTH SAVED"),
        Column::new("cpu_above_target_ratio", "CPU ABOVE"),
        Column::new("memory_above_target_ratio", "MEMORY ABOVE"),
        Column::wide("samples", "SAMPLES"),
    ]);
    for advice in advices {
        let record = &advice.record;
        let number = |value: Option<f64>| value.map_or(Cell::None, Cell::Number);
        let bytes = |value: Option<i64>| value.map_or(Cell::None, Cell::Integer);
        let (cpu, memory) = (record.cpu, record.memory);
        set.push(vec![
            record.namespace.as_str().into(),
            record.workload.as_str().into(),
            record.container.as_str().into(),
            Cell::Integer(record.pods),
            number(record.cpu_request.map(MilliCpu::as_cores)),
            number(cpu.map(|cpu| cpu.target.as_cores())),
            number(cpu.map(|cpu| cpu.lower_bound.as_cores())),
            number(cpu.map(|cpu| cpu.upper_bound.as_cores())),
            bytes(record.memory_request.map(Bytes::get)),
            bytes(memory.map(|memory| memory.target.get())),
            bytes(memory.map(|memory| memory.lower_bound.get())),
            bytes(memory.map(|memory| memory.upper_bound.get())),
            number(advice.cores_saved),
            number(advice.bytes_saved),
            number(advice.dollars_saved_per_month),
            number(Some(record.cpu_above_target)),
            number(Some(record.memory_above_target)),
            Cell::Integer(i64::try_from(record.samples).unwrap_or(i64::MAX)),
        ]);
    }
    set
}
