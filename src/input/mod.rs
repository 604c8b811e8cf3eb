//! Files to typed values: manifests, component configs, the scenario, traces.

pub mod catalogue;
mod diagnostic;
mod document;
mod field_error;
mod folding;
pub(crate) mod kinds;
pub mod manifest;
pub(crate) mod pool_shape;
mod rate_trace;
pub mod scenario;
pub mod scheduler_config;
mod table;
pub mod trace;
pub(crate) mod usage_series;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::ManifestSource;
pub use document::field_path::FieldPath;
pub(crate) use document::similar;
pub use field_error::{FieldError, FieldErrors};
pub(crate) use folding::{Folded, fold};
pub use table::TableError;
