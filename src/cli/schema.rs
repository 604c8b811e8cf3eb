//! `wavetank schema`.

use super::{Exit, stdio};
use crate::input::scenario;
use clap::Args;

/// Print the JSON Schema of the scenario file
///
/// Editors complete and check scenario files with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wavetank schema > scenario.schema.json

  # first line of a scenario.yaml, for editors with a YAML language server:
  # yaml-language-server: $schema=scenario.schema.json")]
pub struct SchemaArgs {}

/// Prints the schema.
pub fn run(_: &SchemaArgs) -> Exit {
    stdio::print_data(&scenario::json_schema(), Exit::Success)
}
