//! `wavetank conformance`.

use super::options::{FormatArgs, KubernetesRelease};
use super::{Exit, stdio};
use crate::report::format::{Column, ResultSet};
use crate::scheduler::KubernetesVersion;
use crate::study::conformance::{self, CaseResult, ConformanceError};
use crate::study::families::{Family, families, first_differences};
use clap::{Args, ValueEnum};
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
  wavetank conformance scheduler golden/scheduler/v1.36/single -o markdown")]
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
    kubernetes_version: Option<KubernetesRelease>,
    /// How many cases to show in full
    #[arg(long, value_name = "N", default_value_t = 5)]
    differences: usize,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Component {
    /// The HorizontalPodAutoscaler controller
    Hpa,
    /// Controllers of kube-controller-manager
    Controllers,
    /// kube-scheduler
    Scheduler,
}

impl Component {
    fn replay(self, folder: &Path, version: Option<KubernetesRelease>) -> Result<Vec<CaseResult>, ConformanceError> {
        match self {
            Self::Hpa => conformance::hpa::replay(folder),
            Self::Controllers => conformance::controllers::replay(folder),
            Self::Scheduler => conformance::scheduler::replay(folder, version.map(KubernetesVersion::from)),
        }
    }
}

/// Compares and prints.
pub fn run(args: &ConformanceArgs) -> Exit {
    let cases = match args.component.replay(&args.folder, args.kubernetes_version) {
        Ok(cases) => cases,
        Err(error) => {
            stdio::print_error(&error);
            return Exit::BadInput;
        }
    };
    let counted = families(&cases);
    let equal = counted.iter().all(|family| family.different == 0);
    let exit = if equal { Exit::Success } else { Exit::Failed };
    let mut data = table(&counted).render(args.format.output.into());
    let differences = first_differences(&cases, args.differences);
    if args.format.output.is_for_people() {
        data.push_str(&differences);
    } else if !differences.is_empty() {
        // A program reads standard output as one document.
        stdio::say(differences.trim_end());
    }
    stdio::print_data(&data, exit)
}

fn table(families: &[Family]) -> ResultSet {
    let mut set = ResultSet::new(vec![
        Column::new("family", "FAMILY"),
        Column::new("cases", "CASES"),
        Column::new("equal", "EQUAL"),
        Column::new("different", "DIFFERENT"),
    ]);
    let cell = |count: usize| i64::try_from(count).unwrap_or(i64::MAX).into();
    for family in families {
        set.push(vec![family.name.as_str().into(), cell(family.cases()), cell(family.equal), cell(family.different)]);
    }
    set
}
