//! Suggestions for misspelt words.

/// Longer words are not compared.
const LONGEST: usize = 64;

/// How far a word may be from the one that is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Two letters, and a third of the word: for Kubernetes' kinds and fields, of which many are alike.
    Narrow,
    /// Two letters, or a third of the longer word; one letter for words of up to three.
    Wide,
}

impl Tolerance {
    /// The largest distance.
    fn limit(self, word: &str, known: &str) -> usize {
        match self {
            Self::Narrow => 2.min(word.len() / 3),
            Self::Wide => (known.len().max(word.len()) / 3).max(if word.len() < 4 { 1 } else { 2 }),
        }
    }
}

/// The known word nearest to `word`, if it is near enough; of equally near ones the first. Capitals do not count.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, tolerance: Tolerance) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .filter(|known| *known != word)
        .filter_map(|known| {
            let distance = edit_distance(&lower, &known.to_lowercase())?;
            (distance <= tolerance.limit(word, known)).then_some((distance, known))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The number of letters to insert, delete or replace (Levenshtein); `None` for long words.
fn edit_distance(left: &str, right: &str) -> Option<usize> {
    if left.len() > LONGEST || right.len() > LONGEST {
        return None;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, letter) in left.chars().enumerate() {
        let mut next = vec![above + 1];
        for ((wanted, diagonal), up) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(*wanted != letter)).min(beside + 1).min(up + 1));
        }
        row = next;
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["count", "zones", "capacity", "Zone"];
        let cases = [
            ("cuont", Some("count"), None, "two letters of five"),
            ("counts", Some("count"), Some("count"), "one letter"),
            ("Zones", Some("zones"), Some("zones"), "capitals do not count"),
            ("capasitis", Some("capacity"), None, "three letters of nine"),
            ("price", None, None, "another word"),
        ];
        for (word, wide, narrow, why) in cases {
            assert_eq!(nearest(word, known, Tolerance::Wide), wide, "{word}: {why}");
            assert_eq!(nearest(word, known, Tolerance::Narrow), narrow, "{word}: {why}");
        }
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [&*format!("{long}b")], Tolerance::Wide), None, "long words are not compared");
    }
}
