//! Stranded resources: free CPU and memory of a node that pods of its proportions cannot use.

/// Stranded CPU and memory of a node (see [`cpu_stranded`](crate::record::ClusterSeries)), from what is allocatable and requested of each.
pub fn stranded(cpu: (i64, i64), memory: (i64, i64)) -> (i64, i64) {
    if cpu.0 <= 0 || memory.0 <= 0 {
        return (0, 0);
    }
    // What of the one goes with the part of the other that is requested, in proportion.
    let beside = |whole: i64, (allocatable, requested): (i64, i64)| {
        let requested = requested.clamp(0, allocatable);
        if let Some(product) = requested.checked_mul(whole) {
            return product / allocatable;
        }
        let share = i128::from(requested) * i128::from(whole) / i128::from(allocatable);
        i64::try_from(share).unwrap_or(whole)
    };
    let free_beside = |(allocatable, requested): (i64, i64), neighbour: (i64, i64)| {
        (beside(allocatable, neighbour) - requested.clamp(0, allocatable)).max(0)
    };
    (free_beside(cpu, memory), free_beside(memory, cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stranded() {
        let cases = [
            ((1000, 0), (4000, 0), (0, 0), "an empty node"),
            ((1000, 250), (4000, 1000), (0, 0), "used in proportion"),
            ((1000, 250), (4000, 4000), (750, 0), "no memory is left for the free CPU"),
            ((1000, 250), (4000, 2000), (250, 0), "half of the memory is free: half of the CPU could be used"),
            ((1000, 1000), (4000, 1000), (0, 3000), "no CPU is left for the free memory"),
            ((1000, 1200), (4000, 9000), (0, 0), "more than all is requested (pods bound by hand)"),
            ((0, 0), (4000, 1000), (0, 0), "a node without CPU"),
        ];
        for (cpu, memory, expected, why) in cases {
            assert_eq!(stranded(cpu, memory), expected, "{why}");
        }
    }
}
