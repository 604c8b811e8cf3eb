//! How fast whole simulations run: one line per workload.
//!
//! ```text
//! cargo run --release --example throughput                      # every workload at its full size
//! cargo run --release --example throughput -- plain-1k --scale 0.1
//! cargo run --release --example throughput -- plain-1k --nodes 500 --pods 20000
//! cargo run --release --example throughput -- services-month --days 3
//! cargo run --release --example throughput -- openb --traces DIR
//! cargo run --release --example throughput -- --chart FOLDER     # how the cost of a pod grows with the cluster
//! cargo run --release --example throughput -- --csv FOLDER       # nodes.csv and pods.csv in the generic trace form
//! ```
//!
//! Arrivals, scheduling, kubelets, controllers and the recorder are on; the control plane and the start of containers take
//! no simulated time, so that nothing but placements is studied (the services take the usual times). Events of `requests` are those of
//! requests: one came, was done, or its answer came back. Each workload runs in a process of its own, whose CPU
//! time and peak memory the operating system tells; the time is that of the simulation alone, with a trace being read as
//! it goes on. The digest is over the name and the node of each pod, in order of creation: equal digests are equal
//! placements.

mod measure;
mod scaling;
mod workloads;

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use workloads::{Kind, WORKLOADS, Workload};

/// Measures whole simulations
#[derive(Debug, Parser)]
struct Options {
    /// Workloads to run; all of them without a name (openb only with --traces)
    names: Vec<String>,
    /// Size relative to the full one: nodes and pods are multiplied by it
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// A folder with nodes.csv and pods.csv in the generic trace form, instead of a workload
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["nodes", "pods"])]
    csv: Option<PathBuf>,
    /// The folder below which traces lie
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,
    /// Writes the tables of each run into a folder of its name, in the measured time
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Nodes instead of those of the workload
    #[arg(long, value_name = "NUMBER", requires = "names")]
    nodes: Option<u32>,
    /// Pods instead of those of the workload
    #[arg(long, value_name = "NUMBER", requires = "names")]
    pods: Option<u32>,
    /// Days instead of those of the workload
    #[arg(long, value_name = "NUMBER", requires = "names")]
    days: Option<u32>,
    /// Measures how the cost of a pod grows with the cluster, and draws it into this folder
    #[arg(long, value_name = "FOLDER", exclusive = true)]
    chart: Option<PathBuf>,
    /// How the scheduler finds its decisions
    #[arg(long, value_enum, default_value_t = Path::Index)]
    scheduler: Path,
    /// Measures one workload in this process, without the header
    #[arg(long, hide = true)]
    here: bool,
}

/// How the scheduler finds its decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Path {
    /// By the index, which leaves to the framework what it cannot tell.
    Index,
    /// Every plugin over every node.
    Framework,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(folder) = &options.chart {
        return exit(scaling::measure(folder));
    }
    let outcome = match chosen(&options) {
        Ok(workloads) if options.here => workloads.iter().try_for_each(|own| measure::line(own, &options)),
        Ok(workloads) => each_in_its_process(&workloads, &options),
        Err(message) => Err(message),
    };
    exit(outcome)
}

fn exit(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// The workloads that were asked for.
fn chosen(options: &Options) -> Result<Vec<Workload>, String> {
    if !(options.scale.is_finite() && options.scale > 0.0) {
        return Err(format!("--scale `{}` is not a size (expected a number above 0)", options.scale));
    }
    if let Some(folder) = &options.csv {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(vec![Workload { name, nodes: 0, pods: 0, kind: Kind::Csv }]);
    }
    let all = WORKLOADS.iter().map(|(name, nodes, pods, kind)| Workload {
        name: (*name).to_owned(),
        nodes: options.nodes.unwrap_or(*nodes),
        pods: options.pods.unwrap_or(*pods),
        kind: kind.lasting(options.days),
    });
    if options.names.is_empty() {
        return Ok(all.filter(|own| own.kind != Kind::Openb || options.traces.is_some()).collect());
    }
    let all: Vec<Workload> = all.collect();
    let find = |name: &String| {
        all.iter().find(|own| own.name == *name).cloned().ok_or_else(|| {
            let names: Vec<&str> = WORKLOADS.iter().map(|(name, ..)| *name).collect();
            format!("`{name}` is no workload (expected one of {})", names.join(", "))
        })
    };
    let chosen: Vec<Workload> = options.names.iter().map(find).collect::<Result<_, _>>()?;
    match chosen.iter().find(|own| !own.kind.can_be_sized()) {
        Some(own) if options.nodes.or(options.pods).is_some() => {
            Err(format!("--nodes and --pods do not go with `{}`, whose trace has its own", own.name))
        }
        _ => Ok(chosen),
    }
}

/// Runs each workload in a process of its own, so that its peak memory is its own too.
fn each_in_its_process(workloads: &[Workload], options: &Options) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    println!("{}", measure::HEADER);
    for workload in workloads {
        let mut command = Command::new(&program);
        command.arg("--here").args(["--scale", &options.scale.to_string()]);
        for (flag, number) in [("--nodes", options.nodes), ("--pods", options.pods), ("--days", options.days)] {
            if let Some(number) = number {
                command.args([flag, &number.to_string()]);
            }
        }
        match &options.csv {
            Some(folder) => command.arg("--csv").arg(folder),
            None => command.arg(&workload.name),
        };
        for (flag, folder) in [("--traces", &options.traces), ("--out", &options.out)] {
            if let Some(folder) = folder {
                command.arg(flag).arg(folder);
            }
        }
        if options.scheduler == Path::Framework {
            command.args(["--scheduler", "framework"]);
        }
        let status = command.status().map_err(|error| format!("{}: cannot be started: {error}", workload.name))?;
        if !status.success() {
            return Err(format!("{}: failed", workload.name));
        }
    }
    Ok(())
}
