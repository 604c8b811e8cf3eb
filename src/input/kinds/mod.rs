//! Kubernetes' kinds: from the plain `k8s-openapi` types to `api` objects, with API-server defaulting and validation.
//!
//! Each kind has a file that implements [`kind::Kind`] on the plain types, and a line in [`table`], which is all that
//! readers of manifests know of kinds. None of it needs a file: an object "as stored by the API server" is converted
//! alone.

pub mod capacity_buffer;
pub mod common;
pub mod config_map;
pub mod cron_job;
pub mod csi_driver;
pub mod csi_node;
pub mod csi_storage_capacity;
pub mod daemon_set;
pub mod deployment;
pub mod horizontal_pod_autoscaler;
pub mod http_route;
pub mod ingress;
pub mod job;
pub mod karpenter;
pub mod keda;
pub mod kind;
pub mod limit_range;
pub mod namespace;
pub mod node;
pub mod persistent_volume;
pub mod persistent_volume_claim;
pub mod pod;
pub mod pod_disruption_budget;
pub mod pod_template;
pub mod priority_class;
pub mod replica_set;
pub mod replication_controller;
pub mod resource_quota;
pub mod runtime_class;
pub mod secret;
pub mod service;
pub mod stateful_set;
pub mod storage_class;
pub mod table;
pub mod vertical_pod_autoscaler;
