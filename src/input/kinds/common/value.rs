//! Small conversions that every kind uses: words of an enumeration, times, seconds.

use crate::api::Name;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// A calendar time relative to the scenario's start; saturates at about 292 years.
#[must_use]
pub fn sim_time(time: Timestamp, start: Timestamp) -> SimTime {
    let nanos = time.as_nanosecond() - start.as_nanosecond();
    SimTime::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
}

/// An optional calendar time relative to the scenario's start.
pub fn optional_time(time: Option<&Time>, start: Timestamp) -> Option<SimTime> {
    time.map(|time| sim_time(time.0, start))
}

/// A name, empty where it is absent.
pub fn name(text: Option<&String>) -> Name {
    Name::from(text.map_or("", String::as_str))
}

/// Names in their order.
pub fn names(texts: Option<&Vec<String>>) -> Vec<Name> {
    texts.into_iter().flatten().map(|text| Name::from(text.as_str())).collect()
}

/// Whole seconds.
pub fn seconds(number: impl Into<i64>) -> SimDuration {
    SimDuration::from_secs(number.into())
}

/// The value of one of the words; anything else is an error, and then the first word counts.
pub fn word<T: Copy>(text: &str, words: &[(&str, T)], path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        errors.push(path, format_args!("unknown value `{text}` (expected {})", one_of(&expected)));
    }
    found
}

/// The value of an optional field that holds one of the words; absent and empty give the default.
pub fn optional_word<T: Copy>(
    text: Option<&String>,
    words: &[(&str, T)],
    default: T,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> T {
    match text.map(String::as_str) {
        None | Some("") => default,
        Some(text) => word(text, words, path, errors).unwrap_or(default),
    }
}

/// `A`, `A or B`, `one of A, B, C`.
pub fn one_of(words: &[&str]) -> String {
    match words {
        [only] => format!("`{only}`"),
        [first, second] => format!("`{first}` or `{second}`"),
        _ => format!("one of `{}`", words.join("`, `")),
    }
}
