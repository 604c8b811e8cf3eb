//! The scalar values of a scenario as people write them: durations, quantities, calendar times, versions; and values that
//! it hands on as they stand.

use super::scalar::{Scalar, deserialize_scalar, scalar_serde};
use crate::api::{KubernetesVersion, Quantity};
use crate::units::{Bytes, MAX_AMOUNT, MilliCpu, SimDuration, SimTime, format_go_duration, parse_go_duration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A span of simulated time, never negative, written as a Go duration (`300ms`, `1h30m`) or with days and weeks (`7d`,
/// `2w`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(SimDuration);

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(SimDuration::ZERO);

    /// A span; a negative one becomes zero.
    #[must_use]
    pub const fn new(span: SimDuration) -> Self {
        if span.is_negative() { Self(SimDuration::ZERO) } else { Self(span) }
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self::new(SimDuration::from_secs(seconds))
    }

    /// A span of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::new(SimDuration::from_millis(millis))
    }

    /// The span.
    #[must_use]
    pub const fn get(self) -> SimDuration {
        self.0
    }

    /// The instant that lies this span after the scenario's start.
    #[must_use]
    pub fn from_start(self) -> SimTime {
        SimTime::ZERO + self.0
    }
}

impl From<Duration> for SimDuration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_go_duration(self.0))
    }
}

impl Scalar for Duration {
    const NAME: &'static str = "Duration";
    const EXPECTED: &'static str = "a duration such as `300ms`, `1h30m` or `7d`";
    const STAND_IN: &'static str = "1s";
    fn read(text: &str) -> Result<Self, String> {
        let span = parse_go_duration(text).map_err(|error| match text.parse::<f64>() {
            Ok(_) => format!("`{text}` has no unit (expected a duration such as `{text}s`, `{text}m` or `{text}h`)"),
            Err(_) => error.to_string(),
        })?;
        if span.is_negative() {
            return Err(format!("`{text}` is negative (expected zero or more)"));
        }
        Ok(Self(span))
    }
}

scalar_serde!(Duration);

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of simulated time: a sequence of numbers with units, as Go writes it, extended by \
                days and weeks. Units: ns, us, ms, s, m, h, d (24 h), w (7 d). Examples: 300ms, 1h30m, 7d.",
            "type": ["string", "integer"],
            "pattern": r"^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w))+)$",
            "minimum": 0,
            "maximum": 0
        })
    }
}

/// An amount, never negative, written as a Kubernetes quantity (`500m`, `2`, `16Gi`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Quantity);

impl Amount {
    /// A whole number of units.
    #[must_use]
    pub const fn from_units(units: u32) -> Self {
        Self(Quantity::from_units(units as i64))
    }

    /// A quantity, which is not negative.
    #[must_use]
    pub const fn from_quantity(quantity: Quantity) -> Self {
        Self(quantity)
    }

    /// The quantity.
    #[must_use]
    pub const fn get(self) -> Quantity {
        self.0
    }

    /// The amount read as CPU.
    #[must_use]
    pub fn milli_cpu(self) -> MilliCpu {
        MilliCpu::new(self.0.milli_value())
    }

    /// The amount read as memory.
    #[must_use]
    pub fn bytes(self) -> Bytes {
        Bytes::new(self.0.value())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Scalar for Amount {
    const NAME: &'static str = "Amount";
    const EXPECTED: &'static str = "a quantity such as `500m`, `2` or `16Gi`";
    const STAND_IN: &'static str = "1";
    fn read(text: &str) -> Result<Self, String> {
        let quantity: Quantity = text.parse().map_err(|error: crate::api::QuantityError| error.to_string())?;
        if quantity.is_negative() {
            return Err(format!("`{text}` is negative (expected zero or more)"));
        }
        if quantity > Quantity::from_units(MAX_AMOUNT) {
            return Err(format!("`{text}` is too large (expected at most {MAX_AMOUNT})"));
        }
        Ok(Self(quantity))
    }
}

scalar_serde!(Amount);

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A Kubernetes quantity: a number with an optional decimal (m, k, M, G, T, P, E) or binary \
                (Ki, Mi, Gi, Ti, Pi, Ei) suffix. Cores for cpu, bytes for memory and storage. Examples: 500m, 2, 16Gi.",
            "type": ["string", "number"],
            "pattern": r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$",
            "minimum": 0
        })
    }
}

/// A calendar time in RFC 3339 form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarTime(jiff::Timestamp);

impl CalendarTime {
    /// The time.
    #[must_use]
    pub const fn get(self) -> jiff::Timestamp {
        self.0
    }
}

impl fmt::Display for CalendarTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Scalar for CalendarTime {
    const NAME: &'static str = "CalendarTime";
    const EXPECTED: &'static str = "a time such as `2026-11-27T00:00:00Z`";
    const STAND_IN: &'static str = "2026-01-01T00:00:00Z";
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not an RFC 3339 time (expected a form such as `2026-11-27T00:00:00Z`)"))
    }
}

scalar_serde!(CalendarTime);

impl JsonSchema for CalendarTime {
    fn schema_name() -> Cow<'static, str> {
        "CalendarTime".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A calendar time in RFC 3339 form with an offset. Example: 2026-11-27T00:00:00Z.",
            "type": "string",
            "format": "date-time"
        })
    }
}

impl Scalar for KubernetesVersion {
    const NAME: &'static str = "KubernetesVersion";
    const EXPECTED: &'static str = "a version: `\"1.34\"`, `\"1.35\"`, `\"1.36\"` or `\"1.37\"`";
    const STAND_IN: &'static str = "1.36";
    fn read(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|version| version.as_str() == text).ok_or_else(|| {
            format!(
                "Kubernetes `{text}` is not simulated (expected `\"1.34\"`, `\"1.35\"`, `\"1.36\"` or `\"1.37\"`, whose \
                 rules are built in)"
            )
        })
    }
}

scalar_serde!(KubernetesVersion);

impl JsonSchema for KubernetesVersion {
    fn schema_name() -> Cow<'static, str> {
        "KubernetesVersion".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The Kubernetes minor version whose rules are simulated.",
            "enum": ["1.34", "1.35", "1.36", "1.37", 1.34, 1.35, 1.36, 1.37]
        })
    }
}

/// A value that the scenario hands on as it stands: a pod template, a value of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnyValue(pub serde_json::Value);

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(Self)
    }
}

impl Serialize for AnyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for AnyValue {
    fn schema_name() -> Cow<'static, str> {
        "AnyValue".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// A Kubernetes pod template (`metadata` and `spec`), kept as written; `input::manifest` converts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodTemplateText(pub serde_json::Map<String, serde_json::Value>);

impl<'de> Deserialize<'de> for PodTemplateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Map::deserialize(deserializer).map(Self)
    }
}

impl Serialize for PodTemplateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for PodTemplateText {
    fn schema_name() -> Cow<'static, str> {
        "PodTemplate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A Kubernetes PodTemplateSpec, as under `spec.template` of a Deployment.",
            "type": "object",
            "properties": {"metadata": {"type": "object"}, "spec": {"type": "object"}},
            "required": ["spec"]
        })
    }
}
