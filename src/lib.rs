//! wavetank simulates a Kubernetes cluster in virtual time: scheduling, autoscaling, faults and recovery.
//!
//! Rooms, from the inside out: [`units`], [`api`] (what objects are), [`input`] (files to values), [`engine`] (the
//! discrete-event kernel), [`cluster`] (the state), [`scheduler`], then the behaviour rooms ([`workload`], [`infra`],
//! [`controllers`], [`kubelet`], [`autoscaler`]), [`sim`] (the assembly), [`record`], [`stats`] and [`report`] (facts to
//! files), [`study`] (many runs) and [`cli`].

pub mod api;
pub mod autoscaler;
pub mod cli;
pub mod cluster;
pub mod controllers;
pub mod engine;
pub mod infra;
pub mod input;
pub mod kubelet;
pub mod record;
pub mod report;
pub mod scheduler;
pub mod sim;
pub mod stats;
pub mod study;
pub mod units;
pub mod workload;
