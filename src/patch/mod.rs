//! Patches of API objects: what `kubectl apply` sends, and what the API server makes of it.
//!
//! - [`apply()`] is `kubectl apply` on one object: the three-way merge of the configuration that was applied last (an
//!   annotation of the live object), the live object and the new manifest.
//! - [`strategic`] is the merge that knows the fields of built-in kinds ([`Schema`]); [`json_merge`] the one that knows
//!   none, for custom resources (RFC 7386); [`json_patch`] the list of operations of RFC 6902.
//!
//! Everything works on JSON as it was read: defaults, validation and what a changed object means are not the concern of
//! this room. The rules and the texts of errors are those of `k8s.io/apimachinery` and `k8s.io/kubectl` 1.36 and of
//! `evanphx/json-patch` v4, proved by recordings (`wavetank conformance apply`).

mod error;
mod go_text;
pub mod json_merge;
pub mod json_patch;
pub mod last_applied;
mod schema;
pub mod strategic;
mod three_way;
mod yaml_text;

pub use error::PatchError;
pub use schema::Schema;
pub use three_way::apply;
