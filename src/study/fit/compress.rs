//! Which nodes could go with every pod still placed.
//!
//! Nodes are tried one after the other, the least used first, as the cluster autoscaler and most operators do it. A node
//! goes only if its pods may be evicted and the scheduler places each of them on the nodes that are left. Evictions
//! follow each other: a replacement is ready before the next pod is evicted, so that a budget blocks a node only if it
//! allows no eviction at all. Greedy: another order may free more nodes.

use super::budgets::Budgets;
use super::drain::{Blocked, EvictionRules, drain};
use super::placer::Placer;
use super::prepare::Study;
use crate::api::Node;
use crate::cluster::{NodeId, PodId};
use crate::report::fit::{CompressReport, DroppedNode, FIT_FORMAT_VERSION, KeptNode, Move};
use crate::scheduler::{NodeInfo, PodInfo, Snapshot};
use crate::study::cluster_view::ClusterView;
use std::sync::Arc;

/// Which nodes of the study's cluster could go.
#[must_use]
pub fn compress(study: &Study, rules: EvictionRules) -> CompressReport {
    let view = &study.view;
    let mut compression = Compression {
        study,
        rules,
        budgets: Budgets::new(&study.objects, view),
        placer: Placer::new(view.scheduler.clone(), &study.profiles),
    };
    let mut remaining: Vec<NodeId> = (0..view.nodes.len()).map(NodeId::from_index).collect();
    let mut dropped = Vec::new();
    let mut kept: Vec<(NodeId, Blocked)> = Vec::new();
    // A node that stayed is tried again after others went: what moved may have made room for what its pods ask for.
    loop {
        let before = dropped.len();
        kept.clear();
        let mut untried = remaining.clone();
        while let Some(id) = compression.take_least_used(&mut untried) {
            match compression.try_drop(id) {
                Ok(node) => {
                    dropped.push(node);
                    remaining.retain(|node| *node != id);
                }
                Err(blocked) => kept.push((id, blocked)),
            }
        }
        if dropped.len() == before {
            break;
        }
    }
    let snapshot = compression.placer.view.snapshot();
    let kept: Vec<KeptNode> = kept
        .into_iter()
        .map(|(id, blocked)| KeptNode {
            node: view.node_name(id).to_owned(),
            zone: zone(view.nodes.get(id.index()).map(|node| &**node)),
            utilization_ratio: utilization(snapshot, id),
            blocked_by: blocked.by,
            pod: blocked.pod,
            reason: blocked.reason,
            detail: blocked.detail,
        })
        .collect();
    let evictions: usize = dropped.iter().map(|node: &DroppedNode| node.moves.len()).sum();
    let (count, nodes) = (dropped.len(), view.nodes.len());
    let evicted = match evictions {
        0 => "no pod moves".to_owned(),
        1 => "1 pod moves".to_owned(),
        more => format!("{more} pods move"),
    };
    let of = if nodes == 1 { "node" } else { "nodes" };
    let answer = match count {
        0 => format!("none of {nodes} {of} can go"),
        count => format!("{count} of {nodes} {of} can go; {evicted}"),
    };
    CompressReport {
        format_version: FIT_FORMAT_VERSION,
        question: "compress",
        answer,
        kubernetes_version: view.version.as_str().to_owned(),
        nodes,
        droppable: count,
        evictions,
        dropped,
        kept,
        notes: study.notes.clone(),
    }
}

/// A cluster that gets smaller.
struct Compression<'a> {
    study: &'a Study,
    rules: EvictionRules,
    budgets: Budgets,
    placer: Placer<'a>,
}

impl Compression<'_> {
    /// Takes the node with the lowest utilization as it is now, among equals the first.
    fn take_least_used(&self, nodes: &mut Vec<NodeId>) -> Option<NodeId> {
        let snapshot = self.placer.view.snapshot();
        let used = nodes.iter().enumerate().map(|(position, id)| (position, utilization(snapshot, *id)));
        let (position, _) = used.min_by(|(_, left), (_, right)| left.total_cmp(right))?;
        Some(nodes.remove(position))
    }

    /// Drops a node and places its pods elsewhere, or leaves all as it was.
    fn try_drop(&mut self, id: NodeId) -> Result<DroppedNode, Blocked> {
        let view = &self.study.view;
        let none = || Blocked::node("last-node", "last node", "it is the last node");
        let Some(info) = self.placer.view.snapshot().node(id).cloned() else { return Err(none()) };
        let plan = drain(view, &info, self.rules, &self.budgets)?;
        if self.placer.view.snapshot().len() <= 1 {
            return Err(none());
        }
        let utilization_ratio = utilization(self.placer.view.snapshot(), id);
        let moves: Result<Vec<Move>, Blocked> = self.placer.try_out(|placer| {
            for pod in plan.ending.iter().chain(&plan.moving) {
                placer.view.remove_pod(*pod);
            }
            placer.view.remove_node(id);
            plan.moving.iter().map(|pod| move_pod(placer, view, *pod, &info)).collect()
        });
        let moves = moves?;
        plan.moving.iter().for_each(|pod| self.budgets.replaced(*pod));
        Ok(DroppedNode {
            node: view.node_name(id).to_owned(),
            zone: zone(Some(info.node())),
            utilization_ratio,
            moves,
            ends_with_node: plan.ending.len(),
        })
    }
}

/// Places the replacement of a pod that was on `from`.
fn move_pod(placer: &mut Placer<'_>, view: &ClusterView, id: PodId, from: &NodeInfo) -> Result<Move, Blocked> {
    let Some(pod) = from.pods().iter().find(|pod| pod.id == id) else {
        return Err(Blocked::node("no-place", "unknown pod", "one of its pods is not known"));
    };
    let name = format!("{}/{}", pod.namespace, pod.name);
    let replacement = replacement(pod);
    match placer.place(Arc::clone(&replacement)) {
        Ok(node) => Ok(Move { pod: name, to: view.node_name(node).to_owned() }),
        Err(rejection) => {
            let why = rejection.in_short(placer.view.snapshot(), &replacement, view.version);
            let (reason, detail) = (format!("no place for {name}"), format!("{name} finds no other place: {why}"));
            Err(Blocked { by: "no-place", pod: Some(name), reason, detail })
        }
    }
}

/// The pod that a controller creates in place of one that was evicted: of the same spec, on no node yet.
fn replacement(pod: &PodInfo) -> Arc<PodInfo> {
    Arc::new(PodInfo {
        resized: None,
        node_name: None,
        nominated_node_name: None,
        start_time: None,
        terminating: false,
        preempted_by_scheduler: false,
        ..pod.clone()
    })
}

/// The larger of the requested shares of cpu and memory.
fn utilization(snapshot: &Snapshot, id: NodeId) -> f64 {
    let Some(node) = snapshot.node(id) else { return 0.0 };
    let share = |requested: f64, allocatable: f64| if allocatable > 0.0 { requested / allocatable } else { 0.0 };
    let cpu = share(node.requested().cpu.as_f64(), node.allocatable().cpu.as_f64());
    let memory = share(node.requested().memory.as_f64(), node.allocatable().memory.as_f64());
    // Ten thousandths are plenty, and read the same in every program.
    (cpu.max(memory) * 10_000.0).round() / 10_000.0
}

fn zone(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::zone).map(ToString::to_string)
}
