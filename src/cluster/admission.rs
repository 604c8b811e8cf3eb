//! What the API server does to a new pod, or why it refuses it: the admission plugins LimitRanger, Priority,
//! DefaultTolerationSeconds and RuntimeClass, and the label keys that the pod strategy folds into selectors (Kubernetes 1.36).

use super::apply::{Apply, ApplyOrder};
use super::{Change, Cluster, NamespaceId, PodId, TemplateId};
use crate::api::{
    self, ApiObject, DefaultTolerationSeconds, Kind, LimitRange, Name, NamespaceLimits, Object, PodSpec, PodTemplate,
    PriorityClass, RuntimeClass, aggregate, requests_above_limits, system_priority,
};
use crate::units::SimTime;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What admission reads: its settings and the objects that it looks at.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    toleration_seconds: DefaultTolerationSeconds,
    priority_classes: BTreeMap<Name, PriorityClass>,
    runtime_classes: BTreeMap<Name, RuntimeClass>,
    /// By namespace and name.
    limit_ranges: BTreeMap<(Name, Name), LimitRange>,
}

impl Admission {
    /// Admission in a cluster without classes and ranges.
    #[must_use]
    pub fn new(toleration_seconds: DefaultTolerationSeconds) -> Self {
        Self { toleration_seconds, ..Self::default() }
    }

    /// Adds or replaces an object if it is one that admission reads. Whether it is.
    pub fn apply(&mut self, object: &Object) -> bool {
        match object {
            Object::PriorityClass(class) => _ = self.apply_priority_class(class.clone()),
            Object::RuntimeClass(class) => _ = self.apply_runtime_class(class.clone()),
            Object::LimitRange(range) => _ = self.apply_limit_range(range.clone()),
            _ => return false,
        }
        true
    }

    /// Whether that changes anything.
    fn apply_priority_class(&mut self, class: PriorityClass) -> bool {
        let name = class.meta.name.clone();
        let before = self.priority_classes.insert(name.clone(), class);
        before.as_ref() != self.priority_classes.get(&name)
    }

    /// Whether that changes anything.
    fn apply_runtime_class(&mut self, class: RuntimeClass) -> bool {
        let name = class.meta.name.clone();
        let before = self.runtime_classes.insert(name.clone(), class);
        before.as_ref() != self.runtime_classes.get(&name)
    }

    /// Whether that changes anything.
    fn apply_limit_range(&mut self, range: LimitRange) -> bool {
        let key = (range.meta.namespace.clone(), range.meta.name.clone());
        let before = self.limit_ranges.insert(key.clone(), range);
        before.as_ref() != self.limit_ranges.get(&key)
    }

    /// Forgets an object that is removed.
    fn remove(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        match kind {
            Kind::PriorityClass => _ = self.priority_classes.remove(name),
            Kind::RuntimeClass => _ = self.runtime_classes.remove(name),
            _ => _ = self.limit_ranges.remove(&(namespace.clone(), name.clone())),
        }
    }

    /// Whether pods may name this priority class.
    #[must_use]
    pub fn has_priority_class(&self, name: &str) -> bool {
        system_priority(name).is_some() || self.priority_classes.contains_key(name)
    }

    /// The class of pods that name none: of several default classes the one of the lowest value
    /// (`getDefaultPriorityClass` of the admission plugin Priority, Kubernetes 1.36).
    fn default_priority_class(&self) -> Option<&PriorityClass> {
        self.priority_classes.values().filter(|class| class.global_default).min_by_key(|class| class.value)
    }

    /// The LimitRanges of a namespace, in order of their names.
    fn limit_ranges_of<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a LimitRange> {
        let ranges = self.limit_ranges.range((namespace.clone(), Name::default())..);
        ranges.take_while(move |((of, _), _)| of == namespace).map(|(_, range)| range)
    }

    /// What the LimitRanges of a namespace say of the sizes of pods and containers.
    pub(super) fn namespace_limits(&self, namespace: &Name) -> NamespaceLimits {
        NamespaceLimits::of(&self.limit_ranges_of(namespace).collect::<Vec<_>>())
    }

    /// A pod's template as admission leaves it: requests and limits by default of the namespace's LimitRanges, tolerations
    /// of failing nodes, label keys folded into selectors, the priority of its class, and what its RuntimeClass adds.
    #[must_use]
    pub fn admit(&self, namespace: &Name, template: &PodTemplate) -> PodTemplate {
        let mut admitted = template.clone();
        for range in self.limit_ranges_of(namespace) {
            range.default_resources(&mut admitted.spec);
        }
        api::admit_pod_defaults(&mut admitted.spec, &admitted.labels, self.toleration_seconds);
        let named = self.priority_classes.get(&admitted.spec.priority_class_name);
        api::admit_priority(&mut admitted.spec, named, self.default_priority_class());
        if let Some(class) = self.runtime_classes.get(&admitted.spec.runtime_class_name) {
            class.admit(&mut admitted.spec);
        }
        admitted
    }

    /// Why the API server would refuse a pod of this name that was admitted so far, in its own words: an unknown priority
    /// class, or what [`violation`](Self::violation) finds.
    #[must_use]
    pub fn refusal(&self, namespace: &Name, spec: &PodSpec, name: &str) -> Option<String> {
        let class = &spec.priority_class_name;
        if !class.is_empty() && !self.has_priority_class(class) {
            return Some(format!("pods \"{name}\" is forbidden: no PriorityClass with name {class} was found"));
        }
        self.violation(namespace, spec, name)
    }

    /// Why the API server would refuse a pod of this name and admitted spec whose priority class it knows, in its own words:
    /// its RuntimeClass, a request above its limit, a bound of a LimitRange.
    #[must_use]
    pub fn violation(&self, namespace: &Name, spec: &PodSpec, name: &str) -> Option<String> {
        if let Some(reason) = self.violation_of_runtime_class(spec) {
            return Some(format!("pods \"{name}\" is forbidden: {reason}"));
        }
        if self.limit_ranges.is_empty() {
            return None;
        }
        let mut ranges = self.limit_ranges_of(namespace).peekable();
        ranges.peek()?;
        let invalid = requests_above_limits(spec);
        if !invalid.is_empty() {
            return Some(format!("Pod \"{name}\" is invalid: {}", aggregate(&invalid)));
        }
        let forbidden = ranges.map(|range| range.violations(spec)).find(|found| !found.is_empty())?;
        Some(format!("pods \"{name}\" is forbidden: {}", aggregate(&forbidden)))
    }

    /// Why the admission plugin RuntimeClass refuses a pod, in its words.
    fn violation_of_runtime_class(&self, spec: &PodSpec) -> Option<String> {
        let name = &spec.runtime_class_name;
        let class = self.runtime_classes.get(name);
        if !name.is_empty() && class.is_none() {
            return Some(format!("pod rejected: RuntimeClass \"{name}\" not found"));
        }
        if class.is_none_or(|class| class.overhead.is_none()) && !spec.overhead.is_empty() {
            let reason = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
            return Some(reason.to_owned());
        }
        class?.refusal(spec)
    }
}

/// Templates by their address and namespace, as admission left them: pods that come in large numbers share one. Holding
/// the template keeps its address from being used again. Only looked up, never iterated.
pub(super) type AdmittedTemplates = FxHashMap<(usize, Name), (Arc<PodTemplate>, TemplateId)>;

impl Cluster {
    /// An empty cluster whose pods are admitted so.
    #[must_use]
    pub fn new(admission: Admission) -> Self {
        Self { admission, ..Self::default() }
    }

    /// An object that admission reads was applied: templates are admitted anew.
    fn admission_changed(&mut self, object: &impl ApiObject, is_changed: bool, now: SimTime) {
        self.admitted.clear();
        if let (id, true) = self.note_plain(object.kind(), object.meta(), is_changed, now) {
            self.changes.push(Change::ObjectUpdated(id.into()));
        }
    }

    /// An object that admission reads is removed: templates are admitted anew.
    pub(super) fn remove_admission(&mut self, kind: Kind, namespace: &Name, name: &Name) {
        self.admission.remove(kind, namespace, name);
        self.admitted.clear();
    }

    /// The template of a new pod as admission leaves it ([`Admission::admit`]).
    pub fn admit(&mut self, namespace: &Name, template: &Arc<PodTemplate>) -> TemplateId {
        let key = (Arc::as_ptr(template).addr(), namespace.clone());
        if let Some((_, id)) = self.admitted.get(&key) {
            return *id;
        }
        let admitted = self.admission.admit(namespace, template);
        let id = self.intern_template(&Arc::new(admitted));
        self.admitted.insert(key, (Arc::clone(template), id));
        id
    }

    /// A template that was admitted before, with the priority that its class gives by now: a class can be deleted and
    /// created again with another value, which new pods take and others do not.
    pub(super) fn with_current_priority(&mut self, template: TemplateId) -> TemplateId {
        let admitted = &self.template(template).template;
        let named = self.admission.priority_classes.get(&admitted.spec.priority_class_name);
        let is_current = named.is_none_or(|class| {
            (class.value, class.preemption_policy) == (admitted.spec.priority, admitted.spec.preemption_policy)
        });
        if is_current {
            return template;
        }
        let mut current = PodTemplate::clone(admitted);
        api::admit_priority(&mut current.spec, named, None);
        let current = self.intern_template(&Arc::new(current));
        if current != template {
            self.made_from.insert(current, template);
        }
        current
    }

    /// The template that a pod was asked for with, which its owner knows its revision by.
    pub fn asked_template(&self, pod: PodId) -> TemplateId {
        self.revision_template(self.pod(pod).template)
    }

    /// The template that one was made from on admission; itself if it was not.
    pub(super) fn revision_template(&self, template: TemplateId) -> TemplateId {
        self.made_from.get(&template).copied().unwrap_or(template)
    }

    /// Notes what a template was made from on admission.
    pub(super) fn note_made_from(&mut self, made: TemplateId, from: TemplateId) {
        self.made_from.insert(made, from);
    }

    /// Why the API server would refuse a pod of this name and admitted template, in its own words.
    pub fn refusal(&self, namespace: NamespaceId, template: TemplateId, name: &str) -> Option<String> {
        self.admission.refusal(self.namespace_name(namespace), &self.template(template).template.spec, name)
    }
}

impl Apply for PriorityClass {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Admission
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let is_changed = cluster.admission.apply_priority_class(self.clone());
        cluster.admission_changed(self, is_changed, now);
        None
    }
}

impl Apply for RuntimeClass {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Admission
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let is_changed = cluster.admission.apply_runtime_class(self.clone());
        cluster.admission_changed(self, is_changed, now);
        None
    }
}

impl Apply for LimitRange {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Admission
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let is_changed = cluster.admission.apply_limit_range(self.clone());
        cluster.admission_changed(self, is_changed, now);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Container, LimitRangeItem, LimitType, ObjectMeta, ResourceList};
    use crate::units::MilliCpu;

    fn meta(namespace: &str, name: &str) -> ObjectMeta {
        ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() }
    }

    #[test]
    fn a_pod_gets_what_its_namespace_and_the_default_class_say() {
        let mut admission = Admission::default();
        for (name, value, global_default) in [("high", 1000, true), ("low", 10, true), ("lowest", 1, false)] {
            let meta = meta("", name);
            admission.apply_priority_class(PriorityClass { meta, value, global_default, ..PriorityClass::default() });
        }
        let default_request = ResourceList { cpu: Some(MilliCpu::new(250)), ..ResourceList::default() };
        let item = LimitRangeItem {
            limit_type: LimitType::Container,
            max: ResourceList::default(),
            min: ResourceList::default(),
            default: ResourceList::default(),
            default_request,
            max_limit_request_ratio: Vec::new(),
        };
        admission.apply_limit_range(LimitRange { meta: meta("shop", "defaults"), limits: vec![item] });
        let spec = PodSpec { containers: vec![Container::default()], ..PodSpec::default() };
        let template = PodTemplate { spec, ..PodTemplate::default() };
        for (namespace, cpu) in [("shop", Some(250)), ("shop2", None), ("sho", None)] {
            let admitted = admission.admit(&namespace.into(), &template).spec;
            assert_eq!(admitted.priority, 10, "of several default classes the lowest");
            assert_eq!(admitted.tolerations.len(), 2);
            assert_eq!(admitted.containers[0].requests.cpu.map(MilliCpu::get), cpu, "{namespace}");
        }
    }
}
