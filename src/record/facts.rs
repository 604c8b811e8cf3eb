//! The facts of one run.

use super::{
    AutoscalerRecord, AutoscalingRecord, CallRecord, CommitmentRecord, DecisionRecord, EventRecord, EventTable,
    InstanceRecord, IntervalSeries, JobRecord, LoadSeries, MachineTypeRecord, NodeRecord, PodRecord,
    RecommendationRecord, StepSeries, TrafficRecord,
};
use crate::input::scenario::FaultKind;
use crate::units::{NanoDollars, SimDuration, SimTime};
use smol_str::SmolStr;

/// Everything that a run leaves behind.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `metadata.name` of the scenario.
    pub scenario: String,
    /// The seed of the random streams.
    pub seed: u64,
    /// The calendar time of simulated time zero in seconds since the Unix epoch, if the scenario pins it.
    pub start_unix_seconds: Option<i64>,
    /// The duration that the scenario asks for.
    pub planned_duration: SimDuration,
    /// How far the run came; less than the planned duration if it was interrupted.
    pub end: SimTime,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// Events of the kernel that were handled.
    pub events_handled: u64,
    /// Checksum over these events and their times: equal in two runs that took the same course.
    pub checksum: u64,
    /// Scheduling attempts, successful or not.
    pub scheduling_attempts: u64,
    /// Scheduling attempts that the index could not decide, so that every plugin ran over every node.
    pub framework_attempts: u64,
    /// Every pod, in order of creation.
    pub pods: Vec<PodRecord>,
    /// `status.nominatedNodeName` at the end, of the pods that have one: index into [`pods`](Self::pods), and into
    /// [`nodes`](Self::nodes).
    pub nominated_last: Vec<(u32, u32)>,
    /// Every node, in order of creation.
    pub nodes: Vec<NodeRecord>,
    /// Every machine that the cloud was asked for, in order of the requests.
    pub instances: Vec<InstanceRecord>,
    /// Every node pool, in order of the scenario; nodes from manifests form a pool of their own with an empty name.
    pub pools: Vec<PoolRecord>,
    /// The requests of each traffic entry, in the order of the scenario.
    pub traffic: Vec<TrafficRecord>,
    /// The calls among them and those of users who try again, in the order of the callers.
    pub calls: Vec<CallRecord>,
    /// Machines by pool, instance type and price, in order of their first launch.
    pub machine_types: Vec<MachineTypeRecord>,
    /// Reservations and savings plans, in order of the scenario.
    pub commitments: Vec<CommitmentRecord>,
    /// What is paid for the cluster for an hour, besides its machines.
    pub cluster_fee: NanoDollars,
    /// Every workload with replicas (Deployment, StatefulSet, DaemonSet, ReplicaSet without an owner).
    pub workloads: Vec<WorkloadRecord>,
    /// Every Job, in order of creation.
    pub jobs: Vec<JobRecord>,
    /// Kubernetes Events in order of their first occurrence; [`events`](Self::events) writes them out.
    pub event_table: EventTable,
    /// Every HorizontalPodAutoscaler that ever was, in order of creation.
    pub autoscalers: Vec<AutoscalerRecord>,
    /// Decisions of autoscalers in order of time, as far as they are kept (see [`DecisionLog`](super::DecisionLog)).
    pub autoscaling: Vec<AutoscalingRecord>,
    /// What the Vertical Pod Autoscaler recommends at the end.
    pub recommendations: Vec<RecommendationRecord>,
    /// Decisions of the other autoscalers in order of time.
    pub decisions: Vec<DecisionRecord>,
    /// Faults in order of time, with the recovery from each.
    pub recoveries: Vec<RecoveryRecord>,
    /// Actions in order of time, with what came of each.
    pub actions: Vec<ActionRecord>,
    /// Cluster-wide quantities over time.
    pub cluster: ClusterSeries,
    /// Remarks that the user should see beside the results, for example that shared GPUs were rounded up.
    pub remarks: Vec<String>,
}

impl Facts {
    /// The Kubernetes Events in order of their first occurrence.
    pub fn events(&self) -> impl ExactSizeIterator<Item = EventRecord> + '_ {
        self.event_table.records(&self.pods, &self.nodes)
    }
}

/// A node pool over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolRecord {
    /// Name; empty for nodes that manifests define.
    pub name: SmolStr,
    /// Instance type; empty if not given.
    pub instance_type: SmolStr,
    /// Nodes over time.
    pub nodes: StepSeries,
    /// Allocatable CPU of the nodes over time, in millicores.
    pub cpu_allocatable: StepSeries,
    /// Allocatable memory of the nodes over time, in bytes.
    pub memory_allocatable: StepSeries,
    /// CPU requested by the pods that are bound to the nodes, in millicores.
    pub cpu_requested: IntervalSeries,
}

/// A workload's replicas and load over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRecord {
    /// Namespace.
    pub namespace: SmolStr,
    /// Kind and name, as `Deployment/web`.
    pub name: SmolStr,
    /// `spec.replicas` (for a DaemonSet, nodes that should run a pod).
    pub desired: StepSeries,
    /// Pods that are not terminating or ended.
    pub current: StepSeries,
    /// Pods with condition Ready.
    pub ready: StepSeries,
    /// `status.updatedReplicas` at the end.
    pub updated_last: i64,
    /// `status.availableReplicas` at the end.
    pub available_last: i64,
    /// The autoscaler's proposal before stabilisation and limits; empty without an autoscaler.
    pub proposed: StepSeries,
    /// Offered load in thousandths of a request per second; empty without traffic.
    pub request_rate_milli: LoadSeries,
    /// Load that the ready pods could not take within their CPU limits, in thousandths of a request per second.
    pub request_rate_unserved_milli: LoadSeries,
    /// CPU used by the pods, in millicores.
    pub cpu_used: LoadSeries,
    /// CPU requested by the pods that are bound, in millicores.
    pub cpu_requested: StepSeries,
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionOutcome {
    /// It was done.
    Done,
    /// All was as the action wants it.
    Unchanged,
    /// Another action on the same object took its place before it was done.
    Superseded,
    /// It was undone before it was done.
    RolledBack,
    /// It gave up after its timeout.
    GaveUp,
    /// What it names does not exist.
    NotFound,
    /// The API server refuses it.
    Refused,
    /// The run ended before it was done.
    Unfinished,
}

/// One action of the scenario, or its part that concerns one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRecord {
    /// When it was taken.
    pub at: SimTime,
    /// What, for example `drain`.
    pub action: SmolStr,
    /// Done to what, for example `Deployment shop/web`.
    pub target: SmolStr,
    /// What came of it.
    pub outcome: ActionOutcome,
    /// When it was over; absent if it never was.
    pub ended: Option<SimTime>,
    /// The API server's status code, where it refused the request, and of evictions.
    pub code: Option<u16>,
    /// What kubectl or the API server would say, how far it came, and what holds it.
    pub detail: String,
}

/// One fault and the recovery from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryRecord {
    /// What kind of fault.
    pub kind: FaultKind,
    /// Node, zone or pod.
    pub subject: SmolStr,
    /// The workloads whose pods it touched, as indexes into [`Facts::workloads`], ascending.
    pub workloads: Vec<u32>,
    /// When it struck.
    pub struck: SimTime,
    /// When the cause was gone (the node was back).
    pub ended: Option<SimTime>,
    /// When the control plane knew: the first node NotReady, or the container's restart.
    pub detected: Option<SimTime>,
    /// When the last affected pod was evicted or deleted.
    pub evicted: Option<SimTime>,
    /// Pods that were on the affected nodes when it struck (one for a pod crash), without DaemonSet pods.
    pub pods_affected: u32,
    /// Of these, pods that had to be replaced.
    pub pods_lost: u32,
    /// Of the lost ones, those that nothing replaces: pods without a controller. They are missing for ever.
    pub pods_unreplaced: u32,
    /// Replacements that were bound, by the end of recovery.
    pub replacements_scheduled: u32,
    /// Replacements that became ready, by the end of recovery.
    pub replacements_ready: u32,
    /// When the last replacement was bound.
    pub last_scheduled: Option<SimTime>,
    /// When every affected workload again had as many ready pods as it wants; absent if that never came.
    pub restored: Option<SimTime>,
    /// Missing ready pods integrated from the strike to the restoration, in replica-nanoseconds. Overlapping faults
    /// each count what is missing in their own affected workloads.
    pub missing_replica_nanos: i128,
}

/// Cluster-wide quantities over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSeries {
    /// Nodes in the API.
    pub nodes: IntervalSeries,
    /// Nodes with condition Ready.
    pub nodes_ready: IntervalSeries,
    /// Nodes with a bound pod that no DaemonSet owns.
    pub nodes_used: IntervalSeries,
    /// CPU that is free but has no memory free beside it, in millicores: of each node, the free CPU beyond what pods of
    /// the node's own shape (its allocatable CPU and memory in proportion) could use of its free memory.
    pub cpu_stranded: IntervalSeries,
    /// Memory that is free but has no CPU free beside it, in bytes.
    pub memory_stranded: IntervalSeries,
    /// Allocatable CPU of nodes in the API, in millicores.
    pub cpu_allocatable: IntervalSeries,
    /// Requested CPU of bound pods, in millicores.
    pub cpu_requested: IntervalSeries,
    /// Used CPU, in millicores.
    pub cpu_used: IntervalSeries,
    /// Allocatable memory, in bytes.
    pub memory_allocatable: IntervalSeries,
    /// Requested memory, in bytes.
    pub memory_requested: IntervalSeries,
    /// Used memory, in bytes.
    pub memory_used: IntervalSeries,
    /// Allocatable units of each extended resource, by name.
    pub extended: Vec<ExtendedSeries>,
    /// Pods that are not bound (and not ended), gated ones included.
    pub pods_pending: IntervalSeries,
    /// Bound pods that are not ended.
    pub pods_bound: IntervalSeries,
    /// Pods with condition Ready.
    pub pods_ready: IntervalSeries,
}

/// One extended resource over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedSeries {
    /// Resource name.
    pub name: SmolStr,
    /// Allocatable units.
    pub allocatable: IntervalSeries,
    /// Requested units.
    pub requested: IntervalSeries,
}

impl ClusterSeries {
    /// Series that are zero from the start, summarised by `interval`.
    pub fn new(interval: SimDuration) -> Self {
        let zero = IntervalSeries::new(interval);
        Self {
            nodes: zero.clone(),
            nodes_ready: zero.clone(),
            nodes_used: zero.clone(),
            cpu_stranded: zero.clone(),
            memory_stranded: zero.clone(),
            cpu_allocatable: zero.clone(),
            cpu_requested: zero.clone(),
            cpu_used: zero.clone(),
            memory_allocatable: zero.clone(),
            memory_requested: zero.clone(),
            memory_used: zero.clone(),
            extended: Vec::new(),
            pods_pending: zero.clone(),
            pods_bound: zero.clone(),
            pods_ready: zero,
        }
    }

    /// Accounts for the time up to `now` in every series.
    pub fn advance(&mut self, now: SimTime) {
        let Self {
            nodes,
            nodes_ready,
            nodes_used,
            cpu_stranded,
            memory_stranded,
            cpu_allocatable,
            cpu_requested,
            cpu_used,
            memory_allocatable,
            memory_requested,
            memory_used,
            extended,
            pods_pending,
            pods_bound,
            pods_ready,
        } = self;
        let all = [
            nodes,
            nodes_ready,
            nodes_used,
            cpu_stranded,
            memory_stranded,
            cpu_allocatable,
            cpu_requested,
            cpu_used,
            memory_allocatable,
            memory_requested,
            memory_used,
            pods_pending,
            pods_bound,
            pods_ready,
        ];
        for series in all {
            series.advance(now);
        }
        for resource in extended {
            resource.allocatable.advance(now);
            resource.requested.advance(now);
        }
    }
}
