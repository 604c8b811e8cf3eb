//! Integer newtypes for every number that carries a unit.
//!
//! Time is in nanoseconds, CPU in millicores, memory in bytes, money in nano-dollars. No number that a user gives can
//! make a sum wrap around or panic:
//!
//! - Amounts ([`MilliCpu`], [`Bytes`], units of other resources) are checked where they are read: one object names at
//!   most [`MAX_AMOUNT`] of a resource, and all objects of a run together at most [`MAX_TOTAL`]; what is beyond is an
//!   error that names the object and the field. Sums of what was checked stay within 64 bits.
//! - Time saturates at 292 years, and a run is at most 100 years long: an instant or span at the end of the range means
//!   "after the end of the run", however it came about, which is all that a run asks of it.
//! - Money is counted in 128 bits, which no run of at most 100 years and a million nodes fills.
//!
//! This room knows neither Kubernetes objects nor files.

mod duration_text;
mod money;
mod resource;
mod sim_time;

pub use duration_text::{DurationTextError, format_go_duration, parse_go_duration};
pub use money::NanoDollars;
pub use resource::{Bytes, MAX_AMOUNT, MAX_TOTAL, MilliCpu};
pub use sim_time::{SimDuration, SimTime};
