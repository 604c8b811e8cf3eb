//! A scheduling class: pods that every decision treats alike, with what each node is worth to them.
//!
//! Each node is a *leaf*: its group and its resource score, or why it is not feasible. A *group* is a set of nodes that
//! score alike but for their resources: the same taints, node affinity, images and topology domains. Leaves lie in
//! blocks in search order, each with a summary by group. A change marks a leaf; it is computed when a search comes by.

use super::constraints::Constraints;
use super::node_table::{NodeTable, TableEntry};
use super::shape::Shape;
use crate::api::Name;
use crate::cluster::NodeId;
use crate::scheduler::plugins::{
    image_locality, node_affinity, node_declared_features, node_ports, node_unschedulable, taint_toleration,
};
use crate::scheduler::snapshot::ImageId;
use crate::scheduler::{
    Diagnosis, Failure, Listers, NodeInfo, Nominator, Plugin, PodInfo, Profile, Resources, Snapshot,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Leaves of one block.
pub const BLOCK: usize = 64;
/// Values of one leaf that only the node itself decides (pods per node that matter to a constraint).
pub const MAX_LOCALS: usize = 4;
/// With more groups than this a scan over the groups costs as much as one over the nodes.
const MAX_GROUPS: usize = 2048;
/// Leaves from this value on are not feasible; the rest of the value is the index of the failure.
const FAILED: u32 = 1 << 31;
/// A leaf that was never computed.
const UNKNOWN: u32 = u32::MAX;
/// Entries of `base_of` from this value on are failures.
const BASE_FAILED: u16 = 1 << 15;

/// What a class looks at while it is brought up to date.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// Nodes and the pods on them.
    pub snapshot: &'a Snapshot,
    /// Pods that wait for room on a certain node.
    pub nominator: &'a Nominator,
    /// The profile of the class.
    pub profile: &'a Profile,
    /// The nodes as the index sees them.
    pub table: &'a NodeTable,
}

/// What nodes of a group have in common and no pod changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Base {
    /// TaintToleration's raw score.
    pub taints: i64,
    /// NodeAffinity's raw score.
    pub affinity: i64,
    /// ImageLocality's score.
    pub images: i64,
    /// NodeDeclaredFeatures would reject the node.
    pub lacks_features: bool,
    /// By tally: the domain. Of a local tally, 0 or no domain.
    pub domains: Vec<u32>,
}

/// Nodes that score alike but for their resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Index among the bases.
    pub base: u16,
    /// Values of the local tallies.
    pub locals: [i32; MAX_LOCALS],
}

/// The feasible leaves of a group in one block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// The highest resource score.
    pub best: u16,
    /// How many leaves.
    pub leaves: u8,
}

/// What a leaf says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Requests fit: the group, and the resource score.
    Fits(usize, u16),
    /// Index of the failure.
    Failed(usize),
}

/// Why a class cannot be searched at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotIndexable;

/// A scheduling class.
#[derive(Clone, Debug)]
pub struct Class {
    pod: Arc<PodInfo>,
    shape: Shape,
    /// Constraints on topology.
    pub constraints: Constraints,
    images: Vec<ImageId>,
    leaves: Vec<u32>,
    base_of: Vec<u16>,
    /// By base index.
    pub bases: Vec<Base>,
    base_ids: FxHashMap<Base, u16>,
    /// By group index.
    pub groups: Vec<Group>,
    group_ids: FxHashMap<Group, u16>,
    /// By block: a bit for each leaf that is to be computed.
    dirty: Vec<u64>,
    /// Feasible leaves by block.
    totals: Vec<u8>,
    /// By block and group, `stride` to a block.
    summaries: Vec<Summary>,
    stride: usize,
    failures: Vec<Failure>,
    failure_counts: Vec<usize>,
    /// The layout of the table in which the class cannot be indexed.
    hopeless_in: Option<u64>,
    /// Log entries up to here are known; `None`: nothing is.
    seen: Option<u64>,
    layout: u64,
    /// Number of the last search.
    pub last_used: u64,
    /// What the last search found, if it was nothing and nothing changed since.
    nothing: Option<Arc<Diagnosis>>,
}

impl Class {
    /// The class of a pod; `None` where pods like it cannot be indexed.
    pub fn new(pod: &Arc<PodInfo>, profile: &Profile, listers: &Listers) -> Option<Self> {
        Some(Self {
            shape: Shape::new(pod, profile)?,
            constraints: Constraints::new(pod, profile, listers),
            pod: Arc::clone(pod),
            images: Vec::new(),
            leaves: Vec::new(),
            base_of: Vec::new(),
            bases: Vec::new(),
            base_ids: FxHashMap::default(),
            groups: Vec::new(),
            group_ids: FxHashMap::default(),
            dirty: Vec::new(),
            totals: Vec::new(),
            summaries: Vec::new(),
            stride: 1,
            failures: Vec::new(),
            failure_counts: Vec::new(),
            hopeless_in: None,
            seen: None,
            layout: 0,
            last_used: 0,
            nothing: None,
        })
    }

    /// Learns of kinds of pods that are new. The class then may need topology keys that the table does not have yet:
    /// `key` gives the index of a key.
    pub fn learn_kinds(&mut self, kinds: &[Arc<PodInfo>], key: &mut dyn FnMut(&Name) -> usize) {
        if self.constraints.learn_kinds(&self.pod, kinds, key) {
            self.seen = None;
        }
    }

    /// Catches up with what changed.
    ///
    /// # Errors
    /// If the class cannot be indexed in this cluster.
    pub fn catch_up(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        if self.hopeless_in == Some(env.table.layout()) {
            return Err(NotIndexable);
        }
        let outcome = self.read_log(env);
        if outcome.is_err() {
            self.seen = None;
            self.hopeless_in = Some(env.table.layout());
        }
        outcome
    }

    fn read_log(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        let end = env.table.log_end();
        let entries = match self.seen {
            Some(seen) if self.layout == env.table.layout() => env.table.entries_since(seen),
            _ => None,
        };
        let is_void = |entries: &&[TableEntry]| {
            entries.iter().any(|entry| matches!(entry, TableEntry::Node(_)))
                && (!self.constraints.tallies.is_empty() || self.known_images(env).ne(self.images.iter().copied()))
        };
        let Some(entries) = entries.filter(|entries| !is_void(entries)) else { return self.rebuild(env) };
        for entry in entries {
            let position = match *entry {
                TableEntry::Pod { position, kind, amount } => {
                    for tally in &mut self.constraints.tallies {
                        tally.count(position as usize, kind, amount, env.table);
                    }
                    position
                }
                TableEntry::Node(position) => {
                    self.find_base(position as usize, env)?;
                    position
                }
                TableEntry::Nomination(position) => position,
            } as usize;
            self.mark(position);
        }
        self.seen = Some(end);
        Ok(())
    }

    /// Why no node is feasible, if that was found out and nothing changed since.
    pub const fn known_failure(&self) -> Option<&Arc<Diagnosis>> {
        self.nothing.as_ref()
    }

    /// Remembers that no node is feasible until something changes.
    pub fn note_failure(&mut self, diagnosis: &Arc<Diagnosis>) {
        self.nothing = Some(Arc::clone(diagnosis));
    }

    /// Has a leaf computed again.
    pub fn mark(&mut self, position: usize) {
        self.nothing = None;
        self.dirty[position / BLOCK] |= 1 << (position % BLOCK);
    }

    fn rebuild(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        let nodes = env.table.ids.len();
        self.seen = None;
        self.nothing = None;
        self.constraints.rebuild(&self.pod, env)?;
        self.images = self.known_images(env).collect();
        self.bases.clear();
        self.base_ids.clear();
        self.failures.clear();
        self.failure_counts.clear();
        self.base_of.clear();
        self.base_of.resize(nodes, 0);
        for position in 0..nodes {
            self.find_base(position, env)?;
        }
        self.leaves.clear();
        self.leaves.resize(nodes, UNKNOWN);
        self.groups.clear();
        self.group_ids.clear();
        let blocks = nodes.div_ceil(BLOCK);
        self.dirty.clear();
        self.dirty.resize(blocks, u64::MAX);
        if let Some(last) = self.dirty.last_mut()
            && !nodes.is_multiple_of(BLOCK)
        {
            *last = (1 << (nodes % BLOCK)) - 1;
        }
        self.totals.clear();
        self.totals.resize(blocks, 0);
        self.stride = 1;
        self.summaries.clear();
        self.summaries.resize(blocks, Summary::default());
        self.seen = Some(env.table.log_end());
        self.layout = env.table.layout();
        Ok(())
    }

    /// The pod's images that some node has or had, as far as they count: more of them as nodes report them.
    fn known_images<'a>(&'a self, env: &Env<'a>) -> impl Iterator<Item = ImageId> + 'a {
        let scores = env.profile.score.iter().any(|(plugin, _)| *plugin == Plugin::ImageLocality);
        let known = scores.then(|| image_locality::known_images(env.snapshot, env.profile.version, &self.pod));
        known.into_iter().flatten()
    }

    /// Finds out what no pod changes about a node.
    fn find_base(&mut self, position: usize, env: &Env<'_>) -> Result<(), NotIndexable> {
        let Some(node) = env.snapshot.node(env.table.ids[position]) else { return Err(NotIndexable) };
        let base = match self.static_failure(node, env.profile) {
            Some(failure) => BASE_FAILED | u16::try_from(self.failure_id(failure)).map_err(|_| NotIndexable)?,
            None => {
                let added = env.profile.args.added_affinity.as_ref();
                let base = Base {
                    taints: taint_toleration::score(&self.pod, node),
                    affinity: node_affinity::score(added, &self.pod, node),
                    images: if self.images.is_empty() {
                        0
                    } else {
                        image_locality::score(env.snapshot, &self.images, &self.pod, node)
                    },
                    lacks_features: node_declared_features::filter(&self.pod, node).is_err(),
                    domains: self
                        .constraints
                        .tallies
                        .iter()
                        .map(|tally| tally.domain_at(position, env.table))
                        .collect(),
                };
                let next = u16::try_from(self.bases.len()).unwrap_or(u16::MAX);
                let id = *self.base_ids.entry(base.clone()).or_insert(next);
                if id == next {
                    if usize::from(id) >= MAX_GROUPS {
                        return Err(NotIndexable);
                    }
                    self.bases.push(base);
                }
                id
            }
        };
        self.base_of[position] = base;
        Ok(())
    }

    /// Why the node is not feasible whatever pods are there.
    fn static_failure(&self, node: &NodeInfo, profile: &Profile) -> Option<Failure> {
        for plugin in &profile.filter {
            let outcome = match plugin {
                Plugin::NodeUnschedulable => node_unschedulable::filter(self.pod.spec(), node),
                Plugin::TaintToleration => taint_toleration::filter(&self.pod, node),
                Plugin::NodeAffinity => node_affinity::filter(profile.args.added_affinity.as_ref(), &self.pod, node),
                _ => Ok(()),
            };
            if let Err(failure) = outcome {
                return Some(failure);
            }
        }
        None
    }

    fn failure_id(&mut self, failure: Failure) -> usize {
        if let Some(id) = self.failures.iter().position(|own| *own == failure) {
            return id;
        }
        self.failures.push(failure);
        self.failure_counts.push(0);
        self.failures.len() - 1
    }

    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// What a leaf says; its block must be [fresh](Self::refresh).
    pub fn leaf(&self, position: usize) -> Leaf {
        let leaf = self.leaves[position];
        if leaf >= FAILED {
            Leaf::Failed((leaf & !FAILED) as usize)
        } else {
            Leaf::Fits((leaf >> 16) as usize, (leaf & 0xFFFF) as u16)
        }
    }

    /// Feasible leaves of a block.
    pub fn total(&self, block: usize) -> usize {
        usize::from(self.totals[block])
    }

    /// The summaries of a block, by group.
    pub fn summaries(&self, block: usize) -> &[Summary] {
        &self.summaries[block * self.stride..block * self.stride + self.groups.len().min(self.stride)]
    }

    /// Whether one node is feasible.
    ///
    /// # Errors
    /// If that cannot be told without the framework.
    pub fn search_one(&mut self, env: &Env<'_>, pod: &PodInfo, position: usize) -> Result<bool, NotIndexable> {
        self.refresh(position / BLOCK, env, pod)?;
        let Leaf::Fits(group, _) = self.leaf(position) else { return Ok(false) };
        let group = &self.groups[group];
        let minima = self.constraints.hard_minima();
        Ok(self.constraints.failure(group, &self.bases[usize::from(group.base)], &minima).is_none())
    }

    /// Why leaves are not feasible, each with their number; of use when all blocks are fresh.
    pub fn failure_counts(&self) -> impl Iterator<Item = (Failure, usize)> {
        self.failures.iter().copied().zip(self.failure_counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    /// Computes the leaves of a block that are marked. `own` is the pod that is being placed: its own nomination does not
    /// stand in its way.
    ///
    /// # Errors
    /// If a leaf cannot be told without the framework.
    pub fn refresh(&mut self, block: usize, env: &Env<'_>, own: &PodInfo) -> Result<(), NotIndexable> {
        let mut marked = self.dirty[block];
        if marked == 0 {
            return Ok(());
        }
        while marked != 0 {
            let position = block * BLOCK + marked.trailing_zeros() as usize;
            marked &= marked - 1;
            let leaf = self.compute(position, env, own)?;
            let old = std::mem::replace(&mut self.leaves[position], leaf);
            if old >= FAILED && old != UNKNOWN {
                self.failure_counts[(old & !FAILED) as usize] -= 1;
            }
            if leaf >= FAILED {
                self.failure_counts[(leaf & !FAILED) as usize] += 1;
            }
        }
        self.dirty[block] = 0;
        let summaries = &mut self.summaries[block * self.stride..(block + 1) * self.stride];
        summaries.fill(Summary::default());
        let mut total = 0;
        let end = self.leaves.len().min((block + 1) * BLOCK);
        for leaf in &self.leaves[block * BLOCK..end] {
            if *leaf < FAILED {
                let summary = &mut summaries[(*leaf >> 16) as usize];
                summary.best = summary.best.max((*leaf & 0xFFFF) as u16);
                summary.leaves += 1;
                total += 1;
            }
        }
        self.totals[block] = total;
        Ok(())
    }

    fn compute(&mut self, position: usize, env: &Env<'_>, own: &PodInfo) -> Result<u32, NotIndexable> {
        let id = env.table.ids[position];
        let load = &env.table.loads[position];
        if !self.images.is_empty() {
            // The counts of nodes with an image are those of the node's last change.
            self.find_base(position, env)?;
        }
        let base = self.base_of[position];
        if base >= BASE_FAILED {
            return Ok(FAILED | u32::from(base & !BASE_FAILED));
        }
        let node = || env.snapshot.node(id).map(|node| &**node);
        let crowd = self.crowd_on(id, env, own)?;
        if !self.pod.traits.host_ports.is_empty()
            && env.profile.filter.contains(&Plugin::NodePorts)
            && env.profile.pre_filter.contains(&Plugin::NodePorts)
            && let Some(node) = node()
        {
            if crowd.is_some() {
                return Err(NotIndexable);
            }
            if let Err(failure) = node_ports::filter(&self.pod, node) {
                return Ok(self.failed_leaf(failure));
            }
        }
        if let Err(failure) = self.shape.filter(load, env.profile, &self.pod, node, crowd.as_ref()) {
            return Ok(self.failed_leaf(failure));
        }
        let score = self.shape.score(load, env.profile, &self.pod, node);
        let group = if self.constraints.locals == 0 {
            Group { base, locals: [0; MAX_LOCALS] }
        } else {
            Group { base, locals: self.constraints.locals_at(position) }
        };
        // Without local values the groups are the bases, but only those that were met have a number.
        let group = self.group_id(group)?;
        Ok(u32::from(group) << 16 | u32::from(score))
    }

    fn failed_leaf(&mut self, failure: Failure) -> u32 {
        FAILED | u32::try_from(self.failure_id(failure)).unwrap_or(0)
    }

    fn group_id(&mut self, group: Group) -> Result<u16, NotIndexable> {
        if let Some(id) = self.group_ids.get(&group) {
            return Ok(*id);
        }
        if self.groups.len() >= MAX_GROUPS {
            // Most of them may be of the past: the next time the class starts anew.
            self.seen = None;
            return Err(NotIndexable);
        }
        let id = u16::try_from(self.groups.len()).map_err(|_| NotIndexable)?;
        self.groups.push(group);
        self.group_ids.insert(group, id);
        if self.groups.len() > self.stride {
            let (old, new) = (self.stride, self.stride * 2);
            let mut summaries = vec![Summary::default(); self.totals.len() * new];
            for (to, from) in summaries.chunks_mut(new).zip(self.summaries.chunks(old)) {
                to[..old].copy_from_slice(from);
            }
            self.summaries = summaries;
            self.stride = new;
        }
        Ok(id)
    }

    /// Number and requests of the pods nominated to a node that count as if they were there.
    fn crowd_on(&self, node: NodeId, env: &Env<'_>, own: &PodInfo) -> Result<Option<(i64, Resources)>, NotIndexable> {
        let nominated = env.nominator.pods_on(node);
        if nominated.is_empty() {
            return Ok(None);
        }
        let mut crowd = None;
        for other in nominated.iter().filter(|other| other.priority() >= own.priority() && other.id != own.id) {
            if self.constraints.has_filters() || other.has_required_anti_affinity() {
                return Err(NotIndexable);
            }
            let (pods, requests) = crowd.get_or_insert_with(|| (0, Resources::default()));
            *pods += 1;
            requests.add(&other.placed().requests);
        }
        Ok(crowd)
    }
}
