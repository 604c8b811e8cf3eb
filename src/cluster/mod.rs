//! The state of the simulated cluster: typed ids and arenas, indexes, resource accounting, watches.

mod ids;

pub use ids::{DaemonSetId, DeploymentId, HpaId, NamespaceId, NodeId, PodId, ReplicaSetId, ServiceId, StatefulSetId};
