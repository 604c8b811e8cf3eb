//! Replayed cases counted by family, and their differences in words.

use super::conformance::{CaseResult, PluginComparison};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The cases of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Name.
    pub name: String,
    /// Cases whose decisions are all equal.
    pub equal: usize,
    /// The other cases.
    pub different: usize,
    /// Cases that rest on something that is not simulated and differ.
    pub skipped: usize,
}

impl Family {
    /// All cases.
    #[must_use]
    pub const fn cases(&self) -> usize {
        self.equal + self.different + self.skipped
    }
}

/// Counts the cases by family, in the order in which the families first occur.
#[must_use]
pub fn families(cases: &[CaseResult]) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for case in cases {
        let index = families.iter().position(|family| family.name == case.family).unwrap_or_else(|| {
            families.push(Family { name: case.family.clone(), equal: 0, different: 0, skipped: 0 });
            families.len() - 1
        });
        if let Some(family) = families.get_mut(index) {
            if case.differences.is_empty() {
                family.equal += 1;
            } else if case.skipped {
                family.skipped += 1;
            } else {
                family.different += 1;
            }
        }
    }
    families
}

/// What each plugin said over all cases that count, by name.
#[must_use]
pub fn plugins(cases: &[CaseResult]) -> Vec<PluginComparison> {
    let mut sums: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for plugin in cases.iter().filter(|case| !case.skipped).flat_map(|case| &case.plugins) {
        let sum = sums.entry(&plugin.plugin).or_default();
        sum.0 += plugin.compared;
        sum.1 += plugin.different;
    }
    let comparison = |(plugin, (compared, different)): (&str, _)| PluginComparison {
        plugin: plugin.to_owned(),
        compared,
        different,
    };
    sums.into_iter().map(comparison).collect()
}

/// The first `limit` different cases with all their differences, and how many more there are. Empty if all are equal.
#[must_use]
pub fn first_differences(cases: &[CaseResult], limit: usize) -> String {
    let different = || cases.iter().filter(|case| !case.differences.is_empty() && !case.skipped);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for case in different().take(limit) {
        let _ = write!(text, "\n{} {}\n", case.family, case.id);
        for difference in &case.differences {
            let _ = writeln!(text, "  {}", difference.field);
            let _ = writeln!(text, "    expected: {}", difference.expected);
            let _ = writeln!(text, "    actual:   {}", difference.actual);
        }
    }
    let more = different().count().saturating_sub(limit);
    if more > 0 {
        let _ = write!(text, "\nand {more} more different cases\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::conformance::Difference;
    use super::*;

    fn case(family: &str, id: &str, differs: bool) -> CaseResult {
        let difference =
            Difference { field: "desiredReplicas".to_owned(), expected: "3".to_owned(), actual: "4".to_owned() };
        CaseResult {
            family: family.to_owned(),
            id: id.to_owned(),
            differences: if differs { vec![difference] } else { Vec::new() },
            skipped: false,
            plugins: vec![PluginComparison { plugin: "Fit".to_owned(), compared: 2, different: usize::from(differs) }],
        }
    }

    #[test]
    fn cases_are_counted_and_differences_told() {
        let cases = [case("b", "1", false), case("a", "2", true), case("b", "3", true)];
        let families = families(&cases);
        let counts: Vec<_> = families.iter().map(|one| (one.name.as_str(), one.equal, one.different)).collect();
        assert_eq!(counts, [("b", 1, 1), ("a", 0, 1)]);
        assert_eq!(
            first_differences(&cases, 1),
            "\na 2\n  desiredReplicas\n    expected: 3\n    actual:   4\n\nand 1 more different cases\n"
        );
        assert_eq!(first_differences(&cases[..1], 5), "");
        assert_eq!(plugins(&cases), [PluginComparison { plugin: "Fit".to_owned(), compared: 6, different: 2 }]);
        let skipped = CaseResult { skipped: true, ..case("dra", "4", true) };
        assert_eq!(super::families(std::slice::from_ref(&skipped))[0].skipped, 1);
        assert_eq!(first_differences(&[skipped], 5), "");
    }
}
