//! What the running scheduler does when the cluster changes: its view follows, and pods that wait for such a change are
//! tried again.

use super::owners::owner_selector;
use super::{RateLimit, Scheduler, SchedulerEvent};
use crate::api::Name;
use crate::cluster::{Change, ChangeKind, Cluster, Interest, NamespaceId, PodId, ServiceId};
use crate::engine::Agenda;
use crate::scheduler::framework::{ClusterEvent, HintContext, node_update_events, pod_changes};
use crate::scheduler::view::{ListerChange, PodInfo};
use crate::units::SimTime;
use std::sync::Arc;

impl<L: RateLimit> Scheduler<L> {
    /// A namespace has its labels, which affinity terms select by.
    fn note_namespace(&mut self, id: NamespaceId, cluster: &Cluster) {
        if let Some(index) = &mut self.index {
            index.forget_classes();
            self.queue.disperse_all();
        }
        let (name, labels) = (cluster.namespace_name(id).clone(), cluster.namespace_labels(id).clone());
        self.view.apply(ListerChange::Namespace(name, Some(labels)));
    }

    /// A Service was created, changed or removed.
    fn service_changed(&mut self, id: ServiceId, cluster: &Cluster) {
        let service = cluster.service(id);
        if service.removed {
            let meta = &service.object.meta;
            self.view.apply(ListerChange::Service((meta.namespace.clone(), meta.name.clone()), None));
        } else {
            self.note_selector(service.object.selector.as_ref(), cluster);
            self.view.apply(ListerChange::of_service(&service.object));
        }
        self.selectors_changed();
    }

    /// Selectors that default spread constraints are made of have changed.
    fn selectors_changed(&mut self) {
        if let Some(index) = &mut self.index {
            index.selectors_changed();
            self.queue.disperse_all();
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::NamespaceChanged,
        ChangeKind::NodeAdded,
        ChangeKind::NodeUpdated,
        ChangeKind::NodeRemoved,
        ChangeKind::ServiceRemoved,
        ChangeKind::ServiceChanged,
        ChangeKind::ReplicaSetSpec,
        ChangeKind::StatefulSetSpec,
        ChangeKind::PodAdded,
        ChangeKind::PodBound,
        ChangeKind::PodResized,
        ChangeKind::PodResizeStatus,
        ChangeKind::PodTerminating,
        ChangeKind::PodEnded,
        ChangeKind::PodRemoved,
        ChangeKind::ClaimAdded,
        ChangeKind::ClaimUpdated,
        ChangeKind::ClaimRemoved,
        ChangeKind::Volume,
        ChangeKind::VolumeRemoved,
        ChangeKind::StorageClass,
        ChangeKind::CsiObject,
        ChangeKind::DisruptionBudgetSpec,
        ChangeKind::DisruptionBudgetRemoved,
        ChangeKind::DisruptionBudgetStatus,
    ]);

    /// A change of the cluster.
    pub fn observe<A: Agenda<SchedulerEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        match change {
            Change::NamespaceChanged(id) => {
                self.note_namespace(id, cluster);
                return;
            }
            Change::NodeAdded(id) => {
                let node = Arc::clone(&cluster.node(id).object);
                self.view.add_node(id, Arc::clone(&node));
                self.offer(&ClusterEvent::NodeAdd(node), now);
            }
            Change::NodeUpdated(id) => {
                let Some(info) = self.view.snapshot().node(id) else { return };
                let (old, new) = (Arc::clone(info.node_arc()), Arc::clone(&cluster.node(id).object));
                self.view.update_node(id, Arc::clone(&new));
                for event in node_update_events(&old, &new) {
                    self.offer(&event, now);
                }
            }
            Change::NodeRemoved(id) => {
                let node = Arc::clone(&cluster.node(id).object);
                self.view.remove_node(id);
                self.offer(&ClusterEvent::NodeDelete(node), now);
            }
            Change::ServiceRemoved(id) | Change::ServiceChanged(id) => self.service_changed(id, cluster),
            Change::ReplicaSetSpec(id) => {
                let set = cluster.replica_set(id);
                let key =
                    (Name::from(set.kind.as_str()), cluster.namespace_name(set.namespace).clone(), set.name.clone());
                // The selector of a ReplicaSet never changes.
                if !self.view.listers().owners.contains_key(&key) {
                    let labels = &cluster.template(set.template).template.labels;
                    self.view.apply(ListerChange::Owner(key, Some(owner_selector(cluster, id, labels))));
                    self.selectors_changed();
                }
            }
            Change::StatefulSetSpec(id) => {
                let set = &cluster.stateful_set(id).object;
                self.view.apply(ListerChange::of_owner("StatefulSet", &set.meta, set.selector.clone()));
                self.selectors_changed();
            }
            Change::PodAdded(id) => {
                let pod = cluster.pod(id);
                if pod.node.is_none() && pod.is_active() && self.profile_of(id, cluster).is_some() {
                    let info = self.pod_info(id, cluster);
                    self.queue.add(info, now);
                }
            }
            Change::PodBound(id) => self.pod_bound(id, cluster, now),
            Change::PodTerminating(id) => {
                if self.view.snapshot().node_of_pod(id).is_some() && cluster.pod(id).exists() {
                    let info = self.pod_info(id, cluster);
                    self.view.update_pod(&info);
                }
            }
            Change::PodResized(id) | Change::PodResizeStatus(id) => {
                let Some(old) = self.view.snapshot().pod(id).map(Arc::clone) else { return };
                let new = self.pod_info(id, cluster);
                self.view.update_pod(&new);
                for change in pod_changes(&old, &new) {
                    let event =
                        ClusterEvent::AssignedPodUpdate { old: Arc::clone(&old), new: Arc::clone(&new), change };
                    self.offer(&event, now);
                }
            }
            Change::PodEnded(id) | Change::PodRemoved(id) => {
                let placed = self.view.remove_pod(id);
                if placed.is_none() {
                    // A pod on a node has left the queue.
                    self.queue.delete(id);
                }
                if let Some(nominated) = self.view.end_nomination(id) {
                    self.offer_end_of_nomination(nominated, now);
                }
                self.ending_nominations.retain(|nominated| nominated.id != id);
                self.waiting_for_volumes.remove(&id);
                if let Some((info, _)) = placed {
                    self.offer(&ClusterEvent::AssignedPodDelete(info), now);
                }
            }
            Change::ClaimAdded(_)
            | Change::ClaimUpdated(_)
            | Change::ClaimRemoved(_)
            | Change::Volume(_)
            | Change::VolumeRemoved(_)
            | Change::StorageClass(_)
            | Change::CsiObject(_) => self.observe_storage(change, cluster, agenda),
            Change::DisruptionBudgetSpec(id) | Change::DisruptionBudgetRemoved(id) => {
                return self.observe_disruption_budget(id, cluster);
            }
            Change::DisruptionBudgetStatus(id) => return self.observe_disruption_budget_status(id, cluster),
            _ => return,
        }
        self.plan(agenda, self.timing.watch_latency);
    }

    /// A pod has its node.
    fn pod_bound(&mut self, id: PodId, cluster: &Cluster, now: SimTime) {
        let Some(node) = cluster.pod(id).node else { return };
        if let Some(position) = self.ending_nominations.iter().position(|nominated| nominated.id == id) {
            let nominated = self.ending_nominations.swap_remove(position);
            self.offer_end_of_nomination(nominated, now);
        }
        self.not_started.push(id);
        let assumed = self.view.snapshot().pod(id).map(Arc::clone);
        if assumed.is_none() {
            // Somebody else has bound it.
            self.queue.delete(id);
        }
        let info = match assumed {
            Some(assumed) if !self.added_labels.topology_is_selected() => assumed,
            assumed => {
                let info = self.pod_info(id, cluster);
                match assumed {
                    Some(_) => self.view.update_pod(&info),
                    None => self.view.add_pod(Arc::clone(&info), node),
                }
                info
            }
        };
        self.offer(&ClusterEvent::AssignedPodAdd(info), now);
    }

    /// Offers an event to the pods that wait for one.
    pub(super) fn offer(&mut self, event: &ClusterEvent, now: SimTime) {
        if !self.queue.is_empty() {
            let context = HintContext { listers: self.view.listers(), profiles: &self.profiles };
            self.queue.on_event(event, &context, now);
        }
    }

    /// A pod no longer waits for room on the node that it was nominated to: for pods of its priority or below this is as if
    /// it had been deleted there.
    pub(super) fn offer_end_of_nomination(&mut self, pod: Arc<PodInfo>, now: SimTime) {
        let priority = pod.priority();
        let context = HintContext { listers: self.view.listers(), profiles: &self.profiles };
        self.queue.on_event_up_to(priority, &ClusterEvent::AssignedPodDelete(pod), &context, now);
    }
}
