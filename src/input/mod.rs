//! Files to typed values: manifests, component configs, the scenario, traces.

mod field_error;
mod field_path;
pub mod manifest;
pub mod scenario;
pub mod trace;

pub use field_error::{FieldError, FieldErrors};
pub use field_path::{FieldPath, PathStep, parse_path};
