//! What a loop did, in the form of the recording, and how it differs from it.

use super::super::Difference;
use super::cluster::ScriptedCluster;
use crate::api::Name;
use crate::autoscaler::cluster_autoscaler::environment::{Environment, GroupId};
use crate::autoscaler::cluster_autoscaler::report::LoopReport;
use crate::autoscaler::cluster_autoscaler::{ClusterAutoscaler, ScaleUpResult, ScaleUpStatus, taints};
use crate::cluster::NodeId;
use crate::units::{SimDuration, SimTime};
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;

const SCAN_SECONDS: i64 = 10;

/// Remembers what is recorded only when it changed.
#[derive(Debug, Default)]
pub struct Observer {
    readiness: BTreeMap<Name, Value>,
}

fn seconds(span: SimDuration) -> Value {
    let whole = span.whole_seconds();
    if SimDuration::from_secs(whole) == span { json!(whole) } else { json!(span.as_secs_f64()) }
}

fn at(time: SimTime) -> Value {
    seconds(time.since_start())
}

/// A number as Go writes it: without a point where it is whole.
#[expect(clippy::float_cmp, clippy::cast_possible_truncation, reason = "whole numbers below 2^53")]
fn number(value: f64) -> Value {
    if value == value.trunc() {
        json!(value as i64)
    } else {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Value) {
    let is_empty = match &value {
        Value::Array(list) => list.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(_) => false,
    };
    if !is_empty {
        map.insert(key.to_owned(), value);
    }
}

impl Observer {
    /// What is known at the end of a loop.
    pub fn after_loop(
        &mut self,
        step: usize,
        cluster: &ScriptedCluster<'_>,
        autoscaler: &ClusterAutoscaler,
        report: &LoopReport,
        now: SimTime,
    ) -> Map<String, Value> {
        let groups = cluster.groups();
        let group = |id: GroupId| groups.get(id.index()).map(|group| group.name.clone()).unwrap_or_default();
        let name = |id: NodeId| cluster.node_name(id);
        let mut map = Map::new();
        map.insert("k".to_owned(), json!(step));
        put(&mut map, "registered", json!(cluster.log.registered));
        put(&mut map, "bound", json!(cluster.log.bound));
        let mut pending: Vec<_> = cluster.pending().map(|pod| &pod.info).collect();
        pending.sort_by_key(|pod| std::cmp::Reverse(pod.priority()));
        put(&mut map, "pending", json!(pending.iter().map(|pod| &pod.name).collect::<Vec<_>>()));
        scale_up(&mut map, report, &group);
        put(&mut map, "increase", json!(cluster.log.increases));
        put(&mut map, "increaseRejected", json!(cluster.log.rejected));
        let reverted = report
            .reverted
            .iter()
            .map(|(id, delta, agreed)| json!([group(*id), if *agreed { json!(-delta) } else { json!("refused") }]));
        put(&mut map, "decreaseTarget", Value::Array(reverted.collect()));
        put(&mut map, "scaleDownResult", json!(report.scale_down.as_str()));
        let mut unneeded = Map::new();
        let mut not_empty = Vec::new();
        for (id, node) in autoscaler.unneeded() {
            let since = node.since.since_start().whole_seconds() / SCAN_SECONDS;
            unneeded.insert(name(id).to_string(), json!(since));
            if !node.removal.moving.is_empty() {
                not_empty.push(name(id));
            }
        }
        put(&mut map, "unneeded", Value::Object(unneeded));
        put(&mut map, "unneededNotEmpty", json!(not_empty));
        let unremovable = report.unremovable.iter().map(|(id, unremovable)| {
            let reason = unremovable.reason.as_str();
            let text = match &unremovable.blocking {
                Some(pod) => format!("{reason}:{}:{}", pod.reason.as_str(), pod.name),
                None => reason.to_owned(),
            };
            (name(*id).to_string(), json!(text))
        });
        put(&mut map, "unremovable", Value::Object(unremovable.collect()));
        let mut by_name: Vec<_> = report.started.iter().collect();
        by_name.sort_by(|left, right| left.name.cmp(&right.name));
        let started = by_name.into_iter().map(|started| {
            let pods: Vec<Name> =
                started.pods.iter().filter_map(|id| Some(cluster.pods.get(id.index())?.info.name.clone())).collect();
            json!([started.name, number(started.utilization.value()), pods])
        });
        put(&mut map, "deletionStarted", Value::Array(started.collect()));
        let finished = report.finished.iter().map(|(_, name, result)| (name.to_string(), json!(result.as_str())));
        put(&mut map, "deletionFinished", Value::Object(finished.collect()));
        put(&mut map, "softTaints", json!(cluster.nodes_with(taints::is_deletion_candidate)));
        put(&mut map, "toBeDeleted", json!(cluster.nodes_with(taints::is_to_be_deleted)));
        map.insert("target".to_owned(), json!(cluster.targets()));
        let upcoming = report.upcoming.iter().map(|(id, count)| (group(*id).to_string(), json!(count)));
        put(&mut map, "upcoming", Value::Object(upcoming.collect()));
        self.beliefs(&mut map, autoscaler, report, &groups, now);
        map
    }

    fn beliefs(
        &mut self,
        map: &mut Map<String, Value>,
        autoscaler: &ClusterAutoscaler,
        report: &LoopReport,
        groups: &[crate::autoscaler::cluster_autoscaler::environment::NodeGroup],
        now: SimTime,
    ) {
        let state = autoscaler.state();
        let (mut readiness, mut backoff, mut unhealthy) = (Map::new(), Map::new(), Vec::new());
        for (index, group) in groups.iter().enumerate() {
            let id = GroupId::from_index(index);
            let found = state.readiness_of(id).cloned().unwrap_or_default();
            let counts = json!([
                found.ready,
                found.unready,
                found.not_started.len(),
                found.deleted,
                found.unregistered,
                found.long_unregistered.len()
            ]);
            let known = self.readiness.insert(group.name.clone(), counts.clone());
            if known.as_ref() != Some(&counts) {
                readiness.insert(group.name.to_string(), counts);
            }
            if let Some(info) = state.backoff_of(id, now) {
                let value = json!([at(info.until), seconds(info.duration), info.code]);
                backoff.insert(group.name.to_string(), value);
            }
            if !state.is_group_healthy(id, autoscaler.options()) {
                unhealthy.push(group.name.clone());
            }
        }
        put(map, "readiness", Value::Object(readiness));
        put(map, "unhealthyGroups", json!(unhealthy));
        put(map, "clusterUnhealthy", json!(report.cluster_unhealthy));
        put(map, "backoff", Value::Object(backoff));
    }

    /// What happened until the next loop.
    pub fn until_next(cluster: &ScriptedCluster<'_>, map: &mut Map<String, Value>) {
        let mut evicted = cluster.log.evicted.clone();
        evicted.sort();
        let evicted = evicted.iter().map(|(time, pod, node)| json!([at(*time), pod, node]));
        put(map, "evicted", Value::Array(evicted.collect()));
        let mut refused = cluster.log.refused.clone();
        refused.sort();
        put(map, "evictionRefused", Value::Array(refused.iter().map(|(time, pod)| json!([at(*time), pod])).collect()));
        let mut deleted = cluster.log.deleted.clone();
        deleted.sort();
        put(map, "cloudDeleted", Value::Array(deleted.iter().map(|(time, node)| json!([at(*time), node])).collect()));
    }
}

fn scale_up(map: &mut Map<String, Value>, report: &LoopReport, group: &impl Fn(GroupId) -> Name) {
    let ordinary = &report.scale_up;
    let was_tried = |status: &ScaleUpStatus| {
        matches!(status.result, ScaleUpResult::Successful | ScaleUpResult::Error | ScaleUpResult::NoOptionsAvailable)
    };
    // A step that was not tried is not reported where the one for minimum sizes follows.
    let min_size = report.min_size.as_ref();
    let counts = min_size.filter(|status| status.result != ScaleUpResult::NotNeeded || !was_tried(ordinary));
    let result = counts.map_or(ordinary.result, |status| status.result);
    put(map, "scaleUpResult", json!(result.as_str()));
    put(map, "minSizeScaleUp", json!(counts.is_some() && was_tried(ordinary)));
    if min_size.is_some() && !was_tried(ordinary) {
        return;
    }
    let options = ordinary.options.iter().map(|(id, nodes, pods)| json!([group(*id), nodes, pods]));
    put(map, "expanderOptions", Value::Array(options.collect()));
    put(map, "chosen", ordinary.chosen.map_or(Value::Null, |id| json!(group(id))));
    put(map, "podsTriggered", json!(ordinary.triggered.len()));
    put(map, "podsRemain", json!(ordinary.remaining.iter().map(|pod| &pod.pod.name).collect::<Vec<_>>()));
    if !ordinary.remaining.is_empty() {
        let skipped = ordinary.skipped.iter().map(|(id, reason)| (group(*id).to_string(), json!(reason)));
        put(map, "skippedGroups", Value::Object(skipped.collect()));
    }
}

/// Notes every field that differs.
pub fn compare(
    step: usize,
    expected: &Map<String, Value>,
    observed: &Map<String, Value>,
    differences: &mut Vec<Difference>,
) {
    let keys: std::collections::BTreeSet<&String> = expected.keys().chain(observed.keys()).collect();
    for key in keys {
        let [expected, actual] = [expected.get(key), observed.get(key)];
        let is_equal = match (expected, actual) {
            (Some(expected), Some(actual)) => are_equal(expected, actual),
            _ => false,
        };
        if !is_equal {
            let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            differences.push(Difference {
                field: format!("loop {step}: {key}"),
                expected: text(expected),
                actual: text(actual),
            });
        }
    }
}

/// Whether two values are equal, whatever the order of the keys. The reader of JSON may be wrong in the last digit of a
/// number.
fn are_equal(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            let is_same = |(key, value): (&String, &Value)| right.get(key).is_some_and(|other| are_equal(value, other));
            left.len() == right.len() && left.iter().all(is_same)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| are_equal(left, right))
        }
        (Value::Number(left), Value::Number(right)) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => super::super::ca::are_close(left, right),
            _ => left == right,
        },
        _ => expected == actual,
    }
}
