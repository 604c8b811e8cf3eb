//! Completion indexes of an Indexed Job, in the compressed form that the API has: `1,3-5,7`.

use std::collections::BTreeSet;
use std::fmt;

/// A set of completion indexes: intervals in ascending order that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CompletionIndexes(Vec<(i32, i32)>);

impl CompletionIndexes {
    /// Reads the form of the API (`ValidateIndexesFormat` of `pkg/apis/batch/validation`, Kubernetes 1.36).
    ///
    /// # Errors
    /// What is wrong with the text, as a lower-case fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut indexes = Self::default();
        let mut last = None;
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let number = |digits: &str| {
                let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse::<i32>().ok().filter(|_| all_digits).ok_or_else(|| {
                    format!("`{part}` is neither an index nor an interval of indexes (expected a form such as `1,3-5`)")
                })
            };
            let (first, end) = match part.split_once('-') {
                None => (number(part)?, number(part)?),
                Some((first, end)) => (number(first)?, number(end)?),
            };
            if part.contains('-') && first >= end {
                return Err(format!("`{part}` does not ascend (expected the smaller index first)"));
            }
            if last.is_some_and(|last| first <= last) {
                return Err(format!("`{part}` does not come after what is before it (expected ascending indexes)"));
            }
            last = Some(end);
            indexes.push(first, end);
        }
        Ok(indexes)
    }

    /// Adds an interval that begins no earlier than any before it.
    fn push(&mut self, first: i32, last: i32) {
        match self.0.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => self.0.push((first, last)),
        }
    }

    /// These and others.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        let mut intervals: Vec<(i32, i32)> = self.0.iter().chain(&others.0).copied().collect();
        intervals.sort_unstable();
        let mut union = Self::default();
        for (first, last) in intervals {
            union.push(first, last);
        }
        union
    }

    /// Those below a number of completions.
    #[must_use]
    pub fn below(&self, completions: i32) -> Self {
        let inside = self.0.iter().filter(|(first, _)| *first < completions);
        Self(inside.map(|(first, last)| (*first, (*last).min(completions - 1))).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> i32 {
        self.0.iter().map(|(first, last)| last - first + 1).fold(0, i32::saturating_add)
    }

    /// How many of them are in another set too.
    #[must_use]
    pub fn common(&self, others: &Self) -> i32 {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), others.0.iter().peekable());
        let mut common = 0;
        while let (Some((first, last)), Some((other_first, other_last))) = (ours.peek(), theirs.peek()) {
            common += ((*last).min(*other_last) - (*first).max(*other_first) + 1).max(0);
            if last < other_last {
                ours.next()
            } else {
                theirs.next()
            };
        }
        common
    }

    /// Whether an index is among them.
    #[must_use]
    pub fn contains(&self, index: i32) -> bool {
        let position = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(position).is_some_and(|(first, _)| *first <= index)
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> Option<i32> {
        self.0.last().map(|(_, last)| *last)
    }

    /// The first `count` indexes below `completions` that are not among them (`firstPendingIndexes`).
    #[must_use]
    pub fn first_missing(&self, count: usize, completions: i32) -> Vec<i32> {
        let mut missing = Vec::with_capacity(count.min(1024));
        let mut candidate = 0;
        for (first, last) in self.0.iter().copied().chain([(completions, completions)]) {
            while candidate < first.min(completions) && missing.len() < count {
                missing.push(candidate);
                candidate += 1;
            }
            candidate = candidate.max(last.saturating_add(1));
        }
        missing
    }
}

impl From<&BTreeSet<i32>> for CompletionIndexes {
    fn from(indexes: &BTreeSet<i32>) -> Self {
        let mut compressed = Self::default();
        for index in indexes {
            compressed.push(*index, *index);
        }
        compressed
    }
}

/// As `status.completedIndexes` has them: two neighbours with a comma, more with a dash.
impl fmt::Display for CompletionIndexes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (first, last)) in self.0.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            match last - first {
                0 => write!(formatter, "{comma}{first}")?,
                1 => write!(formatter, "{comma}{first},{last}")?,
                _ => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_form_is_the_apis() {
        let cases = [
            ("", Some(""), "none"),
            ("0", Some("0"), "one"),
            ("0,1", Some("0,1"), "two neighbours"),
            ("0-1,3-5", Some("0,1,3-5"), "two neighbours have a comma"),
            ("0,1,2,7", Some("0-2,7"), "neighbours become an interval"),
            ("1-1", None, "an interval of one"),
            ("5-3", None, "descending"),
            ("3,3", None, "twice the same"),
            ("0-4,3", None, "overlapping"),
            ("a", None, "no number"),
            ("-1", None, "negative"),
            ("1,", None, "an empty part"),
        ];
        for (text, expected, why) in cases {
            let read = CompletionIndexes::parse(text).map(|indexes| indexes.to_string());
            assert_eq!(read.ok().as_deref(), expected, "{text}: {why}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(
            one in proptest::collection::btree_set(0..40_i32, 0..20),
            other in proptest::collection::btree_set(0..40_i32, 0..20),
            count in 0..50_usize,
        ) {
            let (a, b) = (CompletionIndexes::from(&one), CompletionIndexes::from(&other));
            let union: BTreeSet<i32> = one.union(&other).copied().collect();
            prop_assert_eq!(a.union(&b), CompletionIndexes::from(&union));
            prop_assert_eq!(a.total(), i32::try_from(one.len()).unwrap());
            prop_assert_eq!(a.common(&b), i32::try_from(one.intersection(&other).count()).unwrap());
            prop_assert_eq!(a.max(), one.last().copied());
            prop_assert!((0..40).all(|index| a.contains(index) == one.contains(&index)));
            let missing: Vec<i32> = (0..30).filter(|index| !one.contains(index)).take(count).collect();
            prop_assert_eq!(a.first_missing(count, 30), missing);
            let below: BTreeSet<i32> = one.iter().copied().filter(|index| *index < 30).collect();
            prop_assert_eq!(a.below(30), CompletionIndexes::from(&below));
            prop_assert_eq!(CompletionIndexes::parse(&a.to_string()), Ok(a));
        }
    }
}
