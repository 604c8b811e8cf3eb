//! Paths to fields of a document: [`FieldPath`] is built while walking down, without allocating; [`FieldPathBuf`] is kept.
//!
//! Both are written as Kubernetes writes paths: `spec.containers[0].resources.limits[nvidia.com/gpu]`.

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

/// Writes a key after what stands before it; keys with dots or slashes stand in brackets.
fn write_key(formatter: &mut fmt::Formatter<'_>, key: &str, is_first: bool) -> fmt::Result {
    if !is_plain(key) {
        write!(formatter, "[{key}]")
    } else if is_first {
        formatter.write_str(key)
    } else {
        write!(formatter, ".{key}")
    }
}

impl fmt::Display for FieldPath<'_> {
    /// Writes `spec.containers[0].resources.requests.cpu`; keys with dots or slashes stand in brackets:
    /// `metadata.labels[app.kubernetes.io/name]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(parent, key) => {
                parent.fmt(formatter)?;
                write_key(formatter, key, matches!(parent, Self::Root))
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

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// A field of an object.
    Key(String),
    /// An element of a list, from 0, or a field whose name is a number.
    Index(usize),
}

/// A path from the root of a document. The empty path is the document itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPathBuf(pub Vec<PathStep>);

impl FieldPathBuf {
    /// The path of a field below this one.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(PathStep::Key(key.to_owned()))
    }

    /// The path of a list's element below this one.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(PathStep::Index(index))
    }

    fn with(&self, step: PathStep) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Reads back what is written here. Text of another form gives the steps up to where it goes wrong.
    #[must_use]
    pub fn parse(text: &str) -> Self {
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
        Self(steps)
    }
}

impl fmt::Display for FieldPathBuf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) => write_key(formatter, key, position == 0)?,
                PathStep::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Splits a dotted path as `--set` and sweeps write it: `\.` is a dot within a part.
#[must_use]
pub fn split_dotted(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '.' => parts.push(String::new()),
            '\\' => {
                if let (Some(last), Some(next)) = (parts.last_mut(), characters.next()) {
                    last.push(next);
                }
            }
            letter => {
                if let Some(last) = parts.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    parts
}

/// A path with every index replaced, so that the same field of all elements is one: `spec.containers[*].name`.
pub fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        pattern.push_str(before);
        let (inside, tail) = after.split_once(']').unwrap_or((after, ""));
        let shown = if inside.chars().all(|c| c.is_ascii_digit()) { "*" } else { inside };
        pattern.push('[');
        pattern.push_str(shown);
        pattern.push(']');
        rest = tail;
    }
    pattern.push_str(rest);
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_can_be_escaped() {
        assert_eq!(split_dotted(r"a.b\.c.d"), ["a", "b.c", "d"]);
        assert_eq!(split_dotted(r"a\"), ["a"]);
    }

    #[test]
    fn paths_are_written_and_read_back() {
        let root = FieldPath::Root;
        let spec = root.key("spec");
        let containers = spec.key("containers");
        let first = containers.index(0);
        let limits = first.key("limits");
        let gpu = limits.key("nvidia.com/gpu");
        assert_eq!(gpu.to_string(), "spec.containers[0].limits[nvidia.com/gpu]");
        let read_back = FieldPathBuf::parse(&gpu.to_string());
        let kept = FieldPathBuf::default().key("spec").key("containers").index(0).key("limits").key("nvidia.com/gpu");
        assert_eq!(read_back, kept);
        assert_eq!(read_back.to_string(), gpu.to_string());
        for text in ["", "spec", "spec.nodePools[0].count", "a[1][2]", "[3].x", "[a.b].c"] {
            assert_eq!(FieldPathBuf::parse(text).to_string(), text);
        }
    }

    #[test]
    fn text_of_another_form_gives_the_steps_before_it() {
        let cases = [("a..b", "a"), ("a[b", "a"), ("..", ""), ("[", ""), ("é.ü", "é.ü"), ("]", "]")];
        for (text, expected) in cases {
            let path = FieldPathBuf::parse(text);
            let expected: Vec<PathStep> =
                expected.split('.').filter(|key| !key.is_empty()).map(|key| PathStep::Key(key.to_owned())).collect();
            assert_eq!(path.0, expected, "{text}");
        }
    }
}
