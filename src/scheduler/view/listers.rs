//! Objects besides nodes and pods that plugins look up.

use crate::api::{
    CsiStorageCapacity, DriverLimits, LabelSelector, Labels, Name, OwnerReference, PersistentVolume,
    PersistentVolumeClaim, StorageClass,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Namespace and name of an object.
pub type NamespacedName = (Name, Name);

/// Kind, namespace and name of an object that owns pods.
pub type OwnerKey = (Name, Name, Name);

/// A PodDisruptionBudget as preemption sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// Namespace.
    pub namespace: Name,
    /// Which pods; `None` and an empty selector protect none.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub disruptions_allowed: i32,
    /// Names in `status.disruptedPods`: pods whose loss is counted already.
    pub disrupted_pods: Vec<Name>,
}

/// Volumes, claims, classes and what CSI drivers publish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeListers {
    /// Persistent volumes by name.
    pub persistent_volumes: BTreeMap<Name, Arc<PersistentVolume>>,
    /// Claims by namespace and name.
    pub claims: BTreeMap<NamespacedName, Arc<PersistentVolumeClaim>>,
    /// Storage classes by name.
    pub classes: BTreeMap<Name, StorageClass>,
    /// CSINodes by node name: each driver with its `allocatable.count`.
    pub csi_nodes: BTreeMap<Name, DriverLimits>,
    /// Names of CSIDrivers with `storageCapacity`.
    pub capacity_drivers: BTreeSet<Name>,
    /// CSIStorageCapacities by namespace and name.
    pub capacities: BTreeMap<NamespacedName, CsiStorageCapacity>,
}

impl VolumeListers {
    /// A claim.
    #[must_use]
    pub fn claim(&self, namespace: &Name, name: &Name) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(&(namespace.clone(), name.clone()))
    }
}

/// Objects besides nodes and pods that plugins look up. A [`View`](super::View) keeps them up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listers {
    /// Labels of namespaces by name.
    pub namespaces: BTreeMap<Name, Labels>,
    /// `spec.selector` of the Services that have one, by namespace and name.
    pub services: BTreeMap<Name, BTreeMap<Name, Labels>>,
    /// Selectors of ReplicaSets, StatefulSets and ReplicationControllers.
    pub owners: BTreeMap<OwnerKey, LabelSelector>,
    /// Volumes, claims, classes.
    pub volumes: VolumeListers,
    /// All PodDisruptionBudgets.
    pub disruption_budgets: Vec<DisruptionBudget>,
}

impl Listers {
    /// The labels of a namespace; none if it is not known.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> Labels {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// The selectors of a namespace's Services.
    pub fn service_selectors(&self, namespace: &str) -> impl Iterator<Item = &Labels> {
        self.services.get(namespace).into_iter().flat_map(BTreeMap::values)
    }

    /// The selector of the controlling owner of a pod.
    #[must_use]
    pub fn owner_selector(&self, namespace: &Name, owner: &OwnerReference) -> Option<&LabelSelector> {
        self.owners.get(&(owner.kind.clone(), namespace.clone(), owner.name.clone()))
    }
}
