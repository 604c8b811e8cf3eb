//! A scheduling class: pods that every decision treats alike. It shares with others the [`Layer`] that says what nodes are
//! worth to pods of its shape, and has numbers of its own for what it asks of other pods.
//!
//! A *group* is a set of nodes that score alike but for their resources: one base of the layer, and the same counts of pods
//! on the node itself where those matter.

use super::constraints::Constraints;
use super::layer::{Env, Layer, NotIndexable};
use super::node_table::BLOCK;
use crate::api::Name;
use crate::scheduler::{Diagnosis, Listers, PodInfo, Profile};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Values of one node that only the node itself decides (pods per node that matter to a constraint).
pub const MAX_LOCALS: usize = 4;
/// With more groups than this a scan over the groups costs as much as one over the nodes.
const MAX_GROUPS: usize = 4096;
/// A base whose group has no number yet.
const NO_GROUP: u16 = u16::MAX;

/// A node whose group is to be found: no base has this number.
const UNKNOWN: (u16, u16) = (u16::MAX, NO_GROUP);

/// Nodes that score alike but for their resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Index among the bases of the layer.
    pub base: u16,
    /// Values of the local tallies.
    pub locals: [i32; MAX_LOCALS],
}

/// Nodes with pods that matter to the node itself. Empty where there are no local tallies.
#[derive(Clone, Debug, Default)]
struct Crowd {
    /// By block: a bit for each such node.
    blocks: Vec<u32>,
    /// By position: the base and the group that the node was last found to have.
    groups: Vec<(u16, u16)>,
}

/// A scheduling class.
#[derive(Clone, Debug)]
pub struct Class {
    pub pod: Arc<PodInfo>,
    /// The slot of its layer; `None`: to be found.
    pub layer: Option<usize>,
    /// Constraints on topology.
    pub constraints: Constraints,
    /// By group index.
    pub groups: Vec<Group>,
    group_ids: FxHashMap<Group, u16>,
    /// By base: its group of nodes without pods that matter to the node itself.
    empty_groups: Vec<u16>,
    /// Nodes with pods that matter to the node itself.
    crowd: Crowd,
    /// The generation of the layer whose bases the groups have.
    generation: u64,
    layout: u64,
    /// Replaced nodes up to here are known; `None`: nothing is.
    seen_nodes: Option<u64>,
    /// The layout of the table in which the class cannot be indexed.
    hopeless_in: Option<u64>,
    /// Number of the last search.
    pub last_used: u64,
    /// What the last search found, if it was nothing, and at which version of the table.
    nothing: Option<(u64, Arc<Diagnosis>)>,
}

impl Class {
    /// The class of a pod.
    pub fn new(pod: &Arc<PodInfo>, profile: &Profile, listers: &Listers) -> Self {
        Self {
            constraints: Constraints::new(pod, profile, listers),
            pod: Arc::clone(pod),
            layer: None,
            groups: Vec::new(),
            group_ids: FxHashMap::default(),
            empty_groups: Vec::new(),
            crowd: Crowd::default(),
            generation: 0,
            layout: 0,
            seen_nodes: None,
            hopeless_in: None,
            last_used: 0,
            nothing: None,
        }
    }

    /// Learns of kinds of pods that are new. The class then may need topology keys that the table does not have yet:
    /// `key` gives the index of a key.
    pub fn learn_kinds(&mut self, kinds: &[Arc<PodInfo>], key: &mut dyn FnMut(&Name) -> usize) {
        if self.constraints.learn_kinds(&self.pod, kinds, key) {
            self.seen_nodes = None;
            self.layer = None;
        }
    }

    /// Catches up with what changed. The layer has done so.
    ///
    /// # Errors
    /// If the class cannot be indexed in this cluster.
    pub fn catch_up(&mut self, env: &Env<'_>, layer: &Layer) -> Result<(), NotIndexable> {
        if self.hopeless_in == Some(env.table.layout()) {
            return Err(NotIndexable);
        }
        if self.generation != layer.generation || self.seen_nodes.is_none() {
            self.forget_groups();
            self.generation = layer.generation;
        }
        let is_current = self.layout == env.table.layout()
            && (self.constraints.tallies.is_empty() || self.seen_nodes == Some(env.table.node_log.end()));
        let Self { constraints, crowd, .. } = self;
        if self.seen_nodes.is_some()
            && is_current
            && constraints.catch_up(env.table, |constraints, position| crowd.note(constraints, position))
        {
            return Ok(());
        }
        let outcome = self.rebuild(env);
        if outcome.is_err() {
            self.seen_nodes = None;
            self.hopeless_in = Some(env.table.layout());
        }
        outcome
    }

    fn forget_groups(&mut self) {
        self.groups.clear();
        self.group_ids.clear();
        self.empty_groups.clear();
        self.crowd.groups.fill(UNKNOWN);
    }

    fn rebuild(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        self.nothing = None;
        self.seen_nodes = None;
        self.constraints.rebuild(&self.pod, env)?;
        // Which tallies are local may have changed.
        self.forget_groups();
        self.crowd = Crowd::default();
        if self.constraints.locals > 0 {
            let nodes = env.table.ids.len();
            self.crowd.blocks.resize(nodes.div_ceil(BLOCK), 0);
            self.crowd.groups.resize(nodes, UNKNOWN);
            for position in 0..nodes {
                self.crowd.note(&self.constraints, position);
            }
        }
        self.seen_nodes = Some(env.table.node_log.end());
        self.layout = env.table.layout();
        Ok(())
    }

    /// Why no node is feasible, if that was found out and nothing changed since.
    pub fn known_failure(&self, env: &Env<'_>) -> Option<&Arc<Diagnosis>> {
        self.nothing.as_ref().filter(|(version, _)| *version == env.table.version()).map(|(_, known)| known)
    }

    /// Remembers that no node is feasible until something changes.
    pub fn note_failure(&mut self, diagnosis: &Arc<Diagnosis>, env: &Env<'_>) {
        self.nothing = Some((env.table.version(), Arc::clone(diagnosis)));
    }

    /// A bit for each node of a block with pods that matter to the node itself.
    pub fn crowded(&self, block: usize) -> u32 {
        self.crowd.blocks.get(block).copied().unwrap_or(0)
    }

    /// The group of the nodes of a base without pods that matter to the node itself.
    ///
    /// # Errors
    /// If there are too many groups.
    pub fn empty_group(&mut self, base: usize) -> Result<usize, NotIndexable> {
        if let Some(group) = self.known_empty_group(base) {
            return Ok(group);
        }
        let number = u16::try_from(base).map_err(|_| NotIndexable)?;
        let group = self.group_id(Group { base: number, locals: [0; MAX_LOCALS] })?;
        if self.empty_groups.len() <= base {
            self.empty_groups.resize(base + 1, NO_GROUP);
        }
        self.empty_groups[base] = group;
        Ok(usize::from(group))
    }

    /// The group of a node of a base.
    ///
    /// # Errors
    /// If there are too many groups.
    pub fn group_at(&mut self, base: usize, position: usize) -> Result<usize, NotIndexable> {
        if self.crowded(position / BLOCK) & 1 << (position % BLOCK) == 0 {
            return self.empty_group(base);
        }
        if let Some(group) = self.known_group_at(base, position) {
            return Ok(group);
        }
        let locals = self.constraints.locals_at(position);
        let number = u16::try_from(base).map_err(|_| NotIndexable)?;
        let group = self.group_id(Group { base: number, locals })?;
        self.crowd.groups[position] = (number, group);
        Ok(usize::from(group))
    }

    /// The group of the nodes of a base without pods that matter to the node itself, if it was met before.
    pub fn known_empty_group(&self, base: usize) -> Option<usize> {
        self.empty_groups.get(base).filter(|group| **group != NO_GROUP).map(|group| usize::from(*group))
    }

    /// The group of a node of a base, if it was met before.
    pub fn known_group_at(&self, base: usize, position: usize) -> Option<usize> {
        if self.crowded(position / BLOCK) & 1 << (position % BLOCK) == 0 {
            return self.known_empty_group(base);
        }
        let (own, group) = *self.crowd.groups.get(position)?;
        (usize::from(own) == base).then_some(usize::from(group))
    }

    fn group_id(&mut self, group: Group) -> Result<u16, NotIndexable> {
        if let Some(id) = self.group_ids.get(&group) {
            return Ok(*id);
        }
        if self.groups.len() >= MAX_GROUPS {
            // Most of them may be of the past: the next time the class starts anew.
            self.seen_nodes = None;
            return Err(NotIndexable);
        }
        let id = u16::try_from(self.groups.len()).map_err(|_| NotIndexable)?;
        self.groups.push(group);
        self.group_ids.insert(group, id);
        Ok(id)
    }
}

impl Crowd {
    /// Notes whether pods on the node at a position matter to the node itself, after that has changed.
    fn note(&mut self, constraints: &Constraints, position: usize) {
        let bit = 1 << (position % BLOCK);
        if constraints.locals_at(position) == [0; MAX_LOCALS] {
            self.blocks[position / BLOCK] &= !bit;
        } else {
            self.blocks[position / BLOCK] |= bit;
        }
        self.groups[position] = UNKNOWN;
    }
}
