//! References to one object that may be a pod which a controller makes, whose name nobody knows before the run.

use super::scalar::Scalar;
use super::target::Target;
use super::text_or_map::{TextOrMap, deserialize_text_or_map, text_or_map_serde};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// An object by its name (`pod/shop/web-0`), or a pod by its place among those of a workload (`{of: deployment/shop/web,
/// index: 0}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ObjectReference {
    /// An object by its name.
    Named(Target),
    /// A pod of a workload.
    PodOf(PodOf),
}

/// A pod by its place among those of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodOf {
    /// The workload.
    pub of: Target,
    /// Place among its pods that live (those that exist and are not being deleted), oldest first; from 0. Default 0.
    #[serde(default)]
    pub index: u32,
}

impl ObjectReference {
    /// The object that is named; `None` of a pod by its place.
    #[must_use]
    pub const fn named(&self) -> Option<&Target> {
        match self {
            Self::Named(target) => Some(target),
            Self::PodOf(_) => None,
        }
    }

    /// The object that has to exist: the one that is named, or the workload.
    #[must_use]
    pub const fn target(&self) -> &Target {
        match self {
            Self::Named(target) => target,
            Self::PodOf(pod) => &pod.of,
        }
    }
}

impl fmt::Display for ObjectReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(target) => target.fmt(formatter),
            Self::PodOf(pod) => write!(formatter, "pod {} of {}", pod.index, pod.of),
        }
    }
}

impl TextOrMap for ObjectReference {
    type Map = PodOf;
    const EXPECTED: &'static str =
        "an object such as `pod/shop/web-0`, or a pod of a workload such as `{of: deployment/shop/web, index: 0}`";

    fn of_text(text: &str) -> Result<Self, String> {
        Target::read(text).map(Self::Named)
    }

    fn of_map(map: PodOf) -> Self {
        Self::PodOf(map)
    }
}

text_or_map_serde!(ObjectReference);
