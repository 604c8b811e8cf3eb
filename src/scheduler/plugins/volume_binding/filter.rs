//! Whether the pod's claims can be used, or find their volumes, on a node.

use super::super::plugin::Plugin;
use super::super::pod_claims::pod_claims;
use super::matching::{Binder, can_provision, find_matching_volume, has_capacity, is_usable_on};
use crate::api::{Node, PersistentVolume, PersistentVolumeClaim, VolumeBindingMode};
use crate::scheduler::framework::{Context, Failure, PreFilterOutcome, Reason, Rejected, Words};
use crate::scheduler::view::{NodeInfo, PodInfo, VolumeListers};
use std::sync::Arc;

/// Some claim cannot be served on the node; the detail has a bit for each of [`CONFLICTS`].
static CONFLICT: Reason =
    Reason::unresolvable(Plugin::VolumeBinding, Words::Made { write: name_conflicts, differ_by_node: |_| false });

/// The words of the conflicts (`ErrReasonNodeConflict`, `ErrReasonBindConflict`, `ErrReasonNotEnoughSpace`,
/// `ErrReasonPVNotExist`), in the order in which they are told.
const CONFLICTS: [&str; 4] = [
    "node(s) didn't match PersistentVolume's node affinity",
    "node(s) didn't find available persistent volumes to bind",
    "node(s) did not have enough free storage",
    "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
];

/// What VolumeBinding found wrong with a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "any combination occurs")]
struct VolumeConflicts {
    /// A bound PersistentVolume cannot be used on the node.
    node_affinity: bool,
    /// No PersistentVolume fits a claim, and none can be provisioned.
    bind: bool,
    /// The storage backend has no room near the node.
    free_storage: bool,
    /// A bound PersistentVolume does not exist.
    missing_volume: bool,
}

impl VolumeConflicts {
    /// The outcome of the filter.
    fn into_result(self) -> Result<(), Failure> {
        let conflicts = [self.node_affinity, self.bind, self.free_storage, self.missing_volume];
        let bits = conflicts.into_iter().enumerate().map(|(position, found)| u64::from(found) << position);
        match bits.fold(0, |all, bit| all | bit) {
            0 => Ok(()),
            detail => Err(Failure::with_detail(&CONFLICT, detail)),
        }
    }
}

fn name_conflicts(rejected: &Rejected<'_>, each: &mut dyn FnMut(&str)) {
    for (position, text) in CONFLICTS.into_iter().enumerate() {
        if rejected.detail & 1 << position != 0 {
            each(text);
        }
    }
}

/// What PreFilter finds for the filter.
#[derive(Clone, Debug, Default)]
pub struct FilterState {
    bound: Vec<Arc<PersistentVolumeClaim>>,
    /// Claims that wait for this pod, the smallest first.
    pub(super) waiting: Vec<Arc<PersistentVolumeClaim>>,
    /// Volumes of the classes of the waiting claims.
    pub(super) volumes: Vec<Arc<PersistentVolume>>,
}

impl FilterState {
    /// The volume of the claim's class that it gets on the node.
    pub(super) fn match_volume(
        &self,
        claim: &PersistentVolumeClaim,
        node: &Node,
        chosen: &[&PersistentVolume],
    ) -> Option<&PersistentVolume> {
        let of_class = self.volumes.iter().filter(|volume| volume.storage_class == claim.storage_class);
        find_matching_volume(claim, of_class, Binder::Scheduler { node, chosen })
    }
}

/// Sorts the pod's claims; rejects the pod if one of them cannot be used or should be bound already.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo, state: &mut FilterState) -> PreFilterOutcome {
    *state = FilterState::default();
    let volumes = &context.listers.volumes;
    let reject = |reason: String| PreFilterOutcome::unresolvable(Plugin::VolumeBinding, reason);
    let mut claims = Vec::new();
    for named in pod_claims(pod, volumes) {
        let (name, is_ephemeral) = (&named.name, named.is_ephemeral);
        let Some(claim) = named.claim else {
            if is_ephemeral {
                return reject(format!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                ));
            }
            return named.not_found(Plugin::VolumeBinding);
        };
        if claim.is_lost {
            let volume = &claim.volume_name;
            return reject(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            ));
        }
        if claim.terminating {
            return reject(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        if is_ephemeral && (pod.uid.is_none() || claim.owner_uid != pod.uid) {
            let namespace = &pod.namespace;
            return reject(format!(
                "PVC {namespace}/{name} was not created for pod {namespace}/{} (pod is not owner)",
                pod.name
            ));
        }
        claims.push(claim);
    }
    if claims.is_empty() {
        return PreFilterOutcome::Skip;
    }
    for claim in claims {
        let class = volumes.classes.get(&claim.storage_class);
        let waits = class.is_some_and(|class| class.binding_mode == VolumeBindingMode::WaitForFirstConsumer);
        if !claim.volume_name.is_empty() && claim.bind_completed {
            state.bound.push(Arc::clone(claim));
        } else if waits && claim.volume_name.is_empty() {
            state.waiting.push(Arc::clone(claim));
        } else {
            return reject("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
    }
    state.waiting.sort_by_key(|claim| claim.request.unwrap_or_default());
    let all = volumes.persistent_volumes.values();
    let wanted = all.filter(|volume| state.waiting.iter().any(|claim| claim.storage_class == volume.storage_class));
    state.volumes = wanted.cloned().collect();
    PreFilterOutcome::Run
}

/// Rejects a node where a claim's volume cannot be used, or no volume can be had for a claim.
pub fn filter(context: &Context<'_>, state: &FilterState, node: &NodeInfo) -> Result<(), Failure> {
    let volumes = &context.listers.volumes;
    let node = node.node();
    let mut conflicts = VolumeConflicts::default();
    for claim in &state.bound {
        match volumes.persistent_volumes.get(&claim.volume_name) {
            None => conflicts.missing_volume = true,
            Some(volume) if !is_usable_on(volume, node) => conflicts.node_affinity = true,
            Some(_) => continue,
        }
        break;
    }
    find_volumes(volumes, state, node, &mut conflicts);
    conflicts.into_result()
}

/// Looks for a volume for each waiting claim (`FindPodVolumes`).
fn find_volumes(volumes: &VolumeListers, state: &FilterState, node: &Node, conflicts: &mut VolumeConflicts) {
    let mut to_provision: Vec<&PersistentVolumeClaim> = Vec::new();
    let mut to_match: Vec<&PersistentVolumeClaim> = Vec::new();
    for claim in &state.waiting {
        match &claim.selected_node {
            Some(selected) if *selected != node.meta.name => {
                conflicts.bind = true;
                return;
            }
            Some(_) => to_provision.push(claim),
            None => to_match.push(claim),
        }
    }
    let mut chosen: Vec<&PersistentVolume> = Vec::new();
    for claim in to_match {
        match state.match_volume(claim, node, &chosen) {
            Some(volume) => chosen.push(volume),
            None => to_provision.push(claim),
        }
    }
    for claim in to_provision {
        let class = volumes.classes.get(&claim.storage_class).filter(|class| can_provision(class, node));
        let Some(class) = class else {
            conflicts.bind = true;
            return;
        };
        if !has_capacity(volumes, claim, class, node) {
            conflicts.free_storage = true;
            return;
        }
    }
}
