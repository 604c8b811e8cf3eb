//! The earliest of many instants, each of which changes often.

use crate::units::SimTime;

/// A tournament among instants: a change costs a walk from a leaf to the root.
#[derive(Clone, Debug, Default)]
pub struct Earliest {
    /// Node `i` has the children `2i` and `2i + 1`; the leaves are the second half.
    nodes: Vec<(SimTime, u32)>,
    leaves: usize,
}

impl Earliest {
    /// Sets an instant; new ones are made as needed and are never until they are set.
    pub fn set(&mut self, index: u32, at: SimTime) {
        let place = index as usize;
        if place >= self.leaves {
            self.grow(place + 1);
        }
        let mut node = self.leaves + place;
        self.nodes[node] = (at, index);
        while node > 1 {
            node /= 2;
            let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
            // Of equal instants the first one wins.
            let winner = if right.0 < left.0 { right } else { left };
            if self.nodes[node] == winner {
                break;
            }
            self.nodes[node] = winner;
        }
    }

    /// The earliest instant and its index.
    pub fn first(&self) -> (SimTime, u32) {
        self.nodes.get(1).copied().unwrap_or((SimTime::MAX, 0))
    }

    fn grow(&mut self, count: usize) {
        let leaves = count.next_power_of_two().max(2);
        let mut nodes = vec![(SimTime::MAX, 0); 2 * leaves];
        for (index, leaf) in self.nodes.iter().skip(self.leaves).enumerate() {
            nodes[leaves + index] = *leaf;
        }
        for node in (1..leaves).rev() {
            let (left, right) = (nodes[2 * node], nodes[2 * node + 1]);
            nodes[node] = if right.0 < left.0 { right } else { left };
        }
        (self.nodes, self.leaves) = (nodes, leaves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found() {
        let mut earliest = Earliest::default();
        assert_eq!(earliest.first().0, SimTime::MAX);
        let mut times: Vec<i64> = Vec::new();
        let mut random = 7_u64;
        for round in 0..2_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = i64::try_from(random >> 40).unwrap() + 1;
            let index = if round < 37 {
                times.push(at);
                times.len() - 1
            } else {
                usize::try_from(random >> 33).unwrap() % 37
            };
            times[index] = at;
            earliest.set(u32::try_from(index).unwrap(), SimTime::from_nanos(at));
            let expected = times.iter().enumerate().map(|(index, at)| (*at, index)).min().unwrap();
            let (at, index) = earliest.first();
            assert_eq!((at.as_nanos(), index as usize), expected);
        }
    }
}
