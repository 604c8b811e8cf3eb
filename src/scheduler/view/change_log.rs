//! What changed in a snapshot, for those who keep something derived from it: a pod came to a node or left it, a node
//! object was replaced. That nodes come and go is told by [`Snapshot::order_generation`](super::Snapshot) instead.
//!
//! Pods are named by their [kind](KindId), so that a question about a pod is asked once per kind.

use super::kind_table::{KindId, KindTable};
use super::pod_info::{OriginAddress, PodInfo};
use crate::api::{Affinity, Labels, Name};
use crate::cluster::NodeId;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Addresses that are remembered before the memory of them starts anew.
const MAX_ADDRESSES: usize = 1 << 16;

/// One change.
#[derive(Clone, Copy, Debug)]
pub enum LogEntry {
    /// Pods of a kind came to a node, or left it.
    Pod {
        /// The node.
        node: NodeId,
        /// What kind of pod.
        kind: KindId,
        /// 1 or -1.
        amount: i32,
    },
    /// The object of a node was replaced.
    Node(NodeId),
}

impl LogEntry {
    /// The node that changed.
    pub const fn node(self) -> NodeId {
        match self {
            Self::Pod { node, .. } | Self::Node(node) => node,
        }
    }
}

/// Where the pod comes from, and whether it terminates.
type KindAddress = (OriginAddress, bool);

/// What selectors see of a pod.
type KindContent = (Name, Labels, Option<Box<Affinity>>, bool);

/// The changes since they were last read, and all kinds of pods so far.
#[derive(Clone, Debug, Default)]
pub struct ChangeLog {
    entries: Vec<LogEntry>,
    kinds: KindTable,
    by_content: FxHashMap<KindContent, KindId>,
    /// The pod keeps the address of its origin from being used again.
    by_address: FxHashMap<KindAddress, (KindId, Arc<PodInfo>)>,
    has_affinity: bool,
}

impl ChangeLog {
    /// The changes.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// All kinds of pods so far.
    pub const fn kinds(&self) -> &KindTable {
        &self.kinds
    }

    /// Whether a pod with affinity or anti-affinity to pods was ever on a node.
    pub const fn has_affinity(&self) -> bool {
        self.has_affinity
    }

    /// Notes that the object of a node was replaced.
    pub(crate) fn node(&mut self, node: NodeId) {
        self.entries.push(LogEntry::Node(node));
    }

    /// Notes that a pod came to a node (`amount` 1) or left it (-1).
    pub(crate) fn pod(&mut self, node: NodeId, pod: &Arc<PodInfo>, amount: i32) {
        let kind = self.kind_of(pod);
        self.entries.push(LogEntry::Pod { node, kind, amount });
    }

    /// Forgets the entries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The kind of a pod that is in the log, or was.
    pub fn known_kind(&self, pod: &PodInfo) -> Option<KindId> {
        let known = self.by_address.get(&(pod.origin_address(), pod.terminating)).map(|(kind, _)| *kind);
        known.or_else(|| self.by_content.get(&content_of(pod)).copied())
    }

    /// The kind of a pod.
    pub fn kind_of(&mut self, pod: &Arc<PodInfo>) -> KindId {
        let address = (pod.origin_address(), pod.terminating);
        if let Some((kind, _)) = self.by_address.get(&address) {
            return *kind;
        }
        let content = content_of(pod);
        self.has_affinity |= content.2.is_some();
        let next = KindId::from_index(self.kinds.len());
        let kind = *self.by_content.entry(content).or_insert(next);
        if kind == next {
            self.kinds.push(pod);
        }
        if self.by_address.len() >= MAX_ADDRESSES {
            self.by_address.clear();
        }
        self.by_address.insert(address, (kind, Arc::clone(pod)));
        kind
    }
}

fn content_of(pod: &PodInfo) -> KindContent {
    let affinity = pod.template.spec.affinity.clone().filter(|_| pod.has_pod_affinity());
    (pod.namespace.clone(), pod.labels.clone(), affinity, pod.terminating)
}
