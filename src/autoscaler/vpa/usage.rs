//! What the recommender keeps of the usage of containers (Vertical Pod Autoscaler `pkg/recommender/model/container.go` and
//! `aggregate_container_state.go`): the aggregate of all containers of one name in pods with the same labels, and the
//! memory peak of each container.

use super::amounts::{float, scaled};
use super::config::RecommenderConfig;
use super::histogram::{Buckets, Decay, Histogram};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};

/// The weight of a CPU sample.
const CPU_SAMPLE_WEIGHT: f64 = 0.1;
/// The weight of a memory peak.
const MEMORY_PEAK_WEIGHT: f64 = 1.0;

/// The form of all histograms of a recommender.
#[derive(Debug)]
pub struct HistogramOptions {
    cpu: Buckets,
    memory: Buckets,
    cpu_decay: Decay,
    memory_decay: Decay,
}

impl HistogramOptions {
    /// The form that a recommender's flags give.
    pub fn new(config: &RecommenderConfig) -> Self {
        let decay = |half_life: SimDuration| {
            let offset = config.since_year_one.rem_euclid(i128::from(half_life.as_nanos().max(1)));
            Decay { half_life, offset: SimDuration::from_nanos(i64::try_from(offset).unwrap_or(0)) }
        };
        Self {
            cpu: Buckets::cpu(),
            memory: Buckets::memory(),
            cpu_decay: decay(config.cpu_half_life),
            memory_decay: decay(config.memory_half_life),
        }
    }
}

/// What is known of the containers of one name in pods with the same labels (`AggregateContainerState`).
#[derive(Clone, Debug)]
pub struct Aggregate {
    cpu: Histogram,
    memory_peaks: Histogram,
    /// Times of the first and the last CPU sample.
    first_sample: Option<SimTime>,
    last_sample: Option<SimTime>,
    sample_count: u64,
    created: SimTime,
}

impl Aggregate {
    /// Knows nothing yet.
    pub fn new(options: &HistogramOptions, now: SimTime) -> Self {
        Self {
            cpu: Histogram::new(&options.cpu, options.cpu_decay),
            memory_peaks: Histogram::new(&options.memory, options.memory_decay),
            first_sample: None,
            last_sample: None,
            sample_count: 0,
            created: now,
        }
    }

    /// Adds what another one knows; see [`Histogram::merge`] for what becomes of the other.
    pub fn merge(&mut self, other: &mut Self) {
        self.cpu.merge(&mut other.cpu);
        self.memory_peaks.merge(&mut other.memory_peaks);
        self.first_sample = [self.first_sample, other.first_sample].into_iter().flatten().min();
        self.last_sample = self.last_sample.max(other.last_sample);
        self.sample_count += other.sample_count;
    }

    /// How many CPU samples it has.
    pub const fn sample_count(&self) -> u64 {
        self.sample_count
    }

    /// From the first to the last CPU sample.
    pub fn lifespan(&self) -> SimDuration {
        match (self.first_sample, self.last_sample) {
            (Some(first), Some(last)) => last - first,
            _ => SimDuration::ZERO,
        }
    }

    /// CPU in cores that a share of the samples is not above.
    pub fn cpu_percentile(&self, options: &HistogramOptions, share: f64) -> f64 {
        self.cpu.percentile(&options.cpu, share)
    }

    /// Memory in bytes that a share of the peaks is not above.
    pub fn memory_percentile(&self, options: &HistogramOptions, share: f64) -> f64 {
        self.memory_peaks.percentile(&options.memory, share)
    }

    /// Whether its last sample, or its creation if it has none, is so long ago that it is forgotten (`isExpired`).
    pub fn is_expired(&self, config: &RecommenderConfig, now: SimTime) -> bool {
        let known = config.memory_aggregation_interval * config.memory_aggregation_interval_count;
        let since = if self.is_empty() { self.created } else { self.last_sample.unwrap_or(self.created) };
        now - since >= known
    }

    /// Whether it has no CPU sample.
    pub const fn is_empty(&self) -> bool {
        self.sample_count == 0
    }

    /// The share of the CPU samples above this many cores.
    pub fn cpu_above(&self, options: &HistogramOptions, cores: f64) -> f64 {
        self.cpu.share_above(&options.cpu, cores)
    }

    /// The share of the memory peaks above this many bytes.
    pub fn memory_above(&self, options: &HistogramOptions, bytes: f64) -> f64 {
        self.memory_peaks.share_above(&options.memory, bytes)
    }

    fn add_cpu(&mut self, options: &HistogramOptions, usage: MilliCpu, time: SimTime) {
        self.cpu.add(&options.cpu, usage.as_cores(), CPU_SAMPLE_WEIGHT, time);
        self.last_sample = self.last_sample.max(Some(time));
        if self.first_sample.is_none_or(|first| time < first) {
            self.first_sample = Some(time);
        }
        self.sample_count += 1;
    }

    fn add_memory(&mut self, options: &HistogramOptions, usage: Bytes, time: SimTime) {
        self.memory_peaks.add(&options.memory, usage.as_f64(), MEMORY_PEAK_WEIGHT, time);
    }

    fn subtract_memory(&mut self, options: &HistogramOptions, usage: Bytes, time: SimTime) {
        self.memory_peaks.subtract(&options.memory, usage.as_f64(), MEMORY_PEAK_WEIGHT, time);
    }
}

/// How much an OOM kill raises what a container needs.
#[derive(Clone, Copy, Debug)]
pub struct OomBumpUp {
    /// At least to this multiple.
    pub ratio: f64,
    /// At least by this.
    pub at_least: Bytes,
}

/// What is known of one container of one pod (`ContainerState`).
#[derive(Clone, Copy, Debug, Default)]
pub struct ContainerUsage {
    last_cpu_sample: Option<SimTime>,
    last_memory_sample: Option<SimTime>,
    /// The end of the current interval of memory peaks.
    window_end: Option<SimTime>,
    memory_peak: Bytes,
    oom_peak: Bytes,
}

impl ContainerUsage {
    /// A sample of CPU usage since a time; `false` if it is not later than the one before and counts for nothing.
    pub fn add_cpu(
        &mut self,
        aggregate: &mut Aggregate,
        options: &HistogramOptions,
        usage: MilliCpu,
        time: SimTime,
    ) -> bool {
        if usage < MilliCpu::ZERO || self.last_cpu_sample.is_some_and(|last| time <= last) {
            return false;
        }
        aggregate.add_cpu(options, usage, time);
        self.last_cpu_sample = Some(time);
        true
    }

    /// A sample of memory usage; `false` if it is older than the one before and counts for nothing.
    pub fn add_memory(
        &mut self,
        aggregate: &mut Aggregate,
        options: &HistogramOptions,
        interval: SimDuration,
        usage: Bytes,
        time: SimTime,
    ) -> bool {
        if usage < Bytes::ZERO || self.last_memory_sample.is_some_and(|last| time < last) {
            return false;
        }
        self.add_peak(aggregate, options, interval, usage, time, false);
        true
    }

    /// The container was killed because it ran out of memory, of which it requested `request`; `false` if that was too long
    /// ago to count (`RecordOOM`).
    pub fn add_oom(
        &mut self,
        aggregate: &mut Aggregate,
        options: &HistogramOptions,
        interval: SimDuration,
        bump_up: OomBumpUp,
        request: Bytes,
        time: SimTime,
    ) -> bool {
        if self.window_end.is_some_and(|end| time < end - interval) {
            return false;
        }
        // The peak of earlier kills is left out, so that one kill after the other does not raise it without end.
        let used = request.max(self.memory_peak).get();
        let needed = Bytes::new(used.saturating_add(bump_up.at_least.get()).max(scaled(used, bump_up.ratio)));
        self.add_peak(aggregate, options, interval, needed, time, true);
        true
    }

    fn add_peak(
        &mut self,
        aggregate: &mut Aggregate,
        options: &HistogramOptions,
        interval: SimDuration,
        usage: Bytes,
        time: SimTime,
        is_oom: bool,
    ) {
        self.last_memory_sample = Some(time);
        let end = *self.window_end.get_or_insert(time);
        if time < end {
            let peak = self.memory_peak.max(self.oom_peak);
            if peak == Bytes::ZERO || usage <= peak {
                return;
            }
            aggregate.subtract_memory(options, peak, end);
        } else {
            let intervals = (time - end).as_nanos() / interval.as_nanos().max(1);
            self.window_end = Some(end + interval * (intervals + 1));
            (self.memory_peak, self.oom_peak) = (Bytes::ZERO, Bytes::ZERO);
        }
        aggregate.add_memory(options, usage, self.window_end.unwrap_or(end));
        *(if is_oom { &mut self.oom_peak } else { &mut self.memory_peak }) = usage;
    }
}

/// The confidence in an aggregate: how much of an interval it covers, by time and by samples each minute
/// (`getConfidence`).
pub(super) fn confidence(aggregate: &Aggregate, interval: SimDuration) -> f64 {
    let by_time = super::histogram::nanos(aggregate.lifespan()) / super::histogram::nanos(interval);
    let samples = i64::try_from(aggregate.sample_count()).unwrap_or(i64::MAX);
    let by_samples = float(samples) / (super::histogram::nanos(interval) / 60e9);
    by_time.min(by_samples)
}
