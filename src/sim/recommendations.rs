//! What the Vertical Pod Autoscaler recommends at the end of a run, as facts.

use crate::api::Name;
use crate::autoscaler::vpa::RecommendationSummary;
use crate::autoscaler::vpa::controller::VpaController;
use crate::cluster::{Cluster, VpaId};
use crate::record::{Bounds, RecommendationRecord};

/// The recommendations, by VerticalPodAutoscaler and container.
pub fn records(vpa: &mut VpaController, cluster: &Cluster) -> Vec<RecommendationRecord> {
    let mut records = Vec::new();
    for (id, summaries) in vpa.summaries(cluster) {
        records.extend(summaries.into_iter().map(|summary| record(id, summary, cluster)));
    }
    records
}

fn record(id: VpaId, summary: RecommendationSummary, cluster: &Cluster) -> RecommendationRecord {
    let object = &cluster.vpa(id).object;
    let workload = cluster.find_workload(&object.target.kind, &object.meta.namespace, &object.target.name);
    let RecommendationSummary { recommended: one, samples, cpu_above_target, memory_above_target } = summary;
    // What its owner asks for, not what a VerticalPodAutoscaler has made of it.
    let pod = cluster.pods().find(|(_, pod)| pod.exists() && workload.is_some() && pod.workload == workload);
    let template = pod.map(|(pod, _)| &cluster.template(cluster.asked_template(pod)).template);
    let containers = template.into_iter().flat_map(|template| &template.spec.containers);
    let today = containers.into_iter().find(|container| container.name == one.container_name);
    RecommendationRecord {
        namespace: object.meta.namespace.clone(),
        workload: Name::from(format!("{}/{}", object.target.kind, object.target.name)),
        container: one.container_name.clone(),
        pods: workload.map_or(0, |workload| i64::from(cluster.workload(workload).desired)),
        samples,
        cpu_request: today.and_then(|container| container.requests.cpu),
        memory_request: today.and_then(|container| container.requests.memory),
        cpu: bounds(one.target.cpu, one.lower_bound.cpu, one.upper_bound.cpu),
        memory: bounds(one.target.memory, one.lower_bound.memory, one.upper_bound.memory),
        cpu_above_target,
        memory_above_target,
    }
}

/// The three amounts of a resource, if it is controlled.
fn bounds<T>(target: Option<T>, lower_bound: Option<T>, upper_bound: Option<T>) -> Option<Bounds<T>> {
    Some(Bounds { target: target?, lower_bound: lower_bound?, upper_bound: upper_bound? })
}
