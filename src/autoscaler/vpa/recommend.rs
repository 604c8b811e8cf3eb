//! The recommendation for the containers of a VerticalPodAutoscaler, as a pure function of what is known of their usage
//! (Vertical Pod Autoscaler `pkg/recommender/logic`): percentiles with a margin, bounds that widen where little is known,
//! a minimum by pod, and the resource policy.

use super::amounts::{MAX_RESOURCE_AMOUNT, amount_of, float, rounded_up, scaled};
use super::config::RecommenderConfig;
use super::usage::{Aggregate, HistogramOptions, confidence};
use crate::api::{ContainerResourcePolicy, CpuAndMemory, Name, RecommendedContainerResources, container_policy};
use crate::units::{Bytes, MilliCpu};

/// The lower bound is divided by the square of one and this share of the inverse confidence.
const LOWER_BOUND_CONFIDENCE: f64 = 0.001;

/// One resource's target, lower and upper bound, in millicores or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Estimate {
    target: i64,
    lower_bound: i64,
    upper_bound: i64,
}

impl Estimate {
    fn map(self, change: impl Fn(i64) -> i64) -> Self {
        Self {
            target: change(self.target),
            lower_bound: change(self.lower_bound),
            upper_bound: change(self.upper_bound),
        }
    }
}

/// Recommends for containers, each with what is known of it, in their order. Containers whose policy is `Off` are left out.
pub fn recommend(
    containers: &[(Name, &Aggregate)],
    policies: &[ContainerResourcePolicy],
    config: &RecommenderConfig,
    options: &HistogramOptions,
) -> Vec<RecommendedContainerResources> {
    let is_on = |name: &Name| !container_policy(policies, name).is_some_and(|policy| policy.is_off);
    let recommended: Vec<_> = containers.iter().filter(|(name, _)| is_on(name)).collect();
    if recommended.is_empty() {
        return Vec::new();
    }
    // The minimum of a pod is shared evenly among its containers.
    let share = 1.0 / float(i64::try_from(recommended.len()).unwrap_or(i64::MAX));
    let min_cpu = scaled(amount_of(config.pod_min_cpu_millicores * 0.001 * 1000.0), share);
    let min_memory = scaled(amount_of(config.pod_min_memory_mb * 1024.0 * 1024.0), share);
    let of_container = |(name, aggregate): &&(Name, &Aggregate)| {
        let policy = container_policy(policies, name);
        let cpu = estimate_cpu(aggregate, config, options)
            .map(|amount| rounded_up(amount.max(min_cpu), config.round_cpu.get()));
        let memory = estimate_memory(aggregate, config, options)
            .map(|amount| rounded_up(amount.max(min_memory), config.round_memory.get()));
        let controls_cpu = policy.is_none_or(|policy| policy.controls_cpu);
        let controls_memory = policy.is_none_or(|policy| policy.controls_memory);
        let both = |of: fn(Estimate) -> i64| CpuAndMemory {
            cpu: controls_cpu.then(|| MilliCpu::new(of(cpu))),
            memory: controls_memory.then(|| Bytes::new(of(memory))),
        };
        let target = both(|estimate| estimate.target);
        RecommendedContainerResources {
            container_name: name.clone(),
            target: within_policy(target, policy, config),
            lower_bound: within_policy(both(|estimate| estimate.lower_bound), policy, config),
            upper_bound: within_policy(both(|estimate| estimate.upper_bound), policy, config),
            uncapped_target: target,
        }
    };
    recommended.iter().map(of_container).collect()
}

fn estimate_cpu(aggregate: &Aggregate, config: &RecommenderConfig, options: &HistogramOptions) -> Estimate {
    let at = |share| amount_of(aggregate.cpu_percentile(options, share) * 1000.0);
    let shares = [config.target_cpu_percentile, config.lower_bound_cpu_percentile, config.upper_bound_cpu_percentile];
    estimate(shares.map(at), confidence(aggregate, config.confidence_interval_cpu), config)
}

fn estimate_memory(aggregate: &Aggregate, config: &RecommenderConfig, options: &HistogramOptions) -> Estimate {
    let at = |share| amount_of(aggregate.memory_percentile(options, share));
    let shares =
        [config.target_memory_percentile, config.lower_bound_memory_percentile, config.upper_bound_memory_percentile];
    estimate(shares.map(at), confidence(aggregate, config.confidence_interval_memory), config)
}

/// Adds the margin to what target, lower and upper bound are by percentile, and widens the bounds by the confidence.
fn estimate(percentiles: [i64; 3], confidence: f64, config: &RecommenderConfig) -> Estimate {
    let [target, lower, upper] =
        percentiles.map(|amount| amount.saturating_add(scaled(amount, config.safety_margin_fraction)));
    let widened = 1.0 + LOWER_BOUND_CONFIDENCE / confidence;
    Estimate {
        target: target.min(MAX_RESOURCE_AMOUNT),
        lower_bound: scaled(lower, 1.0 / (widened * widened)),
        upper_bound: scaled(upper, 1.0 + 1.0 / confidence),
    }
}

/// Amounts within `minAllowed` and `maxAllowed` of a container's policy, and below the recommender's own maximum for what the
/// policy does not name. A bound of zero is none.
fn within_policy(
    amounts: CpuAndMemory,
    policy: Option<&ContainerResourcePolicy>,
    config: &RecommenderConfig,
) -> CpuAndMemory {
    let (min, max) = policy.map(|policy| (policy.min_allowed, policy.max_allowed)).unwrap_or_default();
    CpuAndMemory {
        cpu: amounts.cpu.map(|amount| bounded(amount, min.cpu, max.cpu.or(config.max_allowed_cpu))),
        memory: amounts.memory.map(|amount| bounded(amount, min.memory, max.memory.or(config.max_allowed_memory))),
    }
}

/// An amount raised to a minimum, then lowered to a maximum, where they are given and not zero.
pub(super) fn bounded<T: Copy + Ord + Default>(amount: T, min: Option<T>, max: Option<T>) -> T {
    let given = |bound: Option<T>| bound.filter(|bound| *bound != T::default());
    let raised = given(min).map_or(amount, |min| amount.max(min));
    given(max).map_or(raised, |max| raised.min(max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ControlledValues;
    use crate::autoscaler::vpa::usage::ContainerUsage;
    use crate::units::{SimDuration, SimTime};
    use proptest::prelude::*;

    fn policy(min: i64, max: i64) -> ContainerResourcePolicy {
        let amounts = |cpu: i64| CpuAndMemory { cpu: Some(MilliCpu::new(cpu)), memory: Some(Bytes::new(cpu << 20)) };
        ContainerResourcePolicy {
            container_name: "*".into(),
            is_off: false,
            min_allowed: amounts(min),
            max_allowed: amounts(max),
            controls_cpu: true,
            controls_memory: true,
            controlled_values: ControlledValues::RequestsAndLimits,
            oom_bump_up_ratio_milli: None,
            oom_min_bump_up: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever a container uses: the lower bound is not above the target, the target not above the upper bound, and all are
        /// within the policy.
        #[test]
        fn bounds_are_in_order_and_within_the_policy(
            samples in prop::collection::vec((0_i64..200, 0_i64..8000, 0_i64..16_000), 0..200),
            min in 1_i64..500,
            more in 0_i64..4000,
        ) {
            let config = RecommenderConfig::default();
            let options = HistogramOptions::new(&config);
            let mut aggregate = Aggregate::new(&options, SimTime::ZERO);
            let mut usage = ContainerUsage::default();
            let mut now = SimTime::ZERO;
            for (minutes, cpu, mebibytes) in samples {
                now += SimDuration::from_minutes(minutes);
                usage.add_cpu(&mut aggregate, &options, MilliCpu::new(cpu), now);
                let interval = config.memory_aggregation_interval;
                usage.add_memory(&mut aggregate, &options, interval, Bytes::new(mebibytes << 20), now);
            }
            let max = min + more;
            for policies in [Vec::new(), vec![policy(min, max)]] {
                let found = recommend(&[("app".into(), &aggregate)], &policies, &config, &options);
                let one = &found[0];
                let parts = [one.lower_bound, one.target, one.upper_bound];
                let cpu = parts.map(|part| part.cpu.unwrap().get());
                let memory = parts.map(|part| part.memory.unwrap().get());
                prop_assert!(cpu.is_sorted() && memory.is_sorted(), "{cpu:?} {memory:?}");
                if !policies.is_empty() {
                    prop_assert!(cpu.iter().all(|amount| (min..=max).contains(amount)), "{cpu:?}");
                    prop_assert!(memory.iter().all(|amount| (min << 20..=max << 20).contains(amount)), "{memory:?}");
                }
            }
        }
    }
}
