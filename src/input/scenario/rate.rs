//! Request rates as a scenario writes them. `workload::rate` evaluates them.

use super::distribution::one;
use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A rate in requests per second over simulated time: exactly one of the forms. Values below zero count as zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Rate {
    /// The same rate (requests/s) all the time.
    Constant(f64),
    /// The rate jumps at given times; zero before the first. Times ascend.
    Steps(Vec<RatePoint>),
    /// The rate changes linearly between given times; constant before the first and after the last. Times ascend.
    /// Evaluated in steps of at most 60 s that carry the exact mean.
    Ramps(Vec<RatePoint>),
    /// A sine wave. Evaluated in steps of at most 60 s that carry the exact mean.
    Sine(Sine),
    /// A day: lowest twelve hours from the peak, a cosine in between. Evaluated in steps of 60 s that carry the exact
    /// mean. Times of day are those of `spec.start` in UTC; without it the run starts at midnight.
    Diurnal(Diurnal),
    /// A base rate with rectangular spikes.
    Spikes(Spikes),
    /// A base rate with crowds that come at once and lose interest slowly.
    FlashCrowds(FlashCrowds),
    /// States with a rate each, which follow each other by chance (a Markov-modulated Poisson process). Only as part of the `rate` of
    /// a traffic entry.
    Modulated(Modulated),
    /// A rate that is bursty at every scale of time: fractional Gaussian noise around a mean. Only as part of the `rate` of
    /// a traffic entry.
    SelfSimilar(SelfSimilar),
    /// One value per interval from a CSV column; the last row's interval ends the load (zero after it).
    Csv(RateCsv),
    /// Requests at the times of a CSV column. With `fidelity: requests` and nothing around it each is sent at its time; otherwise
    /// they are counted by interval.
    Times(RateTimes),
    /// A published trace, from files that you have.
    Trace(RateTrace),
    /// The sum of several rates.
    Sum(Vec<Rate>),
    /// The product of several rates (requests/s times factors without unit).
    Product(Vec<Rate>),
}

/// The rate at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RatePoint {
    /// Time since the start of the run.
    pub at: Duration,
    /// Requests per second; zero or more.
    pub rate: f64,
}

/// `mean + amplitude * sin(2 pi (t - phase) / period)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sine {
    /// Requests per second in the middle.
    pub mean: f64,
    /// Requests per second from the middle to the peak; zero to `mean`.
    pub amplitude: f64,
    /// Length of a wave; above zero.
    pub period: Duration,
    /// Time since the start at which the wave crosses the middle upwards. Default 0.
    #[serde(default)]
    pub phase: Duration,
}

/// A daily cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Diurnal {
    /// Requests per second at the quietest time.
    pub low: f64,
    /// Requests per second at the peak; not below `low`.
    pub high: f64,
    /// Time of day of the peak, as a span since midnight (UTC); below 24 h. Default 20 h, an assumption (evening peak).
    #[serde(default = "evening")]
    pub peak_at: Duration,
}

fn evening() -> Duration {
    Duration::from_secs(20 * 3600)
}

/// A base rate with spikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spikes {
    /// Requests per second outside the spikes.
    pub base: f64,
    /// The spikes; where they overlap they add up.
    pub spikes: Vec<Spike>,
}

/// A rectangular spike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spike {
    /// Start, since the start of the run.
    pub at: Duration,
    /// Length; above zero.
    pub duration: Duration,
    /// Requests per second on top of the base.
    pub height: f64,
}

/// A base rate with flash crowds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlashCrowds {
    /// Requests per second without a crowd.
    pub base: f64,
    /// The crowds; where they overlap they add up.
    pub crowds: Vec<FlashCrowd>,
}

/// A crowd: a linear rise, a peak, an exponential decay. Rise and decay are evaluated in steps that carry the exact mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlashCrowd {
    /// When it begins, since the start of the run.
    pub at: Duration,
    /// Time from its begin to the peak. Default 1 m.
    #[serde(default = "one_minute")]
    pub rise: Duration,
    /// Requests per second on top of the base at the peak.
    pub height: f64,
    /// How long it stays at the peak. Default 0.
    #[serde(default)]
    pub hold: Duration,
    /// Time in which half of it leaves, again and again; above zero. It is over when a thousandth is left.
    pub half_life: Duration,
}

/// A rate that jumps between states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Modulated {
    /// The states, two or more. After each comes one of the others, each as likely.
    pub states: Vec<ModulatedState>,
}

/// A state of a rate that jumps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModulatedState {
    /// Requests per second.
    pub rate: f64,
    /// Mean of the time in the state, which is exponentially distributed; above zero.
    pub mean_duration: Duration,
}

/// A self-similar rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelfSimilar {
    /// Requests per second on average, before values below zero are cut.
    pub mean: f64,
    /// Standard deviation of the rate of an interval, in requests per second.
    pub stddev: f64,
    /// Hurst parameter, from 0.5 (intervals do not depend on each other) to below 1 (they do over all times). Default 0.8, as found in
    /// network traffic (Leland, Taqqu, Willinger and Wilson 1994).
    #[serde(default = "usual_hurst")]
    pub hurst: f64,
    /// How long each value of the rate holds; above zero. Default 1 s.
    #[serde(default = "one_second")]
    pub interval: Duration,
}

const fn usual_hurst() -> f64 {
    0.8
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}

/// Rates from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateCsv {
    /// CSV file with a header line, plain or gzipped (`.gz`); relative to the scenario file.
    pub file: PathBuf,
    /// Column with the values.
    pub column: String,
    /// Time from one row to the next; above zero. Default 1 m.
    #[serde(default = "one_minute")]
    pub interval: Duration,
    /// Factor from a row's value to requests per second. Default 1; for counts per minute use 0.0166667.
    #[serde(default = "one")]
    pub scale: f64,
    /// The values after scaling, filled in when the scenario is loaded.
    #[serde(skip)]
    pub values: Arc<[f64]>,
}

/// Requests at recorded times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateTimes {
    /// CSV file with a header line, plain or gzipped (`.gz`); relative to the scenario file.
    pub file: PathBuf,
    /// Column with the times, ascending.
    pub column: String,
    /// Seconds from the start of the run per unit of the column. Default 1.
    #[serde(default = "one")]
    pub scale: f64,
    /// Interval by which they are counted where single requests are not played; above zero. Default 1 s.
    #[serde(default = "one_second")]
    pub interval: Duration,
    /// The times in seconds, filled in when the scenario is loaded.
    #[serde(skip)]
    pub values: Arc<[f64]>,
}

/// The published traces of request load that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TraceName {
    /// NASA-HTTP 1995: a count of requests for each second, one a line.
    #[serde(rename = "nasa-http-1995")]
    NasaHttp1995,
    /// WorldCup98: `period,count` for each minute in which there were requests.
    #[serde(rename = "worldcup98")]
    WorldCup98,
    /// Azure Functions 2019: invocations of each function, one column for each minute of the day.
    #[serde(rename = "azure-functions-2019")]
    AzureFunctions2019,
    /// Azure LLM inference 2023: `TIMESTAMP,ContextTokens,GeneratedTokens` of each request.
    #[serde(rename = "azure-llm-inference-2023")]
    AzureLlmInference2023,
}

/// A rate of a published trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateTrace {
    /// Which trace, and so how the file is read.
    pub name: TraceName,
    /// The file, plain or gzipped (`.gz`); below the folder of `--traces` if that is given, otherwise relative to the scenario file.
    pub file: PathBuf,
    /// How much of the trace is left out at its start. Default 0.
    #[serde(default)]
    pub from: Duration,
    /// Factor on the rate. Default 1. Requests of a trace with single ones are then counted by minute.
    #[serde(default = "one")]
    pub scale: f64,
    /// Only functions whose `HashFunction` begins like this (Azure Functions). Default: all together.
    pub function: Option<String>,
    /// What the file says, filled in when the scenario is loaded.
    #[serde(skip)]
    pub load: TraceLoad,
}

/// Load that was read from a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceLoad {
    /// Requests per second, for each interval.
    Rates {
        /// One for each interval.
        values: Arc<[f64]>,
        /// How long each holds.
        interval: Duration,
    },
    /// Seconds at which single requests come.
    Times(Arc<[f64]>),
}

impl Default for TraceLoad {
    fn default() -> Self {
        Self::Times(Arc::new([]))
    }
}

impl Rate {
    /// The times of single requests, if that is all that it is.
    #[must_use]
    pub fn recorded(&self) -> Option<Arc<[f64]>> {
        match self {
            Self::Times(times) => Some(times.values.clone()),
            Self::Trace(RateTrace { load: TraceLoad::Times(times), scale, .. }) if scale.total_cmp(&1.0).is_eq() => {
                Some(times.clone())
            }
            _ => None,
        }
    }

    /// Whether chance shapes it.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        match self {
            Self::Modulated(_) | Self::SelfSimilar(_) => true,
            Self::Sum(parts) | Self::Product(parts) => parts.iter().any(Self::is_drawn),
            _ => false,
        }
    }
}

fn one_minute() -> Duration {
    Duration::from_secs(60)
}
