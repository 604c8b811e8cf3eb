//! Single decisions: one pod against one cluster, every field of the outcome.

use super::case::{Case, Cluster};
use crate::api::KubernetesVersion;
use crate::scheduler::run_scores;
use crate::scheduler::{
    Decision, PluginSet, PodInfo, PostFilterResult, Scratch, SearchState, TieBreak, post_filter, schedule, select_best,
};
use serde_json::{Map, Value, json};

/// Replays one case; gives the result in the recording's form.
pub fn replay(case: &Case, version: KubernetesVersion) -> Result<Value, String> {
    let mut cluster = Cluster::new(case, version, 100)?;
    let pod = cluster.pod_info(&case.pod)?;
    cluster.view.refresh();
    let context = cluster.context();
    let mut result = Map::new();
    result.insert("id".into(), json!(case.id));
    if let Some((plugin, reason)) = crate::scheduler::pre_enqueue(&context, &pod) {
        result.insert(
            "preEnqueue".into(),
            json!({"plugin": plugin.name(), "code": "UnschedulableAndUnresolvable", "reasons": [reason]}),
        );
        for (key, empty) in [
            ("feasible", json!([])),
            ("rejected", json!({})),
            ("skippedFilter", json!([])),
            ("skippedScore", json!([])),
            ("scores", json!({})),
            ("best", json!([])),
            ("preemption", Value::Null),
            ("unschedulablePlugins", json!([])),
            ("message", json!("")),
        ] {
            result.insert(key.into(), empty);
        }
        return Ok(Value::Object(result));
    }
    let mut scratch = Scratch::default();
    let decision = schedule(&context, &pod, &mut SearchState::default(), TieBreak::First, &mut scratch);
    let mut rejected = Map::new();
    let mut message = String::new();
    let mut preemption = Value::Null;
    match &decision {
        Decision::Unschedulable(diagnosis) => {
            if let Some(rejection) = &diagnosis.pre_filter {
                let text = json!({
                    "plugin": rejection.plugin.name(), "code": rejection.code.as_str(), "reasons": [rejection.reason],
                });
                for name in &cluster.node_names {
                    rejected.insert(name.to_string(), text.clone());
                }
                result.insert("preFilter".into(), text);
            }
            add_failures(&cluster, &pod, diagnosis.failures.by_node(), &mut rejected);
            message = diagnosis.message(cluster.view.snapshot(), &pod, version);
            let outcome = post_filter(&context, &pod, diagnosis, &mut scratch.state, TieBreak::First);
            outcome.append_to(&mut message);
            preemption = render_preemption(&cluster, outcome);
        }
        _ => add_failures(&cluster, &pod, &scratch.failures, &mut rejected),
    }
    let names = |set: PluginSet| {
        let mut names: Vec<&str> = set.iter().map(crate::scheduler::Plugin::name).collect();
        names.sort_unstable();
        json!(names)
    };
    result.insert("skippedFilter".into(), names(scratch.state.skip_filter));
    let mut scores = Map::new();
    if !scratch.feasible.is_empty() {
        // The recording has scores for a single feasible node too.
        run_scores(&context, &pod, &mut scratch.state, &scratch.feasible, &mut scratch.scores);
        select_best(&scratch.feasible, scratch.scores.totals(), &mut scratch.best);
        for (index, node) in scratch.feasible.iter().enumerate() {
            let (mut plugins, mut raw) = (Map::new(), Map::new());
            for scored in scratch.scores.plugins() {
                plugins.insert(scored.plugin.name().into(), json!(scored.weighted[index]));
                raw.insert(scored.plugin.name().into(), json!(scored.raw[index]));
            }
            let total = scratch.scores.totals()[index];
            scores.insert(cluster.node_name(*node), json!({"plugins": plugins, "raw": raw, "total": total}));
        }
    }
    let mut feasible = scratch.feasible.clone();
    feasible.sort_unstable();
    let node_names =
        |nodes: &[crate::cluster::NodeId]| json!(nodes.iter().map(|node| cluster.node_name(*node)).collect::<Vec<_>>());
    result.insert("feasible".into(), node_names(&feasible));
    result.insert("rejected".into(), Value::Object(rejected));
    result.insert("skippedScore".into(), names(scratch.state.skip_score));
    result.insert("scores".into(), Value::Object(scores));
    result.insert("best".into(), if feasible.is_empty() { json!([]) } else { node_names(&scratch.best) });
    result.insert("unschedulablePlugins".into(), names(scratch.plugins));
    result.insert("preemption".into(), preemption);
    result.insert("message".into(), json!(message));
    Ok(Value::Object(result))
}

/// Renders failures in the recording's form.
fn add_failures(
    cluster: &Cluster,
    pod: &PodInfo,
    failures: &[(crate::cluster::NodeId, crate::scheduler::Failure)],
    rejected: &mut Map<String, Value>,
) {
    for (node, failure) in failures {
        let mut reasons: Vec<String> = Vec::new();
        if let Some(info) = cluster.view.snapshot().node(*node) {
            failure.for_each_reason(pod, info, cluster.version, &mut |reason| reasons.push(reason.to_owned()));
        }
        reasons.sort_unstable();
        rejected.insert(
            cluster.node_name(*node),
            json!({"plugin": failure.plugin().name(), "code": failure.code().as_str(), "reasons": reasons}),
        );
    }
}

/// Renders the outcome of PostFilter in the recording's form.
fn render_preemption(cluster: &Cluster, mut outcome: PostFilterResult) -> Value {
    let names = |victims: &[std::sync::Arc<PodInfo>]| {
        victims.iter().map(|victim| format!("{}/{}", victim.namespace, victim.name)).collect::<Vec<_>>()
    };
    let preemption = &outcome.preemption;
    let candidates: Map<String, Value> = preemption
        .candidates
        .iter()
        .map(|candidate| {
            let facts = json!({"victims": names(&candidate.victims), "pdbViolations": candidate.pdb_violations});
            (cluster.node_name(candidate.node), facts)
        })
        .collect();
    outcome.reasons.sort_unstable();
    json!({
        "nominated": preemption.nominated.map(|node| cluster.node_name(node)).unwrap_or_default(),
        "victims": preemption.chosen().map(|chosen| names(&chosen.victims)).unwrap_or_default(),
        "ties": preemption.ties.iter().map(|node| cluster.node_name(*node)).collect::<Vec<_>>(),
        "candidates": candidates,
        "status": {
            "plugin": outcome.plugin.map_or("", crate::scheduler::Plugin::name),
            "code": outcome.code.as_str(),
            "reasons": outcome.reasons,
        },
    })
}
