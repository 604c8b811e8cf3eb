//! Which volume a claim may get, and where volumes can be made.

use crate::api::{ClaimReference, Node, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumePhase};
use crate::scheduler::view::VolumeListers;
use crate::units::Bytes;
use std::sync::Arc;

/// The provisioner of classes whose volumes are made by hand (`NotSupportedProvisioner`).
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Whether the volume's node affinity admits the node. Only the node's labels are looked at.
pub fn is_usable_on(volume: &PersistentVolume, node: &Node) -> bool {
    volume.node_affinity.as_ref().is_none_or(|affinity| affinity.matches("", &node.meta.labels))
}

/// For whom a volume is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Binder<'a> {
    /// The scheduler, which has a node in mind and has chosen volumes for other claims of the pod.
    Scheduler {
        /// The node.
        node: &'a Node,
        /// Volumes that are chosen already.
        chosen: &'a [&'a PersistentVolume],
    },
    /// The PersistentVolume controller. It leaves volumes that no claim has to the scheduler if the class waits for the
    /// first consumer.
    Controller {
        /// Whether the class waits.
        delay_binding: bool,
    },
}

/// Whether a volume is bound to the claim, or reserved for it (`IsVolumeBoundToClaim`).
pub fn is_bound_to(reference: &ClaimReference, claim: &PersistentVolumeClaim) -> bool {
    reference.name == claim.name
        && reference.namespace == claim.namespace
        && (reference.uid.is_empty() || reference.uid == claim.uid)
}

/// Whether the volume has all access modes that the claim asks for.
pub fn has_access_modes(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
}

/// The volume that is bound to the claim already, or else the smallest that fits it (`FindMatchingVolume`), the first of
/// several of that size.
pub fn find_matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl IntoIterator<Item = &'a Arc<PersistentVolume>>,
    binder: Binder<'_>,
) -> Option<&'a PersistentVolume> {
    let request = claim.request.unwrap_or_default();
    let mut smallest: Option<&PersistentVolume> = None;
    for volume in volumes {
        let is_bound = volume.claim.as_ref().is_some_and(|reference| is_bound_to(reference, claim));
        if (volume.claim.is_some() && !is_bound)
            || volume.capacity < request
            || volume.volume_mode != claim.volume_mode
            || volume.terminating
            || volume.attributes_class != claim.attributes_class
        {
            continue;
        }
        let usable = match binder {
            Binder::Scheduler { chosen, .. } if chosen.iter().any(|taken| taken.name == volume.name) => continue,
            Binder::Scheduler { node, .. } => is_usable_on(volume, node),
            Binder::Controller { .. } => true,
        };
        if is_bound {
            return usable.then_some(volume);
        }
        let is_for_binder = match binder {
            Binder::Scheduler { .. } => has_access_modes(volume, claim),
            // The controller has chosen the volumes by their modes before.
            Binder::Controller { delay_binding } => !delay_binding,
        };
        let fits = is_for_binder
            && volume.phase == VolumePhase::Available
            && claim.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels))
            && volume.storage_class == claim.storage_class
            && usable;
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
