//! Pod templates, one of each: what pods of one template have in common is computed once.

use super::TemplateId;
use crate::api::{Container, Name, PodSpec, PodTemplate};
use crate::units::{Bytes, MilliCpu};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a pod requests as a whole (`resourcehelper.PodRequests`, Kubernetes 1.36): the greater of what its containers
/// and sidecars request together and what its init containers need at their peak; pod-level requests replace the sum;
/// plus overhead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRequests {
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Ephemeral storage.
    pub ephemeral_storage: Bytes,
    /// Extended and other resources, sorted by name.
    pub scalar: Arc<[(Name, i64)]>,
}

/// Requests while they are added up.
#[derive(Clone, Default)]
struct Sum {
    cpu: MilliCpu,
    memory: Bytes,
    ephemeral_storage: Bytes,
    scalar: Vec<(Name, i64)>,
}

impl Sum {
    fn add(&mut self, list: &crate::api::ResourceList) {
        self.cpu += list.cpu.unwrap_or_default();
        self.memory += list.memory.unwrap_or_default();
        self.ephemeral_storage += list.ephemeral_storage.unwrap_or_default();
        for (name, amount) in list.scalar.iter() {
            let own = self.scalar_mut(name);
            *own = own.saturating_add(*amount);
        }
    }

    fn max(&mut self, other: &Self) {
        self.cpu = self.cpu.max(other.cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.max(other.ephemeral_storage);
        for (name, amount) in &other.scalar {
            let own = self.scalar_mut(name);
            *own = (*own).max(*amount);
        }
    }

    fn scalar_mut(&mut self, name: &Name) -> &mut i64 {
        let index = match self.scalar.binary_search_by(|(own, _)| own.cmp(name)) {
            Ok(index) => index,
            Err(index) => {
                self.scalar.insert(index, (name.clone(), 0));
                index
            }
        };
        &mut self.scalar[index].1
    }
}

impl PodRequests {
    /// The requests of a pod with this spec.
    pub fn of(spec: &PodSpec) -> Self {
        let mut sum = Sum::default();
        for container in &spec.containers {
            sum.add(&container.requests);
        }
        let mut sidecars = Sum::default();
        let mut peak = Sum::default();
        for container in &spec.init_containers {
            let mut stage = sidecars.clone();
            stage.add(&container.requests);
            if container.is_sidecar {
                sidecars.add(&container.requests);
                sum.add(&container.requests);
            }
            peak.max(&stage);
        }
        sum.max(&peak);
        sum.cpu = spec.pod_requests.cpu.unwrap_or(sum.cpu);
        sum.memory = spec.pod_requests.memory.unwrap_or(sum.memory);
        for (name, amount) in spec.pod_requests.scalar.iter().filter(|(name, _)| name.starts_with("hugepages-")) {
            *sum.scalar_mut(name) = *amount;
        }
        sum.add(&spec.overhead);
        Self {
            cpu: sum.cpu,
            memory: sum.memory,
            ephemeral_storage: sum.ephemeral_storage,
            scalar: Arc::from(sum.scalar),
        }
    }
}

/// A template with what follows from it.
#[derive(Clone, Debug)]
pub struct TemplateInfo {
    /// The template, as admission left it.
    pub template: Arc<PodTemplate>,
    /// What one pod requests.
    pub requests: PodRequests,
    /// CPU limit of the whole pod; `None` if a container has none.
    pub cpu_limit: Option<MilliCpu>,
}

/// All templates of a run.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    infos: Vec<TemplateInfo>,
    /// Only looked up, never iterated.
    ids: FxHashMap<Arc<PodTemplate>, TemplateId>,
}

impl Templates {
    /// The id of a template; equal templates get the same one.
    pub fn intern(&mut self, template: &Arc<PodTemplate>) -> TemplateId {
        if let Some(id) = self.ids.get(template) {
            return *id;
        }
        let id = TemplateId::from_index(self.infos.len());
        let spec = &template.spec;
        let limit = |container: &Container| container.limits.cpu;
        self.infos.push(TemplateInfo {
            template: Arc::clone(template),
            requests: PodRequests::of(spec),
            cpu_limit: spec.pod_limits.cpu.or_else(|| spec.containers.iter().map(limit).sum()),
        });
        self.ids.insert(Arc::clone(template), id);
        id
    }

    /// What is known of a template.
    pub fn get(&self, id: TemplateId) -> &TemplateInfo {
        &self.infos[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ResourceList;

    fn container(cpu: i64, is_sidecar: bool) -> Container {
        let requests = ResourceList { cpu: Some(MilliCpu::new(cpu)), ..ResourceList::default() };
        Container { requests, is_sidecar, ..Container::default() }
    }

    #[test]
    fn requests_of_a_pod() {
        let cases = [
            (vec![100, 200], vec![], None, 0, 300, "containers add up"),
            (vec![100], vec![(500, false)], None, 0, 500, "an init container's peak counts"),
            (vec![100], vec![(50, true), (500, false)], None, 0, 550, "sidecars run beside later init containers"),
            (vec![100], vec![(500, false), (50, true)], None, 0, 500, "but not beside earlier ones"),
            (vec![100], vec![(50, true)], None, 0, 150, "sidecars run beside the containers"),
            (vec![100], vec![(500, false)], Some(200), 0, 200, "pod-level requests replace the sum"),
            (vec![100], vec![], None, 30, 130, "overhead comes on top"),
        ];
        for (containers, init_containers, pod_level, overhead, expected, why) in cases {
            let spec = PodSpec {
                containers: containers.into_iter().map(|cpu| container(cpu, false)).collect(),
                init_containers: init_containers.into_iter().map(|(cpu, sidecar)| container(cpu, sidecar)).collect(),
                pod_requests: ResourceList { cpu: pod_level.map(MilliCpu::new), ..ResourceList::default() },
                overhead: ResourceList { cpu: Some(MilliCpu::new(overhead)), ..ResourceList::default() },
                ..PodSpec::default()
            };
            assert_eq!(PodRequests::of(&spec).cpu, MilliCpu::new(expected), "{why}");
        }
    }
}
