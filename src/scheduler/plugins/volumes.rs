//! Which volumes a pod gets with its node: what Reserve and PreBind of VolumeBinding decide.

use super::volume_binding;
use crate::api::{Name, Node, PersistentVolume, PersistentVolumeClaim, StorageClass};
use crate::scheduler::framework::Context;
use crate::scheduler::view::PodInfo;
use std::sync::Arc;

/// What a claim that waited for a pod gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeChoice {
    /// A volume that is there.
    Bind {
        /// The claim's name.
        claim: Name,
        /// The volume's name.
        volume: Name,
    },
    /// A volume that is made for the node.
    Provision {
        /// The claim's name.
        claim: Name,
    },
}

/// What each claim that waits for the pod gets on the node.
#[must_use]
pub fn choose_volumes(context: &Context<'_>, pod: &PodInfo, node: &Node) -> Vec<VolumeChoice> {
    volume_binding::choose(context, pod, node)
}

/// The volume that a claim gets without regard to a node: its own, else the smallest that fits it.
pub fn matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a Arc<PersistentVolume>>,
) -> Option<&'a PersistentVolume> {
    volume_binding::find_matching_volume(claim, volumes, &[], None)
}

/// Whether volumes of the class are made on demand.
#[must_use]
pub fn can_be_provisioned(class: &StorageClass) -> bool {
    !class.provisioner.is_empty() && &*class.provisioner != volume_binding::NO_PROVISIONER
}
