//! The exit codes of the command.

use std::process::ExitCode;

/// The exit codes. Scripts rely on them: a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// An internal error, a result that cannot be written, or a run of a sweep that failed.
    Internal = 1,
    /// The command line or an input file is wrong.
    BadInput = 2,
    /// An objective is not met, a comparison found a difference, or what is asked for cannot be had (`fit`).
    Failed = 3,
    /// Interrupted before the end; what was done so far is written.
    Interrupted = 4,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
