//! Questions about a single pod that several decisions ask.

use super::environment::PodFacts;
use crate::api::{PodPhase, RestartPolicy};
use crate::scheduler::PodInfo;
use crate::units::{SimDuration, SimTime, parse_go_duration};
use std::sync::Arc;

/// Annotation: the pod counts as one of a DaemonSet.
const DAEMONSET_POD: &str = "cluster-autoscaler.kubernetes.io/daemonset-pod";
/// Annotation: whether the pod may be moved.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// Annotation: volumes of the pod that do not keep it.
const SAFE_TO_EVICT_LOCAL_VOLUMES: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// Annotation: whether a pod of a DaemonSet is evicted from a node that goes.
const ENABLE_DS_EVICTION: &str = "cluster-autoscaler.kubernetes.io/enable-ds-eviction";
/// Annotation: the pod is too young for a scale-up until this old.
const POD_SCALE_UP_DELAY: &str = "cluster-autoscaler.kubernetes.io/pod-scale-up-delay";
/// The annotation of the API server's copy of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Where a kubelet has a pod from.
const CONFIG_SOURCE: &str = "kubernetes.io/config.source";
/// A terminating pod counts as gone this long after its grace period (`PodLongTerminatingExtraThreshold`).
const LONG_TERMINATING_EXTRA: SimDuration = SimDuration::from_secs(30);

fn annotation<'a>(pod: &'a PodInfo, key: &str) -> Option<&'a str> {
    pod.template.annotations.get(key).map(|value| &**value)
}

/// Whether a pod belongs to a DaemonSet, or says that it counts as one that does.
pub fn is_daemon(pod: &PodInfo) -> bool {
    pod.owner.as_ref().is_some_and(|owner| &*owner.kind == "DaemonSet")
        || annotation(pod, DAEMONSET_POD) == Some("true")
}

/// Whether it is the API server's copy of a static pod.
pub fn is_mirror(pod: &PodInfo) -> bool {
    annotation(pod, MIRROR).is_some()
}

/// Whether the pod is created again elsewhere when it is evicted.
pub fn is_recreatable(pod: &PodInfo) -> bool {
    let is_static = annotation(pod, CONFIG_SOURCE).is_some_and(|source| source != "api");
    !is_static && !is_mirror(pod) && !is_daemon(pod)
}

/// The value of the annotation that says whether a pod may be moved.
pub fn safe_to_evict(pod: &PodInfo) -> Option<&str> {
    annotation(pod, SAFE_TO_EVICT)
}

/// Whether a pod of a DaemonSet is evicted before its node goes.
pub fn is_daemon_evicted(pod: &PodInfo, by_default: bool) -> bool {
    annotation(pod, ENABLE_DS_EVICTION).map_or(by_default, |value| value == "true")
}

/// The pod's own delay before a scale-up.
pub fn scale_up_delay(pod: &PodInfo) -> Option<SimDuration> {
    parse_go_duration(annotation(pod, POD_SCALE_UP_DELAY)?).ok()
}

/// Whether a volume on the node's disk keeps the pod there.
pub fn has_blocking_local_storage(pod: &PodInfo) -> bool {
    let safe = annotation(pod, SAFE_TO_EVICT_LOCAL_VOLUMES).unwrap_or_default();
    pod.spec().local_volumes.iter().any(|volume| !safe.split(',').any(|name| name == &**volume))
}

/// Whether the pod has been terminating for so long that it counts as gone.
pub fn is_long_terminating(pod: &PodInfo, facts: &PodFacts, now: SimTime) -> bool {
    let grace = pod.spec().termination_grace_period;
    facts.deleted.is_some_and(|deleted| deleted + grace + LONG_TERMINATING_EXTRA < now)
}

/// Whether the pod's containers ended and none will start again.
pub fn is_terminal(pod: &PodInfo, phase: PodPhase) -> bool {
    phase == PodPhase::Failed || (phase == PodPhase::Succeeded && pod.spec().restart_policy != RestartPolicy::Always)
}

/// Whether two pods of one controller ask the scheduler for the same: labels and specs are equal
/// (`PodSpecSemanticallyEqual`).
pub fn are_alike(left: &PodInfo, right: &PodInfo) -> bool {
    Arc::ptr_eq(&left.origin, &right.origin) || (left.labels == right.labels && left.spec() == right.spec())
}
