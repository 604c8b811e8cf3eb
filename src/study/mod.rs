//! Many runs: sweeps and replications, and the replay of recorded decisions.

pub mod conformance;
pub mod families;
pub mod scenario_sweep;
pub mod single;
pub mod sweep;
