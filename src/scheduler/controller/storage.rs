//! Storage in the running scheduler: what it knows of volumes and claims, and pods that wait for theirs.

use super::reject::report_failure;
use super::{RateLimit, Scheduler, SchedulerEvent};
use crate::api::Name;
use crate::cluster::{Change, ClaimId, Cluster, NodeId, PodId, Storage};
use crate::engine::Agenda;
use crate::scheduler::framework::{ClusterEvent, Context, StorageEvent};
use crate::scheduler::plugins::volumes::{VolumeChoice, choose_volumes};
use crate::scheduler::view::{ListerChange, Listers};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// `bindTimeoutSeconds` of VolumeBinding: how long a pod waits for its volumes.
const BIND_TIMEOUT: SimDuration = SimDuration::from_secs(600);
/// Time between two looks at the claims of a pod that waits.
const POLL_PERIOD: SimDuration = SimDuration::from_secs(1);
/// How long the scheduler may not have seen another client's write to a claim: its own write is refused then.
const WRITE_CONFLICT: SimDuration = SimDuration::from_millis(50);

/// A pod that has a node and waits for its volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitingPod {
    node: NodeId,
    since: SimTime,
}

/// What comes of the volumes of a pod that has a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VolumeStep {
    /// Nothing has to be done.
    Done,
    /// The pod waits until its claims are bound.
    Waits,
    /// A write was refused.
    Failed(Name),
}

impl<L: RateLimit> Scheduler<L> {
    /// A change of storage objects.
    pub(super) fn observe_storage<A: Agenda<SchedulerEvent>>(
        &mut self,
        change: Change,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        let storage = cluster.storage();
        let view = &mut self.view;
        let events: &[StorageEvent] = match change {
            Change::ClaimAdded(id) | Change::ClaimUpdated(id) => {
                let claim = Arc::clone(&storage.claim(id).object);
                if !storage.claim(id).removed {
                    view.apply(ListerChange::of_claim(Arc::clone(&claim)));
                }
                let is_new = matches!(change, Change::ClaimAdded(_));
                &[if is_new { StorageEvent::ClaimAdd(claim) } else { StorageEvent::ClaimUpdate(claim) }]
            }
            Change::ClaimRemoved(id) => {
                let claim = &storage.claim(id).object;
                if storage.claim_id(&claim.namespace, &claim.name).is_none() {
                    let key = (claim.namespace.clone(), claim.name.clone());
                    view.apply(ListerChange::PersistentVolumeClaim(key, None));
                }
                &[]
            }
            Change::Volume(id) => {
                view.apply(ListerChange::of_volume(Arc::clone(storage.volume(id))));
                &[StorageEvent::VolumeChange]
            }
            Change::VolumeRemoved(id) => {
                view.apply(ListerChange::PersistentVolume(storage.volume(id).name.clone(), None));
                &[]
            }
            Change::StorageClass(_) => {
                for class in storage.classes().values() {
                    view.apply(ListerChange::of_class(class.clone()));
                }
                &[StorageEvent::ClassAdd, StorageEvent::ClassUpdate]
            }
            _ => {
                for change in csi_changes(storage, view.listers()) {
                    view.apply(change);
                }
                &[StorageEvent::CsiNodeChange, StorageEvent::CsiDriverChange, StorageEvent::CapacityChange]
            }
        };
        for event in events {
            self.offer(&ClusterEvent::Storage(event.clone()), agenda.now());
        }
        if matches!(change, Change::ClaimUpdated(_)) && !self.waiting_for_volumes.is_empty() {
            self.end_waiting(cluster, agenda);
        }
    }

    /// Reserve and PreBind of VolumeBinding: claims that waited for the pod get their volumes, or are marked with the node for
    /// their provisioner. Pods without volumes do not come here.
    pub(super) fn bind_volumes<A: Agenda<SchedulerEvent>>(
        &mut self,
        pod: PodId,
        node: NodeId,
        profile: usize,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> VolumeStep {
        if cluster.template_of(pod).template.spec.volumes.is_empty() {
            return VolumeStep::Done;
        }
        let now = agenda.now();
        let info = self.pod_info(pod, cluster);
        let context = Context::new(&self.view, &self.profiles[profile]);
        let object = Arc::clone(&cluster.node(node).object);
        let choices = choose_volumes(&context, &info, &object);
        if choices.is_empty() {
            return VolumeStep::Done;
        }
        let find = |cluster: &Cluster, name: &Name| cluster.storage().claim_id(&info.namespace, name);
        for choice in &choices {
            let name = choice.claim();
            let written = find(cluster, name).map(|id| cluster.storage().claim(id));
            if written.is_some_and(|claim| claim.owner.is_some() && now - claim.owner_changed < WRITE_CONFLICT) {
                return VolumeStep::Failed(Name::from(format!(
                    "running PreBind plugin \"VolumeBinding\": Operation cannot be fulfilled on persistentvolumeclaims \
                     \"{name}\": the object has been modified; please apply your changes to the latest version and try again"
                )));
            }
        }
        for choice in choices {
            let Some(claim) = find(cluster, choice.claim()) else { continue };
            match choice {
                VolumeChoice::Bind { volume, .. } => {
                    if let Some(volume) = cluster.storage().volume_id(&volume) {
                        cluster.bind_claim(claim, volume);
                    }
                }
                VolumeChoice::Provision { .. } => cluster.select_node(claim, Some(object.meta.name.clone())),
            }
        }
        self.waiting_for_volumes.insert(pod, WaitingPod { node, since: now });
        agenda.schedule(now + BIND_TIMEOUT, SchedulerEvent::VolumesTimeout { pod, node });
        VolumeStep::Waits
    }

    /// Binds those pods whose volumes are all there, and sends back those whose node is no longer selected.
    fn end_waiting<A: Agenda<SchedulerEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        for (pod, WaitingPod { node, since }) in self.waiting_for_volumes.clone() {
            let info = self.pod_info(pod, cluster);
            let storage = cluster.storage();
            let names = info.spec().volumes.iter().filter_map(|volume| info.claim_name(volume));
            let claims: Vec<_> = names.map(|name| storage.claim_id(&info.namespace, &name)).collect();
            let is_bound = |id: &Option<ClaimId>| id.is_some_and(|id| storage.claim(id).is_bound());
            if claims.iter().all(is_bound) {
                self.waiting_for_volumes.remove(&pod);
                let polls = ((now - since).as_nanos() + POLL_PERIOD.as_nanos() - 1) / POLL_PERIOD.as_nanos();
                let poll = since + POLL_PERIOD * polls.max(1);
                let at = self.limiter.take(poll) + self.timing.until_bound();
                agenda.schedule(at, SchedulerEvent::Bind { pod, node });
            } else if claims.iter().any(|id| {
                id.is_none_or(|id| !storage.claim(id).is_bound() && storage.claim(id).object.selected_node.is_none())
            }) {
                self.stop_waiting(pod, cluster, now);
            }
        }
    }

    /// A pod that waited for its volumes goes back into the queue.
    fn stop_waiting(&mut self, pod: PodId, cluster: &Cluster, now: SimTime) {
        self.waiting_for_volumes.remove(&pod);
        self.view.remove_pod(pod);
        if cluster.pod(pod).is_active() {
            let info = self.pod_info(pod, cluster);
            self.queue.add(info, now);
        }
    }

    /// A pod has waited for its volumes for `bindTimeoutSeconds`.
    pub(super) fn volumes_timeout(&mut self, pod: PodId, node: NodeId, cluster: &mut Cluster, now: SimTime) {
        let waiting = WaitingPod { node, since: now - BIND_TIMEOUT };
        if self.waiting_for_volumes.get(&pod) == Some(&waiting) {
            self.stop_waiting(pod, cluster, now);
            let message = "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
            report_failure(cluster, pod, Name::from(message), false);
        }
    }
}

/// What CSI drivers publish, where it is not listed so already.
fn csi_changes(storage: &Storage, listers: &Listers) -> Vec<ListerChange> {
    let listed = &listers.volumes;
    let nodes = storage.csi_nodes().iter().filter(|(name, drivers)| listed.csi_nodes.get(*name) != Some(*drivers));
    let nodes = nodes.map(|(name, drivers)| ListerChange::CsiNode(name.clone(), Some(drivers.clone())));
    let drivers = storage.capacity_drivers().symmetric_difference(&listed.capacity_drivers);
    let drivers = drivers.map(|name| ListerChange::CsiDriver(name.clone(), storage.capacity_drivers().contains(name)));
    let capacities = storage.capacities().filter(|(key, capacity)| listed.capacities.get(*key) != Some(*capacity));
    let capacities =
        capacities.map(|(key, capacity)| ListerChange::CsiStorageCapacity(key.clone(), Some(capacity.clone())));
    nodes.chain(drivers).chain(capacities).collect()
}
