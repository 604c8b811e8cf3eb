//! The assembly, and the only place where the parts meet: preparation of a scenario, the world, the dispatch of events.

mod actions;
mod arrivals;
mod check;
mod config_references;
mod error;
mod event;
mod event_log;
mod final_records;
mod prepare;
mod prepared_arrivals;
mod recorder;
mod recovery;
mod run;
mod settings;
mod setup;
mod stranded;
mod totals;
mod watch;
mod world;

pub use error::SimError;
pub use event::Event;
pub use prepare::{PrepareOptions, Prepared, complete, prepare, read_scheduler_config};
pub use prepared_arrivals::PreparedArrivals;
pub use run::{RunOptions, simulate};
pub use settings::starting_nodes;
pub use watch::{NotTried, Watch, Watched, WatchedPod, watch};
