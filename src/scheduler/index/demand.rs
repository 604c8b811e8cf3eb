//! What pods ask of other pods, kept up to date once for all classes that ask the same: pods of an app in several sizes are
//! several classes, but are spread and kept apart alike.

use super::constraints::Constraints;
use super::crowd::Crowd;
use super::layer::{Env, NotIndexable};
use crate::api::Name;
use crate::scheduler::config::Profile;
use crate::scheduler::view::{Listers, PodInfo};
use std::sync::Arc;

/// What some classes ask of other pods.
#[derive(Clone, Debug)]
pub struct Demand {
    /// One of the pods.
    pod: Arc<PodInfo>,
    /// The constraints with their numbers.
    pub constraints: Constraints,
    /// What each node's own pods come to.
    pub crowd: Crowd,
    /// Grows when the distinct values of the crowd are numbered anew.
    pub generation: u64,
    /// Grows when something of the crowd may have changed.
    pub crowd_changes: u64,
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
            crowd: Crowd::default(),
            generation: 0,
            crowd_changes: 0,
            keys_generation: 0,
            layout: 0,
            seen_nodes: None,
            hopeless_in: None,
        }
    }

    /// Learns of kinds of pods that are new. Topology keys that the table does not have yet may be needed then: `key` gives
    /// the index of a key.
    pub fn learn_kinds(&mut self, kinds: &[Arc<PodInfo>], key: &mut dyn FnMut(&Name) -> usize) {
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
            let Self { constraints, crowd, crowd_changes, .. } = self;
            let mut fits = true;
            let is_known = constraints.catch_up(env.table, |constraints, position| {
                *crowd_changes += 1;
                fits &= crowd.set(position, constraints.locals_at(position)).is_ok();
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
        self.crowd_changes += 1;
        self.constraints.rebuild(&self.pod, env)?;
        self.crowd = Crowd::default();
        if self.constraints.locals > 0 {
            let nodes = env.table.ids.len();
            self.crowd = Crowd::new(nodes);
            for position in 0..nodes {
                let locals = self.constraints.locals_at(position);
                self.crowd.set(position, locals).map_err(|_| NotIndexable)?;
            }
        }
        self.seen_nodes = Some(env.table.node_log.end());
        self.layout = env.table.layout();
        Ok(())
    }
}
