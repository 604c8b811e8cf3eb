//! Integration tests: golden data, properties, command-line snapshots, architecture.

mod behaviour;
mod cases;
mod cli;
mod client_rate;
mod company;
mod docs;
mod explain;
mod fit;
mod gallery;
mod golden_controllers;
mod golden_e2e;
mod golden_hpa;
mod golden_scheduler;
mod kinds_in_runs;
mod manifests;
mod months;
mod overflow;
mod overload;
mod reaction;
mod report;
mod rooms;
mod scenario;
mod scheduling;
mod sweep;
mod traces;
mod volumes;
