//! Namespaces.

use super::common::meta;
use super::common::validation::{Naming, object_meta};
use crate::api;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// The label with the namespace's own name, which the API server adds.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Checks what the API server checks.
pub fn validate(namespace: &core::Namespace, errors: &mut FieldErrors) {
    let root = FieldPath::Root;
    object_meta(&namespace.metadata, Naming::ClusterLabel, root.key("metadata"), errors);
}

/// Converts a Namespace and adds the label with its name. Times are relative to `start`.
pub fn convert(namespace: &core::Namespace, start: Timestamp) -> api::Namespace {
    let mut meta = meta::convert_cluster_scoped(&namespace.metadata, start);
    meta.labels = meta.labels.with(NAME_LABEL, &meta.name);
    api::Namespace { meta }
}
