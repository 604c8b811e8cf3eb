//! KEDA's kinds: ScaledObjects and ScaledJobs of `keda.sh/v1alpha1`.

mod plain;
pub mod scaled_object;
mod spec;

pub use spec::{read_scaled_job_spec, read_scaled_object_spec, read_triggers};
