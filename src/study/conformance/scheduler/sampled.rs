//! Sampled searches: the search order, and which nodes each search visits.

use super::case::{Case, Cluster};
use crate::api::KubernetesVersion;
use crate::cluster::NodeId;
use crate::scheduler::run_scores;
use crate::scheduler::{Decision, Failure, Scratch, SearchState, TieBreak, schedule, select_best};
use serde_json::{Value, json};

/// Replays one case; gives the result in the recording's form.
pub fn replay(case: &Case, version: KubernetesVersion) -> Result<Value, String> {
    let mut cluster = Cluster::new(case, version, 0)?;
    let mut search = SearchState::default();
    let mut scratch = Scratch::default();
    let names = |cluster: &Cluster, nodes: &[NodeId]| -> Vec<String> {
        nodes.iter().map(|node| cluster.node_name(*node)).collect()
    };
    let order = names(&cluster, cluster.view.snapshot().search_order());
    let mut steps = Vec::with_capacity(case.arrivals.len());
    for arrival in &case.arrivals {
        let pod = cluster.pod_info(arrival)?;
        cluster.view.refresh();
        let context = cluster.context();
        let start = search.next_start_node_index;
        let decision = schedule(&context, &pod, &mut search, TieBreak::First, &mut scratch);
        let failures = match &decision {
            Decision::Unschedulable(diagnosis) => diagnosis.failures.by_node(),
            _ => &scratch.failures[..],
        };
        let mut rejected: Vec<NodeId> = failures
            .iter()
            .filter(|(_, failure)| *failure != Failure::OUTSIDE_PRE_FILTER_NODES)
            .map(|(node, _)| *node)
            .collect();
        rejected.sort_unstable();
        let mut step = json!({
            "pod": format!("{}/{}", pod.namespace, pod.name),
            "start": start,
            "next": search.next_start_node_index,
            "feasible": names(&cluster, &scratch.feasible),
            "rejected": names(&cluster, &rejected),
            "best": [],
            "node": "",
            "total": 0,
        });
        if let Decision::Placed(placement) = decision {
            run_scores(&context, &pod, &mut scratch.state, &scratch.feasible, &mut scratch.scores);
            let total = select_best(&scratch.feasible, scratch.scores.totals(), &mut scratch.best);
            step["best"] = json!(names(&cluster, &scratch.best));
            step["node"] = json!(cluster.node_name(placement.node));
            step["total"] = json!(total);
            cluster.view.add_pod(pod, placement.node);
        }
        steps.push(step);
    }
    Ok(json!({"id": case.id, "snapshotOrder": order, "steps": steps}))
}
