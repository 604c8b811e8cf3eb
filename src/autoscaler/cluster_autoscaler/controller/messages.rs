//! What loops leave behind: Events about pods, and decisions for the records.

use super::CaController;
use crate::api::Name;
use crate::autoscaler::cluster_autoscaler::balancing::ScaleUpInfo;
use crate::autoscaler::cluster_autoscaler::drain::BlockingPod;
use crate::autoscaler::cluster_autoscaler::environment::GroupId;
use crate::autoscaler::cluster_autoscaler::removal::UnremovableReason;
use crate::autoscaler::cluster_autoscaler::report::{Cooldown, LoopReport};
use crate::autoscaler::cluster_autoscaler::scale_up::{RemainingPod, ScaleUpResult, ScaleUpStatus};
use crate::autoscaler::cluster_autoscaler::taints;
use crate::cluster::{ApiEvent, AutoscalerDecision, Cluster, EventObject, NodeId, PodId, Severity};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The source of the autoscaler's Events.
const SOURCE: &str = "cluster-autoscaler";

/// Why a node stays: the rule, and the pod that keeps it.
pub(super) type Kept = (&'static str, Option<BlockingPod>);

impl CaController {
    /// Writes Events and decisions of a loop.
    pub(super) fn note(&mut self, report: &LoopReport, cluster: &mut Cluster, now: SimTime) {
        self.note_scale_up(&report.scale_up, cluster);
        if let Some(status) = &report.min_size {
            self.decide_scale_up(status, cluster);
        }
        let is_reported = report.min_size.is_none() || report.scale_up.result == ScaleUpResult::NoOptionsAvailable;
        if is_reported {
            self.note_remaining(&report.scale_up, cluster);
        }
        for started in &report.started {
            let inputs = format!("{};pods_to_move={}", self.node_inputs(started.node, now), started.pods.len());
            self.kept.remove(&started.node);
            let (group, target) = (self.group_name(started.group, cluster), node_target(&started.name));
            cluster.note_decision(AutoscalerDecision { inputs: inputs.into(), ..decision("ScaleDown", group, target) });
        }
        for (node, name, result) in &report.finished {
            let (group, target) = (self.group_of(*node, cluster), node_target(name));
            let inputs = format!("result={}", result.as_str()).into();
            cluster.note_decision(AutoscalerDecision { inputs, ..decision("ScaleDownFinished", group, target) });
        }
        self.note_kept(report, cluster, now);
    }

    /// Says of each node why it stays, once for each reason.
    fn note_kept(&mut self, report: &LoopReport, cluster: &mut Cluster, now: SimTime) {
        let started = |node: NodeId| report.started.iter().any(|started| started.node == node);
        let waiting = report.cooldown.map_or("max-scale-down-parallelism", |cooldown| cooldown.as_str());
        let mut found: BTreeMap<NodeId, Kept> = BTreeMap::new();
        for (node, why) in &report.unremovable {
            match why.reason {
                // What was found before still holds.
                UnremovableReason::RecentlyUnremovable => {
                    found.extend(self.kept.get_key_value(node).map(|(node, known)| (*node, known.clone())));
                }
                UnremovableReason::CurrentlyBeingDeleted => {}
                reason => _ = found.insert(*node, (reason.as_str(), why.blocking.clone())),
            }
        }
        for (node, _) in self.autoscaler.unneeded().filter(|(node, _)| !started(*node)) {
            found.entry(node).or_insert((waiting, None));
        }
        for group in &self.groups {
            let group = cluster.node_group(*group);
            if group.bounds.is_some_and(|bounds| group.target <= bounds.min) {
                let nodes = group.instances.iter().filter_map(|instance| cluster.instance(*instance).node);
                let stay = |node: &NodeId| !taints::is_to_be_deleted(&cluster.node(*node).object);
                for node in nodes.filter(stay) {
                    found.entry(node).or_insert((UnremovableReason::NodeGroupMinSizeReached.as_str(), None));
                }
            }
        }
        for (node, kept) in &found {
            if self.kept.get(node) == Some(kept) {
                continue;
            }
            let target = node_target(&cluster.node(*node).object.meta.name);
            let mut inputs = self.node_inputs(*node, now);
            if let Some(BlockingPod { namespace, name, reason }) = &kept.1 {
                let _ = write!(inputs, ";pod={namespace}/{name};pod_reason={}", reason.as_str());
            }
            let options = &self.settings.options;
            let _ = match (report.cooldown, kept.0) {
                (_, "NotUnderutilized") => {
                    let threshold = options.group.scale_down_utilization_threshold;
                    write!(inputs, ";utilization_threshold={threshold}")
                }
                (Some(cooldown @ Cooldown::AfterAdd), rule) if rule == cooldown.as_str() => {
                    write!(inputs, ";delay_seconds={}", options.scale_down_delay_after_add.as_secs_f64())
                }
                (Some(cooldown @ Cooldown::AfterDelete), rule) if rule == cooldown.as_str() => {
                    write!(inputs, ";delay_seconds={}", options.scale_down_delay_after_delete.as_secs_f64())
                }
                _ => Ok(()),
            };
            let group = self.group_of(*node, cluster);
            if kept.0 == UnremovableReason::NodeGroupMinSizeReached.as_str()
                && let Some(group) = cluster.node_groups().map(|(_, known)| known).find(|known| known.name == group)
                && let Some(bounds) = group.bounds
            {
                let _ = write!(inputs, ";size={};min={}", group.target, bounds.min);
            }
            let inputs = inputs.trim_start_matches(';');
            cluster.note_decision(AutoscalerDecision {
                inputs: inputs.into(),
                limited_by: kept.0.into(),
                ..decision("Keep", group, target)
            });
        }
        self.kept = found;
    }

    /// The numbers of a node that decide about its removal.
    fn node_inputs(&self, node: NodeId, now: SimTime) -> String {
        let mut parts = Vec::new();
        if let Some(used) = self.autoscaler.utilization(node) {
            parts.push(format!("utilization={:.4};resource={}", used.value(), used.resource()));
        }
        if let Some((_, unneeded)) = self.autoscaler.unneeded().find(|(id, _)| *id == node) {
            let (since, threshold) = (now - unneeded.since, unneeded.threshold);
            let (since, threshold) = (since.as_secs_f64(), threshold.as_secs_f64());
            parts.push(format!("unneeded_seconds={since};unneeded_seconds_wanted={threshold}"));
        }
        parts.join(";")
    }

    fn group_of(&self, node: NodeId, cluster: &Cluster) -> Name {
        let pool = cluster.node(node).pool;
        let group = pool.and_then(|pool| self.groups.iter().find(|id| id.index() == pool as usize));
        group.map(|group| cluster.node_group(*group).name.clone()).unwrap_or_default()
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

    fn decide_scale_up(&self, status: &ScaleUpStatus, cluster: &mut Cluster) {
        let options: Vec<String> = status
            .options
            .iter()
            .map(|(id, nodes, pods)| format!("{}:{nodes}n/{pods}p", self.group_name(*id, cluster)))
            .collect();
        let inputs = format!("pods={};options={}", status.triggered.len(), options.join(","));
        let wanted = status.chosen.and_then(|id| status.options.iter().find(|(group, ..)| *group == id));
        let grown: i64 = status.increases.iter().map(|info| info.new_size - info.current_size).sum();
        let is_cut = wanted.is_some_and(|(_, nodes, _)| i64::try_from(*nodes).unwrap_or(i64::MAX) > grown);
        let helped = status.triggered.len() + status.remaining.len();
        let is_full = |info: &ScaleUpInfo| info.new_size >= info.max_size && helped < status.helpless;
        for info in &status.increases {
            let group = self.group_name(info.group, cluster);
            cluster.note_decision(AutoscalerDecision {
                inputs: inputs.as_str().into(),
                limited_by: if is_cut || is_full(info) { "max-size".into() } else { Name::default() },
                sizes: Some((info.current_size, info.new_size)),
                ..decision("ScaleUp", group, Name::default())
            });
        }
        if let Some((group, error)) = &status.rejected {
            let group = self.group_name(*group, cluster);
            cluster.note_decision(AutoscalerDecision {
                inputs: inputs.into(),
                limited_by: error.as_str().into(),
                ..decision("ScaleUpFailed", group, Name::default())
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
            let target = format!("Pod/{}/{}", pod.namespace, pod.name).into();
            cluster.note_decision(AutoscalerDecision {
                inputs: refusals.join(",").into(),
                limited_by: reasons(status, remaining).into(),
                ..decision("NoScaleUp", Name::default(), target)
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

fn node_target(name: &Name) -> Name {
    format!("Node/{name}").into()
}

/// A decision without numbers.
fn decision(decision: &'static str, group: Name, target: Name) -> AutoscalerDecision {
    AutoscalerDecision {
        autoscaler: SOURCE,
        namespace: Name::default(),
        name: group,
        target,
        decision,
        inputs: Name::default(),
        limited_by: Name::default(),
        sizes: None,
    }
}

fn emit_pod(cluster: &mut Cluster, pod: PodId, reason: &'static str, message: String) {
    let object = EventObject::Pod(pod);
    cluster.emit(ApiEvent { severity: Severity::Normal, reason, source: SOURCE, object, message: message.into() });
}
