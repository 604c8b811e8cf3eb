//! The JSON Schema of the scenario file, generated from its types.

use super::spec::ScenarioFile;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The JSON Schema (draft-07, which editors' YAML support reads) of a scenario file, with a line feed at the end.
///
/// It knows shapes, not the rules between values; [`super::load`] checks those too.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<ScenarioFile>().to_value();
    join_lines(&mut schema);
    // A schema holds text, numbers and lists only, which always have a JSON form.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Descriptions come from doc comments, whose line breaks mean nothing; empty lines between paragraphs stay.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "description" => {
                        let paragraphs: Vec<String> =
                            text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
                        *text = paragraphs.join("\n\n");
                    }
                    inner => join_lines(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}
