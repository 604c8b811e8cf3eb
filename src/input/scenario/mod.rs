//! The scenario file: its shape, validation and JSON Schema.
//!
//! [`ScenarioFile`] is the document as written; [`Scenario`] is what a run uses: the same values, checked, with arrivals,
//! faults and actions as closed enums.

mod check;
mod check_cluster;
mod check_load;
mod control_plane;
mod distribution;
mod happening;
mod leaf;
mod load;
mod path;
mod rate;
mod read_error;
mod reader;
mod schema;
mod spec;
mod stand_in;
mod tree;
mod typed;

pub use control_plane::{ApiServer, ControlPlane, ControllerManager, Kubelet, Latency, MetricsServer, SchedulerClient};
pub use distribution::{
    Distribution, DistributionUnit, Empirical, Exponential, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull,
};
pub use happening::{ActionEntry, AddNodesAction, Drain, DrainOptions, FaultEntry, FaultKind, ScaleAction};
pub use leaf::{Amount, AnyValue, CalendarTime, Duration, KubernetesVersion, PodTemplateText, Target, TargetKind};
pub use load::{LoadOptions, load, load_text};
pub use rate::{Diurnal, Rate, RateCsv, RatePoint, Sine, Spike, Spikes};
pub use schema::json_schema;
pub use spec::{
    ApiVersion, ArrivalEntry, ImagePull, ImageTransfer, MAX_PODS, Metadata, NodePool, Objective, Output, PrintKind,
    ScenarioFile, ScenarioKind, ScenarioSpec, Startup, Sweep, SweepParameter, TaintEffectEntry, TaintEntry,
    TraceFormat, TraceSource, Traffic, resource_list,
};
pub use typed::{
    Action, ActionVerb, ArrivalSource, Arrivals, Fault, FaultScope, FaultTiming, GeneratedArrivals, Scenario,
    TraceFiles,
};
