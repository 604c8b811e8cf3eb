//! Pod templates, one of each: what pods of one template have in common is computed once.

use super::TemplateId;
use crate::api::{Name, PodSpec, PodTemplate, pod_requests};
use crate::units::{Bytes, MilliCpu};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a pod requests as a whole ([`pod_requests`]).
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

impl PodRequests {
    /// The requests of a pod with this spec.
    pub fn of(spec: &PodSpec) -> Self {
        let sum = pod_requests(spec);
        Self {
            cpu: sum.cpu.unwrap_or_default(),
            memory: sum.memory.unwrap_or_default(),
            ephemeral_storage: sum.ephemeral_storage.unwrap_or_default(),
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
}

impl TemplateInfo {
    /// The index of a container among `spec.containers`; the first where none is named.
    #[must_use]
    pub fn container(&self, name: Option<&str>) -> Option<usize> {
        let containers = &self.template.spec.containers;
        name.map_or(Some(0), |name| containers.iter().position(|container| *container.name == *name))
    }

    /// What the container of this index may use of CPU: its limit, or the pod's if that is less; `None` without a limit.
    #[must_use]
    pub fn cpu_limit(&self, container: usize) -> Option<MilliCpu> {
        let spec = &self.template.spec;
        let limit = spec.containers.get(container).and_then(|container| container.limits.cpu);
        [limit, spec.pod_limits.cpu].into_iter().flatten().min()
    }
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
        self.infos.push(TemplateInfo { template: Arc::clone(template), requests: PodRequests::of(spec) });
        self.ids.insert(Arc::clone(template), id);
        id
    }

    /// What is known of a template.
    pub fn get(&self, id: TemplateId) -> &TemplateInfo {
        &self.infos[id.index()]
    }
}
