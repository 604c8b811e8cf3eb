//! The kinds of pods, found by what a selector asks of them.

use super::pod_info::PodInfo;
use crate::api::{LabelSelector, Name, SelectorOperator};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A kind of pods that look alike to every selector: pods of one namespace with the same labels and the same affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(u32);

impl KindId {
    /// The kind at a position among all kinds.
    pub fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its position among all kinds.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All kinds of pods so far. A selector usually selects few of many: they are found by a label that it asks for.
#[derive(Clone, Debug, Default)]
pub struct KindTable {
    /// One pod of each kind.
    pods: Vec<Arc<PodInfo>>,
    /// By key and value of a label: the kinds that have it, ascending. Only looked up, never iterated.
    by_label: FxHashMap<Name, FxHashMap<Name, Vec<KindId>>>,
    /// The kinds with affinity or anti-affinity to pods, ascending.
    with_affinity: Vec<KindId>,
}

impl KindTable {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.pods.len()
    }

    /// A pod of a kind.
    pub fn get(&self, kind: KindId) -> Option<&Arc<PodInfo>> {
        self.pods.get(kind.index())
    }

    /// Adds the next kind, by one of its pods.
    pub(super) fn push(&mut self, pod: &Arc<PodInfo>) {
        let kind = KindId::from_index(self.pods.len());
        for (key, value) in pod.labels.iter() {
            self.by_label.entry(key.clone()).or_default().entry(value.clone()).or_default().push(kind);
        }
        if pod.has_pod_affinity() {
            self.with_affinity.push(kind);
        }
        self.pods.push(Arc::clone(pod));
    }

    /// The kinds from the `first` on with affinity or anti-affinity to pods.
    pub fn with_affinity(&self, first: usize) -> &[KindId] {
        from(&self.with_affinity, first)
    }

    /// Adds to `found` the kinds from the `first` on that a selector selects, among a few that it may not select.
    pub fn find(&self, selector: &LabelSelector, first: usize, found: &mut Vec<KindId>) {
        let named = selector.requirements.iter().filter(|requirement| requirement.operator == SelectorOperator::In);
        let having = |key: &Name, value: &Name| {
            let kinds = self.by_label.get(key).and_then(|values| values.get(value));
            kinds.map_or(&[][..], |kinds| from(kinds, first))
        };
        let fewest = named.min_by_key(|requirement| {
            requirement.values.iter().map(|value| having(&requirement.key, value).len()).sum::<usize>()
        });
        match fewest {
            Some(requirement) => {
                for value in &requirement.values {
                    found.extend_from_slice(having(&requirement.key, value));
                }
            }
            None => found.extend((first..self.len()).map(KindId::from_index)),
        }
    }
}

/// The kinds from the `first` on of an ascending list.
fn from(kinds: &[KindId], first: usize) -> &[KindId] {
    kinds.get(kinds.partition_point(|kind| kind.index() < first)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KubernetesVersion;
    use crate::api::{Labels, ObjectMeta, Pod, PodSpec, PodTemplate, SelectorRequirement};
    use crate::cluster::PodId;
    use crate::scheduler::view::PodTraits;

    fn pod(labels: Labels) -> Arc<PodInfo> {
        let traits = Arc::new(PodTraits::of(&PodSpec::default()));
        let template = Arc::new(PodTemplate { labels: labels.clone(), ..PodTemplate::default() });
        let pod = Pod { meta: ObjectMeta { labels, ..ObjectMeta::default() }, template, ..Pod::default() };
        Arc::new(PodInfo::new(PodId::from_index(0), &pod, traits, KubernetesVersion::V1_36))
    }

    fn labels(text: &str) -> Labels {
        text.split(',').filter_map(|pair| pair.split_once('=')).collect()
    }

    fn requirement(operator: SelectorOperator, key: &str, values: &[&str]) -> SelectorRequirement {
        SelectorRequirement { key: key.into(), operator, values: values.iter().map(|value| (*value).into()).collect() }
    }

    #[test]
    fn a_selector_finds_the_kinds_that_it_selects() {
        use SelectorOperator::{Exists, In, NotIn};
        let mut kinds = KindTable::default();
        let all = ["app=a,env=prod", "app=b,env=prod", "app=c,env=test", "app=a,env=test", ""];
        for text in all {
            kinds.push(&pod(labels(text)));
        }
        let cases = [
            (vec![requirement(In, "app", &["a"])], 0, vec![0, 3], "one value"),
            (vec![requirement(In, "app", &["a", "c"])], 0, vec![0, 2, 3], "several values"),
            (
                vec![requirement(In, "env", &["prod"]), requirement(In, "app", &["c"])],
                0,
                vec![2],
                "by the label that fewest have",
            ),
            (vec![requirement(In, "app", &["a"])], 1, vec![3], "new ones"),
            (vec![requirement(In, "app", &["x"])], 0, vec![], "none has it"),
            (vec![requirement(Exists, "app", &[])], 2, vec![2, 3, 4], "no value is named"),
            (vec![requirement(NotIn, "app", &["a"])], 0, vec![0, 1, 2, 3, 4], "a value is excluded"),
            (vec![], 3, vec![3, 4], "everything"),
        ];
        for (requirements, first, expected, why) in cases {
            let selector = LabelSelector { requirements };
            let mut found = Vec::new();
            kinds.find(&selector, first, &mut found);
            found.sort_unstable();
            assert_eq!(found.iter().map(|kind| kind.index()).collect::<Vec<_>>(), expected, "{why}");
            let selected = (first..all.len()).filter(|index| selector.matches(&labels(all[*index])));
            assert!(selected.map(KindId::from_index).all(|kind| found.contains(&kind)), "{why}");
        }
    }
}
