//! What the tests of several rooms of the scheduler share, and the properties that hold for random clusters.

mod properties;
pub mod random_cluster;
