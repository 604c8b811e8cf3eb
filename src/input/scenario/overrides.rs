//! Values that take the place of a document's: `--set` and the points of a sweep.

use crate::input::document::field_path::split_dotted;
use crate::input::document::tree::{Entry, Node, Value};
use crate::input::document::yaml::MAX_DEPTH;

/// Why an override cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OverrideError {
    /// What was found and what was expected.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Puts a value at a dotted path (`spec.nodePools.general.count`). Elements of lists are named by their `name` or by
/// index; keys of mappings that do not exist are added, so that a field with a default can be set.
pub(super) fn apply_override(root: &mut Node, path: &str, value: Node) -> Result<(), OverrideError> {
    let parts = split_dotted(path);
    if parts.iter().any(String::is_empty) {
        return Err(OverrideError {
            message: format!("`{path}` is not a path (expected a form such as `spec.nodePools.general.count`)"),
            hint: None,
        });
    }
    if parts.len() > MAX_DEPTH {
        let message = format!("the path has {} parts (expected at most {MAX_DEPTH})", parts.len());
        return Err(OverrideError { message, hint: None });
    }
    let mut node = root;
    let mut done: Vec<&str> = Vec::new();
    for part in &parts {
        let above = if done.is_empty() { "the document".to_owned() } else { format!("`{}`", done.join(".")) };
        if node.value == Value::Null {
            node.value = Value::Mapping(Vec::new());
        }
        node = match &mut node.value {
            Value::Mapping(entries) => {
                let at = entries.iter().position(|entry| entry.key == *part);
                let at = at.unwrap_or_else(|| {
                    let position = value.position.clone();
                    let empty = Node { value: Value::Null, position: position.clone() };
                    entries.push(Entry { key: part.clone(), position, value: empty });
                    entries.len() - 1
                });
                match entries.get_mut(at) {
                    Some(entry) => &mut entry.value,
                    None => return Err(OverrideError { message: format!("`{path}` does not exist"), hint: None }),
                }
            }
            Value::Sequence(items) => {
                let names: Vec<String> = items.iter().filter_map(|item| name_of(item).map(str::to_owned)).collect();
                let length = items.len();
                let at = items
                    .iter()
                    .position(|item| name_of(item) == Some(part))
                    .or_else(|| part.parse().ok().filter(|index| *index < length));
                match at.and_then(|index| items.get_mut(index)) {
                    Some(item) => item,
                    None => {
                        return Err(OverrideError {
                            message: format!("`{path}` does not exist: {above} has no element `{part}`"),
                            hint: Some(if names.is_empty() {
                                format!("name the element by its index; the list has {length} elements")
                            } else {
                                format!("elements of the list: {}", names.join(", "))
                            }),
                        });
                    }
                }
            }
            Value::Bool(_) | Value::Number(..) | Value::Text(_) | Value::Null => {
                return Err(OverrideError {
                    message: format!("`{path}` does not exist: {above} is a single value and has no field `{part}`"),
                    hint: None,
                });
            }
        };
        done.push(part);
    }
    *node = value;
    Ok(())
}

/// The text of a mapping's `name`.
fn name_of(node: &Node) -> Option<&str> {
    match &node.get("name")?.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::document::field_path::{FieldPathBuf, PathStep};
    use crate::input::document::tree::{Number, parse};
    use crate::input::document::yaml::Dialect;

    #[test]
    fn overrides_reach_lists_by_name_and_index() {
        let source = "spec:\n  pools:\n    - {name: a, count: 1}\n    - {name: b, count: 1}\n  seed: 1\n  empty:\n";
        let cases: [(&str, Result<&str, &str>, &str); 8] = [
            ("spec.pools.b.count", Ok("spec.pools[1].count"), "by name"),
            ("spec.pools.0.count", Ok("spec.pools[0].count"), "by index"),
            ("spec.new.deep", Ok("spec.new.deep"), "missing mappings are made"),
            ("spec.empty.x", Ok("spec.empty.x"), "a key without value becomes a mapping"),
            ("spec.pools.c.count", Err("no element `c`"), "unknown element"),
            ("spec.pools.7.count", Err("no element `7`"), "index beyond the end"),
            ("spec.seed.x", Err("single value"), "below a scalar"),
            ("spec..x", Err("is not a path"), "empty part"),
        ];
        for (path, expected, why) in cases {
            let mut document = parse(source, Dialect::Core).unwrap();
            let value = parse("41", Dialect::Core).unwrap();
            match (apply_override(&mut document, path, value), expected) {
                (Ok(()), Ok(field)) => {
                    let mut node = &document;
                    for step in FieldPathBuf::parse(field).0 {
                        node = match (&node.value, step) {
                            (_, PathStep::Key(key)) => node.get(&key).unwrap(),
                            (Value::Sequence(items), PathStep::Index(index)) => &items[index],
                            step => panic!("{step:?}"),
                        };
                    }
                    assert!(matches!(node.value, Value::Number(Number::Integer(41), _)), "{path}: {why}");
                }
                (Err(error), Err(fragment)) => assert!(error.message.contains(fragment), "{path}: {error:?}"),
                (outcome, _) => panic!("{path}: {why}: {outcome:?}"),
            }
        }
    }
}
