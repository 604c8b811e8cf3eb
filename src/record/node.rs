//! One node's life as a fact.

use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use smol_str::SmolStr;
use std::sync::Arc;

/// One node's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// Name.
    pub name: SmolStr,
    /// Index into [`Facts::pools`](super::Facts::pools).
    pub pool: u32,
    /// Zone label; empty without one.
    pub zone: SmolStr,
    /// Instance type label; empty without one.
    pub instance_type: SmolStr,
    /// Index into [`Facts::instances`](super::Facts::instances); `None` of a node that the cloud was not asked for.
    pub instance: Option<u32>,
    /// Creation in the API.
    pub created: SimTime,
    /// Removal from the API.
    pub deleted: Option<SimTime>,
    /// How it is paid for: `on-demand`, `spot` or `reserved`.
    pub capacity_type: &'static str,
    /// Index into [`Facts::machine_types`](super::Facts::machine_types), which has its price.
    pub machine_type: Option<u32>,
    /// Since when its machine costs.
    pub paid_from: Option<SimTime>,
    /// When its machine ceased to cost.
    pub paid_until: Option<SimTime>,
    /// CPU.
    pub cpu_capacity: MilliCpu,
    /// Memory.
    pub memory_capacity: Bytes,
    /// Allocatable CPU.
    pub cpu_allocatable: MilliCpu,
    /// Allocatable memory.
    pub memory_allocatable: Bytes,
    /// Allocatable pods.
    pub pods_allocatable: i64,
    /// Extended resources that the node offers, by name.
    pub extended_allocatable: Arc<[(SmolStr, i64)]>,
    /// Requested CPU integrated over the node's life, in millicore-nanoseconds.
    pub cpu_requested_integral: i128,
    /// Requested memory integrated over the node's life, in byte-nanoseconds.
    pub memory_requested_integral: i128,
    /// Used CPU integrated over the node's life, in millicore-nanoseconds.
    pub cpu_used_integral: i128,
    /// CPU requested by pods of DaemonSets, integrated, in millicore-nanoseconds.
    pub cpu_daemons_integral: i128,
    /// Memory requested by pods of DaemonSets, integrated, in byte-nanoseconds.
    pub memory_daemons_integral: i128,
    /// CPU that was free beside memory, but had room for no pod of a size that the run had seen, integrated.
    pub cpu_fragmented_integral: i128,
    /// The same of memory.
    pub memory_fragmented_integral: i128,
    /// CPU that was free while the node had as many pods as it may have, integrated.
    pub cpu_pod_cap_integral: i128,
    /// The same of memory.
    pub memory_pod_cap_integral: i128,
    /// Time with a bound pod that no DaemonSet owns.
    pub used_for: SimDuration,
    /// Time with condition Ready.
    pub ready_for: SimDuration,
    /// Pods bound to it in all.
    pub pods_bound: u32,
    /// Most pods at one time.
    pub pods_max: u32,
    /// Pods on it at the end (or when it was removed).
    pub pods_last: u32,
    /// Requested CPU at the end (or when it was removed).
    pub cpu_requested_last: MilliCpu,
    /// Requested memory at the end (or when it was removed).
    pub memory_requested_last: Bytes,
    /// Times that it crashed or was cut off.
    pub faults: u32,
    /// Condition at the end as kubectl shows it, for example `Ready,SchedulingDisabled`.
    pub status_last: SmolStr,
}
