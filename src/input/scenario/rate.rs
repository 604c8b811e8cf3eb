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
    /// One value per interval from a CSV column; the last row's interval ends the load (zero after it).
    Csv(RateCsv),
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

fn one_minute() -> Duration {
    Duration::from_secs(60)
}
