//! The assembly: events, dispatch, world.

mod scheduler_config;

pub use scheduler_config::{UnknownPlugin, scheduler_config};
