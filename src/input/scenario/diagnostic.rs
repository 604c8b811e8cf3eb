//! What is wrong with an input file, and where.

use std::fmt;
use std::path::PathBuf;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but something in it has no effect or another one than it seems.
    Warning,
}

/// One problem of an input file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, or `--set PATH` for an override.
    pub file: PathBuf,
    /// Line, from 1; 0 where the problem is not at a place in the text.
    pub line: usize,
    /// Column in characters, from 1; 0 where the problem is not at a place in the text.
    pub column: usize,
    /// Path of the field, for example `spec.nodePools[0].count`; empty for the document as a whole.
    pub field: String,
    /// What was found and what was expected, as a lower-case fragment.
    pub message: String,
    /// What to do, if there is something.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: field: message`, then the hint on a line of its own.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if self.line > 0 {
            write!(formatter, ":{}:{}", self.line, self.column)?;
        }
        if self.severity == Severity::Warning {
            formatter.write_str(": warning")?;
        }
        if !self.field.is_empty() {
            write!(formatter, ": {}", self.field)?;
        }
        write!(formatter, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Every error of an input, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
