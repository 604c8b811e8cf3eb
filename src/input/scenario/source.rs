//! A scenario file that has been parsed, before its values are read.

use super::leaf::AnyValue;
use super::overrides::apply_override;
use crate::input::document::field_path::FieldPathBuf;
use crate::input::document::tree::{Node, Position};
use crate::input::{Diagnostic, Severity};
use std::path::PathBuf;

/// A parsed scenario file.
#[derive(Clone, Debug)]
pub(super) struct ScenarioSource {
    /// The file, as it is named in messages.
    pub file: PathBuf,
    /// The folder that paths are relative to.
    pub folder: PathBuf,
    /// The folder given by `--traces`.
    pub traces: Option<PathBuf>,
    /// The document, overrides applied.
    pub root: Node,
}

impl ScenarioSource {
    /// A problem of the field at `path`, which is shown at `at`.
    pub fn diagnostic(
        &self,
        severity: Severity,
        path: &FieldPathBuf,
        at: &Position,
        message: String,
        hint: Option<String>,
    ) -> Diagnostic {
        let diagnostic = match &at.origin {
            Some(origin) => Diagnostic::new(severity, origin.clone(), message),
            None => Diagnostic::new(severity, self.file.display().to_string(), message).at((at.line, at.column)),
        };
        diagnostic.in_field(path.to_string()).with_hint(hint)
    }

    /// The document with other values at some paths, without its sweep.
    pub fn point(&self, values: &[(&str, &AnyValue)], at: &Position) -> Result<Self, (usize, String, Option<String>)> {
        let mut document = self.clone();
        for (index, (path, value)) in values.iter().enumerate() {
            let node = Node::from_json(&value.0, at);
            apply_override(&mut document.root, path, node).map_err(|error| (index, error.message, error.hint))?;
        }
        Ok(document)
    }
}
