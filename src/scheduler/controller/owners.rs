//! Owners of pods as the scheduler's plugins see them: references by kind and name, and selectors.

use crate::api::{self, Name, OwnerReference};
use crate::cluster::{Cluster, Owner, ReplicaSetId};

/// The reference to a pod's owner.
pub(super) fn owner_reference(owner: Owner, cluster: &Cluster) -> Option<OwnerReference> {
    let (kind, name) = match owner {
        Owner::None => return None,
        Owner::ReplicaSet(owner) => {
            let set = cluster.replica_set(owner);
            (set.kind.as_str(), &set.name)
        }
        Owner::StatefulSet(owner) => ("StatefulSet", &cluster.stateful_set(owner).object.meta.name),
        Owner::DaemonSet(owner) => ("DaemonSet", &cluster.daemon_set(owner).object.meta.name),
    };
    Some(OwnerReference { kind: Name::from(kind), name: name.clone() })
}

/// The selector of a ReplicaSet: for one of a Deployment, the Deployment's with the hash label.
pub(super) fn owner_selector(cluster: &Cluster, id: ReplicaSetId, labels: &api::Labels) -> api::LabelSelector {
    match cluster.replica_set(id).deployment {
        Some(deployment) => {
            let mut selector = cluster.deployment(deployment).object.selector.clone();
            let key = api::well_known::POD_TEMPLATE_HASH;
            if let Some(hash) = labels.get(key) {
                selector.requirements.push(api::SelectorRequirement {
                    key: Name::from(key),
                    operator: api::SelectorOperator::In,
                    values: vec![hash.clone()],
                });
            }
            selector
        }
        None => api::LabelSelector::from_match_labels(labels),
    }
}
