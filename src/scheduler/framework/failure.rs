//! Why a node was rejected: a small copyable value, rendered to Kubernetes' words only when a message is wanted. The words
//! themselves stand with each plugin.

use crate::api::KubernetesVersion;
use crate::scheduler::plugins::Plugin;
use crate::scheduler::view::{NodeInfo, PodInfo};
use std::fmt;

/// Whether removing pods could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Preemption may help.
    Unschedulable,
    /// Preemption cannot help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// The name in the framework.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// What the text of a reason may be made of.
#[derive(Clone, Copy, Debug)]
pub struct Rejected<'a> {
    /// What the plugin noted with the reason.
    pub detail: u64,
    /// The pod that was rejected.
    pub pod: &'a PodInfo,
    /// The node that rejected it.
    pub node: &'a NodeInfo,
    /// The release whose words are used.
    pub version: KubernetesVersion,
}

/// Calls the function that it is given with each text of a reason.
pub type WriteReasons = fn(&Rejected<'_>, &mut dyn FnMut(&str));

/// The words of a reason.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    /// Always the same.
    Fixed(&'static str),
    /// One or more texts, made for the pod, the node and the plugin's detail.
    Made {
        /// Makes the texts.
        write: WriteReasons,
        /// Whether a release words the same detail differently for different nodes.
        differ_by_node: fn(KubernetesVersion) -> bool,
    },
}

/// A reason for which a plugin rejects nodes. Each is a `static` beside its plugin, and is told from others by its address.
#[derive(Debug)]
pub struct Reason {
    plugin: Plugin,
    code: Code,
    words: Words,
}

impl Reason {
    /// A reason that other pods on the node play a part in: preemption may help.
    #[must_use]
    pub const fn unschedulable(plugin: Plugin, words: Words) -> Self {
        Self { plugin, code: Code::Unschedulable, words }
    }

    /// A reason that no change to the pods on the node can remove.
    #[must_use]
    pub const fn unresolvable(plugin: Plugin, words: Words) -> Self {
        Self { plugin, code: Code::UnschedulableAndUnresolvable, words }
    }
}

/// The reason that nodes outside a set of nodes give; NodeAffinity alone gives such sets.
static NOT_AMONG_PRE_FILTER_NODES: Reason =
    Reason::unresolvable(Plugin::NodeAffinity, Words::Fixed("node(s) didn't satisfy plugin(s) [NodeAffinity]"));

/// Why one node was rejected: a plugin's reason, and what the plugin noted for its words.
#[derive(Clone, Copy)]
pub struct Failure {
    reason: &'static Reason,
    detail: u64,
}

impl Failure {
    /// The node is outside the set of nodes that a PreFilter plugin gave.
    pub const OUTSIDE_PRE_FILTER_NODES: Self = Self::of(&NOT_AMONG_PRE_FILTER_NODES);

    /// A failure whose words are fixed.
    #[must_use]
    pub const fn of(reason: &'static Reason) -> Self {
        Self { reason, detail: 0 }
    }

    /// A failure whose words are made of a detail, which the reason's plugin alone understands.
    #[must_use]
    pub const fn with_detail(reason: &'static Reason, detail: u64) -> Self {
        Self { reason, detail }
    }

    /// The plugin that rejected the node.
    #[must_use]
    pub const fn plugin(self) -> Plugin {
        self.reason.plugin
    }

    /// Whether preemption could help.
    #[must_use]
    pub const fn code(self) -> Code {
        self.reason.code
    }

    /// Whether two nodes that were rejected for this reason may have different texts.
    #[must_use]
    pub fn words_differ_by_node(self, version: KubernetesVersion) -> bool {
        match self.reason.words {
            Words::Fixed(_) => false,
            Words::Made { differ_by_node, .. } => differ_by_node(version),
        }
    }

    /// Calls `each` with every reason in Kubernetes' words. `pod` is the pod that was rejected; `node` the node.
    pub fn for_each_reason(
        self,
        pod: &PodInfo,
        node: &NodeInfo,
        version: KubernetesVersion,
        each: &mut dyn FnMut(&str),
    ) {
        match self.reason.words {
            Words::Fixed(text) => each(text),
            Words::Made { write, .. } => write(&Rejected { detail: self.detail, pod, node, version }, each),
        }
    }
}

impl PartialEq for Failure {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.reason, other.reason) && self.detail == other.detail
    }
}

impl Eq for Failure {}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): ", self.reason.plugin, self.reason.code.as_str())?;
        match self.reason.words {
            Words::Fixed(text) => formatter.write_str(text),
            Words::Made { .. } => write!(formatter, "detail {:#x}", self.detail),
        }
    }
}
