//! Values of a scenario that are written as one text, or as a mapping that says more.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// The two forms of a value.
pub(super) trait TextOrMap: Sized {
    /// The form with more.
    type Map: for<'de> Deserialize<'de>;
    /// What is expected, for messages.
    const EXPECTED: &'static str;

    /// Reads the text; the error is a whole lower-case fragment.
    fn of_text(text: &str) -> Result<Self, String>;

    /// The value of the form with more.
    fn of_map(map: Self::Map) -> Self;
}

/// Reads a value of either form.
pub(super) fn deserialize_text_or_map<'de, T: TextOrMap, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Form<T>(PhantomData<T>);
    impl<'de, T: TextOrMap> Visitor<'de> for Form<T> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(T::EXPECTED)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            T::of_text(text).map_err(E::custom)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::Map::deserialize(MapAccessDeserializer::new(map)).map(T::of_map)
        }
    }
    deserializer.deserialize_any(Form(PhantomData))
}

macro_rules! text_or_map_serde {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_text_or_map(deserializer)
            }
        }
    };
}

pub(super) use text_or_map_serde;
