//! RuntimeClasses: what the runtime of a pod adds to the pod.
//!
//! Mirrors the admission plugin RuntimeClass (`plugin/pkg/admission/runtimeclass`, Kubernetes 1.36). A pod that it refuses is
//! left as it is by [`RuntimeClass::admit`], so that [`RuntimeClass::refusal`] can say why.

use super::{
    ApiObject, Kind, Labels, Name, ObjectMeta, PodSpec, ResourceList, TaintEffect, Toleration, TolerationOperator,
};

/// A `RuntimeClass`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeClass {
    /// Identity.
    pub meta: ObjectMeta,
    /// `overhead.podFixed`; `None` without `overhead`.
    pub overhead: Option<ResourceList>,
    /// `scheduling.nodeSelector`.
    pub node_selector: Labels,
    /// `scheduling.tolerations`.
    pub tolerations: Vec<Toleration>,
}

impl ApiObject for RuntimeClass {
    fn kind(&self) -> Kind {
        Kind::RuntimeClass
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

impl RuntimeClass {
    /// Gives a pod of the class the overhead, the node selector and the tolerations of the class.
    pub fn admit(&self, spec: &mut PodSpec) {
        if let Some(overhead) = &self.overhead
            && spec.overhead.is_empty()
        {
            spec.overhead = overhead.clone();
        }
        if self.conflict(spec).is_none() {
            let both = spec.node_selector.iter().chain(self.node_selector.iter());
            spec.node_selector = both.map(|(key, value)| (key.clone(), value.clone())).collect();
        }
        spec.tolerations = merge_tolerations(&spec.tolerations, &self.tolerations);
    }

    /// Why a pod of the class is refused that went through [`admit`](Self::admit), in the plugin's words.
    #[must_use]
    pub fn refusal(&self, spec: &PodSpec) -> Option<String> {
        if self.overhead.as_ref().is_some_and(|overhead| *overhead != spec.overhead) {
            return Some("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead".to_owned());
        }
        let (key, of_class, of_pod) = self.conflict(spec)?;
        Some(format!(
            "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {of_class}; pod.spec.nodeSelector[{key}] = {of_pod}"
        ))
    }

    /// The first label that class and pod want with different values: key, the class's value, the pod's value.
    fn conflict<'a>(&'a self, spec: &'a PodSpec) -> Option<(&'a Name, &'a Name, &'a Name)> {
        self.node_selector.iter().find_map(|(key, of_class)| {
            let of_pod = spec.node_selector.get(key)?;
            (of_pod != of_class).then_some((key, of_class, of_pod))
        })
    }
}

/// Both lists, without those that another toleration covers (`MergeTolerations` of `pkg/util/tolerations`, Kubernetes 1.36).
fn merge_tolerations(first: &[Toleration], second: &[Toleration]) -> Vec<Toleration> {
    if second.is_empty() {
        return first.to_vec();
    }
    let all: Vec<&Toleration> = first.iter().chain(second).collect();
    let mut merged: Vec<Toleration> = Vec::with_capacity(all.len());
    for (index, toleration) in all.iter().enumerate() {
        let is_covered = merged.iter().any(|kept| covers(kept, toleration))
            || all.iter().skip(index + 1).any(|later| later != toleration && covers(later, toleration));
        if !is_covered {
            merged.push(Toleration::clone(toleration));
        }
    }
    merged
}

/// Whether `wide` tolerates whatever `narrow` does (`isSuperset` of `pkg/util/tolerations`, Kubernetes 1.36).
fn covers(wide: &Toleration, narrow: &Toleration) -> bool {
    if wide == narrow {
        return true;
    }
    let covers_key = wide.key == narrow.key || (wide.key.is_empty() && wide.operator == TolerationOperator::Exists);
    let covers_effect = wide.effect.is_none() || wide.effect == narrow.effect;
    let is_shorter = wide.effect == Some(TaintEffect::NoExecute)
        && wide.toleration_seconds.is_some_and(|most| narrow.toleration_seconds.is_none_or(|wanted| wanted > most));
    let covers_value = match wide.operator {
        TolerationOperator::Equal => narrow.operator == TolerationOperator::Equal && narrow.value == wide.value,
        TolerationOperator::Exists => true,
    };
    covers_key && covers_effect && !is_shorter && covers_value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{MilliCpu, SimDuration};

    fn cpu(millicores: i64) -> ResourceList {
        ResourceList { cpu: Some(MilliCpu::new(millicores)), ..ResourceList::default() }
    }

    #[test]
    fn a_class_adds_to_its_pods_or_refuses_them() {
        let mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
        let conflict = "conflict: runtimeClass.scheduling.nodeSelector[virt] = yes; pod.spec.nodeSelector[virt] = no";
        let cases = [
            (ResourceList::default(), vec![], None, "the class gives both"),
            (cpu(50), vec![("virt", "yes")], None, "the pod has both already"),
            (ResourceList::default(), vec![("zone", "a")], None, "another label stays"),
            (cpu(60), vec![], Some(mismatch), "another overhead"),
            (ResourceList::default(), vec![("virt", "no")], Some(conflict), "another value of a label"),
        ];
        let class = RuntimeClass {
            overhead: Some(cpu(50)),
            node_selector: [("virt", "yes")].into_iter().collect(),
            ..RuntimeClass::default()
        };
        for (overhead, labels, refusal, why) in cases {
            let node_selector: Labels = labels.into_iter().collect();
            let mut spec = PodSpec { overhead, node_selector: node_selector.clone(), ..PodSpec::default() };
            class.admit(&mut spec);
            assert_eq!(class.refusal(&spec).as_deref(), refusal, "{why}");
            if refusal.is_none() {
                assert_eq!(spec.overhead, cpu(50), "{why}");
                assert_eq!(spec.node_selector, node_selector.with("virt", "yes"), "{why}");
            }
        }
    }

    #[test]
    fn tolerations_are_merged_without_those_that_others_cover() {
        let no_execute = |seconds: Option<i64>| Toleration {
            key: "gone".into(),
            operator: TolerationOperator::Exists,
            effect: Some(TaintEffect::NoExecute),
            toleration_seconds: seconds.map(SimDuration::from_secs),
            ..Toleration::default()
        };
        let key =
            |key: &str| Toleration { key: key.into(), operator: TolerationOperator::Exists, ..Toleration::default() };
        let equal = |value: &str| Toleration { key: "virt".into(), value: value.into(), ..Toleration::default() };
        let cases = [
            (vec![key("a")], vec![key("b")], vec![key("a"), key("b")], "both"),
            (vec![key("a")], vec![key("a")], vec![key("a")], "equal ones once"),
            (vec![equal("x")], vec![key("virt")], vec![key("virt")], "Exists covers a value"),
            (vec![key("")], vec![equal("x")], vec![key("")], "no key covers every key"),
            (vec![equal("x")], vec![equal("y")], vec![equal("x"), equal("y")], "two values"),
            (vec![no_execute(Some(9))], vec![no_execute(None)], vec![no_execute(None)], "for ever covers a time"),
            (vec![no_execute(Some(9))], vec![no_execute(Some(5))], vec![no_execute(Some(9))], "the longer time"),
        ];
        for (first, second, expected, why) in cases {
            assert_eq!(merge_tolerations(&first, &second), expected, "{why}");
        }
    }
}
