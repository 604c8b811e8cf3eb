//! Many runs: sweeps and replications, the replay of recorded decisions, the explanation of single ones, and questions
//! to the scheduler without a run.

pub mod about;
mod amounts;
pub(crate) mod cluster_view;
pub mod compare;
pub mod conformance;
pub mod consolidation_pass;
pub mod explain;
pub(crate) mod families;
pub(crate) mod fit;
pub mod plan;
pub mod recommend;
pub mod scenario_sweep;
pub mod single;
pub mod sweep;
