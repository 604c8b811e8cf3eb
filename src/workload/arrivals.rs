//! Times at which the pods of a generated stream come.

use super::Sampler;
use crate::input::scenario::{Arrivals, GeneratedArrivals};
use crate::units::SimTime;
use rand::Rng;

/// A cursor over the arrivals of one stream, in order of time. Draws one gap at a time, so that a long stream needs no
/// memory.
#[derive(Clone, Debug)]
pub struct ArrivalTimes {
    gap: Sampler,
    last: SimTime,
    end: SimTime,
    per_arrival: u32,
    /// Pods that may still come.
    remaining: u64,
}

impl ArrivalTimes {
    /// The arrivals of a stream; the first comes one gap after the stream's start.
    #[must_use]
    pub fn new(stream: &Arrivals, generated: &GeneratedArrivals) -> Self {
        Self {
            gap: Sampler::new(&generated.every),
            last: stream.start,
            end: stream.end,
            per_arrival: generated.count,
            remaining: stream.limit.unwrap_or(u64::MAX),
        }
    }

    /// The time of the next arrival and the number of pods that come then; `None` once the stream has ended.
    pub fn next_arrival<R: Rng + ?Sized>(&mut self, generator: &mut R) -> Option<(SimTime, u32)> {
        if self.remaining == 0 || self.per_arrival == 0 {
            return None;
        }
        let at = self.last + self.gap.sample_duration(generator);
        if at >= self.end {
            self.remaining = 0;
            return None;
        }
        self.last = at;
        let pods = u32::try_from(self.remaining).unwrap_or(u32::MAX).min(self.per_arrival);
        self.remaining -= u64::from(pods);
        Some((at, pods))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scenario::{ArrivalSource, Distribution, Duration, Exponential, PodTemplateText};
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn stream(every: Distribution<Duration>, count: u32, limit: Option<u64>) -> (Arrivals, GeneratedArrivals) {
        let generated = GeneratedArrivals { every, count, duration: None, template: PodTemplateText::default() };
        let stream = Arrivals {
            name: "batch".to_owned(),
            namespace: "default".to_owned(),
            start: SimTime::from_secs(100),
            end: SimTime::from_secs(200),
            limit,
            source: ArrivalSource::Generated(generated.clone()),
        };
        (stream, generated)
    }

    fn all(every: Distribution<Duration>, count: u32, limit: Option<u64>, seed: u64) -> Vec<(SimTime, u32)> {
        let (stream, generated) = stream(every, count, limit);
        let mut times = ArrivalTimes::new(&stream, &generated);
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        std::iter::from_fn(|| times.next_arrival(&mut generator)).collect()
    }

    #[test]
    fn arrivals_keep_to_window_and_limit() {
        let every = || Distribution::Fixed(Duration::from_secs(30));
        let at = |seconds: i64, pods| (SimTime::from_secs(seconds), pods);
        let cases = [
            (1, None, vec![at(130, 1), at(160, 1), at(190, 1)], "one gap after the start, none at or after the end"),
            (4, None, vec![at(130, 4), at(160, 4), at(190, 4)], "several pods at once"),
            (4, Some(6), vec![at(130, 4), at(160, 2)], "the limit counts pods"),
            (1, Some(1), vec![at(130, 1)], "one pod in all"),
        ];
        for (count, limit, expected, why) in cases {
            assert_eq!(all(every(), count, limit, 1), expected, "{why}");
        }
        assert_eq!(all(Distribution::Fixed(Duration::from_secs(100)), 1, None, 1), [], "the end is not part of it");
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_seed() {
        let every = || Distribution::Exponential(Exponential { mean: Duration::from_millis(10) });
        let arrivals = all(every(), 1, None, 5);
        assert!(arrivals.is_sorted_by_key(|(at, _)| *at));
        assert!((9_600..10_400).contains(&arrivals.len()), "{} is not within four deviations of 10000", arrivals.len());
        assert_eq!(arrivals, all(every(), 1, None, 5));
        assert_ne!(arrivals, all(every(), 1, None, 6));
    }
}
