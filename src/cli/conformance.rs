//! `wavetank conformance`.

use super::options::{FormatArgs, join_sets};
use super::{Exit, stdio};
use crate::report::format::{Cell, Column, ResultSet};
use crate::scheduler::KubernetesVersion;
use crate::study::conformance::e2e::{TimelineOptions, TimelineResult};
use crate::study::conformance::scheduler::Kind;
use crate::study::conformance::{self, CaseResult, ConformanceError, Difference, PluginComparison};
use crate::study::families::{Family, families, first_differences, plugins};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Compare decisions with those recorded from the real components
///
/// Plays each recorded case through the functions that a run uses. Prints a table of equal and different cases, then the
/// first differences in full. The exit code is 0 if all are equal and 3 otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank conformance hpa golden/hpa
  wavetank conformance controllers golden/controllers --differences 20
  wavetank conformance apply golden/apply
  wavetank conformance quota golden/quota
  wavetank conformance cron golden/cron
  wavetank conformance rollout golden/rollout
  wavetank conformance vpa golden/vpa
  wavetank conformance karpenter golden/karpenter
  wavetank conformance keda golden/keda
  wavetank conformance knative-kpa golden/knative-kpa
  wavetank conformance ca golden/ca
  wavetank conformance ca-loop golden/ca-loop
  wavetank conformance pv-binding golden/pvbinding
  wavetank conformance scheduler golden/scheduler/v1.36/single -o markdown
  wavetank conformance e2e golden/e2e --only rollout-recreate")]
pub struct ConformanceArgs {
    /// The component whose decisions are compared
    #[arg(value_name = "COMPONENT", value_enum)]
    component: Component,
    /// The folder with the recording
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The release that was recorded, for the scheduler [default: as the folder's
    /// path says, else 1.36]
    #[arg(long, value_name = "VERSION", value_enum)]
    kubernetes_version: Option<KubernetesVersion>,
    /// What the scheduler's folder holds [default: as its name says; all
    /// recordings below a folder with another name]
    #[arg(long, value_name = "KIND", value_enum)]
    kind: Option<RecordingKind>,
    /// How many cases to show in full
    #[arg(long, value_name = "N", default_value_t = 5)]
    differences: usize,
    /// For e2e: only the timeline of this name; may be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// For e2e: how many seeds each timeline is played with
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// For e2e: leave the scenarios that were made of the recordings below this
    /// folder
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RecordingKind {
    /// Decisions about one pod each
    Single,
    /// Pods that arrive one after the other
    Sequence,
    /// Operations on the scheduling queue
    Queue,
    /// Searches that stop when enough nodes are found
    Sampled,
}

impl From<RecordingKind> for Kind {
    fn from(kind: RecordingKind) -> Self {
        match kind {
            RecordingKind::Single => Self::Single,
            RecordingKind::Sequence => Self::Sequence,
            RecordingKind::Queue => Self::Queue,
            RecordingKind::Sampled => Self::Sampled,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Component {
    /// The HorizontalPodAutoscaler controller
    Hpa,
    /// Controllers of kube-controller-manager
    Controllers,
    /// kube-scheduler
    Scheduler,
    /// kubectl apply, and the patches of the API server
    Apply,
    /// ResourceQuotas: what counts, and admission
    Quota,
    /// Schedules, and the CronJob controller
    Cron,
    /// kubectl rollout status
    Rollout,
    /// The recommender of the Vertical Pod Autoscaler
    Vpa,
    /// Karpenter: provisioning and consolidation
    Karpenter,
    /// KEDA: ScaledObjects, their HorizontalPodAutoscalers, and ScaledJobs
    Keda,
    /// The Knative Pod Autoscaler
    KnativeKpa,
    /// Single decisions of the Cluster Autoscaler
    Ca,
    /// Loops of the whole Cluster Autoscaler
    CaLoop,
    /// The choice of a PersistentVolume for a claim
    PvBinding,
    /// Whole timelines of a control plane
    E2e,
}

impl Component {
    fn replay(self, args: &ConformanceArgs) -> Result<Vec<CaseResult>, ConformanceError> {
        let folder: &Path = &args.folder;
        match self {
            Self::Hpa => conformance::hpa::replay(folder),
            Self::Controllers => conformance::controllers::replay(folder),
            Self::Apply => conformance::apply::replay(folder),
            Self::Quota => conformance::quota::replay(folder),
            Self::Cron => conformance::cron::replay(folder),
            Self::Rollout => conformance::rollout::replay(folder),
            Self::Vpa => conformance::vpa::replay(folder),
            Self::Karpenter => conformance::karpenter::replay(folder),
            Self::Keda => conformance::keda::replay(folder),
            Self::KnativeKpa => conformance::knative_kpa::replay(folder),
            Self::Ca => conformance::ca::replay(folder),
            Self::CaLoop => conformance::ca_loop::replay(folder),
            Self::PvBinding => conformance::pv_binding::replay(folder),
            // Has a table of its own.
            Self::E2e => Ok(Vec::new()),
            Self::Scheduler => {
                conformance::scheduler::replay(folder, args.kubernetes_version, args.kind.map(Kind::from))
            }
        }
    }
}

/// Compares and prints.
pub fn run(args: &ConformanceArgs) -> Exit {
    if matches!(args.component, Component::E2e) {
        return run_timelines(args);
    }
    let cases = match args.component.replay(args) {
        Ok(cases) => cases,
        Err(error) => {
            stdio::print_error(&error);
            return Exit::BadInput;
        }
    };
    let counted = families(&cases);
    let equal = counted.iter().all(|family| family.different == 0);
    let exit = if equal { Exit::Success } else { Exit::Failed };
    let format = args.format.output;
    let mut sets = vec![table(&counted).render(format.into())];
    let by_plugin = plugins(&cases);
    if !by_plugin.is_empty() {
        sets.push(plugin_table(&by_plugin).render(format.into()));
    }
    let mut data = join_sets(&sets, format);
    let differences = first_differences(&cases, args.differences);
    if args.format.output.is_for_people() {
        data.push_str(&differences);
    } else if !differences.is_empty() {
        // A program reads standard output as one document.
        stdio::say(differences.trim_end());
    }
    stdio::print_data(&data, exit)
}

/// Compares timelines and prints.
fn run_timelines(args: &ConformanceArgs) -> Exit {
    let options = TimelineOptions { only: args.only.clone(), seeds: args.seeds, scenarios: args.scenarios.clone() };
    let timelines = match conformance::e2e::replay(&args.folder, &options) {
        Ok(timelines) => timelines,
        Err(error) => {
            stdio::print_error(&error);
            return Exit::BadInput;
        }
    };
    let equal = timelines.iter().all(|timeline| timeline.differences.is_empty());
    let exit = if equal { Exit::Success } else { Exit::Failed };
    let mut data = timeline_table(&timelines).render(args.format.output.into());
    let differences = timeline_differences(&timelines, args.differences);
    if args.format.output.is_for_people() {
        data.push_str(&differences);
    } else if !differences.is_empty() {
        stdio::say(differences.trim_end());
    }
    stdio::print_data(&data, exit)
}

fn timeline_table(timelines: &[TimelineResult]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("scenario", "SCENARIO"),
        Column::new("stages", "STAGES"),
        Column::new("equal", "EQUAL"),
        Column::new("different", "DIFFERENT"),
        Column::new("worst_seconds", "WORST TIME OFF"),
        Column::new("skipped", "SKIPPED"),
    ]);
    for timeline in timelines {
        let different = timeline.differences.len();
        let counts = [timeline.compared, timeline.compared - different, different];
        let mut row = vec![timeline.name.as_str().into()];
        row.extend(counts.map(cell));
        row.push(format!("{:.2} s", timeline.worst).into());
        row.push(timeline.skipped.as_deref().unwrap_or_default().into());
        set.push(row);
    }
    set
}

/// The differences of the first `most` timelines that have any.
fn timeline_differences(timelines: &[TimelineResult], most: usize) -> String {
    let mut text = String::new();
    let different = timelines.iter().filter(|timeline| !timeline.differences.is_empty());
    for timeline in different.take(most) {
        let _ = writeln!(text, "\n{}", timeline.name);
        for difference in &timeline.differences {
            let Difference { field, expected, actual } = difference;
            let _ = writeln!(text, "  {field}\n    recorded:  {expected}\n    simulated: {actual}");
        }
    }
    text
}

fn table(families: &[Family]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("family", "FAMILY"),
        Column::new("cases", "CASES"),
        Column::new("equal", "EQUAL"),
        Column::new("different", "DIFFERENT"),
        Column::new("skipped", "SKIPPED"),
    ]);
    for family in families {
        let counts = [family.cases(), family.equal, family.different, family.skipped];
        let mut row = vec![family.name.as_str().into()];
        row.extend(counts.map(cell));
        set.push(row);
    }
    set
}

fn plugin_table(plugins: &[PluginComparison]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("plugin", "PLUGIN"),
        Column::new("verdicts", "VERDICTS"),
        Column::new("different", "DIFFERENT"),
    ]);
    for row in plugins {
        set.push(vec![row.plugin.as_str().into(), cell(row.compared), cell(row.different)]);
    }
    set
}

fn cell(count: usize) -> Cell {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}
