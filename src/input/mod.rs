//! Files to typed values: manifests, component configs, the scenario, traces.

mod field_error;
pub mod manifest;
pub mod scenario;
pub mod trace;

pub use field_error::{FieldError, FieldErrors};
