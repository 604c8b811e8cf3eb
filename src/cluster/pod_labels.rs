//! The labels of a pod: those of its template, and those that a pod of a StatefulSet has of its own.
//!
//! Its own ones are not kept anywhere, since name and ordinal say them. They are put together only for a selector that
//! asks for them, so that ten thousand pods of a template cost what they share.

use super::{Cluster, PodId};
use crate::api::{Kind, LabelSelector, Labels, Object, SelectorOperator, well_known};

/// The keys of the labels that differ between the pods of a template (`updateIdentity` of the StatefulSet controller,
/// Kubernetes 1.36).
const OWN_KEYS: [&str; 2] = [well_known::STATEFUL_SET_POD_NAME, well_known::POD_INDEX];

/// Whether the pods of a template may differ in a label of this key.
pub fn is_own_label(key: &str) -> bool {
    OWN_KEYS.contains(&key)
}

/// Whether a selector may select some pods of a template and others not.
pub fn asks_for_own_labels(selector: &LabelSelector) -> bool {
    selector.requirements.iter().any(|requirement| is_own_label(&requirement.key))
}

/// Whether a selector may select a pod of an object that has a template. Of the pods of a StatefulSet, those count that it
/// would have if it were large enough.
pub fn may_select(selector: &LabelSelector, object: &Object) -> bool {
    let Some(template) = object.pod_template() else { return false };
    let is_index = |text: &str| text.parse::<u32>().is_ok();
    let is_pod = |text: &str| {
        let index = text.strip_prefix(&*object.meta().name).and_then(|rest| rest.strip_prefix('-'));
        index.is_some_and(is_index)
    };
    selector.requirements.iter().all(|requirement| {
        if object.kind() != Kind::StatefulSet || !is_own_label(&requirement.key) {
            return requirement.matches(&template.labels);
        }
        match requirement.operator {
            SelectorOperator::In if *requirement.key == *well_known::POD_INDEX => {
                requirement.values.iter().any(|value| is_index(value))
            }
            SelectorOperator::In => requirement.values.iter().any(|value| is_pod(value)),
            SelectorOperator::NotIn | SelectorOperator::Exists => true,
            SelectorOperator::DoesNotExist => false,
        }
    })
}

impl Cluster {
    /// The ordinal of a pod of a StatefulSet; `None` of other pods, which have the labels of their template alone.
    pub fn ordinal(&self, id: PodId) -> Option<i32> {
        let pod = self.pod(id);
        let is_of_set = |workload| self.workload(workload).kind == Kind::StatefulSet;
        pod.workload.is_some_and(is_of_set).then_some(pod.ordinal)
    }

    /// All labels of a pod.
    pub fn pod_labels(&self, id: PodId) -> Labels {
        let of_template = &self.template(self.pod(id).template).template.labels;
        match self.ordinal(id) {
            Some(ordinal) => of_template
                .with(well_known::STATEFUL_SET_POD_NAME, &self.pod(id).name)
                .with(well_known::POD_INDEX, &ordinal.to_string()),
            None => of_template.clone(),
        }
    }

    /// Whether a selector matches the labels of a pod.
    pub fn selects(&self, selector: &LabelSelector, id: PodId) -> bool {
        if asks_for_own_labels(selector) {
            selector.matches(&self.pod_labels(id))
        } else {
            selector.matches(&self.template(self.pod(id).template).template.labels)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{self, Name, ObjectMeta, PodTemplate, SelectorRequirement};
    use crate::cluster::NewPod;
    use crate::units::{SimDuration, SimTime};
    use std::sync::Arc;

    const NAME: &str = well_known::STATEFUL_SET_POD_NAME;
    const INDEX: &str = well_known::POD_INDEX;

    /// StatefulSet `db`.
    fn set() -> api::StatefulSet {
        let labels: Labels = [("app", "db")].into_iter().collect();
        let meta = ObjectMeta { name: "db".into(), namespace: "shop".into(), ..ObjectMeta::default() };
        let template = Arc::new(PodTemplate { labels, ..PodTemplate::default() });
        api::StatefulSet {
            meta,
            replicas: 5,
            selector: LabelSelector::from_match_labels(&template.labels),
            template,
            pod_management_policy: api::PodManagementPolicy::OrderedReady,
            update_strategy: api::StatefulSetUpdateStrategy::OnDelete,
            min_ready: SimDuration::ZERO,
            first_ordinal: 0,
            claim_retention: crate::api::ClaimRetention::default(),
            volume_claim_templates: Vec::new(),
        }
    }

    fn selector(key: &str, operator: SelectorOperator, values: &[&str]) -> LabelSelector {
        let values = values.iter().map(|value| Name::from(*value)).collect();
        LabelSelector { requirements: vec![SelectorRequirement { key: key.into(), operator, values }] }
    }

    #[test]
    fn selectors_see_name_and_ordinal_of_the_pods_of_a_stateful_set() {
        use SelectorOperator as Op;
        let mut cluster = Cluster::default();
        let template = cluster.intern_template(&set().template);
        let id = cluster.apply_stateful_set(set().with_template(template), SimTime::ZERO);
        let (namespace, workload) = (cluster.stateful_set(id).namespace, cluster.stateful_set(id).workload);
        let new = NewPod::bare("db-3".into(), namespace, template);
        let of_set = NewPod { owner: Some(id.into()), workload: Some(workload), ordinal: 3, ..new.clone() };
        let of_set = cluster.add_pod(of_set, SimTime::ZERO);
        let bare = cluster.add_pod(NewPod { name: "db-4".into(), ..new }, SimTime::ZERO);
        let labels: Vec<_> = cluster.pod_labels(of_set).iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(labels, ["app=db".to_owned(), format!("{INDEX}=3"), format!("{NAME}=db-3")]);
        let cases = [
            (selector("app", Op::In, &["db"]), true, true),
            (selector(NAME, Op::In, &["db-3"]), true, false),
            (selector(NAME, Op::In, &["db-4"]), false, false),
            (selector(INDEX, Op::In, &["0", "3"]), true, false),
            (selector(INDEX, Op::NotIn, &["3"]), false, true),
            (selector(INDEX, Op::DoesNotExist, &[]), false, true),
            (selector(INDEX, Op::Exists, &[]).with_label("app", "web"), false, false),
        ];
        for (selector, of_set_matches, bare_matches) in cases {
            assert_eq!(cluster.selects(&selector, of_set), of_set_matches, "{selector}");
            assert_eq!(cluster.selects(&selector, bare), bare_matches, "{selector}");
        }
    }

    #[test]
    fn what_an_object_may_have_pods_for() {
        use SelectorOperator as Op;
        let of_set = Object::StatefulSet(set());
        let api::StatefulSet { meta, selector: of_app, template, min_ready, .. } = set();
        let update_strategy = api::DaemonSetUpdateStrategy::OnDelete;
        let other = api::DaemonSet { meta, selector: of_app, template, update_strategy, min_ready };
        let other = Object::DaemonSet(other);
        let cases = [
            (selector("app", Op::In, &["db"]), true, true),
            (selector(NAME, Op::In, &["db-3"]).with_label("app", "db"), true, false),
            (selector(NAME, Op::In, &["db-x"]), false, false),
            (selector(NAME, Op::In, &["web-3"]), false, false),
            (selector(INDEX, Op::In, &["3"]), true, false),
            (selector(INDEX, Op::In, &["three"]), false, false),
            (selector(INDEX, Op::NotIn, &["3"]), true, true),
            (selector(INDEX, Op::DoesNotExist, &[]), false, true),
        ];
        for (selector, of_set_matches, other_matches) in cases {
            assert_eq!(may_select(&selector, &of_set), of_set_matches, "{selector}");
            assert_eq!(may_select(&selector, &other), other_matches, "{selector}");
        }
    }
}
