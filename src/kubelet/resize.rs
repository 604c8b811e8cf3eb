//! What a kubelet makes of an in-place resize: whether it allocates the new size, and what it says if not.
//!
//! Mirrors `canResizePod` of `pkg/kubelet/allocation` (Kubernetes 1.36): a size above the node's allocatable can never be had,
//! one that the other pods leave no room for is deferred. Resources other than cpu and memory cannot be resized.

use crate::units::{Bytes, MilliCpu};

/// Amounts of what can be resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Cpu.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
}

/// What a kubelet decides about a pod whose spec asks for another size than it was allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResizeDecision {
    /// The new size is allocated.
    Allocate,
    /// Condition `PodResizePending` with reason `Deferred`, and its message.
    Defer(String),
    /// Condition `PodResizePending` with reason `Infeasible`, and its message.
    Infeasible(String),
}

/// The message of a node that resizes no pod.
const NOT_POSSIBLE: &str = "In-place resize of containers is not possible on this node";

/// Decides about a pod that wants to be of size `wanted`, where the other pods of the node were allocated `others`.
/// `is_impossible` says that its node finds every resize infeasible.
pub fn decide_resize(wanted: Size, others: Size, allocatable: Size, is_impossible: bool) -> ResizeDecision {
    if is_impossible {
        return ResizeDecision::Infeasible(NOT_POSSIBLE.to_owned());
    }
    let resources = [
        ("cpu", wanted.cpu.get(), others.cpu.get(), allocatable.cpu.get()),
        ("memory", wanted.memory.get(), others.memory.get(), allocatable.memory.get()),
    ];
    for (name, wanted, _, capacity) in resources {
        if wanted > capacity {
            let message =
                format!("Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}");
            return ResizeDecision::Infeasible(message);
        }
    }
    for (name, wanted, used, capacity) in resources {
        if wanted > capacity.saturating_sub(used) {
            let message = format!(
                "Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, capacity: {capacity}"
            );
            return ResizeDecision::Defer(message);
        }
    }
    ResizeDecision::Allocate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_those_of_the_kubelet() {
        let size = |cpu, memory| Size { cpu: MilliCpu::new(cpu), memory: Bytes::new(memory) };
        let node = size(2000, 100);
        let defer = |text: &str| ResizeDecision::Defer(format!("Node didn't have enough resource: {text}"));
        let cases = [
            (size(1000, 10), size(500, 10), ResizeDecision::Allocate, "there is room"),
            (size(1500, 90), size(500, 10), ResizeDecision::Allocate, "exactly"),
            (
                size(1200, 10),
                size(1000, 10),
                defer("cpu, requested: 1200, used: 1000, capacity: 2000"),
                "recorded: the others have too much",
            ),
            (size(100, 95), size(500, 10), defer("memory, requested: 95, used: 10, capacity: 100"), "of memory"),
            (
                size(2500, 10),
                size(0, 0),
                ResizeDecision::Infeasible(
                    "Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000".to_owned(),
                ),
                "the node never has that much",
            ),
        ];
        for (wanted, others, expected, why) in cases {
            assert_eq!(decide_resize(wanted, others, node, false), expected, "{why}");
        }
        let impossible = ResizeDecision::Infeasible(NOT_POSSIBLE.to_owned());
        assert_eq!(decide_resize(size(1, 1), size(0, 0), node, true), impossible);
    }
}
