//! What the API server keeps of every object besides its content.

use super::resource_version::ResourceVersions;
use crate::units::SimTime;

/// The part of `metadata` that the API server writes. [`super::ObjectId::uid`] is the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectHead {
    /// `resourceVersion`: grows with each change of the object, and no two objects ever have the same.
    pub resource_version: u64,
    /// `creationTimestamp`.
    pub created: SimTime,
}

impl ObjectHead {
    /// The head of an object that is created now.
    pub(super) const fn new(versions: &mut ResourceVersions, now: SimTime) -> Self {
        Self { resource_version: versions.next(), created: now }
    }

    /// The object is being changed.
    pub(super) const fn change(&mut self, versions: &mut ResourceVersions) {
        self.resource_version = versions.next();
    }
}
