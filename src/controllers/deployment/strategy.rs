//! The numbers of a rolling update: surge, unavailability, and the size of the new ReplicaSet.

use super::DeploymentView;
use crate::api::{DeploymentStrategy, IntOrPercent};

/// `ResolveFenceposts` (`pkg/controller/deployment/util`): (surge, unavailable) for a number of replicas. The surge's
/// percentage rounds up, the other down, and both at zero would make no progress, so that one may be unavailable.
pub fn resolve_fenceposts(max_surge: IntOrPercent, max_unavailable: IntOrPercent, replicas: i32) -> (i32, i32) {
    let surge = max_surge.resolve_up(replicas);
    let unavailable = max_unavailable.resolve_down(replicas);
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

/// Pods that may exist above `replicas` (`MaxSurge`); 0 for `Recreate`.
pub fn max_surge(strategy: DeploymentStrategy, replicas: i32) -> i32 {
    match strategy {
        DeploymentStrategy::Recreate => 0,
        DeploymentStrategy::RollingUpdate { max_surge, max_unavailable } => {
            resolve_fenceposts(max_surge, max_unavailable, replicas).0
        }
    }
}

/// Pods that may be missing from `replicas` (`MaxUnavailable`), at most `replicas`; 0 for `Recreate`.
pub fn max_unavailable(strategy: DeploymentStrategy, replicas: i32) -> i32 {
    match strategy {
        DeploymentStrategy::Recreate => 0,
        DeploymentStrategy::RollingUpdate { .. } if replicas == 0 => 0,
        DeploymentStrategy::RollingUpdate { max_surge, max_unavailable } => {
            resolve_fenceposts(max_surge, max_unavailable, replicas).1.min(replicas)
        }
    }
}

/// `NewRSNewReplicas`: the size of the new ReplicaSet, now of size `current`, when all ReplicaSets together have
/// `total`.
pub(super) fn new_replica_set_size(deployment: &DeploymentView, current: i32, total: i32) -> i32 {
    let replicas = deployment.replicas;
    match deployment.strategy {
        DeploymentStrategy::Recreate => replicas,
        DeploymentStrategy::RollingUpdate { max_surge, .. } => {
            let room = replicas.saturating_add(max_surge.resolve_up(replicas)).saturating_sub(total);
            if room <= 0 { current } else { current + room.min(replicas - current) }
        }
    }
}
