//! Paths to fields of a document, built while walking down without allocating.

use std::fmt;

/// One step of a path and the way back to the root. Text is made only when a problem is reported.
#[derive(Clone, Copy, Debug)]
pub enum FieldPath<'a> {
    /// The document itself.
    Root,
    /// A field of an object.
    Key(&'a FieldPath<'a>, &'a str),
    /// An element of a list, from 0.
    Index(&'a FieldPath<'a>, usize),
}

impl FieldPath<'_> {
    /// The path to a field of this object.
    #[must_use]
    pub const fn key<'a>(&'a self, key: &'a str) -> FieldPath<'a> {
        FieldPath::Key(self, key)
    }

    /// The path to an element of this list.
    #[must_use]
    pub const fn index(&self, index: usize) -> FieldPath<'_> {
        FieldPath::Index(self, index)
    }
}

/// Whether a key can stand after a dot without being misread.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && !key.contains(['.', '[', ']', '/'])
}

impl fmt::Display for FieldPath<'_> {
    /// Writes `spec.containers[0].resources.requests.cpu`; keys with dots or slashes stand in brackets:
    /// `metadata.labels[app.kubernetes.io/name]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                parent.fmt(formatter)?;
                if !is_plain(key) {
                    write!(formatter, "[{key}]")
                } else if matches!(parent, Self::Root) {
                    formatter.write_str(key)
                } else {
                    write!(formatter, ".{key}")
                }
            }
            Self::Index(parent, index) => {
                parent.fmt(formatter)?;
                write!(formatter, "[{index}]")
            }
        }
    }
}

impl From<FieldPath<'_>> for String {
    fn from(path: FieldPath<'_>) -> Self {
        path.to_string()
    }
}

impl From<&FieldPath<'_>> for String {
    fn from(path: &FieldPath<'_>) -> Self {
        path.to_string()
    }
}

/// A step of a path that was read back from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// A field of an object.
    Key(String),
    /// An element of a list, or a field whose name is a number.
    Index(usize),
}

/// Reads back the text that [`FieldPath`] writes. Text of another form gives the steps up to where it goes wrong.
#[must_use]
pub fn parse_path(text: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(bracketed) = rest.strip_prefix('[') {
            let Some((inside, tail)) = bracketed.split_once(']') else { break };
            steps.push(inside.parse().map_or_else(|_| PathStep::Key(inside.to_owned()), PathStep::Index));
            rest = tail;
        } else {
            let plain = rest.strip_prefix('.').unwrap_or(rest);
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            let (key, tail) = plain.split_at(end);
            if key.is_empty() {
                break;
            }
            steps.push(PathStep::Key(key.to_owned()));
            rest = tail;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_and_read_back() {
        let root = FieldPath::Root;
        let spec = root.key("spec");
        let containers = spec.key("containers");
        let first = containers.index(0);
        let limits = first.key("limits");
        let gpu = limits.key("nvidia.com/gpu");
        assert_eq!(gpu.to_string(), "spec.containers[0].limits[nvidia.com/gpu]");
        let key = |text: &str| PathStep::Key(text.to_owned());
        assert_eq!(
            parse_path(&gpu.to_string()),
            [key("spec"), key("containers"), PathStep::Index(0), key("limits"), key("nvidia.com/gpu")]
        );
        assert_eq!(parse_path("a..b"), [key("a")]);
        assert_eq!(parse_path("a[b"), [key("a")]);
    }
}
