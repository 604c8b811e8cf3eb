//! Reads a document tree into typed values through serde, and does not stop at the first mistake.
//!
//! serde gives up at the first error. So the tree is read again and again: each pass finds one mistake, notes it, and puts
//! a stand-in of the right type in its place for the next pass, until a pass succeeds. What hangs on a stand-in is known
//! by its path ([`Reading::damaged`]), so that later checks can leave it alone.

mod read_error;
mod reader;
mod repairs;
mod stand_in;

use super::field_path::FieldPathBuf;
use super::tree::{Node, Position};
use read_error::ErrorKind;
use reader::Reader;
use repairs::Repairs;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

pub use stand_in::StandIns;

/// Mistakes that are noted before the reader gives up.
const MAX_PROBLEMS: usize = 100;

/// A mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub path: FieldPathBuf,
    /// Where it stands.
    pub position: Position,
    /// What was found and what was expected.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The outcome of reading a document.
#[derive(Debug)]
pub struct Reading<T> {
    /// The value, with stand-ins at the damaged places; `None` if too much is wrong.
    pub value: Option<T>,
    /// Every mistake.
    pub problems: Vec<Problem>,
    /// The places where the value has stand-ins, or where a key was passed over.
    pub damaged: BTreeSet<FieldPathBuf>,
}

/// Reads a whole document. `stand_ins` knows the scalars that have a textual form.
pub fn read<T: DeserializeOwned>(root: &Node, stand_ins: StandIns) -> Reading<T> {
    let mut repairs = Repairs::new(stand_ins);
    let mut problems: Vec<Problem> = Vec::new();
    let mut value = None;
    while problems.len() < MAX_PROBLEMS {
        let error = match T::deserialize(Reader::of_root(root, &repairs)) {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(error) => error,
        };
        let (path, position) =
            error.place.map_or_else(|| (FieldPathBuf::default(), root.position.clone()), |place| *place);
        let (path, is_new) = match error.kind {
            ErrorKind::Unknown(key) => {
                let path = path.key(&key);
                let is_new = repairs.unknown.insert(path.clone());
                (path, is_new)
            }
            ErrorKind::Missing(field) => {
                let path = path.key(field);
                let is_new = repairs.missing.insert(path.clone());
                (path, is_new)
            }
            ErrorKind::Value => {
                let is_new = repairs.damaged.insert(path.clone());
                (path, is_new)
            }
            ErrorKind::StandIn => (path, false),
        };
        if is_new {
            problems.push(Problem { path, position, message: error.message, hint: error.hint });
        } else if !repairs.climb(path) {
            break;
        }
    }
    if value.is_none() && problems.len() >= MAX_PROBLEMS {
        problems.push(Problem {
            path: FieldPathBuf::default(),
            position: root.position.clone(),
            message: format!("has more mistakes than the {MAX_PROBLEMS} that are shown"),
            hint: None,
        });
    }
    let mut damaged = repairs.damaged;
    damaged.extend(repairs.missing);
    damaged.extend(repairs.unknown);
    Reading { value, problems, damaged }
}
