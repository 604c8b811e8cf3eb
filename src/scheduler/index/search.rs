//! One search: which nodes are feasible, what their groups score, and which of the best is chosen. The answer is the
//! framework's (`schedule_one.rs`), found from blocks and groups instead of every node.

mod by_base;
mod scores;

use super::class::Class;
use super::demand::Demand;
use super::layer::{Env, Layer, Leaf, NotIndexable};
use super::node_table::BLOCK;
use super::node_values::Locals;
use super::summary::Summary;
use crate::cluster::NodeId;
use crate::scheduler::framework::{Code, Failure, Placement, TieBreak};
use by_base::OfBase;

/// What a search found.
#[derive(Clone, Debug)]
pub enum Found {
    /// A node.
    Node {
        /// The choice.
        placement: Placement,
        /// How many nodes were visited.
        visited: usize,
    },
    /// No feasible node: each reason with the number of nodes.
    Nothing(Vec<(Failure, usize)>),
}

/// Whether a group takes the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    /// Nobody asked yet.
    Open,
    Takes,
    Rejects(Failure),
}

/// Buffers that are used again in each search.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    /// By group.
    judgements: Vec<Judgement>,
    /// By group: nodes in the window whose state takes the pod.
    counts: Vec<u32>,
    /// By group: the highest resource score in the window.
    scores: Vec<u16>,
    /// Groups that take the pod, with nodes in the window.
    present: Vec<usize>,
    /// By present group: everything but the resource score.
    statics: Vec<i64>,
    raw: Vec<i64>,
    domains: Vec<u32>,
    /// By group: the resource score that makes a node one of the best; `u32::MAX` if none does.
    wanted: Vec<u32>,
    /// By base: the lowest of the scores that are wanted of its groups.
    wanted_of_base: Vec<u32>,
    /// By base: a block without the nodes that were looked at one by one.
    summaries: Vec<Summary>,
    /// By part of the window: how many of the best nodes it has.
    ties: Vec<usize>,
    /// By base, where groups are known by base.
    bases: Vec<OfBase>,
}

impl Buffers {
    /// Takes nodes of a group into the counts.
    fn note(&mut self, group: usize, nodes: u32, best: u16) {
        self.counts[group] += nodes;
        self.scores[group] = self.scores[group].max(best);
    }
}

/// Nodes from a position on, wrapping at the end.
#[derive(Clone, Copy)]
struct Window {
    start: usize,
    visited: usize,
    nodes: usize,
}

impl Window {
    /// The parts of the window block by block: the positions from and to.
    fn parts(self) -> impl Iterator<Item = (usize, usize)> {
        let first_end = self.nodes.min(self.start + self.visited);
        let rest = self.visited - (first_end - self.start);
        let split = |from: usize, to: usize| {
            let blocks = if from < to { from / BLOCK..to.div_ceil(BLOCK) } else { 0..0 };
            blocks.map(move |block| (from.max(block * BLOCK), to.min((block + 1) * BLOCK)))
        };
        split(self.start, first_end).chain(split(0, rest))
    }

    /// Whether a part is a whole block.
    const fn is_whole(self, from: usize, to: usize) -> bool {
        let start = from / BLOCK * BLOCK;
        let end = if start + BLOCK < self.nodes { start + BLOCK } else { self.nodes };
        from == start && to == end
    }
}

/// The search of one pod.
pub struct Search<'a> {
    /// Its class.
    pub class: &'a mut Class,
    /// The layer of the class.
    pub layer: &'a mut Layer,
    /// What the class asks of other pods.
    pub demand: &'a Demand,
    /// The cluster.
    pub env: &'a Env<'a>,
}

impl Search<'_> {
    /// Why one node is not feasible; `None` if it is. Its block must be fresh.
    ///
    /// # Errors
    /// If that cannot be told without the framework.
    pub fn failure_at(&mut self, position: usize) -> Result<Option<Failure>, NotIndexable> {
        let base = match self.layer.leaf(position) {
            Leaf::Fits(base, _) => base,
            Leaf::Failed(failure) => return Ok(Some(self.layer.failures()[failure])),
        };
        let group = self.group_at(base, position)?;
        let minima = self.demand.constraints.hard_minima();
        Ok(match self.judge(group, &minima) {
            Judgement::Rejects(failure) => Some(failure),
            Judgement::Takes | Judgement::Open => None,
        })
    }

    /// The nodes, from a position on, that the absence of other pods could make feasible. None is feasible.
    ///
    /// # Errors
    /// If that cannot be told without the framework.
    pub fn resolvable(&mut self, start: usize, buffers: &mut Buffers) -> Result<Vec<NodeId>, NotIndexable> {
        buffers.judgements.clear();
        buffers.counts.clear();
        buffers.scores.clear();
        let minima = self.demand.constraints.hard_minima();
        let nodes = self.layer.len();
        let mut resolvable = Vec::new();
        for (from, to) in (Window { start, visited: nodes, nodes }).parts() {
            self.layer.refresh(from / BLOCK, self.env)?;
            for position in from..to {
                let failure = match self.layer.leaf(position) {
                    Leaf::Failed(failure) => self.layer.failures()[failure],
                    Leaf::Fits(base, _) => {
                        let group = self.group_at(base, position)?;
                        self.takes(group, &minima, buffers);
                        let Judgement::Rejects(failure) = buffers.judgements[group] else { return Err(NotIndexable) };
                        failure
                    }
                };
                if failure.code() == Code::Unschedulable {
                    resolvable.push(self.env.table.ids[position]);
                }
            }
        }
        Ok(resolvable)
    }

    /// Searches from a position on for up to `wanted` feasible nodes and chooses one of the best.
    ///
    /// # Errors
    /// If the answer cannot be told without the framework.
    pub fn run(
        &mut self,
        start: usize,
        wanted: usize,
        tie_break: TieBreak,
        buffers: &mut Buffers,
    ) -> Result<Found, NotIndexable> {
        buffers.judgements.clear();
        buffers.counts.clear();
        buffers.scores.clear();
        if self.knows_groups_by_base() {
            if let Some(found) = self.run_by_base(start, wanted, tie_break, buffers)? {
                return Ok(found);
            }
            buffers.judgements.clear();
            buffers.counts.clear();
            buffers.scores.clear();
        }
        let (feasible, visited) = self.walk(start, wanted, buffers)?;
        if feasible == 0 {
            return Ok(Found::Nothing(self.reasons(buffers)));
        }
        let window = Window { start, visited, nodes: self.layer.len() };
        let is_present = |group: &usize| buffers.counts[*group] > 0 && buffers.judgements[*group] == Judgement::Takes;
        buffers.present.clear();
        buffers.present.extend((0..buffers.counts.len()).filter(is_present));
        buffers.wanted.clear();
        buffers.wanted.resize(buffers.counts.len(), u32::MAX);
        let mut total = None;
        if feasible == 1 {
            for group in &buffers.present {
                buffers.wanted[*group] = u32::from(buffers.scores[*group]);
            }
        } else {
            self.score_groups(feasible, buffers);
            let totals = buffers.present.iter().zip(&buffers.statics);
            let of = |(group, fixed): (&usize, &i64)| fixed + i64::from(buffers.scores[*group]);
            let highest = totals.clone().map(of).max().unwrap_or(0);
            for (group, fixed) in totals {
                if of((group, fixed)) == highest {
                    buffers.wanted[*group] = u32::from(buffers.scores[*group]);
                }
            }
            total = Some(highest);
        }
        let (node, best) = self.choose(window, tie_break, buffers).ok_or(NotIndexable)?;
        Ok(Found::Node { placement: Placement { node, feasible, total, best }, visited })
    }

    /// What the pods on each node of a group come to.
    fn locals(&self, group: usize) -> &Locals {
        self.demand.node_values.locals(self.class.groups[group].local)
    }

    #[inline]
    fn group_at(&mut self, base: usize, position: usize) -> Result<usize, NotIndexable> {
        self.class.group(base, self.demand.node_values.id_at(position))
    }

    fn judge(&self, group: usize, minima: &[i64]) -> Judgement {
        let base = &self.layer.bases[usize::from(self.class.groups[group].base)];
        match self.demand.constraints.failure(self.locals(group), base, minima) {
            None => Judgement::Takes,
            Some(failure) => Judgement::Rejects(failure),
        }
    }

    /// Whether a group takes the pod.
    fn takes(&self, group: usize, minima: &[i64], buffers: &mut Buffers) -> bool {
        if buffers.judgements.len() <= group {
            buffers.judgements.resize(group + 1, Judgement::Open);
            buffers.counts.resize(group + 1, 0);
            buffers.scores.resize(group + 1, 0);
        }
        if buffers.judgements[group] == Judgement::Open {
            buffers.judgements[group] = self.judge(group, minima);
        }
        buffers.judgements[group] == Judgement::Takes
    }

    /// Walks through the nodes until one feasible node more than wanted is met. Gives how many are feasible and how many
    /// were visited.
    fn walk(&mut self, start: usize, wanted: usize, buffers: &mut Buffers) -> Result<(usize, usize), NotIndexable> {
        let minima = self.demand.constraints.hard_minima();
        let (mut feasible, mut visited) = (0, 0);
        let everything = Window { start, visited: self.layer.len(), nodes: self.layer.len() };
        for (from, to) in everything.parts() {
            let block = from / BLOCK;
            self.layer.refresh(block, self.env)?;
            if everything.is_whole(from, to) && feasible + self.layer.total(block) <= wanted {
                feasible += self.note_block(block, &minima, buffers)?;
                visited += to - from;
                continue;
            }
            for position in from..to {
                if let Leaf::Fits(base, score) = self.layer.leaf(position) {
                    let group = self.group_at(base, position)?;
                    if self.takes(group, &minima, buffers) {
                        if feasible == wanted {
                            return Ok((feasible, visited));
                        }
                        feasible += 1;
                    }
                    buffers.note(group, 1, score);
                }
                visited += 1;
            }
        }
        Ok((feasible, visited))
    }

    /// Takes a whole block into the counts. Gives how many of its nodes are feasible.
    fn note_block(&mut self, block: usize, minima: &[i64], buffers: &mut Buffers) -> Result<usize, NotIndexable> {
        let mut feasible = 0;
        buffers.summaries.clear();
        buffers.summaries.extend_from_slice(self.layer.summaries(block));
        let with_values = self.demand.node_values.block(block);
        let (mut left, mut is_known) = (with_values, true);
        while left != 0 {
            let position = block * BLOCK + left.trailing_zeros() as usize;
            left &= left - 1;
            if let Leaf::Fits(base, score) = self.layer.leaf(position) {
                is_known &= buffers.summaries[base].remove(score);
                let group = self.group_at(base, position)?;
                feasible += usize::from(self.takes(group, minima, buffers));
                buffers.note(group, 1, score);
            }
        }
        if !is_known {
            buffers.summaries.fill(Summary::default());
            for position in block * BLOCK..self.layer.len().min((block + 1) * BLOCK) {
                if with_values & 1 << (position % BLOCK) == 0
                    && let Leaf::Fits(base, score) = self.layer.leaf(position)
                {
                    buffers.summaries[base].add(score);
                }
            }
        }
        for base in 0..buffers.summaries.len() {
            let summary = buffers.summaries[base];
            if summary.leaves > 0 {
                let group = self.class.group(base, 0)?;
                if self.takes(group, minima, buffers) {
                    feasible += usize::from(summary.leaves);
                }
                buffers.note(group, u32::from(summary.leaves), summary.best);
            }
        }
        Ok(feasible)
    }

    /// Why no node is feasible: of leaves, and of groups.
    fn reasons(&self, buffers: &Buffers) -> Vec<(Failure, usize)> {
        let mut reasons: Vec<(Failure, usize)> = self.layer.failure_counts().collect();
        for (judgement, count) in buffers.judgements.iter().zip(&buffers.counts) {
            let Judgement::Rejects(failure) = *judgement else { continue };
            match reasons.iter_mut().find(|(known, _)| *known == failure) {
                Some((_, nodes)) => *nodes += *count as usize,
                None if *count > 0 => reasons.push((failure, *count as usize)),
                None => {}
            }
        }
        reasons
    }

    /// Chooses one of the nodes of the window whose score is the one wanted of their group. Gives it with their number.
    fn choose(&mut self, window: Window, tie_break: TieBreak, buffers: &mut Buffers) -> Option<(NodeId, usize)> {
        buffers.wanted_of_base.clear();
        buffers.wanted_of_base.resize(self.layer.bases.len(), u32::MAX);
        for (group, wanted) in self.class.groups.iter().zip(&buffers.wanted) {
            let of_base = &mut buffers.wanted_of_base[usize::from(group.base)];
            *of_base = (*of_base).min(*wanted);
        }
        buffers.ties.clear();
        let mut best = 0;
        for (from, to) in window.parts() {
            let ties = self.ties(window, from, to, buffers);
            buffers.ties.push(ties);
            best += ties;
        }
        let node = match tie_break {
            TieBreak::Random(_) => {
                let mut offset = tie_break.offset(best);
                let mut parts = window.parts().zip(&buffers.ties);
                let ((from, to), _) = parts.find(|(_, ties)| {
                    let is_here = offset < **ties;
                    offset -= if is_here { 0 } else { **ties };
                    is_here
                })?;
                let position = (from..to).filter(|position| self.is_best(*position, buffers)).nth(offset)?;
                self.env.table.ids[position]
            }
            TieBreak::First => {
                let parts = window.parts().zip(&buffers.ties).filter(|(_, ties)| **ties > 0);
                let positions = parts.flat_map(|((from, to), _)| from..to);
                positions
                    .filter(|position| self.is_best(*position, buffers))
                    .map(|position| self.env.table.ids[position])
                    .min()?
            }
        };
        Some((node, best))
    }

    /// How many of the best nodes a part of the window has.
    fn ties(&self, window: Window, from: usize, to: usize, buffers: &Buffers) -> usize {
        let block = from / BLOCK;
        let summaries = || self.layer.summaries(block).iter().zip(&buffers.wanted_of_base);
        let may_have = |(summary, wanted): (&Summary, &u32)| summary.leaves > 0 && u32::from(summary.best) >= *wanted;
        if !summaries().any(may_have) {
            return 0;
        }
        if window.is_whole(from, to) && self.demand.node_values.block(block) == 0 {
            let is_wanted = |base: usize, best: u16| {
                let group = self.class.known_group(base, 0);
                group.and_then(|group| buffers.wanted.get(group)) == Some(&u32::from(best))
            };
            let best =
                self.layer.summaries(block).iter().enumerate().filter(|(base, summary)| is_wanted(*base, summary.best));
            return best.map(|(_, summary)| usize::from(summary.ties)).sum();
        }
        (from..to).filter(|position| self.is_best(*position, buffers)).count()
    }

    fn is_best(&self, position: usize, buffers: &Buffers) -> bool {
        let Leaf::Fits(base, score) = self.layer.leaf(position) else { return false };
        if u32::from(score) < buffers.wanted_of_base[base] {
            return false;
        }
        let group = self.class.known_group(base, self.demand.node_values.id_at(position));
        group.and_then(|group| buffers.wanted.get(group)) == Some(&u32::from(score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_walked_block_by_block_and_wraps() {
        let cases = [
            (0, 100, vec![(0, 32), (32, 64), (64, 96), (96, 100)], "everything"),
            (50, 100, vec![(50, 64), (64, 96), (96, 100), (0, 32), (32, 50)], "from the middle on"),
            (95, 10, vec![(95, 96), (96, 100), (0, 5)], "over the end"),
            (32, 32, vec![(32, 64)], "one block"),
            (5, 0, vec![], "nothing"),
        ];
        for (start, visited, expected, why) in cases {
            let parts: Vec<_> = Window { start, visited, nodes: 100 }.parts().collect();
            assert_eq!(parts, expected, "{why}");
        }
    }
}
