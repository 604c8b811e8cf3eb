//! Secrets: containers that need one wait for it.

use super::common::config::check_keys;
use super::common::meta;
use super::common::validation::{Naming, object_meta};
use super::kind::Kind;
use crate::api::{ConfigKind, ConfigObject, Name, Object};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;

/// The most bytes that the data may have together (`MaxSecretSize`).
const MAX_SIZE: usize = 1024 * 1024;
/// The keys that a Secret of a type must have. One of the type `kubernetes.io/basic-auth` must have one of two.
const REQUIRED_KEYS: [(&str, &[&str]); 4] = [
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

/// `Secret` of `v1`.
pub struct Secret;

/// The keys of a Secret: those of `stringData` are written into `data` by the API server.
fn keys(secret: &core::Secret) -> BTreeSet<&String> {
    let data = secret.data.iter().flatten().map(|(key, _)| key);
    data.chain(secret.string_data.iter().flatten().map(|(key, _)| key)).collect()
}

impl Kind for Secret {
    type Plain = core::Secret;
    type Converted = Object;
    const KIND: &'static str = "Secret";
    const VERSIONS: &'static [&'static str] = &["v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[InertFields { inside: &["immutable"], ..InertFields::of("Secret") }];

    /// Checks what the API server checks (`ValidateSecret`, Kubernetes 1.36).
    fn validate(secret: &core::Secret, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("data");
        object_meta(&secret.metadata, Self::NAMING, root.key("metadata"), errors);
        let keys = keys(secret);
        check_keys(keys.iter().copied(), path, errors);
        let text = secret.string_data.iter().flatten();
        let is_replaced = |key: &String| secret.string_data.iter().any(|text| text.contains_key(key));
        let data = secret.data.iter().flatten().filter(|(key, _)| !is_replaced(key));
        let size =
            text.map(|(_, value)| value.len()).sum::<usize>() + data.map(|(_, value)| value.0.len()).sum::<usize>();
        if size > MAX_SIZE {
            errors.push(path, format_args!("has {size} bytes (expected at most {MAX_SIZE})"));
        }
        let has = |key: &str| keys.iter().any(|existing| *existing == key);
        let secret_type = secret.type_.as_deref().unwrap_or_default();
        let required = REQUIRED_KEYS.iter().filter(|(name, _)| *name == secret_type).flat_map(|(_, keys)| *keys);
        for key in required.filter(|key| !has(key)) {
            errors.push(path.key(key), format_args!("missing (expected in a Secret of type {secret_type})"));
        }
        if secret_type == "kubernetes.io/basic-auth" && !has("username") && !has("password") {
            errors.push(
                path,
                format_args!("has neither `username` nor `password` (expected one in a Secret of type {secret_type})"),
            );
        }
    }

    fn convert(secret: &core::Secret, start: Timestamp, _: &mut FieldErrors) -> Object {
        Object::Config(ConfigObject {
            kind: ConfigKind::Secret,
            meta: meta::convert(&secret.metadata, start),
            keys: keys(secret).into_iter().map(|key| Name::from(key.as_str())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::kinds::table::KINDS;
    use serde_json::{Value, json};

    /// The keys of a Secret with these fields, or the fields with errors.
    fn read(mut fields: Value) -> Result<Vec<String>, Vec<String>> {
        fields["metadata"] = json!({"name": "credentials"});
        let kind = KINDS.iter().find(|kind| kind.kind == "Secret").unwrap();
        let reading = kind.read(&fields, Timestamp::UNIX_EPOCH);
        match reading.object {
            Some(Object::Config(object)) => Ok(object.keys.iter().map(ToString::to_string).collect()),
            _ => Err(reading.errors.into_iter().map(|error| error.field).collect()),
        }
    }

    #[test]
    fn keys_of_data_and_string_data() {
        let secret = json!({"data": {"b": "AAE="}, "stringData": {"a": "x", "b": "y"}});
        assert_eq!(read(secret), Ok(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn what_the_api_server_refuses() {
        let cases = [
            (json!({"stringData": {"..": ""}}), "data", "a path"),
            (
                json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": ""}}),
                "data",
                "a certificate without its key",
            ),
            (json!({"type": "kubernetes.io/basic-auth"}), "data", "neither user nor password"),
            (json!({"stringData": {"a": "x".repeat(MAX_SIZE + 1)}}), "data", "too large"),
        ];
        for (secret, field, why) in cases {
            let errors = read(secret).unwrap_err();
            assert!(errors.len() == 1 && errors[0].starts_with(field), "{why}: {errors:?}");
        }
    }
}
