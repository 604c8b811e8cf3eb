//! The far future: events in slots by the bytes of their time, sorted only when their slot comes up.
//!
//! A hierarchical timing wheel (Varghese and Lauck, 1987) over 64-bit times, with a slot opened as soon as few events are
//! in it instead of at the last level. An event is moved a few times at most, each time to the end of a list, where a heap
//! of a million events touches some twenty places that are far from each other.

/// A time as the wheel compares it: order-preserving, unsigned.
pub type Tick = u64;

/// Slots of a level: one for each value of a byte.
const SLOTS: usize = 256;
/// Bytes of a tick.
const LEVELS: usize = 8;
/// A slot with no more events than this is opened whole.
const FEW: usize = 128;

#[derive(Clone, Debug)]
struct Level<T> {
    slots: Vec<Vec<(Tick, T)>>,
    /// A bit for each slot that is not empty.
    occupied: [u64; SLOTS / 64],
}

impl<T> Level<T> {
    fn new() -> Self {
        Self { slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(), occupied: [0; SLOTS / 64] }
    }

    fn push(&mut self, slot: usize, tick: Tick, item: T) {
        self.slots[slot].push((tick, item));
        self.occupied[slot / 64] |= 1 << (slot % 64);
    }

    fn first(&self) -> Option<usize> {
        let word = self.occupied.iter().position(|word| *word != 0)?;
        Some(word * 64 + self.occupied[word].trailing_zeros() as usize)
    }
}

/// Items by their tick. All ticks are at or after the end of the last slot that was opened.
#[derive(Clone, Debug)]
pub struct Wheel<T> {
    /// Where the last slot that was opened begins. An item is in the level of the highest byte in which its tick differs.
    origin: Tick,
    levels: Vec<Level<T>>,
    len: usize,
}

impl<T> Wheel<T> {
    /// An empty wheel for ticks from `origin` on.
    pub fn new(origin: Tick) -> Self {
        Self { origin, levels: Vec::new(), len: 0 }
    }

    /// Number of items.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Adds an item.
    pub fn push(&mut self, tick: Tick, item: T) {
        let level = highest_byte(tick ^ self.origin);
        while self.levels.len() <= level {
            self.levels.push(Level::new());
        }
        self.levels[level].push(byte(tick, level), tick, item);
        self.len += 1;
    }

    /// Gives all items of the next slot to `take`, in no order, and returns the tick before which there are no others;
    /// `None` if the wheel is empty.
    pub fn open(&mut self, mut take: impl FnMut(T)) -> Option<Tick> {
        loop {
            let (level, slot) =
                self.levels.iter().enumerate().find_map(|(level, contents)| Some((level, contents.first()?)))?;
            let width = 1 << (8 * level);
            // The bytes above the level are the origin's.
            self.origin = (self.origin & upper(level)) | (slot as Tick * width);
            let contents = &mut self.levels[level];
            contents.occupied[slot / 64] &= !(1 << (slot % 64));
            if level == 0 || contents.slots[slot].len() <= FEW {
                self.len -= contents.slots[slot].len();
                for (_, item) in contents.slots[slot].drain(..) {
                    take(item);
                }
                return Some(self.origin.saturating_add(width));
            }
            let items = std::mem::take(&mut contents.slots[slot]);
            self.len -= items.len();
            for (tick, item) in items {
                self.push(tick, item);
            }
        }
    }

    /// Gives all items to `take`, in no order.
    pub fn empty(&mut self, mut take: impl FnMut(T)) {
        for (_, item) in self.levels.drain(..).flat_map(|level| level.slots).flatten() {
            take(item);
        }
        self.len = 0;
    }
}

/// The index of the highest byte that is not 0; 0 for 0.
const fn highest_byte(bits: u64) -> usize {
    (bits | 1).ilog2() as usize / 8
}

/// A byte of a tick.
const fn byte(tick: Tick, level: usize) -> usize {
    tick.to_le_bytes()[level] as usize
}

/// The bits above a level.
const fn upper(level: usize) -> u64 {
    if level + 1 >= LEVELS { 0 } else { u64::MAX << (8 * (level + 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_in_order_and_end_where_the_next_begins() {
        let mut wheel = Wheel::new(1000);
        // Many at one tick, many in a narrow range, few far away.
        let ticks =
            (0..300).map(|_| 5000).chain((0..1000).map(|step| 70_000 + step * 7)).chain([u64::MAX, 1 << 40, 1000]);
        let mut expected: Vec<u64> = ticks.clone().collect();
        ticks.for_each(|tick| wheel.push(tick, tick));
        expected.sort_unstable();
        let (mut found, mut end, mut slots) = (Vec::new(), 0, 0);
        loop {
            let mut slot = Vec::new();
            let Some(next) = wheel.open(|tick| slot.push(tick)) else { break };
            assert!(slot.iter().all(|tick| (end..=next).contains(tick)), "{end} to {next}: {slot:?}");
            (end, slots) = (next, slots + 1);
            slot.sort_unstable();
            found.extend(slot);
        }
        assert_eq!(found, expected);
        assert!(slots > 10, "{slots} slots");
        assert_eq!(wheel.len(), 0);
    }

    #[test]
    fn items_may_come_while_slots_are_opened() {
        let mut wheel = Wheel::new(0);
        for step in 0..5000_u64 {
            wheel.push(step * 1_000_003, step);
        }
        let (mut last, mut count) = (0, 0);
        while let Some(end) = wheel.open(|_| count += 1) {
            assert!(end > last);
            if last < 1_000_000_000 {
                wheel.push(end, 0);
                wheel.push(end + 12_345_678, 0);
            }
            last = end;
        }
        assert!(count > 5000, "{count}");
    }
}
