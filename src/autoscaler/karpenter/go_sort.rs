//! The order in which Go's `sort.Slice` leaves elements that compare equal.
//!
//! It is a pattern-defeating quicksort without random numbers: stable up to twelve elements, and beyond that neither stable
//! nor arbitrary. Karpenter sorts instance types by price and new nodes by their number of pods in this way, so that which
//! of equal ones comes first shows in what it does.

/// Up to this many elements are sorted by insertion.
const MAX_INSERTION: usize = 12;
/// From this many on the pivot is a median of medians.
const SHORTEST_NINTHER: usize = 50;
/// From this many on a nearly sorted range is mended by shifting.
const SHORTEST_SHIFTING: usize = 50;

/// What the choice of the pivot tells of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    Unknown,
    Increasing,
    Decreasing,
}

/// Sorts as `sort.Slice` does.
pub fn sort_slice<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let limit = usize::BITS - items.len().leading_zeros();
    let length = items.len();
    Sorter { items, less }.sort(0, length, limit);
}

struct Sorter<'a, T, F> {
    items: &'a mut [T],
    less: F,
}

impl<T, F: Fn(&T, &T) -> bool> Sorter<'_, T, F> {
    fn less(&self, left: usize, right: usize) -> bool {
        (self.less)(&self.items[left], &self.items[right])
    }

    fn swap(&mut self, left: usize, right: usize) {
        self.items.swap(left, right);
    }

    fn sort(&mut self, mut begin: usize, mut end: usize, mut limit: u32) {
        let (mut was_balanced, mut was_partitioned) = (true, true);
        loop {
            let length = end - begin;
            if length <= MAX_INSERTION {
                return self.insertion_sort(begin, end);
            }
            if limit == 0 {
                return self.heap_sort(begin, end);
            }
            if !was_balanced {
                self.break_patterns(begin, end);
                limit -= 1;
            }
            let (mut pivot, mut hint) = self.choose_pivot(begin, end);
            if hint == Hint::Decreasing {
                self.items[begin..end].reverse();
                pivot = end - 1 - (pivot - begin);
                hint = Hint::Increasing;
            }
            if was_balanced && was_partitioned && hint == Hint::Increasing && self.partial_insertion_sort(begin, end) {
                return;
            }
            if begin > 0 && !self.less(begin - 1, pivot) {
                begin = self.partition_equal(begin, end, pivot);
                continue;
            }
            let (middle, already) = self.partition(begin, end, pivot);
            was_partitioned = already;
            let (left, right) = (middle - begin, end - middle);
            if left < right {
                was_balanced = left >= length / 8;
                self.sort(begin, middle, limit);
                begin = middle + 1;
            } else {
                was_balanced = right >= length / 8;
                self.sort(middle + 1, end, limit);
                end = middle;
            }
        }
    }

    fn insertion_sort(&mut self, begin: usize, end: usize) {
        for next in begin + 1..end {
            let mut place = next;
            while place > begin && self.less(place, place - 1) {
                self.swap(place, place - 1);
                place -= 1;
            }
        }
    }

    fn sift_down(&mut self, mut root: usize, size: usize, first: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= size {
                return;
            }
            if child + 1 < size && self.less(first + child, first + child + 1) {
                child += 1;
            }
            if !self.less(first + root, first + child) {
                return;
            }
            self.swap(first + root, first + child);
            root = child;
        }
    }

    fn heap_sort(&mut self, begin: usize, end: usize) {
        let size = end - begin;
        for root in (0..=size.saturating_sub(1) / 2).rev() {
            self.sift_down(root, size, begin);
        }
        for last in (0..size).rev() {
            self.swap(begin, begin + last);
            self.sift_down(0, last, begin);
        }
    }

    /// Puts what is less than the pivot before it; says where the pivot is now, and whether nothing had to be moved.
    fn partition(&mut self, begin: usize, end: usize, pivot: usize) -> (usize, bool) {
        self.swap(begin, pivot);
        let (mut low, mut high) = (begin + 1, end - 1);
        self.close_in(begin, &mut low, &mut high);
        if low > high {
            self.swap(high, begin);
            return (high, true);
        }
        self.swap(low, high);
        low += 1;
        high -= 1;
        loop {
            self.close_in(begin, &mut low, &mut high);
            if low > high {
                break;
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
        self.swap(high, begin);
        (high, false)
    }

    /// Moves both ends over what is on the right side of the pivot already.
    fn close_in(&self, pivot: usize, low: &mut usize, high: &mut usize) {
        while *low <= *high && self.less(*low, pivot) {
            *low += 1;
        }
        while *low <= *high && !self.less(*high, pivot) {
            *high -= 1;
        }
    }

    /// Puts what equals the pivot first; nothing in the range is less. Says where the rest begins.
    fn partition_equal(&mut self, begin: usize, end: usize, pivot: usize) -> usize {
        self.swap(begin, pivot);
        let (mut low, mut high) = (begin + 1, end - 1);
        loop {
            while low <= high && !self.less(begin, low) {
                low += 1;
            }
            while low <= high && self.less(begin, high) {
                high -= 1;
            }
            if low > high {
                return low;
            }
            self.swap(low, high);
            low += 1;
            high -= 1;
        }
    }

    /// Mends a range in which few elements are out of order; says whether it is sorted then.
    fn partial_insertion_sort(&mut self, begin: usize, end: usize) -> bool {
        let mut next = begin + 1;
        for _ in 0..5 {
            while next < end && !self.less(next, next - 1) {
                next += 1;
            }
            if next == end {
                return true;
            }
            if end - begin < SHORTEST_SHIFTING {
                return false;
            }
            self.swap(next, next - 1);
            if next - begin >= 2 {
                for place in (1..next).rev() {
                    if !self.less(place, place - 1) {
                        break;
                    }
                    self.swap(place, place - 1);
                }
            }
            if end - next >= 2 {
                for place in next + 1..end {
                    if !self.less(place, place - 1) {
                        break;
                    }
                    self.swap(place, place - 1);
                }
            }
        }
        false
    }

    /// Scatters three elements, always in the same way for the same length.
    fn break_patterns(&mut self, begin: usize, end: usize) {
        let length = end - begin;
        if length < 8 {
            return;
        }
        let mut random = length as u64;
        let mask = (1_usize << (usize::BITS - length.leading_zeros())) - 1;
        let first = begin + (length / 4) * 2 - 1;
        for offset in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            #[expect(clippy::cast_possible_truncation, reason = "only the low bits are taken")]
            let mut other = random as usize & mask;
            if other >= length {
                other -= length;
            }
            self.swap(first + offset, begin + other);
        }
    }

    fn choose_pivot(&self, begin: usize, end: usize) -> (usize, Hint) {
        let length = end - begin;
        let mut swaps = 0;
        let [mut first, mut second, mut third] = [1, 2, 3].map(|quarter| begin + length / 4 * quarter);
        if length >= 8 {
            if length >= SHORTEST_NINTHER {
                for place in [&mut first, &mut second, &mut third] {
                    *place = self.median([*place - 1, *place, *place + 1], &mut swaps);
                }
            }
            second = self.median([first, second, third], &mut swaps);
        }
        let hint = match swaps {
            0 => Hint::Increasing,
            12 => Hint::Decreasing,
            _ => Hint::Unknown,
        };
        (second, hint)
    }

    fn median(&self, [mut first, mut second, mut third]: [usize; 3], swaps: &mut u32) -> usize {
        let mut order = |low: &mut usize, high: &mut usize| {
            if self.less(*high, *low) {
                *swaps += 1;
                std::mem::swap(low, high);
            }
        };
        order(&mut first, &mut second);
        order(&mut second, &mut third);
        order(&mut first, &mut second);
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_sorted_and_short_ranges_keep_equals_in_order() {
        let mut seed = 7_u64;
        for length in 0..300_u64 {
            let mut items: Vec<(u64, u64)> = (0..length)
                .map(|index| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    ((seed >> 33) % (1 + length / 3), index)
                })
                .collect();
            let mut expected = items.clone();
            sort_slice(&mut items, |left, right| left.0 < right.0);
            let keys = |items: &[(u64, u64)]| items.iter().map(|item| item.0).collect::<Vec<_>>();
            expected.sort_by_key(|item| item.0);
            assert_eq!(keys(&items), keys(&expected));
            if length <= 12 {
                assert_eq!(items, expected);
            }
        }
    }

    #[test]
    fn ranges_of_a_pattern_are_sorted() {
        for length in [13_i64, 60, 200, 1000] {
            for pattern in [|n: i64, _: i64| n, |n, length| length - n, |n, _| n % 7, |_, _| 1] {
                let mut items: Vec<i64> = (0..length).map(|n| pattern(n, length)).collect();
                sort_slice(&mut items, |left, right| left < right);
                assert!(items.is_sorted());
            }
        }
    }
}
