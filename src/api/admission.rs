//! What the API server adds to a pod when it is created: tolerations of failing nodes, priority, and label keys folded into
//! selectors. Workload templates keep the form in which the user wrote them; each pod that is made from one passes here.

use super::{
    Affinity, LabelSelector, Labels, Name, PodAffinityTerm, PodSpec, PriorityClass, SelectorOperator,
    SelectorRequirement, TaintEffect, Toleration, TolerationOperator, well_known,
};
use crate::units::SimDuration;

/// How long a pod stays on a node that fails, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultTolerationSeconds {
    /// `--default-not-ready-toleration-seconds` of kube-apiserver.
    pub not_ready: SimDuration,
    /// `--default-unreachable-toleration-seconds` of kube-apiserver.
    pub unreachable: SimDuration,
}

impl Default for DefaultTolerationSeconds {
    /// 300 s each, as kube-apiserver 1.36.
    fn default() -> Self {
        Self { not_ready: SimDuration::from_secs(300), unreachable: SimDuration::from_secs(300) }
    }
}

/// Applies what admission does to every new pod: [`add_default_tolerations`] and [`fold_match_label_keys`].
/// `labels` are the pod's own.
pub fn admit_pod_defaults(spec: &mut PodSpec, labels: &Labels, seconds: DefaultTolerationSeconds) {
    add_default_tolerations(&mut spec.tolerations, seconds);
    fold_match_label_keys(spec, labels);
}

/// Gives a new pod its priority (admission plugin Priority, Kubernetes 1.36): that of the class that it names, which
/// `named` is if the cluster has it, else that of `default`, the cluster's default class. A pod that comes with a
/// priority and names no class keeps it.
pub fn admit_priority(spec: &mut PodSpec, named: Option<&PriorityClass>, default: Option<&PriorityClass>) {
    let class = if spec.priority_class_name.is_empty() { default.filter(|_| spec.priority == 0) } else { named };
    if let Some(class) = class {
        spec.priority = class.value;
        spec.priority_class_name = class.meta.name.clone();
        spec.preemption_policy = class.preemption_policy;
    } else if let Some(priority) = system_priority(&spec.priority_class_name) {
        spec.priority = priority;
    }
}

/// Adds tolerations for a time of the taints `not-ready` and `unreachable` with effect NoExecute, each unless the pod has
/// a toleration for that key (or any key) and that effect (or any effect), whatever its operator
/// (admission plugin DefaultTolerationSeconds, Kubernetes 1.36).
pub fn add_default_tolerations(tolerations: &mut Vec<Toleration>, seconds: DefaultTolerationSeconds) {
    let defaults =
        [(well_known::TAINT_NOT_READY, seconds.not_ready), (well_known::TAINT_UNREACHABLE, seconds.unreachable)];
    let missing: Vec<Toleration> = defaults
        .into_iter()
        .filter(|(key, _)| {
            !tolerations.iter().any(|toleration| {
                (toleration.key.is_empty() || *toleration.key == **key)
                    && toleration.effect.is_none_or(|effect| effect == TaintEffect::NoExecute)
            })
        })
        .map(|(key, seconds)| Toleration {
            key: Name::from(key),
            operator: TolerationOperator::Exists,
            value: Name::from(""),
            effect: Some(TaintEffect::NoExecute),
            toleration_seconds: Some(seconds),
        })
        .collect();
    tolerations.extend(missing);
}

/// Adds the pod's own values of `matchLabelKeys` (`In`) and `mismatchLabelKeys` (`NotIn`) to the label selectors of its
/// affinity terms and topology spread constraints. Keys that the pod lacks, and terms without a selector, stay as they
/// are; a requirement that is there already is not added twice (pod registry strategy, Kubernetes 1.36).
pub fn fold_match_label_keys(spec: &mut PodSpec, labels: &Labels) {
    for constraint in &mut spec.topology_spread_constraints {
        fold(&mut constraint.label_selector, &constraint.match_label_keys, SelectorOperator::In, labels);
    }
    let Some(affinity) = spec.affinity.as_deref_mut() else { return };
    let Affinity { pod_required, pod_preferred, pod_anti_required, pod_anti_preferred, node: _ } = affinity;
    let preferred = pod_preferred.iter_mut().chain(pod_anti_preferred).map(|weighted| &mut weighted.term);
    for PodAffinityTerm { label_selector, match_label_keys, mismatch_label_keys, .. } in
        pod_required.iter_mut().chain(pod_anti_required).chain(preferred)
    {
        fold(label_selector, match_label_keys, SelectorOperator::In, labels);
        fold(label_selector, mismatch_label_keys, SelectorOperator::NotIn, labels);
    }
}

/// Priorities of the classes that every cluster has (`pkg/apis/scheduling`, Kubernetes 1.36).
#[must_use]
pub fn system_priority(class: &str) -> Option<i32> {
    match class {
        "system-node-critical" => Some(2_000_001_000),
        "system-cluster-critical" => Some(2_000_000_000),
        _ => None,
    }
}

/// Adds one requirement for each of `keys` that `labels` have.
fn fold(selector: &mut Option<LabelSelector>, keys: &[Name], operator: SelectorOperator, labels: &Labels) {
    let Some(selector) = selector else { return };
    for key in keys {
        let Some(value) = labels.get(key) else { continue };
        let requirement = SelectorRequirement { key: key.clone(), operator, values: vec![value.clone()] };
        if !selector.requirements.contains(&requirement) {
            selector.requirements.push(requirement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toleration(key: &str, effect: Option<TaintEffect>) -> Toleration {
        Toleration { key: key.into(), effect, operator: TolerationOperator::Exists, ..Toleration::default() }
    }

    #[test]
    fn default_tolerations_fill_gaps_only() {
        let cases = [
            (vec![], 2, "none of its own"),
            (vec![toleration("", None)], 0, "everything is tolerated already"),
            (vec![toleration(well_known::TAINT_NOT_READY, None)], 1, "any effect covers NoExecute"),
            (vec![toleration("", Some(TaintEffect::NoSchedule))], 2, "another effect does not count"),
            (vec![toleration("gpu", Some(TaintEffect::NoExecute))], 2, "another key does not count"),
        ];
        for (given, added, why) in cases {
            let mut tolerations = given.clone();
            let [not_ready, unreachable] = [30, 60].map(SimDuration::from_secs);
            add_default_tolerations(&mut tolerations, DefaultTolerationSeconds { not_ready, unreachable });
            assert_eq!(tolerations.len() - given.len(), added, "{why}");
            let (before, added) = tolerations.split_at(given.len());
            assert_eq!(before, &given[..], "{why}: the pod's own come first");
            for toleration in added {
                let expected = if *toleration.key == *well_known::TAINT_NOT_READY { not_ready } else { unreachable };
                assert_eq!(toleration.toleration_seconds, Some(expected), "{why}");
            }
        }
    }

    #[test]
    fn priority_comes_from_the_class() {
        let class = |value| PriorityClass { value, ..PriorityClass::default() };
        let cases = [
            ("", 0, None, None, 0, "no class at all"),
            ("", 0, None, Some(class(7)), 7, "the default class"),
            ("", 5, None, Some(class(7)), 5, "a pod of a dump has its priority"),
            ("high", 0, Some(class(9)), Some(class(7)), 9, "the class that it names"),
            ("gone", 4, None, Some(class(7)), 4, "a class that is not known changes nothing"),
            ("system-node-critical", 0, None, None, 2_000_001_000, "every cluster has it"),
        ];
        for (name, priority, named, default, expected, why) in cases {
            let mut spec = PodSpec { priority_class_name: name.into(), priority, ..PodSpec::default() };
            admit_priority(&mut spec, named.as_ref(), default.as_ref());
            assert_eq!(spec.priority, expected, "{why}");
        }
    }

    #[test]
    fn label_keys_are_folded_once() {
        let labels: Labels = [("app", "web"), ("rev", "2")].into_iter().collect();
        let term = PodAffinityTerm {
            label_selector: Some(LabelSelector::default()),
            match_label_keys: vec!["rev".into(), "absent".into()],
            mismatch_label_keys: vec!["app".into()],
            ..PodAffinityTerm::default()
        };
        let unselected = PodAffinityTerm { label_selector: None, ..term.clone() };
        let mut spec = PodSpec {
            affinity: Some(Box::new(Affinity { pod_required: vec![term, unselected], ..Affinity::default() })),
            ..PodSpec::default()
        };
        fold_match_label_keys(&mut spec, &labels);
        let once = spec.clone();
        fold_match_label_keys(&mut spec, &labels);
        assert_eq!(spec, once, "folding again changes nothing");
        let terms = &spec.affinity.as_ref().unwrap().pod_required;
        let requirements = &terms[0].label_selector.as_ref().unwrap().requirements;
        assert_eq!(requirements.len(), 2);
        assert_eq!((&*requirements[0].key, requirements[0].operator), ("rev", SelectorOperator::In));
        assert_eq!((&*requirements[1].key, requirements[1].operator), ("app", SelectorOperator::NotIn));
        assert_eq!(terms[1].label_selector, None, "a term without selector matches nothing");
    }
}
