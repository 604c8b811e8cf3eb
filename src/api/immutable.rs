//! What an update of an object may not change.

use std::fmt::Debug;

/// A part of an object that the API server lets nobody change once the object exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImmutableField {
    /// Its path.
    pub field: &'static str,
    /// What the API server says to a change.
    pub message: &'static str,
    /// Its value as text, to be compared alone.
    value: String,
}

impl ImmutableField {
    /// A field of which the API server says no more than that it is immutable.
    pub fn new(field: &'static str, value: &impl Debug) -> Self {
        Self::with_message(field, "field is immutable", value)
    }

    /// A field with words of its own.
    pub fn with_message(field: &'static str, message: &'static str, value: &impl Debug) -> Self {
        Self { field, message, value: format!("{value:?}") }
    }
}
