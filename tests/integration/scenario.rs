//! Scenario files are read, checked and described by a schema.

use std::path::{Path, PathBuf};
use wavetank::input::scenario::json_schema;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scenarios").join(name)
}

fn yaml_as_json(text: &str) -> serde_json::Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The committed schema, which editors read, is the one of the types. `WAVETANK_UPDATE=1 cargo test schema` writes it.
#[test]
fn the_committed_schema_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/scenario.schema.json");
    #[expect(clippy::disallowed_methods, reason = "the way to write the file anew")]
    if std::env::var("WAVETANK_UPDATE").is_ok() {
        std::fs::write(&file, json_schema()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == json_schema(),
        "{} is stale: write it anew with `WAVETANK_UPDATE=1 cargo test --test integration schema`",
        file.display()
    );
}
