//! What-if questions: a fork of a view is changed at will, and then either kept or taken back.

use super::View;
use super::change_log::ChangeLog;
use super::journal::{ForkPoint, Undo};
use super::lister_change::ListerChange;
use super::node_info::NodeInfo;
use super::snapshot::Snapshot;
use crate::cluster::NodeId;
use std::sync::Arc;

impl View {
    /// Begins a fork: everything that changes from now on is taken back by [`revert`](Self::revert) or kept by
    /// [`commit`](Self::commit). A fork may be forked again. It costs nothing by itself; what it costs later follows what
    /// changes in it.
    pub fn fork(&mut self) {
        self.snapshot.fork();
        self.forks.push(super::Fork::default());
    }

    /// Keeps what changed since the innermost [`fork`](Self::fork), which ends; a fork around it may still take it back.
    /// Without a fork nothing happens.
    pub fn commit(&mut self) {
        let Some(fork) = self.forks.pop() else { return };
        self.snapshot.commit();
        if let Some(around) = self.forks.last_mut() {
            around.listers.extend(fork.listers);
            around.nominations.extend(fork.nominations);
        }
    }

    /// Takes back everything that changed since the innermost [`fork`](Self::fork), which ends. Without a fork nothing
    /// happens.
    pub fn revert(&mut self) {
        let Some(fork) = self.forks.pop() else { return };
        self.snapshot.revert();
        for change in fork.listers.into_iter().rev() {
            self.listers.apply(change);
        }
        for (node, pods) in fork.nominations.into_iter().rev() {
            self.nominator.restore(node, pods);
        }
    }

    /// Notes what undoes a change of the listers.
    pub(super) fn note_listers(&mut self, undo: ListerChange) {
        if let Some(fork) = self.forks.last_mut() {
            fork.listers.push(undo);
        }
    }

    /// Keeps the pods that are nominated to a node as they are before a change.
    pub(super) fn keep_nominations(&mut self, node: NodeId) {
        if let Some(fork) = self.forks.last_mut() {
            fork.nominations.push((node, self.nominator.pods_on(node).to_vec()));
        }
    }
}

impl Snapshot {
    fn fork(&mut self) {
        let journal = self.journal.get_or_insert_default();
        journal.forks.push(ForkPoint {
            noted: journal.changes.len(),
            version: self.version,
            dirty: self.dirty.clone(),
            order_is_stale: self.order_is_stale,
        });
    }

    fn commit(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        journal.forks.pop();
        if journal.forks.is_empty() {
            self.journal = None;
        }
    }

    fn revert(&mut self) {
        // Without the journal nothing is noted of what follows.
        let Some(mut journal) = self.journal.take() else { return };
        let Some(point) = journal.forks.pop() else { return };
        for undo in journal.changes.drain(point.noted..).rev() {
            self.undo(undo);
        }
        self.dirty = point.dirty;
        self.order_is_stale = point.order_is_stale;
        if !journal.forks.is_empty() {
            self.journal = Some(journal);
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Node(id, before) => self.restore_node(id, before),
            Undo::Name(name, None) => _ = self.by_name.remove(&name),
            Undo::Name(name, Some(id)) => _ = self.by_name.insert(name, id),
            Undo::ZoneEntered(id) => {
                self.zones.undo_insert(id);
                self.order_generation += 1;
            }
            Undo::ZoneLeft(id, place) => {
                self.zones.undo_remove(id, place);
                self.order_generation += 1;
            }
            Undo::Order(order) => {
                self.order = order;
                self.order_generation += 1;
            }
            Undo::Image(image, state) => self.images.restore(image, state),
        }
    }

    /// Puts the entry of a node back. The versions of its states stay as they are: each stands for one state for ever.
    fn restore_node(&mut self, id: NodeId, before: Option<Arc<NodeInfo>>) {
        let Some(slot) = self.nodes.get_mut(id.index()) else { return };
        let after = std::mem::replace(slot, before);
        let before = slot.clone();
        if let Some(log) = &mut self.log {
            log_difference(log, id, after.as_deref(), before.as_deref());
        }
        for pod in after.iter().flat_map(|node| node.pods()) {
            // A pod that has its place back already is elsewhere.
            if let Some(placement) = self.placements.get_mut(pod.id.index()).filter(|node| **node == Some(id)) {
                *placement = None;
            }
            self.uncount(pod);
        }
        for pod in before.iter().flat_map(|node| node.pods()) {
            self.placements[pod.id.index()] = Some(id);
            self.count(pod);
        }
    }
}

/// Logs what turns one state of a node into another. That a node comes or goes is told by the generation of the order.
fn log_difference(log: &mut ChangeLog, id: NodeId, from: Option<&NodeInfo>, to: Option<&NodeInfo>) {
    for (node, amount) in [(from, -1), (to, 1)] {
        for pod in node.map(NodeInfo::pods).unwrap_or_default() {
            log.pod(id, pod, amount);
        }
    }
    if let (Some(from), Some(to)) = (from, to)
        && !Arc::ptr_eq(from.node_arc(), to.node_arc())
    {
        log.node(id);
    }
}
