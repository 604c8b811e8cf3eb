//! Pods, nodes and questions for the tests of plugins.

use super::plugin::{Plugin, PluginSet};
use crate::api::{KubernetesVersion, Labels, Node, ObjectMeta, Pod, PodSpec, PodTemplate};
use crate::cluster::{NodeId, PodId};
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{ClusterEvent, Context, Failure, HintContext, may_become_schedulable};
use crate::scheduler::view::{Listers, NodeInfo, Nominator, PodInfo, PodTraits, Snapshot, View};
use std::sync::Arc;

/// The pod `default/pod` with id 0 and this spec.
pub fn pod(spec: PodSpec) -> PodInfo {
    labelled_pod(spec, &[])
}

/// The pod `default/pod` with id 0, this spec and labels.
pub fn labelled_pod(spec: PodSpec, labels: &[(&str, &str)]) -> PodInfo {
    let traits = Arc::new(PodTraits::of(&spec));
    let template = Arc::new(PodTemplate { labels: labels_of(labels), spec, ..PodTemplate::default() });
    let meta = ObjectMeta { name: "pod".into(), namespace: "default".into(), ..ObjectMeta::default() };
    PodInfo::new(PodId::from_index(0), &Pod { meta, template, ..Pod::default() }, traits, KubernetesVersion::V1_36)
}

/// Labels.
pub fn labels_of(labels: &[(&str, &str)]) -> Labels {
    labels.iter().copied().collect()
}

/// An empty node of this name and no more.
pub fn node_named(name: &str) -> NodeInfo {
    node_of(Node { meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() }, ..Node::default() })
}

/// A node without pods.
pub fn node_of(node: Node) -> NodeInfo {
    NodeInfo::new(NodeId::from_index(0), Arc::new(node))
}

/// These nodes, each with the pods that are on it.
pub fn cluster(nodes: Vec<(Node, Vec<PodInfo>)>) -> Snapshot {
    let mut view = View::default();
    let mut pods = 1;
    for (index, (node, placed)) in nodes.into_iter().enumerate() {
        let id = NodeId::from_index(index);
        view.add_node(id, Arc::new(node));
        for pod in placed {
            view.add_pod(Arc::new(PodInfo { id: PodId::from_index(pods), ..pod }), id);
            pods += 1;
        }
    }
    view.refresh();
    view.snapshot().clone()
}

/// Calls `ask` with a context of the default profile.
pub fn with_context<T>(snapshot: &Snapshot, listers: &Listers, ask: impl FnOnce(&Context<'_>) -> T) -> T {
    let (nominator, profile) = (Nominator::default(), Profile::default());
    ask(&Context { snapshot, listers, nominator: &nominator, profile: &profile })
}

/// Whether an event may make a pod schedulable that this plugin rejected.
pub fn hint(plugin: Plugin, pod: &PodInfo, event: &ClusterEvent) -> bool {
    let context = HintContext { listers: &Listers::default(), profiles: &[Profile::default()] };
    may_become_schedulable(&context, PluginSet::of(&[plugin]), pod, event)
}

/// Every text of a failure.
pub fn texts(failure: Failure, pod: &PodInfo, node: &NodeInfo) -> Vec<String> {
    let mut texts = Vec::new();
    failure.for_each_reason(pod, node, KubernetesVersion::V1_36, &mut |text| texts.push(text.to_owned()));
    texts
}
