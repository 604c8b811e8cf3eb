//! How many nodes a group of pods needs.

use super::super::CaseResult;
use super::{compare, node, pod};
use crate::api;
use crate::autoscaler::cluster_autoscaler::estimator::{EstimationLimits, estimate};
use crate::autoscaler::cluster_autoscaler::snapshot::Snapshot;
use crate::autoscaler::cluster_autoscaler::template::Template;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{KubernetesVersion, PodInfo, PodOrigins, Profile};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    id: String,
    template: RecordedNode,
    #[serde(default)]
    existing_nodes: Option<Vec<RecordedNode>>,
    pod_groups: Vec<PodGroup>,
    limits: Limits,
    #[serde(default)]
    fastpath: bool,
    expect: Expect,
}

#[derive(Deserialize)]
struct RecordedNode {
    node: core::Node,
    #[serde(default)]
    pods: Option<Vec<core::Pod>>,
}

#[derive(Deserialize)]
struct PodGroup {
    count: usize,
    exemplar: core::Pod,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    max_nodes_per_scale_up: usize,
    node_group_max_size: i64,
    node_group_target_size: i64,
    max_nodes_total: usize,
    current_node_count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    new_nodes: usize,
    #[serde(default)]
    scheduled_pods: Option<Vec<String>>,
    #[serde(default)]
    pods_per_new_node: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    assignment_stable: bool,
}

/// Gives each pod an id.
#[derive(Default)]
struct Pods {
    origins: PodOrigins,
    count: usize,
}

impl Pods {
    fn info(&mut self, pod: &api::Pod) -> Arc<PodInfo> {
        let id = PodId::from_index(self.count);
        self.count += 1;
        self.origins.pod_info(id, pod, KubernetesVersion::V1_36)
    }
}

/// Replays a case.
pub fn replay(case: &Case) -> Result<CaseResult, String> {
    let start = Timestamp::UNIX_EPOCH;
    let mut snapshot = Snapshot::new(Profile::default_of(KubernetesVersion::V1_36));
    let mut pods = Pods::default();
    let existing = case.existing_nodes.as_deref().unwrap_or_default();
    for (index, recorded) in existing.iter().enumerate() {
        let id = NodeId::from_index(index);
        snapshot.put_node(id, Arc::new(node(&recorded.node, start)?));
        for recorded in recorded.pods.as_deref().unwrap_or_default() {
            let info = pods.info(&pod(recorded, start)?);
            snapshot.put_pod(info, id);
        }
    }
    let mut on_template = Vec::new();
    for recorded in case.template.pods.as_deref().unwrap_or_default() {
        on_template.push(pods.info(&pod(recorded, start)?));
    }
    let template = Template { node: Arc::new(node(&case.template.node, start)?), pods: on_template, number: 0 };
    let mut groups: Vec<Vec<Arc<PodInfo>>> = Vec::new();
    for group in &case.pod_groups {
        let exemplar = pod(&group.exemplar, start)?;
        let members = (0..group.count).map(|index| {
            let mut member = exemplar.clone();
            member.meta.name = format!("{}-{index}", exemplar.meta.name).into();
            pods.info(&member)
        });
        groups.push(members.collect());
    }
    snapshot.begin(existing.len(), pods.count);
    let limits = &case.limits;
    let limits = EstimationLimits {
        max_nodes_per_scaleup: limits.max_nodes_per_scale_up,
        group_capacity: limits.node_group_max_size - limits.node_group_target_size,
        max_nodes_total: limits.max_nodes_total,
        current_nodes: limits.current_node_count,
    };
    let given: Vec<&[Arc<PodInfo>]> = groups.iter().map(Vec::as_slice).collect();
    let estimate = estimate(&mut snapshot, &template, &given, limits, case.fastpath);
    let mut differences = Vec::new();
    compare(&mut differences, "newNodes", &case.expect.new_nodes, &estimate.nodes);
    let mut scheduled: Vec<String> = estimate.pods.iter().map(|pod| pod.name.to_string()).collect();
    scheduled.sort();
    compare(&mut differences, "scheduledPods", &case.expect.scheduled_pods.clone().unwrap_or_default(), &scheduled);
    if let Some(expected) = case.expect.pods_per_new_node.as_ref().filter(|_| case.expect.assignment_stable) {
        let mut by_node: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (pod, place) in estimate.pods.iter().zip(&estimate.placements) {
            if *place != usize::MAX {
                by_node.entry(format!("tmpl-e-{place}")).or_default().push(pod.name.to_string());
            }
        }
        let mut expected = expected.clone();
        for pods in by_node.values_mut().chain(expected.values_mut()) {
            pods.sort();
        }
        expected.retain(|_, pods| !pods.is_empty());
        compare(&mut differences, "podsPerNewNode", &expected, &by_node);
    }
    Ok(CaseResult::new("estimator", case.id.as_str(), differences))
}
