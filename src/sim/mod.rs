//! The assembly, and the only place where the parts meet: preparation of a scenario, the world, the dispatch of events.

mod action_tracker;
mod applied_object;
mod arrival_stream;
mod arrivals;
mod audience;
mod autoscaling_log;
mod check;
mod check_autoscalers;
mod check_cron_jobs;
mod check_names;
mod check_output;
mod config_references;
mod document_fields;
mod error;
mod event;
mod event_log;
mod final_records;
mod follow;
mod invariants;
mod live_documents;
mod manager_state;
mod node_document;
mod observer;
mod operator;
mod prepare;
mod prepared_arrivals;
mod recorder;
mod recorder_input;
mod recovery;
pub(crate) mod rollout_status;
mod run;
mod settings;
mod slips;
mod stranded;
mod totals;
mod usage;
mod world;

pub use applied_object::{AppliedObject, ObjectKey};
pub use error::SimError;
pub use observer::RunObserver;
pub use prepare::{PrepareOptions, Prepared, prepare};
pub use run::{RunOptions, simulate, simulate_observed};

pub(crate) use follow::{FollowedPod, FollowedRun, NotTried, follow};
pub(crate) use prepare::read_scheduler_config;
pub(crate) use settings::starting_nodes;
