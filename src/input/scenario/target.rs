//! References to objects: `deployment/shop/web`.

use super::scalar::{Scalar, deserialize_scalar, scalar_serde};
use crate::api::Kind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// An object that a scenario points at: `kind/namespace/name`, `kind/name` (namespace `default`), `node/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Kind.
    pub kind: Kind,
    /// Namespace; empty for a node.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind.as_str().to_ascii_lowercase())?;
        if !self.namespace.is_empty() {
            write!(formatter, "/{}", self.namespace)?;
        }
        write!(formatter, "/{}", self.name)
    }
}

impl Scalar for Target {
    const NAME: &'static str = "Target";
    const EXPECTED: &'static str = "an object such as `deployment/shop/web`";
    const STAND_IN: &'static str = "deployment/default/web";
    fn read(text: &str) -> Result<Self, String> {
        let form = "expected `kind/namespace/name`, for example `deployment/shop/web`, or `kind/name`";
        let parts: Vec<&str> = text.split('/').collect();
        let (word, namespace, name) = match parts.as_slice() {
            [word, name] => (*word, None, *name),
            [word, namespace, name] => (*word, Some(*namespace), *name),
            _ => return Err(format!("`{text}` is not a reference to an object ({form})")),
        };
        let Some(kind) = Kind::from_word(word) else {
            return Err(format!("`{text}`: kind `{word}` is not one that a scenario can name ({form})"));
        };
        if name.is_empty() || namespace == Some("") {
            return Err(format!("`{text}` has an empty part ({form})"));
        }
        let namespace = match (kind.is_cluster_scoped(), namespace) {
            (true, None) => "",
            (true, Some(_)) => {
                let word = kind.as_str().to_ascii_lowercase();
                return Err(format!("`{text}`: a {word} has no namespace (expected `{word}/name`)"));
            }
            (false, namespace) => namespace.unwrap_or("default"),
        };
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

scalar_serde!(Target);

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An object: kind/namespace/name or kind/name (namespace default), with kubectl's words for \
                kinds: deployment, replicaset, statefulset, daemonset, replicationcontroller, pod, node, service, ingress, httproute, hpa, pdb and their short \
                names. Example: deployment/shop/web.",
            "type": "string",
            "pattern": "^[A-Za-z]+/[^/]+(/[^/]+)?$"
        })
    }
}
