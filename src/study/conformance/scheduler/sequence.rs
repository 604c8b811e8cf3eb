//! Sequences: pods that arrive one after the other, each judged on the state that its predecessors left.

use super::case::{Case, Cluster};
use crate::api::KubernetesVersion;
use crate::scheduler::run_scores;
use crate::scheduler::{Decision, Scratch, SearchState, TieBreak, schedule, select_best};
use serde_json::{Map, Value, json};

/// Replays one case; gives the result in the recording's form.
pub fn replay(case: &Case, version: KubernetesVersion) -> Result<Value, String> {
    let mut cluster = Cluster::new(case, version, 100)?;
    let mut search = SearchState::default();
    let mut scratch = Scratch::default();
    let mut placements = Vec::with_capacity(case.arrivals.len());
    for arrival in &case.arrivals {
        let pod = cluster.pod_info(arrival)?;
        cluster.view.refresh();
        let context = cluster.context();
        let mut result = Map::new();
        result.insert("pod".into(), json!(format!("{}/{}", pod.namespace, pod.name)));
        match schedule(&context, &pod, &mut search, TieBreak::First, &mut scratch) {
            Decision::Placed(placement) => {
                // The recording has the total of a single feasible node too.
                run_scores(&context, &pod, &mut scratch.state, &scratch.feasible, &mut scratch.scores);
                let total = select_best(&scratch.feasible, scratch.scores.totals(), &mut scratch.best);
                result.insert("node".into(), json!(cluster.node_name(placement.node)));
                result.insert("feasible".into(), json!(placement.feasible));
                result.insert("total".into(), json!(total));
                result.insert("bestCount".into(), json!(placement.best));
                cluster.view.add_pod(pod, placement.node);
            }
            Decision::Unschedulable(diagnosis) => {
                for key in ["feasible", "total", "bestCount"] {
                    result.insert(key.into(), json!(0));
                }
                result.insert("node".into(), json!(""));
                result.insert("message".into(), json!(diagnosis.message(cluster.view.snapshot(), &pod, version)));
            }
            Decision::NoNodes => return Err("the case has no nodes".to_owned()),
        }
        placements.push(Value::Object(result));
    }
    Ok(json!({"id": case.id, "placements": placements}))
}
