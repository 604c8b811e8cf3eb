//! The search in the simple case: the base of a node decides everything but its resources, and constraints on the node
//! itself can only reject it. This holds for pods without constraints, spread over zones, or kept apart by host name. Whole
//! blocks are taken without a look at groups.

use super::super::layer::{Leaf, NotIndexable};
use super::super::node_table::BLOCK;
use super::super::summary::Summary;
use super::{Buffers, Found, Search, Window};
use crate::cluster::NodeId;
use crate::scheduler::framework::{Placement, TieBreak};

/// With more bases than this it costs less to look at those only that a block has.
const MAX_DIRECT_BASES: usize = 16;

/// A base in a search where groups are known by base.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfBase {
    group: usize,
    /// Whether its group takes the pod.
    takes: bool,
    /// Its nodes in the window that take the pod.
    window: WindowSummary,
    /// The resource score that makes a node one of the best.
    wanted: Option<u16>,
}

/// The feasible leaves of a window.
#[derive(Clone, Copy, Debug, Default)]
struct WindowSummary {
    leaves: u32,
    best: u16,
    ties: u32,
}

impl WindowSummary {
    /// Takes leaves in, of which `ties` have the score and none a higher one.
    fn add(&mut self, score: u16, ties: u32) {
        if score > self.best || self.leaves == 0 {
            self.best = score;
            self.ties = ties;
        } else if score == self.best {
            self.ties += ties;
        }
        self.leaves += ties;
    }

    /// Takes a whole block in.
    fn add_block(&mut self, block: Summary) {
        if block.leaves > 0 {
            self.add(block.best, u32::from(block.ties));
            self.leaves += u32::from(block.leaves - block.ties);
        }
    }
}

impl Search<'_> {
    /// Whether the base of a node says all about it but its resources, unless its values reject it.
    pub(super) fn knows_groups_by_base(&self) -> bool {
        let constraints = &self.demand.constraints;
        self.layer.is_plain()
            && self.layer.bases.len() <= MAX_DIRECT_BASES
            && constraints.locals_reject()
            && (constraints.locals == 0 || self.layer.bases.iter().all(|base| constraints.has_local_domains(base)))
    }

    /// [`run`](Self::run) where [groups are known by base](Self::knows_groups_by_base); `None` if no node is feasible.
    pub(super) fn run_by_base(
        &mut self,
        start: usize,
        wanted: usize,
        tie_break: TieBreak,
        buffers: &mut Buffers,
    ) -> Result<Option<Found>, NotIndexable> {
        let minima = self.demand.constraints.hard_minima();
        buffers.bases.clear();
        for base in 0..self.layer.bases.len() {
            let group = self.class.group(base, 0)?;
            let takes = self.takes(group, &minima, buffers);
            buffers.bases.push(OfBase { group, takes, window: WindowSummary::default(), wanted: None });
        }
        let (feasible, visited) = self.walk_by_base(start, wanted, buffers)?;
        if feasible == 0 {
            return Ok(None);
        }
        buffers.present.clear();
        for of_base in buffers.bases.iter().filter(|of_base| of_base.window.leaves > 0) {
            buffers.counts[of_base.group] = of_base.window.leaves;
            buffers.scores[of_base.group] = of_base.window.best;
            buffers.present.push(of_base.group);
        }
        let mut total = None;
        if feasible > 1 {
            self.score_groups(feasible, buffers);
            let present = buffers.bases.iter().filter(|of_base| of_base.window.leaves > 0);
            let totals = present.zip(&buffers.statics).map(|(of_base, fixed)| fixed + i64::from(of_base.window.best));
            total = totals.max();
        }
        let mut fixed = buffers.statics.iter();
        for of_base in buffers.bases.iter_mut().filter(|of_base| of_base.window.leaves > 0) {
            let is_best = total
                .is_none_or(|total| fixed.next().is_some_and(|fixed| fixed + i64::from(of_base.window.best) == total));
            of_base.wanted = is_best.then_some(of_base.window.best);
        }
        let best = buffers
            .bases
            .iter()
            .filter(|of_base| of_base.wanted.is_some())
            .map(|of_base| of_base.window.ties as usize)
            .sum();
        let window = Window { start, visited, nodes: self.layer.len() };
        let node = self.choose_by_base(window, tie_break, best, &buffers.bases).ok_or(NotIndexable)?;
        Ok(Some(Found::Node { placement: Placement { node, feasible, total, best }, visited }))
    }

    /// [`walk`](Self::walk) where groups are known by base.
    fn walk_by_base(
        &mut self,
        start: usize,
        wanted: usize,
        buffers: &mut Buffers,
    ) -> Result<(usize, usize), NotIndexable> {
        let nodes = self.layer.len();
        let everything = Window { start, visited: nodes, nodes };
        let (mut feasible, mut visited) = (0, 0);
        for (from, to) in everything.parts() {
            let block = from / BLOCK;
            self.layer.refresh(block, self.env)?;
            if everything.is_whole(from, to) && feasible + self.layer.total(block) <= wanted {
                let with_values = self.demand.node_values.block(block);
                for (base, of_base) in buffers.bases.iter_mut().enumerate().filter(|(_, of_base)| of_base.takes) {
                    let summary = self.layer.summary_without(block, base, with_values);
                    feasible += usize::from(summary.leaves);
                    of_base.window.add_block(summary);
                }
                visited += to - from;
                continue;
            }
            for position in from..to {
                if let Some((base, score)) = self.score_without_values(position)
                    && buffers.bases[base].takes
                {
                    if feasible == wanted {
                        return Ok((feasible, visited));
                    }
                    feasible += 1;
                    buffers.bases[base].window.add(score, 1);
                }
                visited += 1;
            }
        }
        Ok((feasible, visited))
    }

    /// Base and score of a node where the requests fit and that its values do not reject.
    #[inline]
    fn score_without_values(&self, position: usize) -> Option<(usize, u16)> {
        let has_values = self.demand.node_values.block(position / BLOCK) & 1 << (position % BLOCK) != 0;
        match self.layer.leaf(position) {
            Leaf::Fits(base, score) if !has_values => Some((base, score)),
            _ => None,
        }
    }

    /// [`choose`](Self::choose) where groups are known by base.
    fn choose_by_base(&self, window: Window, tie_break: TieBreak, best: usize, bases: &[OfBase]) -> Option<NodeId> {
        let is_best = |position: &usize| {
            self.score_without_values(*position).is_some_and(|(base, score)| bases[base].wanted == Some(score))
        };
        let id = |position: usize| self.env.table.ids[position];
        let may_have = |block: usize| {
            let mut pairs = self.layer.summaries(block).iter().zip(bases);
            pairs.any(|(summary, of_base)| {
                of_base.wanted.is_some_and(|wanted| summary.leaves > 0 && summary.best >= wanted)
            })
        };
        let mut parts = window.parts().filter(|(from, _)| may_have(from / BLOCK));
        if let TieBreak::First = tie_break {
            return parts.flat_map(|(from, to)| from..to).filter(is_best).map(id).min();
        }
        let mut offset = tie_break.offset(best);
        parts.find_map(|(from, to)| {
            let best_of_part = || (from..to).filter(is_best);
            let ties =
                if window.is_whole(from, to) { self.ties_by_base(from / BLOCK, bases) } else { best_of_part().count() };
            if offset >= ties {
                offset -= ties;
                return None;
            }
            best_of_part().nth(offset).map(id)
        })
    }

    /// How many of the best nodes a block of the window has.
    fn ties_by_base(&self, block: usize, bases: &[OfBase]) -> usize {
        let with_values = self.demand.node_values.block(block);
        let ties = |(base, of_base): (usize, &OfBase)| {
            let wanted = of_base.wanted?;
            let summary = self.layer.summary_without(block, base, with_values);
            (summary.leaves > 0 && summary.best == wanted).then_some(usize::from(summary.ties))
        };
        bases.iter().enumerate().filter_map(ties).sum()
    }
}
