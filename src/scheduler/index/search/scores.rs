//! The points of each group for everything but resources: taints, node affinity, images, pod affinity and spread,
//! normalized over the groups of the window.

use super::super::constraints::Soft;
use super::super::node_table::NO_DOMAIN;
use super::{Buffers, Search};
use crate::scheduler::framework::MAX_NODE_SCORE;
use crate::scheduler::plugins::{Plugin, inter_pod_affinity, pod_topology_spread};

impl Search<'_> {
    /// Fills `statics`: what each present group scores besides its resources.
    pub(super) fn score_groups(&self, feasible: usize, buffers: &mut Buffers) {
        let profile = self.env.profile;
        let weight = |wanted: Plugin| {
            profile.score.iter().find(|(plugin, _)| *plugin == wanted).map_or(0, |(_, weight)| *weight)
        };
        let base = |group: usize| &self.layer.bases[usize::from(self.class.groups[group].base)];
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
        if self.demand.constraints.scores_affinity() {
            buffers.raw.clear();
            let score = |group: &usize| self.demand.constraints.affinity_score(self.locals(*group), base(*group));
            buffers.raw.extend(present.iter().map(score));
            inter_pod_affinity::normalize(&mut buffers.raw);
            let weight = weight(Plugin::InterPodAffinity);
            for (fixed, score) in buffers.statics.iter_mut().zip(&buffers.raw) {
                *fixed += score * weight;
            }
        }
        if !self.demand.constraints.soft.is_empty() {
            self.score_spread(feasible, weight(Plugin::PodTopologySpread), buffers);
        }
    }

    /// Adds PodTopologySpread's scores to `statics`.
    #[expect(clippy::cast_precision_loss, reason = "kube-scheduler computes with float64")]
    #[expect(clippy::cast_possible_truncation, reason = "counts of pods, far from the limits")]
    fn score_spread(&self, feasible: usize, weight: i64, buffers: &mut Buffers) {
        let soft = &self.demand.constraints.soft;
        let base = |group: usize| &self.layer.bases[usize::from(self.class.groups[group].base)];
        let is_ignored = |group: usize| {
            let constraints = &self.demand.constraints;
            let lacks = |constraint: &Soft| constraints.domain(constraint.tally, base(group)) == NO_DOMAIN;
            constraints.requires_all_keys && soft.iter().any(lacks)
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
        for (constraint, weight) in soft.iter().zip(weights.iter_mut()) {
            let size = if constraint.is_hostname {
                feasible - ignored
            } else {
                // A missing key is a domain too where it is tolerated.
                buffers.domains.clear();
                let mut nodes = 0;
                for group in counted() {
                    let domain = self.demand.constraints.domain(constraint.tally, base(group));
                    if domain != NO_DOMAIN && self.demand.constraints.tallies[constraint.tally].is_local {
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
                for (constraint, weight) in soft.iter().zip(&*weights) {
                    let locals = self.locals(*group);
                    if let Some(count) = self.demand.constraints.value(constraint.tally, locals, base(*group)) {
                        score += count as f64 * weight + (constraint.max_skew - 1) as f64;
                    }
                }
            }
            buffers.raw.push(score.round() as i64);
        }
        let of_counted =
            || present.iter().zip(&buffers.raw).filter(|(group, _)| !is_ignored(**group)).map(|(_, raw)| *raw);
        let (min, max) = (of_counted().min().unwrap_or(0), of_counted().max().unwrap_or(0));
        for ((group, raw), fixed) in present.iter().zip(&buffers.raw).zip(&mut buffers.statics) {
            if !is_ignored(*group) {
                *fixed += weight * pod_topology_spread::normalized(*raw, min, max);
            }
        }
    }
}
