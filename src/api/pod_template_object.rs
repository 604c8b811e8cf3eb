//! PodTemplates: templates that stand by themselves, for others to refer to.

use super::{ApiObject, Kind, ObjectMeta, PodTemplate};
use std::sync::Arc;

/// A `PodTemplate` (`v1`): no pods are made from it unless something that refers to it makes some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodTemplateObject {
    /// Identity.
    pub meta: ObjectMeta,
    /// `template`.
    pub template: Arc<PodTemplate>,
}

impl ApiObject for PodTemplateObject {
    fn kind(&self) -> Kind {
        Kind::PodTemplate
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}
