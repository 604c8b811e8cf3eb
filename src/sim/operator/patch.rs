//! `kubectl patch`.

use super::super::live_documents::{Written, patch_scale};
use super::Operator;
use crate::cluster::{Cluster, ObjectId};
use crate::input::scenario::{PatchAction, Subresource};
use crate::units::SimTime;

impl Operator<'_> {
    /// `kubectl patch`.
    pub(super) fn patch(&mut self, patch: &PatchAction, cluster: &mut Cluster, now: SimTime) {
        self.patch_as("patch", patch, cluster, now);
    }

    /// A patch that is sent by another command.
    pub(super) fn patch_as(&mut self, verb: &str, patch: &PatchAction, cluster: &mut Cluster, now: SimTime) {
        let Some((object, target)) = self.referred(&patch.target, verb, cluster, now) else { return };
        let key = (cluster.kind_of(object), cluster.namespace_of(object), cluster.name_of(object).clone());
        let written = match patch.subresource {
            Some(Subresource::Scale) => patch_scale(&key, object, patch, cluster),
            Some(Subresource::Status | Subresource::Resize) | None => {
                self.documents.patch(&key, object, patch, cluster, now, &mut self.remarks)
            }
        };
        let (written, object) = match written {
            Ok(is_changed) => (if is_changed { Written::Sent } else { Written::Unchanged }, Some(object)),
            Err(refusal) => (Written::Refused(refusal), None::<ObjectId>),
        };
        self.note_written(verb, &target, written, object, cluster, now);
    }
}
