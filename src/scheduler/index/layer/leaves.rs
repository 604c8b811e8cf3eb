//! The leaves of a layer as they are stored, with the summary of each block.

use super::super::node_table::BLOCK;
use super::super::summary::{FAILED, Summary, summary_of};
use super::{Layer, Leaf, UNKNOWN};
use crate::scheduler::framework::Failure;

impl Layer {
    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// What a leaf says; its block must be [fresh](Self::refresh).
    pub fn leaf(&self, position: usize) -> Leaf {
        let leaf = self.leaves[position];
        if leaf >= FAILED {
            Leaf::Failed((leaf & !FAILED) as usize)
        } else {
            Leaf::Fits((leaf >> 16) as usize, (leaf & 0xFFFF) as u16)
        }
    }

    /// Feasible leaves of a block.
    pub fn total(&self, block: usize) -> usize {
        usize::from(self.totals[block])
    }

    /// The summaries of a block, by base.
    pub fn summaries(&self, block: usize) -> &[Summary] {
        &self.summaries[block * self.stride..block * self.stride + self.bases.len().min(self.stride)]
    }

    /// The summary of a base in a block without some of its nodes.
    #[inline]
    pub fn summary_without(&self, block: usize, base: usize, left_out: u32) -> Summary {
        let mut summary = self.summaries[block * self.stride + base];
        if left_out == 0 || summary.leaves == 0 {
            return summary;
        }
        let mut is_known = true;
        let mut left = left_out;
        while left != 0 {
            let leaf = self.leaves[block * BLOCK + left.trailing_zeros() as usize];
            left &= left - 1;
            if leaf < FAILED && (leaf >> 16) as usize == base {
                is_known &= summary.remove((leaf & 0xFFFF) as u16);
            }
        }
        if is_known {
            return summary;
        }
        let end = self.leaves.len().min((block + 1) * BLOCK);
        let leaves = self.leaves[block * BLOCK..end].iter().enumerate();
        let stays = |place: usize, leaf: u32| left_out & 1 << place == 0 && (leaf >> 16) as usize == base;
        summary_of(leaves.map(|(place, leaf)| if stays(place, *leaf) { *leaf } else { FAILED }))
    }

    /// The failures by index.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Why leaves are not feasible, each with their number; of use when all blocks are fresh.
    pub fn failure_counts(&self) -> impl Iterator<Item = (Failure, usize)> {
        self.failures.iter().copied().zip(self.failure_counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    /// Sets a leaf. Tells whether the summaries of its block are still known.
    pub(super) fn set(&mut self, position: usize, leaf: u32) -> bool {
        let old = std::mem::replace(&mut self.leaves[position], leaf);
        if old == leaf {
            return true;
        }
        self.leaf_changes += 1;
        let block = position / BLOCK;
        let summaries = &mut self.summaries[block * self.stride..(block + 1) * self.stride];
        let mut is_known = true;
        if old < FAILED {
            is_known = summaries[(old >> 16) as usize].remove((old & 0xFFFF) as u16);
            self.totals[block] -= 1;
        } else if old != UNKNOWN {
            self.failure_counts[(old & !FAILED) as usize] -= 1;
        }
        if leaf < FAILED {
            summaries[(leaf >> 16) as usize].add((leaf & 0xFFFF) as u16);
            self.totals[block] += 1;
        } else {
            self.failure_counts[(leaf & !FAILED) as usize] += 1;
        }
        is_known
    }

    /// Computes the summaries of a block from its leaves.
    pub(super) fn summarize(&mut self, block: usize) {
        let end = self.leaves.len().min((block + 1) * BLOCK);
        let leaves = &self.leaves[block * BLOCK..end];
        if self.stride == 1 {
            self.summaries[block] = summary_of(leaves.iter().copied());
            return;
        }
        let summaries = &mut self.summaries[block * self.stride..(block + 1) * self.stride];
        summaries.fill(Summary::default());
        for leaf in leaves {
            if *leaf < FAILED {
                summaries[(*leaf >> 16) as usize].add((*leaf & 0xFFFF) as u16);
            }
        }
    }

    /// The index of a failure, which is noted if it is new.
    pub(super) fn failure_id(&mut self, failure: Failure) -> usize {
        if let Some(id) = self.failures.iter().position(|known| *known == failure) {
            return id;
        }
        self.failures.push(failure);
        self.failure_counts.push(0);
        self.failures.len() - 1
    }

    /// A leaf of a node that is not feasible.
    pub(super) fn failed_leaf(&mut self, failure: Failure) -> u32 {
        FAILED | u32::try_from(self.failure_id(failure)).unwrap_or(0)
    }
}
