//! The facts of a run, append only: what happened to each pod, node, workload, fault and autoscaler.
//!
//! The simulation writes facts; `stats` and `report` read them after (or while) it runs. Nothing here decides anything.

mod events;
mod facts;
mod node;
mod pod;
mod series;

pub use crate::input::scenario::FaultKind;
pub use events::{EventKind, EventMessage, EventRecord, EventRow, EventSubject, EventTable, EventText, EventType};
pub use facts::{
    ActionOutcome, ActionRecord, AutoscalerRecord, AutoscalingRecord, ClusterSeries, ExtendedSeries, Facts,
    MetricRecord, PoolRecord, RecoveryRecord, WorkloadRecord,
};
pub use node::NodeRecord;
pub use pod::{PodGroup, PodOutcome, PodRecord};
pub use series::{Bucket, IntervalSeries, StepSeries};
