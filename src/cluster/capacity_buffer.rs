//! CapacityBuffers and the PodTemplates that they may refer to.

use super::apply::{Apply, ApplyOrder};
use super::resource::Resource;
use super::{CapacityBufferId, Change, Cluster, NamespaceId, ObjectHead};
use crate::api::{self, Kind, Name, PodTemplate};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A CapacityBuffer.
#[derive(Clone, Debug)]
pub struct CapacityBuffer {
    /// Spec.
    pub object: Arc<api::CapacityBuffer>,
    /// Namespace.
    pub namespace: NamespaceId,
    /// Status, as the buffer's controller last wrote it; `None` before it has seen the buffer.
    pub status: Option<CapacityBufferStatus>,
    /// Version and creation.
    pub head: ObjectHead,
    /// Whether the object was removed.
    pub removed: bool,
}

/// `status` of a CapacityBuffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityBufferStatus {
    /// What a chunk is: the template that `status.podTemplateRef` names. `None` where it cannot be told.
    pub template: Option<Arc<PodTemplate>>,
    /// `status.replicas`: chunks to keep; `None` where their number cannot be told.
    pub replicas: Option<i32>,
    /// The condition `ReadyForProvisioning`: its reason and message; the status is that of [`is_ready`](Self::is_ready).
    pub ready_reason: &'static str,
    /// Message of the condition `ReadyForProvisioning`.
    pub ready_message: String,
    /// Message of the condition `LimitedByQuotas` where quotas allow fewer chunks.
    pub limited_by_quotas: Option<String>,
}

impl CapacityBufferStatus {
    /// Whether autoscalers may provide the chunks (`ReadyForProvisioning`).
    pub const fn is_ready(&self) -> bool {
        self.template.is_some() && self.replicas.is_some()
    }
}

/// All CapacityBuffers and PodTemplates.
#[derive(Clone, Debug, Default)]
pub(super) struct CapacityBuffers {
    buffers: Vec<CapacityBuffer>,
    templates: BTreeMap<(Name, Name), Arc<PodTemplate>>,
}

impl CapacityBuffers {
    /// How many there ever were.
    pub(super) const fn len(&self) -> usize {
        self.buffers.len()
    }

    /// Forgets a PodTemplate that is removed.
    pub(super) fn remove_template(&mut self, namespace: &Name, name: &Name) {
        self.templates.remove(&(namespace.clone(), name.clone()));
    }
}

impl Cluster {
    /// A CapacityBuffer.
    pub fn capacity_buffer(&self, id: CapacityBufferId) -> &CapacityBuffer {
        &self.capacity_buffers.buffers[id.index()]
    }

    /// Every CapacityBuffer that exists, in order of creation.
    pub fn capacity_buffers(&self) -> impl Iterator<Item = (CapacityBufferId, &CapacityBuffer)> {
        let buffers = self.capacity_buffers.buffers.iter().enumerate().filter(|(_, buffer)| !buffer.removed);
        buffers.map(|(index, buffer)| (CapacityBufferId::from_index(index), buffer))
    }

    /// The template of a PodTemplate.
    pub fn standing_template(&self, namespace: &Name, name: &Name) -> Option<&Arc<PodTemplate>> {
        self.capacity_buffers.templates.get(&(namespace.clone(), name.clone()))
    }

    /// Creates a CapacityBuffer, or replaces the spec of the one with its name.
    pub fn apply_capacity_buffer(&mut self, object: api::CapacityBuffer, now: SimTime) -> CapacityBufferId {
        let namespace = self.namespace(&object.meta.namespace, now);
        let name = object.meta.name.clone();
        let id = if let Some(id) = self.find::<CapacityBufferId>(Kind::CapacityBuffer, namespace, &name) {
            let buffer = &mut self.capacity_buffers.buffers[id.index()];
            if *buffer.object != object {
                buffer.object = Arc::new(object);
                buffer.head.change(&mut self.versions);
            }
            id
        } else {
            let id = CapacityBufferId::from_index(self.capacity_buffers.len());
            self.index.add(Kind::CapacityBuffer, id, Some(namespace), &name);
            let head = ObjectHead::new(&mut self.versions, now);
            let object = Arc::new(object);
            self.capacity_buffers.buffers.push(CapacityBuffer {
                object,
                namespace,
                status: None,
                head,
                removed: false,
            });
            id
        };
        self.changes.push(Change::CapacityBufferSpec(id));
        id
    }

    /// Writes a CapacityBuffer's status.
    pub fn set_capacity_buffer_status(&mut self, id: CapacityBufferId, status: CapacityBufferStatus) {
        let buffer = &mut self.capacity_buffers.buffers[id.index()];
        if !buffer.removed && buffer.status.as_ref() != Some(&status) {
            buffer.status = Some(status);
            buffer.head.change(&mut self.versions);
            self.changes.push(Change::CapacityBufferStatus(id));
        }
    }

    /// Removes a CapacityBuffer.
    pub fn remove_capacity_buffer(&mut self, id: CapacityBufferId) {
        let buffer = &mut self.capacity_buffers.buffers[id.index()];
        if !buffer.removed {
            buffer.removed = true;
            buffer.head.change(&mut self.versions);
            self.index.remove(Kind::CapacityBuffer, id, Some(buffer.namespace), &buffer.object.meta.name);
            self.changes.push(Change::CapacityBufferRemoved(id));
        }
    }
}

impl Apply for api::CapacityBuffer {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Autoscaler
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        cluster.apply_capacity_buffer(self.clone(), now);
        None
    }
}

impl Apply for api::PodTemplateObject {
    fn order(&self) -> ApplyOrder {
        ApplyOrder::Reference
    }

    fn apply(&self, cluster: &mut Cluster, now: SimTime) -> Option<String> {
        let key = (self.meta.namespace.clone(), self.meta.name.clone());
        let before = cluster.capacity_buffers.templates.insert(key, Arc::clone(&self.template));
        let is_changed = before.as_ref() != Some(&self.template);
        if let (id, true) = cluster.note_plain(Kind::PodTemplate, &self.meta, is_changed, now) {
            cluster.changes.push(Change::PodTemplateChanged(id));
        }
        None
    }
}

impl Resource for CapacityBufferId {
    fn kind(self, _: &Cluster) -> Kind {
        Kind::CapacityBuffer
    }

    fn name(self, cluster: &Cluster) -> &Name {
        &cluster.capacity_buffer(self).object.meta.name
    }

    fn namespace(self, cluster: &Cluster) -> Name {
        cluster.namespace_name(cluster.capacity_buffer(self).namespace).clone()
    }

    fn head(self, cluster: &Cluster) -> ObjectHead {
        cluster.capacity_buffer(self).head
    }

    fn head_mut(self, cluster: &mut Cluster) -> &mut ObjectHead {
        &mut cluster.capacity_buffers.buffers[self.index()].head
    }

    fn delete(self, cluster: &mut Cluster, _: SimTime) {
        cluster.remove_capacity_buffer(self);
    }
}
