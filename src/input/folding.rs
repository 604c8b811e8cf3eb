//! Equal problems of many objects, told once.

use super::diagnostic::{Diagnostic, Severity};
use super::document::field_path::pattern;
use std::collections::BTreeMap;

/// Up to so many equal problems are told one by one.
const TOLD: usize = 3;

/// A problem, and where else there is the same one.
#[derive(Clone, Debug)]
pub struct Folded<'a> {
    /// The problem where it was found first.
    pub first: &'a Diagnostic,
    /// The same problem elsewhere, in the order of the input; empty if there are only a few, which are told one by one.
    pub others: Vec<&'a Diagnostic>,
}

/// Folds problems of the same field and message, wherever they stand.
pub fn fold<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Folded<'a>> {
    type Key<'a> = (Severity, Option<String>, &'a str);
    let mut groups: BTreeMap<Key<'a>, Vec<(usize, &'a Diagnostic)>> = BTreeMap::new();
    for (position, diagnostic) in diagnostics.into_iter().enumerate() {
        let key = (diagnostic.severity, diagnostic.field.as_deref().map(pattern), diagnostic.message.as_str());
        groups.entry(key).or_default().push((position, diagnostic));
    }
    let mut folded: Vec<(usize, Folded<'a>)> = Vec::new();
    for group in groups.into_values() {
        match group.split_first() {
            Some(((position, first), others)) if group.len() > TOLD => {
                let others = others.iter().map(|(_, diagnostic)| *diagnostic).collect();
                folded.push((*position, Folded { first, others }));
            }
            _ => folded
                .extend(group.into_iter().map(|(position, first)| (position, Folded { first, others: Vec::new() }))),
        }
    }
    folded.sort_by_key(|(position, _)| *position);
    folded.into_iter().map(|(_, folded)| folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_equal_problems_are_one() {
        let at = |line, field: &str| Diagnostic::error("a.yaml", "is wrong").at((line, 1)).in_field(field);
        let mut all = vec![Diagnostic::error("a.yaml", "stands alone").at((1, 1))];
        all.extend((2..7).map(|line| at(line, &format!("spec.containers[{line}].image"))));
        all.extend((7..10).map(|line| at(line, "spec.replicas")));
        all.push(Diagnostic::warning("a.yaml", "is wrong").at((10, 1)).in_field("spec.containers[0].image"));
        let found: Vec<(Option<usize>, usize)> =
            fold(&all).iter().map(|folded| (folded.first.line, folded.others.len())).collect();
        let expected = [(1, 0), (2, 4), (7, 0), (8, 0), (9, 0), (10, 0)].map(|(line, others)| (Some(line), others));
        assert_eq!(found, expected);
    }
}
