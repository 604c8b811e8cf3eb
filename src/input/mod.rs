//! Files to typed values: manifests, component configs, the scenario, traces.

mod field_error;
pub mod manifest;
pub mod scenario;
mod table;
pub mod trace;

pub use field_error::{FieldError, FieldErrors};
pub use table::TableError;
