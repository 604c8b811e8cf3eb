//! Integer newtypes for every number that carries a unit.
//!
//! Time is in nanoseconds, CPU in millicores, memory in bytes, money in nano-dollars. Arithmetic that could leave the
//! range of `i64` saturates (time) or is checked (resources), so that a huge number in an input can never wrap around.
//! This room knows neither Kubernetes objects nor files.

mod duration_text;
mod money;
mod resource;
mod sim_time;

pub use duration_text::{DurationTextError, format_go_duration, parse_go_duration};
pub use money::NanoDollars;
pub use resource::{Bytes, MilliCpu};
pub use sim_time::{SimDuration, SimTime};
