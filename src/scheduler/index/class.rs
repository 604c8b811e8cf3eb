//! A scheduling class: pods that every decision treats alike, such as the replicas of a Deployment. Its [`Layer`] says what
//! each node is worth to them, its [`Demand`] what they ask of other pods; both are shared with classes that ask the same.
//!
//! A *group* is a set of nodes that score alike but for their resources: they have the same base in the layer, and the same
//! counts of pods where a constraint looks at single nodes.

use super::demand::Demand;
use super::layer::{Env, Layer, NotIndexable};
use super::node_table::BLOCK;
use crate::scheduler::framework::Diagnosis;
use crate::scheduler::view::PodInfo;
use std::sync::Arc;

/// With more groups than this a scan over the groups costs as much as one over the nodes.
const MAX_GROUPS: usize = 4096;
/// Pairs of a base and the values of a node that are looked up directly.
const MAX_PAIRS: usize = 1 << 20;
/// A pair whose group has no number yet.
const NO_GROUP: u16 = u16::MAX;

/// Nodes that score alike but for their resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Index among the bases of the layer.
    pub base: u16,
    /// Which of the distinct values of nodes.
    pub local: u16,
}

/// That no node is feasible, and when that was found out.
#[derive(Clone, Debug)]
struct Nothing {
    /// The version of the table.
    version: u64,
    /// The changes of leaves and of the values of nodes before.
    changes: (u64, u64),
    diagnosis: Arc<Diagnosis>,
}

/// A scheduling class.
#[derive(Clone, Debug)]
pub struct Class {
    pub pod: Arc<PodInfo>,
    /// No other class has it.
    pub number: u64,
    /// The slot of what it asks of other pods.
    pub demand: usize,
    /// The slot of its layer, and the generation of the demand's topology keys that it has; `None`: to be found.
    pub layer: Option<(usize, u64)>,
    /// By group index.
    pub groups: Vec<Group>,
    /// By base and values of a node, `stride` to a base: the group.
    group_of: Vec<u16>,
    stride: usize,
    /// The generations of layer and demand that the groups belong to.
    generations: (u64, u64),
    /// Number of the last search.
    pub last_used: u64,
    /// What the last search found, if it was nothing.
    nothing: Option<Nothing>,
}

impl Class {
    /// The class of a pod, with the slot of what it asks of other pods and its number.
    pub fn new(pod: &Arc<PodInfo>, demand: usize, number: u64) -> Self {
        Self {
            pod: Arc::clone(pod),
            number,
            demand,
            layer: None,
            groups: Vec::new(),
            group_of: Vec::new(),
            stride: 1,
            generations: (0, 0),
            last_used: 0,
            nothing: None,
        }
    }

    /// Forgets groups whose base or values are numbered anew. Layer and demand have caught up.
    pub fn catch_up(&mut self, layer: &Layer, demand: &Demand) {
        let generations = (layer.generation, demand.generation);
        if self.generations != generations {
            self.generations = generations;
            self.nothing = None;
            self.forget_groups();
        }
    }

    fn forget_groups(&mut self) {
        self.groups.clear();
        self.group_of.clear();
        self.stride = 1;
    }

    /// Why no node is feasible, if that was found out and nothing that matters has changed since.
    ///
    /// # Errors
    /// If a leaf cannot be told without the framework.
    pub fn known_failure(
        &mut self,
        env: &Env<'_>,
        layer: &mut Layer,
        demand: &Demand,
    ) -> Result<Option<&Arc<Diagnosis>>, NotIndexable> {
        let Some(nothing) = &mut self.nothing else { return Ok(None) };
        let version = env.table.version();
        if nothing.version != version {
            // A few nodes have changed: the answer is another one only if one of their leaves is.
            let changed =
                env.table.changed_since(nothing.version).filter(|_| demand.constraints.only_reject_nodes_with_values());
            let Some(changed) = changed else { return Ok(None) };
            for position in changed {
                layer.refresh(position / BLOCK, env)?;
            }
            if nothing.changes != (layer.leaf_changes, demand.value_changes) {
                return Ok(None);
            }
            nothing.version = version;
        }
        Ok(Some(&nothing.diagnosis))
    }

    /// Remembers that no node is feasible until something changes.
    pub fn note_failure(&mut self, diagnosis: &Arc<Diagnosis>, env: &Env<'_>, layer: &Layer, demand: &Demand) {
        let changes = (layer.leaf_changes, demand.value_changes);
        self.nothing = Some(Nothing { version: env.table.version(), changes, diagnosis: Arc::clone(diagnosis) });
    }

    /// The group of the nodes of a base with certain values, if it was met before.
    #[inline]
    pub fn known_group(&self, base: usize, local: u16) -> Option<usize> {
        let local = usize::from(local);
        if local >= self.stride {
            return None;
        }
        self.group_of
            .get(base * self.stride + local)
            .filter(|group| **group != NO_GROUP)
            .map(|group| usize::from(*group))
    }

    /// The group of the nodes of a base with certain values.
    ///
    /// # Errors
    /// If there are too many groups.
    #[inline]
    pub fn group(&mut self, base: usize, local: u16) -> Result<usize, NotIndexable> {
        match self.known_group(base, local) {
            Some(group) => Ok(group),
            None => self.new_group(base, local),
        }
    }

    fn new_group(&mut self, base: usize, local: u16) -> Result<usize, NotIndexable> {
        let column = usize::from(local);
        if column >= self.stride {
            let stride = (column + 1).next_power_of_two();
            let bases = self.group_of.len() / self.stride;
            let mut wider = vec![NO_GROUP; bases * stride];
            for (to, from) in wider.chunks_mut(stride).zip(self.group_of.chunks(self.stride)) {
                to[..self.stride].copy_from_slice(from);
            }
            self.group_of = wider;
            self.stride = stride;
        }
        let pairs = (base + 1) * self.stride;
        if self.groups.len() >= MAX_GROUPS || pairs > MAX_PAIRS {
            // Most of them may be of the past: the next time the class starts anew.
            self.forget_groups();
            return Err(NotIndexable);
        }
        if self.group_of.len() < pairs {
            self.group_of.resize(pairs, NO_GROUP);
        }
        let number = u16::try_from(self.groups.len()).map_err(|_| NotIndexable)?;
        self.groups.push(Group { base: u16::try_from(base).map_err(|_| NotIndexable)?, local });
        self.group_of[base * self.stride + column] = number;
        Ok(usize::from(number))
    }
}
