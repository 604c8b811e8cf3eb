//! Answers as JSON: what is recorded held against what is decided, field by field.

use super::{CaseResult, ConformanceError, Difference};
use flate2::read::GzDecoder;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A number of a recording, to the last bit: [`replay_file`] has made a text of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exact(pub f64);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64());
        number.map(Self).ok_or_else(|| D::Error::custom(format!("{value} is not a number")))
    }
}

/// A line of JSON whose broken numbers are texts: the parser may miss their last bit.
fn with_exact_numbers(line: &str) -> String {
    let mut text = String::with_capacity(line.len() + line.len() / 8);
    let mut rest = line;
    while let Some(start) =
        rest.find(|character: char| character == '"' || character == '-' || character.is_ascii_digit())
    {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(inside) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = inside.find(|character: char| {
                let is_end = character == '"' && !escaped;
                escaped = character == '\\' && !escaped;
                is_end
            });
            let length = end.map_or(rest.len(), |end| end + 2);
            text.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let is_of_number = |character: char| character.is_ascii_digit() || "+-.eE".contains(character);
        let length = rest.find(|character| !is_of_number(character)).unwrap_or(rest.len());
        let number = &rest[..length];
        if number.contains(['.', 'e', 'E']) {
            text.push('"');
            text.push_str(number);
            text.push('"');
        } else {
            text.push_str(number);
        }
        rest = &rest[length..];
    }
    text.push_str(rest);
    text
}

/// Replays a file `NAME.jsonl.gz`, if it is there; `replay` gives the recorded and our answer to a case.
pub(super) fn replay_file<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    id: impl Fn(&T) -> String,
    replay: impl Fn(T) -> Result<(Value, Value), String>,
) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(format!("{name}.jsonl.gz"));
    if !file.exists() {
        return Ok(Vec::new());
    }
    let read_error = |source| ConformanceError::Read { file: file.clone(), source };
    let reader = BufReader::new(GzDecoder::new(File::open(&file).map_err(read_error)?));
    let mut results = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let malformed = |problem| ConformanceError::Malformed { file: file.clone(), line: index + 1, problem };
        let line = with_exact_numbers(&line.map_err(read_error)?);
        if line.trim().is_empty() {
            continue;
        }
        let case: T = serde_json::from_str(&line).map_err(|error| malformed(error.to_string()))?;
        let id = id(&case);
        let (expected, actual) = replay(case).map_err(malformed)?;
        let mut differences = Vec::new();
        compare("", &expected, &actual, &mut differences);
        results.push(CaseResult::new(name, id, differences));
    }
    Ok(results)
}

/// The fields that differ, with their paths. What has no value is absent, and so is an empty list or object: Go's JSON leaves
/// them out or not, as the recorder's types have it.
fn compare(path: &str, expected: &Value, actual: &Value, differences: &mut Vec<Difference>) {
    let is_absent = |value: &Value| match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (expected, actual) {
        _ if is_absent(expected) && is_absent(actual) => {}
        (Value::Object(wanted), Value::Object(found)) => {
            let keys = wanted.keys().chain(found.keys().filter(|key| !wanted.contains_key(*key)));
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let part = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
                compare(&path, &part(wanted), &part(found), differences);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                compare(&format!("{path}[{index}]"), wanted, found, differences);
            }
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => {}
        (Value::String(wanted), Value::Number(found)) if wanted.parse().ok() == found.as_f64() => {}
        _ if expected == actual => {}
        _ => differences.push(Difference {
            field: path.to_owned(),
            expected: expected.to_string(),
            actual: actual.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_numbers_are_read_exactly() {
        let line = r#"{"a\"1.5":[-0.1,2,1e-7],"b":"2.5","c":{"d":-3}}"#;
        let expected = r#"{"a\"1.5":["-0.1",2,"1e-7"],"b":"2.5","c":{"d":-3}}"#;
        assert_eq!(with_exact_numbers(line), expected);
        let Exact(number) = serde_json::from_str("\"105.91084800000004\"").unwrap();
        assert_eq!(number.to_bits(), 105.910_848_000_000_04_f64.to_bits());
    }
}
