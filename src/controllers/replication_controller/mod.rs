//! The ReplicationController controller (`pkg/controller/replication`, Kubernetes 1.36): the ReplicaSet controller, which
//! sees each ReplicationController as a ReplicaSet, with a client and Events of its own.

use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::replica_set::controller::ReplicaSetController;

/// The running ReplicationController controller (`NewReplicationManager`).
pub fn replication_manager(settings: &ControllerSettings) -> ReplicaSetController {
    ReplicaSetController::reporting_as("replication-controller", settings)
}
