//! Many runs: sweeps and replications, and the replay of recorded decisions.

pub mod conformance;
pub mod sweep;
