//! The pods that the selectors of the scales match, kept as pods come and go, and the objects whose pods are the same.
//!
//! Whoever owns them: pods of other workloads, bare, pending and finished pods count as the controller's lister counts
//! them. All pods are looked at only when a selector is new, has changed or is gone.

use crate::api::{LabelSelector, Name};
use crate::cluster::{Cluster, HpaId, NamespaceId, PodId, TemplateId, WorkloadId, asks_for_own_labels};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// The pods of one object.
#[derive(Debug)]
struct Selection {
    namespace: NamespaceId,
    selector: LabelSelector,
    /// Whether the controller has the selector among those that it looks for overlaps in: from the first reconcile that
    /// came to the metrics.
    is_registered: bool,
    /// The pods that exist, in order of creation.
    pods: Vec<PodId>,
    /// How many of them each other object selects too.
    shared: BTreeMap<HpaId, u32>,
}

/// The pods of every object.
#[derive(Debug, Default)]
pub(super) struct SelectedPods {
    /// By id of the object; `None` of one whose target has no scale.
    selections: Vec<Option<Selection>>,
    /// How often all pods were looked at.
    number: u64,
    /// Whether all pods have to be looked at, because a selector is new, has changed or is gone.
    is_stale: bool,
    /// The objects whose selectors ask for a value of a label first; only looked up, never iterated.
    by_label: FxHashMap<(NamespaceId, Name, Name), Vec<HpaId>>,
    /// The objects whose selectors do not; only looked up, never iterated.
    without_label: FxHashMap<NamespaceId, Vec<HpaId>>,
    /// The objects that select the pods of a template; only looked up, never iterated.
    selecting: FxHashMap<(NamespaceId, TemplateId), SmallVec<[HpaId; 1]>>,
    /// Whether a selector asks for labels in which the pods of a template differ.
    asks_for_own_labels: bool,
    /// How many pods of a workload each object selects; only looked up, never iterated.
    of_workload: FxHashMap<WorkloadId, BTreeMap<HpaId, u32>>,
}

impl SelectedPods {
    /// Notes the selector of an object's scale; `None` where there is no scale.
    pub(super) fn set_selector(&mut self, id: HpaId, namespace: NamespaceId, selector: Option<&LabelSelector>) {
        if self.selections.len() <= id.index() {
            self.selections.resize_with(id.index() + 1, || None);
        }
        let selection = &mut self.selections[id.index()];
        if selection.as_ref().map(|known| &known.selector) == selector {
            return;
        }
        let is_registered = selection.as_ref().is_some_and(|known| known.is_registered);
        *selection = selector.map(|selector| Selection {
            namespace,
            selector: selector.clone(),
            is_registered,
            pods: Vec::new(),
            shared: BTreeMap::new(),
        });
        self.is_stale = true;
    }

    /// Looks at all pods if need be.
    pub(super) fn refresh(&mut self, cluster: &Cluster) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let selections = std::mem::take(&mut self.selections);
        *self = Self { selections, number: self.number + 1, ..Self::default() };
        for (index, selection) in self.selections.iter_mut().enumerate() {
            let Some(Selection { namespace, selector, pods, shared, .. }) = selection else { continue };
            pods.clear();
            shared.clear();
            self.asks_for_own_labels |= asks_for_own_labels(selector);
            let id = HpaId::from_index(index);
            match selector.first_label() {
                Some((key, value)) => {
                    self.by_label.entry((*namespace, key.clone(), value.clone())).or_default().push(id);
                }
                None => self.without_label.entry(*namespace).or_default().push(id),
            }
        }
        for (pod, _) in cluster.pods() {
            self.add(pod, cluster);
        }
    }

    /// The objects that select a pod.
    pub(super) fn selecting(&mut self, pod: PodId, cluster: &Cluster) -> SmallVec<[HpaId; 1]> {
        let (namespace, template) = (cluster.pod(pod).namespace, cluster.pod(pod).template);
        if let Some(known) = self.selecting.get(&(namespace, template)) {
            return known.clone();
        }
        let labels = &cluster.pod_labels(pod);
        let by_label = labels
            .iter()
            .filter_map(|(key, value)| self.by_label.get(&(namespace, key.clone(), value.clone())).map(Vec::as_slice));
        let without_label = self.without_label.get(&namespace).map(Vec::as_slice);
        let matches = |id: &HpaId| {
            let selection = self.selections.get(id.index()).and_then(Option::as_ref);
            selection.is_some_and(|selection| selection.selector.matches(labels))
        };
        let mut found: SmallVec<[HpaId; 1]> =
            by_label.chain(without_label).flatten().copied().filter(matches).collect();
        found.sort_unstable();
        if !self.asks_for_own_labels {
            self.selecting.insert((namespace, template), found.clone());
        }
        found
    }

    /// A pod may have come. The objects that select it.
    pub(super) fn add(&mut self, pod: PodId, cluster: &Cluster) -> SmallVec<[HpaId; 1]> {
        let objects = self.selecting(pod, cluster);
        if cluster.pod(pod).exists() {
            self.change(pod, &objects, cluster, |pods| {
                let place = pods.binary_search(&pod).err();
                place.map(|place| pods.insert(place, pod)).is_some()
            });
        }
        objects
    }

    /// A pod is gone. The objects that selected it.
    pub(super) fn remove(&mut self, pod: PodId, cluster: &Cluster) -> SmallVec<[HpaId; 1]> {
        let objects = self.selecting(pod, cluster);
        self.change(pod, &objects, cluster, |pods| {
            let place = pods.binary_search(&pod).ok();
            place.map(|place| pods.remove(place)).is_some()
        });
        objects
    }

    /// Changes the pods of each of the objects, and what is counted of them if that changed something.
    fn change(
        &mut self,
        pod: PodId,
        objects: &[HpaId],
        cluster: &Cluster,
        mut change: impl FnMut(&mut Vec<PodId>) -> bool,
    ) {
        let is_added = cluster.pod(pod).exists();
        for id in objects {
            let Some(Some(selection)) = self.selections.get_mut(id.index()) else { continue };
            if !change(&mut selection.pods) {
                continue;
            }
            for existing in objects.iter().filter(|existing| *existing != id) {
                count(&mut selection.shared, *existing, is_added);
            }
            if let Some(workload) = cluster.pod(pod).workload {
                count(self.of_workload.entry(workload).or_default(), *id, is_added);
            }
        }
    }

    /// A number that changes when the pods of the objects are others than those that were added and removed one by one.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The pods of an object that exist, in order of creation.
    pub(super) fn pods(&self, id: HpaId) -> &[PodId] {
        self.selections.get(id.index()).and_then(Option::as_ref).map_or(&[], |selection| &selection.pods)
    }

    /// The objects that select pods of a workload.
    pub(super) fn of_workload(&self, workload: WorkloadId) -> SmallVec<[HpaId; 1]> {
        self.of_workload.get(&workload).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// From now on, the object's selector is one of those that overlaps are looked for in. Whether it was not before.
    pub(super) fn register(&mut self, id: HpaId) -> bool {
        let selection = self.selections.get_mut(id.index()).and_then(Option::as_mut);
        selection.is_some_and(|selection| !std::mem::replace(&mut selection.is_registered, true))
    }

    /// The other objects that select pods of an object (`hpasControllingPodsUnderSelector`).
    pub(super) fn overlapping(&self, id: HpaId) -> SmallVec<[HpaId; 1]> {
        let selection = |id: HpaId| self.selections.get(id.index()).and_then(Option::as_ref);
        let shared = selection(id).into_iter().flat_map(|selection| selection.shared.keys()).copied();
        shared.filter(|existing| selection(*existing).is_some_and(|existing| existing.is_registered)).collect()
    }

    /// The objects that select pods of an object, whether overlaps are looked for in their selectors or not.
    pub(super) fn sharing(&self, id: HpaId) -> SmallVec<[HpaId; 1]> {
        let selection = self.selections.get(id.index()).and_then(Option::as_ref);
        selection.into_iter().flat_map(|selection| selection.shared.keys()).copied().collect()
    }
}

/// Counts one more, or one less.
fn count(counts: &mut BTreeMap<HpaId, u32>, id: HpaId, is_added: bool) {
    let counted = counts.entry(id).or_default();
    if is_added {
        *counted += 1;
    } else {
        *counted = counted.saturating_sub(1);
        if *counted == 0 {
            counts.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Labels, PodTemplate, SelectorOperator, SelectorRequirement};
    use crate::cluster::NewPod;
    use crate::units::SimTime;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// The selectors of the test: of labels, of a set of values, and of everything.
    fn selector(number: u8) -> LabelSelector {
        let of_app = |app: &str| LabelSelector::default().with_label("app", app);
        match number % 5 {
            0 => of_app("a"),
            1 => of_app("b"),
            2 => of_app("a").with_label("track", "canary"),
            3 => {
                let values = vec!["a".into(), "b".into()];
                let operator = SelectorOperator::In;
                LabelSelector { requirements: vec![SelectorRequirement { key: "app".into(), operator, values }] }
            }
            _ => LabelSelector::default(),
        }
    }

    struct Shop {
        cluster: Cluster,
        selected: SelectedPods,
        hpas: Vec<(NamespaceId, Option<LabelSelector>, bool)>,
        pods: Vec<PodId>,
    }

    impl Shop {
        fn new() -> Self {
            let mut cluster = Cluster::default();
            let namespaces = ["shop", "elsewhere"].map(|name| cluster.namespace(&name.into(), SimTime::ZERO));
            let hpas = (0..6).map(|number| (namespaces[usize::from(number == 5)], None, false)).collect();
            Self { cluster, selected: SelectedPods::default(), hpas, pods: Vec::new() }
        }

        /// One of a number of things that can happen.
        fn act(&mut self, verb: u8, number: u8) {
            let hpa = usize::from(number) % self.hpas.len();
            let id = HpaId::from_index(hpa);
            match verb % 7 {
                0 => {
                    let wanted = (!number.is_multiple_of(7)).then(|| selector(number / 7));
                    let (namespace, known, is_registered) = &mut self.hpas[hpa];
                    self.selected.set_selector(id, *namespace, wanted.as_ref());
                    *is_registered &= wanted.is_some();
                    *known = wanted;
                }
                1 => {
                    self.selected.register(id);
                    let (_, known, is_registered) = &mut self.hpas[hpa];
                    *is_registered |= known.is_some();
                }
                2 if !self.pods.is_empty() => {
                    let pod = self.pods[usize::from(number) % self.pods.len()];
                    self.cluster.remove_pod(pod, SimTime::ZERO);
                    self.selected.refresh(&self.cluster);
                    self.selected.remove(pod, &self.cluster);
                }
                _ => {
                    let app = if number.is_multiple_of(2) { "a" } else { "b" };
                    let track = if number.is_multiple_of(3) { "canary" } else { "stable" };
                    let labels: Labels = [("app", app), ("track", track)].into_iter().collect();
                    let template = PodTemplate { labels, ..PodTemplate::default() };
                    let template = self.cluster.intern_template(&Arc::new(template));
                    let pod = self.cluster.add_pod(
                        NewPod {
                            name: format!("pod-{}", self.pods.len()).into(),
                            namespace: self.hpas[if number.is_multiple_of(5) { 5 } else { 0 }].0,
                            template,
                            owner: None,
                            workload: None,
                            ordinal: 0,
                            arrival: None,
                            run_for: None,
                        },
                        SimTime::ZERO,
                    );
                    self.pods.push(pod);
                    self.selected.refresh(&self.cluster);
                    self.selected.add(pod, &self.cluster);
                }
            }
        }

        /// The pods of an object, from a look at every pod.
        fn expected(&self, hpa: usize) -> Vec<PodId> {
            let (namespace, selector, _) = &self.hpas[hpa];
            let matches = |pod: &PodId| {
                let labels = &self.cluster.template_of(*pod).template.labels;
                selector.as_ref().is_some_and(|selector| selector.matches(labels))
            };
            let pods = self.cluster.pods().filter(|(_, pod)| pod.exists() && pod.namespace == *namespace);
            pods.map(|(id, _)| id).filter(matches).collect()
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_as_it_changes_is_what_a_look_at_every_pod_gives(
            steps in prop::collection::vec(any::<(u8, u8)>(), 1..80),
        ) {
            let mut shop = Shop::new();
            for (verb, number) in steps {
                shop.act(verb, number);
                shop.selected.refresh(&shop.cluster);
                let pods: Vec<Vec<PodId>> = (0..shop.hpas.len()).map(|hpa| shop.expected(hpa)).collect();
                for (hpa, expected) in pods.iter().enumerate() {
                    let id = HpaId::from_index(hpa);
                    prop_assert_eq!(shop.selected.pods(id), expected.as_slice());
                    let shares = |other: &usize| *other != hpa && pods[*other].iter().any(|pod| expected.contains(pod));
                    let sharing: Vec<usize> = (0..pods.len()).filter(shares).collect();
                    let overlapping: Vec<usize> = sharing.iter().copied().filter(|other| shop.hpas[*other].2).collect();
                    let indexes = |ids: SmallVec<[HpaId; 1]>| ids.iter().map(|id| id.index()).collect::<Vec<_>>();
                    prop_assert_eq!(indexes(shop.selected.sharing(id)), sharing);
                    prop_assert_eq!(indexes(shop.selected.overlapping(id)), overlapping);
                }
            }
        }
    }
}
