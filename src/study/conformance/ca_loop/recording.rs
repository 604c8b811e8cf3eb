//! The form of a recorded sequence.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A scripted cluster and what the real program did in every loop.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sequence {
    pub id: String,
    #[serde(default)]
    pub tags: Vec<String>,
    pub loops: usize,
    #[serde(default)]
    pub options: Map<String, Value>,
    pub groups: Vec<Group>,
    #[serde(default)]
    pub pricing: Pricing,
    #[serde(default)]
    pub priorities_yaml: Option<String>,
    #[serde(default)]
    pub daemon_sets: Vec<DaemonSet>,
    #[serde(default)]
    pub workloads: Vec<Workload>,
    #[serde(default)]
    pub pdbs: Vec<Budget>,
    #[serde(default)]
    pub events: Vec<Event>,
    pub expect: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub name: String,
    pub min: i64,
    pub max: i64,
    pub initial: usize,
    pub cpu_milli: i64,
    pub mem_mi: i64,
    pub alloc_cpu_milli: i64,
    pub alloc_mem_mi: i64,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub no_schedule_taint: Option<String>,
    #[serde(default)]
    pub price_per_hour: f64,
    #[serde(default)]
    pub register_seconds: i64,
    #[serde(default)]
    pub ready_seconds: i64,
    #[serde(default)]
    pub delete_seconds: i64,
    #[serde(default)]
    pub scale_down_utilization_threshold: Option<f64>,
    #[serde(default)]
    pub scale_down_unneeded_seconds: Option<i64>,
    #[serde(default)]
    pub ignore_daemon_sets_utilization: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Pricing {
    #[serde(default, rename = "podPricePerCPUHour")]
    pub per_cpu_hour: f64,
    #[serde(default, rename = "podPricePerGiBHour")]
    pub per_gib_hour: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonSet {
    pub name: String,
    pub cpu_milli: i64,
    pub mem_mi: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    pub name: String,
    pub kind: String,
    pub namespace: String,
    #[serde(default)]
    pub replicas: usize,
    #[serde(default)]
    pub cpu_milli: i64,
    #[serde(default)]
    pub mem_mi: i64,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    #[serde(default)]
    pub tolerates_taint: Option<String>,
    #[serde(default)]
    pub priority: i32,
    #[serde(default)]
    pub hostname_anti_affinity: bool,
    #[serde(default)]
    pub spread_topology_key: Option<String>,
    #[serde(default)]
    pub spread_max_skew: i32,
    #[serde(default)]
    pub volume: Option<String>,
    #[serde(default)]
    pub age_seconds_at_creation: i64,
    #[serde(default)]
    pub termination_seconds: i64,
    #[serde(default)]
    pub remove_oldest_first: bool,
    #[serde(default)]
    pub life_steps: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    pub name: String,
    pub workload: String,
    pub min_available: i64,
}

/// What happens at a step; which fields there are tells what.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub step: usize,
    #[serde(default)]
    pub workload: Option<String>,
    #[serde(default)]
    pub scale: bool,
    #[serde(default)]
    pub replicas: usize,
    #[serde(default)]
    pub refuse_evictions: Option<bool>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub mode: Option<String>,
    #[serde(default)]
    pub min: Option<i64>,
    #[serde(default)]
    pub max: Option<i64>,
    #[serde(default)]
    pub node: Option<String>,
    #[serde(default)]
    pub ready: Option<bool>,
    #[serde(default)]
    pub scale_down_disabled: Option<bool>,
}
