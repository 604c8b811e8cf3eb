//! Values that take the place of fields of objects in manifests: `--set deployment/shop/web:spec.replicas=3`, and the points
//! of a sweep.

use crate::api::Kind;
use crate::input::document::field_path::split_dotted;
use crate::input::document::tree;
use crate::input::document::yaml::Dialect;
use crate::input::{Diagnostic, Diagnostics};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// The form of such a path, for messages.
const FORM: &str = "expected `kind/namespace/name:field`, for example `deployment/shop/web:spec.replicas`";

/// A field of an object: `deployment/shop/web:spec.replicas`. Elements of lists go by their `name` or by index from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestField {
    text: Arc<str>,
    kind: Kind,
    namespace: String,
    name: String,
    steps: Vec<String>,
}

impl fmt::Display for ManifestField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl ManifestField {
    /// Reads a path; `None` if it is one within the scenario, which names no object.
    ///
    /// # Errors
    /// What is wrong with a path that names an object.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (object, path) = text.split_once(':')?;
        let (word, of_kind) = object.split_once('/')?;
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_word.then(|| Self::read(text, word, of_kind, path))
    }

    fn read(text: &str, word: &str, of_kind: &str, path: &str) -> Result<Self, String> {
        let by_name = || Kind::ALL.iter().copied().find(|kind| kind.as_str().eq_ignore_ascii_case(word));
        let Some(kind) = Kind::from_word(word).or_else(by_name) else {
            return Err(format!("`{text}`: kind `{word}` is not simulated ({FORM})"));
        };
        let (namespace, name) = match of_kind.split_once('/') {
            Some(_) if kind.is_cluster_scoped() => {
                return Err(format!("`{text}`: a {} has no namespace (expected `{word}/name:field`)", kind.as_str()));
            }
            Some((namespace, name)) => (namespace, name),
            None if kind.is_cluster_scoped() => ("", of_kind),
            None => ("default", of_kind),
        };
        let steps = split_dotted(path);
        let is_empty = name.is_empty() || (namespace.is_empty() && !kind.is_cluster_scoped());
        if is_empty || steps.iter().any(String::is_empty) {
            return Err(format!("`{text}` has an empty part ({FORM})"));
        }
        if matches!(steps.first().map(String::as_str), Some("apiVersion" | "kind"))
            || matches!(steps.iter().map(String::as_str).collect::<Vec<_>>()[..], ["metadata", "name" | "namespace"])
        {
            return Err(format!("`{text}` is what tells objects apart, and cannot be set"));
        }
        Ok(Self { text: text.into(), kind, namespace: namespace.to_owned(), name: name.to_owned(), steps })
    }
}

/// A value for a field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestValue {
    /// The field.
    pub field: ManifestField,
    /// What it shall be.
    pub value: Value,
    /// What asks for it, for messages: `--set deployment/shop/web:spec.replicas`.
    pub origin: Arc<str>,
}

impl ManifestValue {
    /// The value of `--set PATH=VALUE`, which is YAML.
    ///
    /// # Errors
    /// What is wrong with path or value.
    pub fn from_text(field: Result<ManifestField, String>, path: &str, text: &str) -> Result<Self, Diagnostics> {
        let origin: Arc<str> = format!("--set {path}").into();
        let refused = |message: String| Diagnostics::from(Diagnostic::error(origin.clone(), message));
        let field = field.map_err(refused)?;
        let mut node = tree::parse(text, Dialect::Core)
            .map_err(|error| refused(format!("`{text}` is not YAML: {}", error.problem)))?;
        Ok(Self { field, value: node.take_json(), origin })
    }

    /// Whether it is a field of this object.
    pub(super) fn concerns(&self, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        let namespace = if self.field.kind.is_cluster_scoped() { "" } else { namespace.unwrap_or("default") };
        self.field.kind.as_str() == kind && self.field.namespace == namespace && self.field.name == name
    }

    /// Puts the value into the object. Mappings on the way that do not exist are made, so that a field with a default can be
    /// set.
    ///
    /// # Errors
    /// Why there is no such field, and what there is.
    pub(super) fn apply(&self, object: &mut Value) -> Result<(), Diagnostics> {
        let mut target = object;
        let mut done: Vec<&str> = Vec::new();
        for step in &self.field.steps {
            let above = if done.is_empty() { "the object".to_owned() } else { format!("`{}`", done.join(".")) };
            if target.is_null() {
                *target = Value::Object(Map::new());
            }
            target = match target {
                Value::Object(fields) => fields.entry(step.as_str()).or_insert(Value::Null),
                Value::Array(items) => {
                    let names: Vec<&str> = items.iter().filter_map(name_of).collect();
                    let hint = if names.is_empty() {
                        format!("name the element by its index; the list has {} elements", items.len())
                    } else {
                        format!("elements of the list: {}", names.join(", "))
                    };
                    let place = items.iter().position(|item| name_of(item) == Some(step));
                    let place = place.or_else(|| step.parse().ok());
                    match place.and_then(|place| items.get_mut(place)) {
                        Some(item) => item,
                        None => return Err(self.missing(&format!("{above} has no element `{step}`"), Some(hint))),
                    }
                }
                _ => {
                    let problem = format!("{above} is a single value and has no field `{step}`");
                    return Err(self.missing(&problem, None));
                }
            };
            done.push(step);
        }
        *target = self.value.clone();
        Ok(())
    }

    fn missing(&self, why: &str, hint: Option<String>) -> Diagnostics {
        let message = format!("`{}` does not exist: {why}", self.field);
        Diagnostic::error(self.origin.clone(), message).with_hint(hint).into()
    }

    /// That no manifest has the object.
    pub(super) fn without_object(&self) -> Diagnostic {
        let object = self.field.text.split_once(':').map_or(&*self.field.text, |(object, _)| object);
        let message = format!("`{}` does not exist: no manifest of the start has {object}", self.field);
        Diagnostic::error(self.origin.clone(), message)
    }
}

/// The text of a mapping's `name`.
fn name_of(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_name_objects_or_stay_in_the_scenario() {
        type Case<'a> = (&'a str, Option<Result<(), &'a str>>, &'a str);
        let cases: [Case; 9] = [
            ("spec.nodePools.general.count", None, "a path within the scenario"),
            ("spec.nodePools.a.labels.example\\.com/x:y", None, "a key with a slash within the scenario"),
            ("deployment/shop/web:spec.replicas", Some(Ok(())), "kind, namespace and name"),
            ("hpa/web:spec.metrics.0", Some(Ok(())), "in the namespace default"),
            ("storageclass/fast:allowVolumeExpansion", Some(Ok(())), "a kind without words, by its name"),
            ("node/a/b:spec", Some(Err("has no namespace")), "a namespace too much"),
            ("gadget/a:spec", Some(Err("kind `gadget` is not simulated")), "an unknown kind"),
            ("deployment/a:spec..x", Some(Err("has an empty part")), "an empty step"),
            ("deployment/a:metadata.name", Some(Err("cannot be set")), "what identifies it"),
        ];
        for (text, expected, why) in cases {
            match (ManifestField::parse(text), expected) {
                (None, None) | (Some(Ok(_)), Some(Ok(()))) => {}
                (Some(Err(found)), Some(Err(part))) => assert!(found.contains(part), "{text}: {found}"),
                (found, _) => panic!("{text}: {found:?}: {why}"),
            }
        }
    }

    #[test]
    fn values_reach_elements_of_lists_by_name_and_index() {
        let object = json!({"spec": {"replicas": 2, "containers": [{"name": "web", "args": ["a", "b"]}]}});
        let cases = [
            ("spec.replicas", Ok("/spec/replicas"), "a field"),
            ("spec.containers.web.image", Ok("/spec/containers/0/image"), "an element by name, a field that is new"),
            ("spec.containers.0.args.1", Ok("/spec/containers/0/args/1"), "elements by index"),
            ("spec.new.deep", Ok("/spec/new/deep"), "mappings are made"),
            ("spec.containers.db.image", Err("has no element `db`"), "an unknown element"),
            ("spec.replicas.x", Err("is a single value"), "below a scalar"),
        ];
        for (path, expected, why) in cases {
            let text = format!("deployment/web:{path}");
            let value = ManifestValue::from_text(ManifestField::parse(&text).unwrap(), &text, "41").unwrap();
            let mut changed = object.clone();
            match (value.apply(&mut changed), expected) {
                (Ok(()), Ok(pointer)) => assert_eq!(changed.pointer(pointer), Some(&json!(41)), "{path}: {why}"),
                (Err(found), Err(part)) => assert!(found.to_string().contains(part), "{path}: {found}"),
                (found, _) => panic!("{path}: {found:?}: {why}"),
            }
        }
    }
}
