//! The search of one class: the window of feasible nodes, the scores of its groups, the best nodes in it. The answer is
//! that of the framework (`schedule_one.rs`), found without a look at each node.

use super::class::{BLOCK, Class, Env, Leaf, NotIndexable};
use super::node_table::NO_DOMAIN;
use crate::cluster::NodeId;
use crate::scheduler::plugins::{inter_pod_affinity, pod_topology_spread};
use crate::scheduler::{Failure, MAX_NODE_SCORE, Plugin, PodInfo};

/// What a search found.
#[derive(Clone, Debug)]
pub enum Found {
    /// Feasible nodes.
    Feasible {
        /// How many.
        feasible: usize,
        /// How many nodes were visited.
        visited: usize,
        /// The highest total; `None` where a single feasible node made scores needless.
        total: Option<i64>,
    },
    /// No feasible node: each reason with the number of nodes.
    Nothing(Vec<(Failure, usize)>),
}

/// Buffers that are used again in each search. After it, `best` holds the best nodes.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    /// Nodes with the highest total.
    pub best: Vec<NodeId>,
    /// By group: why its nodes are not feasible.
    failures: Vec<Option<Failure>>,
    /// By group: feasible nodes in the window.
    counts: Vec<u32>,
    /// By group: the highest resource score in the window.
    scores: Vec<u16>,
    /// Groups with nodes in the window.
    present: Vec<usize>,
    /// By present group: everything but the resource score.
    statics: Vec<i64>,
    raw: Vec<i64>,
    domains: Vec<u32>,
    /// By group: the resource score that makes a node one of the best; `u32::MAX` if none does.
    wanted: Vec<u32>,
}

/// Nodes from a position on, wrapping at the end.
#[derive(Clone, Copy)]
struct Window {
    start: usize,
    visited: usize,
    nodes: usize,
}

impl Window {
    /// The parts of the window block by block: the positions, and whether they are a whole block.
    fn parts(self) -> impl Iterator<Item = (usize, usize)> {
        let first_end = self.nodes.min(self.start + self.visited);
        let rest = self.visited - (first_end - self.start);
        let split = |from: usize, to: usize| {
            let blocks = if from < to { from / BLOCK..to.div_ceil(BLOCK) } else { 0..0 };
            blocks.map(move |block| (from.max(block * BLOCK), to.min((block + 1) * BLOCK)))
        };
        split(self.start, first_end).chain(split(0, rest))
    }
}

impl Class {
    /// Searches from a position on for up to `wanted` feasible nodes.
    ///
    /// # Errors
    /// If the answer cannot be told without the framework.
    pub fn search(
        &mut self,
        env: &Env<'_>,
        pod: &PodInfo,
        start: usize,
        wanted: usize,
        buffers: &mut Buffers,
    ) -> Result<Found, NotIndexable> {
        let minima = self.constraints.hard_minima();
        buffers.failures.clear();
        buffers.counts.clear();
        buffers.scores.clear();
        let (feasible, visited) = self.walk(env, pod, start, wanted, &minima, buffers)?;
        if feasible == 0 {
            return Ok(Found::Nothing(self.reasons(buffers)));
        }
        let window = Window { start, visited, nodes: self.len() };
        buffers.present.clear();
        buffers.present.extend((0..buffers.counts.len()).filter(|group| buffers.counts[*group] > 0));
        buffers.wanted.clear();
        buffers.wanted.resize(buffers.counts.len(), u32::MAX);
        let mut total = None;
        if feasible == 1 {
            for group in &buffers.present {
                buffers.wanted[*group] = u32::from(buffers.scores[*group]);
            }
        } else {
            self.score_groups(env, feasible, buffers);
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
        self.collect_best(env, window, buffers);
        Ok(Found::Feasible { feasible, visited, total })
    }

    /// Learns of the groups that were met since.
    fn judge_new_groups(&self, minima: &[i64], buffers: &mut Buffers) {
        for group in &self.groups[buffers.failures.len()..] {
            let base = &self.bases[usize::from(group.base)];
            buffers.failures.push(self.constraints.failure(group, base, minima));
        }
        buffers.counts.resize(self.groups.len(), 0);
        buffers.scores.resize(self.groups.len(), 0);
    }

    /// Walks through the nodes until one feasible node more than wanted is met. Gives how many are feasible and how many
    /// were visited.
    fn walk(
        &mut self,
        env: &Env<'_>,
        pod: &PodInfo,
        start: usize,
        wanted: usize,
        minima: &[i64],
        buffers: &mut Buffers,
    ) -> Result<(usize, usize), NotIndexable> {
        let (mut feasible, mut visited) = (0, 0);
        let everything = Window { start, visited: self.len(), nodes: self.len() };
        for (from, to) in everything.parts() {
            let block = from / BLOCK;
            self.refresh(block, env, pod)?;
            if buffers.failures.len() < self.groups.len() {
                self.judge_new_groups(minima, buffers);
            }
            let is_whole = to - from == BLOCK.min(self.len() - block * BLOCK);
            if is_whole && feasible + self.total(block) <= wanted {
                for (group, summary) in self.summaries(block).iter().enumerate() {
                    if summary.leaves > 0 && buffers.failures[group].is_none() {
                        feasible += usize::from(summary.leaves);
                        buffers.counts[group] += u32::from(summary.leaves);
                        buffers.scores[group] = buffers.scores[group].max(summary.best);
                    }
                }
                visited += to - from;
                continue;
            }
            for position in from..to {
                if let Leaf::Fits(group, score) = self.leaf(position)
                    && buffers.failures[group].is_none()
                {
                    if feasible == wanted {
                        return Ok((feasible, visited));
                    }
                    feasible += 1;
                    buffers.counts[group] += 1;
                    buffers.scores[group] = buffers.scores[group].max(score);
                }
                visited += 1;
            }
        }
        Ok((feasible, visited))
    }

    /// Why no node is feasible: of leaves, and of groups.
    fn reasons(&self, buffers: &mut Buffers) -> Vec<(Failure, usize)> {
        let mut reasons: Vec<(Failure, usize)> = self.failure_counts().collect();
        let blocks = self.len().div_ceil(BLOCK);
        buffers.counts.fill(0);
        if self.groups.is_empty() {
            return reasons;
        }
        for block in 0..blocks {
            if self.total(block) == 0 {
                continue;
            }
            for (count, summary) in buffers.counts.iter_mut().zip(self.summaries(block)) {
                *count += u32::from(summary.leaves);
            }
        }
        for (failure, count) in buffers.failures.iter().zip(&buffers.counts) {
            let Some(failure) = failure.filter(|_| *count > 0) else { continue };
            match reasons.iter_mut().find(|(own, _)| *own == failure) {
                Some((_, own)) => *own += *count as usize,
                None => reasons.push((failure, *count as usize)),
            }
        }
        reasons
    }

    /// Fills `statics`: what each present group scores besides its resources.
    fn score_groups(&self, env: &Env<'_>, feasible: usize, buffers: &mut Buffers) {
        let profile = env.profile;
        let weight = |wanted: Plugin| profile.score.iter().find(|(own, _)| *own == wanted).map_or(0, |own| own.1);
        let base = |group: usize| &self.bases[usize::from(self.groups[group].base)];
        let present = &buffers.present;
        let most_taints = present.iter().map(|group| base(*group).taints).max().unwrap_or(0);
        let most_affinity = present.iter().map(|group| base(*group).affinity).max().unwrap_or(0);
        let (taints, affinity, images) =
            (weight(Plugin::TaintToleration), weight(Plugin::NodeAffinity), weight(Plugin::ImageLocality));
        buffers.statics.clear();
        for group in present {
            let base = base(*group);
            let tainted = if most_taints == 0 { 0 } else { MAX_NODE_SCORE * base.taints / most_taints };
            let attracted =
                if most_affinity == 0 { base.affinity } else { MAX_NODE_SCORE * base.affinity / most_affinity };
            buffers.statics.push((MAX_NODE_SCORE - tainted) * taints + attracted * affinity + base.images * images);
        }
        if self.constraints.scores_affinity() {
            buffers.raw.clear();
            buffers.raw.extend(
                present.iter().map(|group| self.constraints.affinity_score(&self.groups[*group], base(*group))),
            );
            inter_pod_affinity::normalize(&mut buffers.raw);
            let weight = weight(Plugin::InterPodAffinity);
            for (own, score) in buffers.statics.iter_mut().zip(&buffers.raw) {
                *own += score * weight;
            }
        }
        if !self.constraints.soft.is_empty() {
            self.score_spread(feasible, weight(Plugin::PodTopologySpread), buffers);
        }
    }

    /// Adds PodTopologySpread's scores to `statics`.
    #[expect(clippy::cast_precision_loss, reason = "kube-scheduler computes with float64")]
    #[expect(clippy::cast_possible_truncation, reason = "counts of pods, far from the limits")]
    fn score_spread(&self, feasible: usize, weight: i64, buffers: &mut Buffers) {
        let soft = &self.constraints.soft;
        let base = |group: usize| &self.bases[usize::from(self.groups[group].base)];
        let is_ignored = |group: usize| {
            let domains = &base(group).domains;
            self.constraints.requires_all_keys && soft.iter().any(|own| domains[own.tally] == NO_DOMAIN)
        };
        let (counts, present) = (&buffers.counts, &buffers.present);
        let ignored: usize =
            present.iter().filter(|group| is_ignored(**group)).map(|group| counts[*group] as usize).sum();
        let counted = || present.iter().copied().filter(|group| !is_ignored(*group));
        let mut weights = [0.0; 8];
        let mut more_weights;
        let weights = if soft.len() <= weights.len() {
            &mut weights[..soft.len()]
        } else {
            more_weights = vec![0.0; soft.len()];
            &mut more_weights[..]
        };
        for (own, weight) in soft.iter().zip(weights.iter_mut()) {
            let size = if own.is_hostname {
                feasible - ignored
            } else {
                // A missing key is a domain too where it is tolerated.
                buffers.domains.clear();
                let mut nodes = 0;
                for group in counted() {
                    let domain = base(group).domains[own.tally];
                    if domain != NO_DOMAIN && self.constraints.tallies[own.tally].is_local {
                        nodes += counts[group] as usize;
                    } else {
                        buffers.domains.push(domain);
                    }
                }
                buffers.domains.sort_unstable();
                buffers.domains.dedup();
                nodes + buffers.domains.len()
            };
            *weight = ((size + 2) as f64).ln();
        }
        buffers.raw.clear();
        for group in present {
            let mut score = 0.0;
            if !is_ignored(*group) {
                for (own, weight) in soft.iter().zip(&*weights) {
                    if let Some(count) = self.constraints.value(own.tally, &self.groups[*group], base(*group)) {
                        score += count as f64 * weight + (own.max_skew - 1) as f64;
                    }
                }
            }
            buffers.raw.push(score.round() as i64);
        }
        let of_counted =
            || present.iter().zip(&buffers.raw).filter(|(group, _)| !is_ignored(**group)).map(|own| *own.1);
        let (min, max) = (of_counted().min().unwrap_or(0), of_counted().max().unwrap_or(0));
        for ((group, raw), own) in present.iter().zip(&buffers.raw).zip(&mut buffers.statics) {
            if !is_ignored(*group) {
                *own += weight * pod_topology_spread::normalized(*raw, min, max);
            }
        }
    }

    /// Collects the nodes of the window whose score is the one wanted of their group.
    fn collect_best(&self, env: &Env<'_>, window: Window, buffers: &mut Buffers) {
        buffers.best.clear();
        for (from, to) in window.parts() {
            let summaries = self.summaries(from / BLOCK).iter().zip(&buffers.wanted);
            if !summaries.clone().any(|(summary, wanted)| summary.leaves > 0 && u32::from(summary.best) >= *wanted) {
                continue;
            }
            for position in from..to {
                if let Leaf::Fits(group, score) = self.leaf(position)
                    && buffers.wanted.get(group) == Some(&u32::from(score))
                {
                    buffers.best.push(env.table.ids[position]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_walked_block_by_block_and_wraps() {
        let cases = [
            (0, 200, vec![(0, 64), (64, 128), (128, 192), (192, 200)], "everything"),
            (100, 200, vec![(100, 128), (128, 192), (192, 200), (0, 64), (64, 100)], "from the middle on"),
            (190, 20, vec![(190, 192), (192, 200), (0, 10)], "over the end"),
            (64, 64, vec![(64, 128)], "one block"),
            (5, 0, vec![], "nothing"),
        ];
        for (start, visited, expected, why) in cases {
            let parts: Vec<_> = Window { start, visited, nodes: 200 }.parts().collect();
            assert_eq!(parts, expected, "{why}");
        }
    }
}
