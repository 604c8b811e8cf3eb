//! Integration tests: golden data, properties, command-line snapshots, architecture.

mod cli;
mod gallery;
mod golden_controllers;
mod golden_hpa;
mod golden_scheduler;
mod manifests;
mod report;
mod rooms;
mod scenario;
mod sweep;
mod traces;
