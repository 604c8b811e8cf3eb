//! `kubectl patch`.

use super::super::live_documents::Written;
use super::Operator;
use crate::api::Name;
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
        let target = &patch.target;
        let Some(object) = self.existing(target, verb, cluster, now) else { return };
        let key = (target.kind, Name::from(target.namespace.as_str()), Name::from(target.name.as_str()));
        let written = match patch.subresource {
            Some(Subresource::Scale) => self.documents.patch_scale(&key, object, patch, cluster),
            Some(Subresource::Status) | None => {
                self.documents.patch(&key, object, patch, cluster, now, &mut self.remarks)
            }
        };
        let (written, object) = match written {
            Ok(is_changed) => (if is_changed { Written::Sent } else { Written::Unchanged }, Some(object)),
            Err(refusal) => (Written::Refused(refusal), None::<ObjectId>),
        };
        self.note_written(verb, &target.to_string(), written, object, cluster, now);
    }
}
