//! What of `config-autoscaler` is refused: `config_errors.jsonl.gz`.

use crate::autoscaler::knative::config::KpaConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A line of the recording.
#[derive(Deserialize)]
pub(super) struct ConfigCase {
    id: String,
    config: BTreeMap<String, String>,
    expected: Value,
}

pub(super) fn id(case: &ConfigCase) -> String {
    case.id.clone()
}

/// The recorded answer and ours.
#[expect(clippy::unnecessary_wraps, reason = "the form of all replays")]
pub(super) fn replay(case: ConfigCase) -> Result<(Value, Value), String> {
    let actual = match KpaConfig::from_map(&case.config) {
        Ok(_) => json!({ "accepted": true }),
        Err(error) => json!({ "error": error }),
    };
    Ok((case.expected, actual))
}
