//! Pods of manifests and dumps that share where they come from.

use super::pod_info::{PodInfo, PodOrigin, PodTraits};
use crate::api::{KubernetesVersion, Name, OwnerReference, Pod, PodTemplate};
use crate::cluster::PodId;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The origins of pods so far: equal templates, namespaces and owners are one, so that what plugins want to know of a
/// template is computed once.
#[derive(Clone, Debug, Default)]
pub struct PodOrigins(FxHashMap<(Arc<PodTemplate>, Name, Option<OwnerReference>), Arc<PodOrigin>>);

impl PodOrigins {
    /// A pod of a manifest or dump as the scheduler sees it.
    pub fn pod_info(&mut self, id: PodId, pod: &Pod, version: KubernetesVersion) -> Arc<PodInfo> {
        let key = (Arc::clone(&pod.template), pod.meta.namespace.clone(), pod.meta.owner.clone());
        let origin = self.0.entry(key).or_insert_with(|| {
            let traits = Arc::new(PodTraits::of(&pod.template.spec));
            Arc::new(PodOrigin::of(pod, traits))
        });
        Arc::new(PodInfo::with_origin(id, pod, Arc::clone(origin), version))
    }
}
