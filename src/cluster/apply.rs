//! `kubectl apply`: creates the objects of manifests, or replaces those of the same kind, namespace and name.

use super::{Cluster, NewPod, NewReplicaSet, Owner};
use crate::api::{self, Object};
use crate::units::SimTime;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Cluster {
    /// Applies objects: those that others refer to first. Objects whose controllers are among them are left to those.
    /// Returns remarks for the user, on what is not as the manifests have it.
    pub fn apply(&mut self, objects: &[Object], now: SimTime) -> Vec<String> {
        let mut sorted: Vec<&Object> = objects.iter().collect();
        sorted.sort_by_key(|object| rank(object));
        let owners: BTreeSet<(&str, &str, &str)> = objects
            .iter()
            .map(|object| (object.kind(), object.meta().namespace.as_str(), object.meta().name.as_str()))
            .collect();
        let mut remarks = Vec::new();
        let mut skipped = 0;
        for object in sorted {
            let meta = object.meta();
            let owned = meta.owner.as_ref().is_some_and(|owner| {
                owners.contains(&(owner.kind.as_str(), meta.namespace.as_str(), owner.name.as_str()))
            });
            if owned {
                skipped += 1;
            } else {
                remarks.extend(self.apply_object(object, now));
            }
        }
        if skipped > 0 {
            remarks.push(format!(
                "{skipped} objects of the manifests belong to controllers that are there too: they are created anew"
            ));
        }
        remarks
    }

    fn apply_object(&mut self, object: &Object, now: SimTime) -> Option<String> {
        match object {
            Object::Namespace(namespace) => self.apply_namespace(namespace),
            Object::PriorityClass(class) => self.apply_priority_class(class.clone()),
            Object::LimitRange(range) => self.apply_limit_range(range.clone()),
            Object::Node(node) => self.apply_node(node, now),
            Object::Service(service) => _ = self.apply_service(service.clone(), now),
            Object::PodDisruptionBudget(budget) => _ = self.apply_disruption_budget(budget.clone(), now),
            Object::HorizontalPodAutoscaler(hpa) => _ = self.apply_hpa(hpa.clone(), now),
            Object::Deployment(deployment) => {
                let template = self.admit(&deployment.meta.namespace, &deployment.template);
                self.apply_deployment(deployment.clone().with_template(template), now);
            }
            Object::StatefulSet(set) => {
                let template = self.admit(&set.meta.namespace, &set.template);
                self.apply_stateful_set(set.clone().with_template(template), now);
            }
            Object::DaemonSet(set) => {
                let template = self.admit(&set.meta.namespace, &set.template);
                self.apply_daemon_set(set.clone().with_template(template), now);
            }
            Object::ReplicaSet(set) => self.apply_replica_set(set, now),
            Object::Pod(pod) => return self.apply_pod(pod, now),
            Object::PersistentVolume(volume) => _ = self.add_volume(volume.object.clone()),
            Object::PersistentVolumeClaim(claim) => _ = self.add_claim(claim.object.clone()),
            Object::StorageClass(class) => {
                let (class, is_default) = &class.object;
                self.apply_storage_class(class.clone(), *is_default);
            }
            Object::Config(config) => self.apply_config(config),
            Object::CsiNode(node) => self.apply_csi_node(node.meta.name.clone(), node.object.clone()),
            Object::CsiDriver(driver) => self.apply_csi_driver(driver.meta.name.clone(), driver.object),
            Object::CsiStorageCapacity(capacity) => {
                let (namespace, name) = (capacity.meta.namespace.clone(), capacity.meta.name.clone());
                self.apply_storage_capacity(namespace, name, capacity.object.clone());
            }
        }
        None
    }

    fn apply_node(&mut self, node: &api::Node, now: SimTime) {
        match self.node_id(&node.meta.name) {
            Some(id) => self.update_node(id, |existing| *existing = node.clone()),
            None => _ = self.add_node(Arc::new(node.clone()), None, now),
        }
    }

    fn apply_replica_set(&mut self, set: &api::ReplicaSet, now: SimTime) {
        let template = self.admit(&set.meta.namespace, &set.template);
        let namespace = self.namespace(&set.meta.namespace);
        if let Some(id) = self.find_replica_set(set.kind, namespace, &set.meta.name) {
            self.update_replica_set(id, |existing| {
                existing.spec_replicas = set.replicas;
                existing.template = template;
                existing.min_ready = set.min_ready;
            });
            return;
        }
        let new = NewReplicaSet {
            kind: set.kind,
            name: set.meta.name.clone(),
            namespace,
            deployment: None,
            template,
            base_template: template,
            replicas: set.replicas,
            min_ready: set.min_ready,
            revision: 0,
        };
        self.add_replica_set(new, now);
    }

    /// Creates a pod. One that has ended is left out, and one that is there is left as it is.
    fn apply_pod(&mut self, pod: &api::Pod, now: SimTime) -> Option<String> {
        if pod.status.phase.is_terminal() {
            return None;
        }
        let (namespace_name, name) = (&pod.meta.namespace, &pod.meta.name);
        let namespace = self.namespace(namespace_name);
        // At the start names are known to be unique.
        if now > SimTime::ZERO && self.pod_id(namespace, name).is_some() {
            return None;
        }
        let template = self.admit(namespace_name, &pod.template);
        // A pod that has a node was admitted before.
        if pod.node_name.is_none()
            && let Some(refusal) = self.refusal(namespace, template, name)
        {
            return Some(format!("pod {namespace_name}/{name} is not created: {refusal}"));
        }
        let new = NewPod {
            name: name.clone(),
            namespace,
            template,
            owner: Owner::None,
            workload: None,
            ordinal: 0,
            arrival: None,
            run_for: None,
        };
        let id = self.add_pod(new, now);
        let node_name = pod.node_name.as_ref()?;
        let Some(node) = self.node_id(node_name) else {
            let node = format!("node {node_name}, which does not exist");
            return Some(format!("pod {namespace_name}/{name} is bound to {node}: it waits"));
        };
        self.bind(id, node, now);
        None
    }
}

/// When an object is applied among others.
const fn rank(object: &Object) -> u8 {
    match object {
        Object::Namespace(_) => 0,
        Object::PriorityClass(_) | Object::LimitRange(_) => 1,
        Object::Node(_)
        | Object::StorageClass(_)
        | Object::CsiNode(_)
        | Object::CsiDriver(_)
        | Object::CsiStorageCapacity(_)
        | Object::PersistentVolume(_) => 2,
        Object::Service(_) | Object::Config(_) | Object::PodDisruptionBudget(_) | Object::PersistentVolumeClaim(_) => 3,
        Object::HorizontalPodAutoscaler(_) => 5,
        _ => 4,
    }
}
