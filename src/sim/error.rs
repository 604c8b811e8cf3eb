//! Errors of a run.

use crate::input::TableError;
use thiserror::Error;

/// Why a run cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimError {
    /// A trace cannot be read.
    #[error(transparent)]
    Trace(#[from] TableError),
}
