//! Turns changes of the cluster into facts: level-triggered, so that the order of several changes at one instant does
//! not matter.

mod load;
mod pools;

use super::autoscaling_log::AutoscalingLog;
use super::event_log::EventLog;
use super::final_records::{job_records, last_counts, pod_records};
use super::instance_records::instance_records;
use super::known_shapes::KnownShapes;
use super::machine_costs::{Costs, MachineCosts};
use super::node_account::NodeState;
use super::recorder_input::RunHeader;
use super::stranded::stranded;
use crate::api::Name;
use crate::autoscaler::hpa::controller::HpaReport;
use crate::cluster::{
    ApiEvent, Change, ChangeKind, Cluster, Interest, Node, NodeGroup, NodeGroupId, NodeId, NodeReady, ObjectId, PodId,
    WorkloadId,
};
use crate::infra::faults::FaultEffect;
use crate::record::{
    ActionRecord, ClusterSeries, ExtendedSeries, Facts, IntervalSeries, LoadSeries, NodeRecord, RecoveryRecord,
    StepSeries, WorkloadRecord,
};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use pools::Pools;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is accounted for of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is counted by itself")]
struct PodState {
    pending: bool,
    bound: bool,
    ready: bool,
    in_workload: bool,
}

/// Gathers the facts of a run.
#[derive(Debug)]
pub struct Recorder {
    pods: Vec<PodState>,
    nodes: Vec<NodeState>,
    pools: Pools,
    costs: MachineCosts,
    shapes: KnownShapes,
    workloads: Vec<WorkloadRecord>,
    cluster: ClusterSeries,
    extended: BTreeMap<Name, usize>,
    events: EventLog,
    autoscaling: AutoscalingLog,
    interval: SimDuration,
}

impl Recorder {
    /// A recorder for a run whose timeline has rows of `interval`.
    pub fn new(interval: SimDuration, groups: &[NodeGroup], costs: MachineCosts) -> Self {
        Self {
            pods: Vec::new(),
            nodes: Vec::new(),
            pools: Pools::new(groups, interval),
            costs,
            shapes: KnownShapes::default(),
            workloads: Vec::new(),
            cluster: ClusterSeries::new(interval),
            extended: BTreeMap::new(),
            events: EventLog::default(),
            autoscaling: AutoscalingLog::new(interval),
            interval,
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodAdded,
        ChangeKind::PodBound,
        ChangeKind::PodReadiness,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::NodeAdded,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeReadiness,
        ChangeKind::NodeRemoved,
        ChangeKind::InstanceChanged,
        ChangeKind::DesiredReplicas,
        ChangeKind::HpaSpec,
    ]);

    /// Accounts for a change.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        match change {
            Change::PodAdded(pod)
            | Change::PodBound(pod)
            | Change::PodReadiness(pod)
            | Change::PodTerminating(pod)
            | Change::PodEnded(pod)
            | Change::PodRemoved(pod) => self.account_pod(pod, cluster, now),
            Change::NodeAdded(node)
            | Change::NodeUpdated(node)
            | Change::NodeReadiness(node)
            | Change::NodeRemoved(node) => self.account_node(node, cluster, now),
            Change::InstanceChanged(id) => {
                let instance = cluster.instance(id);
                let group = instance.request.group.map(NodeGroupId::index);
                let pool = self.pools.index_of(group, &instance.choice().node.meta.labels);
                self.costs.account_instance(id, pool, cluster, now);
            }
            Change::DesiredReplicas(workload) => self.account_workload(workload, cluster, now),
            Change::HpaSpec(id) => self.autoscaling.spec_changed(id),
            _ => {}
        }
    }

    fn account_pod(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let pod = cluster.pod(id);
        let target = PodState {
            pending: pod.exists() && pod.node.is_none() && !pod.phase.is_terminal(),
            bound: pod.occupies_node(),
            ready: pod.exists() && pod.ready,
            in_workload: pod.is_active(),
        };
        if self.pods.len() <= id.index() {
            self.pods.resize(id.index() + 1, PodState::default());
        }
        if target.pending && !self.pods[id.index()].pending && !matches!(pod.owner, Some(ObjectId::DaemonSet(_))) {
            self.account_shape(id, cluster, now);
        }
        let before = std::mem::replace(&mut self.pods[id.index()], target);
        let change = |old: bool, new: bool| i64::from(new) - i64::from(old);
        self.cluster.pods_pending.add(now, change(before.pending, target.pending));
        self.cluster.pods_bound.add(now, change(before.bound, target.bound));
        self.cluster.pods_ready.add(now, change(before.ready, target.ready));
        if before.bound != target.bound {
            self.account_placement(id, change(before.bound, target.bound), cluster, now);
        }
        if let Some(workload) = pod.workload {
            if before.bound != target.bound {
                let cpu = cluster.template_of(id).requests.cpu.get() * change(before.bound, target.bound);
                let series = &mut self.workload(workload, cluster).cpu_requested;
                series.set(now, series.last().unwrap_or(0) + cpu);
            }
            self.account_workload(workload, cluster, now);
        }
    }

    /// A pod of perhaps a new size came: what was of no use may be of use to it.
    fn account_shape(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let requests = &cluster.template_of(id).requests;
        if self.shapes.note((requests.cpu.get(), requests.memory.get())) {
            for state in self.nodes.iter_mut().filter(|state| state.exists) {
                state.account(now);
                state.classify(&self.shapes);
            }
        }
    }

    fn account_placement(&mut self, id: PodId, change: i64, cluster: &Cluster, now: SimTime) {
        let requests = &cluster.template_of(id).requests;
        let (cpu, memory) = (requests.cpu.get() * change, requests.memory.get() * change);
        self.cluster.cpu_requested.add(now, cpu);
        self.cluster.memory_requested.add(now, memory);
        for (name, amount) in requests.scalar.iter() {
            let index = self.extended_index(name);
            self.cluster.extended[index].requested.add(now, amount * change);
        }
        let pod = cluster.pod(id);
        if let Some(node) = pod.node {
            let is_daemon = matches!(pod.owner, Some(ObjectId::DaemonSet(_)));
            let state = self.node_state(node);
            state.account(now);
            state.cpu_requested += cpu;
            state.memory_requested += memory;
            state.pods = state.pods.saturating_add_signed(i32::try_from(change).unwrap_or(0));
            state.pods_max = state.pods_max.max(state.pods);
            if change > 0 {
                state.pods_bound += 1;
            }
            let was_used = state.is_used();
            if is_daemon {
                state.cpu_daemons += cpu;
                state.memory_daemons += memory;
            } else {
                state.own_pods = state.own_pods.saturating_add_signed(i32::try_from(change).unwrap_or(0));
            }
            state.account_use(was_used, now);
            let used = i64::from(state.is_used()) - i64::from(was_used);
            let stranded = if state.exists {
                stranded(
                    (state.cpu_allocatable, state.cpu_requested),
                    (state.memory_allocatable, state.memory_requested),
                )
            } else {
                (0, 0)
            };
            let before = (state.cpu_stranded, state.memory_stranded);
            (state.cpu_stranded, state.memory_stranded) = stranded;
            let pool = state.pool;
            self.cluster.nodes_used.add(now, used);
            self.cluster.cpu_stranded.add(now, stranded.0 - before.0);
            self.cluster.memory_stranded.add(now, stranded.1 - before.1);
            self.pools.add_requested(pool, cpu, now);
            self.nodes[node.index()].classify(&self.shapes);
        }
    }

    fn extended_index(&mut self, name: &Name) -> usize {
        if let Some(index) = self.extended.get(name) {
            return *index;
        }
        let index = self.cluster.extended.len();
        self.extended.insert(name.clone(), index);
        let zero = IntervalSeries::new(self.interval);
        self.cluster.extended.push(ExtendedSeries { name: name.clone(), allocatable: zero.clone(), requested: zero });
        index
    }

    fn node_state(&mut self, id: NodeId) -> &mut NodeState {
        if self.nodes.len() <= id.index() {
            self.nodes.resize(id.index() + 1, NodeState::default());
        }
        &mut self.nodes[id.index()]
    }

    fn account_node(&mut self, id: NodeId, cluster: &Cluster, now: SimTime) {
        let node = cluster.node(id);
        let (exists, ready) = (node.exists(), node.exists() && node.ready == NodeReady::True);
        // A node stays with the pool that it came to, whatever becomes of its labels.
        let known = self.nodes.get(id.index()).filter(|state| state.exists).map(|state| state.pool);
        let of_labels =
            |pools: &mut Pools| pools.index_of(node.pool.map(|pool| pool as usize), &node.object.meta.labels);
        let pool = known.unwrap_or_else(|| of_labels(&mut self.pools));
        self.costs.account_node(id, pool, cluster, now);
        self.node_state(id).account(now);
        let state = self.node_state(id);
        state.pool = pool;
        state.pods_allocatable = node.object.allocatable.pods.unwrap_or(0);
        state.cpu_allocatable = node.object.allocatable.cpu.map_or(0, MilliCpu::get);
        state.memory_allocatable = node.object.allocatable.memory.map_or(0, Bytes::get);
        let (existed, was_ready) = (state.exists, state.ready);
        if was_ready && !ready {
            state.ready_for += now - state.ready_since;
        } else if ready && !was_ready {
            state.ready_since = now;
        }
        let was_used = state.is_used();
        state.exists = exists;
        state.ready = ready;
        state.account_use(was_used, now);
        self.nodes[id.index()].classify(&self.shapes);
        let state = self.node_state(id);
        let used = i64::from(state.is_used()) - i64::from(was_used);
        let stranded = (state.cpu_stranded, state.memory_stranded);
        if !exists {
            (state.cpu_stranded, state.memory_stranded) = (0, 0);
        }
        self.cluster.nodes_ready.add(now, i64::from(ready) - i64::from(was_ready));
        if existed && !exists {
            self.cluster.cpu_stranded.add(now, -stranded.0);
            self.cluster.memory_stranded.add(now, -stranded.1);
        }
        if exists != existed {
            let change = i64::from(exists) - i64::from(existed);
            let allocatable = &node.object.allocatable;
            let cpu = allocatable.cpu.map_or(0, MilliCpu::get) * change;
            let memory = allocatable.memory.map_or(0, Bytes::get) * change;
            self.cluster.nodes.add(now, change);
            self.cluster.nodes_used.add(now, used);
            self.cluster.cpu_allocatable.add(now, cpu);
            self.cluster.memory_allocatable.add(now, memory);
            for (name, amount) in allocatable.scalar.iter() {
                let index = self.extended_index(name);
                self.cluster.extended[index].allocatable.add(now, amount * change);
            }
            self.pools.count(pool, change, allocatable, now);
        }
    }

    fn workload(&mut self, id: WorkloadId, cluster: &Cluster) -> &mut WorkloadRecord {
        while self.workloads.len() <= id.index() {
            let workload = cluster.workload(WorkloadId::from_index(self.workloads.len()));
            self.workloads.push(WorkloadRecord {
                namespace: cluster.namespace_name(workload.namespace).clone(),
                name: Name::from(workload.to_string()),
                desired: StepSeries::default(),
                current: StepSeries::default(),
                ready: StepSeries::default(),
                updated_last: 0,
                available_last: 0,
                proposed: StepSeries::default(),
                request_rate_milli: LoadSeries::new(self.interval),
                request_rate_unserved_milli: LoadSeries::new(self.interval),
                cpu_used: LoadSeries::new(self.interval),
                cpu_requested: StepSeries::default(),
            });
        }
        &mut self.workloads[id.index()]
    }

    fn account_workload(&mut self, id: WorkloadId, cluster: &Cluster, now: SimTime) {
        let workload = cluster.workload(id);
        let record = self.workload(id, cluster);
        record.desired.set(now, i64::from(workload.desired));
        record.current.set(now, i64::from(workload.active));
        record.ready.set(now, i64::from(workload.ready));
    }

    /// An autoscaler decided.
    pub fn note_autoscaling(&mut self, report: &HpaReport, cluster: &Cluster, now: SimTime) {
        if let (Some(workload), Some(replicas)) = (report.workload, report.decision.metric_desired) {
            self.workload(workload, cluster).proposed.set(now, i64::from(replicas));
        }
        self.autoscaling.add(report, cluster, now);
    }

    /// CPU that pods used on a node, in millicore-nanoseconds.
    pub fn note_pod_usage(&mut self, node: NodeId, integral: i128) {
        self.node_state(node).cpu_used_integral += integral;
    }

    /// A fault had an effect.
    pub fn note_fault(&mut self, effect: &FaultEffect) {
        if let FaultEffect::Struck { nodes, .. } = effect {
            for node in nodes {
                self.node_state(*node).faults += 1;
            }
        }
    }

    /// Records a Kubernetes Event.
    pub fn event(&mut self, event: ApiEvent, now: SimTime) {
        self.events.add(event, now);
    }

    /// Records that a pod's Event `FailedScheduling` was repeated.
    pub fn repeated_failure(&mut self, pod: PodId, count: u32, last: SimTime) {
        self.events.repeat(pod, ApiEvent::FAILED_SCHEDULING, count, last);
    }

    /// Closes the books at `end`.
    pub fn finish(
        mut self,
        header: RunHeader,
        cluster: &Cluster,
        recoveries: Vec<RecoveryRecord>,
        actions: Vec<ActionRecord>,
    ) -> Facts {
        let end = header.end;
        self.cluster.advance(end);
        for workload in &mut self.workloads {
            for load in
                [&mut workload.request_rate_milli, &mut workload.request_rate_unserved_milli, &mut workload.cpu_used]
            {
                load.advance(end);
            }
        }
        for (id, workload) in cluster.workloads() {
            let (updated, available) = last_counts(workload, cluster);
            let record = self.workload(id, cluster);
            record.updated_last = updated;
            record.available_last = available;
        }
        let narrow = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let nominated = cluster.nominated_nodes().map(|(pod, node)| (narrow(pod.index()), narrow(node.index())));
        let nominated_last = nominated.collect();
        let nodes = cluster.nodes().map(|(id, node)| self.node_record(id, node, cluster, end)).collect();
        let Costs { machine_types, commitments, cluster_fee, remarks } = self.costs.finish(end);
        let (autoscalers, autoscaling) = self.autoscaling.finish(cluster);
        Facts {
            scenario: header.scenario,
            seed: header.seed,
            start_unix_seconds: header.start_unix_seconds,
            planned_duration: header.planned_duration,
            end,
            interrupted: header.interrupted,
            events_handled: header.events_handled,
            checksum: header.checksum,
            scheduling_attempts: header.scheduling_attempts,
            framework_attempts: header.framework_attempts,
            pods: pod_records(cluster, &header.arrivals),
            nodes,
            instances: instance_records(cluster),
            decisions: header.decisions,
            pools: self.pools.into_records(end),
            traffic: header.traffic,
            calls: header.calls,
            machine_types,
            commitments,
            cluster_fee,
            workloads: self.workloads,
            jobs: job_records(cluster),
            event_table: self.events.into_table(),
            autoscalers,
            autoscaling,
            recommendations: header.recommendations,
            recoveries,
            actions,
            nominated_last,
            cluster: self.cluster,
            remarks: header.remarks.into_iter().chain(remarks).collect(),
        }
    }

    fn node_record(&mut self, id: NodeId, node: &Node, cluster: &Cluster, end: SimTime) -> NodeRecord {
        let paid = self.costs.of_node(id, cluster);
        let capacity_type = paid.map_or("", |paid| self.costs.capacity_type(paid.machine_type));
        let state = self.node_state(id);
        if state.exists {
            state.account(end);
            if state.is_used() {
                state.used_for += end - state.used_since;
            }
            if state.ready {
                state.ready_for += end - state.ready_since;
            }
        }
        let object = &node.object;
        let label = |key: &str| object.meta.labels.get(key).cloned().unwrap_or_default();
        let mut status = String::from(if node.ready == NodeReady::True { "Ready" } else { "NotReady" });
        if object.unschedulable {
            status.push_str(",SchedulingDisabled");
        }
        NodeRecord {
            name: object.meta.name.clone(),
            pool: state.pool,
            zone: object.zone().cloned().unwrap_or_default(),
            instance_type: label(crate::api::well_known::INSTANCE_TYPE),
            instance: node.instance.and_then(|instance| u32::try_from(instance.index()).ok()),
            created: node.head.created,
            deleted: node.removed,
            capacity_type,
            machine_type: paid.map(|paid| paid.machine_type),
            paid_from: paid.map(|paid| paid.from),
            paid_until: paid.and_then(|paid| paid.until),
            cpu_capacity: object.capacity.cpu.or(object.allocatable.cpu).unwrap_or_default(),
            memory_capacity: object.capacity.memory.or(object.allocatable.memory).unwrap_or_default(),
            cpu_allocatable: object.allocatable.cpu.unwrap_or_default(),
            memory_allocatable: object.allocatable.memory.unwrap_or_default(),
            pods_allocatable: object.allocatable.pods.unwrap_or(0),
            extended_allocatable: Arc::clone(&object.allocatable.scalar),
            cpu_requested_integral: state.cpu_integral,
            memory_requested_integral: state.memory_integral,
            cpu_used_integral: state.cpu_used_integral,
            used_for: state.used_for,
            cpu_daemons_integral: state.cpu_daemons_integral,
            memory_daemons_integral: state.memory_daemons_integral,
            cpu_fragmented_integral: state.cpu_fragmented_integral,
            memory_fragmented_integral: state.memory_fragmented_integral,
            cpu_pod_cap_integral: state.cpu_pod_cap_integral,
            memory_pod_cap_integral: state.memory_pod_cap_integral,
            ready_for: state.ready_for,
            pods_bound: state.pods_bound,
            pods_max: state.pods_max,
            pods_last: state.pods,
            cpu_requested_last: MilliCpu::new(state.cpu_requested),
            memory_requested_last: Bytes::new(state.memory_requested),
            faults: state.faults,
            status_last: Name::from(status),
        }
    }
}
