//! Pods of the cluster as the scheduler sees them; what many of them share is made once.

use super::owners::owner_reference;
use super::{RateLimit, Scheduler};
use crate::api::LabelSelector;
use crate::cluster::{Cluster, Disruption, ObjectId, PodId, TemplateId};
use crate::scheduler::view::{PlacedRequests, PodInfo, PodOrigin, PodTraits};
use std::sync::Arc;

impl<L: RateLimit> Scheduler<L> {
    fn traits_of(&mut self, template: TemplateId, cluster: &Cluster) -> Arc<PodTraits> {
        if self.traits.len() <= template.index() {
            self.traits.resize(template.index() + 1, None);
        }
        if let Some(traits) = &self.traits[template.index()] {
            return Arc::clone(traits);
        }
        let spec = &cluster.template(template).template.spec;
        if self.added_labels.note(spec) {
            self.label_known_pods(cluster);
        }
        Arc::clone(self.traits[template.index()].insert(Arc::new(PodTraits::of(spec))))
    }

    /// A Service or a disruption budget selects pods by this.
    pub(super) fn note_selector(&mut self, selector: Option<&LabelSelector>, cluster: &Cluster) {
        if self.added_labels.note_selector(selector) {
            self.label_known_pods(cluster);
        }
    }

    /// Gives the pods that it knows the labels that are asked for from now on.
    fn label_known_pods(&mut self, cluster: &Cluster) {
        self.view.refresh();
        let placed: Vec<Arc<PodInfo>> = self.view.snapshot().nodes().flat_map(|node| node.pods()).cloned().collect();
        for pod in placed {
            let origin = self.origin_of(pod.id, cluster);
            self.view.update_pod(&Arc::new(PodInfo { origin, ..PodInfo::clone(&pod) }));
        }
        for (id, _) in cluster.pods().filter(|(_, pod)| pod.is_active() && pod.node.is_none()) {
            if self.queue.place(id).is_some() {
                let info = self.pod_info(id, cluster);
                self.queue.relabel(info);
            }
        }
    }

    /// Where a pod comes from; pods of one template, namespace and owner share it.
    fn origin_of(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodOrigin> {
        let pod = cluster.pod(id);
        let traits = self.traits_of(pod.template, cluster);
        let labels = self.added_labels.of_pod(id, cluster);
        let key = (pod.template, pod.namespace, pod.owner, labels.address());
        if let Some(known) = self.origins.get(&key) {
            return Arc::clone(known);
        }
        let origin = PodOrigin {
            namespace: cluster.namespace_name(pod.namespace).clone(),
            labels,
            template: Arc::clone(&cluster.template(pod.template).template),
            traits,
            owner: pod.owner.map(|owner| owner_reference(owner, cluster)),
        };
        Arc::clone(self.origins.entry(key).or_insert(Arc::new(origin)))
    }

    /// What a pod takes that was resized.
    fn resized(&self, id: PodId, cluster: &Cluster) -> Option<Box<PlacedRequests>> {
        let resize = cluster.resize_of(id)?;
        let spec = &cluster.template(resize.template).template.spec;
        Some(Box::new(PlacedRequests::of(spec, Some(&resize.status), self.version)))
    }

    /// A pod as it is now.
    pub fn pod_info(&mut self, id: PodId, cluster: &Cluster) -> Arc<PodInfo> {
        let pod = cluster.pod(id);
        let origin = self.origin_of(id, cluster);
        // Nothing asks for the uid of a pod without ephemeral volumes.
        let has_claims = !origin.template.spec.ephemeral_claims.is_empty();
        Arc::new(PodInfo {
            id,
            origin,
            name: pod.name.clone(),
            uid: has_claims.then(|| ObjectId::from(id).uid().into()),
            resized: self.resized(id, cluster),
            node_name: None,
            nominated_node_name: None,
            start_time: pod.start_time,
            terminating: pod.deletion.is_some(),
            preempted_by_scheduler: pod.deletion.is_some_and(|deletion| deletion.reason == Disruption::Preemption),
        })
    }
}
