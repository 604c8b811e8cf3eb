//! Files to typed values: manifests, component configs, the scenario, traces.

mod diagnostic;
mod field_error;
pub mod manifest;
pub mod scenario;
mod table;
pub mod trace;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use field_error::{FieldError, FieldErrors};
pub use table::TableError;
