//! Which volumes a pod gets with its node: what Reserve and PreBind of VolumeBinding decide.

pub use super::matching::can_be_provisioned;

use super::filter::{FilterState, pre_filter};
use super::matching::find_matching_volume;
use crate::api::{Name, Node, PersistentVolume, PersistentVolumeClaim};
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
            None => find_matching_volume(waiting, &state.volumes, &chosen, Some(node)),
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

/// The volume that a claim gets without regard to a node: the one that is bound to it, else the smallest that fits it.
pub fn matching_volume<'a>(
    claim: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a Arc<PersistentVolume>>,
) -> Option<&'a PersistentVolume> {
    find_matching_volume(claim, volumes, &[], None)
}
