//! DaemonSet pods, which a new node gets before anything else is placed on it.

use crate::api::{Node, Object, ObjectMeta, OwnerReference, Pod, PodTemplate};
use crate::cluster::PodId;
use crate::controllers::daemon_set::{Eligibility, daemon_tolerations, eligibility};
use crate::scheduler::{PodInfo, PodTraits};
use crate::study::cluster_view::ClusterView;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one DaemonSet puts on nodes.
#[derive(Clone, Debug)]
pub struct Daemon {
    meta: ObjectMeta,
    template: Arc<PodTemplate>,
    traits: Arc<PodTraits>,
}

/// The DaemonSets of the cluster: those among the objects, and those that are known by a pod of theirs only.
pub fn daemons(objects: &[Object], view: &ClusterView) -> Vec<Daemon> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    let mut add = |meta: ObjectMeta, mut template: PodTemplate| {
        let spec = &mut template.spec;
        spec.tolerations = daemon_tolerations(&spec.tolerations, spec.host_network);
        let traits = Arc::new(PodTraits::of(spec));
        found.push(Daemon { meta, template: Arc::new(template), traits });
    };
    for object in objects {
        if let Object::DaemonSet(set) = object {
            known.insert((set.meta.namespace.clone(), set.meta.name.clone()));
            add(set.meta.clone(), view.admission.admit(&set.meta.namespace, &set.template));
        }
    }
    for pod in view.pods.iter().filter(|pod| pod.is_daemon()) {
        let info = &pod.info;
        let Some(owner) = &info.owner else { continue };
        if known.insert((info.namespace.clone(), owner.name.clone())) {
            let mut template = PodTemplate::clone(&info.template);
            unpin(&mut template);
            let meta =
                ObjectMeta { name: owner.name.clone(), namespace: info.namespace.clone(), ..ObjectMeta::default() };
            add(meta, template);
        }
    }
    found
}

/// Takes away the node that the DaemonSet controller wrote into the pod's affinity.
fn unpin(template: &mut PodTemplate) {
    let required = template.spec.affinity.as_mut().and_then(|affinity| affinity.node.as_mut());
    let Some(node) = required else { return };
    let Some(selector) = &mut node.required else { return };
    for term in &mut selector.terms {
        term.match_fields.clear();
    }
    // A term without requirements matches no node; one that held the name alone stood for "anywhere".
    if selector.terms.iter().any(|term| term.match_expressions.is_empty()) {
        node.required = None;
    }
}

impl Daemon {
    /// Its pod on a node; `None` if it wants none there.
    pub fn pod_on(&self, node: &Node, id: PodId, view: &ClusterView) -> Option<Arc<PodInfo>> {
        let spec = &self.template.spec;
        if eligibility(spec.fits_node(node), &node.taints, &spec.tolerations) != Eligibility::ShouldRun {
            return None;
        }
        let meta = ObjectMeta {
            name: format!("{}-{}", self.meta.name, node.meta.name).into(),
            owner: Some(OwnerReference { kind: "DaemonSet".into(), name: self.meta.name.clone() }),
            ..ObjectMeta { namespace: self.meta.namespace.clone(), ..ObjectMeta::default() }
        };
        let pod = Pod { meta, template: Arc::clone(&self.template), ..Pod::default() };
        Some(Arc::new(PodInfo::new(id, &pod, Arc::clone(&self.traits), view.version)))
    }
}
