//! What a CPU limit costs: the quota of a period runs out, and requests stand still until the next one.
//!
//! Work comes in lumps, so a period of 100 ms may bring more than its quota. What is left over at the end of a period is a random
//! walk with a bound at zero; far from zero its distribution is exponential, with the correction of Siegmund (1979) for steps that
//! are not small: `P(left > v) = exp(-2 d (v + 0.5826 s) / s^2)`, with `d` the quota less the mean of the work per period and `s`
//! the standard deviation of that work. A request then waits for the work before it, first come first served.

use super::laws::{exponential, gamma};
use super::pod::{PodServer, float};

/// Period of a quota in seconds: `cpu.cfs_period_us` of the kernel, which kubelets keep at its default.
const PERIOD: f64 = 0.1;
/// By how much a random walk overshoots a bound, in standard deviations of a step: `-zeta(1/2) / sqrt(2 pi)`.
const OVERSHOOT: f64 = 0.5826;

/// A quota under a load.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// CPU seconds of a period.
    quota: f64,
    rate: f64,
    cpu: f64,
    squared_variation: f64,
    cores: f64,
    /// Of the work that is left over: the factor of the exponent, and the overshoot.
    decay: f64,
    overshoot: f64,
}

impl Throttle {
    /// The quota of a pod to which `rate` requests come per second, less than it can serve; `None` without a quota that
    /// could run out.
    pub fn new(pod: &PodServer, rate: f64) -> Option<Self> {
        let most_at_once = pod.workers.map_or(pod.cores, |workers| pod.cores.min(float(workers)));
        let quota = pod.quota.filter(|quota| *quota < most_at_once)? * PERIOD;
        let variance = rate * PERIOD * pod.cpu.second_moment();
        let drift = quota - rate * PERIOD * pod.cpu.mean();
        Some(Self {
            quota,
            rate,
            cpu: pod.cpu.mean(),
            squared_variation: pod.cpu.squared_variation(),
            cores: most_at_once,
            decay: if variance > 0.0 { 2.0 * drift / variance } else { f64::INFINITY },
            overshoot: OVERSHOOT * variance.sqrt(),
        })
    }

    /// Seconds until a request of `own` CPU seconds has them. The shares say where it stands among others: when in a period it
    /// comes, how much was left over, how many came before it in the period, and what those cost.
    pub fn time(&self, own: f64, [phase, left_over, earlier, their_cost]: [f64; 4]) -> f64 {
        let into = phase * PERIOD;
        let left_over = (exponential(left_over) / self.decay - self.overshoot).max(0.0);
        let count = poisson(self.rate * into, earlier);
        let shape = if self.squared_variation > 0.0 { count / self.squared_variation } else { f64::INFINITY };
        let work = left_over + gamma(shape, count * self.cpu, their_cost) + own;
        let periods = (work / self.quota).ceil() - 1.0;
        if periods <= 0.0 {
            return own;
        }
        let rest = work - periods * self.quota;
        let at_once = (rest / self.cpu).clamp(1.0, self.cores.max(1.0));
        periods * PERIOD - into + rest.min(own).max(rest / at_once)
    }
}

/// The number that a share of draws from a Poisson distribution do not exceed.
fn poisson(mean: f64, share: f64) -> f64 {
    if mean > 200.0 {
        return gamma(mean, mean, share).round();
    }
    let (mut count, mut probability) = (0.0, (-mean).exp());
    let mut below = probability;
    while below < share && count < 1000.0 {
        count += 1.0;
        probability *= mean / count;
        below += probability;
    }
    count
}
