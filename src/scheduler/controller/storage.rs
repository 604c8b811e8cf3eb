//! Storage in the running scheduler: what it knows of volumes and claims, and pods that wait for theirs.

use super::{RateLimit, Scheduler, SchedulerEvent};
use crate::cluster::{Change, ClaimId, Cluster, NodeId, PodId};
use crate::engine::Agenda;
use crate::scheduler::framework::{ClusterEvent, Context, StorageEvent};
use crate::scheduler::plugins::volumes::{VolumeChoice, choose_volumes};
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
        let volumes = &mut self.listers.volumes;
        let events: &[StorageEvent] = match change {
            Change::ClaimAdded(id) | Change::ClaimUpdated(id) => {
                let claim = Arc::clone(&storage.claim(id).object);
                if !storage.claim(id).removed {
                    volumes.claims.insert((claim.namespace.clone(), claim.name.clone()), Arc::clone(&claim));
                }
                let is_new = matches!(change, Change::ClaimAdded(_));
                &[if is_new { StorageEvent::ClaimAdd(claim) } else { StorageEvent::ClaimUpdate(claim) }]
            }
            Change::ClaimRemoved(id) => {
                let claim = &storage.claim(id).object;
                if storage.claim_id(&claim.namespace, &claim.name).is_none() {
                    volumes.claims.remove(&(claim.namespace.clone(), claim.name.clone()));
                }
                &[]
            }
            Change::Volume(id) => {
                let volume = storage.volume(id);
                volumes.persistent_volumes.insert(volume.name.clone(), Arc::clone(volume));
                &[StorageEvent::VolumeChange]
            }
            Change::VolumeRemoved(id) => {
                volumes.persistent_volumes.remove(&storage.volume(id).name);
                &[]
            }
            Change::StorageClass => {
                volumes.classes.clone_from(storage.classes());
                &[StorageEvent::ClassAdd, StorageEvent::ClassUpdate]
            }
            _ => {
                volumes.csi_nodes.clone_from(storage.csi_nodes());
                volumes.capacity_drivers.clone_from(storage.capacity_drivers());
                volumes.capacities = storage.capacities().cloned().collect();
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
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profiles[profile],
        };
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
                let at = self.limiter.take(agenda.now() + self.timing.bind);
                agenda.schedule(at, SchedulerEvent::Bind { pod, node });
            } else if claims.iter().any(|id| {
                id.is_none_or(|id| !storage.claim(id).is_bound() && storage.claim(id).object.selected_node.is_none())
            }) {
                self.waiting_for_volumes.remove(&pod);
                self.snapshot.remove_pod(pod);
                if cluster.pod(pod).is_active() {
                    self.queue.add(info, agenda.now());
                }
            }
        }
    }
}
