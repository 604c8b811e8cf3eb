//! Text to documents: where it comes from, how it is read, where each field of it stands, and what to suggest for a
//! misspelt word.
//!
//! Manifests become `serde_json` values, read into Kubernetes' types by [`typed`]; scenarios become a [`tree`], which
//! keeps the text of numbers, read into the scenario's types by [`tolerant`]. What both need stands here once: paths, the
//! tree in which the place of a field is found, the dialects of YAML, and suggestions. The two readers stay apart because
//! they do opposite things with what is wrong:
//!
//! - Kubernetes' types are open. Every field may be missing, a key that nobody knows is passed over and counted, and so
//!   is one that is known and has no effect; a value of the wrong type is taken out, and the type's default serves. Dumps
//!   hold thousands of objects, so that no place is kept of what is right.
//! - The scenario's types are closed. A key that nobody knows is an error, fields are required, choices are Rust enums,
//!   and a number may mean its text (`1.10`). A value that is wrong or missing gets a stand-in of its type and a mark, so
//!   that the checks between fields go on and leave alone what hangs on it.
//!
//! One reader for both would ask at every value which of the two it is reading.

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
