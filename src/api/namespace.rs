//! `Namespace` of `v1`.

use super::{ApiObject, Kind, ObjectMeta};

/// A `Namespace`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Name and labels (with `kubernetes.io/metadata.name`, which the API server adds).
    pub meta: ObjectMeta,
}

impl ApiObject for Namespace {
    fn kind(&self) -> Kind {
        Kind::Namespace
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
