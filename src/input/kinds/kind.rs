//! What a kind is to the reader of manifests.

use super::common::validation::Naming;
use crate::input::FieldErrors;
use crate::input::document::typed::InertFields;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A Kubernetes kind in one form: what the API server does to an object before a controller sees it.
pub trait Kind {
    /// The object as `k8s-openapi` has it.
    type Plain: DeserializeOwned + Serialize;
    /// What it becomes.
    type Converted;
    /// `kind`.
    const KIND: &'static str;
    /// The API versions (`apps/v1`) that Kubernetes 1.36 serves in this form; the one to use comes first.
    const VERSIONS: &'static [&'static str];
    /// The scope, and the form of the name.
    const NAMING: Naming;
    /// Fields of the kind's types that the simulation does not act on.
    const INERT: &'static [InertFields] = &[];
    /// Whether the object is a pod, or stands for pods that are placed by choice.
    const RUNS_PODS: bool = false;

    /// Fills in what the API server fills in.
    fn set_defaults(_object: &mut Self::Plain) {}

    /// Checks what the API server checks.
    fn validate(object: &Self::Plain, errors: &mut FieldErrors);

    /// Converts an object with its defaults; complains only about values that cannot be represented, such as a
    /// malformed quantity. Times are relative to `start`, the calendar time of the scenario's start.
    fn convert(object: &Self::Plain, start: Timestamp, errors: &mut FieldErrors) -> Self::Converted;
}
