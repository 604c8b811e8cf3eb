//! The running controllers of volumes: they bind claims to volumes, provision volumes, and make and delete the claims
//! of ephemeral volumes.
//!
//! Mirrors the PersistentVolume controller (`pkg/controller/volume/persistentvolume`), the ephemeral volume controller
//! and external-provisioner (Kubernetes 1.36). Attaching, detaching and resizing take no time, and volumes of claims that
//! are gone are deleted only for ephemeral volumes.

use crate::api::{
    ClaimReference, ClaimTemplate, Name, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm,
    PersistentVolume, PersistentVolumeSource, StorageClass, VolumeBindingMode, VolumeSource, well_known,
};
use crate::cluster::{Change, ChangeKind, ClaimId, Cluster, Interest, ObjectId, PodId, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::engine::{Agenda, Latency};
use crate::scheduler::volumes::{can_be_provisioned, matching_volume};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeSet;

/// Reported as the source of the events of the binder.
const BINDER: &str = "persistentvolume-controller";

/// The running controllers of volumes.
#[derive(Clone, Debug)]
pub struct PersistentVolumeController {
    latency: Latency,
    provisioning: SimDuration,
    /// Claims without a volume, which new volumes and classes may help.
    pending: BTreeSet<ClaimId>,
    /// Claims whose volume is being made.
    in_the_making: BTreeSet<ClaimId>,
    /// Claims of which it was said why they wait.
    told: BTreeSet<ClaimId>,
}

impl PersistentVolumeController {
    /// Controllers of a cluster without claims.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            latency: settings.sync_latency("persistentvolume-controller"),
            provisioning: settings.volume_provisioning,
            pending: BTreeSet::new(),
            in_the_making: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::ClaimAdded,
        ChangeKind::ClaimUpdated,
        ChangeKind::ClaimRemoved,
        ChangeKind::Volume,
        ChangeKind::StorageClass,
        ChangeKind::PodAdded,
        ChangeKind::PodRemoved,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::ClaimAdded(id) | Change::ClaimUpdated(id) => {
                if cluster.storage().claim(id).is_bound() {
                    self.pending.remove(&id);
                } else {
                    self.pending.insert(id);
                    agenda.schedule(agenda.now() + self.latency.draw(), ControllerEvent::SyncClaim(id));
                }
            }
            Change::ClaimRemoved(id) => {
                self.pending.remove(&id);
            }
            Change::Volume(id) if cluster.storage().volume(id).claim.is_none() => self.retry(agenda),
            Change::StorageClass(_) => self.retry(agenda),
            Change::PodAdded(pod) => create_ephemeral_claims(pod, cluster, agenda.now()),
            Change::PodRemoved(pod) => remove_ephemeral_claims(pod, cluster),
            _ => {}
        }
    }

    /// Looks again at every claim that waits.
    fn retry<A: Agenda<ControllerEvent>>(&mut self, agenda: &mut A) {
        for id in &self.pending {
            agenda.schedule(agenda.now() + self.latency.draw(), ControllerEvent::SyncClaim(*id));
        }
    }

    /// One sync of a claim (`syncUnboundClaim`).
    pub fn sync<A: Agenda<ControllerEvent>>(&mut self, id: ClaimId, cluster: &mut Cluster, agenda: &mut A) {
        let storage = cluster.storage();
        let state = storage.claim(id);
        if state.removed || state.is_bound() || state.object.terminating {
            return;
        }
        let claim = &state.object;
        if !claim.volume_name.is_empty() {
            // The user chose the volume; it may come later.
            if let Some(volume) = storage.volume_id(&claim.volume_name) {
                cluster.bind_claim(id, volume);
            }
            return;
        }
        let class = storage.classes().get(&claim.storage_class);
        let waits = class.is_some_and(|class| class.binding_mode == VolumeBindingMode::WaitForFirstConsumer);
        if waits && claim.selected_node.is_none() {
            self.tell(
                id,
                (Severity::Normal, "WaitForFirstConsumer"),
                "waiting for first consumer to be created before binding".to_owned(),
                cluster,
            );
            return;
        }
        if !waits && let Some(volume) = matching_volume(claim, storage.volumes(), false) {
            if let Some(volume) = storage.volume_id(&volume.name.clone()) {
                cluster.bind_claim(id, volume);
            }
            return;
        }
        match class {
            Some(class) if can_be_provisioned(class) => {
                if self.in_the_making.insert(id) {
                    agenda.schedule(agenda.now() + self.provisioning, ControllerEvent::ProvisionVolume(id));
                }
            }
            None if !claim.storage_class.is_empty() => {
                let message = format!("storageclass.storage.k8s.io \"{}\" not found", claim.storage_class);
                self.tell(id, (Severity::Warning, "ProvisioningFailed"), message, cluster);
            }
            Some(_) | None => {
                let message = "no persistent volumes available for this claim and no storage class is set".to_owned();
                self.tell(id, (Severity::Normal, "FailedBinding"), message, cluster);
            }
        }
    }

    /// Says once why a claim waits.
    fn tell(
        &mut self,
        id: ClaimId,
        (severity, reason): (Severity, &'static str),
        message: String,
        cluster: &mut Cluster,
    ) {
        if self.told.insert(id) {
            emit(cluster, BINDER, id, (severity, reason), message);
        }
    }

    /// A volume is made and bound to its claim.
    pub fn provision(&mut self, id: ClaimId, cluster: &mut Cluster, now: SimTime) {
        self.in_the_making.remove(&id);
        let storage = cluster.storage();
        let state = storage.claim(id);
        if state.removed || state.is_bound() {
            return;
        }
        let claim = state.object.clone();
        let Some(class) = storage.classes().get(&claim.storage_class) else { return };
        let segment = match &claim.selected_node {
            None => immediate_segment(&claim.name, class, cluster),
            Some(node) => match cluster.node_id(node) {
                Some(node) => node_segment(class, &cluster.node(node).object),
                None => {
                    // The provisioner hands the claim back to the scheduler.
                    cluster.select_node(id, None);
                    return;
                }
            },
        };
        let provisioner = class.provisioner.clone();
        let number = storage.volume_count();
        let name = Name::from(format!("pvc-{}-{}-{number}", claim.namespace, claim.name));
        let requirement = |(key, value): (Name, Name)| NodeSelectorRequirement {
            key,
            operator: NodeSelectorOperator::In,
            values: vec![value],
        };
        let match_expressions: Vec<_> = segment.into_iter().map(requirement).collect();
        let term = NodeSelectorTerm { match_expressions, ..NodeSelectorTerm::default() };
        let volume = PersistentVolume {
            name: name.clone(),
            capacity: claim.request.unwrap_or_default(),
            access_modes: claim.access_modes.clone(),
            storage_class: claim.storage_class.clone(),
            volume_mode: claim.volume_mode,
            claim: Some(ClaimReference {
                namespace: claim.namespace.clone(),
                name: claim.name.clone(),
                uid: claim.uid.clone(),
            }),
            node_affinity: (!term.match_expressions.is_empty()).then(|| NodeSelector { terms: vec![term] }),
            source: PersistentVolumeSource::Csi { driver: provisioner, handle: name.clone() },
            ..PersistentVolume::default()
        };
        let volume = cluster.add_volume(volume, now);
        let message = format!("Successfully provisioned volume {name}");
        emit(cluster, "external-provisioner", id, (Severity::Normal, "ProvisioningSucceeded"), message);
        cluster.bind_claim(id, volume);
    }
}

/// Where the storage of a volume that is made for a node can be reached: the keys of the class's topologies, else the
/// zone, with the node's values.
fn node_segment(class: &StorageClass, node: &crate::api::Node) -> Vec<(Name, Name)> {
    let keys: BTreeSet<Name> = class.allowed_topologies.iter().flatten().map(|(key, _)| key.clone()).collect();
    let keys = if keys.is_empty() { BTreeSet::from([Name::from(well_known::ZONE)]) } else { keys };
    keys.into_iter().filter_map(|key| node.meta.labels.get(&key).cloned().map(|value| (key, value))).collect()
}

/// Where a volume is made that no pod waits for: one of the allowed topologies, else of the nodes' zones. Claims of one
/// StatefulSet take turns, others are spread by a hash of their name (external-provisioner spreads them the same way).
fn immediate_segment(claim: &str, class: &StorageClass, cluster: &Cluster) -> Vec<(Name, Name)> {
    let mut segments: BTreeSet<Vec<(Name, Name)>> = BTreeSet::new();
    for term in &class.allowed_topologies {
        let mut of_term = vec![Vec::new()];
        for (key, values) in term {
            let with = |start: &Vec<(Name, Name)>, value: &Name| {
                let mut segment = start.clone();
                segment.push((key.clone(), value.clone()));
                segment
            };
            of_term = of_term.iter().flat_map(|start| values.iter().map(move |value| with(start, value))).collect();
        }
        segments.extend(of_term.into_iter().filter(|segment| !segment.is_empty()));
    }
    if class.allowed_topologies.is_empty() {
        let nodes = cluster.nodes().filter(|(_, node)| node.exists());
        let zones = nodes.filter_map(|(_, node)| node.object.meta.labels.get(well_known::ZONE).cloned());
        segments.extend(zones.map(|zone| vec![(Name::from(well_known::ZONE), zone)]));
    }
    let (start, offset) = match claim.rsplit_once('-') {
        Some((start, number)) => match number.parse::<usize>() {
            Ok(number) => (start, number),
            Err(_) => (claim, 0),
        },
        None => (claim, 0),
    };
    // FNV-1a, 32 bit.
    let hash = start.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let turn = (hash as usize).wrapping_add(offset).checked_rem(segments.len()).unwrap_or(0);
    segments.into_iter().nth(turn).unwrap_or_default()
}

/// The ephemeral volume controller: the claims of a pod's ephemeral volumes come with it. One that is refused is not tried
/// again, as the real controller does.
fn create_ephemeral_claims(pod: PodId, cluster: &mut Cluster, now: SimTime) {
    let template = &cluster.template_of(pod).template;
    if template.spec.ephemeral_claims.is_empty() {
        return;
    }
    let state = cluster.pod(pod);
    let namespace = cluster.namespace_name(state.namespace).clone();
    let make = |(volume, template): &(Name, ClaimTemplate)| {
        let mut new = template.clone();
        new.claim.namespace = namespace.clone();
        new.claim.name = Name::from(format!("{}-{volume}", state.name));
        new.claim.owner_uid = Some(ObjectId::from(pod).uid().into());
        new
    };
    let claims: Vec<ClaimTemplate> = template.spec.ephemeral_claims.iter().map(make).collect();
    for claim in claims {
        let name = claim.claim.name.clone();
        if let Err(refusal) = cluster.create_claim(claim, now) {
            let message = format!("ephemeral volume controller: create PVC {name}: {refusal}");
            emit(cluster, "ephemeral_volume", pod, (Severity::Warning, "FailedBinding"), message);
        }
    }
}

/// The garbage collector: the claims of ephemeral volumes go with their pod, and the volumes that were made for them.
fn remove_ephemeral_claims(pod: PodId, cluster: &mut Cluster) {
    let template = &cluster.template_of(pod).template;
    if !template.spec.volumes.iter().any(|volume| volume.source == VolumeSource::Ephemeral) {
        return;
    }
    let state = cluster.pod(pod);
    let namespace = cluster.namespace_name(state.namespace);
    let names = template.spec.ephemeral_claims.iter().map(|(volume, _)| Name::from(format!("{}-{volume}", state.name)));
    let (storage, uid) = (cluster.storage(), Name::from(ObjectId::from(pod).uid()));
    let claims: Vec<ClaimId> = names
        .filter_map(|name| storage.claim_id(namespace, &name))
        .filter(|id| storage.claim(*id).object.owner_uid.as_ref() == Some(&uid))
        .collect();
    for id in claims {
        let volume = cluster.storage().claim(id).object.volume_name.clone();
        cluster.remove_claim(id);
        cluster.remove_volume(&volume);
    }
}
