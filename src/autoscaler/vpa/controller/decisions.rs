//! What the Vertical Pod Autoscaler decides, for the records.

use crate::api::{CpuAndMemory, Name, RecommendedContainerResources};
use crate::autoscaler::vpa::updater::UpdateReason;
use crate::cluster::{AutoscalerDecision, Cluster, PodId, VpaId};
use crate::units::Bytes;
use std::fmt::Write as _;

/// What the Vertical Pod Autoscaler did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VpaAction {
    /// The target of the recommendation changed.
    Recommended,
    /// A pod was evicted.
    Evicted(PodId, UpdateReason),
    /// A pod was resized in place.
    Resized(PodId, UpdateReason),
    /// The eviction API refused to evict a pod.
    Refused(PodId, UpdateReason),
}

/// Notes what was done for a VerticalPodAutoscaler, with the recommendation that holds.
pub(super) fn note(vpa: VpaId, action: VpaAction, cluster: &mut Cluster) {
    let (decision, pod, limit) = match action {
        VpaAction::Recommended => ("Recommend", None, None),
        VpaAction::Evicted(pod, reason) => ("Evict", Some((pod, reason)), None),
        VpaAction::Resized(pod, reason) => ("ResizeInPlace", Some((pod, reason)), None),
        VpaAction::Refused(pod, reason) => ("EvictionRefused", Some((pod, reason)), Some("PodDisruptionBudget")),
    };
    let state = cluster.vpa(vpa);
    let object = &state.object;
    let containers: &[RecommendedContainerResources] = state.recommendation.as_deref().unwrap_or_default();
    let mut inputs = String::new();
    if let Some((_, reason)) = pod {
        inputs.push_str("reason=");
        inputs.push_str(reason.as_str());
    }
    for one in containers {
        describe(one, &mut inputs);
    }
    let limited_by = limit.or_else(|| containers.iter().find_map(policy_bound)).unwrap_or_default();
    let target = match pod {
        Some((pod, _)) => format!("Pod/{}", cluster.pod(pod).name),
        None => format!("{}/{}", object.target.kind, object.target.name),
    };
    let decision = AutoscalerDecision {
        autoscaler: "vertical-pod-autoscaler",
        namespace: object.meta.namespace.clone(),
        name: object.meta.name.clone(),
        target: Name::from(target),
        decision,
        inputs: Name::from(inputs),
        limited_by: limited_by.into(),
        sizes: None,
    };
    cluster.note_decision(decision);
}

/// Which bound of the resource policy changed a target.
fn policy_bound(one: &RecommendedContainerResources) -> Option<&'static str> {
    let cpu = one.target.cpu.cmp(&one.uncapped_target.cpu);
    let memory = one.target.memory.cmp(&one.uncapped_target.memory);
    if cpu.is_gt() || memory.is_gt() {
        return Some("minAllowed");
    }
    (cpu.is_lt() || memory.is_lt()).then_some("maxAllowed")
}

/// Adds a container's recommendation as `key=value` pairs.
fn describe(one: &RecommendedContainerResources, text: &mut String) {
    let parts: [(&str, CpuAndMemory); 3] =
        [("target", one.target), ("lower_bound", one.lower_bound), ("upper_bound", one.upper_bound)];
    let name = &one.container_name;
    let mut add = |key: String, value: String| {
        let separator = if text.is_empty() { "" } else { ";" };
        // Writing to a text cannot fail.
        let _ = write!(text, "{separator}{key}={value}");
    };
    for (part, amounts) in parts {
        if let Some(cpu) = amounts.cpu {
            add(format!("{name}.{part}_cpu_cores"), cpu.as_cores().to_string());
        }
        if let Some(memory) = amounts.memory.map(Bytes::get) {
            add(format!("{name}.{part}_memory_bytes"), memory.to_string());
        }
    }
}
