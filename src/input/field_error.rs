//! What is wrong with one field of a document, before the document's position in its file is known.

use std::fmt::Display;

/// A problem with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path from the document's root, for example `spec.template.spec.containers[0].resources.requests.cpu`.
    pub field: String,
    /// What was found and what was expected, as a lower-case fragment.
    pub problem: String,
}

/// Collects the problems of one document, so that all are reported and not the first alone.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Notes a problem.
    pub fn push(&mut self, field: impl Into<String>, problem: impl Display) {
        self.0.push(FieldError { field: field.into(), problem: problem.to_string() });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order in which they were noted.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}
