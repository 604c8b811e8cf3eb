//! How a pod is named on the command line.

use crate::api::{Kind, Name};
use crate::input::scenario::Target;
use crate::scheduler::FollowedPods;
use serde_json::Value;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A pod as a user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodReference {
    text: String,
    pods: FollowedPods,
}

/// A text names no pod.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct PodReferenceError(String);

impl PodReference {
    /// The pods that it may mean.
    #[must_use]
    pub fn followed(&self) -> FollowedPods {
        self.pods.clone()
    }
}

impl fmt::Display for PodReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for PodReference {
    type Err = PodReferenceError;

    /// `name`, `namespace/name`, `pod/name`, `pod/namespace/name`, or a workload as in a scenario:
    /// `deployment/namespace/name`. A first part that is one of kubectl's words for pods or workloads is a kind, not a
    /// namespace.
    fn from_str(text: &str) -> Result<Self, PodReferenceError> {
        let form = "expected `namespace/name`, `name`, or a workload such as `deployment/shop/web`";
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(PodReferenceError(format!("`{text}` has an empty part ({form})")));
        }
        let named = |namespace: &str, name: &str| Self {
            text: text.to_owned(),
            pods: FollowedPods::Named { namespace: Name::from(namespace), name: Name::from(name) },
        };
        if let [name] = parts.as_slice() {
            return Ok(named("default", name));
        }
        let target: Result<Target, _> = serde_json::from_value(Value::String(text.to_owned()));
        match (target, parts.as_slice()) {
            (Ok(Target { kind: Kind::Pod, namespace, name }), _) => Ok(named(&namespace, &name)),
            (Ok(Target { kind, namespace, name }), _) if kind.is_workload() => Ok(Self {
                text: text.to_owned(),
                pods: FollowedPods::OfWorkload {
                    kind: Name::from(kind.as_str()),
                    namespace: Name::from(namespace),
                    name: Name::from(name),
                },
            }),
            (_, [namespace, name]) => Ok(named(namespace, name)),
            _ => Err(PodReferenceError(format!("`{text}` names no pod and no workload ({form})"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_reference() {
        let named = |namespace: &str, name: &str| {
            Some(FollowedPods::Named { namespace: Name::from(namespace), name: Name::from(name) })
        };
        let of = |kind: &str, namespace: &str, name: &str| {
            let (kind, namespace, name) = (Name::from(kind), Name::from(namespace), Name::from(name));
            Some(FollowedPods::OfWorkload { kind, namespace, name })
        };
        let cases = [
            ("solo", named("default", "solo"), "the default namespace"),
            ("shop/web-1", named("shop", "web-1"), "namespace and name"),
            ("pod/solo", named("default", "solo"), "as kubectl prints it"),
            ("po/shop/web-1", named("shop", "web-1"), "a kind in short"),
            ("deployment/web", of("Deployment", "default", "web"), "a workload in the default namespace"),
            ("sts/shop/db", of("StatefulSet", "shop", "db"), "a workload with its namespace"),
            ("node/general-1", named("node", "general-1"), "nodes have no attempts: a namespace"),
            ("svc/shop/web", None, "a kind that owns no pods"),
            ("a/b/c/d", None, "too many parts"),
            ("shop/", None, "an empty name"),
            ("", None, "nothing"),
        ];
        for (text, expected, why) in cases {
            let parsed = text.parse::<PodReference>().ok().map(|reference| reference.followed());
            assert_eq!(parsed, expected, "{text}: {why}");
        }
    }
}
