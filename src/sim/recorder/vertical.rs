//! Facts about the Vertical Pod Autoscaler.

use super::Recorder;
use crate::api::RecommendedContainerResources;
use crate::autoscaler::vpa::controller::{VpaAction, VpaReport};
use crate::cluster::Cluster;
use crate::record::{ContainerTarget, VpaRecord};
use crate::units::SimTime;

impl Recorder {
    /// The Vertical Pod Autoscaler did something.
    pub fn note_vpa(&mut self, report: &VpaReport, cluster: &Cluster, now: SimTime) {
        let vpa = cluster.vpa(report.vpa);
        let (decision, pod, reason) = match report.action {
            VpaAction::Recommended => ("Recommended", None, ""),
            VpaAction::Evicted(pod, reason) => ("Evicted", Some(pod), reason.as_str()),
            VpaAction::Resized(pod, reason) => ("Resized", Some(pod), reason.as_str()),
            VpaAction::Refused(pod, reason) => ("Refused", Some(pod), reason.as_str()),
        };
        let target = &vpa.object.target;
        self.vertical.push(VpaRecord {
            at: now,
            namespace: vpa.object.meta.namespace.clone(),
            name: vpa.object.meta.name.clone(),
            target: format!("{}/{}", target.kind, target.name).into(),
            decision,
            pod: pod.map(|pod| cluster.pod(pod).name.clone()).unwrap_or_default(),
            reason,
            containers: vpa.recommendation.iter().flat_map(|list| list.iter()).map(container_target).collect(),
        });
    }
}

fn container_target(one: &RecommendedContainerResources) -> ContainerTarget {
    let three = |[target, lower, upper]: [Option<_>; 3]| Some([target?, lower?, upper?]);
    let memory = |[target, lower, upper]: [Option<_>; 3]| Some([target?, lower?, upper?]);
    let parts = [one.target, one.lower_bound, one.upper_bound];
    ContainerTarget {
        container: one.container_name.clone(),
        cpu: three(parts.map(|part| part.cpu)),
        memory: memory(parts.map(|part| part.memory)),
    }
}
