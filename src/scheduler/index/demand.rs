//! What pods ask of the pods around them: topology spread and pod affinity. Classes with the same constraints share it: an
//! app that runs in three sizes has three classes and one demand.

use super::constraints::Constraints;
use super::layer::{Env, NotIndexable};
use super::node_values::NodeValues;
use crate::api::Name;
use crate::scheduler::config::Profile;
use crate::scheduler::view::{KindTable, Listers, PodInfo};
use std::sync::Arc;

/// What some classes ask of other pods.
#[derive(Clone, Debug)]
pub struct Demand {
    /// One of the pods.
    pod: Arc<PodInfo>,
    /// The constraints with their numbers.
    pub constraints: Constraints,
    /// What the pods on each node come to.
    pub node_values: NodeValues,
    /// Grows when the distinct values of nodes are numbered anew.
    pub generation: u64,
    /// Grows when the values of some node may have changed.
    pub value_changes: u64,
    /// Grows when there are other topology keys than before.
    pub keys_generation: u64,
    layout: u64,
    /// Replaced nodes up to here are known; `None`: nothing is.
    seen_nodes: Option<u64>,
    /// The layout of the table in which nothing can be indexed here.
    hopeless_in: Option<u64>,
}

impl Demand {
    /// What a pod asks.
    pub fn new(pod: &Arc<PodInfo>, profile: &Profile, listers: &Listers) -> Self {
        Self {
            constraints: Constraints::new(pod, profile, listers),
            pod: Arc::clone(pod),
            node_values: NodeValues::default(),
            generation: 0,
            value_changes: 0,
            keys_generation: 0,
            layout: 0,
            seen_nodes: None,
            hopeless_in: None,
        }
    }

    /// Learns of kinds of pods that are new. Topology keys that the table does not have yet may be needed then: `key` gives
    /// the index of a key.
    pub fn learn_kinds(&mut self, kinds: &KindTable, key: &mut dyn FnMut(&Name) -> usize) {
        if self.constraints.learn_kinds(&self.pod, kinds, key) {
            self.seen_nodes = None;
            self.keys_generation += 1;
        }
    }

    /// Catches up with what changed.
    ///
    /// # Errors
    /// If the constraints cannot be indexed in this cluster.
    pub fn catch_up(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        if self.hopeless_in == Some(env.table.layout()) {
            return Err(NotIndexable);
        }
        let is_current = self.seen_nodes.is_some()
            && self.layout == env.table.layout()
            && (self.constraints.tallies.is_empty() || self.seen_nodes == Some(env.table.node_log.end()));
        if is_current {
            let Self { constraints, node_values, value_changes, .. } = self;
            let mut fits = true;
            let is_known = constraints.catch_up(env.table, |constraints, position| {
                *value_changes += 1;
                fits &= node_values.set(position, constraints.locals_at(position)).is_ok();
            });
            if is_known && fits {
                return Ok(());
            }
        }
        let outcome = self.rebuild(env);
        if outcome.is_err() {
            self.seen_nodes = None;
            self.hopeless_in = Some(env.table.layout());
        }
        outcome
    }

    fn rebuild(&mut self, env: &Env<'_>) -> Result<(), NotIndexable> {
        self.seen_nodes = None;
        self.generation += 1;
        self.value_changes += 1;
        self.constraints.rebuild(&self.pod, env)?;
        self.node_values = NodeValues::default();
        if self.constraints.locals > 0 {
            let nodes = env.table.ids.len();
            self.node_values = NodeValues::new(nodes);
            for position in 0..nodes {
                let locals = self.constraints.locals_at(position);
                self.node_values.set(position, locals).map_err(|_| NotIndexable)?;
            }
        }
        self.seen_nodes = Some(env.table.node_log.end());
        self.layout = env.table.layout();
        Ok(())
    }
}
