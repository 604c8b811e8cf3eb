//! What loops leave behind: Events about pods, and decisions for the records.

use super::CaController;
use crate::api::Name;
use crate::autoscaler::cluster_autoscaler::environment::GroupId;
use crate::autoscaler::cluster_autoscaler::report::LoopReport;
use crate::autoscaler::cluster_autoscaler::scale_up::{RemainingPod, ScaleUpResult, ScaleUpStatus};
use crate::cluster::{ApiEvent, Cluster, EventObject, PodId, Severity};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// The source of the autoscaler's Events.
const SOURCE: &str = "cluster-autoscaler";

/// A decision for the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node group.
    pub group: Name,
    /// What it is about besides the group, as `Node/web-1`; empty if nothing.
    pub target: Name,
    /// What was decided.
    pub decision: &'static str,
    /// From what, as `key=value` pairs.
    pub inputs: String,
    /// The rule that limited it; empty if none did.
    pub limited_by: String,
    /// Size of the group before and after.
    pub sizes: Option<(i64, i64)>,
}

impl CaController {
    /// Writes Events and decisions of a loop.
    pub(super) fn note(&mut self, report: &LoopReport, cluster: &mut Cluster, now: SimTime) {
        self.note_scale_up(&report.scale_up, cluster);
        for status in &report.min_size {
            self.decide_scale_up(status, cluster);
        }
        let is_reported = report.min_size.is_none() || report.scale_up.result == ScaleUpResult::NoOptionsAvailable;
        if is_reported {
            self.note_remaining(&report.scale_up, cluster);
        }
        for started in &report.started {
            let since = self.autoscaler.unneeded().find(|(node, _)| *node == started.node).map(|(_, node)| node.since);
            let unneeded = since.map(|since| now - since).unwrap_or_default();
            let (group, used) = (self.group_name(started.group, cluster), started.utilization);
            self.decisions.push(Decision {
                group,
                target: format!("Node/{}", started.name).into(),
                decision: "ScaleDown",
                inputs: format!(
                    "utilization={:.4};resource={};unneeded_seconds={};pods_to_move={}",
                    used.value(),
                    used.resource(),
                    unneeded.as_secs_f64(),
                    started.pods.len()
                ),
                limited_by: String::new(),
                sizes: None,
            });
        }
        for (node, name, result) in &report.finished {
            let group =
                cluster.node(*node).pool.and_then(|pool| self.groups.iter().find(|id| id.index() == pool as usize));
            self.decisions.push(Decision {
                group: group.map(|group| cluster.node_group(*group).name.clone()).unwrap_or_default(),
                target: format!("Node/{name}").into(),
                decision: "ScaleDownFinished",
                inputs: format!("result={}", result.as_str()),
                limited_by: String::new(),
                sizes: None,
            });
        }
    }

    fn note_scale_up(&mut self, status: &ScaleUpStatus, cluster: &mut Cluster) {
        self.decide_scale_up(status, cluster);
        if status.increases.is_empty() {
            return;
        }
        let infos: Vec<String> = status
            .increases
            .iter()
            .map(|info| {
                let (name, max) = (self.group_name(info.group, cluster), info.max_size);
                format!("{{{name} {}->{} (max: {max})}}", info.current_size, info.new_size)
            })
            .collect();
        let message = format!("pod triggered scale-up: [{}]", infos.join(" "));
        let reals = cluster.pods().len();
        for pod in status.triggered.iter().filter(|pod| pod.id.index() < reals) {
            self.said.remove(&pod.id);
            emit_pod(cluster, pod.id, "TriggeredScaleUp", message.clone());
        }
    }

    fn decide_scale_up(&mut self, status: &ScaleUpStatus, cluster: &Cluster) {
        let options: Vec<String> = status
            .options
            .iter()
            .map(|(id, nodes, pods)| format!("{}:{nodes}n/{pods}p", self.group_name(*id, cluster)))
            .collect();
        let inputs = format!("pods={};options={}", status.triggered.len(), options.join(","));
        let wanted = status.chosen.and_then(|id| status.options.iter().find(|(group, ..)| *group == id));
        let grown: i64 = status.increases.iter().map(|info| info.new_size - info.current_size).sum();
        let is_cut = wanted.is_some_and(|(_, nodes, _)| i64::try_from(*nodes).unwrap_or(i64::MAX) > grown);
        for info in &status.increases {
            self.decisions.push(Decision {
                group: self.group_name(info.group, cluster),
                target: Name::default(),
                decision: "ScaleUp",
                inputs: inputs.clone(),
                limited_by: if is_cut { "max-size".to_owned() } else { String::new() },
                sizes: Some((info.current_size, info.new_size)),
            });
        }
        if let Some((group, error)) = &status.rejected {
            self.decisions.push(Decision {
                group: self.group_name(*group, cluster),
                target: Name::default(),
                decision: "ScaleUpFailed",
                inputs,
                limited_by: error.clone(),
                sizes: None,
            });
        }
    }

    /// Says why pods triggered no scale-up, once for each reason.
    fn note_remaining(&mut self, status: &ScaleUpStatus, cluster: &mut Cluster) {
        if matches!(status.result, ScaleUpResult::Successful | ScaleUpResult::Error) {
            return;
        }
        let reals = cluster.pods().len();
        for remaining in status.remaining.iter().filter(|remaining| remaining.pod.id.index() < reals) {
            let message = format!("pod didn't trigger scale-up: {}", reasons(status, remaining));
            let id = remaining.pod.id;
            if self.said.get(&id).is_some_and(|said| **said == *message) {
                continue;
            }
            self.said.insert(id, Name::from(message.as_str()));
            emit_pod(cluster, id, "NotTriggerScaleUp", message);
            let skipped = status.skipped.iter().map(|(group, reason)| self.refusal(*group, reason, cluster));
            let rejected =
                remaining.rejected.iter().map(|(group, why)| self.refusal(*group, &why.join(" and "), cluster));
            let refusals: Vec<String> = skipped.chain(rejected).collect();
            let pod = &remaining.pod;
            self.decisions.push(Decision {
                group: Name::default(),
                target: format!("Pod/{}/{}", pod.namespace, pod.name).into(),
                decision: "NoScaleUp",
                inputs: refusals.join(","),
                limited_by: reasons(status, remaining),
                sizes: None,
            });
        }
    }

    fn refusal(&self, group: GroupId, why: &str, cluster: &Cluster) -> String {
        format!("{}={why}", self.group_name(group, cluster))
    }
}

/// Why a pod triggered no scale-up: each reason with the number of groups that give it (`ReasonsMessage`).
fn reasons(status: &ScaleUpStatus, remaining: &RemainingPod) -> String {
    if status.result == ScaleUpResult::LimitedByMaxNodesTotal {
        return "max total nodes in cluster reached".to_owned();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let skipped = status.skipped.values().map(String::as_str);
    let rejected = remaining.rejected.values().flatten().map(String::as_str);
    for reason in rejected.chain(skipped) {
        *counts.entry(reason).or_default() += 1;
    }
    let parts: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.join(", ")
}

fn emit_pod(cluster: &mut Cluster, pod: PodId, reason: &'static str, message: String) {
    let object = EventObject::Pod(pod);
    cluster.emit(ApiEvent { severity: Severity::Normal, reason, source: SOURCE, object, message: message.into() });
}
