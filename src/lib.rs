//! wavetank simulates a Kubernetes cluster in virtual time: scheduling, autoscaling, faults and recovery.
//!
//! The library reads a scenario, plays it, and reduces what happened to metrics, tables and charts:
//!
//! ```
//! use std::path::Path;
//! use wavetank::{report, sim};
//!
//! let scenario = Path::new("scenarios/quickstart");
//! let (prepared, _warnings) = sim::prepare(scenario, &sim::PrepareOptions::default())?;
//! let facts = sim::simulate(&prepared, &sim::RunOptions::default())?;
//! let summary = report::summarize(&facts);
//! assert!(summary.get("pods_scheduled").is_some_and(|pods| pods >= 10.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a user of the library finds where
//!
//! | module | to |
//! | --- | --- |
//! | [`sim`] | read a scenario with all that it refers to ([`sim::prepare`]) and play it ([`sim::simulate`]) |
//! | [`record`] | look at the facts of a run: each pod, node, workload, fault and decision over time |
//! | [`report`] | reduce facts to metrics ([`report::summarize`]) and write tables and charts ([`report::write_all`]) |
//! | [`study`] | play many runs (sweeps), explain one placement, replay recorded decisions |
//! | [`scheduler`] | ask kube-scheduler's decision for one pod on a cluster of one's own making |
//! | [`input`] | read files alone: scenarios, manifests, scheduler configurations, traces, and their errors |
//! | [`api`] | make Kubernetes objects without a file |
//! | [`engine`] | build another simulation on the same kernel: event queue, random streams, checksum |
//! | [`units`] | name times, spans, amounts of CPU and memory, and money |
//!
//! # Rooms
//!
//! Each folder of `src/` is a room with one duty. From the inside out: `units`, `api` (what objects are), `patch` (how
//! objects are patched), `input` (files to values), `engine` (the discrete-event kernel), `cluster` (the state), `scheduler`, then the behaviour rooms
//! (`workload`, `network`, `infra`, `controllers`, `kubelet`, `autoscaler`), `sim` (the assembly), `record`, `stats` and `report`
//! (facts to files), `study` (many runs) and `cli`. The rooms that are not listed above are no part of the library's
//! surface, so that the compiler tells what in them no run calls.

pub mod api;
pub mod engine;
pub mod input;
pub mod record;
pub mod report;
pub mod scheduler;
pub mod sim;
pub mod study;
pub mod units;

pub(crate) mod autoscaler;
pub(crate) mod cli;
pub(crate) mod cluster;
pub(crate) mod controllers;
pub(crate) mod infra;
pub(crate) mod kubelet;
pub(crate) mod network;
pub(crate) mod patch;
pub(crate) mod stats;
pub(crate) mod workload;

pub use cli::{Exit, main as run_command_line};
