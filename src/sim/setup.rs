//! The beginning of a run: nodes join, objects are applied, everything is planned that is known from the start.

use super::event::Event;
use super::world::World;
use super::{Prepared, PreparedArrivals, SimError};
use crate::api::{self, Object};
use crate::cluster::{NewPod, NewReplicaSet, Owner};
use crate::engine::Priority;
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeSet;
use std::sync::Arc;

impl World<'_> {
    pub(super) fn populate(&mut self) -> Result<(), SimError> {
        let prepared = self.prepared;
        for (index, pool) in prepared.scenario.spec.node_pools.iter().enumerate() {
            self.add_pool_nodes(index, pool.count);
        }
        for (stream, source) in prepared.scenario.arrivals.iter().zip(&prepared.arrivals) {
            let PreparedArrivals::Trace { nodes, .. } = source else { continue };
            for node in nodes {
                let at = stream.start + node.created.since_start();
                if at <= SimTime::ZERO {
                    self.cluster.add_node(Arc::new(node.node()), None, SimTime::ZERO);
                } else {
                    let index = u32::try_from(self.joining.len()).unwrap_or(u32::MAX);
                    self.joining.push((index, node.node()));
                    self.queue.schedule_with(at, Priority::First, Event::NodeJoins { index });
                }
            }
        }
        self.apply(&prepared.objects);
        for (index, action) in prepared.scenario.actions.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.queue.schedule_with(action.at, Priority::First, Event::Action { index });
        }
        self.traffic.start(&mut self.queue);
        self.faults.start(&mut self.queue);
        self.settle();
        for stream in 0..self.arrivals.len() {
            self.plan_arrival(u32::try_from(stream).unwrap_or(u32::MAX))?;
        }
        Ok(())
    }

    /// Adds nodes to a pool.
    pub(super) fn add_pool_nodes(&mut self, pool: usize, count: u32) {
        let now = self.queue.now();
        for _ in 0..count {
            let node = self.pools[pool].next_node();
            self.cluster.add_node(Arc::new(node), u32::try_from(pool).ok(), now);
        }
    }

    /// Applies objects: those that others refer to first.
    pub(super) fn apply(&mut self, objects: &[Object]) {
        let rank = |object: &Object| match object {
            Object::Namespace(_) => 0,
            Object::PriorityClass(_) | Object::LimitRange(_) => 1,
            Object::Node(_)
            | Object::StorageClass(_)
            | Object::CsiNode(_)
            | Object::CsiDriver(_)
            | Object::CsiStorageCapacity(_)
            | Object::PersistentVolume(_) => 2,
            Object::Service(_) | Object::PodDisruptionBudget(_) | Object::PersistentVolumeClaim(_) => 3,
            Object::HorizontalPodAutoscaler(_) => 5,
            _ => 4,
        };
        let mut sorted: Vec<&Object> = objects.iter().collect();
        sorted.sort_by_key(|object| rank(object));
        let owners: BTreeSet<(&str, &str, &str)> = objects
            .iter()
            .map(|object| (object.kind(), object.meta().namespace.as_str(), object.meta().name.as_str()))
            .collect();
        let mut skipped = 0;
        for object in sorted {
            let meta = object.meta();
            let owned = meta.owner.as_ref().is_some_and(|owner| {
                owners.contains(&(owner.kind.as_str(), meta.namespace.as_str(), owner.name.as_str()))
            });
            if owned {
                skipped += 1;
            } else {
                self.apply_object(object);
            }
        }
        if skipped > 0 {
            self.remarks.push(format!(
                "{skipped} objects of the manifests belong to controllers that are there too: they are created anew"
            ));
        }
    }

    fn apply_object(&mut self, object: &Object) {
        let now = self.queue.now();
        match object {
            Object::Namespace(namespace) => {
                self.cluster.namespace(&namespace.meta.name);
                self.scheduler.note_namespace(namespace);
            }
            Object::PriorityClass(class) => self.cluster.apply_priority_class(class.clone()),
            Object::LimitRange(range) => self.cluster.apply_limit_range(range.clone()),
            Object::Node(node) => match self.cluster.node_id(&node.meta.name) {
                Some(id) => self.cluster.update_node(id, |own| *own = node.clone()),
                None => {
                    self.cluster.add_node(Arc::new(node.clone()), None, now);
                }
            },
            Object::Service(service) => {
                self.cluster.apply_service(service.clone(), now);
            }
            Object::PodDisruptionBudget(budget) => {
                self.cluster.apply_disruption_budget(budget.clone());
            }
            Object::HorizontalPodAutoscaler(hpa) => {
                self.cluster.apply_hpa(hpa.clone(), now);
            }
            Object::Deployment(deployment) => {
                let template = self.cluster.admit(&deployment.meta.namespace, &deployment.template);
                self.cluster.apply_deployment(deployment.clone().with_template(template), now);
            }
            Object::StatefulSet(set) => {
                let template = self.cluster.admit(&set.meta.namespace, &set.template);
                self.cluster.apply_stateful_set(set.clone().with_template(template), now);
            }
            Object::DaemonSet(set) => {
                let template = self.cluster.admit(&set.meta.namespace, &set.template);
                self.cluster.apply_daemon_set(set.clone().with_template(template), now);
            }
            Object::ReplicaSet(set) => {
                let template = self.cluster.admit(&set.meta.namespace, &set.template);
                let namespace = self.cluster.namespace(&set.meta.namespace);
                match self.cluster.find(namespace, &set.meta.name) {
                    Some(id) => self.cluster.update_replica_set(id, |own| {
                        own.spec_replicas = set.replicas;
                        own.template = template;
                        own.min_ready = set.min_ready;
                    }),
                    None => {
                        let new = NewReplicaSet {
                            name: set.meta.name.clone(),
                            namespace,
                            deployment: None,
                            template,
                            base_template: template,
                            replicas: set.replicas,
                            min_ready: set.min_ready,
                            revision: 0,
                        };
                        self.cluster.add_replica_set(new, now);
                    }
                }
            }
            Object::Pod(pod) => self.apply_pod(pod),
            Object::PersistentVolume(volume) => {
                self.cluster.add_volume(volume.object.clone());
            }
            Object::PersistentVolumeClaim(claim) => {
                self.cluster.add_claim(claim.object.clone());
            }
            Object::StorageClass(own) => {
                let (class, is_default) = &own.object;
                self.cluster.apply_storage_class(class.clone(), *is_default);
            }
            Object::CsiNode(node) => self.cluster.apply_csi_node(node.meta.name.clone(), node.object.clone()),
            Object::CsiDriver(driver) => self.cluster.apply_csi_driver(driver.meta.name.clone(), driver.object),
            Object::CsiStorageCapacity(own) => {
                let (namespace, name) = (own.meta.namespace.clone(), own.meta.name.clone());
                self.cluster.apply_storage_capacity(namespace, name, own.object.clone());
            }
        }
    }

    fn apply_pod(&mut self, pod: &api::Pod) {
        if pod.status.phase.is_terminal() {
            return;
        }
        let now = self.queue.now();
        let namespace = self.cluster.namespace(&pod.meta.namespace);
        // At the start names are known to be unique; an action may apply a pod that is there, which changes nothing.
        if now > SimTime::ZERO && self.cluster.pod_id(namespace, &pod.meta.name).is_some() {
            return;
        }
        let template = self.cluster.admit(&pod.meta.namespace, &pod.template);
        // A pod that has a node was admitted before.
        if pod.node_name.is_none()
            && let Some(refusal) = self.cluster.refusal(namespace, template, &pod.meta.name)
        {
            self.remarks.push(format!("pod {}/{} is not created: {refusal}", pod.meta.namespace, pod.meta.name));
            return;
        }
        let id = self.cluster.add_pod(
            NewPod {
                name: pod.meta.name.clone(),
                namespace,
                template,
                owner: Owner::None,
                workload: None,
                ordinal: 0,
                arrival: None,
                run_for: None,
            },
            now,
        );
        if let Some(name) = &pod.node_name {
            match self.cluster.node_id(name) {
                Some(node) => {
                    self.cluster.bind(id, node, now);
                }
                None => self.remarks.push(format!(
                    "pod {}/{} is bound to node {name}, which does not exist: it waits",
                    pod.meta.namespace, pod.meta.name
                )),
            }
        }
    }
}

/// The midnight (UTC) at or before the start of the run.
pub(super) fn midnight(prepared: &Prepared) -> SimTime {
    let seconds = prepared.scenario.spec.start.map_or(0, |start| start.get().as_second());
    SimTime::ZERO - SimDuration::from_secs(seconds.rem_euclid(86_400))
}
