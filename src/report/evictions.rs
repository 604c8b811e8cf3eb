//! Why pods had to go: by cause, for those that neither ended nor were scaled down or rolled over.
//!
//! An eviction through the API does not say who asked for it. It is laid to what took the node afterwards (an autoscaler that
//! gave back its machine, with the reason that it gave) or to the VerticalPodAutoscaler that decided to evict the pod; what is
//! left is drains by an operator.

use crate::record::{Facts, InstanceRecord, PodRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Why a pod had to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Consolidation,
    Drift,
    Expiry,
    SpotInterruption,
    ScaleDown,
    VerticalPodAutoscaler,
    Drain,
    Taint,
    NodeLoss,
    Preemption,
}

impl Cause {
    /// Every cause with the metric that counts it.
    pub const METRICS: [(Self, &'static str); 10] = [
        (Self::Consolidation, "evictions_by_consolidation"),
        (Self::Drift, "evictions_by_drift"),
        (Self::Expiry, "evictions_by_expiry"),
        (Self::SpotInterruption, "evictions_by_spot_interruption"),
        (Self::ScaleDown, "evictions_by_scale_down"),
        (Self::VerticalPodAutoscaler, "evictions_by_vertical_pod_autoscaler"),
        (Self::Drain, "evictions_by_drain"),
        (Self::Taint, "evictions_by_taint"),
        (Self::NodeLoss, "evictions_by_node_loss"),
        (Self::Preemption, "evictions_by_preemption"),
    ];

    /// The word in `pods.csv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Consolidation => "consolidation",
            Self::Drift => "drift",
            Self::Expiry => "expiry",
            Self::SpotInterruption => "spot-interruption",
            Self::ScaleDown => "scale-down",
            Self::VerticalPodAutoscaler => "vertical-pod-autoscaler",
            Self::Drain => "drain",
            Self::Taint => "taint",
            Self::NodeLoss => "node-loss",
            Self::Preemption => "preemption",
        }
    }
}

/// The causes of a run's evictions.
pub(super) struct Evictions<'a> {
    facts: &'a Facts,
    /// Namespace and name of pods that a VerticalPodAutoscaler evicted.
    by_vpa: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Evictions<'a> {
    pub fn new(facts: &'a Facts) -> Self {
        let evicted = |decision: &&crate::record::DecisionRecord| {
            decision.autoscaler == "vertical-pod-autoscaler" && decision.decision.starts_with("Evict")
        };
        let by_vpa = facts.decisions.iter().filter(evicted).filter_map(|decision| {
            let pod = decision.target.strip_prefix("Pod/")?;
            Some(pod.split_once('/').unwrap_or((&decision.namespace, pod)))
        });
        Self { facts, by_vpa: by_vpa.collect() }
    }

    /// Why a pod had to go; `None` if it did not, or was scaled down, rolled over or deleted by a user.
    pub fn cause(&self, pod: &PodRecord) -> Option<Cause> {
        let requested = pod.deletion_requested?;
        // A pod that was over before somebody removed it lost nothing.
        if pod.ended.is_some_and(|ended| ended < requested) || pod.scheduled.is_none() {
            return None;
        }
        match pod.deleted_as {
            "preemption" => return Some(Cause::Preemption),
            "pod-gc" => {
                return Some(
                    self.of_machine(pod).filter(|cause| *cause == Cause::SpotInterruption).unwrap_or(Cause::NodeLoss),
                );
            }
            "taint" => {
                return Some(
                    self.of_machine(pod).filter(|cause| *cause == Cause::SpotInterruption).unwrap_or(Cause::Taint),
                );
            }
            "eviction" => {}
            _ => return None,
        }
        if self.by_vpa.contains(&(&*pod.namespace, &*pod.name)) {
            return Some(Cause::VerticalPodAutoscaler);
        }
        Some(self.of_machine(pod).unwrap_or(Cause::Drain))
    }

    /// Why the machine that a pod was on was given back after the pod had gone.
    fn of_machine(&self, pod: &PodRecord) -> Option<Cause> {
        let node = self.facts.nodes.get(pod.node? as usize)?;
        let instance = self.facts.instances.get(node.instance? as usize)?;
        let requested = pod.deletion_requested?;
        if instance.deletion_requested.is_some_and(|at| at < requested) && instance.interrupted.is_none() {
            return None;
        }
        of_reason(instance)
    }

    /// How many pods had to go, by cause.
    pub fn counts(&self) -> BTreeMap<Cause, usize> {
        let mut counts = BTreeMap::new();
        for cause in self.facts.pods.iter().filter_map(|pod| self.cause(pod)) {
            *counts.entry(cause).or_default() += 1;
        }
        counts
    }
}

/// Why a machine was given back, in the words of who did it.
fn of_reason(instance: &InstanceRecord) -> Option<Cause> {
    if instance.interrupted.is_some() {
        return Some(Cause::SpotInterruption);
    }
    match instance.deleted_by {
        "cluster-autoscaler" => Some(Cause::ScaleDown),
        "cloud" => Some(Cause::NodeLoss),
        "karpenter" => Some(match &*instance.deleted_reason {
            reason if reason.starts_with("Drift") => Cause::Drift,
            reason if reason.starts_with("Expir") => Cause::Expiry,
            reason if reason.contains("nterrupt") => Cause::SpotInterruption,
            reason if reason.starts_with("Empty") || reason.starts_with("Underutilized") => Cause::Consolidation,
            _ => Cause::Drain,
        }),
        _ => None,
    }
}
