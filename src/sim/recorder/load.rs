//! Facts about what pods use: by their traffic, and over time besides.

use super::Recorder;
use crate::cluster::{Cluster, WorkloadId};
use crate::units::SimTime;
use crate::workload::traffic::Load;
use crate::workload::usage::UsedTogether;

impl Recorder {
    /// The load on a workload changed.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    pub fn note_load(
        &mut self,
        id: WorkloadId,
        (before, load): (&Load, &Load),
        since: SimTime,
        cluster: &Cluster,
        now: SimTime,
    ) {
        let record = self.workload(id, cluster);
        let more = load.cpu.round() as i64 - before.cpu.round() as i64;
        record.request_rate_milli.set(since, (load.rate * 1000.0).round() as i64);
        record.request_rate_unserved_milli.set(since, (load.unserved * 1000.0).round() as i64);
        record.cpu_used.set(now, record.cpu_used.last().unwrap_or(0) + more);
        self.cluster.cpu_used.add(now, more);
        self.cluster.memory_used.add(now, load.memory.round() as i64 - before.memory.round() as i64);
    }

    /// What the pods of a workload use over time, without requests, changed.
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    pub fn note_usage(
        &mut self,
        id: WorkloadId,
        before: &UsedTogether,
        used: &UsedTogether,
        cluster: &Cluster,
        now: SimTime,
    ) {
        let record = self.workload(id, cluster);
        let more = used.cpu.round() as i64 - before.cpu.round() as i64;
        record.cpu_used.set(now, record.cpu_used.last().unwrap_or(0) + more);
        self.cluster.cpu_used.add(now, more);
        self.cluster.memory_used.add(now, used.memory.round() as i64 - before.memory.round() as i64);
    }
}
