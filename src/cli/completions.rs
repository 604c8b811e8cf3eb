//! `wavetank completions`.

use super::{Exit, stdio};
use clap::{Args, Command};
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(wavetank completions bash)
  wavetank completions fish > ~/.config/fish/completions/wavetank.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &CompletionsArgs, command: &mut Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "wavetank", &mut script);
    stdio::print_data(&String::from_utf8_lossy(&script), Exit::Success)
}
