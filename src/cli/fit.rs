//! `wavetank fit`.

use super::options::{FormatArgs, manifest_sources, refuse};
use super::{Exit, stdio};
use crate::input::pool_shape::PoolShape;
use crate::input::{Diagnostic, Diagnostics};
use crate::scheduler::KubernetesVersion;
use crate::study::fit::{self, EvictionRules, Sources};
use clap::Args;
use std::path::PathBuf;

/// Ask the scheduler what fits: pods, nodes needed, nodes to spare
///
/// Places pods one after the other with the scheduler of a run, on a copy of the
/// cluster that a kubectl dump describes: how many more of a pod fit and what
/// stops the next one; with --nodes-for, how many nodes of a shape are needed;
/// with --compress, which nodes could go with every pod still placed. The answer
/// is the first line. The exit code is 3 if no number of nodes is enough.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get nodes,pods,ns,svc,rs,deploy,sts,ds,pdb,pc,pv,pvc,sc,csinodes \\
    -A -o yaml > cluster.yaml
  wavetank fit -f cluster.yaml --pod web.yaml
  wavetank fit -f cluster.yaml --pod web.yaml --nodes-for 40 --pool like=node-1
  wavetank fit --pod web.yaml --nodes-for 40 --pool cpu=16,memory=64Gi,zones=a+b
  wavetank fit -f cluster.yaml --compress -o json
  wavetank fit --scenario scenarios/quickstart --pod web.yaml

Shape of a node (--pool), parts with commas between them:
  cpu=16,memory=64Gi     what pods can have of it (allocatable)
  pods=110               the most pods [default: 110]
  nvidia.com/gpu=2       any other resource
  zones=a+b+c            zones, in which the nodes stand in turn
  label:KEY=VALUE        a label; may be given again
  taint:KEY=VALUE:EFFECT a taint; may be given again
  like=NODE              a copy of a node of the cluster; the rest replaces
                         what is different")]
pub struct FitArgs {
    /// The cluster, as manifests or a kubectl dump: a file, a folder, or `-` for
    /// standard input. May be given again
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE|DIR|-",
        required_unless_present_any = ["pool", "scenario"]
    )]
    manifests: Vec<PathBuf>,
    /// A scenario: its nodes and manifests are the cluster, with the pods of its
    /// workloads placed
    #[arg(long, value_name = "PATH")]
    scenario: Option<PathBuf>,
    /// The pod: a Pod, or a workload whose pods are meant; `-` for standard input
    #[arg(long, value_name = "FILE|-", required_unless_present = "compress")]
    pod: Option<PathBuf>,
    /// Stop after so many pods
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max: u32,
    /// How many nodes have to be added so that N of the pod fit
    #[arg(
        long,
        value_name = "N",
        requires = "pool",
        conflicts_with_all = ["max", "compress"],
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    nodes_for: Option<u32>,
    /// The shape of the nodes to add (below)
    #[arg(long, value_name = "SHAPE", requires = "nodes_for")]
    pool: Option<String>,
    /// Which nodes could go with every pod still placed
    #[arg(long, conflicts_with_all = ["pod", "max"])]
    compress: bool,
    /// Let pods without a controller move too; otherwise they keep their node
    #[arg(long, requires = "compress")]
    evict_bare_pods: bool,
    /// Let pods in kube-system keep their node (not those of DaemonSets)
    #[arg(long, requires = "compress")]
    keep_system_pods: bool,
    /// A KubeSchedulerConfiguration
    #[arg(long, value_name = "FILE")]
    scheduler_config: Option<PathBuf>,
    /// The release whose rules apply
    #[arg(long, value_name = "VERSION", value_enum, default_value_t)]
    kubernetes_version: KubernetesVersion,
    #[command(flatten)]
    format: FormatArgs,
}

/// Asks and prints.
pub fn run(args: &FitArgs) -> Exit {
    match answer(args) {
        Ok((text, exit)) => stdio::print_data(&text, exit),
        Err(problems) => refuse(&problems),
    }
}

/// The answer as text, and the exit code.
fn answer(args: &FitArgs) -> Result<(String, Exit), Diagnostics> {
    let shape = match &args.pool {
        Some(text) => Some(text.parse::<PoolShape>().map_err(pool_problem)?),
        None => None,
    };
    let paths: Vec<PathBuf> = args.manifests.iter().chain(&args.pod).cloned().collect();
    let mut cluster = manifest_sources(&paths)?;
    let pod = args.pod.as_ref().and_then(|_| cluster.pop());
    let sources = Sources {
        cluster,
        scenario: args.scenario.clone(),
        pod,
        scheduler_config: args.scheduler_config.clone(),
        version: args.kubernetes_version,
        needs_nodes: args.nodes_for.is_none(),
    };
    let (study, warnings) = fit::prepare(&sources)?;
    stdio::print_diagnostics(warnings.iter());
    let format = args.format.output.into();
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    if args.compress {
        let rules = EvictionRules { evict_bare_pods: args.evict_bare_pods, keep_system_pods: args.keep_system_pods };
        return Ok((fit::compress(&study, rules).render(format), Exit::Success));
    }
    if let (Some(wanted), Some(shape), Some(text)) = (args.nodes_for, &shape, &args.pool) {
        let report = fit::nodes_for(&study, count(wanted), shape, text).map_err(pool_problem)?;
        return Ok(report.map_or((String::new(), Exit::Internal), |report| {
            let exit = if report.nodes_needed.is_some() { Exit::Success } else { Exit::Failed };
            (report.render(format), exit)
        }));
    }
    let report = fit::how_many(&study, count(args.max));
    Ok(report.map_or((String::new(), Exit::Internal), |report| (report.render(format), Exit::Success)))
}

fn pool_problem(problem: impl std::fmt::Display) -> Diagnostics {
    Diagnostic::error("--pool", problem).into()
}
