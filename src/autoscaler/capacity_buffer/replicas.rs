//! How many chunks a buffer asks for.

use super::BufferRules;
use crate::api::{CapacityBuffer, ResourceAmounts, ResourceList};

/// The number of chunks of `requests` each that a buffer asks for (`getBufferNumberOfPods` of the Cluster Autoscaler,
/// `computeReplicas` of Karpenter): the larger of `replicas` and `percentage` of the workload's replicas, as far as the
/// limits allow; without both as many as the limits allow. `scalable_replicas` are those of the workload, if the buffer
/// refers to one.
///
/// # Errors
/// Why the number cannot be told, in the Cluster Autoscaler's words.
pub fn desired_replicas(
    buffer: &CapacityBuffer,
    requests: &ResourceAmounts,
    scalable_replicas: Option<i32>,
    rules: BufferRules,
) -> Result<i32, &'static str> {
    let fixed = buffer.replicas.map(|replicas| replicas.max(0));
    let share = buffer.percentage.zip(scalable_replicas).and_then(|(percentage, replicas)| match rules {
        BufferRules::ClusterAutoscaler => Some(share_of(percentage, replicas)),
        BufferRules::Karpenter => (replicas > 0).then(|| share_of(percentage, replicas)),
    });
    let wanted = fixed.max(share);
    let limit = buffer.limits.as_ref().map(|limits| chunks_within(limits, requests));
    match (rules, wanted, limit) {
        (_, wanted, Some(Some(limit))) => Ok(wanted.map_or(limit, |wanted| wanted.min(limit))),
        (BufferRules::ClusterAutoscaler, _, Some(None)) => {
            Err("resources in configured limits not found in the pod template")
        }
        (BufferRules::ClusterAutoscaler, None, None) => Err("replicas, percentage and limits are not defined"),
        (_, wanted, _) => Ok(wanted.unwrap_or(0)),
    }
}

/// A share of a workload's replicas, rounded up.
fn share_of(percentage: i32, replicas: i32) -> i32 {
    if percentage <= 0 || replicas <= 0 {
        return 0;
    }
    let share = (i64::from(percentage) * i64::from(replicas)).div_euclid(100)
        + i64::from((i64::from(percentage) * i64::from(replicas)) % 100 != 0);
    i32::try_from(share).unwrap_or(i32::MAX)
}

/// How many chunks request no more than the limits; `None` where the limits name nothing that a chunk requests.
fn chunks_within(limits: &ResourceList, requests: &ResourceAmounts) -> Option<i32> {
    let limits = ResourceAmounts::from_list(limits);
    let limit_of = |name: &str| limits.amounts().find(|(limited, _)| *limited == name).map(|(_, amount)| amount);
    let requested = requests.amounts().filter(|(_, amount)| *amount > 0);
    let fitting = requested.filter_map(|(name, amount)| Some(limit_of(name)? / amount)).filter(|chunks| *chunks >= 0);
    fitting.min().map(|chunks| i32::try_from(chunks).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ACTIVE_CAPACITY, ObjectMeta};
    use crate::units::{Bytes, MilliCpu};
    use BufferRules::{ClusterAutoscaler, Karpenter};

    #[test]
    fn the_larger_of_replicas_and_percentage_within_the_limits() {
        let none = (None, None, None);
        let nothing = "replicas, percentage and limits are not defined";
        let elsewhere = "resources in configured limits not found in the pod template";
        // Chunks of 500m and 1 GiB; limits in millicores and GiB.
        let cases = [
            ((Some(3), None, None), None, Ok(3), Ok(3), "a number"),
            ((Some(3), Some(20), None), Some(40), Ok(8), Ok(8), "20 % of 40 are more than 3"),
            ((Some(9), Some(20), None), Some(40), Ok(9), Ok(9), "3 of 20 % are less than 9"),
            ((None, Some(15), None), Some(7), Ok(2), Ok(2), "1.05 are rounded up"),
            ((None, Some(10), None), Some(0), Ok(0), Ok(0), "a share of nothing"),
            ((None, Some(10), None), None, Err(nothing), Ok(0), "a share without a workload"),
            ((Some(9), None, Some((Some(2_000), None))), None, Ok(4), Ok(4), "2 cores hold 4"),
            ((None, None, Some((Some(2_000), Some(3)))), None, Ok(3), Ok(3), "as many as 3 GiB hold"),
            ((Some(5), None, Some((None, None))), None, Err(elsewhere), Ok(5), "limits of something else"),
            (none, None, Err(nothing), Ok(0), "nothing said"),
            ((None, Some(50), Some((Some(2_000), None))), Some(0), Ok(0), Ok(4), "Karpenter takes the limits alone"),
        ];
        let requests = ResourceAmounts {
            cpu: Some(MilliCpu::new(500)),
            memory: Some(Bytes::new(1 << 30)),
            ..ResourceAmounts::default()
        };
        for ((replicas, percentage, limits), scalable, by_autoscaler, by_karpenter, why) in cases {
            let limits = limits.map(|(cpu, gib): (Option<i64>, Option<i64>)| ResourceList {
                cpu: cpu.map(MilliCpu::new),
                memory: gib.map(|gib| Bytes::new(gib << 30)),
                ephemeral_storage: Some(Bytes::new(1)),
                ..ResourceList::default()
            });
            let strategy = ACTIVE_CAPACITY.into();
            let meta = ObjectMeta::default();
            let buffer = CapacityBuffer { meta, shape: None, replicas, percentage, limits, strategy };
            let found = |rules| desired_replicas(&buffer, &requests, scalable, rules);
            assert_eq!(found(ClusterAutoscaler), by_autoscaler, "{why}");
            assert_eq!(found(Karpenter), by_karpenter, "{why}");
        }
    }
}
