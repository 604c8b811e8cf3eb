//! VolumeAttachments, and what node statuses say of volumes: `volumesAttached`, written by the attach-detach controller, and
//! `volumesInUse`, written by the kubelets.

use super::{AttachmentId, Change, Cluster, NodeId, VolumeId};
use crate::units::SimTime;
use std::collections::{BTreeMap, BTreeSet};

/// How far a VolumeAttachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentState {
    /// The driver was asked to attach the volume.
    Attaching,
    /// `status.attached`.
    Attached,
    /// It has a deletion timestamp: the driver was asked to detach the volume.
    Detaching,
    /// The object is gone.
    Gone,
}

/// A VolumeAttachment that is or was there.
#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachment {
    /// The volume.
    pub volume: VolumeId,
    /// The node.
    pub node: NodeId,
    /// When it was created.
    pub created: SimTime,
    /// How far it is.
    pub state: AttachmentState,
}

/// What is known of volumes and nodes.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    all: Vec<VolumeAttachment>,
    existing: BTreeMap<(VolumeId, NodeId), AttachmentId>,
    /// `status.volumesAttached` of the nodes.
    reported: BTreeSet<(NodeId, VolumeId)>,
    /// `status.volumesInUse` of the nodes.
    in_use: BTreeSet<(NodeId, VolumeId)>,
}

impl Attachments {
    /// A VolumeAttachment.
    pub fn get(&self, id: AttachmentId) -> &VolumeAttachment {
        &self.all[id.index()]
    }

    /// The VolumeAttachment of a volume and a node that exists.
    pub fn find(&self, volume: VolumeId, node: NodeId) -> Option<AttachmentId> {
        self.existing.get(&(volume, node)).copied()
    }

    /// Every VolumeAttachment that exists.
    pub fn existing(&self) -> impl Iterator<Item = (AttachmentId, &VolumeAttachment)> {
        self.existing.values().map(|id| (*id, self.get(*id)))
    }

    /// The VolumeAttachments of a volume that exist.
    pub fn of_volume(&self, volume: VolumeId) -> impl Iterator<Item = (AttachmentId, &VolumeAttachment)> {
        let range = (volume, NodeId::from_index(0))..;
        let of_volume = self.existing.range(range).take_while(move |((own, _), _)| *own == volume);
        of_volume.map(|(_, id)| (*id, self.get(*id)))
    }

    /// Whether the node's status says that a volume is attached: the kubelet mounts it then.
    pub fn is_reported(&self, node: NodeId, volume: VolumeId) -> bool {
        self.reported.contains(&(node, volume))
    }

    /// Whether the node's status says that a volume is in use: it is not to be detached.
    pub fn is_in_use(&self, node: NodeId, volume: VolumeId) -> bool {
        self.in_use.contains(&(node, volume))
    }
}

impl Cluster {
    /// Creates the VolumeAttachment of a volume and a node, or returns the one that is there.
    pub fn add_attachment(&mut self, volume: VolumeId, node: NodeId, now: SimTime) -> AttachmentId {
        let attachments = &mut self.storage.attachments;
        if let Some(id) = attachments.find(volume, node) {
            return id;
        }
        let id = AttachmentId::from_index(attachments.all.len());
        attachments.all.push(VolumeAttachment { volume, node, created: now, state: AttachmentState::Attaching });
        attachments.existing.insert((volume, node), id);
        self.changes.push(Change::Attachment(id));
        id
    }

    /// Writes how far a VolumeAttachment is.
    pub fn set_attachment_state(&mut self, id: AttachmentId, state: AttachmentState) {
        let attachments = &mut self.storage.attachments;
        let attachment = &mut attachments.all[id.index()];
        if attachment.state == state || attachment.state == AttachmentState::Gone {
            return;
        }
        attachment.state = state;
        if state == AttachmentState::Gone {
            attachments.existing.remove(&(attachment.volume, attachment.node));
        }
        self.changes.push(Change::Attachment(id));
    }

    /// Writes whether a volume is among `status.volumesAttached` of a node.
    pub fn report_attached(&mut self, node: NodeId, volume: VolumeId, is_attached: bool) {
        let reported = &mut self.storage.attachments.reported;
        let is_changed = if is_attached { reported.insert((node, volume)) } else { reported.remove(&(node, volume)) };
        if is_changed {
            self.changes.push(Change::NodeVolumes { node, volume });
        }
    }

    /// Writes whether a volume is among `status.volumesInUse` of a node.
    pub fn report_in_use(&mut self, node: NodeId, volume: VolumeId, is_in_use: bool) {
        let in_use = &mut self.storage.attachments.in_use;
        let is_changed = if is_in_use { in_use.insert((node, volume)) } else { in_use.remove(&(node, volume)) };
        if is_changed {
            self.changes.push(Change::NodeVolumes { node, volume });
        }
    }
}
