//! What is known to be wrong with a document while it is read again.

use super::super::field_path::FieldPathBuf;
use super::stand_in::StandIns;
use std::collections::BTreeSet;

/// What earlier passes found, and this one works around.
#[derive(Debug)]
pub(super) struct Repairs {
    /// Finds the text that stands in for a scalar of a named type.
    pub stand_ins: StandIns,
    /// Values that get a stand-in.
    pub damaged: BTreeSet<FieldPathBuf>,
    /// Required fields that get a stand-in.
    pub missing: BTreeSet<FieldPathBuf>,
    /// Keys that are passed over.
    pub unknown: BTreeSet<FieldPathBuf>,
}

impl Repairs {
    /// Nothing is known yet.
    pub const fn new(stand_ins: StandIns) -> Self {
        Self { stand_ins, damaged: BTreeSet::new(), missing: BTreeSet::new(), unknown: BTreeSet::new() }
    }

    /// Gives the nearest node above a path a stand-in, where none fits at the path itself. False at the root.
    pub fn climb(&mut self, mut path: FieldPathBuf) -> bool {
        loop {
            if path.0.pop().is_none() {
                return false;
            }
            if self.damaged.insert(path.clone()) {
                return true;
            }
        }
    }
}
