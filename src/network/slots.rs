//! Things that come and go, each in a slot that is used again when it is gone: memory depends on how many there are at
//! once, not on how many there were.

/// What a slot holds at a time: stale once the slot is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    pub slot: u32,
    generation: u32,
}

/// Slots, each with the number of times that it was freed.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    slots: Vec<(T, u32)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Puts something into a free slot.
    pub fn add(&mut self, item: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize].0 = item;
            slot
        } else {
            self.slots.push((item, 0));
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        }
    }

    /// What is in a slot that is in use.
    pub fn get(&self, slot: u32) -> &T {
        &self.slots[slot as usize].0
    }

    /// The same to change it.
    pub fn get_mut(&mut self, slot: u32) -> &mut T {
        &mut self.slots[slot as usize].0
    }

    /// What a slot holds now.
    pub fn ticket(&self, slot: u32) -> Ticket {
        Ticket { slot, generation: self.slots[slot as usize].1 }
    }

    /// Whether a slot still holds what it held.
    pub fn holds(&self, ticket: Ticket) -> bool {
        self.slots.get(ticket.slot as usize).is_some_and(|(_, generation)| *generation == ticket.generation)
    }

    /// The slot is used no more.
    pub fn free(&mut self, slot: u32) {
        let generation = &mut self.slots[slot as usize].1;
        *generation = generation.wrapping_add(1);
        self.free.push(slot);
    }

    /// All slots, those that are free included.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(self.slots.iter().map(|(item, _)| item))
    }
}
