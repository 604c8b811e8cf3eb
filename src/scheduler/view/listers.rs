//! Objects besides nodes and pods that plugins look up.

use crate::api::{
    CsiStorageCapacity, LabelSelector, Labels, Name, OwnerReference, PersistentVolume, PersistentVolumeClaim,
    StorageClass,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The selector of a Service, as default topology spread uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSelector {
    /// Namespace.
    pub namespace: Name,
    /// `spec.selector`; `None` where the Service has none.
    pub selector: Option<Labels>,
}

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
#[derive(Clone, Debug, Default)]
pub struct VolumeListers {
    /// Persistent volumes by name.
    pub persistent_volumes: BTreeMap<Name, Arc<PersistentVolume>>,
    /// Claims by namespace and name.
    pub claims: BTreeMap<(Name, Name), Arc<PersistentVolumeClaim>>,
    /// Storage classes by name.
    pub classes: BTreeMap<Name, StorageClass>,
    /// CSINodes by node name: each driver with its `allocatable.count`.
    pub csi_nodes: BTreeMap<Name, Vec<(Name, Option<i64>)>>,
    /// Names of CSIDrivers with `storageCapacity`.
    pub capacity_drivers: BTreeSet<Name>,
    /// CSIStorageCapacities.
    pub capacities: Vec<CsiStorageCapacity>,
}

impl VolumeListers {
    /// A claim.
    #[must_use]
    pub fn claim(&self, namespace: &Name, name: &Name) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(&(namespace.clone(), name.clone()))
    }
}

/// Objects besides nodes and pods that plugins look up. Whoever owns the cluster's state keeps it up to date.
#[derive(Clone, Debug, Default)]
pub struct Listers {
    /// Labels of namespaces by name.
    pub namespaces: BTreeMap<Name, Labels>,
    /// Selectors of all Services.
    pub services: Vec<ServiceSelector>,
    /// Selectors of ReplicaSets, StatefulSets and ReplicationControllers by (kind, namespace, name).
    pub owners: BTreeMap<(Name, Name, Name), LabelSelector>,
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

    /// The selector of the controlling owner of a pod.
    #[must_use]
    pub fn owner_selector(&self, namespace: &Name, owner: &OwnerReference) -> Option<&LabelSelector> {
        self.owners.get(&(owner.kind.clone(), namespace.clone(), owner.name.clone()))
    }
}
