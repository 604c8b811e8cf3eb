//! What the scheduler sees of the cluster: nodes with their pods, nominated pods, and the other objects that plugins
//! list.

mod change_log;
mod listers;
mod node_info;
mod nominator;
mod pod_info;
mod resources;
mod snapshot;
mod topology;

pub use crate::api::ResourceKey;
pub use change_log::{KindId, LogEntry};
pub use listers::{DisruptionBudget, Listers, ServiceSelector, VolumeListers};
pub use node_info::NodeInfo;
pub use nominator::Nominator;
pub use pod_info::{DeclaredFeature, HostPort, OriginAddress, PodInfo, PodOrigin, PodTraits};
pub use resources::{PlacedRequests, PodRequests, Resources, is_extended_resource_name};
pub use snapshot::{ImageId, Snapshot};
pub use topology::{Domain, Topology, TopologyKey};
