//! The scenario file: its shape, validation and JSON Schema.
//!
//! [`ScenarioFile`] is the document as written; [`Scenario`] is what a run uses: the same values, checked, with arrivals,
//! faults and actions as closed enums.

mod action;
mod action_options;
mod boot;
mod calls;
mod check;
mod check_actions;
mod check_calls;
mod check_cloud;
mod check_cluster;
mod check_faults;
mod check_jobs;
mod check_load;
mod check_machines;
mod check_metrics;
mod check_rate;
mod check_routing;
mod check_runs;
mod check_server;
mod check_sweep;
mod check_usage;
mod cloud;
mod cluster_autoscaler;
mod control_plane;
mod delay;
mod distribution;
mod fault;
mod job_run;
mod karpenter;
mod leaf;
mod load;
mod machine_type;
mod metric;
mod nodes;
mod overrides;
mod paid_by;
mod pod_server;
mod rate;
mod reference;
mod resource_amounts;
mod scalar;
mod schema;
mod service_level;
mod shortage;
mod source;
mod spec;
mod stand_in;
mod storage;
mod sweep;
mod taint_change;
mod target;
mod text_or_map;
mod traffic;
mod typed;
mod usage;
mod vertical_pod_autoscaler;

pub use action::{Action, ActionVerb};
pub use action_options::{
    AddNodesAction, DeleteOptions, DrainOptions, PatchAction, PatchType, RolloutUndoOptions, ScaleAction, Subresource,
    TaintAction,
};
pub use cloud::{Discount, Fee, OtherRegions, PricedNodes, Pricing, ReservedMachines, SavingsPlan};
pub use delay::{Delay, Percentiles};
pub use distribution::{
    Distribution, DistributionUnit, Empirical, Exponential, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull,
};
pub use fault::{Fault, FaultKind, FaultScope, FaultTiming};
pub use job_run::JobRun;
pub use leaf::{Amount, AnyValue, Duration, PodTemplateText};
pub use load::{LoadOptions, load, load_text};
pub use metric::{
    AdapterOutage, DescribedObject, MetricQueue, MetricSource, MetricType, MetricValue, RequestMeasure, RequestMetric,
    TriggerReference,
};
pub use paid_by::PaidBy;
pub use rate::{
    Diurnal, FlashCrowd, FlashCrowds, Modulated, ModulatedState, Rate, RateCsv, RatePoint, RateTimes, RateTrace,
    SelfSimilar, Sine, Spike, Spikes, TraceLoad, TraceName,
};
pub use reference::{ObjectReference, PodOf};
pub use schema::json_schema;
pub use spec::TraceFormat;
pub use storage::{AttachOutage, Expansion, Storage};
pub use sweep::{NamedPoint, Sampling, SamplingMethod, Scale, StopRule, Sweep, SweepParameter, SweepRange};
pub use taint_change::TaintChange;
pub use typed::{ArrivalSource, Arrivals, Scenario};

pub(crate) use boot::{Boot, default_spot_notice};
pub(crate) use calls::{Call, Jitter, OutlierDetection, Retries, RetryBudget, RetryCause};
pub(crate) use cloud::Cloud;
pub(crate) use control_plane::{ControlPlane, MetricResource, MetricsOutage};
pub(crate) use karpenter::{KarpenterVersion, MinValuesPolicy, PreferencePolicy};
pub(crate) use leaf::CalendarTime;
pub(crate) use nodes::MAX_NODES;
pub(crate) use resource_amounts::{MAX_PODS, resource_list};
#[cfg(test)]
pub(crate) use service_level::ServiceLevelObjective;
pub(crate) use shortage::{Problem, Shortage};
pub(crate) use spec::{ImagePull, ImageTransfer, NodePool, Objective, PrintKind, ScenarioSpec, Startup, TaintEntry};
pub(crate) use sweep::SweepStep;
pub(crate) use target::Target;
pub(crate) use traffic::{
    AfterSignal, Backend, BackendServer, ClientsFrom, Fidelity, HealthCheck, HttpOptions, ProxyMode, RequestSpacing,
    Routing, Server, Traffic,
};
pub(crate) use typed::GeneratedArrivals;
pub(crate) use usage::{Usage, UsageOverTime};
