//! How a panic, which is always a bug, is reported to the user.

use super::stdio;
use std::any::Any;

/// Makes a panic say what it is and what to do about it, instead of a thread's name and a stack trace. With
/// `RUST_BACKTRACE` set, the stack trace is wanted, and stays.
pub fn install_hook() {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        stdio::print_error(&format_args!("internal error{place}: {}", message(info.payload())));
        stdio::say(&format!(
            "  hint: this is a bug in wavetank {}; please report it with the scenario and the command line\n  hint: \
             RUST_BACKTRACE=1 shows where it happened",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
