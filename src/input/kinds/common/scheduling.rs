//! Placement constraints in a pod spec: affinity, tolerations, taints, topology spread.

use super::selector::{convert_node_selector, convert_node_selector_term, convert_optional_label_selector};
use super::value::{name, names, optional_time, optional_word, seconds, word};
use crate::api::{self, Name, NodeInclusionPolicy, TaintEffect, TolerationOperator, UnsatisfiableConstraintAction};
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, PodAffinityTerm, Taint, Toleration, TopologySpreadConstraint, WeightedPodAffinityTerm,
};

/// The long name that both affinities use for their hard half.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// The long name that both affinities use for their soft half.
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Words of a taint's `effect`.
const EFFECTS: [(&str, TaintEffect); 3] = [
    ("NoSchedule", TaintEffect::NoSchedule),
    ("PreferNoSchedule", TaintEffect::PreferNoSchedule),
    ("NoExecute", TaintEffect::NoExecute),
];

/// Words of `nodeAffinityPolicy` and `nodeTaintsPolicy`.
const INCLUSION: [(&str, NodeInclusionPolicy); 2] =
    [("Honor", NodeInclusionPolicy::Honor), ("Ignore", NodeInclusionPolicy::Ignore)];

/// Converts a node's taints; one with an unknown effect is an error and is left out.
pub fn convert_taints(
    taints: &[Taint],
    start: Timestamp,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::Taint> {
    let mut converted = Vec::with_capacity(taints.len());
    for (index, taint) in taints.iter().enumerate() {
        let Some(effect) = word(&taint.effect, &EFFECTS, path.index(index).key("effect"), errors) else { continue };
        converted.push(api::Taint {
            key: Name::from(taint.key.as_str()),
            value: name(taint.value.as_ref()),
            effect,
            time_added: optional_time(taint.time_added.as_ref(), start),
        });
    }
    converted
}

/// Converts a pod's tolerations.
pub fn convert_tolerations(
    tolerations: &[Toleration],
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::Toleration> {
    let words = [("Equal", TolerationOperator::Equal), ("Exists", TolerationOperator::Exists)];
    let mut convert = |(index, toleration): (usize, &Toleration)| {
        let item_path = path.index(index);
        let effect = toleration.effect.as_deref().filter(|effect| !effect.is_empty());
        api::Toleration {
            key: name(toleration.key.as_ref()),
            operator: optional_word(
                toleration.operator.as_ref(),
                &words,
                TolerationOperator::Equal,
                item_path.key("operator"),
                errors,
            ),
            value: name(toleration.value.as_ref()),
            effect: effect.and_then(|effect| word(effect, &EFFECTS, item_path.key("effect"), errors)),
            toleration_seconds: toleration.toleration_seconds.map(seconds),
        }
    };
    tolerations.iter().enumerate().map(&mut convert).collect()
}

/// Converts `spec.affinity`; an affinity that says nothing becomes `None`.
pub fn convert_affinity(
    affinity: &Affinity,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Option<Box<api::Affinity>> {
    let mut converted = api::Affinity::default();
    if let Some(node) = &affinity.node_affinity {
        converted.node = Some(convert_node_affinity(node, path.key("nodeAffinity"), errors));
    }
    if let Some(pod) = &affinity.pod_affinity {
        let terms_path = path.key("podAffinity");
        let required = pod.required_during_scheduling_ignored_during_execution.as_deref().unwrap_or_default();
        let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref().unwrap_or_default();
        converted.pod_required = convert_terms(required, terms_path.key(REQUIRED), errors);
        converted.pod_preferred = convert_weighted_terms(preferred, terms_path.key(PREFERRED), errors);
    }
    if let Some(pod) = &affinity.pod_anti_affinity {
        let terms_path = path.key("podAntiAffinity");
        let required = pod.required_during_scheduling_ignored_during_execution.as_deref().unwrap_or_default();
        let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref().unwrap_or_default();
        converted.pod_anti_required = convert_terms(required, terms_path.key(REQUIRED), errors);
        converted.pod_anti_preferred = convert_weighted_terms(preferred, terms_path.key(PREFERRED), errors);
    }
    (converted != api::Affinity::default()).then(|| Box::new(converted))
}

/// Converts `nodeAffinity` (also the scheduler's `addedAffinity`).
pub fn convert_node_affinity(
    affinity: &NodeAffinity,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> api::NodeAffinity {
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref();
    let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten();
    let preferred_path = path.key(PREFERRED);
    api::NodeAffinity {
        required: required.map(|selector| convert_node_selector(selector, path.key(REQUIRED), errors)),
        preferred: preferred
            .enumerate()
            .map(|(index, term)| api::PreferredSchedulingTerm {
                weight: term.weight,
                preference: convert_node_selector_term(
                    &term.preference,
                    preferred_path.index(index).key("preference"),
                    errors,
                ),
            })
            .collect(),
    }
}

/// Converts required pod (anti-)affinity terms.
fn convert_terms(
    terms: &[PodAffinityTerm],
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::PodAffinityTerm> {
    terms.iter().enumerate().map(|(index, term)| convert_term(term, path.index(index), errors)).collect()
}

/// Converts preferred pod (anti-)affinity terms.
fn convert_weighted_terms(
    terms: &[WeightedPodAffinityTerm],
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::WeightedPodAffinityTerm> {
    let convert = |(index, weighted): (usize, &WeightedPodAffinityTerm)| api::WeightedPodAffinityTerm {
        weight: weighted.weight,
        term: convert_term(&weighted.pod_affinity_term, path.index(index).key("podAffinityTerm"), errors),
    };
    terms.iter().enumerate().map(convert).collect()
}

/// Converts one pod (anti-)affinity term.
fn convert_term(term: &PodAffinityTerm, path: FieldPath<'_>, errors: &mut FieldErrors) -> api::PodAffinityTerm {
    let namespace_selector = term.namespace_selector.as_ref();
    api::PodAffinityTerm {
        label_selector: convert_optional_label_selector(
            term.label_selector.as_ref(),
            path.key("labelSelector"),
            errors,
        ),
        namespaces: names(term.namespaces.as_ref()),
        namespace_selector: convert_optional_label_selector(namespace_selector, path.key("namespaceSelector"), errors),
        topology_key: Name::from(term.topology_key.as_str()),
        match_label_keys: names(term.match_label_keys.as_ref()),
        mismatch_label_keys: names(term.mismatch_label_keys.as_ref()),
    }
}

/// Converts topology spread constraints; one with an unknown `whenUnsatisfiable` is an error and is left out.
pub fn convert_spread_constraints(
    constraints: &[TopologySpreadConstraint],
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> Vec<api::TopologySpreadConstraint> {
    let actions = [
        ("DoNotSchedule", UnsatisfiableConstraintAction::DoNotSchedule),
        ("ScheduleAnyway", UnsatisfiableConstraintAction::ScheduleAnyway),
    ];
    let mut converted = Vec::with_capacity(constraints.len());
    for (index, constraint) in constraints.iter().enumerate() {
        let item_path = path.index(index);
        let action = word(&constraint.when_unsatisfiable, &actions, item_path.key("whenUnsatisfiable"), errors);
        let label_selector =
            convert_optional_label_selector(constraint.label_selector.as_ref(), item_path.key("labelSelector"), errors);
        let mut policy = |text: &Option<String>, default, field| {
            optional_word(text.as_ref(), &INCLUSION, default, item_path.key(field), errors)
        };
        let affinity = policy(&constraint.node_affinity_policy, NodeInclusionPolicy::Honor, "nodeAffinityPolicy");
        let taints = policy(&constraint.node_taints_policy, NodeInclusionPolicy::Ignore, "nodeTaintsPolicy");
        let Some(when_unsatisfiable) = action else { continue };
        converted.push(api::TopologySpreadConstraint {
            max_skew: constraint.max_skew,
            topology_key: Name::from(constraint.topology_key.as_str()),
            when_unsatisfiable,
            label_selector,
            min_domains: constraint.min_domains,
            node_affinity_policy: affinity,
            node_taints_policy: taints,
            match_label_keys: names(constraint.match_label_keys.as_ref()),
        });
    }
    converted
}
