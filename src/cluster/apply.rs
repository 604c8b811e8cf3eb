//! `kubectl apply`: creates the objects of manifests, or replaces those of the same kind, namespace and name.

use super::Cluster;
use crate::api::{Kind, Object, for_object};
use crate::units::SimTime;
use std::collections::BTreeSet;

/// When an object is applied among others: those that others refer to come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ApplyOrder {
    /// Namespaces.
    Namespace,
    /// What admission reads.
    Admission,
    /// Nodes, and what storage there is.
    Infrastructure,
    /// What pods refer to, and what selects them.
    Reference,
    /// Pods, and what makes them.
    Workload,
    /// What changes workloads.
    Autoscaler,
}

/// What `kubectl apply` does with objects of a kind. Each kind implements it beside its state.
pub(super) trait Apply {
    /// When the object is applied.
    fn order(&self) -> ApplyOrder;

    /// Creates the object, or replaces the one of its kind, namespace and name. Returns a remark for the user on what is
    /// not as the manifest has it.
    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String>;
}

impl Cluster {
    /// Applies objects: those that others refer to first. Objects whose controllers are among them are left to those.
    /// Returns remarks for the user, on what is not as the manifests have it.
    pub fn apply(&mut self, objects: &[Object], now: SimTime) -> Vec<String> {
        let mut sorted: Vec<&Object> = objects.iter().collect();
        sorted.sort_by_key(|object| for_object!(object, object => object.order()));
        let owners: BTreeSet<(Kind, &str, &str)> = objects
            .iter()
            .map(|object| (object.kind(), object.meta().namespace.as_str(), object.meta().name.as_str()))
            .collect();
        let mut remarks = Vec::new();
        let mut skipped = 0;
        for object in sorted {
            let meta = object.meta();
            let owned = meta.owner.as_ref().is_some_and(|owner| {
                let kind = Kind::named(&owner.kind);
                kind.is_some_and(|kind| owners.contains(&(kind, meta.namespace.as_str(), owner.name.as_str())))
            });
            if owned {
                skipped += 1;
            } else {
                remarks.extend(for_object!(object, object => object.apply(self, now)));
            }
        }
        if skipped > 0 {
            remarks.push(format!(
                "{skipped} objects of the manifests belong to controllers that are there too: they are created anew"
            ));
        }
        remarks
    }
}
