//! Objects of manifests or a kubectl dump as the scheduler sees them: nodes with the pods on them, and everything else
//! that a decision rests on.
//!
//! Pods that ended count for nothing, as in kube-scheduler. Pending pods stay outside; those that are nominated to a node
//! keep their claim to it.

use crate::api::{self, KubernetesVersion, LabelSelector, Name, Node, Object, PodPhase};
use crate::cluster::{Admission, NodeId, PodId};
use crate::scheduler::{ListerChange, PodInfo, PodOrigins, View};
use std::sync::Arc;

/// The annotation of the API server's copy of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// The label with a namespace's name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A pod of the cluster.
#[derive(Clone, Debug)]
pub struct ViewedPod {
    /// As the scheduler sees it.
    pub info: Arc<PodInfo>,
    /// The node that it is on; `None` is pending, or on a node that is not known.
    pub node: Option<NodeId>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Condition `Ready`; a pod on a node counts as ready without the condition, which manifests do not have.
    pub is_ready: bool,
}

impl ViewedPod {
    /// Whether the kubelet runs it from a file on its node.
    #[must_use]
    pub fn is_static(&self) -> bool {
        let owner = self.info.owner.as_ref();
        self.info.template.annotations.contains_key(MIRROR) || owner.is_some_and(|owner| &*owner.kind == "Node")
    }

    /// Whether it belongs to a DaemonSet.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.info.owner.as_ref().is_some_and(|owner| &*owner.kind == "DaemonSet")
    }

    /// `namespace/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.info.namespace, self.info.name)
    }
}

/// A cluster of objects: what the scheduler sees of it, and what else is asked about its nodes and pods.
#[derive(Clone, Debug, Default)]
pub struct ClusterView {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// What the scheduler sees.
    pub scheduler: View,
    /// Nodes by id.
    pub nodes: Vec<Arc<Node>>,
    /// Pods by id, without those that ended.
    pub pods: Vec<ViewedPod>,
    /// What the API server does to new pods.
    pub admission: Admission,
    /// Pods on a node that is not known, by name.
    pub stray: Vec<String>,
    origins: PodOrigins,
}

impl ClusterView {
    /// Builds the view. Nodes are searched in the order in which they are given.
    #[must_use]
    pub fn new(objects: &[Object], version: KubernetesVersion) -> Self {
        let mut view = Self { version, ..Self::default() };
        // Of several default classes the newest counts, as in a run.
        let default_class = objects.iter().rev().find_map(|object| match object {
            Object::StorageClass(class) if class.object.is_default => Some(&class.meta.name),
            _ => None,
        });
        for object in objects {
            view.add_listed(object, default_class);
        }
        for object in objects {
            if let Object::Node(node) = object {
                view.add_node(Arc::new(node.clone()));
            }
        }
        for object in objects {
            if let Object::Pod(pod) = object
                && !pod.status.phase.is_terminal()
            {
                view.add_pod(pod);
            }
        }
        view.scheduler.refresh();
        view
    }

    /// Adds an object besides nodes and pods. `default_class` is what claims get that name no class (admission plugin
    /// DefaultStorageClass). Disruption budgets are left out: nothing is preempted here.
    fn add_listed(&mut self, object: &Object, default_class: Option<&Name>) {
        if let Object::PersistentVolumeClaim(new) = object {
            let mut claim = new.object.claim.clone();
            if let Some(class) = default_class.filter(|_| new.object.wants_default_class) {
                claim.storage_class = class.clone();
            }
            self.scheduler.apply(ListerChange::of_claim(Arc::new(claim)));
        } else if !self.admission.apply(object)
            && let Some(change) = ListerChange::of(object)
        {
            self.scheduler.apply(change);
        }
    }

    /// Adds a node at the end.
    pub fn add_node(&mut self, node: Arc<Node>) -> NodeId {
        let id = NodeId::from_index(self.nodes.len());
        self.scheduler.add_node(id, Arc::clone(&node));
        self.nodes.push(node);
        id
    }

    /// Adds a pod of a dump, on its node if it has one.
    fn add_pod(&mut self, pod: &api::Pod) {
        let id = PodId::from_index(self.pods.len());
        self.note_namespace(&pod.meta.namespace);
        let info = self.origins.pod_info(id, pod, self.version);
        let node_of = |name: &Option<Name>| self.scheduler.snapshot().node_by_name(name.as_deref()?);
        let (node, nominated) = (node_of(&info.node_name), node_of(&info.nominated_node_name));
        match node {
            Some(node) => self.scheduler.add_pod(Arc::clone(&info), node),
            None if info.node_name.is_some() => self.stray.push(format!("{}/{}", info.namespace, info.name)),
            None => {
                if let Some(node) = nominated {
                    self.scheduler.nominate(Arc::clone(&info), node);
                }
            }
        }
        // A manifest without a status that binds its pod speaks of a pod that runs.
        let is_ready = pod.status.ready.map_or(info.node_name.is_some(), |(is_ready, _)| is_ready);
        let runs = pod.status.phase == PodPhase::Pending && is_ready;
        let phase = if runs { PodPhase::Running } else { pod.status.phase };
        self.pods.push(ViewedPod { info, node, phase, is_ready });
    }

    /// Notes a namespace that the dump does not show. The API server gives each a label with its name.
    pub fn note_namespace(&mut self, name: &Name) {
        if !self.scheduler.listers().namespaces.contains_key(name) {
            let labels = [(NAMESPACE_NAME, &**name)].into_iter().collect();
            self.scheduler.apply(ListerChange::Namespace(name.clone(), Some(labels)));
        }
    }

    /// Pods that wait for a node.
    pub fn pending(&self) -> impl Iterator<Item = &ViewedPod> {
        self.pods.iter().filter(|pod| pod.node.is_none() && pod.info.node_name.is_none())
    }

    /// An id that no pod has; `offset` counts on from there.
    #[must_use]
    pub fn next_pod_id(&self, offset: usize) -> PodId {
        PodId::from_index(self.pods.len() + offset)
    }

    /// A node's name.
    #[must_use]
    pub fn node_name(&self, id: NodeId) -> &str {
        self.nodes.get(id.index()).map_or("", |node| &node.meta.name)
    }

    /// Notes the selector of a workload, which default topology spread looks at.
    pub fn add_owner(&mut self, kind: &str, meta: &api::ObjectMeta, selector: &LabelSelector) {
        self.scheduler.apply(ListerChange::of_owner(kind, meta, selector.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ObjectMeta, PodStatus};

    #[test]
    fn pods_stand_where_the_dump_says() {
        let node = Node { meta: ObjectMeta { name: "n1".into(), ..ObjectMeta::default() }, ..Node::default() };
        let pod = |name: &str, node: Option<&str>, status: PodStatus| {
            let meta = ObjectMeta { name: name.into(), namespace: "default".into(), ..ObjectMeta::default() };
            Object::Pod(api::Pod { meta, node_name: node.map(Name::from), status, ..api::Pod::default() })
        };
        let ended = PodStatus { phase: PodPhase::Succeeded, ..PodStatus::default() };
        let nominated = PodStatus { nominated_node_name: Some("n1".into()), ..PodStatus::default() };
        let objects = [
            pod("ended", Some("n1"), ended),
            pod("running", Some("n1"), PodStatus::default()),
            pod("stray", Some("gone"), PodStatus::default()),
            pod("waiting", None, nominated),
            Object::Node(node),
        ];
        let view = ClusterView::new(&objects, KubernetesVersion::default());
        let names: Vec<&str> = view.pods.iter().map(|pod| &*pod.info.name).collect();
        assert_eq!(names, ["running", "stray", "waiting"], "pods may come before their node");
        let node = view.scheduler.snapshot().node(NodeId::from_index(0)).unwrap();
        assert_eq!(node.pods().len(), 1);
        assert_eq!(view.stray, ["default/stray"]);
        assert_eq!(view.pending().count(), 1);
        assert_eq!(view.scheduler.nominator().pods_on(node.id()).len(), 1);
    }
}
