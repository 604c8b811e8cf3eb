//! What the pods on each node come to for constraints whose topology domain is a single node, such as anti-affinity by host
//! name.

use super::node_table::BLOCK;
use rustc_hash::FxHashMap;

/// Values of one node that only the node itself decides (pods per node that matter to a constraint).
pub const MAX_LOCALS: usize = 4;
/// With more different values than this a scan over them costs as much as one over the nodes.
const MAX_DISTINCT: usize = 4096;

/// The values of one node, in the order of the tallies that they come from; 0 where there are fewer.
pub type Locals = [i32; MAX_LOCALS];

/// The values of all nodes. Empty where no constraint looks at the node alone.
#[derive(Clone, Debug)]
pub struct NodeValues {
    /// By block: a bit for each node whose values are not all 0.
    blocks: Vec<u32>,
    /// By position: which of the distinct values the node has.
    ids: Vec<u16>,
    /// The first is all 0.
    distinct: Vec<Locals>,
    by_value: FxHashMap<Locals, u16>,
}

/// There are too many different values.
#[derive(Clone, Copy, Debug)]
pub struct TooMany;

impl Default for NodeValues {
    fn default() -> Self {
        Self::new(0)
    }
}

impl NodeValues {
    /// So many nodes, all of whose values are 0.
    pub fn new(nodes: usize) -> Self {
        let zero = [0; MAX_LOCALS];
        Self {
            blocks: vec![0; nodes.div_ceil(BLOCK)],
            ids: vec![0; nodes],
            distinct: vec![zero],
            by_value: std::iter::once((zero, 0)).collect(),
        }
    }

    /// Sets the values of the node at a position.
    ///
    /// # Errors
    /// If there are too many different ones.
    pub fn set(&mut self, position: usize, locals: Locals) -> Result<(), TooMany> {
        let id = match self.by_value.get(&locals) {
            Some(id) => *id,
            None if self.distinct.len() >= MAX_DISTINCT => return Err(TooMany),
            None => {
                let id = u16::try_from(self.distinct.len()).map_err(|_| TooMany)?;
                self.distinct.push(locals);
                self.by_value.insert(locals, id);
                id
            }
        };
        self.ids[position] = id;
        let bit = 1 << (position % BLOCK);
        if id == 0 {
            self.blocks[position / BLOCK] &= !bit;
        } else {
            self.blocks[position / BLOCK] |= bit;
        }
        Ok(())
    }

    /// A bit for each node of a block whose values are not all 0.
    pub fn block(&self, block: usize) -> u32 {
        self.blocks.get(block).copied().unwrap_or(0)
    }

    /// Which of the distinct values the node at a position has; 0 is all 0.
    pub fn id_at(&self, position: usize) -> u16 {
        self.ids.get(position).copied().unwrap_or(0)
    }

    /// Distinct values by their number.
    pub fn locals(&self, id: u16) -> &Locals {
        &self.distinct[usize::from(id)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_by_number_and_block() {
        let mut values = NodeValues::new(70);
        values.set(3, [1, 0, 0, 0]).unwrap();
        values.set(33, [2, 0, 0, 0]).unwrap();
        values.set(34, [1, 0, 0, 0]).unwrap();
        assert_eq!((values.block(0), values.block(1), values.block(2)), (1 << 3, 0b110, 0));
        assert_eq!(values.id_at(3), values.id_at(34));
        assert_eq!(values.locals(values.id_at(33)), &[2, 0, 0, 0]);
        values.set(3, [0; MAX_LOCALS]).unwrap();
        assert_eq!((values.block(0), values.id_at(3)), (0, 0));
        assert_eq!((NodeValues::default().block(9), NodeValues::default().id_at(9)), (0, 0), "no node has values");
    }

    #[test]
    fn there_may_be_too_many_values() {
        let mut values = NodeValues::new(1);
        let mut set = |value: usize| values.set(0, [i32::try_from(value).unwrap(), 0, 0, 0]);
        (0..MAX_DISTINCT).for_each(|value| set(value).unwrap());
        assert!(set(MAX_DISTINCT).is_err());
        assert!(set(1).is_ok(), "one that is known");
    }
}
