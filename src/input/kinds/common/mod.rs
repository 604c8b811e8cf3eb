//! What several kinds share: metadata, selectors, pod templates and their parts, and the API server's rules for them.

pub mod claim;
pub mod config;
pub mod container;
pub mod hints;
pub mod inert;
pub mod job;
pub mod job_validation;
pub mod meta;
pub mod pod_template;
pub mod pod_validation;
pub mod resources;
pub mod scheduling;
pub mod selector;
pub mod validation;
pub mod value;
pub mod volume;
pub mod workload;
