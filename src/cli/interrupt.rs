//! SIGINT and SIGTERM: the first one asks the run to stop and write what it has, the second one ends the process.

use super::{Exit, stdio};
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Handles the signals from here on, and gives what they set.
pub fn handle() -> &'static AtomicBool {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::AcqRel) {
            std::process::exit(Exit::Interrupted.code().into());
        }
        stdio::say("interrupted: writing what was done so far (again to stop at once)");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        stdio::say(&format!("signals are not handled: {error}"));
    }
    &INTERRUPTED
}
