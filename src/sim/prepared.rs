//! Everything that a run needs.

use crate::api::{Object, PodTemplate};
use crate::input::ManifestSource;
use crate::input::scenario::Scenario;
use crate::input::trace::{TraceFile, TraceNode};
use crate::scheduler::SchedulerConfig;
use std::sync::Arc;

/// The pods of an arrival stream.
#[derive(Clone, Debug)]
pub enum PreparedArrivals {
    /// All from one template.
    Template(Arc<PodTemplate>),
    /// From a trace.
    Trace {
        /// Its nodes, if it has any.
        nodes: Vec<TraceNode>,
        /// Its pod file; `None` if it cannot be read, and then there is no run.
        pods: Option<TraceFile>,
    },
}

/// A scenario with everything that it refers to.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The scenario.
    pub scenario: Scenario,
    /// Objects that exist at the start.
    pub objects: Vec<Object>,
    /// By action: the objects that it applies.
    pub applied: Vec<Vec<Object>>,
    /// By arrival stream: its pods.
    pub arrivals: Vec<PreparedArrivals>,
    /// Configuration of the scheduler.
    pub scheduler: SchedulerConfig,
    /// Manifests besides those of the scenario.
    pub(super) manifests: Vec<ManifestSource>,
}
