//! How a node is drained through the eviction API (`kubectl drain`). Which pods of it are evicted is in [`drain`], what the API
//! answers in [`crate::cluster::EvictionAnswer`].

pub mod controller;
mod drain;
