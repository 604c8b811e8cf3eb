//! Which volumes a pod gets with its node: what Reserve and PreBind of VolumeBinding decide.

pub use super::matching::{Binder, can_be_provisioned, find_matching_volume, has_access_modes, is_bound_to};

use super::filter::{FilterState, pre_filter};
use crate::api::{AccessMode, Name, Node, PersistentVolume, PersistentVolumeClaim};
use crate::scheduler::framework::Context;
use crate::scheduler::view::PodInfo;
use std::collections::{BTreeMap, BTreeSet};
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

impl VolumeChoice {
    /// The claim's name.
    #[must_use]
    pub const fn claim(&self) -> &Name {
        match self {
            Self::Bind { claim, .. } | Self::Provision { claim } => claim,
        }
    }
}

/// What each claim that waits for the pod gets on a node that passed the filter, decided as there.
#[must_use]
pub fn choose_volumes(context: &Context<'_>, pod: &PodInfo, node: &Node) -> Vec<VolumeChoice> {
    let mut state = FilterState::default();
    pre_filter(context, pod, &mut state);
    let mut chosen: Vec<&PersistentVolume> = Vec::new();
    let mut choices = Vec::new();
    for waiting in &state.waiting {
        let claim = waiting.name.clone();
        let found = match waiting.selected_node {
            Some(_) => None,
            None => state.match_volume(waiting, node, &chosen),
        };
        choices.push(match found {
            Some(volume) => {
                chosen.push(volume);
                VolumeChoice::Bind { claim, volume: volume.name.clone() }
            }
            None => VolumeChoice::Provision { claim },
        });
    }
    choices
}

/// The volume that a claim gets without regard to a node (`findByClaim`). Volumes with few access modes are looked through
/// before those with many, so that a larger volume with the very modes of the claim comes before a smaller one that has
/// more.
pub fn matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a Arc<PersistentVolume>>,
    delay_binding: bool,
) -> Option<&'a PersistentVolume> {
    let mut by_modes: BTreeMap<(usize, BTreeSet<AccessMode>), Vec<&Arc<PersistentVolume>>> = BTreeMap::new();
    for volume in volumes.filter(|volume| has_access_modes(volume, claim)) {
        let modes: BTreeSet<AccessMode> = volume.access_modes.iter().copied().collect();
        by_modes.entry((modes.len(), modes)).or_default().push(volume);
    }
    by_modes.into_values().find_map(|group| find_matching_volume(claim, group, Binder::Controller { delay_binding }))
}
