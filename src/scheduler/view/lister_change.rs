//! One object besides nodes and pods comes, changes or goes: the one way in which [`Listers`] change.

use super::listers::{DisruptionBudget, Listers, NamespacedName, OwnerKey};
use crate::api::{
    self, CsiStorageCapacity, DriverLimits, LabelSelector, Labels, Name, Object, PersistentVolume,
    PersistentVolumeClaim, StorageClass,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is to be listed from now on; `None` where the object is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListerChange {
    /// Labels of a namespace.
    Namespace(Name, Option<Labels>),
    /// The selector of a Service. One without a selector counts for nothing, as if it were gone.
    Service(NamespacedName, Option<Labels>),
    /// The selector of a ReplicaSet, StatefulSet or ReplicationController.
    Owner(OwnerKey, Option<LabelSelector>),
    /// A persistent volume.
    PersistentVolume(Name, Option<Arc<PersistentVolume>>),
    /// A claim.
    PersistentVolumeClaim(NamespacedName, Option<Arc<PersistentVolumeClaim>>),
    /// A storage class.
    StorageClass(Name, Option<StorageClass>),
    /// The CSINode of a node.
    CsiNode(Name, Option<DriverLimits>),
    /// Whether there is a CSIDriver that publishes capacities.
    CsiDriver(Name, bool),
    /// A CSIStorageCapacity.
    CsiStorageCapacity(NamespacedName, Option<CsiStorageCapacity>),
    /// All PodDisruptionBudgets, with the status of each.
    DisruptionBudgets(Vec<DisruptionBudget>),
    /// `status.disruptionsAllowed` of one of them, by its place.
    DisruptionsAllowed(usize, i32),
}

impl ListerChange {
    /// An object as it is applied; `None` for kinds that no plugin lists. A claim is taken as it is, without the default
    /// class that admission may give it, and disruption budgets are left out: their status is computed from the pods.
    #[must_use]
    pub fn of(object: &Object) -> Option<Self> {
        Some(match object {
            Object::Namespace(namespace) => Self::of_namespace(namespace),
            Object::Service(service) => Self::of_service(service),
            Object::ReplicaSet(set) => Self::of_owner(set.kind.as_str(), &set.meta, set.selector.clone()),
            Object::StatefulSet(set) => Self::of_owner("StatefulSet", &set.meta, set.selector.clone()),
            Object::PersistentVolume(volume) => Self::of_volume(Arc::new(volume.object.clone())),
            Object::PersistentVolumeClaim(new) => Self::of_claim(Arc::new(new.object.claim.clone())),
            Object::StorageClass(class) => Self::of_class(class.object.clone()),
            Object::CsiNode(node) => Self::CsiNode(node.meta.name.clone(), Some(node.object.drivers.clone())),
            Object::CsiDriver(driver) => Self::CsiDriver(driver.meta.name.clone(), driver.object.storage_capacity),
            Object::CsiStorageCapacity(capacity) => {
                Self::CsiStorageCapacity(namespaced(&capacity.meta), Some(capacity.object.clone()))
            }
            _ => return None,
        })
    }

    /// A namespace as it is.
    #[must_use]
    pub fn of_namespace(namespace: &api::Namespace) -> Self {
        Self::Namespace(namespace.meta.name.clone(), Some(namespace.meta.labels.clone()))
    }

    /// A Service as it is.
    #[must_use]
    pub fn of_service(service: &api::Service) -> Self {
        let pair = |required: &api::SelectorRequirement| Some((required.key.clone(), required.values.first()?.clone()));
        let selector = service.selector.as_ref();
        let labels = selector.map(|selector| selector.requirements.iter().filter_map(pair).collect());
        Self::Service(namespaced(&service.meta), labels)
    }

    /// A workload that owns pods; `kind` is its kind.
    #[must_use]
    pub fn of_owner(kind: &str, meta: &api::ObjectMeta, selector: LabelSelector) -> Self {
        Self::Owner((Name::from(kind), meta.namespace.clone(), meta.name.clone()), Some(selector))
    }

    /// A persistent volume as it is.
    #[must_use]
    pub fn of_volume(volume: Arc<PersistentVolume>) -> Self {
        Self::PersistentVolume(volume.name.clone(), Some(volume))
    }

    /// A claim as it is.
    #[must_use]
    pub fn of_claim(claim: Arc<PersistentVolumeClaim>) -> Self {
        Self::PersistentVolumeClaim((claim.namespace.clone(), claim.name.clone()), Some(claim))
    }

    /// A storage class as it is.
    #[must_use]
    pub fn of_class(class: StorageClass) -> Self {
        Self::StorageClass(class.name.clone(), Some(class))
    }
}

impl Listers {
    /// Makes a change; gives the one that undoes it.
    pub fn apply(&mut self, change: ListerChange) -> ListerChange {
        use ListerChange as Change;
        let volumes = &mut self.volumes;
        match change {
            Change::Namespace(name, labels) => {
                let before = put(&mut self.namespaces, &name, labels);
                Change::Namespace(name, before)
            }
            Change::Service((namespace, name), selector) => {
                let services = self.services.entry(namespace.clone()).or_default();
                let before = put(services, &name, selector);
                if services.is_empty() {
                    self.services.remove(&namespace);
                }
                Change::Service((namespace, name), before)
            }
            Change::Owner(key, selector) => {
                let before = put(&mut self.owners, &key, selector);
                Change::Owner(key, before)
            }
            Change::PersistentVolume(name, volume) => {
                let before = put(&mut volumes.persistent_volumes, &name, volume);
                Change::PersistentVolume(name, before)
            }
            Change::PersistentVolumeClaim(key, claim) => {
                let before = put(&mut volumes.claims, &key, claim);
                Change::PersistentVolumeClaim(key, before)
            }
            Change::StorageClass(name, class) => {
                let before = put(&mut volumes.classes, &name, class);
                Change::StorageClass(name, before)
            }
            Change::CsiNode(name, drivers) => {
                let before = put(&mut volumes.csi_nodes, &name, drivers);
                Change::CsiNode(name, before)
            }
            Change::CsiDriver(name, publishes) => {
                let before = if publishes {
                    !volumes.capacity_drivers.insert(name.clone())
                } else {
                    volumes.capacity_drivers.remove(&name)
                };
                Change::CsiDriver(name, before)
            }
            Change::CsiStorageCapacity(key, capacity) => {
                let before = put(&mut volumes.capacities, &key, capacity);
                Change::CsiStorageCapacity(key, before)
            }
            Change::DisruptionBudgets(budgets) => {
                Change::DisruptionBudgets(std::mem::replace(&mut self.disruption_budgets, budgets))
            }
            Change::DisruptionsAllowed(place, allowed) => {
                let budget = self.disruption_budgets.get_mut(place);
                let before = budget.map(|budget| std::mem::replace(&mut budget.disruptions_allowed, allowed));
                // There is nothing to undo of a budget that is not there.
                Change::DisruptionsAllowed(place, before.unwrap_or(allowed))
            }
        }
    }
}

/// Puts a value, or takes it away; gives the one that was there.
fn put<K: Clone + Ord, V>(values: &mut BTreeMap<K, V>, key: &K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => values.insert(key.clone(), value),
        None => values.remove(key),
    }
}

fn namespaced(meta: &api::ObjectMeta) -> NamespacedName {
    (meta.namespace.clone(), meta.name.clone())
}
