//! Integration tests: golden data, properties, command-line snapshots, architecture.

mod apply;
mod behaviour;
mod cli;
mod client_rate;
mod company;
mod docs;
mod explain;
mod fit;
mod gallery;
mod golden_apply;
mod golden_controllers;
mod golden_e2e;
mod golden_hpa;
mod golden_scheduler;
mod kinds_in_runs;
mod manifests;
mod overflow;
mod overload;
mod report;
mod rooms;
mod scenario;
mod scheduling;
mod sweep;
mod traces;
mod volumes;
