//! The `wavetank` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wavetank::cli::main().into()
}
