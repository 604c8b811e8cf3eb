//! Which pool a node belongs to, and what each pool has.

use crate::api::karpenter::keys;
use crate::api::{Labels, Name, ResourceList};
use crate::cluster::NodeGroup;
use crate::record::{IntervalSeries, PoolRecord, StepSeries};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use std::collections::BTreeMap;

/// The pools of a run: those of the scenario, then one without a name of the nodes that manifests or traces define, then
/// Karpenter's NodePools as their nodes come.
#[derive(Debug)]
pub struct Pools {
    records: Vec<PoolRecord>,
    /// Nodes, millicores and bytes of each.
    counts: Vec<(i64, i64, i64)>,
    /// Index of the one without a name.
    nameless: usize,
    /// Indexes of those that a label names, Karpenter's NodePools.
    by_label: BTreeMap<Name, usize>,
    interval: SimDuration,
}

impl Pools {
    /// The pools of a scenario, whose timeline has rows of `interval`.
    pub fn new(groups: &[NodeGroup], interval: SimDuration) -> Self {
        let mut pools = Self {
            records: Vec::new(),
            counts: Vec::new(),
            nameless: groups.len(),
            by_label: BTreeMap::new(),
            interval,
        };
        for group in groups {
            pools.push(group.name.clone(), group.instance_type.clone());
        }
        pools.push(Name::default(), Name::default());
        pools
    }

    fn push(&mut self, name: Name, instance_type: Name) {
        self.records.push(PoolRecord {
            name,
            instance_type,
            nodes: StepSeries::default(),
            cpu_allocatable: StepSeries::default(),
            memory_allocatable: StepSeries::default(),
            cpu_requested: IntervalSeries::new(self.interval),
        });
        self.counts.push((0, 0, 0));
    }

    /// The index of a node's pool: its group, else the NodePool that its label names, else the one without a name.
    pub fn index_of(&mut self, group: Option<usize>, labels: &Labels) -> u32 {
        let index = group.unwrap_or_else(|| self.index_by_label(labels));
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn index_by_label(&mut self, labels: &Labels) -> usize {
        let Some(name) = labels.get(keys::NODE_POOL) else { return self.nameless };
        if let Some(index) = self.by_label.get(name) {
            return *index;
        }
        let index = self.records.len();
        self.by_label.insert(name.clone(), index);
        self.push(name.clone(), Name::default());
        index
    }

    /// Nodes came (`change` above zero) or went.
    pub fn count(&mut self, index: u32, change: i64, allocatable: &ResourceList, now: SimTime) {
        let index = index as usize;
        let (Some(counts), Some(pool)) = (self.counts.get_mut(index), self.records.get_mut(index)) else { return };
        counts.0 += change;
        counts.1 += allocatable.cpu.map_or(0, MilliCpu::get) * change;
        counts.2 += allocatable.memory.map_or(0, Bytes::get) * change;
        pool.nodes.set(now, counts.0);
        pool.cpu_allocatable.set(now, counts.1);
        pool.memory_allocatable.set(now, counts.2);
    }

    /// Pods on the nodes of a pool request so many millicores more.
    pub fn add_requested(&mut self, index: u32, cpu: i64, now: SimTime) {
        if let Some(pool) = self.records.get_mut(index as usize) {
            pool.cpu_requested.add(now, cpu);
        }
    }

    /// What is known of them at the end.
    pub fn into_records(mut self, end: SimTime) -> Vec<PoolRecord> {
        for pool in &mut self.records {
            pool.cpu_requested.advance(end);
        }
        self.records
    }
}
