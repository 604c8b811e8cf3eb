//! The check of the cluster's invariants after events (see [`check_invariants`](super::run::RunOptions::check_invariants)).

use crate::cluster::{Change, Cluster};

/// A cluster with fewer pods is checked as a whole each time.
const FEW_PODS: usize = 500;

/// Keeps the changes since the last check, if there are checks at all.
#[derive(Debug, Default)]
pub struct InvariantCheck {
    changes: Option<Vec<Change>>,
}

impl InvariantCheck {
    /// Keeps changes from now on.
    pub fn enable(&mut self) {
        self.changes.get_or_insert_default();
    }

    /// Notes changes for the next check.
    pub fn note(&mut self, changes: &[Change]) {
        if let Some(noted) = &mut self.changes {
            noted.extend_from_slice(changes);
        }
    }

    /// The invariants that the changes since the last call violate, in words; all invariants with `all`, and of a cluster
    /// that is small enough.
    pub fn violated(&mut self, cluster: &Cluster, all: bool) -> Vec<String> {
        let changes = self.changes.as_mut().map(std::mem::take).unwrap_or_default();
        if all || cluster.pods().len() < FEW_PODS {
            cluster.violated_invariants()
        } else {
            cluster.invariants_violated_by(&changes)
        }
    }
}
