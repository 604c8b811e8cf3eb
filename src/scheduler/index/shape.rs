//! Whether a pod's requests fit a node, and the points of NodeResourcesFit and NodeResourcesBalancedAllocation there: from a
//! few numbers of the node in the usual case, else from the plugins themselves.

use super::node_table::NodeLoad;
use crate::api::KubernetesVersion;
use crate::scheduler::config::{Profile, ScoringStrategy};
use crate::scheduler::framework::{Failure, MAX_NODE_SCORE};
use crate::scheduler::plugins::{Plugin, balanced_allocation, node_resources_fit};
use crate::scheduler::view::{NodeInfo, PodInfo, ResourceKey, Resources};

/// How NodeResourcesFit scores a class.
#[derive(Clone, Debug)]
enum FitScore {
    /// By cpu and memory with these weights, least (or else most) allocated first.
    Quick { least: bool, cpu_weight: i64, memory_weight: i64 },
    /// By the plugin.
    Plugin,
}

/// What a class asks of the resources of a node.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
pub struct Shape {
    requests: (i64, i64, i64),
    scored: (i64, i64),
    /// [`quick`](Self::quick) may answer.
    is_quick: bool,
    /// The filter needs no more than [`NodeLoad`].
    quick_filter: bool,
    filters: bool,
    fit_weight: i64,
    fit: FitScore,
    balanced_weight: i64,
    quick_balance: bool,
    version: KubernetesVersion,
}

impl Shape {
    /// The shape of a pod under a profile; `None` if the weights are too large for the index.
    pub fn new(pod: &PodInfo, profile: &Profile) -> Option<Self> {
        let requests = &pod.requests().requests;
        let scored = &pod.requests().scored;
        let weight_of = |wanted: Plugin| {
            profile.score.iter().find(|(plugin, _)| *plugin == wanted).map_or(0, |(_, weight)| *weight)
        };
        let skips_balance = profile.pre_score.contains(&Plugin::NodeResourcesBalancedAllocation)
            && balanced_allocation::skips_score(&profile.args.balanced_resources, pod);
        let balanced_weight = if skips_balance { 0 } else { weight_of(Plugin::NodeResourcesBalancedAllocation) };
        let fit_weight = weight_of(Plugin::NodeResourcesFit);
        let sum = fit_weight.checked_add(balanced_weight)?.checked_mul(MAX_NODE_SCORE)?;
        if fit_weight < 0 || balanced_weight < 0 || sum >= i64::from(u16::MAX) {
            return None;
        }
        let mut weights = (0, 0);
        let mut is_quick = true;
        for scored in &profile.args.fit.resources {
            match scored.resource {
                ResourceKey::Cpu => weights.0 += scored.weight,
                ResourceKey::Memory => weights.1 += scored.weight,
                _ => is_quick = false,
            }
        }
        let least = match &profile.args.fit.strategy {
            ScoringStrategy::LeastAllocated => Some(true),
            ScoringStrategy::MostAllocated => Some(false),
            ScoringStrategy::RequestedToCapacityRatio { .. } => None,
        };
        // With a resource listed twice the plugin truncates twice.
        is_quick &= profile.args.fit.resources.len() <= 2;
        is_quick &= profile.args.fit.resources.windows(2).all(|pair| pair[0].resource != pair[1].resource);
        let fit = match least {
            Some(least) if is_quick => FitScore::Quick { least, cpu_weight: weights.0, memory_weight: weights.1 },
            _ => FitScore::Plugin,
        };
        let numbers = (requests.cpu.get(), requests.memory.get(), requests.ephemeral_storage.get());
        let quick_filter = requests.scalar.is_empty();
        let filters = profile.filter.contains(&Plugin::NodeResourcesFit);
        let quick_balance = profile.args.balanced_resources == [ResourceKey::Cpu, ResourceKey::Memory];
        let scores_both = fit_weight > 0 && balanced_weight > 0 && weights.0 > 0 && weights.1 > 0;
        Some(Self {
            requests: numbers,
            is_quick: quick_filter && filters && quick_balance && scores_both && is_quick,
            scored: (scored.cpu.get(), scored.memory.get()),
            quick_filter,
            filters,
            fit_weight,
            fit,
            balanced_weight,
            quick_balance,
            version: profile.version,
        })
    }

    /// Whether cpu, memory, ephemeral storage and the number of pods suffice.
    #[inline]
    fn fits(&self, load: &NodeLoad) -> bool {
        let fits_one = |request: i64, free: i64| request <= 0 || request <= free;
        load.free_pods > 0
            && fits_one(self.requests.0, load.allocatable_cpu.saturating_sub(load.requested_cpu))
            && fits_one(self.requests.1, load.allocatable_memory.saturating_sub(load.requested_memory))
            && fits_one(self.requests.2, load.free_ephemeral)
    }

    /// Whether the requests fit the node, with `nominated` pods (their number and requests) included.
    pub fn filter<'a>(
        &self,
        load: &NodeLoad,
        profile: &Profile,
        pod: &PodInfo,
        node: impl Fn() -> Option<&'a NodeInfo>,
        nominated: Option<&(i64, Resources)>,
    ) -> Result<(), Failure> {
        if !self.filters {
            return Ok(());
        }
        if self.quick_filter && nominated.is_none() && self.fits(load) {
            return Ok(());
        }
        let Some(node) = node() else { return Ok(()) };
        let mut with_nominated;
        let (others, requested) = match nominated {
            Some((pods, requests)) => {
                with_nominated = node.requested().clone();
                with_nominated.add(requests);
                (*pods, &with_nominated)
            }
            None => (0, node.requested()),
        };
        let args = &profile.args.fit;
        let shortage = node_resources_fit::shortage(
            &args.ignored_resources,
            &args.ignored_resource_groups,
            &pod.requests().requests,
            node.allocatable(),
            requested,
            node.free_pods() - others,
        );
        shortage.into_result()
    }

    /// The weighted sum of both scores of a node where the requests fit, if a few numbers tell both: as
    /// [`filter`](Self::filter) without nominated pods and [`score`](Self::score) find them.
    #[inline]
    pub fn quick(&self, load: &NodeLoad) -> Option<u16> {
        let FitScore::Quick { least, cpu_weight, memory_weight } = self.fit else { return None };
        let (cpu, memory) = (load.allocatable_cpu, load.allocatable_memory);
        if !(self.is_quick && self.fits(load)) || cpu <= 0 || memory <= 0 {
            return None;
        }
        let cpu_score =
            node_resources_fit::allocation_score(least, load.non_zero_cpu.saturating_add(self.scored.0), cpu);
        let memory_score =
            node_resources_fit::allocation_score(least, load.non_zero_memory.saturating_add(self.scored.1), memory);
        let fit = match (cpu_weight, memory_weight) {
            (1, 1) => i64::midpoint(cpu_score, memory_score),
            _ => (cpu_score * cpu_weight + memory_score * memory_weight) / (cpu_weight + memory_weight),
        };
        let balance = balanced_allocation::balance_of_two(
            (load.requested_cpu.saturating_add(self.requests.0), cpu),
            (load.requested_memory.saturating_add(self.requests.1), memory),
        );
        let balanced = balanced_allocation::score_of(self.version, balance, i64::from(load.balance));
        u16::try_from(fit * self.fit_weight + balanced * self.balanced_weight).ok()
    }

    /// What is short where the requests do not fit, as a number below [`SHORTAGES`](Self::SHORTAGES), if a few numbers tell:
    /// nodes of one number fail for the same reason.
    #[inline]
    pub fn quick_shortage(&self, load: &NodeLoad) -> Option<usize> {
        if !self.is_quick || (self.requests.2 > 0 && self.requests.2 > load.free_ephemeral) {
            return None;
        }
        let is_short = |request: i64, offered: i64, taken: i64| request > 0 && request > offered.saturating_sub(taken);
        let cpu = is_short(self.requests.0, load.allocatable_cpu, load.requested_cpu);
        let memory = is_short(self.requests.1, load.allocatable_memory, load.requested_memory);
        let pods = load.free_pods < 1;
        let is_unresolvable =
            (cpu && self.requests.0 > load.allocatable_cpu) || (memory && self.requests.1 > load.allocatable_memory);
        let number =
            usize::from(cpu) | usize::from(memory) << 1 | usize::from(pods) << 2 | usize::from(is_unresolvable) << 3;
        (number != 0).then_some(number)
    }

    /// How many numbers [`quick_shortage`](Self::quick_shortage) may give.
    pub const SHORTAGES: usize = 16;

    /// The weighted sum of both scores; below `u16::MAX` by construction.
    pub fn score<'a>(
        &self,
        load: &NodeLoad,
        profile: &Profile,
        pod: &PodInfo,
        node: impl Fn() -> Option<&'a NodeInfo>,
    ) -> u16 {
        let fit = match &self.fit {
            _ if self.fit_weight == 0 => 0,
            FitScore::Quick { least, cpu_weight, memory_weight } => {
                let mut sum = (0, 0);
                let cpu = (load.non_zero_cpu.saturating_add(self.scored.0), load.allocatable_cpu, *cpu_weight);
                let memory =
                    (load.non_zero_memory.saturating_add(self.scored.1), load.allocatable_memory, *memory_weight);
                for (used, offered, weight) in [cpu, memory] {
                    if offered == 0 || weight == 0 {
                        continue;
                    }
                    sum.0 += weight * node_resources_fit::allocation_score(*least, used, offered);
                    sum.1 += weight;
                }
                if sum.1 == 0 { 0 } else { sum.0 / sum.1 }
            }
            FitScore::Plugin => node().map_or(0, |node| node_resources_fit::score(&profile.args.fit, pod, node)),
        };
        let balanced = if self.balanced_weight == 0 {
            0
        } else if self.quick_balance && load.allocatable_cpu != 0 && load.allocatable_memory != 0 {
            let with = balanced_allocation::balance_of_two(
                (load.requested_cpu.saturating_add(self.requests.0), load.allocatable_cpu),
                (load.requested_memory.saturating_add(self.requests.1), load.allocatable_memory),
            );
            balanced_allocation::score_of(self.version, with, i64::from(load.balance))
        } else {
            let resources = &profile.args.balanced_resources;
            node().map_or(0, |node| balanced_allocation::score(self.version, resources, pod, node))
        };
        u16::try_from(fit * self.fit_weight + balanced * self.balanced_weight).unwrap_or(u16::MAX)
    }
}
