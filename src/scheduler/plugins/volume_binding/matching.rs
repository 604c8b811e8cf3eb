//! Which volume a claim may get, and where volumes can be made.

use crate::api::{ClaimReference, Node, PersistentVolume, PersistentVolumeClaim, StorageClass};
use crate::scheduler::view::VolumeListers;
use crate::units::Bytes;
use std::sync::Arc;

/// The provisioner of classes whose volumes are made by hand (`NotSupportedProvisioner`).
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Whether the volume's node affinity admits the node. Only the node's labels are looked at.
pub fn is_usable_on(volume: &PersistentVolume, node: &Node) -> bool {
    volume.node_affinity.as_ref().is_none_or(|affinity| affinity.matches("", &node.meta.labels))
}

/// The volume that is bound to the claim already, or else the smallest that fits it (`FindMatchingVolume`). Without a node
/// every volume can be used.
pub fn find_matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl IntoIterator<Item = &'a Arc<PersistentVolume>>,
    chosen: &[&PersistentVolume],
    node: Option<&Node>,
) -> Option<&'a PersistentVolume> {
    let request = claim.request.unwrap_or_default();
    let is_for_claim = |reference: &ClaimReference| {
        reference.name == claim.name
            && reference.namespace == claim.namespace
            && (reference.uid.is_empty() || reference.uid == claim.uid)
    };
    let mut smallest: Option<&PersistentVolume> = None;
    for volume in volumes {
        if volume.storage_class != claim.storage_class
            || chosen.iter().any(|taken| taken.name == volume.name)
            || volume.claim.as_ref().is_some_and(|reference| !is_for_claim(reference))
            || volume.capacity < request
            || volume.volume_mode != claim.volume_mode
            || volume.terminating
        {
            continue;
        }
        let usable = node.is_none_or(|node| is_usable_on(volume, node));
        if volume.claim.is_some() {
            return usable.then_some(volume);
        }
        let fits = volume.is_available
            && usable
            && claim.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels))
            && claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode));
        if fits && smallest.is_none_or(|found| found.capacity > volume.capacity) {
            smallest = Some(volume);
        }
    }
    smallest
}

/// Whether volumes of the class are made on demand.
#[must_use]
pub fn can_be_provisioned(class: &StorageClass) -> bool {
    !class.provisioner.is_empty() && &*class.provisioner != NO_PROVISIONER
}

/// Whether volumes of the class can be provisioned on the node.
pub fn can_provision(class: &StorageClass, node: &Node) -> bool {
    if !can_be_provisioned(class) {
        return false;
    }
    let label = |key: &str| node.meta.labels.get(key);
    class.allowed_topologies.is_empty()
        || class.allowed_topologies.iter().any(|term| {
            !term.is_empty() && term.iter().all(|(key, values)| label(key).is_some_and(|value| values.contains(value)))
        })
}

/// Whether the storage backend has room near the node; drivers that publish no capacity always have.
pub fn has_capacity(volumes: &VolumeListers, claim: &PersistentVolumeClaim, class: &StorageClass, node: &Node) -> bool {
    let Some(request) = claim.request else { return true };
    if !volumes.capacity_drivers.contains(&class.provisioner) {
        return true;
    }
    let suffices = |limit: Option<Bytes>| limit.is_some_and(|limit| limit >= request);
    volumes.capacities.values().any(|capacity| {
        capacity.storage_class == class.name
            && suffices(capacity.maximum_volume_size.or(capacity.capacity))
            && capacity.node_topology.as_ref().is_some_and(|topology| topology.matches(&node.meta.labels))
    })
}
