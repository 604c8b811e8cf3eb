//! Follows each fault to the recovery from it.

use crate::api::{Kind, Name, PodPhase};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, NodeReady, PodId, WorkloadId};
use crate::infra::faults::FaultEffect;
use crate::record::{FaultKind, RecoveryRecord, StepSeries};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// A fault that has not been recovered from.
#[derive(Clone, Debug)]
struct Open {
    record: usize,
    nodes: BTreeSet<NodeId>,
    /// Pods that were on the nodes, or the pods that crashed.
    affected: BTreeSet<PodId>,
    workloads: BTreeSet<WorkloadId>,
    /// Pods on the nodes that nothing replaces, and whether each is missing.
    unmanaged: BTreeMap<PodId, bool>,
    /// How many of them are missing, over time.
    unmanaged_missing: StepSeries,
    /// Whether the control plane has acted on it, so that "nothing is missing" means restored.
    noticed: bool,
}

/// What is accounted for of a workload.
#[derive(Clone, Debug, Default)]
struct WorkloadState {
    /// Ready in the API, but on a machine that is down.
    ready_but_down: i64,
    /// Wanted pods that are not ready, over time.
    missing: StepSeries,
}

/// Follows faults.
#[derive(Debug, Default)]
pub struct RecoveryTracker {
    records: Vec<RecoveryRecord>,
    open: Vec<Open>,
    workloads: BTreeMap<WorkloadId, WorkloadState>,
    /// Pods that count in `ready_but_down`.
    down: BTreeSet<PodId>,
    /// Records of strikes whose cause is not gone.
    strikes: BTreeMap<u64, usize>,
}

impl Open {
    /// What has been missing since the strike, in replica-nanoseconds.
    fn missing(&self, states: &BTreeMap<WorkloadId, WorkloadState>, from: SimTime, to: SimTime) -> i128 {
        let of_workloads = self.workloads.iter().filter_map(|id| states.get(id));
        of_workloads.map(|state| state.missing.integral(from, to)).sum::<i128>()
            + self.unmanaged_missing.integral(from, to)
    }

    /// Looks at a pod that nothing replaces.
    fn account_unmanaged(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        if let Some(is_missing) = self.unmanaged.get_mut(&id) {
            let pod = cluster.pod(id);
            let machine_down = pod.node.is_some_and(|node| cluster.node(node).machine == Machine::Down);
            let is_done = pod.phase == PodPhase::Succeeded && pod.deletion.is_none();
            let serves = pod.is_active() && pod.ready && !machine_down;
            *is_missing = !is_done && !serves;
            let missing = self.unmanaged.values().filter(|is_missing| **is_missing).count();
            self.unmanaged_missing.set(now, i64::try_from(missing).unwrap_or(i64::MAX));
        }
    }
}

impl RecoveryTracker {
    /// A fault had an effect.
    pub fn note_fault(&mut self, effect: &FaultEffect, cluster: &Cluster, now: SimTime) {
        match effect {
            FaultEffect::Struck { kind, strike, subject, nodes } => {
                self.struck(*kind, *strike, subject, nodes, cluster, now);
            }
            FaultEffect::Repaired { strike } => self.repaired(*strike, now),
            FaultEffect::PodsCrash(pods) => {
                for pod in pods {
                    self.pod_crashed(*pod, cluster, now);
                }
            }
        }
    }

    /// Machines stopped or were cut off.
    fn struck(
        &mut self,
        kind: FaultKind,
        strike: u64,
        subject: &str,
        nodes: &[NodeId],
        cluster: &Cluster,
        now: SimTime,
    ) {
        let on_nodes = nodes.iter().flat_map(|node| cluster.node(*node).pods.iter().copied());
        let is_affected = |pod: &PodId| {
            let pod = cluster.pod(*pod);
            let daemon = pod.workload.is_some_and(|id| cluster.workload(id).kind == Kind::DaemonSet);
            pod.occupies_node() && !daemon
        };
        let affected: BTreeSet<PodId> = on_nodes.filter(is_affected).collect();
        self.open_record(kind, strike, subject, nodes.iter().copied().collect(), affected, cluster, now);
        for node in nodes {
            self.account_node(*node, cluster, now);
        }
    }

    /// A container of a pod crashed.
    fn pod_crashed(&mut self, pod: PodId, cluster: &Cluster, now: SimTime) {
        let name = cluster.pod(pod).name.to_string();
        let affected = BTreeSet::from([pod]);
        self.open_record(FaultKind::PodCrash, 0, &name, BTreeSet::new(), affected, cluster, now);
        if let Some(open) = self.open.last_mut() {
            open.noticed = true;
            if let Some(record) = self.records.get_mut(open.record) {
                record.detected = Some(now);
                record.ended = Some(now);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of a record")]
    fn open_record(
        &mut self,
        kind: FaultKind,
        strike: u64,
        subject: &str,
        nodes: BTreeSet<NodeId>,
        affected: BTreeSet<PodId>,
        cluster: &Cluster,
        now: SimTime,
    ) {
        let workloads: BTreeSet<WorkloadId> = affected.iter().filter_map(|pod| cluster.pod(*pod).workload).collect();
        for workload in &workloads {
            self.workloads.entry(*workload).or_default();
            self.account(*workload, cluster, now);
        }
        self.records.push(RecoveryRecord {
            kind,
            subject: Name::from(subject),
            workloads: workloads.iter().filter_map(|id| u32::try_from(id.index()).ok()).collect(),
            struck: now,
            ended: None,
            detected: None,
            evicted: None,
            pods_affected: u32::try_from(affected.len()).unwrap_or(u32::MAX),
            pods_lost: 0,
            pods_unreplaced: 0,
            replacements_scheduled: 0,
            replacements_ready: 0,
            last_scheduled: None,
            restored: None,
            missing_replica_nanos: 0,
        });
        let record = self.records.len() - 1;
        if strike > 0 {
            self.strikes.insert(strike, record);
        }
        // Pods that come and go by a trace or a stream of arrivals are tasks, which nobody wants for ever.
        let is_unmanaged = |pod: &&PodId| cluster.pod(**pod).workload.is_none() && cluster.pod(**pod).arrival.is_none();
        let unmanaged: BTreeMap<PodId, bool> = affected.iter().filter(is_unmanaged).map(|pod| (*pod, false)).collect();
        let unmanaged_missing = StepSeries::default();
        let mut open = Open { record, nodes, affected, workloads, unmanaged, unmanaged_missing, noticed: false };
        for pod in open.unmanaged.keys().copied().collect::<Vec<_>>() {
            open.account_unmanaged(pod, cluster, now);
        }
        self.open.push(open);
    }

    /// The cause of a strike is gone.
    fn repaired(&mut self, strike: u64, now: SimTime) {
        if let Some(record) = self.strikes.remove(&strike) {
            // Of what has no nodes nothing else tells that it is back.
            for open in self.open.iter_mut().filter(|open| open.record == record && open.nodes.is_empty()) {
                open.noticed = true;
            }
            self.records[record].ended = Some(now);
        }
    }

    fn account_node(&mut self, node: NodeId, cluster: &Cluster, now: SimTime) {
        for pod in &cluster.node(node).pods {
            self.account_pod(*pod, cluster, now);
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::Machine,
        ChangeKind::NodeReadiness,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodBound,
        ChangeKind::PodReadiness,
        ChangeKind::PodAdded,
        ChangeKind::PodRemoved,
        ChangeKind::DesiredReplicas,
    ]);

    /// Accounts for a change of the cluster.
    pub fn observe(&mut self, change: Change, cluster: &Cluster, now: SimTime) {
        if self.workloads.is_empty() && self.open.is_empty() {
            return;
        }
        match change {
            Change::Machine { node, .. } => {
                if cluster.node(node).machine == Machine::Up && cluster.node(node).exists() {
                    // The kubelet that is back says what is ready and what is not.
                    for open in self.open.iter_mut().filter(|open| open.nodes.contains(&node)) {
                        open.noticed = true;
                    }
                }
                self.account_node(node, cluster, now);
            }
            Change::NodeReadiness(node) if cluster.node(node).ready != NodeReady::True => {
                for open in self.open.iter_mut().filter(|open| open.nodes.contains(&node)) {
                    open.noticed = true;
                    let record = &mut self.records[open.record];
                    record.detected.get_or_insert(now);
                }
            }
            Change::PodTerminating(pod) | Change::PodEnded(pod) => {
                for open in self.open.iter_mut().filter(|open| open.affected.contains(&pod)) {
                    let record = &mut self.records[open.record];
                    record.pods_lost += 1;
                    record.pods_unreplaced += u32::from(open.unmanaged.contains_key(&pod));
                    record.evicted = Some(now);
                    open.affected.remove(&pod);
                }
                self.account_pod(pod, cluster, now);
            }
            Change::PodBound(pod) => self.count_replacement(pod, cluster, false, now),
            Change::PodReadiness(pod) => {
                self.account_pod(pod, cluster, now);
                if cluster.pod(pod).ready && cluster.pod(pod).first_ready == Some(now) {
                    self.count_replacement(pod, cluster, true, now);
                }
            }
            Change::PodAdded(pod) | Change::PodRemoved(pod) => self.account_pod(pod, cluster, now),
            Change::DesiredReplicas(workload) if self.workloads.contains_key(&workload) => {
                self.account(workload, cluster, now);
            }
            _ => {}
        }
    }

    /// Counts a pod that came after a strike as a replacement, as long as pods of the strike lack one.
    fn count_replacement(&mut self, pod: PodId, cluster: &Cluster, ready: bool, now: SimTime) {
        let state = cluster.pod(pod);
        let Some(workload) = state.workload else { return };
        for open in &self.open {
            let record = &mut self.records[open.record];
            if open.workloads.contains(&workload) && state.head.created >= record.struck {
                let count = if ready { &mut record.replacements_ready } else { &mut record.replacements_scheduled };
                if *count < record.pods_lost {
                    *count += 1;
                    if !ready {
                        record.last_scheduled = Some(now);
                    }
                }
            }
        }
    }

    fn account_pod(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let pod = cluster.pod(id);
        let Some(workload) = pod.workload else {
            self.open.iter_mut().for_each(|open| open.account_unmanaged(id, cluster, now));
            return;
        };
        let Some(state) = self.workloads.get_mut(&workload) else { return };
        let machine_down = pod.node.is_some_and(|node| cluster.node(node).machine == Machine::Down);
        if pod.is_active() && pod.ready && machine_down {
            if self.down.insert(id) {
                state.ready_but_down += 1;
            }
        } else if self.down.remove(&id) {
            state.ready_but_down -= 1;
        }
        self.account(workload, cluster, now);
    }

    fn account(&mut self, id: WorkloadId, cluster: &Cluster, now: SimTime) {
        let workload = cluster.workload(id);
        if let Some(state) = self.workloads.get_mut(&id) {
            let ready = i64::from(workload.ready) - state.ready_but_down;
            state.missing.set(now, (i64::from(workload.desired) - ready).max(0));
        }
    }

    /// Closes the faults whose workloads have again as many ready pods as they want. Call it when all changes of an
    /// instant are accounted for.
    pub fn close(&mut self, cluster: &Cluster, now: SimTime) {
        let workloads = &self.workloads;
        let records = &mut self.records;
        self.open.retain(|open| {
            let whole = |id: &WorkloadId| workloads.get(id).is_none_or(|state| state.missing.last().unwrap_or(0) == 0);
            let pods_settled = !open.workloads.is_empty()
                || open.affected.iter().all(|pod| {
                    let pod = cluster.pod(*pod);
                    !pod.exists() || pod.ready || pod.phase.is_terminal()
                });
            let none_is_missing = open.unmanaged_missing.last().unwrap_or(0) == 0;
            let restored = open.noticed && open.workloads.iter().all(whole) && pods_settled && none_is_missing;
            if restored {
                let record = &mut records[open.record];
                record.restored = Some(now);
                record.missing_replica_nanos = open.missing(workloads, record.struck, now);
            }
            !restored
        });
    }

    /// Whether a fault is still open.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The records, closed at `end`.
    pub fn finish(mut self, end: SimTime) -> Vec<RecoveryRecord> {
        for open in &self.open {
            let record = &mut self.records[open.record];
            record.missing_replica_nanos = open.missing(&self.workloads, record.struck, end);
        }
        self.records
    }
}
