//! Kubernetes manifests and kubectl dumps to `api` objects, each with the place where it was read.

mod field_value;
mod load;
mod pod_source;
mod unused;

pub use field_value::{ManifestField, ManifestValue};
pub use load::{LoadedObject, load_objects};

pub(crate) use load::load_documents;
pub(crate) use pod_source::{LoadedPod, PodSource, load_pod};
