//! What each node is worth to pods of one shape, as far as the node alone decides: whether it takes them, and how many
//! points its resources get. Classes that differ only in their constraints on other pods share a layer.
//!
//! Each node has a *leaf*: its base and the points of its resources, or why it is not feasible. A *base* is what nodes have
//! in common that no pod changes: taints, node affinity, images and topology domains. Leaves stand in blocks in search
//! order, and each block has a summary for each base. Scores are computed lazily: a changed node is rescored the next time
//! a search reaches it.

mod leaves;

use super::node_table::{BLOCK, NO_DOMAIN, NodeTable};
use super::shape::Shape;
use super::summary::{FAILED, Summary};
use crate::cluster::{NodeId, PodId};
use crate::scheduler::config::Profile;
use crate::scheduler::framework::Failure;
use crate::scheduler::plugins::{
    Plugin, image_locality, node_affinity, node_declared_features, node_ports, node_unschedulable, taint_toleration,
};
use crate::scheduler::view::{ImageId, NodeInfo, Nominator, PodInfo, Resources, Snapshot};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// With more bases than this a scan over them costs as much as one over the nodes.
pub const MAX_BASES: usize = 2048;
/// A leaf that was never computed.
const UNKNOWN: u32 = u32::MAX;
/// Entries of `base_of` from this value on are failures.
const BASE_FAILED: u16 = 1 << 15;

/// What a layer looks at while it is brought up to date.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// Nodes and the pods on them.
    pub snapshot: &'a Snapshot,
    /// Pods that wait for room on a certain node.
    pub nominator: &'a Nominator,
    /// The profile of the layer.
    pub profile: &'a Profile,
    /// The nodes as the index sees them.
    pub table: &'a NodeTable,
}

/// What nodes have in common that no pod changes.
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
    /// By topology key of the layer: the domain. Where no two nodes share a domain, 0 or no domain.
    pub domains: Vec<u32>,
}

/// What a leaf says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Requests fit: the base, and the resource score.
    Fits(usize, u16),
    /// It does not take the pod: the index of the failure.
    Failed(usize),
}

/// A leaf that was replaced for a while.
#[derive(Clone, Copy, Debug)]
pub struct SavedLeaf {
    position: usize,
    leaf: u32,
}

/// Why a class cannot be searched at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotIndexable;

/// The leaves of all nodes for one shape of pods.
#[derive(Clone, Debug)]
pub struct Layer {
    pod: Arc<PodInfo>,
    shape: Shape,
    /// Topology keys whose domains tell bases apart, by their index in the table.
    keys: Vec<usize>,
    images: Vec<ImageId>,
    /// Nothing but resources and nominated pods changes what a leaf says.
    is_plain: bool,
    leaves: Vec<u32>,
    base_of: Vec<u16>,
    /// By base index.
    pub bases: Vec<Base>,
    base_ids: FxHashMap<Base, u16>,
    /// The one that was found last.
    last_base: u16,
    /// By block: the version of the table that its leaves were computed from.
    fresh_at: Vec<u64>,
    /// Feasible leaves by block.
    totals: Vec<u8>,
    /// By block and base, `stride` to a block.
    summaries: Vec<Summary>,
    stride: usize,
    failures: Vec<Failure>,
    failure_counts: Vec<usize>,
    /// By number of a [shortage](Shape::quick_shortage): the leaf, once it is known.
    shortages: [Option<u32>; Shape::SHORTAGES],
    /// The layout of the table in which nothing can be indexed here.
    hopeless_in: Option<u64>,
    /// Replaced nodes up to here are known; `None`: nothing is.
    seen_nodes: Option<u64>,
    layout: u64,
    /// Grows when the bases are numbered anew.
    pub generation: u64,
    /// Grows when a leaf says something else than before.
    pub leaf_changes: u64,
}

impl Layer {
    /// The layer of pods like this one; `None` where such pods cannot be indexed.
    pub fn new(pod: &Arc<PodInfo>, profile: &Profile, keys: Vec<usize>) -> Option<Self> {
        Some(Self {
            shape: Shape::new(pod, profile)?,
            pod: Arc::clone(pod),
            keys,
            images: Vec::new(),
            is_plain: false,
            leaves: Vec::new(),
            base_of: Vec::new(),
            bases: Vec::new(),
            base_ids: FxHashMap::default(),
            last_base: 0,
            fresh_at: Vec::new(),
            totals: Vec::new(),
            summaries: Vec::new(),
            stride: 1,
            failures: Vec::new(),
            failure_counts: Vec::new(),
            shortages: [None; Shape::SHORTAGES],
            hopeless_in: None,
            seen_nodes: None,
            layout: 0,
            generation: 0,
            leaf_changes: 0,
        })
    }

    /// Catches up with nodes that were replaced. Changes of pods are seen where a search comes by.
    ///
    /// # Errors
    /// If the layer cannot be indexed in this cluster.
    pub fn catch_up(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        if self.hopeless_in == Some(env.table.layout()) {
            return Err(NotIndexable);
        }
        let outcome = self.read_log(env);
        if outcome.is_err() {
            self.seen_nodes = None;
            self.hopeless_in = Some(env.table.layout());
        }
        outcome
    }

    fn read_log(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        let log = &env.table.node_log;
        let replaced = match self.seen_nodes {
            Some(seen) if self.layout == env.table.layout() => log.since(seen),
            _ => None,
        };
        let has_new_images = || self.known_images(env).ne(self.images.iter().copied());
        let Some(replaced) = replaced.filter(|replaced| replaced.is_empty() || !has_new_images()) else {
            return self.rebuild(env);
        };
        for position in replaced {
            self.find_base(*position as usize, env)?;
        }
        self.seen_nodes = Some(log.end());
        Ok(())
    }

    fn rebuild(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        let nodes = env.table.ids.len();
        self.seen_nodes = None;
        self.generation += 1;
        self.images = self.known_images(env).collect();
        self.is_plain = self.images.is_empty() && self.pod.traits.host_ports.is_empty();
        self.bases.clear();
        self.base_ids.clear();
        self.failures.clear();
        self.failure_counts.clear();
        self.shortages = [None; Shape::SHORTAGES];
        self.base_of.clear();
        self.base_of.resize(nodes, 0);
        let blocks = nodes.div_ceil(BLOCK);
        self.totals.clear();
        self.totals.resize(blocks, 0);
        self.stride = 1;
        self.summaries.clear();
        self.summaries.resize(blocks, Summary::default());
        for position in 0..nodes {
            self.find_base(position, env)?;
        }
        self.leaves.clear();
        self.leaves.resize(nodes, UNKNOWN);
        self.fresh_at.clear();
        self.fresh_at.resize(blocks, 0);
        self.seen_nodes = Some(env.table.node_log.end());
        self.layout = env.table.layout();
        Ok(())
    }

    /// The pod's images that some node has or had, as far as they count: more of them as nodes report them.
    fn known_images<'a>(&'a self, env: &Env<'a>) -> impl Iterator<Item = ImageId> + 'a {
        let scores = env.profile.score.iter().any(|(plugin, _)| *plugin == Plugin::ImageLocality);
        let known = scores.then(|| image_locality::known_images(env.snapshot, env.profile.version, &self.pod));
        known.into_iter().flatten()
    }

    fn image_score(&self, node: &NodeInfo, env: &Env<'_>) -> i64 {
        if self.images.is_empty() {
            0
        } else {
            image_locality::score(env.profile.version, env.snapshot, &self.images, &self.pod, node)
        }
    }

    /// Finds out what no pod changes about a node.
    fn find_base(&mut self, position: usize, env: &Env<'_>) -> Result<(), NotIndexable> {
        let Some(node) = env.snapshot.node(env.table.ids[position]) else { return Err(NotIndexable) };
        let base = match self.static_failure(node, env.profile) {
            Some(failure) => BASE_FAILED | u16::try_from(self.failure_id(failure)).map_err(|_| NotIndexable)?,
            None => {
                let added = env.profile.args.added_affinity.as_ref();
                let domain = |key: &usize| {
                    let key = &env.table.keys[*key];
                    match key.domains[position] {
                        NO_DOMAIN => NO_DOMAIN,
                        _ if key.is_unique => 0,
                        domain => domain,
                    }
                };
                self.base_id(Base {
                    taints: taint_toleration::score(&self.pod, node),
                    affinity: node_affinity::score(added, &self.pod, node),
                    images: self.image_score(node, env),
                    lacks_features: node_declared_features::filter(&self.pod, node).is_err(),
                    domains: self.keys.iter().map(domain).collect(),
                })?
            }
        };
        self.base_of[position] = base;
        Ok(())
    }

    fn base_id(&mut self, base: Base) -> Result<u16, NotIndexable> {
        // Most nodes are like the one before.
        if self.bases.get(usize::from(self.last_base)) == Some(&base) {
            return Ok(self.last_base);
        }
        if let Some(id) = self.base_ids.get(&base) {
            self.last_base = *id;
            return Ok(*id);
        }
        if self.bases.len() >= MAX_BASES {
            return Err(NotIndexable);
        }
        let id = u16::try_from(self.bases.len()).map_err(|_| NotIndexable)?;
        self.bases.push(base.clone());
        self.base_ids.insert(base, id);
        if self.bases.len() > self.stride {
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

    /// Whether no pod that comes or goes changes the base of a node.
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Computes the leaves of a block whose nodes have changed, as they are for a pod that is nominated nowhere.
    ///
    /// # Errors
    /// If a leaf cannot be told without the framework.
    pub fn refresh(&mut self, block: usize, env: &Env<'_>) -> Result<(), NotIndexable> {
        let fresh_at = self.fresh_at[block];
        let changes = &env.table.block_changes[block];
        if changes.last() <= fresh_at {
            return Ok(());
        }
        let start = block * BLOCK;
        let nodes = self.leaves.len().min(start + BLOCK) - start;
        let changed_at = &env.table.changed_at[start..start + nodes];
        let stale = changes.since(fresh_at).unwrap_or_else(|| {
            let bits = changed_at.iter().enumerate().map(|(place, changed)| u32::from(*changed > fresh_at) << place);
            bits.fold(0, |all, bit| all | bit)
        });
        self.compute_leaves(block, stale, env)
    }

    fn compute_leaves(&mut self, block: usize, mut left: u32, env: &Env<'_>) -> Result<(), NotIndexable> {
        let mut is_known = true;
        let is_quick = self.is_plain && env.nominator.is_empty();
        while left != 0 {
            let position = block * BLOCK + left.trailing_zeros() as usize;
            left &= left - 1;
            let base = self.base_of[position];
            let load = &env.table.loads[position];
            let mut shortage = None;
            if is_quick && base < BASE_FAILED {
                if let Some(score) = self.shape.quick(load) {
                    is_known &= self.set(position, u32::from(base) << 16 | u32::from(score));
                    continue;
                }
                shortage = self.shape.quick_shortage(load);
                if let Some(leaf) = shortage.and_then(|number| self.shortages[number]) {
                    is_known &= self.set(position, leaf);
                    continue;
                }
            }
            match self.compute(position, env, None) {
                Ok(leaf) => {
                    is_known &= self.set(position, leaf);
                    if let Some(number) = shortage {
                        self.shortages[number] = Some(leaf);
                    }
                }
                Err(error) => {
                    self.summarize(block);
                    return Err(error);
                }
            }
        }
        if !is_known {
            self.summarize(block);
        }
        self.fresh_at[block] = env.table.version();
        Ok(())
    }

    /// Gives a pod that is nominated to a node the leaf as it is for that pod, whose nomination does not stand in its
    /// way. Tells whether it differs from that for others, and then what it was: to be [put back](Self::restore).
    ///
    /// # Errors
    /// If a leaf cannot be told without the framework.
    pub fn adapt(&mut self, position: usize, env: &Env<'_>, pod: PodId) -> Result<Option<SavedLeaf>, NotIndexable> {
        self.refresh(position / BLOCK, env)?;
        let leaf = self.compute(position, env, Some(pod))?;
        let saved = SavedLeaf { position, leaf: self.leaves[position] };
        if saved.leaf == leaf {
            return Ok(None);
        }
        if !self.set(position, leaf) {
            self.summarize(position / BLOCK);
        }
        Ok(Some(saved))
    }

    /// Puts a leaf back.
    pub fn restore(&mut self, saved: SavedLeaf) {
        if !self.set(saved.position, saved.leaf) {
            self.summarize(saved.position / BLOCK);
        }
    }

    /// `adapted_to` is a pod whose nomination does not count.
    fn compute(&mut self, position: usize, env: &Env<'_>, adapted_to: Option<PodId>) -> Result<u32, NotIndexable> {
        let load = &env.table.loads[position];
        let id = env.table.ids[position];
        let node = || env.snapshot.node(id).map(|node| &**node);
        let mut base = self.base_of[position];
        if base >= BASE_FAILED {
            return Ok(FAILED | u32::from(base & !BASE_FAILED));
        }
        if !self.images.is_empty()
            && let Some(node) = node()
        {
            // The counts of nodes with an image are those of the node's last change.
            let images = self.image_score(node, env);
            let known = &self.bases[usize::from(base)];
            if known.images != images {
                base = self.base_id(Base { images, ..known.clone() })?;
                self.base_of[position] = base;
            }
        }
        let nominated = if env.nominator.is_empty() { None } else { self.nominated_on(id, env, adapted_to) };
        if !self.pod.traits.host_ports.is_empty()
            && env.profile.filter.contains(&Plugin::NodePorts)
            && env.profile.pre_filter.contains(&Plugin::NodePorts)
            && let Some(node) = node()
        {
            if nominated.is_some() {
                return Err(NotIndexable);
            }
            if let Err(failure) = node_ports::filter(&self.pod, node) {
                return Ok(self.failed_leaf(failure));
            }
        }
        if let Err(failure) = self.shape.filter(load, env.profile, &self.pod, node, nominated.as_ref()) {
            return Ok(self.failed_leaf(failure));
        }
        let score = self.shape.score(load, env.profile, &self.pod, node);
        Ok(u32::from(base) << 16 | u32::from(score))
    }

    /// Number and requests of the pods nominated to a node that count as if they were there.
    fn nominated_on(&self, node: NodeId, env: &Env<'_>, adapted_to: Option<PodId>) -> Option<(i64, Resources)> {
        let mut nominated = None;
        let priority = self.pod.priority();
        for waiting in env.nominator.pods_on(node) {
            if waiting.priority() >= priority && Some(waiting.id) != adapted_to {
                let (pods, requests) = nominated.get_or_insert_with(|| (0, Resources::default()));
                *pods += 1;
                requests.add(&waiting.placed().requests);
            }
        }
        nominated
    }
}

/// Whether a nominated pod counts as if it were there when another one is placed.
pub fn counts(nominated: &PodInfo, pod: &PodInfo) -> bool {
    nominated.priority() >= pod.priority() && nominated.id != pod.id
}
