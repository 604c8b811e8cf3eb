//! What is measured of the requests of a traffic entry, sampled from time to time: an autoscaler sees the last sample that
//! has arrived, never the present.

use crate::cluster::PodId;
use crate::engine::{RandomStream, draw_phase};
use crate::input::scenario::{RequestMeasure, RequestMetric};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, VecDeque};

/// What is measured of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Requests per second that are sent.
    Rate,
    /// Requests per second that fail.
    FailedRate,
    /// Requests that pods have.
    InFlight,
    /// Requests that wait in pods.
    QueueLength,
    /// A quantile of the latency, in seconds.
    Latency {
        /// Which, from 0 to 1.
        quantile: f64,
    },
}

/// Who measures requests that are played.
pub trait RequestValues {
    /// Something of all requests of an entry, by its index in the scenario; `None` if it is not known.
    fn of_entry(&self, entry: usize, measure: Measure) -> Option<f64>;
    /// The same of each of the entry's pods.
    fn of_pods(&self, entry: usize, measure: Measure) -> BTreeMap<PodId, f64>;
}

/// The quantile of latency that is measured if none is named.
const USUAL_QUANTILE: f64 = 0.99;

/// A sample.
#[derive(Clone, Debug, PartialEq)]
struct Sample {
    at: SimTime,
    whole: Option<f64>,
    pods: BTreeMap<PodId, f64>,
}

/// The samples of a metric.
#[derive(Clone, Debug)]
pub struct RequestSamples {
    entry: usize,
    measure: Measure,
    of_pods: bool,
    every: SimDuration,
    delay: SimDuration,
    /// Of the first sample after the start.
    phase: SimDuration,
    /// Those that are answered now or later, in order.
    samples: VecDeque<Sample>,
}

impl RequestSamples {
    /// The samples of an entry, by its index in the scenario. The phase of the scrapes is drawn.
    pub fn new(entry: usize, metric: &RequestMetric, of_pods: bool, random: &mut RandomStream) -> Self {
        let every = metric.scrape_interval.get();
        let measure = match metric.measure {
            RequestMeasure::Rate => Measure::Rate,
            RequestMeasure::FailedRate => Measure::FailedRate,
            RequestMeasure::InFlight => Measure::InFlight,
            RequestMeasure::QueueLength => Measure::QueueLength,
            RequestMeasure::Latency => Measure::Latency { quantile: metric.quantile.unwrap_or(USUAL_QUANTILE) },
        };
        let phase = draw_phase(random, every);
        Self { entry, measure, of_pods, every, delay: metric.delay.get(), phase, samples: VecDeque::new() }
    }

    /// When the next sample is due after one at `now`, or the first one.
    pub fn next_after(&self, now: SimTime, is_first: bool) -> SimTime {
        now + if is_first { self.phase } else { self.every }
    }

    /// How long after a sample it is answered.
    pub const fn delay(&self) -> SimDuration {
        self.delay
    }

    /// Takes a sample.
    pub fn take(&mut self, values: &impl RequestValues, now: SimTime) {
        // The last one that is old enough answers until the next one is.
        while self.samples.get(1).is_some_and(|next| next.at + self.delay <= now) {
            self.samples.pop_front();
        }
        let whole = values.of_entry(self.entry, self.measure);
        let pods = if self.of_pods { values.of_pods(self.entry, self.measure) } else { BTreeMap::new() };
        self.samples.push_back(Sample { at: now, whole, pods });
    }

    /// The last sample that has arrived.
    fn arrived(&self, now: SimTime) -> Option<&Sample> {
        self.samples.iter().rev().find(|sample| sample.at + self.delay <= now)
    }

    /// What is known of the entry as a whole.
    pub fn whole(&self, now: SimTime) -> Option<f64> {
        self.arrived(now)?.whole
    }

    /// What is known of a pod.
    pub fn of_pod(&self, pod: PodId, now: SimTime) -> Option<f64> {
        self.arrived(now)?.pods.get(&pod).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;
    use crate::input::scenario::Duration;

    struct Fixed(f64);

    impl RequestValues for Fixed {
        fn of_entry(&self, _: usize, measure: Measure) -> Option<f64> {
            (measure == Measure::InFlight).then_some(self.0)
        }

        fn of_pods(&self, _: usize, _: Measure) -> BTreeMap<PodId, f64> {
            BTreeMap::from([(PodId::from_index(1), self.0 / 2.0)])
        }
    }

    #[test]
    fn the_last_sample_that_has_arrived_is_answered() {
        let metric = RequestMetric {
            traffic: "web".to_owned(),
            measure: RequestMeasure::InFlight,
            quantile: None,
            scrape_interval: Duration::from_secs(10),
            delay: Duration::from_secs(12),
        };
        let mut random = RandomStreams::new(1).stream("test");
        let mut samples = RequestSamples::new(0, &metric, true, &mut random);
        for (at, value) in [(0, 1.0), (10, 2.0), (20, 3.0), (30, 4.0)] {
            samples.take(&Fixed(value), SimTime::from_secs(at));
        }
        let cases = [
            (31, Some(2.0), "that of 20 s is on its way"),
            (32, Some(3.0), "it has arrived"),
            (42, Some(4.0), "the last one"),
            (500, Some(4.0), "stays while no other comes"),
        ];
        for (now, expected, why) in cases {
            let now = SimTime::from_secs(now);
            assert_eq!(samples.whole(now), expected, "{why}");
            assert_eq!(samples.of_pod(PodId::from_index(1), now), expected.map(|value| value / 2.0), "{why}");
            assert_eq!(samples.of_pod(PodId::from_index(2), now), None, "another pod");
        }
        let first = samples.next_after(SimTime::ZERO, true);
        assert!(first < SimTime::from_secs(10), "the phase is within an interval: {first}");
    }
}
