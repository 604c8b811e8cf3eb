//! How the kernel shares the CPU of a node among pods that together want more than it has: the decision alone.
//!
//! Mirrors the cgroups that the kubelet makes (`pkg/kubelet/cm`, Kubernetes 1.36, cgroup v2): below `kubepods` stand the
//! Guaranteed pods, each by its requests, one group of all Burstable pods, by the sum of their requests, and one of all
//! BestEffort pods. Who wants less than its weight gives it leaves the rest to the others.
//!
//! Known deviations: what runs on the node beside pods takes nothing; the run queues of single cores, to which the kernel
//! balances, are one.

use crate::api::QosClass;
use crate::units::MilliCpu;

/// `MinShares`, `MaxShares` and `SharesPerCPU` of `pkg/kubelet/cm/helpers_linux.go`.
const MIN_SHARES: i64 = 2;
const MAX_SHARES: i64 = 262_144;
const SHARES_PER_CPU: i64 = 1024;
/// Demand that is within rounding of what there is is met.
const ROUNDING: f64 = 1e-9;

/// `cpu.shares` of a pod that requests so much: 1024 for each core, at least 2 (`MilliCPUToShares`).
pub fn cpu_shares(requests: MilliCpu) -> i64 {
    (requests.get().max(0).saturating_mul(SHARES_PER_CPU) / 1000).clamp(MIN_SHARES, MAX_SHARES)
}

/// `cpu.weight` of cgroup v2 for so many shares (`getCPUWeight` in `pkg/kubelet/cm/cgroup_manager_linux.go`).
pub fn cpu_weight(requests: MilliCpu) -> f64 {
    let weight = 1 + (cpu_shares(requests) - MIN_SHARES) * 9999 / (MAX_SHARES - MIN_SHARES);
    #[expect(clippy::cast_precision_loss, reason = "1 to 10000")]
    let weight = weight as f64;
    weight
}

/// A pod that wants CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contender {
    /// Its class, which says in which group it stands.
    pub class: QosClass,
    /// `cpu.weight` among its siblings.
    pub weight: f64,
    /// Cores that it would use if it were alone.
    pub wants: f64,
}

/// Shares out cores. `burstable` is the weight of the group of Burstable pods. What each contender gets is written to
/// `gets`, in their order.
pub fn share(cores: f64, burstable: f64, contenders: &[Contender], gets: &mut Vec<f64>) {
    let of = |class: QosClass| contenders.iter().filter(move |one| one.class == class);
    let sum = |class: QosClass| of(class).map(|one| one.wants).sum::<f64>();
    let mut top: Vec<(f64, f64)> = of(QosClass::Guaranteed).map(|one| (one.weight, one.wants)).collect();
    let (burstable_wants, best_effort_wants) = (sum(QosClass::Burstable), sum(QosClass::BestEffort));
    let best_effort = cpu_weight(MilliCpu::ZERO);
    top.extend([(burstable, burstable_wants), (best_effort, best_effort_wants)]);
    let level = level(cores, &mut top);
    let level_within = |class: QosClass, group: f64| {
        let mut members: Vec<(f64, f64)> = of(class).map(|one| (one.weight, one.wants)).collect();
        self::level(group, &mut members)
    };
    let burstable_level = level_within(QosClass::Burstable, burstable_wants.min(burstable * level));
    let best_effort_level = level_within(QosClass::BestEffort, best_effort_wants.min(best_effort * level));
    gets.clear();
    gets.extend(contenders.iter().map(|one| {
        let level = match one.class {
            QosClass::Guaranteed => level,
            QosClass::Burstable => burstable_level,
            QosClass::BestEffort => best_effort_level,
        };
        one.wants.min(one.weight * level)
    }));
}

/// Cores for each unit of weight when all that want more than that get as much and the others what they want; infinite if
/// there is enough for all. Each is (weight, wants); their order is changed.
fn level(cores: f64, siblings: &mut [(f64, f64)]) -> f64 {
    let wanted: f64 = siblings.iter().map(|(_, wants)| wants).sum();
    if wanted <= cores + ROUNDING {
        return f64::INFINITY;
    }
    siblings.sort_by(|(weight, wants), (other_weight, other_wants)| {
        (wants * other_weight).total_cmp(&(other_wants * weight))
    });
    let mut left = cores;
    let mut weights: f64 = siblings.iter().map(|(weight, _)| weight).sum();
    for (weight, wants) in siblings.iter() {
        let level = left / weights;
        if *wants > weight * level {
            return level;
        }
        left -= wants;
        weights -= weight;
    }
    f64::INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_become_weights_as_in_the_kubelet() {
        let cases = [
            (0, 2, 1.0, "no request: the least"),
            (1, 2, 1.0, "rounded down to less than the least"),
            (100, 102, 4.0, ""),
            (500, 512, 20.0, ""),
            (1000, 1024, 39.0, "one core"),
            (4000, 4096, 157.0, ""),
            (256_000, 262_144, 10_000.0, "the most"),
            (900_000, 262_144, 10_000.0, "more than the most"),
        ];
        for (requests, shares, weight, why) in cases {
            let requests = MilliCpu::new(requests);
            assert_eq!(cpu_shares(requests), shares, "{why}");
            assert!((cpu_weight(requests) - weight).abs() < 1e-12, "{requests:?} {why}");
        }
    }

    #[test]
    fn what_is_short_is_shared_by_weight() {
        use QosClass::{BestEffort, Burstable, Guaranteed};
        type Case<'a> = (f64, f64, &'a [(QosClass, f64, f64)], &'a [f64], &'a str);
        let cases: [Case<'_>; 8] = [
            (4.0, 40.0, &[(Burstable, 20.0, 1.0), (Burstable, 20.0, 2.0)], &[1.0, 2.0], "enough for all"),
            (4.0, 60.0, &[(Burstable, 40.0, 4.0), (Burstable, 20.0, 4.0)], &[8.0 / 3.0, 4.0 / 3.0], "two to one"),
            (4.0, 60.0, &[(Burstable, 40.0, 1.0), (Burstable, 20.0, 4.0)], &[1.0, 3.0], "what one leaves"),
            (3.0, 60.0, &[(Burstable, 20.0, 2.0); 3], &[1.0; 3], "equals"),
            (2.0, 20.0, &[(Guaranteed, 60.0, 2.0), (Burstable, 20.0, 2.0)], &[1.5, 0.5], "classes side by side"),
            (
                2.0,
                99.0,
                &[(Guaranteed, 1.0, 2.0), (Burstable, 1.0, 2.0)],
                &[0.02, 1.98],
                "the group has its own weight",
            ),
            (2.0, 39.0, &[(Burstable, 39.0, 2.0), (BestEffort, 1.0, 2.0)], &[1.95, 0.05], "a fortieth for the rest"),
            (2.0, 39.0, &[(BestEffort, 1.0, 2.0), (BestEffort, 1.0, 0.5)], &[1.5, 0.5], "the rest alone has all"),
        ];
        for (cores, burstable, contenders, expected, why) in cases {
            let contenders: Vec<Contender> = contenders
                .iter()
                .map(|(class, weight, wants)| Contender { class: *class, weight: *weight, wants: *wants })
                .collect();
            let mut gets = Vec::new();
            share(cores, burstable, &contenders, &mut gets);
            let same = gets.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
            assert!(same && gets.len() == expected.len(), "{why}: {gets:?} is not {expected:?}");
        }
    }

    #[test]
    fn no_core_is_idle_while_one_is_wanted() {
        let mut random = 11_u64;
        let mut draw = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u32::try_from((random >> 33) % bound).unwrap()
        };
        let classes = [QosClass::Guaranteed, QosClass::Burstable, QosClass::BestEffort];
        for _ in 0..2000 {
            let mut contenders = Vec::new();
            for _ in 0..7 {
                let class = classes[draw(3) as usize];
                let (weight, wants) = (1.0 + f64::from(draw(100)), f64::from(draw(40)) / 10.0);
                contenders.push(Contender { class, weight, wants });
            }
            let cores = 1.0 + f64::from(draw(8));
            let mut gets = Vec::new();
            share(cores, 1.0 + f64::from(draw(100)), &contenders, &mut gets);
            let (wanted, got) = (contenders.iter().map(|one| one.wants).sum::<f64>(), gets.iter().sum::<f64>());
            assert!((got - wanted.min(cores)).abs() < 1e-9, "{got} of {wanted} on {cores}: {contenders:?}");
            assert!(gets.iter().zip(&contenders).all(|(got, one)| *got <= one.wants + 1e-12 && *got >= 0.0));
        }
    }
}
