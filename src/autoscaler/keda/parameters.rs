//! The parameters of a trigger, and the names that are made of them (`pkg/scalers/scalersconfig`, `pkg/scalers/scaler.go`).

use crate::api::Name;
use crate::api::keda::ScaleTrigger;

/// The name of the `index`th trigger's metric (`GenerateMetricNameWithIndex`).
#[must_use]
pub fn with_index(index: usize, name: &str) -> Name {
    Name::from(format!("s{index}-{name}"))
}

/// A name without the signs that the path of an API may not have (`NormalizeString`).
#[must_use]
pub fn normalized(name: &str) -> String {
    name.replace(['/', '.', ':', '%', '(', ')'], "-")
}

/// Reads the metadata of a trigger (`TypedConfig` of `pkg/scalers/scalersconfig`).
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a>(&'a ScaleTrigger);

impl<'a> Parameters<'a> {
    /// Of a trigger.
    #[must_use]
    pub const fn of(trigger: &'a ScaleTrigger) -> Self {
        Self(trigger)
    }

    /// The trigger.
    #[must_use]
    pub const fn trigger(self) -> &'a ScaleTrigger {
        self.0
    }

    /// A parameter that has to be there; else a problem is noted.
    pub fn required(self, name: &str, problems: &mut Vec<String>) -> Option<&'a str> {
        let value = self.0.parameter(name);
        if value.is_none() {
            problems.push(format!("missing required parameter {name:?} in [triggerMetadata]"));
        }
        value
    }

    /// A whole number that has to be there.
    pub fn required_integer(self, name: &str, problems: &mut Vec<String>) -> Option<i64> {
        let text = self.required(name, problems)?;
        let value = text.parse();
        if value.is_err() {
            // What Go's JSON decoder says.
            let problem = match text.chars().next() {
                Some(first) if !first.is_ascii_digit() && first != '-' => {
                    format!("invalid character '{first}' looking for beginning of value")
                }
                _ => format!("json: cannot unmarshal number {text} into Go value of type int64"),
            };
            let what = format!("unable to set param {name:?} value {text:?}");
            problems.push(format!("{what}: unable to unmarshal to field type int64: {problem}"));
        }
        value.ok()
    }

    /// A number that has to be there.
    pub fn required_number(self, name: &str, problems: &mut Vec<String>) -> Option<f64> {
        self.required(name, problems)?;
        self.number(name, problems)
    }

    /// A number that may be absent.
    pub fn number(self, name: &str, problems: &mut Vec<String>) -> Option<f64> {
        let text = self.0.parameter(name)?;
        let value = text.parse().ok().filter(|value: &f64| value.is_finite());
        if value.is_none() {
            problems.push(format!("unable to set param {name:?} value {text:?}: not a number"));
        }
        value
    }
}
