//! Readers of workload traces.
