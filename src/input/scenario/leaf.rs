//! The scalar values of a scenario as people write them: durations, quantities, calendar times, references to objects.
//!
//! Each reads a YAML scalar through a named newtype, so that the scenario's own reader can put a stand-in where the
//! text is wrong and go on to the next mistake.

use crate::api::Quantity;
use crate::units::{Bytes, MAX_AMOUNT, MilliCpu, SimDuration, SimTime, format_go_duration, parse_go_duration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A scalar that has a textual form.
pub(crate) trait Scalar: Sized {
    /// The type's name, by which the reader knows which stand-in fits.
    const NAME: &'static str;
    /// What is expected, for messages.
    const EXPECTED: &'static str;
    /// A text that is always valid.
    const STAND_IN: &'static str;
    /// Reads the text; the error is a whole lower-case fragment.
    fn read(text: &str) -> Result<Self, String>;
}

/// Reads a scalar from text or from a YAML number.
fn deserialize_scalar<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);
    impl<'de, T: Scalar> Visitor<'de> for Text<T> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(T::EXPECTED)
        }
        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            deserializer.deserialize_any(self)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            T::read(text).map_err(E::custom)
        }
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
            if number.is_finite() {
                self.visit_str(&number.to_string())
            } else {
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }
    }
    deserializer.deserialize_newtype_struct(T::NAME, Text(PhantomData))
}

macro_rules! scalar_serde {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_scalar(deserializer)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

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

/// A Kubernetes minor version whose rules the simulation follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KubernetesVersion {
    /// 1.34.
    V1_34,
    /// 1.36.
    #[default]
    V1_36,
}

impl KubernetesVersion {
    /// All versions.
    const ALL: [Self; 2] = [Self::V1_34, Self::V1_36];

    const fn as_str(self) -> &'static str {
        match self {
            Self::V1_34 => "1.34",
            Self::V1_36 => "1.36",
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Scalar for KubernetesVersion {
    const NAME: &'static str = "KubernetesVersion";
    const EXPECTED: &'static str = "a version: `\"1.34\"` or `\"1.36\"`";
    const STAND_IN: &'static str = "1.36";
    fn read(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|version| version.as_str() == text).ok_or_else(|| {
            format!(
                "Kubernetes `{text}` is not simulated (expected `\"1.34\"` or `\"1.36\"`, whose rules are built in)"
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
            "enum": ["1.34", "1.36", 1.34, 1.36]
        })
    }
}

/// The kinds that a scenario can point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetKind {
    /// `deployment`, `deploy`.
    Deployment,
    /// `replicaset`, `rs`.
    ReplicaSet,
    /// `statefulset`, `sts`.
    StatefulSet,
    /// `daemonset`, `ds`.
    DaemonSet,
    /// `pod`, `po`.
    Pod,
    /// `node`, `no`; has no namespace.
    Node,
    /// `service`, `svc`.
    Service,
    /// `horizontalpodautoscaler`, `hpa`.
    HorizontalPodAutoscaler,
    /// `poddisruptionbudget`, `pdb`.
    PodDisruptionBudget,
}

impl TargetKind {
    /// The kind that one of kubectl's words names.
    fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "deployment" | "deployments" | "deploy" => Self::Deployment,
            "replicaset" | "replicasets" | "rs" => Self::ReplicaSet,
            "statefulset" | "statefulsets" | "sts" => Self::StatefulSet,
            "daemonset" | "daemonsets" | "ds" => Self::DaemonSet,
            "pod" | "pods" | "po" => Self::Pod,
            "node" | "nodes" | "no" => Self::Node,
            "service" | "services" | "svc" => Self::Service,
            "horizontalpodautoscaler" | "horizontalpodautoscalers" | "hpa" => Self::HorizontalPodAutoscaler,
            "poddisruptionbudget" | "poddisruptionbudgets" | "pdb" => Self::PodDisruptionBudget,
            _ => return None,
        })
    }

    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Pod => "Pod",
            Self::Node => "Node",
            Self::Service => "Service",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
        }
    }
}

/// An object that a scenario points at: `kind/namespace/name`, `kind/name` (namespace `default`), `node/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Kind.
    pub kind: TargetKind,
    /// Namespace; empty for a node.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind.as_str().to_ascii_lowercase())?;
        if !self.namespace.is_empty() {
            write!(formatter, "/{}", self.namespace)?;
        }
        write!(formatter, "/{}", self.name)
    }
}

impl Scalar for Target {
    const NAME: &'static str = "Target";
    const EXPECTED: &'static str = "an object such as `deployment/shop/web`";
    const STAND_IN: &'static str = "deployment/default/web";
    fn read(text: &str) -> Result<Self, String> {
        let form = "expected `kind/namespace/name`, for example `deployment/shop/web`, or `kind/name`";
        let parts: Vec<&str> = text.split('/').collect();
        let (word, namespace, name) = match parts.as_slice() {
            [word, name] => (*word, None, *name),
            [word, namespace, name] => (*word, Some(*namespace), *name),
            _ => return Err(format!("`{text}` is not a reference to an object ({form})")),
        };
        let Some(kind) = TargetKind::from_word(word) else {
            return Err(format!("`{text}`: kind `{word}` is not one that a scenario can name ({form})"));
        };
        if name.is_empty() || namespace == Some("") {
            return Err(format!("`{text}` has an empty part ({form})"));
        }
        let namespace = match (kind, namespace) {
            (TargetKind::Node, None) => "",
            (TargetKind::Node, Some(_)) => {
                return Err(format!("`{text}`: a node has no namespace (expected `node/name`)"));
            }
            (_, namespace) => namespace.unwrap_or("default"),
        };
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

scalar_serde!(Target);

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An object: kind/namespace/name or kind/name (namespace default), with kubectl's words for \
                kinds: deployment, replicaset, statefulset, daemonset, pod, node, service, hpa, pdb and their short \
                names. Example: deployment/shop/web.",
            "type": "string",
            "pattern": "^[A-Za-z]+/[^/]+(/[^/]+)?$"
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
