//! Validation of references to pools, and to kinds of objects. Which nodes and zones there are is known only when all input is
//! read.

use super::check::Checker;
use super::spec::ScenarioSpec;
use super::target::Target;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use std::collections::BTreeSet;

/// More nodes than this are taken for a slip: Kubernetes supports 5,000.
pub const MAX_NODES: u64 = 1_000_000;

/// The pools of a scenario, as far as they could be read.
pub(super) struct Pools {
    names: BTreeSet<String>,
    /// They could not be read whole.
    is_damaged: bool,
}

impl Checker<'_> {
    /// The pools of a spec.
    pub fn pools(&self, spec: &ScenarioSpec) -> Pools {
        let path = FieldPathBuf::default().key("spec").key("nodePools");
        Pools {
            names: spec.node_pools.iter().map(|pool| pool.name.clone()).collect(),
            is_damaged: self.is_damaged(&path),
        }
    }

    /// A reference to a pool.
    pub fn require_pool(&mut self, path: FieldPathBuf, name: &str, pools: &Pools) {
        if !pools.is_damaged {
            self.require_known(path, "pool", name, &pools.names);
        }
    }

    /// A reference to an object of one of some kinds.
    pub fn require_kind(&mut self, path: FieldPathBuf, target: &Target, is_allowed: impl Fn(Kind) -> bool) {
        let allowed = Kind::ALL.iter().copied().filter(|kind| is_allowed(*kind));
        let words: Vec<String> = allowed.map(|kind| kind.as_str().to_ascii_lowercase()).collect();
        let message = format!("a {} cannot stand here (expected {})", target.kind.as_str(), words.join(", "));
        self.require(is_allowed(target.kind), path, message);
    }
}
