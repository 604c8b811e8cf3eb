//! `kubectl apply`: creates the objects of manifests, or replaces those of the same kind, namespace and name.

use super::{Cluster, Refusal};
use crate::api::{Kind, Name, Object, for_object};
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

/// Which of the objects of manifests are applied, and in which order.
pub struct ApplyPlan<'a, T> {
    /// Those that others refer to come first. Objects whose controllers are among them are left to those.
    pub objects: Vec<&'a T>,
    /// A remark for the user on what is left out.
    pub remark: Option<String>,
}

impl<'a, T> ApplyPlan<'a, T> {
    /// The plan for manifests; `object_of` says which object each stands for.
    pub fn of(manifests: &'a [T], object_of: impl Fn(&T) -> &Object) -> Self {
        let key = |kind: Kind, namespace: &str, name: &str| (kind, Name::from(namespace), Name::from(name));
        let key_of = |manifest: &T| {
            let (kind, meta) = (object_of(manifest).kind(), object_of(manifest).meta());
            key(kind, &meta.namespace, &meta.name)
        };
        let given: BTreeSet<(Kind, Name, Name)> = manifests.iter().map(key_of).collect();
        let is_owned = |manifest: &&T| {
            let meta = object_of(manifest).meta();
            let owner = meta.owner.as_ref().and_then(|owner| Some((Kind::named(&owner.kind)?, &owner.name)));
            owner.is_some_and(|(kind, name)| given.contains(&key(kind, &meta.namespace, name)))
        };
        let (owned, mut objects): (Vec<&T>, Vec<&T>) = manifests.iter().partition(is_owned);
        objects.sort_by_key(|manifest| for_object!(object_of(manifest), object => object.order()));
        let remark = (!owned.is_empty()).then(|| {
            let count = owned.len();
            format!("{count} objects of the manifests belong to controllers that are there too: they are created anew")
        });
        Self { objects, remark }
    }
}

impl Cluster {
    /// Applies objects in their [`ApplyPlan`]. Returns remarks for the user, on what is not as the manifests have it.
    pub fn apply(&mut self, objects: &[Object], now: SimTime) -> Vec<String> {
        let plan = ApplyPlan::of(objects, |object| object);
        let mut remarks = Vec::new();
        for object in plan.objects {
            match self.apply_object(object, now) {
                Ok(remark) => remarks.extend(remark),
                Err(refusal) => {
                    let (kind, meta) = (object.kind().as_str().to_ascii_lowercase(), object.meta());
                    remarks.push(format!("{kind} {}/{} is not created: {refusal}", meta.namespace, meta.name));
                }
            }
        }
        remarks.extend(plan.remark);
        remarks
    }

    /// Creates an object, or replaces the one of its kind, namespace and name. Returns a remark for the user on what is
    /// not as the manifest has it.
    ///
    /// # Errors
    /// Why the API server refuses it.
    pub fn apply_object(&mut self, object: &Object, now: SimTime) -> Result<Option<String>, Refusal> {
        self.admit_object(object, now)?;
        let remark = for_object!(object, object => object.apply(self, now));
        self.apply_finalizers(object, now);
        Ok(remark)
    }
}
