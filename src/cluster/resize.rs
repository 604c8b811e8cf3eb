//! In-place resize of pods: the `resize` subresource of a pod, and what its kubelet reports of it.
//!
//! A pod keeps the template that it was made from. The spec that a resize leaves it with, what its kubelet allocated to it and
//! what its containers have are kept here, of the few pods that were ever resized.

use super::{Change, Cluster, NodeId, PodId, Refusal, TemplateId};
use crate::api::quota::{CountedObject, CountedPod};
use crate::api::{
    Container, ContainerResourceStatus, PodSpec, PodStatus, PodTemplate, ResourceAmounts, ResourceList,
    container_requests, pod_requests, qos_class,
};
use crate::units::{Bytes, MilliCpu, SimTime};
use std::sync::Arc;

/// The resize of a pod.
#[derive(Clone, Debug)]
pub struct Resize {
    /// The template with the spec as it is wished.
    pub template: TemplateId,
    /// What the kubelet reports: `allocatedResources` and `resources` of each container, and whether it finds the wish
    /// infeasible.
    pub status: PodStatus,
    /// Condition `PodResizePending`, with its message.
    pub pending: Option<ResizePending>,
    /// Condition `PodResizeInProgress`.
    pub in_progress: bool,
    /// Grows with each allocation, so that what was planned for an earlier one is known to be stale.
    pub allocation: u32,
}

/// Why a resize waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResizePending {
    /// `Deferred`: there is no room now.
    Deferred(String),
    /// `Infeasible`: there will never be.
    Infeasible(String),
}

impl ResizePending {
    /// The reason of the condition.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Deferred(_) => "Deferred",
            Self::Infeasible(_) => "Infeasible",
        }
    }
}

/// What the status of a pod reports that was never resized: what its spec says was allocated, and the containers have it.
fn unresized_status(spec: &PodSpec) -> PodStatus {
    let of_container = |container: &Container| ContainerResourceStatus {
        name: container.name.clone(),
        requests: Some(container.requests.clone()),
        limits: container.limits.clone(),
        allocated: container.requests.clone(),
    };
    PodStatus {
        container_resources: spec.containers.iter().map(of_container).collect(),
        init_container_resources: spec.init_containers.iter().map(of_container).collect(),
        ..PodStatus::default()
    }
}

impl Cluster {
    /// The resize of a pod, if it was ever resized.
    pub fn resize_of(&self, pod: PodId) -> Option<&Resize> {
        self.resizes.get(&pod)
    }

    /// The spec of a pod as it is, resizes included.
    pub fn current_template(&self, pod: PodId) -> &Arc<PodTemplate> {
        let template = self.resizes.get(&pod).map_or(self.pod(pod).template, |resize| resize.template);
        &self.template(template).template
    }

    /// The limits that the container of an index has now: of a pod that was resized, those that its kubelet reports.
    pub fn container_limits(&self, pod: PodId, index: usize) -> Option<&ResourceList> {
        match self.resize_of(pod) {
            Some(resize) => resize.status.container_resources.get(index).map(|status| &status.limits),
            None => self.template_of(pod).template.spec.containers.get(index).map(|container| &container.limits),
        }
    }

    /// The requests that the container of an index has now, as [`container_limits`](Self::container_limits).
    pub fn container_requests(&self, pod: PodId, index: usize) -> Option<&ResourceList> {
        match self.resize_of(pod) {
            Some(resize) => resize.status.container_resources.get(index).and_then(|status| status.requests.as_ref()),
            None => self.template_of(pod).template.spec.containers.get(index).map(|container| &container.requests),
        }
    }

    /// What the kubelet of a pod's node has allocated to it.
    pub fn allocated_to(&self, pod: PodId) -> ResourceAmounts {
        let spec = &self.current_template(pod).spec;
        let Some(resize) = self.resize_of(pod) else { return pod_requests(spec) };
        let status = &resize.status;
        let mut total: ResourceAmounts = container_requests(spec, |container, is_init| {
            let statuses = if is_init { &status.init_container_resources } else { &status.container_resources };
            let reported = statuses.iter().find(|status| status.name == container.name);
            ResourceAmounts::from_list(reported.map_or(&container.requests, |status| &status.allocated))
        });
        total.replace_by_pod_level(&spec.pod_requests, &ResourceAmounts::from_list(&spec.pod_requests));
        total.add(&ResourceAmounts::from_list(&spec.overhead));
        total
    }

    /// The pods of a node whose resize waits for room, in order of their ids.
    pub fn deferred_resizes(&self, node: NodeId) -> Vec<PodId> {
        let waits = |(_, resize): &(&PodId, &Resize)| matches!(resize.pending, Some(ResizePending::Deferred(_)));
        let waiting = self.resizes.iter().filter(waits).map(|(pod, _)| *pod);
        waiting.filter(|pod| self.pod(*pod).node == Some(node) && self.pod(*pod).occupies_node()).collect()
    }

    /// Changes the resources of a pod's containers as they differ between `before` and `wanted`: its `resize` subresource.
    /// What neither states, a LimitRange may have given the pod.
    ///
    /// # Errors
    /// Why the API server refuses it: the QoS class would change, a resource would be taken away, its node does not have as
    /// much (admission plugin PodResize), or a ResourceQuota.
    pub fn resize_pod(&mut self, pod: PodId, before: &PodSpec, wanted: &PodSpec, now: SimTime) -> Result<(), Refusal> {
        let name = self.pod(pod).name.clone();
        let old = Arc::clone(self.current_template(pod));
        let spec = with_changes(&old.spec, before, wanted);
        if spec == old.spec {
            return Ok(());
        }
        let problems = problems(&old.spec, &spec);
        if !problems.is_empty() {
            return Err(Refusal::invalid(format!("Pod \"{name}\" is invalid: {}", crate::api::aggregate(&problems))));
        }
        self.admit_size(pod, &spec)?;
        let state = self.pod(pod);
        let (phase, namespace, deletion) = (state.phase, state.namespace, self.counted_pod(pod, now).deletion);
        let status = self.resizes.get(&pod).map_or_else(|| unresized_status(&old.spec), |resize| resize.status.clone());
        let counted = |spec| CountedObject::Pod(CountedPod { spec, phase, deletion, status: Some(&status), now });
        self.charged(namespace, &counted(&spec), Some(&counted(&old.spec)), &name)?;
        let counted_before = self.counted_as(pod);
        let template = self.intern_template(&Arc::new(PodTemplate { spec, ..PodTemplate::clone(&old) }));
        let first = Resize { template, status, pending: None, in_progress: false, allocation: 0 };
        self.resizes.entry(pod).or_insert(first).template = template;
        self.recount(pod, counted_before);
        self.pods[pod.index()].head.change(&mut self.versions);
        self.changes.push(Change::PodResized(pod));
        Ok(())
    }

    /// The admission plugin PodResize: nothing that the node of the pod does not have at all.
    fn admit_size(&self, pod: PodId, spec: &PodSpec) -> Result<(), Refusal> {
        let state = self.pod(pod);
        let Some(node) = state.node else { return Ok(()) };
        let (requests, allocatable) = (pod_requests(spec), &self.node(node).object.allocatable);
        let amounts = [
            ("cpu", requests.cpu.map(MilliCpu::get), allocatable.cpu.map(MilliCpu::get)),
            ("memory", requests.memory.map(Bytes::get), allocatable.memory.map(Bytes::get)),
        ];
        let mut lacking = Vec::new();
        for (resource, requested, allocatable) in amounts {
            let (requested, allocatable) = (requested.unwrap_or(0), allocatable.unwrap_or(0));
            if requested > allocatable {
                lacking.push(format!("{resource}, requested: {requested}, allocatable: {allocatable}"));
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        let (name, lacking) = (&state.name, lacking.join("; "));
        let message = format!("pods \"{name}\" is forbidden: node didn't have enough allocatable resources: {lacking}");
        Err(Refusal::forbidden(message))
    }

    /// A kubelet allocates what the spec of a pod asks for.
    pub fn allocate_resize(&mut self, pod: PodId) {
        self.report_resize(pod, |resize, spec| {
            for_each_container(&mut resize.status, spec, |status, container| {
                status.allocated = container.requests.clone();
            });
            resize.status.resize_infeasible = false;
            resize.pending = None;
            resize.in_progress = true;
            resize.allocation += 1;
        });
    }

    /// The containers of a pod have what was allocated.
    pub fn finish_resize(&mut self, pod: PodId) {
        self.report_resize(pod, |resize, spec| {
            for_each_container(&mut resize.status, spec, |status, container| {
                status.requests = Some(status.allocated.clone());
                status.limits = container.limits.clone();
            });
            resize.in_progress = false;
        });
    }

    /// A kubelet says why a resize waits, or that it does not any more.
    pub fn set_resize_pending(&mut self, pod: PodId, pending: Option<ResizePending>) {
        if self.resize_of(pod).is_some_and(|resize| resize.pending == pending) {
            return;
        }
        self.report_resize(pod, |resize, _| {
            resize.status.resize_infeasible = matches!(pending, Some(ResizePending::Infeasible(_)));
            resize.pending = pending;
        });
    }

    fn report_resize(&mut self, pod: PodId, report: impl FnOnce(&mut Resize, &PodSpec)) {
        let template = Arc::clone(self.current_template(pod));
        let state = &mut self.pods[pod.index()];
        let Some(resize) = self.resizes.get_mut(&pod).filter(|_| state.exists()) else { return };
        report(resize, &template.spec);
        state.head.change(&mut self.versions);
        self.changes.push(Change::PodResizeStatus(pod));
    }
}

/// Calls `report` for the status of each container with the container.
fn for_each_container(
    status: &mut PodStatus,
    spec: &PodSpec,
    report: impl Fn(&mut ContainerResourceStatus, &Container),
) {
    let statuses = status.container_resources.iter_mut().zip(&spec.containers);
    let init = status.init_container_resources.iter_mut().zip(&spec.init_containers);
    for (status, container) in statuses.chain(init) {
        report(status, container);
    }
}

/// A spec whose containers have what differs of cpu and memory between `before` and `wanted`.
fn with_changes(spec: &PodSpec, before: &PodSpec, wanted: &PodSpec) -> PodSpec {
    fn change(list: &mut ResourceList, before: &ResourceList, wanted: &ResourceList) {
        if before.cpu != wanted.cpu {
            (list.cpu, list.formats.cpu) = (wanted.cpu, wanted.formats.cpu);
        }
        if before.memory != wanted.memory {
            (list.memory, list.formats.memory) = (wanted.memory, wanted.formats.memory);
        }
    }
    let mut resized = spec.clone();
    let sidecars = resized.init_containers.iter_mut().filter(|container| container.is_sidecar);
    for container in resized.containers.iter_mut().chain(sidecars) {
        let of = |spec: &PodSpec| {
            let mut all = spec.containers.iter().chain(&spec.init_containers);
            all.find(|known| known.name == container.name).cloned()
        };
        if let (Some(before), Some(wanted)) = (of(before), of(wanted)) {
            change(&mut container.requests, &before.requests, &wanted.requests);
            change(&mut container.limits, &before.limits, &wanted.limits);
        }
    }
    resized
}

/// What the API server finds wrong with a resize (`ValidatePodResize`, Kubernetes 1.36).
fn problems(old: &PodSpec, new: &PodSpec) -> Vec<String> {
    let mut problems = Vec::new();
    if qos_class(old) != qos_class(new) {
        let class = qos_class(new).as_str();
        problems
            .push(format!("spec: Invalid value: \"{class}\": Pod QOS Class may not change as a result of resizing"));
    }
    for (index, (old, new)) in old.containers.iter().zip(&new.containers).enumerate() {
        for (what, old, new) in [("requests", &old.requests, &new.requests), ("limits", &old.limits, &new.limits)] {
            let is_removed = (old.cpu.is_some() && new.cpu.is_none()) || (old.memory.is_some() && new.memory.is_none());
            if is_removed {
                let field = format!("spec.containers[{index}].resources.{what}");
                problems.push(format!("{field}: Forbidden: resource {what} cannot be removed"));
            }
        }
    }
    problems
}
