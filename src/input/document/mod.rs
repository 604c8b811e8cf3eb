//! Text to documents: where it comes from, how it is read, where each field of it stands, and what to suggest for a
//! misspelt word.
//!
//! Manifests become `serde_json` values, read into Kubernetes' types by [`typed`]; scenarios become a [`tree`], which
//! keeps the text of numbers, read into the scenario's types by [`tolerant`].

pub mod field_path;
mod json_list;
pub mod similar;
mod source;
mod stream;
pub mod tolerant;
pub mod tree;
pub mod typed;
pub mod yaml;

pub use source::{ManifestSource, read_sources};
pub use stream::{Place, read_documents};
