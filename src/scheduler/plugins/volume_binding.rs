//! VolumeBinding: claims that are bound must be usable on the node, others must find a volume or be provisioned there.
//!
//! Among volumes of equal size kube-scheduler's choice is random; here it is the first by name.

use super::plugin::Plugin;
use super::volumes::VolumeChoice;
use crate::api::{
    ClaimReference, Node, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeBindingMode, VolumeSource,
};
use crate::scheduler::framework::{Code, Context, Failure, PreFilterOutcome, PreFilterRejection, VolumeConflicts};
use crate::scheduler::view::{NodeInfo, PodInfo, VolumeListers};
use crate::units::Bytes;
use std::sync::Arc;

/// The provisioner of classes whose volumes are made by hand (`NotSupportedProvisioner`).
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// What PreFilter finds for the filter.
#[derive(Clone, Debug, Default)]
pub struct FilterState {
    bound: Vec<Arc<PersistentVolumeClaim>>,
    /// Claims that wait for this pod, the smallest first.
    waiting: Vec<Arc<PersistentVolumeClaim>>,
    /// Volumes of the classes of the waiting claims.
    volumes: Vec<Arc<PersistentVolume>>,
}

/// Sorts the pod's claims; rejects the pod if one of them cannot be used or should be bound already.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo, state: &mut FilterState) -> PreFilterOutcome {
    *state = FilterState::default();
    let volumes = &context.listers.volumes;
    let reject = |reason: String| {
        let code = Code::UnschedulableAndUnresolvable;
        PreFilterOutcome::Reject(PreFilterRejection { plugin: Plugin::VolumeBinding, code, reason })
    };
    let mut claims = Vec::new();
    for volume in &pod.spec().volumes {
        let Some(name) = pod.claim_name(volume) else { continue };
        let is_ephemeral = volume.source == VolumeSource::Ephemeral;
        let Some(claim) = volumes.claim(&pod.namespace, &name) else {
            return reject(if is_ephemeral {
                format!("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"")
            } else {
                format!("persistentvolumeclaim \"{name}\" not found")
            });
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
    if conflicts == VolumeConflicts::default() { Ok(()) } else { Err(Failure::VolumeBinding(conflicts)) }
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
        match find_matching_volume(claim, &state.volumes, &chosen, Some(node)) {
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

/// What each claim that waits for the pod gets on a node that passed the filter, decided as there.
pub fn choose(context: &Context<'_>, pod: &PodInfo, node: &Node) -> Vec<VolumeChoice> {
    let mut state = FilterState::default();
    pre_filter(context, pod, &mut state);
    let mut chosen: Vec<&PersistentVolume> = Vec::new();
    let mut choices = Vec::new();
    for own in &state.waiting {
        let claim = own.name.clone();
        let found = match own.selected_node {
            Some(_) => None,
            None => find_matching_volume(own, &state.volumes, &chosen, Some(node)),
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

/// Whether the volume's node affinity admits the node. Only the node's labels are looked at.
fn is_usable_on(volume: &PersistentVolume, node: &Node) -> bool {
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
    let is_own = |reference: &ClaimReference| {
        reference.name == claim.name
            && reference.namespace == claim.namespace
            && (reference.uid.is_empty() || reference.uid == claim.uid)
    };
    let mut smallest: Option<&PersistentVolume> = None;
    for volume in volumes {
        if volume.storage_class != claim.storage_class
            || chosen.iter().any(|own| own.name == volume.name)
            || volume.claim.as_ref().is_some_and(|reference| !is_own(reference))
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
        if fits && smallest.is_none_or(|own| own.capacity > volume.capacity) {
            smallest = Some(volume);
        }
    }
    smallest
}

/// Whether volumes of the class can be provisioned on the node.
fn can_provision(class: &StorageClass, node: &Node) -> bool {
    if class.provisioner.is_empty() || &*class.provisioner == NO_PROVISIONER {
        return false;
    }
    let label = |key: &str| node.meta.labels.get(key);
    class.allowed_topologies.is_empty()
        || class.allowed_topologies.iter().any(|term| {
            !term.is_empty() && term.iter().all(|(key, values)| label(key).is_some_and(|value| values.contains(value)))
        })
}

/// Whether the storage backend has room near the node; drivers that publish no capacity always have.
fn has_capacity(volumes: &VolumeListers, claim: &PersistentVolumeClaim, class: &StorageClass, node: &Node) -> bool {
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
