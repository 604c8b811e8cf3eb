//! What the pods of DaemonSets will take of a new node: they come with it, whatever it was made for
//! (`getDaemonSetPods`, `buildDaemonOverheadGroups`, `isDaemonPodCompatible`).

use super::amounts::Amounts;
use super::host_ports::HostPort;
use super::instance_type::InstanceType;
use super::label::WellKnownLabels;
use super::options::Options;
use super::requirements::Requirements;
use super::taints::{prefer_no_schedule, tolerates_all};
use crate::api::{Labels, PodSpec, ResourceAmounts, Taint, Toleration};

/// The pod that a DaemonSet would make.
#[derive(Clone, Debug)]
pub struct DaemonPod {
    requests: ResourceAmounts,
    host_ports: Vec<HostPort>,
    tolerations: Vec<Toleration>,
    /// What a node must be: by each term of the required node affinity.
    alternatives: Vec<Requirements>,
}

impl DaemonPod {
    /// From the DaemonSet's template, and from the newest pod that it has, if any: its spec, and its requests.
    pub fn new(template: &PodSpec, newest: Option<(&PodSpec, ResourceAmounts)>) -> Self {
        let (spec, requests) = match newest {
            Some((spec, requests)) => (spec, requests),
            None => (template, crate::api::pod_requests(template)),
        };
        let selector = Requirements::from_labels(&spec.node_selector);
        let required = template.required_node_affinity().or_else(|| spec.required_node_affinity());
        let terms = required.map_or(&[][..], |required| &required.terms);
        let mut alternatives: Vec<Requirements> = terms
            .iter()
            .map(|term| {
                let mut requirements = selector.clone();
                requirements.add_expressions(&term.match_expressions);
                requirements
            })
            .collect();
        if alternatives.is_empty() {
            alternatives.push(selector);
        }
        Self {
            requests,
            host_ports: HostPort::of_containers(&spec.containers),
            tolerations: spec.tolerations.clone(),
            alternatives,
        }
    }
}

/// The DaemonSets' pods while new nodes are considered. Terms of node affinity that did not suit are given up for good, and
/// so is being kept away by `PreferNoSchedule`: what is asked first decides what is left, as in the real one.
pub struct DaemonPods {
    pods: Vec<(DaemonPod, usize)>,
}

/// Instance types of a NodePool on which the same DaemonSets run.
#[derive(Clone, Debug)]
pub struct DaemonGroup {
    /// The types, by their place in the pool's list.
    pub types: Vec<u32>,
    /// What the pods request together; empty without pods.
    pub overhead: Amounts,
    /// The host ports that they take.
    pub host_ports: Vec<HostPort>,
}

impl DaemonPods {
    /// All of them, in order of namespace and name.
    pub fn new<'a>(pods: impl Iterator<Item = &'a DaemonPod>) -> Self {
        Self { pods: pods.map(|pod| (pod.clone(), 0)).collect() }
    }

    /// The types of a pool by the DaemonSets that run on them; all types are one group in versions that do not look at
    /// types.
    pub fn groups(
        &mut self,
        options: &Options,
        taints: &[Taint],
        template: &Requirements,
        types: &[InstanceType],
        allowed: &[u32],
    ) -> Vec<DaemonGroup> {
        if !options.version.groups_daemon_sets_by_type() {
            let running = self.suitable(taints, template, None, &options.well_known);
            let mut group = self.group(&running, allowed.to_vec());
            group.overhead.merge(&Amounts::of_pods(&ResourceAmounts::default(), 0));
            return vec![group];
        }
        let mut groups: Vec<(Vec<usize>, DaemonGroup)> = Vec::new();
        for index in allowed {
            let running = self.suitable(taints, template, Some(&types[*index as usize]), &options.well_known);
            match groups.iter_mut().find(|(pods, _)| *pods == running) {
                Some((_, group)) => group.types.push(*index),
                None => {
                    let group = self.group(&running, vec![*index]);
                    groups.push((running, group));
                }
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn group(&self, running: &[usize], types: Vec<u32>) -> DaemonGroup {
        let pods = || running.iter().map(|index| &self.pods[*index].0);
        let mut overhead = Amounts::default();
        for pod in pods() {
            overhead.merge(&Amounts::of_pods(&pod.requests, 1));
        }
        DaemonGroup { types, overhead, host_ports: pods().flat_map(|pod| pod.host_ports.clone()).collect() }
    }

    /// Which of them run on nodes of a pool and type.
    fn suitable(
        &mut self,
        taints: &[Taint],
        template: &Requirements,
        instance_type: Option<&InstanceType>,
        known: &WellKnownLabels,
    ) -> Vec<usize> {
        let mut running = Vec::new();
        for (index, (pod, term)) in self.pods.iter_mut().enumerate() {
            let added = prefer_no_schedule();
            if !pod.tolerations.contains(&added) {
                pod.tolerations.push(added);
            }
            if !tolerates_all(&pod.tolerations, taints) {
                continue;
            }
            let suits = |requirements: &Requirements| {
                template.compatible(requirements, Some(known)).is_ok()
                    && instance_type.is_none_or(|of| of.requirements.intersects(requirements).is_ok())
            };
            let last = pod.alternatives.len() - 1;
            while *term < last && !suits(&pod.alternatives[*term]) {
                *term += 1;
            }
            if suits(&pod.alternatives[*term]) {
                running.push(index);
            }
        }
        running
    }

    /// What those request that run on a node which is there.
    pub fn requests_on(&self, taints: &[Taint], labels: &Labels) -> Amounts {
        let node = Requirements::from_labels(labels);
        let mut requests = Amounts::of_pods(&ResourceAmounts::default(), 0);
        for (pod, term) in &self.pods {
            if tolerates_all(&pod.tolerations, taints) && node.compatible(&pod.alternatives[*term], None).is_ok() {
                requests.merge(&Amounts::of_pods(&pod.requests, 1));
            }
        }
        requests
    }
}
