//! A checked scenario: what a run uses.

use super::action::Action;
use super::distribution::Distribution;
use super::fault::Fault;
use super::leaf::{Duration, PodTemplateText};
use super::shortage::Shortage;
use super::source::ScenarioSource;
use super::spec::{Metadata, ScenarioSpec, TraceFormat};
use crate::input::Diagnostic;
use crate::input::catalogue::Catalogue;
use crate::units::SimTime;
use std::path::PathBuf;
use std::sync::Arc;

/// A scenario that has been read and checked. Overrides are already applied.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The scenario file.
    pub file: PathBuf,
    /// The folder of the scenario file, to which its paths are relative.
    pub folder: PathBuf,
    /// Name and annotations.
    pub metadata: Metadata,
    /// The spec as written, but for `arrivals`, `faults` and `actions`, which stand below in closed form.
    pub spec: ScenarioSpec,
    /// Streams of bare pods.
    pub arrivals: Vec<Arrivals>,
    /// Faults, in the order of the file.
    pub faults: Vec<Fault>,
    /// What the cloud cannot or will not give, in the order of the file.
    pub shortages: Vec<Shortage>,
    /// Operator actions by time; equal times keep the order of the file.
    pub actions: Vec<Action>,
    /// Instance types and prices.
    pub catalogue: Arc<Catalogue>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
    /// The document, for sweeps and for the places of fields.
    pub(super) document: Arc<ScenarioSource>,
}

/// A stream of bare pods.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// Name, unique among the arrivals.
    pub name: String,
    /// Namespace of the pods.
    pub namespace: String,
    /// When the stream begins: the zero of a trace's times.
    pub start: SimTime,
    /// When it ends: no pod comes at or after it.
    pub end: SimTime,
    /// Largest number of pods.
    pub limit: Option<u64>,
    /// Where the pods come from.
    pub source: ArrivalSource,
}

/// Where the pods of a stream come from.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrivalSource {
    /// Drawn from distributions.
    Generated(GeneratedArrivals),
    /// Read from a trace.
    Trace(TraceFiles),
}

/// Pods drawn from distributions.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedArrivals {
    /// Time from one arrival to the next.
    pub every: Distribution<Duration>,
    /// Pods per arrival.
    pub count: u32,
    /// How long a pod's containers run; `None` is until the end of the run.
    pub duration: Option<Distribution<Duration>>,
    /// The pods.
    pub template: PodTemplateText,
}

/// A trace whose files have been located.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFiles {
    /// Form of the files.
    pub format: TraceFormat,
    /// File with the pods.
    pub pods: PathBuf,
    /// File with the nodes.
    pub nodes: Option<PathBuf>,
}
