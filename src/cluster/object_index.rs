//! The index of objects by kind, namespace and name.

use super::{Cluster, NamespaceId, NodeId, ObjectId, PodId, WorkloadId};
use crate::api::{Kind, Name};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The objects that exist, by name. Namespaces of cluster-scoped kinds are `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectIndex {
    /// Of every kind but pods.
    objects: BTreeMap<(Kind, Option<NamespaceId>, Name), ObjectId>,
    /// Grows when an object that is no pod comes or goes.
    generation: u64,
    /// Pods, from the first time that one is looked up by its name: a run has millions, and hardly ever asks. Only looked
    /// up, never iterated.
    pods: Option<FxHashMap<(NamespaceId, Name), PodId>>,
}

impl ObjectIndex {
    /// Notes an object that has come to be.
    pub(super) fn add(&mut self, kind: Kind, object: impl Into<ObjectId>, namespace: Option<NamespaceId>, name: &Name) {
        self.generation += 1;
        self.objects.insert((kind, namespace, name.clone()), object.into());
    }

    /// Forgets an object that was removed.
    pub(super) fn remove(
        &mut self,
        kind: Kind,
        object: impl Into<ObjectId>,
        namespace: Option<NamespaceId>,
        name: &Name,
    ) {
        let key = (kind, namespace, name.clone());
        if self.objects.get(&key) == Some(&object.into()) {
            self.generation += 1;
            self.objects.remove(&key);
        }
    }

    /// Notes a pod that has come to be.
    pub(super) fn add_pod(&mut self, pod: PodId, namespace: NamespaceId, name: &Name) {
        if let Some(pods) = &mut self.pods {
            pods.insert((namespace, name.clone()), pod);
        }
    }

    /// Forgets a pod that was removed.
    pub(super) fn remove_pod(&mut self, pod: PodId, namespace: NamespaceId, name: &Name) {
        if let Some(pods) = &mut self.pods {
            let key = (namespace, name.clone());
            if pods.get(&key) == Some(&pod) {
                pods.remove(&key);
            }
        }
    }

    /// The objects of a kind in a namespace, in order of their names; pods are not among them.
    pub(super) fn ids_of_kind(&self, kind: Kind, namespace: NamespaceId) -> impl Iterator<Item = ObjectId> {
        let from = (kind, Some(namespace), Name::default());
        let of_kind = move |key: &(Kind, Option<NamespaceId>, Name)| key.0 == kind && key.1 == Some(namespace);
        self.objects.range(from..).take_while(move |(key, _)| of_kind(key)).map(|(_, id)| *id)
    }

    /// The objects of a kind in a namespace whose ids are of this type, in order of their names.
    pub(super) fn of_kind<I: TryFrom<ObjectId>>(&self, kind: Kind, namespace: NamespaceId) -> impl Iterator<Item = I> {
        self.ids_of_kind(kind, namespace).filter_map(|id| id.try_into().ok())
    }

    /// An object of this kind and name.
    pub(super) fn get(&self, kind: Kind, namespace: Option<NamespaceId>, name: &str) -> Option<ObjectId> {
        self.objects.get(&(kind, namespace, Name::from(name))).copied()
    }
}

impl Cluster {
    /// Grows when an object that is no pod comes or goes: until then a name stands for the same object, or for none.
    pub const fn names_generation(&self) -> u64 {
        self.index.generation
    }

    /// The object of this kind and name that exists, for kinds with a namespace; [`Cluster::pod_id`] finds pods.
    pub fn find<I: TryFrom<ObjectId>>(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Option<I> {
        self.index.get(kind, Some(namespace), name)?.try_into().ok()
    }

    /// The workload of this kind, namespace and name that exists.
    pub fn find_workload(&self, kind: &str, namespace: &str, name: &str) -> Option<WorkloadId> {
        let object = self.index.get(Kind::named(kind)?, Some(self.namespace_id(namespace)?), name)?;
        self.workload_of(object)
    }

    /// The object of this kind, namespace and name that exists. The namespace of a cluster-scoped kind is not looked at.
    pub fn find_object(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<ObjectId> {
        let namespace = if kind.is_cluster_scoped() { None } else { Some(self.namespace_id(namespace)?) };
        match (kind, namespace) {
            (Kind::Pod, Some(namespace)) => self.pod_id(namespace, name).map(ObjectId::Pod),
            _ => self.index.get(kind, namespace, name),
        }
    }

    /// The node of this name that exists.
    pub fn node_id(&self, name: &str) -> Option<NodeId> {
        self.index.get(Kind::Node, None, name)?.try_into().ok()
    }

    /// The pod of this name that exists. The first call walks over all pods; those after it look up a table.
    pub fn pod_id(&mut self, namespace: NamespaceId, name: &str) -> Option<PodId> {
        let pods = &self.pods;
        let names = self.index.pods.get_or_insert_with(|| {
            let existing = pods.iter().enumerate().filter(|(_, pod)| pod.exists());
            existing.map(|(index, pod)| ((pod.namespace, pod.name.clone()), PodId::from_index(index))).collect()
        });
        names.get(&(namespace, Name::from(name))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ObjectMeta, Service};
    use crate::cluster::NewPod;
    use crate::units::SimTime;
    use std::sync::Arc;

    fn service(namespace: &str, name: &str) -> Service {
        let meta = ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() };
        Service { meta, ..Service::default() }
    }

    #[test]
    fn an_object_is_found_by_kind_namespace_and_name_as_long_as_it_exists() {
        let mut cluster = Cluster::default();
        let web = cluster.apply_service(service("shop", "web"), SimTime::ZERO);
        assert_eq!(
            cluster.apply_service(service("shop", "web"), SimTime::ZERO),
            web,
            "the same name is the same object"
        );
        let elsewhere = cluster.apply_service(service("test", "web"), SimTime::ZERO);
        let cases = [
            (Kind::Service, "shop", "web", Some(web)),
            (Kind::Service, "test", "web", Some(elsewhere)),
            (Kind::Service, "shop", "api", None),
            (Kind::Service, "nowhere", "web", None),
            (Kind::Deployment, "shop", "web", None),
        ];
        for (kind, namespace, name, expected) in cases {
            let found = cluster.find_object(kind, namespace, name);
            assert_eq!(found, expected.map(ObjectId::Service), "{kind:?} {namespace}/{name}");
        }
        cluster.remove_service(web);
        assert_eq!(cluster.find_object(Kind::Service, "shop", "web"), None);
        let anew = cluster.apply_service(service("shop", "web"), SimTime::ZERO);
        assert_ne!(anew, web, "an object that is created again is another one");
        assert_eq!(cluster.find_object(Kind::Service, "shop", "web"), Some(ObjectId::Service(anew)));
    }

    #[test]
    fn pods_are_found_by_name_from_the_first_question_on() {
        let mut cluster = Cluster::default();
        let namespace = cluster.namespace(&"shop".into(), SimTime::ZERO);
        let template = cluster.intern_template(&Arc::default());
        let pod = |name: &str| NewPod {
            name: name.into(),
            namespace,
            template,
            owner: None,
            workload: None,
            ordinal: 0,
            arrival: None,
            run_for: None,
        };
        let first = cluster.add_pod(pod("a"), SimTime::ZERO);
        cluster.remove_pod(first, SimTime::ZERO);
        assert_eq!(cluster.pod_id(namespace, "a"), None, "it was removed before anybody asked");
        let second = cluster.add_pod(pod("a"), SimTime::ZERO);
        let other = cluster.add_pod(pod("b"), SimTime::ZERO);
        assert_eq!(cluster.pod_id(namespace, "a"), Some(second));
        assert_eq!(cluster.find_object(Kind::Pod, "shop", "b"), Some(ObjectId::Pod(other)));
        cluster.remove_pod(second, SimTime::ZERO);
        assert_eq!(cluster.pod_id(namespace, "a"), None);
    }
}
