//! Kubernetes' kinds: from the plain `k8s-openapi` types to `api` objects, with API-server defaulting and validation.
//!
//! Each kind has a file with up to three functions on the plain types, which need no file: `set_defaults` (what the API
//! server fills in), `validate` (what it would refuse) and `convert` (the typed value). An object "as stored by the API
//! server" needs `convert` alone; it complains only about values that cannot be represented, such as a malformed quantity.

pub mod common;
pub mod csi_driver;
pub mod csi_node;
pub mod csi_storage_capacity;
pub mod daemon_set;
pub mod deployment;
pub mod horizontal_pod_autoscaler;
pub mod limit_range;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_disruption_budget;
pub mod priority_class;
pub mod replica_set;
pub mod service;
pub mod stateful_set;
pub mod storage_class;
