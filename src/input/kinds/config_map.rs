//! ConfigMaps: containers that need one wait for it.

use super::common::config::check_keys;
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{ConfigKind, ConfigObject, Name, Object};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

/// The most bytes that the data may have together (`MaxSecretSize`, which holds for ConfigMaps too).
const MAX_SIZE: usize = 1024 * 1024;

/// `ConfigMap` of `v1`.
pub struct ConfigMap;

impl Kind for ConfigMap {
    type Plain = core::ConfigMap;
    type Converted = Object;
    const KIND: &'static str = "ConfigMap";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[InertFields { inside: &["immutable"], ..InertFields::of("ConfigMap") }];

    /// Checks what the API server checks (`ValidateConfigMap`, Kubernetes 1.36).
    fn validate(map: &core::ConfigMap, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&map.metadata, Self::NAMING, root.key("metadata"), errors);
        let (text, binary) = (map.data.iter().flatten(), map.binary_data.iter().flatten());
        check_keys(text.clone().map(|(key, _)| key), root.key("data"), errors);
        check_keys(binary.clone().map(|(key, _)| key), root.key("binaryData"), errors);
        for (key, _) in binary.clone().filter(|(key, _)| map.data.iter().any(|data| data.contains_key(*key))) {
            errors.push(root.key("binaryData").key(key), format_args!("`{key}` is in data already"));
        }
        let size =
            text.map(|(_, value)| value.len()).sum::<usize>() + binary.map(|(_, value)| value.0.len()).sum::<usize>();
        if size > MAX_SIZE {
            errors.push(root.key("data"), format_args!("has {size} bytes (expected at most {MAX_SIZE})"));
        }
    }

    fn convert(map: &core::ConfigMap, start: Timestamp, _: &mut FieldErrors) -> Object {
        let keys =
            map.data.iter().flatten().map(|(key, _)| key).chain(map.binary_data.iter().flatten().map(|(key, _)| key));
        Object::Config(ConfigObject {
            kind: ConfigKind::ConfigMap,
            meta: meta::convert(&map.metadata, start),
            keys: keys.map(|key| Name::from(key.as_str())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::kinds::table::KINDS;
    use serde_json::{Value, json};

    /// The keys of a ConfigMap with these fields, or the fields with errors.
    fn read(mut fields: Value) -> Result<Vec<String>, Vec<String>> {
        fields["metadata"] = json!({"name": "settings"});
        let kind = KINDS.iter().find(|kind| kind.kind == "ConfigMap").unwrap();
        let reading = kind.read(&fields, Timestamp::UNIX_EPOCH);
        match reading.object {
            Some(Object::Config(object)) => Ok(object.keys.iter().map(ToString::to_string).collect()),
            _ => Err(reading.errors.into_iter().map(|error| error.field).collect()),
        }
    }

    #[test]
    fn keys_of_text_and_binary_data() {
        let map = json!({"data": {"b.conf": "1"}, "binaryData": {"a": "AAE="}});
        assert_eq!(read(map), Ok(vec!["a".to_owned(), "b.conf".to_owned()]));
        assert_eq!(read(json!({})), Ok(Vec::new()), "an empty one is one too");
    }

    #[test]
    fn what_the_api_server_refuses() {
        let cases = [
            (json!({"data": {"..": ""}}), "data", "a path"),
            (json!({"data": {"a b": ""}}), "data", "a space"),
            (json!({"data": {"a": ""}, "binaryData": {"a": ""}}), "binaryData", "a key twice"),
            (json!({"data": {"a": "x".repeat(MAX_SIZE + 1)}}), "data", "too large"),
        ];
        for (map, field, why) in cases {
            let errors = read(map).unwrap_err();
            assert!(errors.len() == 1 && errors[0].starts_with(field), "{why}: {errors:?}");
        }
    }
}
