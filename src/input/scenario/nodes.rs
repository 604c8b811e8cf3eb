//! Validation of the node names in a scenario: which nodes its file can bring about.

use super::check::Checker;
use super::spec::ScenarioSpec;
use super::target::Target;
use crate::api::Kind;
use crate::input::document::field_path::FieldPathBuf;
use std::collections::BTreeSet;

/// More nodes than this are taken for a slip: Kubernetes supports 5,000.
pub const MAX_NODES: u64 = 1_000_000;

/// What nodes a scenario has, as far as its file says.
pub(super) struct Nodes {
    pub pools: BTreeSet<String>,
    pub zones: BTreeSet<String>,
    /// Pools with the number of nodes that they ever have.
    sizes: Vec<(String, u64)>,
    /// Manifests or traces may bring further nodes and zones.
    pub is_open: bool,
    /// The pools could not be read whole.
    pub is_damaged: bool,
}

impl Nodes {
    fn has_node(&self, name: &str) -> bool {
        self.sizes.iter().any(|(pool, size)| {
            name.strip_prefix(pool.as_str())
                .and_then(|rest| rest.strip_prefix('-'))
                .filter(|digits| *digits == "0" || !digits.starts_with('0'))
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse::<u64>().ok())
                .is_some_and(|index| index < *size)
        })
    }
}

impl Checker<'_> {
    /// The nodes of a spec.
    pub fn nodes(&self, spec: &ScenarioSpec) -> Nodes {
        let pools = FieldPathBuf::default().key("spec").key("nodePools");
        let sizes = spec.node_pools.iter().map(|pool| {
            let added = spec.actions.iter().filter_map(|action| action.add_nodes.as_ref());
            let added: u64 = added.filter(|add| add.pool == pool.name).map(|add| u64::from(add.count)).sum();
            (pool.name.clone(), u64::from(pool.count).saturating_add(added))
        });
        let has_trace_nodes =
            spec.arrivals.iter().any(|entry| entry.trace.as_ref().is_some_and(|trace| trace.nodes.is_some()));
        Nodes {
            pools: spec.node_pools.iter().map(|pool| pool.name.clone()).collect(),
            zones: spec.node_pools.iter().flat_map(|pool| pool.zones.iter().cloned()).collect(),
            sizes: sizes.collect(),
            is_open: has_trace_nodes
                || !spec.manifests.is_empty()
                || spec.actions.iter().any(|action| action.apply.is_some()),
            is_damaged: self.is_damaged(&pools),
        }
    }

    /// A reference to a node.
    pub fn require_node(&mut self, path: FieldPathBuf, name: &str, nodes: &Nodes) {
        if nodes.has_node(name) || nodes.is_open || nodes.is_damaged {
            return;
        }
        let message = format!("node `{name}` does not exist");
        let examples: Vec<String> = nodes
            .sizes
            .iter()
            .filter(|(_, size)| *size > 0)
            .map(
                |(pool, size)| {
                    if *size == 1 { format!("{pool}-0") } else { format!("{pool}-0 to {pool}-{}", size - 1) }
                },
            )
            .collect();
        if examples.is_empty() {
            self.error(path, format!("{message} (the scenario has none)"));
        } else {
            self.error_hint(path, message, format!("nodes of the pools: {}", examples.join(", ")));
        }
    }

    /// A reference to a pool.
    pub fn require_pool(&mut self, path: FieldPathBuf, name: &str, nodes: &Nodes) {
        if !nodes.is_damaged {
            self.require_known(path, "pool", name, &nodes.pools);
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
