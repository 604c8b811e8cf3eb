//! The running attach-detach controller. Its reconciler makes a pass every 100 ms; a pass that could find nothing new does not
//! take place.
//!
//! What is attached is what VolumeAttachments and node statuses say, so that a controller that starts anew goes on from there.

use super::{Detach, UnwantedVolume, detach, is_out_of_service, multi_attach_message, retry_after};
use crate::cluster::{
    AttachmentId, AttachmentState, Change, ChangeKind, Cluster, Interest, NodeId, NodeReady, PodId, Severity, VolumeId,
};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::engine::{Agenda, Latency};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// `source` of the controller's Events.
const SOURCE: &str = "attachdetach-controller";
/// `ReconcilerLoopPeriod`.
const LOOP_PERIOD: SimDuration = SimDuration::from_millis(100);
/// How long the CSI plugin waits for the external attacher (`csiTimeout`).
const ATTACH_TIMEOUT: SimDuration = SimDuration::from_minutes(2);

/// A volume and a node.
type Place = (VolumeId, NodeId);

/// A try to attach a volume.
#[derive(Clone, Copy, Debug, Default)]
struct Try {
    /// Counts tries, so that the timeout of one that ended is known to be stale.
    number: u32,
    /// How many failed in a row.
    failures: u32,
    /// Whether one is under way.
    is_pending: bool,
    /// When the next one may begin.
    not_before: Option<SimTime>,
}

/// The running attach-detach controller.
#[derive(Clone, Debug)]
pub struct AttachDetachController {
    phase: SimDuration,
    latency: Latency,
    force_on_timeout: bool,
    /// The pods that want a volume on a node.
    wanted: BTreeMap<Place, BTreeSet<PodId>>,
    /// The same by pod.
    places: BTreeMap<PodId, BTreeSet<Place>>,
    /// Since when nothing wants a volume where it is attached.
    unwanted: BTreeMap<Place, SimTime>,
    tries: BTreeMap<Place, Try>,
    /// Places of which it was said that the volume is attached elsewhere.
    reported: BTreeSet<Place>,
    /// What the next pass looks at.
    stirred: BTreeSet<Place>,
    /// What is looked at again later.
    later: BTreeSet<(SimTime, Place)>,
    next_pass: Option<SimTime>,
}

impl AttachDetachController {
    /// A controller that knows of no volume.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            phase: settings.streams.phase("phase/attachdetach-controller", LOOP_PERIOD),
            latency: settings.sync_latency(SOURCE),
            force_on_timeout: settings.force_detach_on_timeout,
            wanted: BTreeMap::new(),
            places: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            tries: BTreeMap::new(),
            reported: BTreeSet::new(),
            stirred: BTreeSet::new(),
            later: BTreeSet::new(),
            next_pass: None,
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::PodBound,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::ClaimUpdated,
        ChangeKind::Attachment,
        ChangeKind::NodeVolumes,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeReadiness,
        ChangeKind::NodeRemoved,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::PodBound(pod) => self.want(pod, cluster),
            Change::PodEnded(pod) | Change::PodRemoved(pod) => {
                for place in self.places.remove(&pod).unwrap_or_default() {
                    self.unwant(place, pod);
                }
            }
            Change::ClaimUpdated(claim) if cluster.storage().claim(claim).is_bound() => {
                let pods: Vec<PodId> = cluster.pods_with_claim(claim).collect();
                for pod in pods.into_iter().filter(|pod| cluster.pod(*pod).node.is_some()) {
                    self.want(pod, cluster);
                }
            }
            Change::Attachment(id) => {
                let attachment = cluster.storage().attachments().get(id);
                if matches!(attachment.state, AttachmentState::Attached | AttachmentState::Gone) {
                    agenda.schedule(agenda.now() + self.latency.draw(), ControllerEvent::AttachmentSeen(id));
                }
            }
            Change::NodeVolumes { node, volume } if self.unwanted.contains_key(&(volume, node)) => {
                self.stirred.insert((volume, node));
            }
            Change::NodeUpdated(node) | Change::NodeReadiness(node) | Change::NodeRemoved(node) => {
                self.stirred.extend(self.unwanted.keys().filter(|place| place.1 == node));
            }
            _ => {}
        }
        self.plan(agenda);
    }

    /// Takes over what is attached already.
    pub fn start<A: Agenda<ControllerEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        let existing = cluster.storage().attachments().existing();
        self.stirred.extend(existing.map(|(_, attachment)| (attachment.volume, attachment.node)));
        self.plan(agenda);
    }

    /// A pod on a node wants its volumes there.
    fn want(&mut self, pod: PodId, cluster: &Cluster) {
        let state = cluster.pod(pod);
        let Some(node) = state.node.filter(|_| state.exists() && !state.phase.is_terminal()) else { return };
        for volume in cluster.attachable_volumes_of(pod) {
            let place = (volume, node);
            if self.wanted.entry(place).or_default().insert(pod) {
                self.places.entry(pod).or_default().insert(place);
                self.unwanted.remove(&place);
                self.stirred.insert(place);
            }
        }
    }

    fn unwant(&mut self, place: Place, pod: PodId) {
        if let Some(pods) = self.wanted.get_mut(&place) {
            pods.remove(&pod);
            if pods.is_empty() {
                self.wanted.remove(&place);
                self.reported.remove(&place);
                self.stirred.insert(place);
            }
        }
    }

    /// Plans the next pass that has something to do.
    fn plan<A: Agenda<ControllerEvent>>(&mut self, agenda: &mut A) {
        let now = agenda.now();
        let soon = (!self.stirred.is_empty()).then_some(now + self.latency.median() / 2);
        let later = self.later.first().map(|(at, _)| *at);
        let Some(wanted) = soon.into_iter().chain(later).min() else { return };
        let since = (wanted.max(now) - SimTime::ZERO - self.phase).as_nanos();
        let passes = since.div_euclid(LOOP_PERIOD.as_nanos()) + i64::from(since % LOOP_PERIOD.as_nanos() != 0);
        let at = SimTime::ZERO + self.phase + LOOP_PERIOD * passes;
        if self.next_pass.is_none_or(|planned| planned > at || planned < now) {
            self.next_pass = Some(at);
            agenda.schedule(at, ControllerEvent::ReconcileVolumes);
        }
    }

    /// A pass of the reconciler: volumes are detached first, so that others can have them.
    pub fn reconcile<A: Agenda<ControllerEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if self.next_pass != Some(now) {
            return;
        }
        self.next_pass = None;
        while let Some((at, place)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, place));
            self.stirred.insert(place);
        }
        let places = std::mem::take(&mut self.stirred);
        for place in &places {
            if !self.wanted.contains_key(place) {
                self.detach(*place, cluster, now);
            }
        }
        for place in &places {
            if self.wanted.contains_key(place) {
                self.attach(*place, cluster, agenda);
            }
        }
        self.plan(agenda);
    }

    fn detach(&mut self, place: Place, cluster: &mut Cluster, now: SimTime) {
        let (volume, node) = place;
        let attachments = cluster.storage().attachments();
        let Some(attachment) = attachments.find(volume, node) else {
            self.unwanted.remove(&place);
            self.tries.remove(&place);
            return;
        };
        if attachments.get(attachment).state == AttachmentState::Detaching
            || self.tries.get(&place).is_some_and(|attempt| attempt.is_pending)
        {
            // An operation on the volume is under way.
            return;
        }
        let state = cluster.node(node);
        let view = UnwantedVolume {
            since: *self.unwanted.entry(place).or_insert(now),
            in_use: attachments.is_in_use(node, volume),
            node_healthy: state.exists() && state.ready == NodeReady::True,
            out_of_service: state.exists() && is_out_of_service(&state.object),
        };
        match detach(view, self.force_on_timeout, now) {
            Detach::Now => {
                self.unwanted.remove(&place);
                self.tries.remove(&place);
                cluster.report_attached(node, volume, false);
                cluster.set_attachment_state(attachment, AttachmentState::Detaching);
            }
            Detach::At(at) => {
                self.later.insert((at, place));
            }
            Detach::Wait => {}
        }
    }

    fn attach<A: Agenda<ControllerEvent>>(&mut self, place: Place, cluster: &mut Cluster, agenda: &mut A) {
        let (volume, node) = place;
        let now = agenda.now();
        self.unwanted.remove(&place);
        let storage = cluster.storage();
        let attachments = storage.attachments();
        let existing = attachments.find(volume, node);
        if existing.is_some_and(|id| attachments.get(id).state == AttachmentState::Attached) {
            cluster.report_attached(node, volume, true);
            return;
        }
        let is_alone = !storage.volume(volume).is_multi_attachable();
        // An operation on the volume that is under way, anywhere if it can be attached only once.
        let is_pending = |other: Place| self.tries.get(&other).is_some_and(|attempt| attempt.is_pending);
        let (mut is_busy, mut is_elsewhere) = (false, false);
        for (_, other) in attachments.of_volume(volume).filter(|(_, other)| is_alone || other.node == node) {
            is_busy |= other.state == AttachmentState::Detaching || is_pending((volume, other.node));
            is_elsewhere |= other.node != node;
        }
        if is_busy {
            return;
        }
        if is_elsewhere {
            if self.reported.insert(place) {
                self.report_multi_attach(place, cluster);
            }
            return;
        }
        let attempt = self.tries.entry(place).or_default();
        if let Some(at) = attempt.not_before.filter(|at| *at > now) {
            self.later.insert((at, place));
            return;
        }
        attempt.number += 1;
        attempt.is_pending = true;
        let number = attempt.number;
        let attachment = cluster.add_attachment(volume, node, now);
        agenda.schedule(now + ATTACH_TIMEOUT, ControllerEvent::AttachTimeout { attachment, attempt: number });
    }

    /// Says that a volume is attached elsewhere.
    fn report_multi_attach(&self, place: Place, cluster: &mut Cluster) {
        let (volume, _) = place;
        let elsewhere = cluster.storage().attachments().of_volume(volume).map(|(_, other)| (volume, other.node));
        let users: Vec<PodId> = elsewhere
            .filter(|other| *other != place)
            .filter_map(|other| self.wanted.get(&other))
            .flatten()
            .copied()
            .collect();
        let name = cluster.storage().volume(volume).name.clone();
        for pod in self.wanted.get(&place).into_iter().flatten() {
            let namespace = cluster.pod(*pod).namespace;
            let (here, others): (Vec<PodId>, Vec<PodId>) =
                users.iter().partition(|user| cluster.pod(**user).namespace == namespace);
            let names: Vec<&str> = here.iter().map(|user| &*cluster.pod(*user).name).collect();
            let message = multi_attach_message(&name, &names, others.len());
            emit(cluster, SOURCE, *pod, (Severity::Warning, "FailedAttachVolume"), message);
        }
    }

    /// The controller sees that a volume is attached, or that it is detached.
    pub fn attachment_seen<A: Agenda<ControllerEvent>>(
        &mut self,
        id: AttachmentId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let attachment = *cluster.storage().attachments().get(id);
        let place = (attachment.volume, attachment.node);
        match attachment.state {
            AttachmentState::Attached => {
                let is_news = self.tries.remove(&place).is_some_and(|attempt| attempt.is_pending);
                let name = &cluster.storage().volume(attachment.volume).name;
                let message = format!("AttachVolume.Attach succeeded for volume \"{name}\" ");
                for pod in self.wanted.get(&place).into_iter().flatten().filter(|_| is_news) {
                    emit(cluster, SOURCE, *pod, (Severity::Normal, "SuccessfulAttachVolume"), message.clone());
                }
                self.stirred.insert(place);
            }
            AttachmentState::Gone => {
                self.tries.remove(&place);
                let range = (attachment.volume, NodeId::from_index(0))..;
                let others = self.wanted.range(range).map(|(place, _)| *place);
                self.stirred.extend(others.take_while(|(volume, _)| *volume == attachment.volume));
            }
            AttachmentState::Attaching | AttachmentState::Detaching => {}
        }
        self.plan(agenda);
    }

    /// The external attacher has not attached a volume in time: the try failed, and the next one comes after a back-off.
    pub fn attach_timeout<A: Agenda<ControllerEvent>>(
        &mut self,
        id: AttachmentId,
        number: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let attachment = *cluster.storage().attachments().get(id);
        let place = (attachment.volume, attachment.node);
        let Some(attempt) = self.tries.get_mut(&place) else { return };
        if attempt.number != number || !attempt.is_pending || attachment.state != AttachmentState::Attaching {
            return;
        }
        attempt.is_pending = false;
        attempt.failures += 1;
        attempt.not_before = Some(agenda.now() + retry_after(attempt.failures));
        let volume = cluster.storage().volume(attachment.volume);
        let (name, handle, driver) = (&volume.name, volume.handle(), volume.driver().unwrap_or_default());
        let message = format!(
            "AttachVolume.Attach failed for volume \"{name}\" : timed out waiting for external-attacher of {driver} CSI \
             driver to attach volume {handle}"
        );
        for pod in self.wanted.get(&place).into_iter().flatten() {
            emit(cluster, SOURCE, *pod, (Severity::Warning, "FailedAttachVolume"), message.clone());
        }
        self.stirred.insert(place);
        self.plan(agenda);
    }
}
