//! A choice of rows where a list is too long for the page: the weightiest, in the order of the table.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Rows by weight and place in the table.
pub(super) struct Chosen<T> {
    most: usize,
    rows: BTreeMap<(u64, Reverse<u64>), T>,
    seen: u64,
}

impl<T> Chosen<T> {
    /// At most so many rows.
    pub(super) const fn new(most: usize) -> Self {
        Self { most, rows: BTreeMap::new(), seen: 0 }
    }

    /// Offers the next row. Of equal weights the earlier one is kept; `row` is asked for only if there is room.
    pub(super) fn offer(&mut self, weight: u64, row: impl FnOnce() -> T) {
        let key = (weight, Reverse(self.seen));
        self.seen += 1;
        if self.rows.len() < self.most {
            self.rows.insert(key, row());
        } else if self.rows.first_key_value().is_some_and(|(least, _)| *least < key) {
            self.rows.pop_first();
            self.rows.insert(key, row());
        }
    }

    /// The rows in the order of the table, and how many there were.
    pub(super) fn finish(self) -> (Vec<T>, u64) {
        let mut rows: Vec<(u64, T)> = self.rows.into_iter().map(|((_, Reverse(place)), row)| (place, row)).collect();
        rows.sort_by_key(|(place, _)| *place);
        (rows.into_iter().map(|(_, row)| row).collect(), self.seen)
    }
}

/// How much a size changes; zero if it is not told.
pub(super) fn change(before: &str, after: &str) -> u64 {
    let number = |cell: &str| cell.parse::<i64>().ok();
    number(before).zip(number(after)).map_or(0, |(before, after)| before.abs_diff(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_kept_and_the_order_too() {
        let mut chosen = Chosen::new(3);
        for (row, weight) in [(0, 0), (1, 0), (2, 1), (3, 0), (4, 7), (5, 0)] {
            chosen.offer(weight, || row);
        }
        assert_eq!(chosen.finish(), (vec![0, 2, 4], 6));
        assert_eq!((change("3", "10"), change("10", "3"), change("", "3")), (7, 7, 0));
    }
}
