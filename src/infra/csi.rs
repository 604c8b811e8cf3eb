//! The drivers of persistent volumes and the storage behind them: they make, attach, detach, grow and delete volumes, in the
//! times that the scenario sets.
//!
//! Stands for the sidecars external-provisioner, external-attacher and external-resizer. They go on when the controller
//! manager is down. Known deviations: a driver fails only where the scenario says so, and a volume's topology is the node's
//! zone unless its class names other keys.

use crate::api::{
    ClaimReference, Name, Node, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm,
    PersistentVolume, PersistentVolumeSource, ReclaimPolicy, StorageClass, VolumeBindingMode, VolumePhase, well_known,
};
use crate::cluster::{
    ApiEvent, AttachmentId, AttachmentState, Change, ChangeKind, ClaimId, Cluster, EventObject, Interest, Severity,
    VolumeId,
};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::input::scenario::{AttachOutage, Expansion, Storage};
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use std::collections::BTreeSet;

/// An event of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CsiEvent {
    /// The volume of a claim is made.
    Provisioned(ClaimId),
    /// A volume is attached.
    Attached(AttachmentId),
    /// A volume is detached.
    Detached(AttachmentId),
    /// A volume that was released is deleted.
    Deleted(VolumeId),
    /// The volume of a claim is larger.
    Expanded(ClaimId),
}

/// From the end of the last attachment of a volume to the next try to delete it.
const DELETE_RETRY: SimDuration = SimDuration::from_millis(250);

/// All drivers.
#[derive(Clone, Debug)]
pub struct CsiDrivers {
    provision: (Sampler, RandomStream),
    attach: (Sampler, RandomStream),
    detach: (Sampler, RandomStream),
    delete: (Sampler, RandomStream),
    expand: (Sampler, RandomStream),
    expansion: Expansion,
    outages: Vec<AttachOutage>,
    /// Claims whose volume is being made.
    provisioning: BTreeSet<ClaimId>,
    /// Claims whose volume is being made larger, or waits for that.
    expanding: BTreeSet<ClaimId>,
    /// Volumes that are being deleted.
    deleting: BTreeSet<VolumeId>,
    volumes_made: u64,
}

impl CsiDrivers {
    /// Drivers without volumes.
    pub fn new(storage: &Storage, streams: RandomStreams) -> Self {
        let draws = |distribution, purpose: &str| (Sampler::new(distribution), streams.stream(purpose));
        Self {
            provision: draws(&storage.provision, "csi/provision"),
            attach: draws(&storage.attach, "csi/attach"),
            detach: draws(&storage.detach, "csi/detach"),
            delete: draws(&storage.delete, "csi/delete"),
            expand: draws(&storage.expand, "csi/expand"),
            expansion: storage.expansion,
            outages: storage.attach_outages.clone(),
            provisioning: BTreeSet::new(),
            expanding: BTreeSet::new(),
            deleting: BTreeSet::new(),
            volumes_made: 0,
        }
    }

    /// The changes that they act on.
    pub const INTEREST: Interest =
        Interest::of(&[ChangeKind::ClaimAdded, ChangeKind::ClaimUpdated, ChangeKind::Volume, ChangeKind::Attachment]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<CsiEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::ClaimAdded(id) | Change::ClaimUpdated(id) => {
                self.provision_for(id, cluster, agenda);
                self.expand_for(id, cluster, agenda);
            }
            Change::Volume(id) => {
                let volume = cluster.storage().volume(id);
                let is_to_go = volume.phase == VolumePhase::Released && volume.reclaim_policy == ReclaimPolicy::Delete;
                if is_to_go && volume.is_provisioned && self.deleting.insert(id) {
                    agenda.schedule(agenda.now() + draw(&mut self.delete), CsiEvent::Deleted(id));
                }
            }
            Change::Attachment(id) => self.attachment_changed(id, cluster, agenda),
            _ => {}
        }
    }

    fn attachment_changed<A: Agenda<CsiEvent>>(&mut self, id: AttachmentId, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        let attachment = cluster.storage().attachments().get(id);
        match attachment.state {
            AttachmentState::Attaching => {
                let node = &cluster.node(attachment.node).object.meta.name;
                if let Some(from) = self.attaches_from(node, now) {
                    agenda.schedule(from + draw(&mut self.attach), CsiEvent::Attached(id));
                }
            }
            AttachmentState::Detaching => agenda.schedule(now + draw(&mut self.detach), CsiEvent::Detached(id)),
            AttachmentState::Gone if self.deleting.contains(&attachment.volume) => {
                agenda.schedule(now + DELETE_RETRY, CsiEvent::Deleted(attachment.volume));
            }
            AttachmentState::Attached | AttachmentState::Gone => {}
        }
    }

    /// When a volume that is asked for now begins to be attached to a node; `None` for never.
    fn attaches_from(&self, node: &str, now: SimTime) -> Option<SimTime> {
        let mut from = now;
        for outage in self.outages.iter().filter(|outage| outage.node.as_deref().is_none_or(|own| own == node)) {
            let begins = SimTime::ZERO + outage.at.get();
            let ends = outage.duration.map(|duration| begins + duration.get());
            if begins <= from && ends.is_none_or(|ends| from < ends) {
                from = ends?;
            }
        }
        Some(from)
    }

    /// Handles an event.
    pub fn handle<A: Agenda<CsiEvent>>(&mut self, event: CsiEvent, cluster: &mut Cluster, agenda: &mut A) {
        match event {
            CsiEvent::Provisioned(id) => self.provision(id, cluster, agenda.now()),
            CsiEvent::Attached(id) => {
                if cluster.storage().attachments().get(id).state == AttachmentState::Attaching {
                    cluster.set_attachment_state(id, AttachmentState::Attached);
                }
            }
            CsiEvent::Detached(id) => cluster.set_attachment_state(id, AttachmentState::Gone),
            CsiEvent::Deleted(id) => {
                let is_attached = cluster.storage().attachments().of_volume(id).next().is_some();
                if !is_attached && self.deleting.remove(&id) {
                    cluster.remove_volume(id);
                }
            }
            CsiEvent::Expanded(id) => self.expand(id, cluster, agenda),
        }
    }

    /// Begins to make the volume of a claim that is ready for it.
    fn provision_for<A: Agenda<CsiEvent>>(&mut self, id: ClaimId, cluster: &mut Cluster, agenda: &mut A) {
        let storage = cluster.storage();
        let state = storage.claim(id);
        let claim = &state.object;
        if state.removed || state.is_bound() || claim.provisioner.is_empty() || claim.terminating {
            return;
        }
        let class = storage.classes().get(&claim.storage_class);
        let waits = class.is_none_or(|class| class.binding_mode == VolumeBindingMode::WaitForFirstConsumer);
        if (waits && claim.selected_node.is_none()) || !self.provisioning.insert(id) {
            return;
        }
        let message =
            format!("External provisioner is provisioning volume for claim \"{}/{}\"", claim.namespace, claim.name);
        tell(cluster, "external-provisioner", id, "Provisioning", message);
        agenda.schedule(agenda.now() + draw(&mut self.provision), CsiEvent::Provisioned(id));
    }

    /// A volume is made for its claim. The PersistentVolume controller binds them.
    fn provision(&mut self, id: ClaimId, cluster: &mut Cluster, now: SimTime) {
        self.provisioning.remove(&id);
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
        let (provisioner, reclaim_policy) = (class.provisioner.clone(), class.reclaim_policy);
        let name = Name::from(format!("pvc-{}-{}-{}", claim.namespace, claim.name, self.volumes_made));
        self.volumes_made += 1;
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
            attributes_class: claim.attributes_class.clone(),
            volume_mode: claim.volume_mode,
            claim: Some(ClaimReference {
                namespace: claim.namespace.clone(),
                name: claim.name.clone(),
                uid: claim.uid.clone(),
            }),
            node_affinity: (!term.match_expressions.is_empty()).then(|| NodeSelector { terms: vec![term] }),
            source: PersistentVolumeSource::Csi { driver: provisioner, handle: name.clone() },
            reclaim_policy,
            is_provisioned: true,
            ..PersistentVolume::default()
        };
        cluster.add_volume(volume, now);
        let message = format!("Successfully provisioned volume {name}");
        tell(cluster, "external-provisioner", id, "ProvisioningSucceeded", message);
    }

    /// Begins to make the volume of a claim larger that asks for more than it has.
    fn expand_for<A: Agenda<CsiEvent>>(&mut self, id: ClaimId, cluster: &mut Cluster, agenda: &mut A) {
        let storage = cluster.storage();
        let state = storage.claim(id);
        if state.removed || !state.is_bound() || state.object.is_lost {
            return;
        }
        let Some(volume) = storage.volume_id(&state.object.volume_name) else { return };
        let object = storage.volume(volume);
        if state.object.request.is_none_or(|request| request <= object.capacity) || !self.expanding.insert(id) {
            return;
        }
        let name = object.name.clone();
        tell(cluster, "external-resizer", id, "Resizing", format!("External resizer is resizing volume {name}"));
        agenda.schedule(agenda.now() + draw(&mut self.expand), CsiEvent::Expanded(id));
    }

    /// A volume is larger. The file system on it grows where it is mounted, or when it is mounted next.
    fn expand<A: Agenda<CsiEvent>>(&mut self, id: ClaimId, cluster: &mut Cluster, agenda: &mut A) {
        let storage = cluster.storage();
        let claim = std::sync::Arc::clone(&storage.claim(id).object);
        let (Some(volume), Some(request)) = (storage.volume_id(&claim.volume_name), claim.request) else {
            self.expanding.remove(&id);
            return;
        };
        let is_attached = storage.attachments().of_volume(volume).next().is_some();
        if is_attached && self.expansion == Expansion::Offline {
            let message = format!(
                "resize volume \"{}\" failed: volume is in use and cannot be expanded online",
                claim.volume_name
            );
            emit(cluster, "external-resizer", id, (Severity::Warning, "VolumeResizeFailed"), message);
            agenda.schedule(agenda.now() + OFFLINE_RETRY, CsiEvent::Expanded(id));
            return;
        }
        self.expanding.remove(&id);
        if is_attached {
            let message = "Require file system resize of volume on node".to_owned();
            tell(cluster, "external-resizer", id, "FileSystemResizeRequired", message);
        }
        cluster.set_volume_capacity(volume, request);
    }
}

/// From an expansion that a volume's use prevented to the next try.
const OFFLINE_RETRY: SimDuration = SimDuration::from_secs(60);

fn draw((sampler, stream): &mut (Sampler, RandomStream)) -> SimDuration {
    sampler.sample_duration(stream)
}

/// Writes an Event about a claim.
fn tell(cluster: &mut Cluster, source: &'static str, id: ClaimId, reason: &'static str, message: String) {
    emit(cluster, source, id, (Severity::Normal, reason), message);
}

fn emit(
    cluster: &mut Cluster,
    source: &'static str,
    id: ClaimId,
    (severity, reason): (Severity, &'static str),
    message: String,
) {
    let claim = &cluster.storage().claim(id).object;
    let object = EventObject::Other {
        kind: "PersistentVolumeClaim",
        namespace: claim.namespace.clone(),
        name: claim.name.clone(),
    };
    cluster.emit(ApiEvent { severity, reason, source, object, message: message.into() });
}

/// Where the storage of a volume that is made for a node can be reached: the keys of the class's topologies, else the
/// zone, with the node's values.
fn node_segment(class: &StorageClass, node: &Node) -> Vec<(Name, Name)> {
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
