//! The JSON Schema of the scenario file, generated from its types.

use super::spec::ScenarioFile;
use schemars::generate::SchemaSettings;

/// The JSON Schema (draft-07, which editors' YAML support reads) of a scenario file, with a line feed at the end.
///
/// It knows shapes, not the rules between values; [`super::load`] checks those too.
#[must_use]
pub fn json_schema() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<ScenarioFile>();
    // A schema holds text, numbers and lists only, which always have a JSON form.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
