//! Paths of fields in a document, as messages show them and as `--set` and sweeps write them.

use std::fmt;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// A key of a mapping.
    Key(String),
    /// An index of a list.
    Index(usize),
}

/// A path from the root of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// The path of a key below this one.
    pub fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    /// The path of a list element below this one.
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }

    /// Reads the form that messages have: `spec.nodePools[0].labels["a.b"]`. What does not follow the form is taken as
    /// part of a key.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix("[\"")
                && let Some((key, tail)) = tail.split_once("\"]")
            {
                steps.push(Step::Key(key.to_owned()));
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('[')
                && let Some((digits, tail)) = tail.split_once(']')
                && let Ok(index) = digits.parse()
            {
                steps.push(Step::Index(index));
                rest = tail;
            } else {
                rest = rest.strip_prefix('.').unwrap_or(rest);
                let end =
                    rest.char_indices().skip(1).find(|(_, c)| matches!(c, '.' | '[')).map_or(rest.len(), |(i, _)| i);
                let (key, tail) = rest.split_at(end);
                if !key.is_empty() {
                    steps.push(Step::Key(key.to_owned()));
                }
                rest = tail;
            }
        }
        Self(steps)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '[', '"']) || key.is_empty() => write!(formatter, "[\"{key}\"]")?,
                Step::Key(key) if position == 0 => formatter.write_str(key)?,
                Step::Key(key) => write!(formatter, ".{key}")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Splits a dotted path as `--set` and sweeps write it: `\.` is a dot within a part.
pub(super) fn split_dotted(path: &str) -> Vec<String> {
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
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts
}

/// The candidate nearest to a word, if it is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.len().max(word.len()) / 3).max(if word.len() < 4 { 1 } else { 2 })
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Number of insertions, deletions and replacements between two words; long words count as far apart.
fn edit_distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 64;
    if left.len() > LONGEST || right.len() > LONGEST {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, l) in left.chars().enumerate() {
        let mut next = vec![above + 1];
        for ((r, diagonal), up) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(*r != l)).min(beside + 1).min(up + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_back() {
        for text in ["spec", "spec.nodePools[0].count", "spec.nodePools[0].labels[\"a.b/c\"]", "[3].x", "a[1][2]"] {
            assert_eq!(FieldPath::parse(text).to_string(), text);
        }
    }

    #[test]
    fn any_text_is_a_path() {
        for text in ["", ".", "..", "[", "[x", "[\"", "a..b", "]", "a[b]", "é.ü"] {
            let _ = FieldPath::parse(text).to_string();
        }
    }

    #[test]
    fn dots_can_be_escaped() {
        assert_eq!(split_dotted(r"a.b\.c.d"), ["a", "b.c", "d"]);
        assert_eq!(split_dotted(r"a\"), ["a"]);
    }

    #[test]
    fn slips_are_recognised() {
        let cases = [("cuont", Some("count")), ("counts", Some("count")), ("price", None), ("Zones", Some("zones"))];
        for (word, expected) in cases {
            assert_eq!(nearest(word, ["count", "zones", "capacity"]), expected, "{word}");
        }
    }
}
