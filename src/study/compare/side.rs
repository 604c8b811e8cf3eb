//! One of the things that are compared: where it comes from, and what its runs left.

use crate::report::{METRICS, ObjectiveResult, Unit, find_metric};
use crate::study::amounts::{listed, unit_of};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideKind {
    /// A scenario, which was run for the comparison.
    Scenario,
    /// The folder of a finished run.
    Run,
    /// The folder of a sweep.
    Sweep,
}

impl SideKind {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Run => "run",
            Self::Sweep => "sweep",
        }
    }
}

/// One of the things that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// `A`, `B` and so on.
    pub label: String,
    /// As it was given.
    pub given: String,
    /// What it is.
    pub kind: SideKind,
    /// `metadata.name` of the scenario; empty if it is not known, as of a sweep.
    pub scenario: String,
    /// The length of its runs in seconds; `None` if they have none.
    pub seconds: Option<f64>,
    /// Calendar time of the start, if the scenario pins it; `None` also of a sweep.
    pub start_time: Option<String>,
    /// The release of Kubernetes whose rules were followed; empty if it is not known.
    pub kubernetes_version: String,
    /// Version of wavetank that ran it; empty if it is not known.
    pub wavetank_version: String,
    /// Its points: of a sweep those of the sweep, otherwise one.
    pub points: Vec<SidePoint>,
    /// What is to be said about it.
    pub warnings: Vec<String>,
}

/// One configuration of a side.
#[derive(Clone, Debug, PartialEq)]
pub struct SidePoint {
    /// Its parameters, as `path=value, path=value`; empty if there are none.
    pub name: String,
    /// Its runs by seed.
    pub runs: Vec<SideRun>,
}

/// What a run left.
#[derive(Clone, Debug, PartialEq)]
pub struct SideRun {
    /// Its seed.
    pub seed: u64,
    /// Its metrics.
    pub metrics: BTreeMap<MetricKey, f64>,
    /// Its objectives; none of a sweep.
    pub objectives: Vec<ObjectiveResult>,
    /// Where its tables are, if they were kept.
    pub folder: Option<PathBuf>,
}

/// A metric of a run, or of one of its traffic entries. In the order of the summary, those of entries behind those of the
/// run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricKey {
    /// The traffic entry; `None` for the run as a whole.
    traffic: Option<String>,
    /// Place in the summary.
    place: usize,
    metric: String,
}

impl MetricKey {
    /// A metric of a traffic entry, or of the run as a whole.
    #[must_use]
    pub fn new(metric: &str, traffic: Option<&str>) -> Self {
        let found = find_metric(listed(metric));
        let place = found.and_then(|metric| METRICS.iter().position(|listed| listed.name == metric.name));
        Self { traffic: traffic.map(str::to_owned), place: place.unwrap_or(METRICS.len()), metric: metric.to_owned() }
    }

    /// A metric of the run as a whole.
    #[must_use]
    pub fn of_run(metric: &str) -> Self {
        Self::new(metric, None)
    }

    /// The metric.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The traffic entry; `None` for the run as a whole.
    #[must_use]
    pub fn traffic(&self) -> Option<&str> {
        self.traffic.as_deref()
    }

    /// The listed metric that it is of: a column of a sweep may be one of a traffic entry, such as
    /// `request_latency_seconds_p99_of_web`.
    #[must_use]
    pub fn listed(&self) -> &str {
        listed(&self.metric)
    }

    /// Its unit, if it is known.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        unit_of(&self.metric)
    }
}
