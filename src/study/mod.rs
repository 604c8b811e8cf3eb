//! Many runs: sweeps and replications, the replay of recorded decisions, and the explanation of single ones.

pub mod conformance;
pub mod explain;
pub mod families;
pub mod scenario_sweep;
pub mod single;
pub mod sweep;
