//! How many requests an arrival finds at a pod: a birth-death chain.
//!
//! Requests come as a Poisson process, so that an arrival finds what is there on average (Wolff 1982). With `n` at the pod
//! they end at the rate that the pod has with `n`: `min(n, cores)` over the CPU time without a limit of workers, which is M/M/c, and
//! holds for each distribution of CPU time, as the cores are shared (Kelly 1979); with workers the throughput of as many as
//! are at work (the flow-equivalent server of Chandy, Herzog and Woo 1975), from which more than workers change nothing.

use super::pod::{PodServer, float};

/// Longer heads are those of pods that are as good as without a limit.
const LONGEST_HEAD: usize = 4096;

/// The number of requests that an arrival finds that is let in.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Probability of at most as many, for the numbers below `head`.
    cumulative: Vec<f64>,
    /// From this number on the rate of endings is always the same.
    head: usize,
    /// Arrivals over endings there.
    ratio: f64,
    /// Places from `head` on; `None` is no limit.
    places: Option<usize>,
    /// Share of arrivals that find no place.
    lost: f64,
}

impl Chain {
    /// The chain of a pod to which `rate` requests come per second. `None` if each request finds a core of its own.
    pub fn new(pod: &PodServer, rate: f64) -> Option<Self> {
        let head = match pod.workers {
            Some(workers) => workers,
            None => whole(pod.cores.ceil()),
        };
        if head > LONGEST_HEAD || (pod.cpu.mean() <= 0.0 && pod.workers.is_none()) {
            return None;
        }
        let ends = |count: usize| match pod.workers {
            Some(_) => pod.throughput(count),
            None => float(count).min(pod.cores) / pod.cpu.mean(),
        };
        let head = head.max(1);
        let ratio = rate / ends(head);
        let places = pod.workers.and(pod.queue);
        let mut logarithms = vec![0.0];
        let mut sum = 0.0;
        for count in 1..=head {
            sum += (rate / ends(count)).ln();
            logarithms.push(sum);
        }
        // Relative to the largest, so that none is too large for a float.
        let tail = places.map_or(0.0, |places| float(places) * ratio.ln());
        let largest = logarithms.iter().copied().fold(sum + tail, f64::max);
        let mut cumulative = Vec::with_capacity(head);
        let mut below = 0.0;
        for logarithm in &logarithms[..head] {
            below += (logarithm - largest).exp();
            cumulative.push(below);
        }
        let at_head = (sum - largest).exp();
        // Numbers from `head` on that an arrival may find: `places` of them, and one more where it finds no place.
        let above = match places {
            Some(places) => at_head * geometric(ratio, places),
            None if ratio < 1.0 => at_head / (1.0 - ratio),
            None => return None,
        };
        let full = places.map_or(0.0, |places| (sum + float(places) * ratio.ln() - largest).exp());
        let admitted = below + above;
        for probability in &mut cumulative {
            *probability /= admitted;
        }
        Some(Self { cumulative, head, ratio, places, lost: full / (admitted + full) })
    }

    /// Share of arrivals that find no place.
    pub const fn lost(&self) -> f64 {
        self.lost
    }

    /// The number that a share (0 to 1) of the arrivals do not find exceeded.
    pub fn quantile(&self, share: f64) -> usize {
        let below = self.cumulative.last().copied().unwrap_or(0.0);
        if share < below {
            return self.cumulative.partition_point(|cumulative| *cumulative <= share);
        }
        let rest = ((share - below) / (1.0 - below).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let (ratio, most) = (self.ratio, self.places.map_or(usize::MAX, |places| places.saturating_sub(1)));
        let beyond = if (ratio - 1.0).abs() < 1e-9 {
            rest * self.places.map_or(0.0, float)
        } else {
            let end = self.places.map_or(0.0, |places| ratio.powf(float(places)));
            // Past the largest float all is at the upper end.
            if end.is_finite() {
                (1.0 - rest * (1.0 - end)).ln() / ratio.ln()
            } else {
                float(most) + rest.ln() / ratio.ln()
            }
        };
        self.head + whole(beyond).min(most)
    }

    /// The mean and the variance of a function of the number that an arrival finds.
    pub fn moments(&self, of: impl Fn(usize) -> f64) -> (f64, f64) {
        let (mut mean, mut square, mut before) = (0.0, 0.0, 0.0);
        for (count, cumulative) in self.cumulative.iter().enumerate() {
            let value = of(count);
            mean += value * (cumulative - before);
            square += value * value * (cumulative - before);
            before = *cumulative;
        }
        let mut probability = (1.0 - before)
            * if self.places.is_some() {
                1.0 / geometric(self.ratio, self.places.unwrap_or(0)).max(f64::MIN_POSITIVE)
            } else {
                1.0 - self.ratio
            };
        let mut left = 1.0 - before;
        for beyond in 0..self.places.unwrap_or(usize::MAX) {
            let value = of(self.head + beyond);
            mean += value * probability;
            square += value * value * probability;
            left -= probability;
            if left <= 1e-12 {
                break;
            }
            probability *= self.ratio;
        }
        (mean, (square - mean * mean).max(0.0))
    }
}

/// `1 + ratio + ratio^2 ...`, so many terms.
fn geometric(ratio: f64, terms: usize) -> f64 {
    if (ratio - 1.0).abs() < 1e-9 { float(terms) } else { (1.0 - ratio.powf(float(terms))) / (1.0 - ratio) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float-to-integer cast saturates")]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}
