//! The `wavetank` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wavetank::run_command_line().into()
}
