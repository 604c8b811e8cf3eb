//! A set of labels: sorted pairs, cheap to clone and to look up.

use super::name::Name;
use std::fmt;
use std::sync::Arc;

/// Labels (or annotations) in key order. Cloning shares the storage.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Name, Name)]>);

impl Labels {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Name> {
        self.0.binary_search_by(|(label, _)| (**label).cmp(key)).ok().map(|index| &self.0[index].1)
    }

    /// Whether `key` is present.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All pairs in key order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Name)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// An address that clones share and no other labels have while one of them lives. It tells equal labels apart
    /// cheaply, at the risk of taking equal ones for different.
    #[must_use]
    pub fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same labels with `key` set to `value`.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(label, _)| **label != *key).cloned();
        others.chain(std::iter::once((Name::from(key), Name::from(value)))).collect()
    }

    /// The same labels without `key`.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        self.0.iter().filter(|(label, _)| **label != *key).cloned().collect()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl FromIterator<(Name, Name)> for Labels {
    /// Collects pairs; of two with the same key the later one stays.
    fn from_iter<I: IntoIterator<Item = (Name, Name)>>(pairs: I) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let mut unique: Vec<(Name, Name)> = Vec::with_capacity(pairs.len());
        for pair in pairs {
            match unique.last_mut() {
                Some(last) if last.0 == pair.0 => *last = pair,
                _ => unique.push(pair),
            }
        }
        Self(Arc::from(unique))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Labels {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        pairs.into_iter().map(|(key, value)| (Name::from(key), Name::from(value))).collect()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_and_replaced() {
        let labels: Labels = [("b", "2"), ("a", "1"), ("b", "3")].into_iter().collect();
        assert_eq!(labels.get("b").map(|value| &**value), Some("3"));
        assert_eq!(labels.with("a", "9").get("a").map(|value| &**value), Some("9"));
        assert!(!labels.without("a").contains_key("a"));
        assert_eq!(labels.iter().len(), 2);
    }
}
