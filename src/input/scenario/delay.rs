//! A delay between two components as a scenario writes it: a duration, or its median and 99th percentile.

use super::leaf::Duration;
use crate::units::SimDuration;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A delay between two components: a duration, which it then always is, or `{p50: 8ms, p99: 27ms}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Log-normal.
    Measured(Percentiles),
}

/// The percentiles that a delay is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Percentiles {
    /// Half of the delays are no longer.
    pub p50: Duration,
    /// 99 of 100 delays are no longer; not below `p50`.
    pub p99: Duration,
}

impl Delay {
    /// A measured delay, its percentiles in milliseconds.
    #[must_use]
    pub const fn measured_millis(p50: i64, p99: i64) -> Self {
        Self::Measured(Percentiles { p50: Duration::from_millis(p50), p99: Duration::from_millis(p99) })
    }

    /// The median and the 99th percentile.
    #[must_use]
    pub const fn percentiles(self) -> [SimDuration; 2] {
        match self {
            Self::Fixed(delay) => [delay.get(), delay.get()],
            Self::Measured(Percentiles { p50, p99 }) => [p50.get(), p99.get()],
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Delay;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a duration such as `20ms`, or `{p50: 8ms, p99: 27ms}`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Delay, E> {
        Duration::deserialize(text.into_deserializer()).map(Delay::Fixed)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Delay, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Delay, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Delay, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delay, A::Error> {
        Percentiles::deserialize(MapAccessDeserializer::new(map)).map(Delay::Measured)
    }
}
