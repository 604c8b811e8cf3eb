//! What the API server refuses when a pod is created.

use super::{Cluster, NamespaceId, TemplateId};
use crate::api::{self, Name, PodSpec, aggregate, requests_above_limits, system_priority};

impl Cluster {
    /// Adds or replaces a LimitRange.
    pub fn apply_limit_range(&mut self, range: api::LimitRange) {
        let key = (range.meta.namespace.clone(), range.meta.name.clone());
        self.limit_ranges.insert(key, range);
    }

    /// Gives containers without requests or limits the defaults of the namespace's LimitRanges, in order of their names.
    pub fn default_resources(&self, namespace: &str, spec: &mut PodSpec) {
        for range in self.limit_ranges_of(namespace) {
            range.default_resources(spec);
        }
    }

    fn limit_ranges_of(&self, namespace: &str) -> impl Iterator<Item = &api::LimitRange> {
        self.limit_ranges.values().filter(move |range| *range.meta.namespace == *namespace)
    }

    /// Why the API server would refuse a pod of this name and template, in its own words: an unknown priority class,
    /// a request above its limit, a bound of a LimitRange.
    pub fn refusal(&self, namespace: NamespaceId, template: TemplateId, name: &str) -> Option<String> {
        let spec = &self.template(template).template.spec;
        let class = &spec.priority_class_name;
        if !class.is_empty() && system_priority(class).is_none() && self.priority_class(class).is_none() {
            return Some(format!("pods \"{name}\" is forbidden: no PriorityClass with name {class} was found"));
        }
        if self.limit_ranges.is_empty() {
            return None;
        }
        let namespace: &Name = self.namespace_name(namespace);
        let mut ranges = self.limit_ranges_of(namespace).peekable();
        ranges.peek()?;
        let invalid = requests_above_limits(spec);
        if !invalid.is_empty() {
            return Some(format!("Pod \"{name}\" is invalid: {}", aggregate(&invalid)));
        }
        let forbidden = ranges.map(|range| range.violations(spec)).find(|found| !found.is_empty())?;
        Some(format!("pods \"{name}\" is forbidden: {}", aggregate(&forbidden)))
    }
}
