//! `wavetank validate`.

use super::options::{ScenarioArgs, refuse};
use super::{Exit, stdio};
use crate::study::single;
use clap::Args;

/// Check a scenario and everything that it refers to, without a run
///
/// Reports every error and warning at once, with file, line and field. The exit code is 2 if there are errors, 0
/// otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank validate scenarios/quickstart
  kustomize build overlays/prod | wavetank validate scenarios/quickstart -f -")]
pub struct ValidateArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
}

/// Checks the scenario.
pub fn run(args: &ValidateArgs) -> Exit {
    let options = match args.scenario.prepare_options() {
        Ok(options) => options,
        Err(problems) => return refuse(&problems),
    };
    match single::prepare(&args.scenario.path, &options) {
        Ok((prepared, warnings)) => {
            stdio::print_diagnostics(warnings.iter());
            let text = format!("{}: valid\n", prepared.scenario.file.display());
            stdio::print_data(&text, Exit::Success)
        }
        Err(problems) => refuse(&problems),
    }
}
