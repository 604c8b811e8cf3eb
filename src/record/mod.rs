//! The facts of a run, append only: what happened to each pod, node, workload, fault and autoscaler.
//!
//! The simulation writes facts; `stats` and `report` read them after (or while) it runs. Nothing here decides anything.

mod autoscaling;
mod calls;
mod cost;
mod decision;
mod decision_log;
mod events;
mod facts;
mod fluid_log;
mod instance;
mod job;
mod latencies;
mod load_series;
mod node;
mod pod;
mod recommendation;
mod request_counts;
mod request_log;
mod request_windows;
mod requests;
mod series;
mod service_level;

pub use crate::input::scenario::FaultKind;
pub use autoscaling::{
    AutoscalerRecord, AutoscalerSpec, AutoscalingRecord, DecisionCounts, MetricRecord, MetricSpecRecord,
};
pub use calls::CallRecord;
pub use cost::{CommitmentRecord, MachineTypeRecord};
pub use decision::DecisionRecord;
pub use decision_log::DecisionLog;
pub use events::{EventKind, EventMessage, EventRecord, EventRow, EventSubject, EventTable, EventText, EventType};
pub use facts::{
    ActionOutcome, ActionRecord, ClusterSeries, ExtendedSeries, Facts, PoolRecord, RecoveryRecord, WorkloadRecord,
};
pub use fluid_log::FluidLog;
pub use instance::InstanceRecord;
pub use job::{JobOutcome, JobRecord};
pub use latencies::{Latencies, LatencyBucket, LatencyFigures, bucket_bound};
pub use load_series::LoadSeries;
pub use node::NodeRecord;
pub use pod::{PodGroup, PodOutcome, PodRecord};
pub use recommendation::{Bounds, RecommendationRecord};
pub use request_counts::{CountInfo, CountKind, RequestCount, RequestCounts};
pub use request_log::{Flow, RequestLog};
pub use request_windows::{MINUTE, RequestMinute, RequestWindow, WINDOW};
pub use requests::{BackendRecord, RequestInterval, TrafficIdentity, TrafficRecord, Transfer};
pub use series::{Bucket, IntervalSeries, StepSeries};
pub use service_level::ServiceLevel;
