//! The nodes as the index sees them, in search order: the numbers that leaves are computed from, when each node last changed,
//! the domains of the topology keys in use, and the logs of changes that layers and demands catch up with.

use crate::api::Name;
use crate::cluster::NodeId;
use crate::scheduler::plugins::balanced_allocation;
use crate::scheduler::view::{KindId, LogEntry, NodeInfo, Snapshot};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The domain of a node that lacks the topology key.
pub const NO_DOMAIN: u32 = u32::MAX;
/// The position of a node that is not searched.
const NO_POSITION: u32 = u32::MAX;
/// Nodes of one block: what is said of its nodes together is looked at first.
pub const BLOCK: usize = 32;
/// A log is cut when it is longer than this many entries and the number of nodes: whoever is so far behind starts anew at no
/// more cost.
const MIN_LOG: usize = 256;

/// What the quick form of a leaf needs of a node, in one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct NodeLoad {
    /// Allocatable millicores and bytes.
    pub allocatable_cpu: i64,
    pub allocatable_memory: i64,
    /// Taken by its pods.
    pub requested_cpu: i64,
    pub requested_memory: i64,
    pub non_zero_cpu: i64,
    pub non_zero_memory: i64,
    /// Bytes of ephemeral storage that are left.
    pub free_ephemeral: i64,
    /// How many more pods it takes.
    pub free_pods: i32,
    /// How evenly cpu and memory are used, from 0 to 100; meaningful where both are allocatable.
    pub balance: i8,
}

impl NodeLoad {
    fn of(node: &NodeInfo) -> Self {
        let (allocatable, requested) = (node.allocatable(), node.requested());
        let (cpu, memory) = (allocatable.cpu.get(), allocatable.memory.get());
        Self {
            allocatable_cpu: cpu,
            allocatable_memory: memory,
            requested_cpu: requested.cpu.get(),
            requested_memory: requested.memory.get(),
            non_zero_cpu: node.non_zero_cpu().get(),
            non_zero_memory: node.non_zero_memory().get(),
            free_ephemeral: allocatable.ephemeral_storage.get().saturating_sub(requested.ephemeral_storage.get()),
            free_pods: i32::try_from(node.free_pods().clamp(-1, i64::from(i32::MAX))).unwrap_or(-1),
            balance: if cpu == 0 || memory == 0 {
                0
            } else {
                let balance =
                    balanced_allocation::balance_of_two((requested.cpu.get(), cpu), (requested.memory.get(), memory));
                i8::try_from(balance).unwrap_or(0)
            },
        }
    }
}

/// The last changes of nodes of one block.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockChanges {
    /// Versions of the changes, as a ring: `next` is the oldest.
    versions: [u64; Self::KEPT],
    /// Beside each version: the place of the node within the block.
    places: [u8; Self::KEPT],
    next: u8,
}

impl BlockChanges {
    /// With this many a value fills one cache line.
    const KEPT: usize = 7;

    /// The version of the last change.
    pub const fn last(&self) -> u64 {
        self.versions[(self.next as usize + Self::KEPT - 1) % Self::KEPT]
    }

    fn push(&mut self, version: u64, place: usize) {
        let next = usize::from(self.next);
        self.versions[next] = version;
        self.places[next] = u8::try_from(place % BLOCK).unwrap_or(0);
        self.next = u8::try_from((next + 1) % Self::KEPT).unwrap_or(0);
    }

    /// A bit for each node that has changed since a version; `None` if not all of the changes are kept.
    pub fn since(&self, version: u64) -> Option<u32> {
        if self.versions[usize::from(self.next)] > version {
            return None;
        }
        let mut changed = 0;
        for (changed_at, place) in self.versions.iter().zip(self.places) {
            changed |= u32::from(*changed_at > version) << (place % 32);
        }
        Some(changed)
    }
}

/// The last changes of all nodes.
#[derive(Clone, Copy, Debug, Default)]
struct LastChanges {
    /// Version and position, as a ring: `next` is the oldest.
    changes: [(u64, u32); Self::KEPT],
    next: usize,
}

impl LastChanges {
    const KEPT: usize = 8;

    fn push(&mut self, version: u64, position: usize) {
        self.changes[self.next] = (version, narrow(position));
        self.next = (self.next + 1) % Self::KEPT;
    }
}

/// The domains that a node label defines.
#[derive(Clone, Debug)]
pub struct TopologyKey {
    /// The label.
    pub name: Name,
    /// Domain of each node by position.
    pub domains: Vec<u32>,
    /// Whether no two nodes are in one domain.
    pub is_unique: bool,
    ids: FxHashMap<Name, u32>,
    /// Nodes in each domain.
    members: Vec<u32>,
}

impl TopologyKey {
    /// How many domains were ever seen.
    pub fn domain_count(&self) -> usize {
        self.members.len()
    }

    fn domain_of(&mut self, node: &NodeInfo) -> u32 {
        let Some(value) = node.node().meta.labels.get(&self.name) else { return NO_DOMAIN };
        let next = u32::try_from(self.members.len()).unwrap_or(NO_DOMAIN);
        let id = *self.ids.entry(value.clone()).or_insert(next);
        if id == next {
            self.members.push(0);
        }
        self.members[id as usize] += 1;
        self.is_unique &= self.members[id as usize] == 1;
        id
    }

    fn fill(&mut self, ids: &[NodeId], snapshot: &Snapshot) {
        self.ids.clear();
        self.members.clear();
        self.domains.clear();
        self.is_unique = true;
        for id in ids {
            let domain = snapshot.node(*id).map_or(NO_DOMAIN, |node| self.domain_of(node));
            self.domains.push(domain);
        }
    }

    fn update(&mut self, position: usize, node: &NodeInfo) {
        let old = self.domains[position];
        if old != NO_DOMAIN {
            self.members[old as usize] -= 1;
        }
        self.domains[position] = self.domain_of(node);
    }
}

/// A position as it is stored: there are no more of them than node ids, which have 32 bits.
fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(NO_POSITION)
}

/// Pods of a kind came to a node, or left it.
#[derive(Clone, Copy, Debug)]
pub struct KindEntry {
    /// Position of the node.
    pub position: u32,
    /// 1 or -1.
    pub amount: i32,
}

/// Entries that are numbered, of which the oldest may be gone.
#[derive(Clone, Debug)]
pub struct Log<T> {
    entries: Vec<T>,
    /// Entries that were cut off before the others.
    cut: u64,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), cut: 0 }
    }
}

impl<T> Log<T> {
    /// The number of the next entry.
    pub fn end(&self) -> u64 {
        self.cut + self.entries.len() as u64
    }

    /// The entries from a number on; `None` if some of them were cut off.
    pub fn since(&self, seen: u64) -> Option<&[T]> {
        let skipped = usize::try_from(seen.checked_sub(self.cut)?).ok()?;
        self.entries.get(skipped..)
    }

    /// Cuts all entries off.
    fn clear(&mut self) {
        // One number is left out, so that whoever has seen everything so far learns of it too.
        self.cut = self.end() + 1;
        self.entries.clear();
    }

    /// Adds an entry; with more than `most` entries the older half is cut off.
    fn push(&mut self, entry: T, most: usize) {
        self.entries.push(entry);
        if self.entries.len() > most {
            let half = self.entries.len() / 2;
            self.entries.drain(..half);
            self.cut += half as u64;
        }
    }
}

/// How many pods of each kind a node holds.
type Kinds = SmallVec<[(KindId, i32); 7]>;

/// The nodes as the index sees them.
#[derive(Clone, Debug, Default)]
pub struct NodeTable {
    order_generation: Option<u64>,
    /// Grows whenever everything derived from positions or domains is void.
    layout: u64,
    /// Node ids by position.
    pub ids: Vec<NodeId>,
    /// By position.
    pub loads: Vec<NodeLoad>,
    /// Topology keys in use.
    pub keys: Vec<TopologyKey>,
    positions: Vec<u32>,
    /// By node id: how many pods of each kind it holds. `None`: nobody has asked yet.
    kinds: Option<Vec<Kinds>>,
    /// Grows with each change.
    version: u64,
    /// By position: the version of the last change of the node.
    pub changed_at: Vec<u64>,
    last_changes: LastChanges,
    /// By block: the last changes of its nodes.
    pub block_changes: Vec<BlockChanges>,
    /// By kind: where its pods came and went since the last layout.
    kind_logs: Vec<Log<KindEntry>>,
    /// Positions of nodes whose object was replaced.
    pub node_log: Log<u32>,
}

impl NodeTable {
    /// Grows whenever everything derived from positions or domains is void.
    pub const fn layout(&self) -> u64 {
        self.layout
    }

    /// The position of a node that is searched.
    pub fn position(&self, node: NodeId) -> Option<usize> {
        self.positions.get(node.index()).filter(|position| **position != NO_POSITION).map(|position| *position as usize)
    }

    /// Grows with each change.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The positions of the nodes that have changed since a version; `None` if not all of the changes are kept.
    pub fn changed_since(&self, version: u64) -> Option<impl Iterator<Item = usize> + '_> {
        let LastChanges { changes, next } = &self.last_changes;
        let is_kept = changes[*next].0 <= version;
        is_kept.then(|| {
            changes.iter().filter(move |(changed_at, _)| *changed_at > version).map(|(_, position)| *position as usize)
        })
    }

    /// Where pods of a kind came and went; `None` if none ever did.
    pub fn kind_log(&self, kind: KindId) -> Option<&Log<KindEntry>> {
        self.kind_logs.get(kind.index())
    }

    fn note_change(&mut self, position: usize) {
        self.version += 1;
        self.changed_at[position] = self.version;
        self.last_changes.push(self.version, position);
        self.block_changes[position / BLOCK].push(self.version, position);
    }

    /// The pods on the node at a position, by kind, once they are [counted](Self::count_kinds).
    pub fn kinds_at(&self, position: usize) -> &[(KindId, i32)] {
        let kinds = self.kinds.as_ref();
        kinds.and_then(|kinds| kinds.get(self.ids[position].index())).map_or(&[], |kinds| kinds)
    }

    /// Counts the pods of each kind on each node from now on. The table must be in [sync](Self::sync).
    pub fn count_kinds(&mut self, snapshot: &Snapshot) {
        let Some(log) = snapshot.log().filter(|_| self.kinds.is_none()) else { return };
        self.kinds = Some(Vec::new());
        for (node, pod) in snapshot.placed_pods() {
            if let Some(kind) = log.known_kind(pod) {
                self.count_kind(node, kind, 1);
            }
        }
    }

    /// The index of a topology key, added if need be.
    pub fn key(&mut self, name: &Name, snapshot: &Snapshot) -> usize {
        if let Some(index) = self.keys.iter().position(|key| key.name == *name) {
            return index;
        }
        let mut key = TopologyKey {
            name: name.clone(),
            domains: Vec::new(),
            is_unique: true,
            ids: FxHashMap::default(),
            members: Vec::new(),
        };
        key.fill(&self.ids, snapshot);
        self.keys.push(key);
        self.keys.len() - 1
    }

    /// Reads the snapshot's log, which is to be cleared then. `nominated` are nodes whose nominated pods changed.
    pub fn sync(&mut self, snapshot: &Snapshot, nominated: &[NodeId]) {
        let entries = snapshot.log().map_or(&[][..], |log| log.entries());
        if self.kinds.is_some() {
            for entry in entries {
                if let LogEntry::Pod { node, kind, amount } = *entry {
                    self.count_kind(node, kind, amount);
                }
            }
        }
        if self.order_generation == Some(snapshot.order_generation()) {
            let mut last = None;
            for entry in entries {
                let node = entry.node();
                let Some(position) = self.position(node) else { continue };
                let Some(info) = snapshot.node(node) else { continue };
                if last != Some(node) {
                    self.loads[position] = NodeLoad::of(info);
                    last = Some(node);
                }
                self.note_change(position);
                let most = MIN_LOG + self.ids.len();
                match *entry {
                    LogEntry::Pod { kind, amount, .. } => {
                        if self.kind_logs.len() <= kind.index() {
                            self.kind_logs.resize_with(kind.index() + 1, Log::default);
                        }
                        self.kind_logs[kind.index()].push(KindEntry { position: narrow(position), amount }, most);
                    }
                    LogEntry::Node(_) => {
                        self.node_changed(position, info);
                        self.node_log.push(narrow(position), most);
                    }
                }
            }
            for node in nominated {
                if let Some(position) = self.position(*node) {
                    self.note_change(position);
                }
            }
        } else {
            self.order_generation = Some(snapshot.order_generation());
            self.lay_out(snapshot);
        }
    }

    fn node_changed(&mut self, position: usize, node: &NodeInfo) {
        for key in &mut self.keys {
            let was_unique = key.is_unique;
            key.update(position, node);
            if key.is_unique != was_unique {
                self.layout += 1;
            }
        }
    }

    fn lay_out(&mut self, snapshot: &Snapshot) {
        self.layout += 1;
        self.version += 1;
        self.kind_logs.iter_mut().for_each(Log::clear);
        self.node_log.clear();
        self.ids.clear();
        self.ids.extend_from_slice(snapshot.search_order());
        self.last_changes = LastChanges { changes: [(self.version, 0); LastChanges::KEPT], next: 0 };
        self.changed_at.clear();
        self.changed_at.resize(self.ids.len(), self.version);
        // All changes kept are of one version: whoever has seen less does not know which nodes they were.
        let unknown = BlockChanges { versions: [self.version; BlockChanges::KEPT], ..BlockChanges::default() };
        self.block_changes.clear();
        self.block_changes.resize(self.ids.len().div_ceil(BLOCK), unknown);
        self.positions.fill(NO_POSITION);
        self.loads.clear();
        for (position, id) in self.ids.iter().enumerate() {
            if self.positions.len() <= id.index() {
                self.positions.resize(id.index() + 1, NO_POSITION);
            }
            self.positions[id.index()] = narrow(position);
            self.loads.push(snapshot.node(*id).map(|node| NodeLoad::of(node)).unwrap_or_default());
        }
        for key in &mut self.keys {
            key.fill(&self.ids, snapshot);
        }
    }

    fn count_kind(&mut self, node: NodeId, kind: KindId, amount: i32) {
        let Some(kinds) = &mut self.kinds else { return };
        if kinds.len() <= node.index() {
            kinds.resize(node.index() + 1, Kinds::new());
        }
        let kinds = &mut kinds[node.index()];
        match kinds.iter().position(|(known, _)| *known == kind) {
            Some(index) => {
                kinds[index].1 += amount;
                if kinds[index].1 == 0 {
                    kinds.swap_remove(index);
                }
            }
            None => kinds.push((kind, amount)),
        }
    }
}
