//! What the controllers share: their settings and events, work queues and retries, and the rate limit of their clients.

pub mod api_event;
pub mod client_rate;
pub mod event;
pub mod names;
pub mod pending_calls;
pub mod retry;
pub mod settings;
pub mod slow_start;
pub mod work_queue;
