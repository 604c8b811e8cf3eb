//! Whether a node may be drained: which of its pods move, which end with it, and which keep it.

use super::budgets::Budgets;
use crate::cluster::PodId;
use crate::scheduler::NodeInfo;
use crate::study::cluster_view::{ClusterView, ViewedPod};
use std::borrow::Cow;

/// The annotation with which a pod tells the cluster autoscaler whether it may be evicted.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// The annotation with which a node tells the cluster autoscaler to leave it.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/// The namespace of the pods that the cluster itself needs.
const SYSTEM_NAMESPACE: &str = "kube-system";
/// Labels of nodes that run the control plane.
const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Which pods may be evicted, besides what budgets and annotations say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictionRules {
    /// Pods without a controller move too; otherwise they keep their node, since nothing would create them again.
    pub evict_bare_pods: bool,
    /// Pods in `kube-system` keep their node, except those of DaemonSets and static ones.
    pub keep_system_pods: bool,
}

/// Why a node stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// A word for it.
    pub by: &'static str,
    /// The pod that keeps the node, if it is one.
    pub pod: Option<String>,
    /// A few words for people.
    pub reason: String,
    /// A sentence for people.
    pub detail: String,
}

impl Blocked {
    /// A reason of the node itself.
    pub fn node(by: &'static str, reason: &str, detail: impl Into<String>) -> Self {
        Self { by, pod: None, reason: reason.to_owned(), detail: detail.into() }
    }
}

/// What happens to the pods of a node that goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drain {
    /// Pods that move, in the order in which the scheduler takes them: by priority, then by name.
    pub moving: Vec<PodId>,
    /// Pods that end with the node: those of DaemonSets, static pods, and those that are being deleted.
    pub ending: Vec<PodId>,
}

/// Judges a node.
///
/// # Errors
/// Why the node stays.
pub fn drain(view: &ClusterView, node: &NodeInfo, rules: EvictionRules, budgets: &Budgets) -> Result<Drain, Blocked> {
    let meta = &node.node().meta;
    if CONTROL_PLANE.iter().any(|label| meta.labels.contains_key(label)) {
        return Err(Blocked::node("control-plane", "control plane", "it runs the control plane"));
    }
    if meta.annotations.get(SCALE_DOWN_DISABLED).is_some_and(|value| &**value == "true") {
        let detail = format!("it has the annotation {SCALE_DOWN_DISABLED}");
        return Err(Blocked::node("scale-down-disabled", "scale-down disabled", detail));
    }
    let mut pods: Vec<&ViewedPod> = node.pods().iter().filter_map(|pod| view.pods.get(pod.id.index())).collect();
    pods.sort_by(|left, right| {
        let name = |pod: &ViewedPod| (pod.info.namespace.clone(), pod.info.name.clone());
        right.info.priority().cmp(&left.info.priority()).then_with(|| name(left).cmp(&name(right)))
    });
    let mut plan = Drain::default();
    for pod in pods {
        if pod.is_daemon() || pod.is_static() || pod.info.terminating {
            plan.ending.push(pod.info.id);
            continue;
        }
        if let Some(blocked) = keeps(pod, rules) {
            return Err(blocked);
        }
        plan.moving.push(pod.info.id);
    }
    ask_budgets(view, &plan.moving, budgets)?;
    Ok(plan)
}

/// Asks the eviction API for one pod after the other, those that are not ready first: their replacements are ready
/// before the next pod is asked for, and may be what lets it go.
fn ask_budgets(view: &ClusterView, moving: &[PodId], budgets: &Budgets) -> Result<(), Blocked> {
    let (unready, ready): (Vec<PodId>, Vec<PodId>) = moving.iter().partition(|pod| !budgets.is_ready(**pod));
    let mut after = Cow::Borrowed(budgets);
    for pod in unready.iter().chain(&ready) {
        if let Some(refusal) = after.refusal(view, *pod) {
            let name = view.pods.get(pod.index()).map(ViewedPod::full_name);
            return Err(Blocked { by: "disruption-budget", pod: name, reason: refusal.budget, detail: refusal.detail });
        }
        if !after.is_ready(*pod) {
            after.to_mut().replaced(*pod);
        }
    }
    Ok(())
}

/// Why a pod keeps its node, budgets aside; `None` if it does not.
fn keeps(pod: &ViewedPod, rules: EvictionRules) -> Option<Blocked> {
    let name = pod.full_name();
    let blocked = |by, reason: String, detail: String| Some(Blocked { by, pod: Some(pod.full_name()), reason, detail });
    let safe = pod.info.template.annotations.get(SAFE_TO_EVICT).map(|value| &**value);
    match safe {
        Some("false") => {
            let detail = format!("{name} has the annotation {SAFE_TO_EVICT}: \"false\"");
            return blocked("not-safe-to-evict", format!("{name} is not safe to evict"), detail);
        }
        Some("true") => {}
        _ => {
            if pod.info.owner.is_none() && !rules.evict_bare_pods {
                let detail = format!("{name} has no controller that would create it again (see --evict-bare-pods)");
                return blocked("no-controller", format!("{name} has no controller"), detail);
            }
            if rules.keep_system_pods && &*pod.info.namespace == SYSTEM_NAMESPACE {
                let detail = format!("{name} is a pod of the system, and --keep-system-pods was given");
                return blocked("system-pod", format!("{name} is a system pod"), detail);
            }
        }
    }
    None
}
