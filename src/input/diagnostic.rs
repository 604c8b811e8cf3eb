//! What is wrong with the input, and where: errors and warnings of all files together.

use std::fmt::{self, Display};
use std::sync::Arc;

/// Whether a run can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but part of it has no effect or is probably not what was meant.
    Warning,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The file's name as the user gave it; empty where no file is concerned.
    pub file: Arc<str>,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// The object, for example `Deployment shop/web`.
    pub object: Option<String>,
    /// Path to the field, for example `spec.replicas`.
    pub field: Option<String>,
    /// What was found and what was expected, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A problem of a file as a whole.
    pub fn new(severity: Severity, file: impl Into<Arc<str>>, message: impl Display) -> Self {
        Self {
            severity,
            file: file.into(),
            line: None,
            column: None,
            object: None,
            field: None,
            message: message.to_string(),
            hint: None,
        }
    }

    /// An error in a file.
    pub fn error(file: impl Into<Arc<str>>, message: impl Display) -> Self {
        Self::new(Severity::Error, file, message)
    }

    /// A warning about a file.
    pub fn warning(file: impl Into<Arc<str>>, message: impl Display) -> Self {
        Self::new(Severity::Warning, file, message)
    }

    /// The same at a line and column, both from 1.
    #[must_use]
    pub fn at(self, (line, column): (usize, usize)) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }

    /// The same about an object.
    #[must_use]
    pub fn of_object(self, object: impl Into<String>) -> Self {
        Self { object: Some(object.into()), ..self }
    }

    /// The same about a field; the empty path is the whole document.
    #[must_use]
    pub fn in_field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()).filter(|field| !field.is_empty()), ..self }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

impl std::error::Error for Diagnostic {}

impl Display for Diagnostic {
    /// Writes ``file.yaml:12:5: `Deployment shop/web`: spec.replicas: -1 is negative (expected 0 or more)``, a warning
    /// with `warning: ` before the object, and a hint in an indented line of its own.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            formatter.write_str(&self.file)?;
            for number in [self.line, self.column].into_iter().flatten() {
                write!(formatter, ":{number}")?;
            }
            formatter.write_str(": ")?;
        }
        if self.severity == Severity::Warning {
            formatter.write_str("warning: ")?;
        }
        if let Some(object) = &self.object {
            write!(formatter, "`{object}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(formatter, "{field}: ")?;
        }
        formatter.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// All problems in the order in which they were found, which is the order of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Notes a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// All problems.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether the input cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.0.extend(diagnostics);
    }
}

impl Display for Diagnostics {
    /// Writes each problem on a line of its own, with its hint on the next.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|diagnostic| writeln!(formatter, "{diagnostic}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::TableError;

    #[test]
    fn problems_are_written_where_they_are() {
        let problem = Diagnostic::error("a.yaml", "-1 is negative (expected 0 or more)");
        let cases = [
            (problem.clone(), "a.yaml: -1 is negative (expected 0 or more)"),
            (
                problem.clone().at((12, 5)).in_field("spec.replicas"),
                "a.yaml:12:5: spec.replicas: -1 is negative (expected 0 or more)",
            ),
            (
                problem.at((12, 5)).of_object("Deployment shop/web").in_field("spec.replicas"),
                "a.yaml:12:5: `Deployment shop/web`: spec.replicas: -1 is negative (expected 0 or more)",
            ),
            (
                Diagnostic::warning("", "unknown key").in_field("spec.replica").with_hint(Some("use it".into())),
                "warning: spec.replica: unknown key\n  hint: use it",
            ),
            (
                Diagnostic::from(TableError {
                    file: "pods.csv".into(),
                    line: 7,
                    column: "cpu".into(),
                    message: "`x` is not a number".into(),
                    hint: Some("write 1.5".into()),
                }),
                "pods.csv:7: column `cpu`: `x` is not a number\n  hint: write 1.5",
            ),
        ];
        for (diagnostic, expected) in cases {
            assert_eq!(diagnostic.to_string(), expected);
        }
    }
}
