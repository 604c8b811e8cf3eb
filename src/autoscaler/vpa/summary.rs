//! What is recommended for containers, and how much of their usage is above it.

use super::config::RecommenderConfig;
use super::recommend::recommend;
use super::usage::{Aggregate, HistogramOptions};
use crate::api::{ContainerResourcePolicy, Name, RecommendedContainerResources};

/// A recommendation with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct RecommendationSummary {
    /// The recommendation.
    pub recommended: RecommendedContainerResources,
    /// CPU samples.
    pub samples: u64,
    /// Share of the CPU samples above the target.
    pub cpu_above_target: f64,
    /// Share of the memory peaks above the target.
    pub memory_above_target: f64,
}

/// Recommends for containers and says how much is above the targets.
pub fn summarize(
    known: &[(Name, Aggregate)],
    policies: &[ContainerResourcePolicy],
    config: &RecommenderConfig,
    options: &HistogramOptions,
) -> Vec<RecommendationSummary> {
    let borrowed: Vec<(Name, &Aggregate)> = known.iter().map(|(name, aggregate)| (name.clone(), aggregate)).collect();
    let with_usage = |recommended: RecommendedContainerResources| {
        let (_, aggregate) = known.iter().find(|(name, _)| *name == recommended.container_name)?;
        let target = recommended.target;
        Some(RecommendationSummary {
            samples: aggregate.sample_count(),
            cpu_above_target: target.cpu.map_or(0.0, |cpu| aggregate.cpu_above(options, cpu.as_cores())),
            memory_above_target: target.memory.map_or(0.0, |memory| aggregate.memory_above(options, memory.as_f64())),
            recommended,
        })
    };
    recommend(&borrowed, policies, config, options).into_iter().filter_map(with_usage).collect()
}
