//! Namespaces.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{self, Object};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// The label with the namespace's own name, which the API server adds.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// `Namespace` of `v1`.
pub struct Namespace;

impl Kind for Namespace {
    type Plain = core::Namespace;
    type Converted = Object;
    const KIND: &'static str = "Namespace";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::ClusterLabel;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["finalizers"], ..InertFields::of("NamespaceSpec") }];

    fn validate(namespace: &core::Namespace, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&namespace.metadata, Self::NAMING, root.key("metadata"), errors);
    }

    /// Converts a Namespace and adds the label with its name. Times are relative to `start`.
    fn convert(namespace: &core::Namespace, start: Timestamp, _: &mut FieldErrors) -> Object {
        let mut meta = meta::convert_cluster_scoped(&namespace.metadata, start);
        meta.labels = meta.labels.with(NAME_LABEL, &meta.name);
        Object::Namespace(api::Namespace { meta })
    }
}
