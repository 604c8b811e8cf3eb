//! Pod templates, one of each: what pods of one template have in common is computed once.

use super::TemplateId;
use crate::api::{Container, Name, PodSpec, PodTemplate, pod_requests};
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
