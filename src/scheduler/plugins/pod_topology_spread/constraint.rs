//! Spread constraints with all that they leave to defaults filled in, and which pods and nodes they count.

use super::super::pod_memo::PodMemo;
use super::super::{node_affinity, taint_toleration};
use super::args::system_default_constraints;
use crate::api::scheduler_config::DefaultSpreadConstraints;
use crate::api::{
    LabelSelector, Labels, Name, Node, NodeInclusionPolicy, SelectorOperator, SelectorRequirement,
    TopologySpreadConstraint, UnsatisfiableConstraintAction,
};
use crate::scheduler::config::Profile;
use crate::scheduler::view::{Listers, NodeInfo, PodInfo};

/// A constraint with its selector completed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constraint {
    /// Largest difference between domains.
    pub max_skew: i64,
    /// Node label that defines the domains.
    pub topology_key: Name,
    /// Which pods count; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// With fewer domains the smallest counts as empty.
    pub min_domains: usize,
    honors_affinity: bool,
    /// `nodeTaintsPolicy: Honor`.
    pub honors_taints: bool,
}

impl Constraint {
    fn new(spec: &TopologySpreadConstraint, pod: &PodInfo) -> Self {
        let mut selector = spec.label_selector.clone();
        for key in &spec.match_label_keys {
            let Some(value) = pod.labels.get(key) else { continue };
            // As in kube-scheduler, a selector that selects nothing comes to select the values of the keys.
            selector.get_or_insert_default().requirements.push(SelectorRequirement {
                key: key.clone(),
                operator: SelectorOperator::In,
                values: vec![value.clone()],
            });
        }
        Self {
            max_skew: i64::from(spec.max_skew),
            topology_key: spec.topology_key.clone(),
            selector,
            min_domains: usize::try_from(spec.min_domains.unwrap_or(1)).unwrap_or(0),
            honors_affinity: spec.node_affinity_policy == NodeInclusionPolicy::Honor,
            honors_taints: spec.node_taints_policy == NodeInclusionPolicy::Honor,
        }
    }

    /// Whether the selector selects pods with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }

    /// Whether the node counts (`matchNodeInclusionPolicies`).
    pub fn includes(&self, pod: &PodInfo, node: &Node) -> bool {
        (!self.honors_affinity || node_affinity::matches_required(pod.spec(), node))
            && (!self.honors_taints
                || taint_toleration::first_untolerated(&pod.spec().tolerations, &node.taints).is_none())
    }

    /// Whether `placed` counts: of the pod's namespace, not terminating, selected. As in kube-scheduler, an empty selector
    /// selects none.
    pub fn counts(&self, pod: &PodInfo, placed: &PodInfo) -> bool {
        !placed.terminating && self.counts_while_it_runs(pod, placed)
    }

    fn counts_while_it_runs(&self, pod: &PodInfo, placed: &PodInfo) -> bool {
        let selector = self.selector.as_ref().filter(|selector| !selector.is_empty());
        placed.namespace == pod.namespace && selector.is_some_and(|selector| selector.matches(&placed.labels))
    }

    /// How many pods of the node count.
    pub(super) fn count<'pods>(&self, pod: &PodInfo, node: &'pods NodeInfo, memo: &mut PodMemo<'pods, bool>) -> i64 {
        let counted = |placed: &&'pods std::sync::Arc<PodInfo>| {
            memo.answer(placed, || self.counts_while_it_runs(pod, placed)) && !placed.terminating
        };
        i64::try_from(node.pods().iter().filter(counted).count()).unwrap_or(i64::MAX)
    }
}

/// Whether the node has the topology key of every constraint.
pub fn has_all_keys(constraints: &[Constraint], labels: &Labels) -> bool {
    constraints.iter().all(|constraint| labels.contains_key(&constraint.topology_key))
}

/// The constraints of the pod with this action, or the default ones if it has no constraint at all.
pub fn constraints(
    profile: &Profile,
    listers: &Listers,
    pod: &PodInfo,
    action: UnsatisfiableConstraintAction,
) -> Vec<Constraint> {
    let of = |list: &[TopologySpreadConstraint]| -> Vec<Constraint> {
        let wanted = list.iter().filter(|constraint| constraint.when_unsatisfiable == action);
        wanted.map(|constraint| Constraint::new(constraint, pod)).collect()
    };
    if !pod.spread_constraints().is_empty() {
        return of(pod.spread_constraints());
    }
    let mut defaults = match &profile.args.default_spread_constraints {
        DefaultSpreadConstraints::System if action == UnsatisfiableConstraintAction::DoNotSchedule => Vec::new(),
        DefaultSpreadConstraints::System => of(&system_default_constraints()),
        DefaultSpreadConstraints::List(list) => of(list),
    };
    if defaults.is_empty() {
        return defaults;
    }
    let selector = default_selector(listers, pod);
    if selector.is_empty() {
        return Vec::new();
    }
    for constraint in &mut defaults {
        constraint.selector = Some(selector.clone());
    }
    defaults
}

/// The AND of the selectors of the pod's Services and of its controlling owner (`helper.DefaultSelector`).
fn default_selector(listers: &Listers, pod: &PodInfo) -> LabelSelector {
    let mut selector = LabelSelector::default();
    for labels in listers.service_selectors(&pod.namespace) {
        if labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value)) {
            selector.requirements.extend(LabelSelector::from_match_labels(labels).requirements);
        }
    }
    if let Some(of_owner) = pod.owner.as_ref().and_then(|owner| listers.owner_selector(&pod.namespace, owner)) {
        selector.requirements.extend(of_owner.requirements.iter().cloned());
    }
    selector
}
