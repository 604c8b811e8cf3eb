//! What the values of a parameter are called where there is little room: on an axis, in a legend, in a table's row.

use serde_json::Value;
use std::collections::BTreeSet;

/// A value of a parameter as text.
#[must_use]
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The names of values: short, and different where the values are.
#[must_use]
pub fn value_labels(values: &[Value]) -> Vec<String> {
    let whole = || values.iter().map(value_text).collect();
    let short: Vec<String> = if values.iter().all(|value| value.is_array() || value.is_object()) {
        differences(values)
    } else {
        values.iter().map(short_text).collect()
    };
    let distinct: BTreeSet<&String> = short.iter().collect();
    if distinct.len() == values.len() && short.iter().all(|label| !label.is_empty()) { short } else { whole() }
}

/// The last step of a parameter's path that says what it is: `count` of `spec.nodePools.general.count`, and `manifests.1`
/// of `spec.manifests.1`, since a number alone says nothing.
#[must_use]
pub fn short_path(path: &str) -> &str {
    let is_number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let mut start = path.len();
    for step in path.rsplit('.') {
        start = start.saturating_sub(step.len() + usize::from(start < path.len()));
        if !is_number(step) {
            break;
        }
    }
    path.get(start..).unwrap_or(path)
}

/// Of the path of a YAML file the name alone.
fn short_text(value: &Value) -> String {
    let text = value_text(value);
    let stem = text.strip_suffix(".yaml").or_else(|| text.strip_suffix(".yml"));
    stem.map_or_else(|| text.clone(), |stem| stem.rsplit('/').next().unwrap_or(stem).to_owned())
}

/// Of lists and mappings the fields in which they differ: `count 6, cpu 4`.
fn differences(values: &[Value]) -> Vec<String> {
    let leaves: Vec<Vec<(String, String)>> = values
        .iter()
        .map(|value| {
            let mut found = Vec::new();
            collect("", value, &mut found);
            found
        })
        .collect();
    let is_shared = |leaf: &(String, String)| leaves.iter().all(|others| others.contains(leaf));
    let label = |leaves: &Vec<(String, String)>| {
        let distinctive = leaves.iter().filter(|leaf| !is_shared(leaf));
        distinctive.map(|(path, value)| format!("{} {value}", short_path(path))).collect::<Vec<_>>().join(", ")
    };
    leaves.iter().map(label).collect()
}

/// The scalars of a value with their paths.
fn collect(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| collect(&below(key), value, found)),
        Value::Array(elements) => {
            let named = |(index, element): (usize, &Value)| {
                element.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned)
            };
            for (index, element) in elements.iter().enumerate() {
                collect(&below(&named((index, element))), element, found);
            }
        }
        scalar => found.push((path.to_owned(), value_text(scalar))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_are_short_and_distinct() {
        let pool = |count: u32, cpu: u32, memory: &str| json!([{"name": "general", "count": count, "zones": ["a", "b"], "capacity": {"cpu": cpu, "memory": memory}}]);
        let cases = [
            (vec![json!("a/x.yaml"), json!("b/y.yml")], vec!["x", "y"]),
            (vec![json!("a/x.yaml"), json!("b/x.yaml")], vec!["a/x.yaml", "b/x.yaml"]),
            (vec![json!(3), json!(4)], vec!["3", "4"]),
            (
                vec![pool(6, 4, "16Gi"), pool(3, 8, "32Gi")],
                vec!["count 6, cpu 4, memory 16Gi", "count 3, cpu 8, memory 32Gi"],
            ),
            (vec![json!([1, 2]), json!([1, 2])], vec!["[1,2]", "[1,2]"]),
        ];
        for (values, expected) in cases {
            assert_eq!(value_labels(&values), expected);
        }
    }

    #[test]
    fn a_number_alone_is_no_name() {
        let cases = [
            ("spec.nodePools.general.count", "count"),
            ("spec.manifests.1", "manifests.1"),
            ("spec.sources.0.2", "sources.0.2"),
            ("count", "count"),
            ("1", "1"),
        ];
        for (path, expected) in cases {
            assert_eq!(short_path(path), expected, "{path}");
        }
    }
}
