//! A taint as the arguments of `kubectl taint` write it.

use super::scalar::{Scalar, deserialize_scalar, scalar_serde};
use crate::api::TaintEffect;
use crate::input::kinds::common::validation::{is_label_value, is_qualified_name};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A taint that is set (`key=value:Effect`) or taken away (`key:Effect-`, `key-`) (`parseTaints` of kubectl 1.36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaintChange {
    /// `key=value:Effect`, or `key:Effect` without a value.
    Set {
        /// Key.
        key: String,
        /// Value; may be empty.
        value: String,
        /// Effect.
        effect: TaintEffect,
    },
    /// `key:Effect-`, or `key-` for every effect.
    Remove {
        /// Key.
        key: String,
        /// Effect; `None` is any.
        effect: Option<TaintEffect>,
    },
}

impl fmt::Display for TaintChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { key, value, effect } if value.is_empty() => write!(formatter, "{key}:{}", effect.as_str()),
            Self::Set { key, value, effect } => write!(formatter, "{key}={value}:{}", effect.as_str()),
            Self::Remove { key, effect: Some(effect) } => write!(formatter, "{key}:{}-", effect.as_str()),
            Self::Remove { key, effect: None } => write!(formatter, "{key}-"),
        }
    }
}

impl Scalar for TaintChange {
    const NAME: &'static str = "TaintChange";
    const EXPECTED: &'static str = "a taint such as `maint=yes:NoExecute`, or `maint:NoExecute-` to take it away";
    const STAND_IN: &'static str = "maint=yes:NoSchedule";

    fn read(text: &str) -> Result<Self, String> {
        let form = "expected `key=value:Effect` or `key:Effect`, and `key:Effect-` or `key-` to take it away";
        let removed = text.strip_suffix('-');
        let spec = removed.unwrap_or(text);
        let (key_and_value, effect) = match spec.split_once(':') {
            Some((key, word)) => {
                let effects = [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute];
                let effect = effects.into_iter().find(|effect| effect.as_str() == word).ok_or_else(|| {
                    format!(
                        "`{text}`: `{word}` is no effect (expected `NoSchedule`, `PreferNoSchedule` or `NoExecute`)"
                    )
                })?;
                (key, Some(effect))
            }
            None => (spec, None),
        };
        let (key, value) = match (key_and_value.split_once('='), effect) {
            (Some((key, value)), Some(_)) => (key, value),
            (_, _) => (key_and_value, ""),
        };
        if !is_qualified_name(key) {
            return Err(format!("`{text}`: `{key}` is no key of a taint ({form})"));
        }
        if !is_label_value(value) {
            return Err(format!("`{text}`: `{value}` is no value of a taint ({form})"));
        }
        match (removed, effect) {
            (Some(_), effect) => Ok(Self::Remove { key: key.to_owned(), effect }),
            (None, Some(effect)) => Ok(Self::Set { key: key.to_owned(), value: value.to_owned(), effect }),
            (None, None) => Err(format!("`{text}` has no effect ({form})")),
        }
    }
}

scalar_serde!(TaintChange);

impl JsonSchema for TaintChange {
    fn schema_name() -> Cow<'static, str> {
        "TaintChange".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A taint in kubectl's form: key=value:Effect or key:Effect sets it, key:Effect- or key- takes it away. \
                Example: maint=yes:NoExecute.",
            "type": "string"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectls_forms_are_read() {
        let cases = [
            ("maint=yes:NoExecute", Ok("maint=yes:NoExecute"), "set with a value"),
            ("maint:NoSchedule", Ok("maint:NoSchedule"), "set without a value"),
            ("maint=:NoSchedule", Ok("maint:NoSchedule"), "an empty value is none"),
            ("maint=yes:NoSchedule-", Ok("maint:NoSchedule-"), "what is taken away has no value"),
            ("example.com/maint-", Ok("example.com/maint-"), "every effect"),
            ("maint", Err("has no effect"), "set without an effect"),
            ("maint:Never", Err("`Never` is no effect"), "an unknown effect"),
            ("a=b=c:NoSchedule", Err("`b=c` is no value"), "two values"),
            ("=b:NoSchedule", Err("`` is no key"), "no key"),
            ("maint=yes-", Err("`maint=yes` is no key"), "a value needs an effect"),
        ];
        for (text, expected, why) in cases {
            let read = TaintChange::read(text);
            match (&read, expected) {
                (Ok(change), Ok(expected)) => assert_eq!(change.to_string(), expected, "{why}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{why}: {error}"),
                _ => panic!("{why}: {read:?}"),
            }
        }
    }
}
