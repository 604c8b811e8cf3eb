//! Storage in the running scheduler: what it knows of volumes and claims, and pods that wait for theirs.

use super::{RateLimit, Scheduler, SchedulerEvent};
use crate::cluster::{Change, ClaimId, Cluster, NodeId, PodId, Storage};
use crate::engine::Agenda;
use crate::scheduler::framework::{ClusterEvent, Context, StorageEvent};
use crate::scheduler::plugins::volumes::{VolumeChoice, choose_volumes};
use crate::scheduler::view::{ListerChange, Listers};
use std::sync::Arc;

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

    /// Reserve and PreBind of VolumeBinding: claims that waited for the pod get their volumes, and the pod waits if some
    /// have still to be made. Pods without volumes do not come here.
    pub(super) fn waits_for_volumes(
        &mut self,
        pod: PodId,
        node: NodeId,
        profile: usize,
        cluster: &mut Cluster,
    ) -> bool {
        if cluster.template_of(pod).template.spec.volumes.is_empty() {
            return false;
        }
        let info = self.pod_info(pod, cluster);
        let context = Context::new(&self.view, &self.profiles[profile]);
        let object = Arc::clone(&cluster.node(node).object);
        let mut waits = false;
        for choice in choose_volumes(&context, &info, &object) {
            match choice {
                VolumeChoice::Bind { claim, volume } => {
                    let storage = cluster.storage();
                    if let (Some(claim), Some(volume)) =
                        (storage.claim_id(&info.namespace, &claim), storage.volume_id(&volume))
                    {
                        cluster.bind_claim(claim, volume);
                    }
                }
                VolumeChoice::Provision { claim } => {
                    waits = true;
                    if let Some(claim) = cluster.storage().claim_id(&info.namespace, &claim) {
                        cluster.select_node(claim, Some(object.meta.name.clone()));
                    }
                }
            }
        }
        if waits {
            self.waiting_for_volumes.insert(pod, node);
        }
        waits
    }

    /// Binds those pods whose volumes are all there, and sends back those whose node is no longer selected.
    fn end_waiting<A: Agenda<SchedulerEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        for (pod, node) in self.waiting_for_volumes.clone() {
            let info = self.pod_info(pod, cluster);
            let storage = cluster.storage();
            let names = info.spec().volumes.iter().filter_map(|volume| info.claim_name(volume));
            let claims: Vec<_> = names.map(|name| storage.claim_id(&info.namespace, &name)).collect();
            let is_bound = |id: &Option<ClaimId>| id.is_some_and(|id| storage.claim(id).is_bound());
            if claims.iter().all(is_bound) {
                self.waiting_for_volumes.remove(&pod);
                let at = self.limiter.take(agenda.now()) + self.timing.until_bound();
                agenda.schedule(at, SchedulerEvent::Bind { pod, node });
            } else if claims.iter().any(|id| {
                id.is_none_or(|id| !storage.claim(id).is_bound() && storage.claim(id).object.selected_node.is_none())
            }) {
                self.waiting_for_volumes.remove(&pod);
                self.view.remove_pod(pod);
                if cluster.pod(pod).is_active() {
                    self.queue.add(info, agenda.now());
                }
            }
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
