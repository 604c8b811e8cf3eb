//! Files to typed values: manifests, component configs, the scenario, traces.

mod diagnostic;
mod document;
mod field_error;
mod field_path;
mod json_position;
pub mod manifest;
pub mod pool_shape;
pub mod scenario;
pub mod scheduler_config;
mod table;
pub mod trace;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::ManifestSource;
pub use field_error::{FieldError, FieldErrors};
pub use field_path::{FieldPath, PathStep, parse_path};
pub use table::TableError;
