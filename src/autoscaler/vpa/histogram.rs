//! Decaying histograms with exponential buckets (Vertical Pod Autoscaler `pkg/recommender/util`): what the recommender
//! knows of a container's usage.

use crate::autoscaler::go_math::{logarithm, power, times_power_of_two, two_to};
use crate::units::{SimDuration, SimTime};

/// How much larger a bucket is than the one before it (`HistogramBucketSizeGrowth`).
const BUCKET_GROWTH: f64 = 0.05;
/// The weight below which a bucket counts as empty (`epsilon`, 0.001 times the least weight of a sample).
const EPSILON: f64 = 0.0001;
/// The reference time moves once a sample is more half-lives later (`maxDecayExponent`).
const MAX_DECAY_EXPONENT: i64 = 100;

/// The buckets of a histogram.
#[derive(Debug)]
pub struct Buckets {
    first: f64,
    ratio: f64,
    /// Where each begins.
    starts: Vec<f64>,
}

impl Buckets {
    /// The buckets of CPU usage in cores: from 0.01 to 1,000 cores.
    pub fn cpu() -> Self {
        Self::new(0.01, 1000.0)
    }

    /// The buckets of memory peaks in bytes: from 10 MB to 1 TB.
    pub fn memory() -> Self {
        Self::new(1e7, 1e12)
    }

    /// Buckets that grow exponentially, the first up to `first`, the last from `max` on (`NewExponentialHistogramOptions`).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred buckets")]
    fn new(first: f64, max: f64) -> Self {
        let ratio = 1.0 + BUCKET_GROWTH;
        let last = (logarithm(max * (ratio - 1.0) / first + 1.0) / logarithm(ratio)).ceil() as u32;
        let start = |bucket| if bucket == 0 { 0.0 } else { first * (power(ratio, bucket) - 1.0) / (ratio - 1.0) };
        Self { first, ratio, starts: (0..=last).map(start).collect() }
    }

    /// Where each bucket begins.
    #[cfg(test)]
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    fn last(&self) -> usize {
        self.starts.len() - 1
    }

    /// The bucket of a value.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "capped at the last bucket")]
    fn find(&self, value: f64) -> usize {
        if value < self.first {
            return 0;
        }
        let bucket = logarithm(value * (self.ratio - 1.0) / self.first + 1.0) / logarithm(self.ratio);
        (bucket as usize).min(self.last())
    }
}

/// How fast old samples lose weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decay {
    /// The age at which a sample counts half.
    pub half_life: SimDuration,
    /// How long before the start of the run a multiple of the half-life since the year 1 was: reference times are such
    /// multiples.
    pub offset: SimDuration,
}

impl Decay {
    /// The multiple of the half-life that is nearest to an instant.
    fn reference(self, time: SimTime) -> SimTime {
        let half_life = self.half_life.as_nanos().max(1);
        let past = (time.as_nanos().rem_euclid(half_life) + self.offset.as_nanos()).rem_euclid(half_life);
        let earlier = time - SimDuration::from_nanos(past);
        if past >= half_life - past { earlier + SimDuration::from_nanos(half_life) } else { earlier }
    }

    /// A span in half-lives.
    fn half_lives(self, span: SimDuration) -> f64 {
        nanos(span) / nanos(self.half_life)
    }
}

/// A span in nanoseconds as a float.
#[expect(clippy::cast_precision_loss, reason = "the recommender calculates in 64-bit floats")]
pub(super) fn nanos(span: SimDuration) -> f64 {
    span.as_nanos() as f64
}

/// A histogram whose samples lose weight with age. Instead of making old samples lighter it makes new ones heavier, from a
/// reference time on.
#[derive(Clone, Debug)]
pub struct Histogram {
    decay: Decay,
    weights: Vec<f64>,
    total: f64,
    /// The first and the last bucket that are not empty.
    lowest: usize,
    highest: usize,
    /// The instant at which a sample has its own weight; `None` before the first sample.
    reference: Option<SimTime>,
}

impl Histogram {
    /// An empty histogram.
    pub fn new(buckets: &Buckets, decay: Decay) -> Self {
        let count = buckets.starts.len();
        Self { decay, weights: vec![0.0; count], total: 0.0, lowest: count - 1, highest: 0, reference: None }
    }

    /// Adds a sample.
    pub fn add(&mut self, buckets: &Buckets, value: f64, weight: f64, time: SimTime) {
        let weight = weight * self.decay_factor(time);
        let bucket = buckets.find(value);
        self.weights[bucket] += weight;
        self.total += weight;
        if self.weights[bucket] >= EPSILON {
            self.lowest = self.lowest.min(bucket);
            self.highest = self.highest.max(bucket);
        }
    }

    /// Takes a sample back.
    pub fn subtract(&mut self, buckets: &Buckets, value: f64, weight: f64, time: SimTime) {
        let weight = weight * self.decay_factor(time);
        let bucket = buckets.find(value);
        self.weights[bucket] = without(self.weights[bucket], weight);
        self.total = without(self.total, weight);
        self.shrink();
    }

    /// Adds the samples of another histogram with the same buckets. The one with the earlier reference time takes over the
    /// later, also if that is the other.
    pub fn merge(&mut self, other: &mut Self) {
        // Before the first sample is earlier than any time.
        match (self.reference, other.reference) {
            (Some(ours), theirs) if theirs < Some(ours) => _ = other.move_reference(ours),
            (ours, Some(theirs)) if ours < Some(theirs) => _ = self.move_reference(theirs),
            _ => {}
        }
        for bucket in other.lowest..=other.highest {
            self.weights[bucket] += other.weights[bucket];
        }
        self.total += other.total;
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    /// Whether it has no sample that counts.
    pub fn is_empty(&self) -> bool {
        self.weights[self.lowest] < EPSILON
    }

    /// The value that a share of the weight is not above: the upper edge of its bucket. 0 if it is empty.
    pub fn percentile(&self, buckets: &Buckets, share: f64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let threshold = share * self.total;
        let mut sum = 0.0;
        let mut bucket = self.lowest;
        while bucket < self.highest {
            sum += self.weights[bucket];
            if sum >= threshold {
                break;
            }
            bucket += 1;
        }
        buckets.starts[(bucket + 1).min(buckets.last())]
    }

    /// The share of the weight in the buckets above that of a value.
    pub fn share_above(&self, buckets: &Buckets, value: f64) -> f64 {
        if self.is_empty() || self.total <= 0.0 {
            return 0.0;
        }
        // A value that is the upper edge of a bucket is above nothing of the next one.
        let next = buckets.starts.partition_point(|start| *start < value);
        let above: f64 = self.weights.iter().skip(next).sum();
        (above / self.total).clamp(0.0, 1.0)
    }

    /// The weight of a sample by its time, which may move the reference time.
    fn decay_factor(&mut self, time: SimTime) -> f64 {
        let reach = self.decay.half_life * MAX_DECAY_EXPONENT;
        let reference = match self.reference {
            Some(reference) if time <= reference + reach => reference,
            _ => self.move_reference(time),
        };
        two_to(self.decay.half_lives(time - reference))
    }

    /// Makes the multiple of the half-life at `time` the reference.
    fn move_reference(&mut self, time: SimTime) -> SimTime {
        let to = self.decay.reference(time);
        let factor = self.reference.map_or(0.0, |from| {
            #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
            let exponent = self.decay.half_lives(from - to).round() as i64;
            times_power_of_two(1.0, exponent)
        });
        for weight in &mut self.weights {
            *weight *= factor;
        }
        self.total *= factor;
        self.shrink();
        self.reference = Some(to);
        to
    }

    /// Leaves out buckets at both ends that have become empty.
    fn shrink(&mut self) {
        let last = self.weights.len() - 1;
        while self.weights[self.lowest] < EPSILON && self.lowest < last {
            self.lowest += 1;
        }
        while self.weights[self.highest] < EPSILON && self.highest > 0 {
            self.highest -= 1;
        }
    }
}

/// A weight without a part of it; what is left of an empty bucket is nothing.
fn without(weight: f64, part: f64) -> f64 {
    let left = weight - part;
    if left < EPSILON { 0.0 } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SimDuration = SimDuration::from_hours(24);

    fn decay() -> Decay {
        Decay { half_life: DAY, offset: SimDuration::ZERO }
    }

    #[test]
    fn buckets() {
        let (cpu, memory) = (Buckets::cpu(), Buckets::memory());
        assert_eq!((cpu.starts().len(), memory.starts().len()), (176, 176));
        let cases = [
            (0.0, 0, "nothing"),
            (0.0099, 0, "below the first edge"),
            (0.01, 1, "the first edge"),
            (0.0205, 1, "the logarithm is rounded down"),
            (1e6, 175, "beyond the last"),
        ];
        for (value, bucket, why) in cases {
            assert_eq!(cpu.find(value), bucket, "{why}");
        }
        for (bucket, start) in memory.starts().iter().enumerate() {
            assert!(memory.find(start + 1.0) == bucket, "{start}");
        }
    }

    #[test]
    fn edges_are_those_of_the_real_recommender() {
        // A JSON reader may be off by the last bit.
        let text = include_str!("../../../tests/golden/vpa/bucket_starts.json");
        let lists: Vec<Vec<u64>> = text
            .split('[')
            .skip(1)
            .filter_map(|list| list.split_once(']'))
            .map(|(list, _)| list.split(',').map(|edge| edge.trim().parse::<f64>().unwrap().to_bits()).collect())
            .collect();
        let bits = |buckets: &Buckets| buckets.starts().iter().map(|edge| edge.to_bits()).collect::<Vec<_>>();
        assert_eq!(lists, [bits(&Buckets::cpu()), bits(&Buckets::memory())]);
    }

    #[test]
    fn percentiles_are_upper_edges() {
        let buckets = Buckets::cpu();
        let mut histogram = Histogram::new(&buckets, decay());
        assert_eq!(histogram.percentile(&buckets, 0.9).to_bits(), 0.0_f64.to_bits(), "empty");
        for sample in [0.005, 0.015, 0.015, 0.5] {
            histogram.add(&buckets, sample, 1.0, SimTime::from_secs(60));
        }
        let at = |share: f64| histogram.percentile(&buckets, share);
        assert!((at(0.25) - 0.01).abs() < 1e-9 && (at(0.5) - 0.0205).abs() < 1e-9, "{} {}", at(0.25), at(0.5));
        assert!(at(1.0) > 0.5);
    }

    #[test]
    fn old_samples_count_less() {
        let buckets = Buckets::cpu();
        let mut histogram = Histogram::new(&buckets, decay());
        for sample in 0..4 {
            histogram.add(&buckets, 2.0, 1.0, SimTime::from_secs(sample));
        }
        let late = SimTime::ZERO + DAY * 3;
        histogram.add(&buckets, 0.1, 1.0, late);
        assert!(histogram.percentile(&buckets, 0.5) < 0.2, "four samples three days old weigh half of a new one");
        histogram.add(&buckets, 0.1, 1.0, SimTime::ZERO + DAY * 1000);
        assert_eq!(histogram.lowest, histogram.highest, "the samples of long ago are gone");
    }

    #[test]
    fn a_sample_taken_back_is_gone() {
        let buckets = Buckets::memory();
        let mut histogram = Histogram::new(&buckets, decay());
        histogram.add(&buckets, 5e8, 1.0, SimTime::ZERO);
        histogram.subtract(&buckets, 5e8, 1.0, SimTime::ZERO);
        assert!(histogram.is_empty());
    }

    #[test]
    fn merging_takes_the_later_reference() {
        let buckets = Buckets::cpu();
        let (mut early, mut late) = (Histogram::new(&buckets, decay()), Histogram::new(&buckets, decay()));
        early.add(&buckets, 0.1, 1.0, SimTime::ZERO);
        late.add(&buckets, 2.0, 1.0, SimTime::ZERO + DAY * 2);
        let mut both = Histogram::new(&buckets, decay());
        both.merge(&mut early);
        both.merge(&mut late);
        assert_eq!(both.reference, Some(SimTime::ZERO + DAY * 2));
        assert!((both.total - 1.25).abs() < 1e-9, "{}", both.total);
    }
}
