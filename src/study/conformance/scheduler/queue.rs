//! The scheduling queue under a virtual clock, in a closed loop with filters and scores.

use super::case::{Case, Cluster, Operation};
use crate::api::KubernetesVersion;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{
    ClusterEvent, Decision, HintContext, Place, PluginSet, PodInfo, SchedulingQueue, Scratch, SearchState, TieBreak,
    node_update_events, pod_changes, schedule,
};
use crate::units::{SimDuration, SimTime};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Outcome {
    Placed(NodeId),
    Rejected(PluginSet),
    Failed,
}

/// The state of one replay.
struct Replay {
    cluster: Cluster,
    queue: SchedulingQueue,
    /// Pods that exist, by name.
    pods: BTreeMap<String, Arc<PodInfo>>,
    held: Option<(PodId, String, Outcome)>,
    now: SimTime,
    search: SearchState,
    scratch: Scratch,
}

/// Replays one case; gives the result in the recording's form.
pub fn replay(case: &Case, version: KubernetesVersion) -> Result<Value, String> {
    let cluster = Cluster::new(case, version, 0)?;
    let mut replay = Replay {
        queue: SchedulingQueue::new(&cluster.config),
        cluster,
        pods: BTreeMap::new(),
        held: None,
        now: SimTime::ZERO,
        search: SearchState::default(),
        scratch: Scratch::default(),
    };
    let mut steps = Vec::with_capacity(case.ops.len());
    for operation in &case.ops {
        steps.push(replay.step(operation)?);
    }
    Ok(json!({"id": case.id, "steps": steps}))
}

/// A hint context of the replay; a macro, since it borrows fields beside those that the queue's methods change.
macro_rules! hints {
    ($replay:expr) => {
        &HintContext {
            listers: $replay.cluster.view.listers(),
            profiles: std::slice::from_ref(&$replay.cluster.profile),
        }
    };
}

impl Replay {
    fn step(&mut self, operation: &Operation) -> Result<Value, String> {
        let mut step = Map::new();
        let millis = if operation.op == "advance" { operation.ms } else { 1 };
        self.advance(SimDuration::from_millis(millis), &mut step);
        let before = self.places();
        match operation.op.as_str() {
            "advance" => {}
            "addNode" | "updateNode" => self.put_node(operation)?,
            "deleteNode" => self.delete_node(operation.name.as_deref().unwrap_or_default()),
            "addPod" => {
                let pod = operation.pod.as_ref().ok_or("operation without a pod")?;
                let info = self.cluster.pod_info(pod)?;
                self.pods.insert(info.name.to_string(), Arc::clone(&info));
                self.queue.add(info, self.now);
            }
            "updatePod" => self.update_pod(operation)?,
            "deletePod" => self.delete_pod(operation.name.as_deref().unwrap_or_default()),
            "activate" => {
                if let Some(pod) = self.pods.get(operation.name.as_deref().unwrap_or_default()) {
                    self.queue.activate(pod.id);
                }
            }
            "pop" => self.pop(operation, &mut step),
            "finish" => {
                if let Some((id, name, outcome)) = self.held.take() {
                    self.finish(id, &name, outcome, &mut step);
                }
            }
            unknown => return Err(format!("unknown operation `{unknown}`")),
        }
        let moves = moves(&before, &self.places());
        if !moves.is_empty() {
            step.insert("moves".into(), Value::Object(moves));
        }
        step.insert("t".into(), json!(millis_of(self.now)));
        Ok(Value::Object(step))
    }

    /// Moves the clock; runs the timers that are due on the way.
    fn advance(&mut self, span: SimDuration, step: &mut Map<String, Value>) {
        let target = self.now + span;
        let mut flushes = Vec::new();
        while let Some(wakeup) = self.queue.next_wakeup(self.now).filter(|wakeup| *wakeup <= target) {
            self.now = wakeup;
            let before = self.places();
            self.queue.flush(wakeup);
            let moves = moves(&before, &self.places());
            if !moves.is_empty() {
                flushes.push(json!({"t": millis_of(wakeup), "moves": moves}));
            }
        }
        self.now = target;
        if !flushes.is_empty() {
            step.insert("flushes".into(), Value::Array(flushes));
        }
    }

    /// Where every pod of the queue is.
    fn places(&self) -> BTreeMap<String, &'static str> {
        let place = |id: PodId| {
            Some(match self.queue.place(id)? {
                Place::Active => "active",
                Place::Backoff | Place::ErrorBackoff => "backoff",
                Place::Unschedulable => "unschedulable",
                Place::Gated => "gated",
                Place::InFlight => "inflight",
            })
        };
        // A pod that was deleted during its attempt stays in flight until the attempt ends.
        let held = self.held.iter().map(|(id, name, _)| (name, *id));
        let pods = self.pods.iter().map(|(name, pod)| (name, pod.id)).chain(held);
        pods.filter_map(|(name, id)| Some((name.clone(), place(id)?))).collect()
    }

    fn offer(&mut self, event: &ClusterEvent) {
        self.queue.on_event(event, hints!(self), self.now);
    }

    fn put_node(&mut self, operation: &Operation) -> Result<(), String> {
        let node = operation.node.as_ref().ok_or("operation without a node")?;
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let id = self.cluster.view.snapshot().node_by_name(name);
        let old = id.and_then(|id| self.cluster.view.snapshot().node(id)).map(|info| Arc::clone(info.node_arc()));
        let id = self.cluster.add_node(node)?;
        let Some(new) = self.cluster.view.snapshot().node(id).map(|info| Arc::clone(info.node_arc())) else {
            return Ok(());
        };
        match old {
            None => self.offer(&ClusterEvent::NodeAdd(new)),
            Some(old) => {
                for event in node_update_events(&old, &new) {
                    self.offer(&event);
                }
            }
        }
        Ok(())
    }

    fn delete_node(&mut self, name: &str) {
        let Some(id) = self.cluster.view.snapshot().node_by_name(name) else { return };
        let Some(node) = self.cluster.view.snapshot().node(id).map(|info| Arc::clone(info.node_arc())) else { return };
        self.cluster.view.remove_node(id);
        self.offer(&ClusterEvent::NodeDelete(node));
    }

    fn update_pod(&mut self, operation: &Operation) -> Result<(), String> {
        let pod = operation.pod.as_ref().ok_or("operation without a pod")?;
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let Some(old) = self.pods.get(name).cloned() else { return Ok(()) };
        let new = self.cluster.pod_info(pod)?;
        self.pods.insert(name.to_owned(), Arc::clone(&new));
        let changes = pod_changes(&old, &new);
        if self.cluster.view.snapshot().node_of_pod(old.id).is_some() {
            self.cluster.view.update_pod(&new);
            for change in changes {
                let (old, new) = (Arc::clone(&old), Arc::clone(&new));
                self.offer(&ClusterEvent::AssignedPodUpdate { old, new, change });
            }
        } else {
            let event =
                |change| ClusterEvent::PendingPodUpdate { old: Arc::clone(&old), new: Arc::clone(&new), change };
            let events: Vec<ClusterEvent> = changes.into_iter().map(event).collect();
            self.queue.update(new, &events, hints!(self), self.now);
        }
        Ok(())
    }

    fn delete_pod(&mut self, name: &str) {
        let Some(pod) = self.pods.get(name).cloned() else { return };
        if self.cluster.view.remove_pod(pod.id).is_some() {
            self.offer(&ClusterEvent::AssignedPodDelete(Arc::clone(&pod)));
        } else if self.held.as_ref().is_none_or(|(id, ..)| *id != pod.id) {
            self.queue.delete(pod.id);
        }
        self.pods.remove(name);
    }

    fn pop(&mut self, operation: &Operation, step: &mut Map<String, Value>) {
        let popped = if self.held.is_some() { None } else { self.queue.pop() };
        let Some(popped) = popped else {
            step.insert("empty".into(), json!(true));
            return;
        };
        let name = popped.pod.name.to_string();
        step.insert("popped".into(), json!(name));
        step.insert("attempts".into(), json!(popped.attempts));
        let outcome = if operation.error { Outcome::Failed } else { self.attempt(&popped.pod) };
        if operation.hold {
            self.held = Some((popped.pod.id, name, outcome));
        } else {
            self.finish(popped.pod.id, &name, outcome, step);
        }
    }

    fn attempt(&mut self, pod: &PodInfo) -> Outcome {
        self.cluster.view.refresh();
        let context = self.cluster.context();
        match schedule(&context, pod, &mut self.search, TieBreak::First, &mut self.scratch) {
            Decision::Placed(placement) => Outcome::Placed(placement.node),
            Decision::Unschedulable(diagnosis) => Outcome::Rejected(diagnosis.plugins),
            Decision::NoNodes => Outcome::Failed,
        }
    }

    /// Delivers the outcome of an attempt.
    fn finish(&mut self, id: PodId, name: &str, outcome: Outcome, step: &mut Map<String, Value>) {
        step.insert("popped".into(), json!(name));
        match outcome {
            Outcome::Placed(_) => {}
            Outcome::Rejected(plugins) => {
                let mut names: Vec<&str> = plugins.iter().map(crate::scheduler::Plugin::name).collect();
                names.sort_unstable();
                step.insert("plugins".into(), json!(names));
            }
            Outcome::Failed => {
                step.insert("error".into(), json!(true));
            }
        }
        let Some(pod) = self.pods.get(name).filter(|pod| pod.id == id).cloned() else {
            self.queue.delete(id);
            return;
        };
        match outcome {
            Outcome::Placed(node) => {
                step.insert("node".into(), json!(self.cluster.node_name(node)));
                self.queue.done(id);
                self.cluster.view.add_pod(Arc::clone(&pod), node);
                self.offer(&ClusterEvent::AssignedPodAdd(pod));
            }
            Outcome::Rejected(plugins) => self.queue.reject(id, plugins, hints!(self), self.now),
            Outcome::Failed => self.queue.fail(id, self.now),
        }
        if let Some(until) = self.queue.backoff_until(id) {
            step.insert("backoffUntil".into(), json!(millis_of(until)));
        }
    }
}

fn millis_of(instant: SimTime) -> i64 {
    instant.as_nanos() / 1_000_000
}

/// Which pods are elsewhere now; `-` has left the queue.
fn moves(before: &BTreeMap<String, &'static str>, after: &BTreeMap<String, &'static str>) -> Map<String, Value> {
    let mut moves = Map::new();
    for (name, place) in after {
        if before.get(name) != Some(place) {
            moves.insert(name.clone(), json!(place));
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        moves.insert(name.clone(), json!("-"));
    }
    moves
}
