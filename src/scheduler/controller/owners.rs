//! Owners of pods as the scheduler's plugins see them: references by kind and name, and selectors.

use crate::api::{self, Name, OwnerReference};
use crate::cluster::{Cluster, ObjectId, ReplicaSetId};

/// The reference to the owner of a pod.
pub(super) fn owner_reference(owner: ObjectId, cluster: &Cluster) -> OwnerReference {
    OwnerReference { kind: Name::from(cluster.kind_of(owner).as_str()), name: cluster.name_of(owner).clone() }
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
