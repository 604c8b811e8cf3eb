//! The discrete-event kernel: event queue with clock, agenda, named random streams, drawn delays, determinism checksum.
//!
//! It knows nothing of what it simulates. Events are small `Copy` values; time, priority and sequence number make their
//! order total. Nothing is ever removed from the queue: whoever schedules an event that may become obsolete puts a
//! generation into it and drops it when it comes up stale.

mod checksum;
mod latency;
mod queue;
mod random;
mod wheel;

pub use checksum::Checksum;
pub use latency::{Latency, LatencyDistribution};
pub use queue::{Agenda, EventQueue, Priority};
pub use random::{RandomStream, RandomStreams, draw_phase, scatter};
