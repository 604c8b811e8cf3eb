//! The running controllers of volumes and claims: they bind them to each other, ask provisioners for volumes, release
//! volumes, and hold and collect claims.
//!
//! Mirrors the PersistentVolume controller (`pkg/controller/volume/persistentvolume`) and, in [`super::claims`], the
//! controllers of ephemeral volumes and of the protection of claims (Kubernetes 1.36). A claim that waits is looked at again
//! in the controller's resync, whose phase is that of its start; a resync that could find nothing new does not take place.

use super::claims;
use super::rules::{mismatch, waiting_event};
use crate::api::{Name, VolumeBindingMode, VolumePhase};
use crate::cluster::{Change, ChangeKind, ClaimId, Cluster, Interest, Severity, VolumeId};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::engine::{Agenda, Latency};
use crate::scheduler::volumes::{can_be_provisioned, is_bound_to, matching_volume};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// Reported as the source of the events of the binder.
const BINDER: &str = "persistentvolume-controller";
/// `--pvclaimbinder-sync-period`.
const RESYNC_PERIOD: SimDuration = SimDuration::from_secs(15);

/// The running controllers of volumes.
#[derive(Clone, Debug)]
pub struct PersistentVolumeController {
    latency: Latency,
    garbage_latency: Latency,
    /// When the passes of its resync began.
    started: SimTime,
    /// Claims without a volume.
    pending: BTreeSet<ClaimId>,
    /// Claims that were not looked at yet. Pods that were created together with them are not seen then.
    fresh: BTreeSet<ClaimId>,
    /// What was last said of why a claim waits.
    told: BTreeMap<ClaimId, (&'static str, String)>,
    /// Whether a resync may find something new.
    is_stirred: bool,
    resync: Option<SimTime>,
}

impl PersistentVolumeController {
    /// Controllers of a cluster without claims.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            latency: settings.sync_latency(BINDER),
            garbage_latency: settings.sync_latency("garbage-collector/claims"),
            started: settings.started,
            pending: BTreeSet::new(),
            fresh: BTreeSet::new(),
            told: BTreeMap::new(),
            is_stirred: false,
            resync: None,
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::ClaimAdded,
        ChangeKind::ClaimUpdated,
        ChangeKind::ClaimRemoved,
        ChangeKind::Volume,
        ChangeKind::VolumeRemoved,
        ChangeKind::StorageClass,
        ChangeKind::PodAdded,
        ChangeKind::PodRemoved,
        ChangeKind::StatefulSetRemoved,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::ClaimAdded(id) => {
                self.fresh.insert(id);
                if !cluster.storage().claim(id).is_bound() {
                    self.pending.insert(id);
                    // Before the pods come that were created with it.
                    agenda.schedule(agenda.now() + self.latency.median() / 2, ControllerEvent::SyncClaim(id));
                }
            }
            Change::ClaimUpdated(id) => self.claim_changed(id, cluster, agenda),
            Change::ClaimRemoved(id) => {
                self.pending.remove(&id);
                self.told.remove(&id);
                let claim = &cluster.storage().claim(id).object;
                if let Some(volume) = cluster.storage().volume_id(&claim.volume_name) {
                    agenda.schedule(self.soon(agenda.now()), ControllerEvent::SyncVolume(volume));
                }
            }
            Change::Volume(id) if cluster.storage().volume(id).phase != VolumePhase::Bound => {
                agenda.schedule(self.soon(agenda.now()), ControllerEvent::SyncVolume(id));
                self.stir(agenda);
            }
            Change::VolumeRemoved(id) => lose_claim(id, cluster),
            Change::StorageClass(_) => self.stir(agenda),
            Change::PodAdded(pod) => {
                claims::create_ephemeral(pod, cluster, agenda.now());
                if !self.pending.is_empty() && !cluster.template_of(pod).template.spec.volumes.is_empty() {
                    self.stir(agenda);
                }
            }
            Change::PodRemoved(pod) => {
                for claim in claims::left_by_pod(pod, cluster) {
                    agenda.schedule(agenda.now() + self.garbage_latency.draw(), ControllerEvent::CollectClaim(claim));
                }
            }
            Change::StatefulSetRemoved(set) => {
                for claim in claims::owned_by(set.into(), cluster) {
                    agenda.schedule(agenda.now() + self.garbage_latency.draw(), ControllerEvent::CollectClaim(claim));
                }
            }
            _ => {}
        }
    }

    /// The controller is quicker than most: a claim is bound 10 to 30 ms after it is seen.
    fn soon(&mut self, now: SimTime) -> SimTime {
        now + self.latency.draw() / 2
    }

    fn claim_changed<A: Agenda<ControllerEvent>>(&mut self, id: ClaimId, cluster: &Cluster, agenda: &mut A) {
        let claim = cluster.storage().claim(id);
        if claim.is_bound() || claim.removed {
            self.pending.remove(&id);
            self.told.remove(&id);
        } else {
            self.pending.insert(id);
            agenda.schedule(self.soon(agenda.now()), ControllerEvent::SyncClaim(id));
        }
    }

    /// Something changed that may help a claim that waits, at the next resync.
    fn stir<A: Agenda<ControllerEvent>>(&mut self, agenda: &mut A) {
        self.is_stirred = true;
        let now = agenda.now();
        if self.resync.is_none_or(|at| at <= now) {
            let passes = (now - self.started).as_nanos() / RESYNC_PERIOD.as_nanos() + 1;
            let at = self.started + RESYNC_PERIOD * passes;
            self.resync = Some(at);
            agenda.schedule(at, ControllerEvent::ResyncClaims);
        }
    }

    /// Looks again at every claim that waits.
    pub fn resync<A: Agenda<ControllerEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) {
        if self.resync != Some(agenda.now()) || !std::mem::take(&mut self.is_stirred) {
            return;
        }
        self.resync = None;
        for id in self.pending.clone() {
            self.sync(id, cluster);
        }
    }

    /// One sync of a volume (`syncVolume`): it is available without a claim, and released when its claim is gone.
    pub fn sync_volume<A: Agenda<ControllerEvent>>(&mut self, id: VolumeId, cluster: &mut Cluster, agenda: &mut A) {
        let storage = cluster.storage();
        let volume = std::sync::Arc::clone(storage.volume(id));
        if storage.volume_id(&volume.name) != Some(id) {
            return;
        }
        let Some(reference) = &volume.claim else {
            cluster.set_volume_phase(id, VolumePhase::Available);
            return;
        };
        let claim = storage.claim_id(&reference.namespace, &reference.name);
        let claim = claim.filter(|claim| is_bound_to(reference, &storage.claim(*claim).object));
        match claim {
            Some(claim) if !storage.claim(claim).is_bound() => self.claim_changed(claim, cluster, agenda),
            Some(_) => {}
            None if reference.uid.is_empty() => cluster.set_volume_phase(id, VolumePhase::Available),
            None => {
                cluster.set_volume_phase(id, VolumePhase::Released);
                if volume.terminating {
                    cluster.remove_volume(id);
                }
            }
        }
    }

    /// One sync of a claim (`syncUnboundClaim`).
    pub fn sync(&mut self, id: ClaimId, cluster: &mut Cluster) {
        let is_first = self.fresh.remove(&id);
        let storage = cluster.storage();
        let state = storage.claim(id);
        if state.removed || state.is_bound() || state.object.terminating {
            return;
        }
        let claim = std::sync::Arc::clone(&state.object);
        if !claim.volume_name.is_empty() {
            // The user chose the volume; it may come later.
            let Some(chosen) = storage.volume_id(&claim.volume_name) else { return };
            if let Some(problem) = mismatch(storage.volume(chosen), &claim) {
                let message = format!("Cannot bind to requested volume \"{}\": {problem}", claim.volume_name);
                self.tell(id, (Severity::Warning, "VolumeMismatch"), message, cluster);
                return;
            }
            cluster.bind_claim(id, chosen);
            return;
        }
        let class = storage.classes().get(&claim.storage_class);
        let waits = class.is_some_and(|class| class.binding_mode == VolumeBindingMode::WaitForFirstConsumer);
        let found = matching_volume(&claim, storage.volumes(), waits).map(|volume| volume.name.clone());
        if let Some(volume) = found.and_then(|name| storage.volume_id(&name)) {
            cluster.bind_claim(id, volume);
            return;
        }
        if waits && claim.selected_node.is_none() {
            let created = state.head.created;
            let is_seen = |pod: &crate::cluster::Pod| !is_first || pod.head.created > created;
            let pods = cluster.pods_with_claim(id).map(|pod| cluster.pod(pod));
            let waiting = pods.filter(|pod| pod.node.is_none() && is_seen(pod)).map(|pod| pod.name.clone());
            let (reason, message) = waiting_event(&waiting.collect::<Vec<Name>>());
            self.tell(id, (Severity::Normal, reason), message, cluster);
            return;
        }
        match class {
            Some(class) if can_be_provisioned(class) => {
                let provisioner = class.provisioner.clone();
                cluster.set_claim_provisioner(id, &provisioner);
                let message = format!(
                    "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by \
                     the system administrator. If volume creation is delayed, please verify that the provisioner is \
                     running and correctly registered."
                );
                self.tell(id, (Severity::Normal, "ExternalProvisioning"), message, cluster);
            }
            Some(class) => {
                let message = format!("no volume plugin matched name: {}", class.provisioner);
                self.tell(id, (Severity::Warning, "ProvisioningFailed"), message, cluster);
            }
            None if !claim.storage_class.is_empty() => {
                let message = format!("storageclass.storage.k8s.io \"{}\" not found", claim.storage_class);
                self.tell(id, (Severity::Warning, "ProvisioningFailed"), message, cluster);
            }
            None => {
                let message = "no persistent volumes available for this claim and no storage class is set".to_owned();
                self.tell(id, (Severity::Normal, "FailedBinding"), message, cluster);
            }
        }
    }

    /// Says why a claim waits, unless that was said last.
    fn tell(
        &mut self,
        id: ClaimId,
        (severity, reason): (Severity, &'static str),
        message: String,
        cluster: &mut Cluster,
    ) {
        let now = (reason, message);
        if self.told.get(&id) != Some(&now) {
            emit(cluster, BINDER, id, (severity, reason), now.1.clone());
            self.told.insert(id, now);
        }
    }
}

/// The volume of a claim is gone.
fn lose_claim(volume: VolumeId, cluster: &mut Cluster) {
    let storage = cluster.storage();
    let volume = storage.volume(volume);
    let Some(reference) = &volume.claim else { return };
    let Some(claim) = storage.claim_id(&reference.namespace, &reference.name) else { return };
    let state = storage.claim(claim);
    if state.is_bound() && state.object.volume_name == volume.name && !state.object.is_lost {
        cluster.lose_claim(claim);
        let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!".to_owned();
        emit(cluster, BINDER, claim, (Severity::Warning, "ClaimLost"), message);
    }
}
